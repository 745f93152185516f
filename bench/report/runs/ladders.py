"""Runs with a ladder of fidelities: what their trials cost and came to, and where they stand after each unit of cost.

Such a run is read as one row for each whole unit of cost, in full evaluations, so that whatever is said against a
number of evaluations holds of it too: a plain trial costs 1. What is below full fidelity stays in its `Ladder`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.report.runs import proposals
from bench.report.runs.fronts import Fronts
from bench.report.runs.proposals import Proposals
from bench.results import Results, RunId, soundness

Values = NDArray[np.float64]

COLUMNS = [
    *("trial", "configuration", "status", "initial", "fidelity", "cost", "loss", "partial_loss"),
    *("best_loss", "incumbent_test_loss", "ask_seconds", "evaluate_seconds", "tell_seconds", "details"),
    *("proposal", "continues", "incumbent_uncharged"),
]
"""The columns of the trial table that are read of such a run, the last ones to see whether it is sound."""
TOLERANCE = 1e-9
"""By how much a sum of costs may miss a whole number that it is meant to be."""


@dataclass(frozen=True)
class Ladder:
    """The trials of one run, in order of ending; arrays of one length."""

    unit: str
    """Of its rungs: rounds, epochs, rows or folds."""
    rungs: tuple[int, ...]
    """Ascending; the last is full fidelity."""
    reached: NDArray[np.int64]
    """The rung that each trial reached."""
    cost: Values
    """Of each trial alone, in full evaluations."""
    loss: Values
    """At full fidelity; +inf below it and where it failed."""
    partial: Values
    """Below full fidelity; +inf at it and where it failed."""
    best: Values
    """The loss of the incumbent at full fidelity; +inf where it is not known."""
    tested: Values
    """The incumbent's test loss; +inf where it is not known."""
    failed: NDArray[np.bool_]
    pruned: NDArray[np.bool_]
    initial: NDArray[np.bool_]
    asking: Values
    """Seconds of ask and tell."""
    evaluating: Values
    configuration: NDArray[np.int64]
    """A number that trials of the same configuration share."""
    passed: tuple[tuple[int, float, float], ...]
    """(rung, loss at it, loss at full fidelity) of each configuration that was evaluated fully, where known."""

    @cached_property
    def ends(self) -> Values:
        """The cost of the run until the end of each trial."""
        ends: Values = np.cumsum(self.cost)
        return ends

    @property
    def total(self) -> float:
        """The cost of the run."""
        return float(self.ends[-1]) if len(self.cost) else 0.0

    @property
    def full(self) -> NDArray[np.bool_]:
        """Which trials were made at full fidelity, failures among them."""
        full: NDArray[np.bool_] = self.reached == self.rungs[-1]
        return full

    @property
    def ended_in(self) -> NDArray[np.int64]:
        """The unit of cost in which each trial ended, from 1."""
        return np.maximum(1, np.ceil(self.ends - TOLERANCE)).astype(np.int64)

    @property
    def paid(self) -> float:
        """The cost, in whole units, from which on the incumbent was evaluated fully by the run; +inf if never."""
        full = np.flatnonzero(np.isfinite(self.loss))
        return float(self.ended_in[full[0]]) if len(full) else math.inf

    @property
    def clock(self) -> Values:
        """Seconds charged until the end of each trial: ask, evaluation and tell."""
        clock: Values = np.cumsum(self.asking + self.evaluating)
        return clock

    @property
    def paid_seconds(self) -> float:
        """As `paid`, in charged seconds."""
        full = np.flatnonzero(np.isfinite(self.loss))
        return float(self.clock[full[0]]) if len(full) else math.inf

    @property
    def prunes_nothing(self) -> bool:
        """Whether all trials, but failures, went through all rungs to full fidelity, and their losses are known."""
        done = np.unique(self.configuration[np.isfinite(self.loss)])
        below = np.isfinite(self.partial).any() or self.pruned.any()
        return bool(len(done) and not below and len(self.passed) == len(done) * (len(self.rungs) - 1))


@dataclass(frozen=True)
class Measured(Results):
    """Results as a report reads them."""

    ladders: Mapping[RunId, Ladder] = field(default_factory=dict)
    """Of each run that has one; its rows in `trials` are not trials, but where it stands after each unit of cost."""
    fronts: Mapping[RunId, Fronts] = field(default_factory=dict)
    """Of each run that is judged by several losses; its best losses in `trials` are those of its front."""


