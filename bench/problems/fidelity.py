"""Cheaper evaluations of a configuration: rungs of fewer rounds, epochs, rows or folds than the full number.

A model's YAML may have `fidelity: {unit: rounds, low: 4, high: 300, eta: 3}`. Its rungs are round(high / eta^k) while
these are at least `low`; the highest is full fidelity, the evaluation that there is without the key. `high` may be
null where the problem knows it. A function may have a ladder too: its rungs are numbers that it is called with.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.checks import is_number, whole
from bench.errors import UserError, allowed

if TYPE_CHECKING:  # pandas and scikit-learn, which a function does without
    from bench.datasets import Dataset

WHERE = "model.fidelity"
UNITS = ("rounds", "epochs", "rows", "folds")
OWN = "fidelity"
"""The unit of a function that names none, and the argument by which it is given its rung."""
KEYS = ("unit", "low", "high", "eta")
_OF = {"rounds": "the model's settings.rounds", "epochs": "the model's settings.epochs", "folds": "the number of folds"}


@dataclass(frozen=True)
class Fidelity:
    """The ladder of a problem."""

    unit: str
    """One of `UNITS`; of a function any word."""
    rungs: tuple[int, ...]
    """Ascending, in the unit; the last is full fidelity."""
    eta: int
    """About the ratio of one rung to the one below; 1 where every number is a rung."""

    @property
    def resources(self) -> tuple[int, ...]:
        """What the rungs are to libraries: 1, eta, eta^2, ..."""
        return self.rungs if self.eta == 1 else tuple(self.eta**power for power in range(len(self.rungs)))

    @property
    def high(self) -> int:
        """Full fidelity."""
        return self.rungs[-1]

    def describe(self) -> dict[str, Any]:
        """The ladder as plain data."""
        return {"unit": self.unit, "rungs": list(self.rungs), "eta": self.eta}

    def at(self, rung: int) -> dict[str, Any] | None:
        """What tells an evaluation at `rung` from those at others; None at full fidelity.

        Of rounds, epochs and folds the number alone: the model's settings and the split say of how many.
        """
        if rung == self.high:
            return None
        return {self.unit: rung} | ({"of": self.high} if self.unit == "rows" else {})

    def cost(self, rung: int, continues: int = 0) -> float:
        """The cost of an evaluation, in full ones, that goes on from the rung `continues`.

        Rows are each rung's own: another number of rows is another training.
        """
        return (rung - (0 if self.unit == "rows" else continues)) / self.high

    def cost_of(self, rungs: Sequence[int], continues: int = 0) -> float:
        """The cost of an evaluation that comes to `rungs`, ascending, one after the other."""
        if self.unit == "rows":
            return sum(rungs) / self.high
        return self.cost(rungs[-1], continues)


def parse(config: object, full: Mapping[str, int]) -> Fidelity | None:
    """The ladder of a model's `fidelity`, None where it has none.

    `full` has the full number of each unit that the problem has a number of: its rounds or epochs, and its folds. In
    the config `high` may be null or missing of those.
    Raises `UserError` where a key is missing or unknown, or its value cannot be used.
    """
    if config is None:
        return None
    unit = config.get("unit") if isinstance(config, Mapping) else None
    keys = _keys(config, {"high": full[unit]} if unit is not None and unit in full else {})
    _check_unit(keys["unit"], keys["high"], full)
    return _ladder(**keys)


def parse_of_function(config: object) -> Fidelity | None:
    """The ladder of a function's `fidelity`, None where it has none; raises `UserError` as `parse` does.

    `unit` may be left out, and be any word: it says how the rungs are called. Of `rows`, as of a model, none goes on
    from another.
    """
    if config is None:
        return None
    keys = _keys(config, {"unit": OWN})
    unit = keys["unit"]
    if not isinstance(unit, str) or not unit.isidentifier():
        raise UserError(f"{WHERE}.unit={unit!r}: expected a word for what a rung counts, such as {OWN} or epochs")
    if unit == "folds":
        raise UserError(f"{WHERE}.unit=folds: a function has no folds, each with a loss of its own; use another word")
    return _ladder(**keys)


def _keys(config: object, optional: Mapping[str, Any]) -> dict[str, Any]:
    """The ladder's keys as they are given, with those that may be left out; `eta` and `high` are whole numbers."""
    if not isinstance(config, Mapping):
        unit = "" if "unit" in optional else "unit: rounds, "
        raise UserError(f"{WHERE}={config!r}: expected {{{unit}low: 4, high: 300, eta: 3}}, or null")
    for key in config:
        if key not in KEYS:
            raise UserError(f"{WHERE}.{key}: unknown; {allowed(key, KEYS)}")
    keys = {**optional, **{key: value for key, value in config.items() if value is not None}}
    for key in KEYS:
        if keys.get(key) is None:
            needed = ", ".join(each for each in KEYS if each not in optional)
            raise UserError(f"{WHERE}.{key}: missing; a ladder has the keys {needed}")
    for key in ("eta", "high"):
        whole(f"{WHERE}.{key}", keys[key], 2)
    return keys


