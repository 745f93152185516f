"""What is kept of the configurations that a run proposed when its table is read: they are nearly all of the file."""

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
    sequence: int
    """A number that runs share which propose the same configurations in the same order: a hash, of this process."""
    first: str | None
    """The configuration of the first trial, as canonical JSON; None without any."""
    incumbent: str | None
    """The configuration of the first trial with the least loss, as canonical JSON; None where no trial succeeded."""


def of(table: pa.Table) -> Proposals:
    """The proposals of a run's trials, in their order."""
    column = table["configuration"]
    configurations = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    losses = table["loss"].to_numpy()
    known = np.where(np.isnan(losses), np.inf, losses)
    succeeded = np.isfinite(known).any()
    return Proposals(
        repeated=len(configurations) - len(configurations.unique()),
        sequence=_hash(configurations),
        first=configurations[0].as_py() if len(configurations) else None,
        incumbent=configurations[int(known.argmin())].as_py() if succeeded else None,
    )


def _hash(texts: pa.StringArray) -> int:
    """A hash of 64 bits, of the texts and of where each ends."""
    if not len(texts):
        return 0
    _, places, letters = texts.buffers()
    ends = np.frombuffer(places, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return hash((bytes(ends - ends[0]), bytes(memoryview(letters)[ends[0] : ends[-1]])))