def ladder(table: pa.Table, metadata: Mapping[str, Any]) -> Ladder:
    """The ladder of a run from its table, of `COLUMNS`."""
    known = metadata["fidelity"]
    rungs = tuple(known["rungs"])
    column = {
        name: _numbers(table, name)
        for name in ("cost", "loss", "partial_loss", "best_loss", "incumbent_test_loss", "fidelity")
    }
    status = table["status"].to_pylist()
    configurations: list[str] = table["configuration"].to_pylist()
    codes = {text: code for code, text in enumerate(dict.fromkeys(configurations))}
    reached = np.where(np.isinf(column["fidelity"]), rungs[-1], column["fidelity"]).astype(np.int64)
    own = np.array([codes[text] for text in configurations], dtype=np.int64)
    seconds = {
        name: table[name].to_numpy().astype(np.float64) for name in ("ask_seconds", "evaluate_seconds", "tell_seconds")
    }
    return Ladder(
        unit=known["unit"],
        rungs=rungs,
        reached=reached,
        cost=column["cost"],
        loss=column["loss"],
        partial=column["partial_loss"],
        best=column["best_loss"],
        tested=column["incumbent_test_loss"],
        failed=np.array([each not in ("ok", soundness.PRUNED) for each in status], dtype=bool),
        pruned=np.array([each == soundness.PRUNED for each in status], dtype=bool),
        initial=table["initial"].to_numpy().astype(bool),
        asking=seconds["ask_seconds"] + seconds["tell_seconds"],
        evaluating=seconds["evaluate_seconds"],
        configuration=own,
        passed=_passed(own, reached, column, table["details"].to_pylist(), rungs),
    )


def _numbers(table: pa.Table, name: str) -> Values:
    """A column of numbers, +inf where it is null."""
    values = table[name].to_numpy().astype(np.float64)
    return np.where(np.isnan(values), np.inf, values)


def _passed(
    configuration: NDArray[np.int64],
    reached: NDArray[np.int64],
    column: Mapping[str, Values],
    details: list[str | None],
    rungs: tuple[int, ...],
) -> tuple[tuple[int, float, float], ...]:
    """`Ladder.passed`: from the trial that reached the highest rung itself, or from trials below it."""
    below: dict[int, dict[int, float]] = {}
    for row in np.flatnonzero(np.isfinite(column["partial_loss"])).tolist():
        below.setdefault(int(configuration[row]), {})[int(reached[row])] = float(column["partial_loss"][row])
    full: dict[int, tuple[dict[int, float], float]] = {}
    for row in np.flatnonzero(np.isfinite(column["loss"])).tolist():
        code = int(configuration[row])
        if code not in full:
            full[code] = {**below.get(code, {}), **_recorded(details[row])}, float(column["loss"][row])
    return tuple((rung, losses[rung], loss) for losses, loss in full.values() for rung in rungs[:-1] if rung in losses)