def _ladder(unit: str, low: object, high: int, eta: int) -> Fidelity:
    """The rungs from `low` to `high`."""
    if not is_number(low) or not 1 <= low <= high:
        raise UserError(f"{WHERE}.low={low!r}: expected a number from 1 to {WHERE}.high={high}")
    rungs = {round(high / eta**power) for power in range(math.ceil(math.log(high, eta)) + 1)}
    rungs = {rung for rung in rungs if rung >= low}
    if len(rungs) < 2:
        raise UserError(f"{WHERE}: has the rung {high} alone; set a lower {WHERE}.low, or a smaller {WHERE}.eta")
    return Fidelity(unit, tuple(sorted(rungs)), eta)


def _check_unit(unit: object, high: int, full: Mapping[str, int]) -> None:
    """Raise `UserError` where the problem has nothing of that unit, or not `high` of it."""
    if unit not in UNITS:
        raise UserError(f"{WHERE}.unit={unit!r}: unknown; {allowed(str(unit), UNITS)}")
    if unit == "rows":
        return
    if unit not in full:
        units = [each for each in UNITS if each in full or each == "rows"]
        raise UserError(f"{WHERE}.unit={unit}: this problem has none; {allowed(unit, units)}")
    if high != full[unit]:
        raise UserError(f"{WHERE}.high={high}: {_OF[unit]} is {full[unit]}; give the two the same value")


class NestedRows:
    """Which of a train part's rows each share of it has: those of a smaller share are among those of a larger one.

    Each class is permuted once, by the split's seed, and of a class of n rows the first max(1, ceil(share * n)) count,
    of numbers all rows so. Groups are whole: they are permuted instead of rows. Along time the earliest rows count.
    """

    def __init__(self, dataset: "Dataset", method: str, seed: int) -> None:
        """`method` is that of the resampling, `seed` that of the split."""
        self._dataset, self._method = dataset, method
        self._order = np.random.default_rng([seed, 4]).permutation(len(dataset.target))  # each row's, or group's, place

    def of(self, rows: NDArray[np.int64], share: float) -> NDArray[np.int64]:
        """The rows of `share` (above 0, at most 1) of `rows`, in their order."""
        if share == 1:
            return rows
        data = self._dataset
        if self._method == "group" and data.groups is not None:
            return rows[np.isin(data.groups[rows], self._first(np.unique(data.groups[rows]), share))]
        if self._method == "time" and data.times is not None:
            latest = np.sort(data.times[rows])[_count(share, len(rows)) - 1]
            earliest: NDArray[np.int64] = rows[data.times[rows] <= latest]
            return earliest
        strata = data.target[rows] if data.classes else np.zeros(len(rows), dtype=np.int64)
        chosen = [self._first(rows[strata == code], share) for code in np.unique(strata)]
        return np.sort(np.concatenate(chosen))

    def _first(self, members: NDArray[np.int64], share: float) -> NDArray[np.int64]:
        first = np.argsort(self._order[members], kind="stable")[: _count(share, len(members))]
        chosen: NDArray[np.int64] = members[first]
        return chosen


def _count(share: float, members: int) -> int:
    """max(1, ceil(share * members)), of a share that is a ratio of small numbers."""
    return max(1, math.ceil(round(share * members, 9)))
