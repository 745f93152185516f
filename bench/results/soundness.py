"""Whether what a trial table holds can be relied on: its metadata are of the types written, its rows one run."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.checks import is_whole

STATUSES = ("ok", "failed", "timeout", "crashed")


@dataclass(frozen=True)
class _Kind:
    """A type of values: how it is called, and which are of it."""

    name: str
    takes: Callable[[Any], bool]


_TEXT = _Kind("text", lambda value: isinstance(value, str))
_TEXTS = _Kind(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(part, str) for part in value)
)
_FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
_COUNT = _Kind("a whole number from 0", lambda value: is_whole(value, 0, 2**53))
_FACTOR = _Kind("a whole number from 1", lambda value: is_whole(value, 1, 2**31))
_NUMBER = _Kind(
    "a finite number",
    lambda value: (isinstance(value, float) and math.isfinite(value)) or is_whole(value, -(2**1000), 2**1000),
)
_PLAIN = _Kind("text, a number, true or false", lambda value: isinstance(value, str | int | float))
_DESIGN = _Kind(
    "text, or a mapping whose size is a whole number from 0",
    lambda value: isinstance(value, str) or (isinstance(value, dict) and _COUNT.takes(value.get("size") or 0)),
)

_EACH = "*"
"""In the place of a name: what every value of a mapping is."""
_SHAPE: Mapping[str, Any] = {
    "config": {
        "dataset": {"name": _TEXT, "load": _TEXT},
        "model": {"name": _TEXT, "class": _TEXT, "space": {_EACH: {}}},
        "optimizer": {"name": _TEXT, "class": _TEXT, "budget_factor": _FACTOR},
        "metric": {"name": _TEXT},
        "budget": {"trials": _COUNT, "seconds": _NUMBER},
        "resampling": {},
        "seeds": {},
        "initial_design": _DESIGN,
    },
    "config_hash": _TEXT,
    "problem": _TEXT,
    "problem_family": _TEXT,
    "metric": _TEXT,
    "task": _TEXT,
    "folds": _COUNT,
    "has_test": _FLAG,
    "stops_on_valid": _FLAG,
    "known_minimum": _NUMBER,
    "noise": _NUMBER,
    "ended": _TEXT,
    "diverged_at": _COUNT,
    "computed_by": {_EACH: _TEXT},
    "declared": {
        "laws": {_EACH: {"expression": _TEXT, "total_variation": _NUMBER}},
        "inactive": _TEXT,
        "fallback": _TEXT,
        "takes_unasked": _FLAG,
        "extendable": _FLAG,
        "deterministic": _FLAG,
    },
    "provenance": {
        "versions": {_EACH: _TEXT},
        "python": _TEXT,
        "platform": _TEXT,
        "cpu": _TEXT,
        "cores": _COUNT,
        "host": _TEXT,
        "omp_wait_policy": _TEXT,
        "revision": _TEXT,
        "threads": _COUNT,
        "optimizer_revision": _PLAIN,
        "optimizer_versions": {_EACH: _TEXT},
    },
    "imported": {"file": _TEXT, "sha256": _TEXT, "unknown": _TEXTS},
}
"""What the metadata of a table hold, of what is read again; any of it may be null or missing."""


def fault_of_metadata(metadata: Mapping[str, Any]) -> str | None:
    """Which entry of a table's metadata is of another type than is written; None where none is."""
    return _fault(metadata, _SHAPE, "")


def _fault(value: Any, shape: Any, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(shape, _Kind):
        return None if shape.takes(value) else _wrong(where, value, shape.name)
    if not isinstance(value, Mapping):
        return _wrong(where, value, "a mapping")
    for name, part in shape.items():
        for key in value if name == _EACH else (name,):
            fault = _fault(value.get(key), part, f"{where}.{key}" if where else str(key))
            if fault:
                return fault
    if _EACH in shape and None in value.values():
        return _wrong(next(f"{where}.{key}" for key, part in value.items() if part is None), None, "a value")
    return None


def _wrong(where: str, value: Any, expected: str) -> str:
    shown = "null" if value is None else repr(value)
    return f"its metadata have {where[:80]}={shown if len(shown) <= 40 else f'{shown[:37]}...'}; expected {expected}"


def fault_of_place(run: Mapping[str, object], table: pa.Table) -> str | None:
    """Whether a table stands where another run's must, given what names the run whose place it has; and what to do."""
    if any(name.encode(errors="replace").decode() != name for name in map(str, run.values())):
        return "its place has a name that is not text in UTF-8: move it to one that is, or delete it"
    for name in set(table.column_names).intersection(run):
        others = set(table[name].unique().to_pylist()) - {run[name]}
        if others:
            return f"its rows are of {name} {min(map(str, others))}: move it back to that run's place, or delete it"
    return None


def fault_of_rows(table: pa.Table) -> str | None:
    """Why the rows of a table, of the columns that it has, cannot be those of one run; None where nothing speaks so.

    Its trials must be numbered 0, 1, 2, ...; its status be known; its losses be finite, as must be its seconds where
    they are known; its best losses so far never rise.
    """
    names = table.column_names
    if "trial" in names:
        numbers = table["trial"].to_numpy()
        wrong = np.flatnonzero(numbers != np.arange(len(numbers)))
        if len(wrong):
            return f"its trials are not numbered 0, 1, 2, ... (found {numbers[wrong[0]]} in place of {wrong[0]})"
    if "status" in names:
        unknown = set(table["status"].unique().to_pylist()) - set(STATUSES)
        if unknown:
            return f"has trials of unknown status {min(map(str, unknown))}"
    if "best_loss" in names:
        best = table["best_loss"].to_numpy()
        known = best[np.argmax(~np.isnan(best)) :] if not np.isnan(best).all() else best[:0]
        if not np.isfinite(known).all() or (known[1:] > known[:-1]).any():
            return "its best losses so far are not finite, or rise"
    for name in ("loss", "test_loss", "incumbent_test_loss"):
        if name in names and not _all(pc.is_finite(table[name])):
            return f"has a {name} that is not finite"
    for name in ("ask_seconds", "evaluate_seconds", "tell_seconds"):
        if name in names and np.isinf(table[name].to_numpy()).any():
            return f"has {name} that are not finite"
    return None


def _all(flags: pa.ChunkedArray) -> bool:
    """Whether every value that is not null is true."""
    return pc.all(flags, skip_nulls=True, min_count=0).as_py() is not False
