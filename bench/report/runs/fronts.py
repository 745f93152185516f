"""Runs of several losses: what each trial's losses are, and what the front of a run comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.report.statistics import hypervolume
from bench.results.losses import Losses
from bench.results.losses import front as rows_of_front
from bench.results.losses import of as losses_of

Floats = NDArray[np.float64]

MISSING = "1 - hypervolume"
"""What such runs are judged by; see `statistics.hypervolume.missing`."""


@dataclass(frozen=True)
class Objectives:
    """The losses of a problem, and what their fronts are measured by; the same for all runs of a comparison."""

    names: tuple[str, ...]
    ideal: tuple[float, ...]
    reference: tuple[float, ...]
    draws: int
    """How many random configurations the two follow from."""
    known: tuple[tuple[float, ...], ...] = ()
    """Points of the problem's own front; none where it is not known."""

    @property
    def key(self) -> str:
        """What runs must share to be compared: the names, and the box to five digits, as libraries differ in the last.

        So many digits are those of measured losses too, where one store has served all runs.
        """
        corners = ", ".join(f"{low:.5g} to {high:.5g}" for low, high in zip(self.ideal, self.reference, strict=True))
        return f"{' and '.join(self.names)}, within {corners}"


@dataclass(frozen=True)
class Fronts:
    """One run's losses by trial, and where they lead."""

    objectives: Objectives
    losses: Losses
    ended_in: NDArray[np.int64]
    """The trial, or unit of cost, in which each ended, from 1."""

    @cached_property
    def missing(self) -> tuple[Floats, Floats]:
        """By trial, on validation and on test losses; see `hypervolume.by_trial`."""
        corners = np.array(self.objectives.ideal), np.array(self.objectives.reference)
        return hypervolume.by_trial(self.losses.validation, self.losses.test, *corners)

    def front(self, spent: int) -> NDArray[np.int64]:
        """The trials on the front of validation losses after so many trials, or so much cost."""
        return rows_of_front(self.losses.validation[self.ended_in <= spent])


def objectives(metadata: Mapping[str, Any]) -> Objectives | None:
    """What the fronts of a run are measured by; None of a run of one loss, or without a box, as its draws all failed.

    Raises `ValueError`, whose text says why, where the box is not one of its losses.
    """
    recorded = metadata.get("objectives") or {}
    names, box, known = recorded.get("names") or [], recorded.get("box"), recorded.get("front") or []
    if len(names) < 2 or not box:
        return None
    ideal, reference = box.get("ideal") or [], box.get("reference") or []
    if {len(ideal), len(reference), *map(len, known)} != {len(names)} or any(
        not low < high for low, high in zip(ideal, reference, strict=True)
    ):
        raise ValueError(f"its box of hypervolume is none of its losses, {', '.join(names)}")
    return Objectives(
        tuple(names), tuple(ideal), tuple(reference), int(box.get("draws") or 0), tuple(map(tuple, known))
    )


def fronts(table: pa.Table, metadata: Mapping[str, Any], ended_in: NDArray[np.int64] | None = None) -> Fronts | None:
    """Of a run's table, of `losses.COLUMNS`; None where it is judged by its loss alone.

    `ended_in` is the unit of cost in which each trial ended, where that is not its place. Raises `ValueError`, whose
    text says why, where the table contradicts itself.
    """
    several = losses_of(table, metadata)
    judged = objectives(metadata)
    if several is None or judged is None:
        return None
    return Fronts(judged, several, np.arange(1, len(table) + 1) if ended_in is None else ended_in)


def with_best(table: pa.Table, best: Floats, tested: Floats) -> pa.Table:
    """A table of trials with other best losses so far, validation and test; null where they are +inf."""
    for name, values in (("best_loss", best), ("incumbent_test_loss", tested)):
        column = pa.array(values, mask=np.isinf(values))
        table = table.set_column(table.column_names.index(name), table.schema.field(name), pa.chunked_array([column]))
    return table
