"""Whether what a trial table holds can be relied on: its metadata are of the types written, its rows one run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.checks import is_whole

_LONGEST = 1e12
"""Seconds: of more no clock tells, and sums of such would overflow."""
Numbers = NDArray[Any]
STATUSES = ("ok", "failed", "timeout", "crashed")
PRUNED = "pruned"
"""The status of an evaluation that the optimiser has ended; in tables of schema 2 alone."""


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
_TRAIT = _Kind("text, true or false", lambda value: isinstance(value, str | bool))
_DESIGN = _Kind(
    "text, or a mapping whose size is a whole number from 0",
    lambda value: isinstance(value, str) or (isinstance(value, dict) and _COUNT.takes(value.get("size") or 0)),
)

_LOOKS = _Kind(
    "a mapping with a first seed and a list of increasing numbers of seeds, its looks",
    lambda value: isinstance(value, dict) and _COUNT.takes(value.get("first")) and _are_looks(value.get("looks")),
)

_COUNTS = _Kind(
    "a list of whole numbers from 0", lambda value: isinstance(value, list) and all(map(_COUNT.takes, value))
)
_LABELLED = _Kind(
    "a list of names with whole numbers from 0",
    lambda value: (
        isinstance(value, list)
        and all(
            isinstance(each, list) and len(each) == 2 and _TEXT.takes(each[0]) and _COUNT.takes(each[1])
            for each in value
        )
    ),
)


def _is_column(value: Any) -> bool:
    return isinstance(value, dict) and all(
        entry is None or kind.takes(entry)
        for kind, keys in ((_TEXT, ("name", "kind")), (_COUNT, ("levels", "missing")), (_NUMBER, ("low", "high")))
        for entry in map(value.get, keys)
    )


def _are_looks(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(is_whole(count, 2, 2**31) for count in value)
        and all(before < after for before, after in pairwise(value))
    )


_COLUMNS = _Kind("a list of columns", lambda value: isinstance(value, list) and all(map(_is_column, value)))

_NUMBERS_OF_LOSSES = _Kind(
    "a list of finite numbers", lambda value: isinstance(value, list) and all(map(_NUMBER.takes, value))
)
_POINTS = _Kind(
    "a list of lists of finite numbers",
    lambda value: isinstance(value, list) and all(map(_NUMBERS_OF_LOSSES.takes, value)),
)

_EACH = "*"
"""In the place of a name: what every value of a mapping is."""
_SHAPE: Mapping[str, Any] = {
    "config": {
        "dataset": {"name": _TEXT, "load": _TEXT},
        "model": {"name": _TEXT, "class": _TEXT, "space": {_EACH: {}}},
        "optimizer": {"name": _TEXT, "class": _TEXT, "budget_factor": _FACTOR},
        "metric": {"name": _TEXT},
        "budget": {"trials": _COUNT, "seconds": _NUMBER, "cost": _NUMBER},
        "resampling": {},
        "seeds": {},
        "initial_design": _DESIGN,
        "objectives": _TEXTS,
        "until": _LOOKS,
    },
    "config_hash": _TEXT,
    "problem": _TEXT,
    "problem_family": _TEXT,
    "key_prefix": _TEXT,
    "metric": _TEXT,
    "task": _TEXT,
    "folds": _COUNT,
    "has_test": _FLAG,
    "stops_on_valid": _FLAG,
    "refit": _FLAG,
    "baseline_loss": _NUMBER,
    "baseline_test_loss": _NUMBER,
    "data": {
        **dict.fromkeys(("rows", "numbers", "categories", "missing", "folds"), _COUNT),
        "read_as": _TEXT,
        "target": {
            "name": _TEXT,
            "task": _TEXT,
            "classes": _COUNT,
            "counts": _LABELLED,
            **dict.fromkeys(("low", "median", "high"), _NUMBER),
        },
        "columns": _COLUMNS,
        "parts": {_EACH: {"rows": _COUNT, "counts": _COUNTS}},
        "notes": _TEXTS,
    },
    "known_minimum": _NUMBER,
    "noise": _NUMBER,
    "traits": {_EACH: _TRAIT},
    "recorded": {"table": _TEXT, **dict.fromkeys(("repetition", "repetitions", "configurations"), _COUNT)},
    "ended": _TEXT,
    "fidelity": {"unit": _TEXT, "rungs": _COUNTS, "eta": _COUNT},
    "workers": _COUNT,
    "objectives": {
        **dict.fromkeys(("names", "measured", "told"), _TEXTS),
        "box": {
            **dict.fromkeys(("ideal", "reference"), _NUMBERS_OF_LOSSES),
            **dict.fromkeys(("draws", "failed", "seed"), _COUNT),
            "problem": _TEXT,
        },
        "front": _POINTS,
    },
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
    "imported": {
        "file": _TEXT,
        "sha256": _TEXT,
        "source": _TEXT,
        "unknown": _TEXTS,
        "remarks": _TEXTS,
        "same_problem_as": _TEXT,
        "space_from_values": _FLAG,
    },
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
    for name in set(table.column_names).intersection(run):
        others = set(table[name].unique().to_pylist()) - {run[name]}
        if others:
            return f"its rows are of {name} {min(map(str, others))}: move it back to that run's place, or delete it"
    return None


def fault_of_rows(table: pa.Table, version: int = 1) -> str | None:
    """Why the rows of a table, of the columns that it has, cannot be those of one run; None where nothing speaks so.

    `version` is that of its schema.

    Its trials must be numbered 0, 1, 2, ...; its status be known; its losses be finite, and there where a trial has
    succeeded alone; its seconds be those of a clock where they are known; its best losses be the lowest so far.
    """
    columns = {name: table[name].to_numpy() for name in table.column_names if name in _NUMBERS}  # null is NaN
    for names, check in _CHECKS if version == 1 else _CHECKS_2:
        fault = check(*(columns[name] for name in names)) if columns.keys() >= set(names) else None
        if fault:
            return fault
    if "status" in table.column_names:
        fault = _fault_of_status(table) if version == 1 else _fault_of_status_2(table)
        if fault:
            return fault
    for name in columns.keys() & _FINITE:
        if np.isfinite(columns[name]).sum() < len(table) - table[name].null_count:
            return f"has values of {name} that are not finite"
    for name in columns.keys() & {"ask_seconds", "evaluate_seconds", "tell_seconds"}:
        if (np.abs(columns[name]) > _LONGEST).any():
            return f"has {name} beyond {_LONGEST:g}"
    return None


def _misnumbered(trials: Numbers) -> str | None:
    wrong = np.flatnonzero(trials != np.arange(len(trials)))
    if not len(wrong):
        return None
    return f"its trials are not numbered 0, 1, 2, ... (found {trials[wrong[0]]} in place of {wrong[0]})"


def _rising(best: Numbers) -> str | None:
    known = best[np.argmax(~np.isnan(best)) :] if not np.isnan(best).all() else best[:0]
    sound = np.isfinite(known).all() and not (known[1:] > known[:-1]).any()
    return None if sound else "its best losses so far are not finite, or rise"


def _not_lowest(best: Numbers, losses: Numbers) -> str | None:
    lowest = np.fmin.accumulate(losses)
    if ((lowest == best) | (np.isnan(lowest) & np.isnan(best))).all():
        return None
    return _rising(best) or "its best losses so far are not those of its losses"


def _fault_of_status(table: pa.Table) -> str | None:
    import pyarrow.compute as pc  # noqa: PLC0415 - a run that only looks whether others are done is spared it

    unknown = set(table["status"].unique().to_pylist()) - set(STATUSES)
    if unknown:
        return f"has trials of unknown status {min(map(str, unknown))}"
    if "loss" not in table.column_names:
        return None
    odd = pc.any(pc.not_equal(pc.equal(table["status"], "ok"), pc.is_valid(table["loss"]))).as_py()
    return "has a trial that succeeded without a loss, or failed with one" if odd else None


def _fault_of_status_2(table: pa.Table) -> str | None:
    """As `_fault_of_status`, of a table in which a trial may have been pruned, or have a loss below full fidelity."""
    unknown = set(table["status"].unique().to_pylist()) - {*STATUSES, PRUNED}
    if unknown:
        return f"has trials of unknown status {min(map(str, unknown))}"
    if not {"loss", "partial_loss"} <= set(table.column_names):
        return None
    status = np.array(table["status"].to_pylist(), dtype=object)
    full, partial = (table[name].is_valid().to_numpy() for name in ("loss", "partial_loss"))
    succeeded = (status == "ok") | (status == PRUNED)
    if (succeeded != (full | partial)).any():
        return "has a trial that succeeded without a loss, or failed with one"
    both = (full & partial).any() or (full & (status == PRUNED)).any()
    return "has a trial with a loss at full fidelity and below it" if both else None


def _unpaid(cost: Numbers) -> str | None:
    return None if (np.isfinite(cost) & (cost >= 0)).all() else "has a cost that is no number from 0"


def _asked_twice(proposals: Numbers) -> str | None:
    return None if len(set(proposals)) == len(proposals) and (proposals >= 0).all() else "has a proposal twice"


def _not_from_below(fidelity: Numbers, continues: Numbers) -> str | None:
    wrong = (continues < 0) | ((continues > 0) & ~(fidelity >= continues))
    return "has a trial that goes on from a fidelity above its own" if wrong.any() else None


def _not_incumbent(best: Numbers, uncharged: Numbers, losses: Numbers) -> str | None:
    """From the first success at full fidelity on the incumbent is the best of these, and was paid for."""
    lowest = np.fmin.accumulate(losses)
    full = ~np.isnan(lowest)
    if (full & (lowest != best)).any():
        return "its best losses are not those of its losses at full fidelity"
    paid = (uncharged & full).any()
    return "has an incumbent that was evaluated fully, and is said to be uncharged" if paid else None


def fault_of_ladder(table: pa.Table, metadata: Mapping[str, Any]) -> str | None:
    """Why a run's rows cannot be those of the ladder of fidelities that its metadata have; None where nothing says so.

    Every fidelity must be one of its rungs, a loss stand at the highest alone, a partial one below it alone; without a
    ladder no row has either. Of schema 1 nothing is asked.
    """
    if metadata.get("schema") != 2:
        return None
    ladder = metadata.get("fidelity") or {}
    rungs = ladder.get("rungs") or []
    if ladder and (len(rungs) < 2 or rungs != sorted(set(rungs)) or rungs[0] < 1):
        return f"its ladder has the rungs {rungs}; expected two or more, ascending"
    known = {name: table[name].to_numpy() for name in ("fidelity", "loss", "partial_loss")}  # null is NaN
    fidelity, full, partial = known["fidelity"], ~np.isnan(known["loss"]), ~np.isnan(known["partial_loss"])
    there = ~np.isnan(fidelity)
    odd = there & ~np.isin(fidelity, rungs)
    if odd.any():
        return f"has the fidelity {fidelity[odd][0]:.0f}, which is no rung of its ladder"
    below = there & (fidelity < max(rungs, default=0))
    if (full & below).any() or (partial & ~below).any():
        return "has a loss at full fidelity below it, or a partial one at it"
    return None


_FINITE = {"loss", "test_loss", "partial_loss", "partial_test_loss", "best_loss", "incumbent_test_loss"}
_NUMBERS = {
    *("trial", "loss", "test_loss", "best_loss", "incumbent_test_loss"),
    *("ask_seconds", "evaluate_seconds", "tell_seconds"),
    *("cost", "partial_loss", "partial_test_loss", "proposal", "fidelity", "continues", "incumbent_uncharged"),
}
_CHECKS: Sequence[tuple[tuple[str, ...], Callable[..., str | None]]] = (
    (("trial",), _misnumbered),
    (("best_loss", "loss"), _not_lowest),
    (("best_loss",), _rising),
)
"""Each with the columns that it takes."""
_CHECKS_2: Sequence[tuple[tuple[str, ...], Callable[..., str | None]]] = (
    (("trial",), _misnumbered),
    (("cost",), _unpaid),
    (("proposal",), _asked_twice),
    (("fidelity", "continues"), _not_from_below),
    (("best_loss", "incumbent_uncharged", "loss"), _not_incumbent),
)
"""Those of schema 2, in which the incumbent's loss may rise."""


def fault_of_types(there: pa.Schema, meant: pa.Schema) -> str | None:
    """Which column is of another kind than is written: text that looks like a number is none, nor is true 1."""
    for field in meant:
        kind, other = _kind(field.type), _kind(there.field(field.name).type)
        if other != kind and not (other == "null" and field.nullable):
            return f"its column {field.name!r} holds {other} values, not {kind}"
    return None


def _kind(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        return _kind(type_.value_type)
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return "text"
    for name, test in _TESTS.items():
        if test(type_):
            return name
    return str(type_)


_TESTS = {
    "number": lambda type_: pa.types.is_integer(type_) or pa.types.is_floating(type_),
    "boolean": pa.types.is_boolean,
    "timestamp": pa.types.is_timestamp,
}
