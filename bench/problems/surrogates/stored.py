"""A surrogate as it is kept: a parquet file of plain numbers, the nodes of its trees, with what is known of it as JSON.

Nothing in it is executed when it is read, and no library that grew its trees is needed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench import files
from bench.checks import is_number, is_whole
from bench.errors import UserError
from bench.problems.surrogates.scale import Scale
from bench.problems.surrogates.trees import Trees

FOLDER = "replays"
"""Within the folder of datasets."""
KEY = b"bench"
REVISION = 1
"""Raised when the same evaluations yield other losses."""
_NODES = ("feature", "threshold", "left", "value")
_TEXTS = ("experiment", "problem", "dataset", "model", "metric", "task", "evaluations")
_MEASURED = ("all", "best_tenth")


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What answers for an experiment's evaluations."""

    trees: Trees
    """Of each of `outputs` an ensemble."""
    outputs: tuple[str, ...]
    """`loss`, then those there are of `test_loss`, `log_seconds` and `failure`."""
    scales: Mapping[str, Scale]
    """How losses are turned back, by output."""
    space: Mapping[str, Any]
    """The experiment's space, as its YAML has it."""
    noise: float
    """The standard deviation of one configuration's loss over splits; 0 where nothing is known of it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known of it: `experiment`, `problem`, `dataset`, `model`, `metric`, `task`, `baseline_loss`,
    `evaluations` (the digest of what it was fitted to), `fitted` and `error`."""

    def predict(self, row: NDArray[np.float64]) -> dict[str, float]:
        """Each output for one row of numbers, losses turned back."""
        values = self.trees.predict(row).tolist()
        return {
            name: float(self.scales[name].back(value)) if name in self.scales else value
            for name, value in zip(self.outputs, values, strict=True)
        }

    @cached_property
    def sha256(self) -> str:
        """The digest of all that its answers depend on: trees, scales, space and noise, in whatever file they are."""
        digest = hashlib.sha256(json.dumps(self._decisive, sort_keys=True).encode())
        for array in (*(getattr(self.trees, name) for name in _NODES), self.trees.roots, self.trees.starts):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def _decisive(self) -> dict[str, Any]:
        return {
            "revision": REVISION,
            "outputs": list(self.outputs),
            "scales": {
                name: {"scores": list(each.scores), "losses": list(each.losses)} for name, each in self.scales.items()
            },
            "space": dict(self.space),
            "noise": self.noise,
            "depth": self.trees.depth,
        }

    def write(self, path: Path) -> None:
        """Write it whole to a file; raises `UserError` where that cannot be done."""
        roots = np.zeros(len(self.trees.feature), dtype=bool)
        roots[self.trees.roots] = True
        columns = {name: pa.array(getattr(self.trees, name)) for name in _NODES} | {"root": pa.array(roots)}
        known = {**self._decisive, "starts": self.trees.starts.tolist(), "facts": dict(self.facts)}
        table = pa.table(columns).replace_schema_metadata({KEY: json.dumps(known).encode()})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(path) as part:
                pq.write_table(table, part, compression="zstd")
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}); set datasets_dir=...") from None


def place(datasets_dir: Path, experiment: str, evaluations: str) -> Path:
    """The file of the surrogate that was fitted to evaluations, by their digest."""
    return datasets_dir / FOLDER / f"{experiment}-{evaluations[:16]}.parquet"


def read(path: Path) -> Surrogate:
    """The surrogate of a file; raises `UserError` where there is none, or it is damaged."""
    try:
        table = pq.read_table(files.regular(path))
        known = json.loads(table.schema.metadata[KEY])
        surrogate = _read(table, known)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no surrogate is there; 'bench run dataset=replay dataset.experiment=NAME dry_run=true' fits one"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, pa.ArrowException) as error:
        raise _damaged(path, type(error).__name__) from None
    return surrogate


def _read(table: pa.Table, known: Mapping[str, Any]) -> Surrogate:
    """Raises `ValueError` where an answer could lead out of the arrays."""
    if known["revision"] != REVISION:
        raise ValueError("it is of another revision")
    if not all(pa.types.is_integer(table[name].type) and not table[name].null_count for name in ("feature", "left")):
        raise ValueError("its nodes have no numbers")
    feature, left = (table[name].to_numpy().astype(np.int64) for name in ("feature", "left"))
    threshold, value = (table[name].to_numpy().astype(np.float64) for name in ("threshold", "value"))
    roots = np.flatnonzero(table["root"].to_numpy()).astype(np.int64)
    starts = np.array(known["starts"], dtype=np.int64)
    inner = np.isfinite(threshold)
    count = len(feature)
    sound = (
        len(starts) == len(known["outputs"])
        and (np.diff(starts) > 0).all()
        and (starts[0], known["outputs"][0]) == (0, "loss")
        and starts[-1] < len(roots)
        and feature.min() >= 0
        and left.min() >= 0
        and left[inner].max(initial=0) < count - 1
        and left.max() < count
        and 0 <= known["depth"] < 1000
    )
    if not sound:
        raise ValueError("its trees lead nowhere")
    scales = {name: Scale(tuple(each["scores"]), tuple(each["losses"])) for name, each in known["scales"].items()}
    trees = Trees(feature, threshold, left, value, roots, starts, int(known["depth"]))
    return Surrogate(
        trees, tuple(known["outputs"]), scales, known["space"], float(known["noise"]), _facts(known["facts"])
    )


def _facts(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a surrogate; raises as Python does where it is not of the kind that is read of it."""
    error = facts["error"]
    fresh = error.get("fresh") or {"evaluations": 0}
    sound = (
        all(isinstance(facts[name], str) for name in _TEXTS)
        and is_number(facts["median_loss"])
        and all(each is None or is_number(each) for each in (facts["baseline_loss"], error["order"]))
        and all(rank is None or is_number(rank) for rank in (error[of]["rank_correlation"] for of in _MEASURED))
        and is_whole(error["optimizers"], 0)
        and is_whole(fresh["evaluations"], 0)
    )
    if not sound:
        raise ValueError("what is known of it is not what was measured")
    return facts


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path}: is no surrogate of this version, or damaged ({reason}); delete it, and it is fitted anew"
    )