def _recorded(details: str | None) -> dict[int, float]:
    """The losses at the rungs that one evaluation passed, as it recorded them."""
    try:
        rungs = (json.loads(details or "{}") or {}).get("rungs") or []
        return {int(rung): float(loss) for rung, loss, *_ in rungs if loss is not None and math.isfinite(loss)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def proposed(table: pa.Table, ladder: Ladder) -> Proposals:
    """As `proposals.of`: what is proposed is a configuration at a fidelity.

    The incumbent is the configuration of the lowest loss at the highest fidelity that the run reached, the first of
    equals.
    """
    plain = proposals.of(table)
    if ladder.full.all():
        return plain
    pairs = set(zip(ladder.configuration.tolist(), ladder.reached.tolist(), strict=True))
    losses = np.minimum(ladder.loss, ladder.partial)
    known = np.isfinite(losses)
    highest = known & (ladder.reached == ladder.reached[known].max(initial=0))
    best = int(np.where(highest, losses, np.inf).argmin()) if known.any() else None
    return Proposals(
        repeated=len(ladder.reached) - len(pairs),
        sequence=hash((plain.sequence, ladder.reached.tobytes())),
        first=plain.first,
        incumbent=None if best is None else table["configuration"][best].as_py(),
    )


def by_cost(ladder: Ladder, metadata: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Where a run stands after 1, 2, ... units of cost, a row each, in the columns of a list of plain trials.

    The incumbent's losses are those after the last trial that ended at or below that cost; null before the first.
    `loss` is the lowest at full fidelity of the trials that ended within the unit, null where none did. `status` is ok
    from the first success on. Seconds are the sums over the trials that ended within the unit.
    """
    units = _units(ladder, metadata)
    within = np.minimum(ladder.ended_in, units) - 1
    last = np.searchsorted(ladder.ends, np.arange(1, units + 1) + TOLERANCE, side="right") - 1
    some = last >= 0

    def state(values: Values) -> Values:
        held: Values = np.where(some, values[np.maximum(last, 0)], np.inf) if len(values) else np.full(units, np.inf)
        return held

    def summed(values: Values) -> Values:
        return np.bincount(within, values, units).astype(np.float64) if units else np.empty(0)

    loss, initial = np.full(units, np.inf), np.zeros(units, dtype=bool)
    if units:
        np.minimum.at(loss, within, ladder.loss)
        np.logical_or.at(initial, within, ladder.initial)
    succeeded = state(np.minimum.accumulate(np.minimum(ladder.loss, ladder.partial))) < np.inf
    columns: dict[str, Any] = {
        "trial": np.arange(units),
        "loss": _nullable(loss),
        "best_loss": _nullable(state(ladder.best)),
        "incumbent_test_loss": _nullable(state(ladder.tested)),
        "status": np.where(succeeded, "ok", "failed").astype(object),
        "initial": initial,
        "ask_seconds": summed(ladder.asking),
        "evaluate_seconds": summed(ladder.evaluating),
        "tell_seconds": np.zeros(units),
    }
    arrays = [pa.array(columns[name]).cast(schema.field(name).type) for name in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _nullable(values: Values) -> pa.Array:
    return pa.array(values, mask=np.isinf(values))


def _units(ladder: Ladder, metadata: Mapping[str, Any]) -> int:
    """How many units of cost a run has rows for: those of its budget, or, having ended before, those it has begun."""
    begun = math.ceil(ladder.total - TOLERANCE)
    cost = budget(metadata)
    if cost is None:
        return begun
    most = math.floor(cost + TOLERANCE)
    return most if ended_by_cost(ladder, metadata) else min(begun, most)


def budget(metadata: Mapping[str, Any]) -> float | None:
    """The cost that a run may have; None where it is not limited."""
    config = metadata.get("config") or {}
    cost = (config.get("budget") or {}).get("cost")
    return None if cost is None else float(cost) * ((config.get("optimizer") or {}).get("budget_factor") or 1)


def ended_by_cost(ladder: Ladder, metadata: Mapping[str, Any]) -> bool:
    """Whether a run ended since another full evaluation would have cost more than its budget."""
    cost = budget(metadata)
    return cost is not None and metadata.get("ended") == "budget" and ladder.total > cost - 1 - TOLERANCE


def known_cost(ladder: Ladder, metadata: Mapping[str, Any]) -> float:
    """Up to which cost, in whole units, it is known where a run stands; +inf where it was exhausted.

    One that spent its seconds keeps its incumbent up to the cost that it might have had, and one whose trials together
    cost less than one full evaluation up to that.
    """
    if metadata.get("ended") == "exhausted":
        return math.inf
    limits = (metadata.get("config") or {}).get("budget") or {}
    cost = budget(metadata)
    if cost is not None and (ended_by_cost(ladder, metadata) or limits.get("trials") is None):
        return float(math.floor(cost + TOLERANCE))
    if limits.get("trials") is None:
        return math.inf
    return float(max(math.floor(ladder.total + TOLERANCE), min(1, len(ladder.cost))))


def fault(ladder: Ladder, metadata: Mapping[str, Any]) -> str | None:
    """Why the cost of a run contradicts its budget; None where it does not.

    A run that ended as its budget was spent cost no more than that, and more than that less the most that one proposal
    costs.
    """
    cost = budget(metadata)
    if cost is None:
        return None
    limits = (metadata.get("config") or {}).get("budget") or {}
    early = metadata.get("ended") == "exhausted" or any(limits.get(name) is not None for name in ("seconds", "trials"))
    if ladder.total > cost + TOLERANCE or not (early or ladder.total > cost - 1 - TOLERANCE):
        return f"has cost {ladder.total:.6g} of the {cost:g} full evaluations of its budget"
    return None
