"""What is kept of the configurations that a run proposed when its table is read: they are nearly all of the file."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

COLUMNS = ["configuration", "loss"]
"""The columns that `of` needs."""


@dataclass(frozen=True)
class Proposals:
    """The configurations of one run, in short."""

    repeated: int
    """How many trials propose what their run had proposed before."""
    sequence: bytes
    """A digest that runs share which propose the same configurations in the same order."""
    incumbent: str | None
    """The configuration of the first trial with the least loss, as canonical JSON; None where no trial succeeded."""


def of(table: pa.Table) -> Proposals:
    """The proposals of a run's trials, in their order."""
    configurations = table["configuration"].combine_chunks()
    losses = table["loss"].to_numpy()
    known = np.where(np.isnan(losses), np.inf, losses)
    succeeded = np.isfinite(known).any()
    return Proposals(
        repeated=len(configurations) - len(configurations.unique()),
        sequence=_digest(configurations),
        incumbent=configurations[int(known.argmin())].as_py() if succeeded else None,
    )


def _digest(texts: pa.StringArray) -> bytes:
    """SHA-256 of the texts and of where each ends."""
    _, places, letters = texts.buffers()
    if not len(texts):
        return hashlib.sha256().digest()
    ends = np.frombuffer(places, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    digest = hashlib.sha256(ends - ends[0])
    digest.update(memoryview(letters)[ends[0] : ends[-1]])
    return digest.digest()
