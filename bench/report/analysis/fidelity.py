"""What a ladder of fidelities was used for: where the cost went, and how well its rungs rank configurations."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.report.runs.ladders import Ladder
from bench.report.statistics.agreement import agreement, concordance
from bench.wording import listed, measured

SPENDING = ("label", "unit", "of", "rung", "configurations", "trials", "pruned", "cost", "share")
AGREEMENT = ("unit", "of", "rung", "tau", "low", "high", "configurations", "runs", "selected")


@dataclass(frozen=True)
class Fidelity:
    """The account of one comparison in which some run has a ladder."""

    spending: pd.DataFrame
    """One row for each label and rung at which some of its configurations ended, and one for its failures.

    `unit` and `of`, the ladder's unit and highest rung; `rung`, the highest that a configuration reached in its run,
    NaN of failures; `configurations`, how many, `trials`, how many trials ended at that rung, and `pruned`, how many of
    these were pruned, over all runs; `cost`, of all trials of those configurations, in full evaluations a run; `share`
    of the label's cost."""
    agreement: pd.DataFrame
    """One row a rung below the highest: `unit`, `of`, `rung`; `tau`, Kendall's tau-b between the losses there and at
    full fidelity, with `low` and `high` (`statistics.agreement`); of how many `configurations` and `runs`; `selected`,
    whether these are but those that were finished. Empty where none has both losses."""
    sources: tuple[str, ...]
    """The labels whose configurations the agreement is of."""

    @property
    def basis(self) -> str:
        """Of whose configurations the agreement is, in a sentence."""
        names = listed(list(self.sources))
        if self.selected:
            return f"Among the configurations of {names} that were evaluated fully: a selection, which biases it."
        return f"All configurations of {names}, of which nothing was pruned."

    @property
    def selected(self) -> bool:
        """Whether the agreement is of configurations that were finished since they were good, which biases it."""
        return bool(len(self.agreement)) and bool(self.agreement["selected"].all())


def fidelity(comparison: Comparison) -> Fidelity | None:
    """The account of a comparison; None where no run has a ladder of fidelities."""
    if not comparison.in_cost:
        return None
    chosen, selected = _sources(comparison)
    return Fidelity(
        pd.DataFrame(list(_spending(comparison)), columns=list(SPENDING)),
        pd.DataFrame(list(_agreement(comparison, chosen, selected)), columns=list(AGREEMENT)),
        chosen,
    )


def _of_labels(comparison: Comparison) -> Iterator[tuple[str, list[tuple[int, Ladder | None, float, int]]]]:
    """Of each label its runs: seed, ladder, and of those without one the cost and the number of failures."""
    ids = identities.run_ids(comparison.runs)
    ladders = pd.Series([comparison.ladders.get(run) for run in ids], index=comparison.runs.index, dtype=object)
    parts = dict(list(comparison.runs.groupby("label")))
    for label in comparison.final["label"]:
        part = parts[label]
        yield str(label), list(zip(part["seed"], ladders[part.index], part["cost"], part["failed"], strict=True))


def _spending(comparison: Comparison) -> Iterator[tuple[object, ...]]:
    first = next(iter(comparison.ladders.values()))
    for label, runs in _of_labels(comparison):
        rows: dict[tuple[str, int, float], np.ndarray] = {}
        for _, ladder, cost, failed in runs:
            for key, counts in _fates(ladder) if ladder else _plain(first, cost, failed):
                rows[key] = rows.get(key, np.zeros(4)) + counts
        total = sum(float(sums[-1]) for sums in rows.values())
        for (unit, high, rung), sums in sorted(rows.items(), key=lambda row: _order(row[0])):
            configurations, trials, pruned, cost = sums.tolist()
            share = cost / total if total else math.nan
            yield label, unit, high, rung, int(configurations), int(trials), int(pruned), cost / len(runs), share


def _order(key: tuple[str, int, float]) -> tuple[bool, str, int, float]:
    """Failures last."""
    return math.isnan(key[2]), *key


def _plain(ladder: Ladder, cost: float, failed: int) -> Iterator[tuple[tuple[str, int, float], tuple[float, ...]]]:
    """Of a run without a ladder, as on the one given: all is done at full fidelity."""
    unit, high = ladder.unit, ladder.rungs[-1]
    yield (unit, high, float(high)), (cost - failed, cost - failed, 0, cost - failed)
    if failed:
        yield (unit, high, math.nan), (failed, failed, 0, float(failed))


def _fates(ladder: Ladder) -> Iterator[tuple[tuple[str, int, float], tuple[float, ...]]]:
    """What ended at each rung: configurations, trials, pruned ones, cost."""
    unit, high, done = ladder.unit, ladder.rungs[-1], ~ladder.failed
    fate = np.zeros(int(ladder.configuration.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(fate, ladder.configuration[done], ladder.reached[done])
    ended = np.where(done, fate[ladder.configuration], 0)
    for rung in ladder.rungs:
        at = done & (ladder.reached == rung)
        if at.any() or (fate == rung).any():
            counts = ((fate == rung).sum(), at.sum(), (at & ladder.pruned).sum(), ladder.cost[ended == rung].sum())
            yield (unit, high, float(rung)), tuple(map(float, counts))
    if ladder.failed.any():
        failed = ladder.failed
        yield (
            (unit, high, math.nan),
            (float(len(np.unique(ladder.configuration[failed]))), failed.sum(), 0, ladder.cost[failed].sum()),
        )


def _sources(comparison: Comparison) -> tuple[tuple[str, ...], bool]:
    """Whose configurations show how rungs rank: those of what prunes nothing, else of all, which are selected."""
    labels = {label: [run[1] for run in runs if run[1] is not None] for label, runs in _of_labels(comparison)}
    whole = [label for label, own in labels.items() if own and all(ladder.prunes_nothing for ladder in own)]
    if whole:
        return tuple(whole), False
    return tuple(label for label, own in labels.items() if any(ladder.passed for ladder in own)), True


def _agreement(comparison: Comparison, chosen: tuple[str, ...], selected: bool) -> Iterator[tuple[object, ...]]:
    pairs: dict[tuple[str, int, int], list[tuple[int, np.ndarray]]] = {}
    for label, runs in _of_labels(comparison):
        for seed, ladder, *_ in runs if label in chosen else ():
            if ladder is None:
                continue
            for rung in ladder.rungs[:-1]:
                both = np.array([losses for at, *losses in ladder.passed if at == rung], dtype=float).reshape(-1, 2)
                pairs.setdefault((ladder.unit, ladder.rungs[-1], rung), []).append((seed, both))
    for (unit, high, rung), parts in sorted(pairs.items()):
        by_seed: dict[int, np.ndarray] = {}
        for seed, both in parts:
            by_seed[seed] = by_seed.get(seed, np.zeros(3)) + concordance(both[:, 0], both[:, 1])
        counted = [both for _, both in parts if len(both)]
        if counted:
            found = agreement(list(by_seed.values()))
            yield unit, high, rung, *found, sum(map(len, counted)), len(counted), selected


def of(rung: float, high: int, unit: str) -> str:
    """A rung in words: `33 of 300 rounds`."""
    return measured(f"{rung:.0f} of {high}", unit)


def renamed(account: Fidelity | None, names: Mapping[str, str]) -> Fidelity | None:
    """The same under other names of optimisers."""
    if account is None:
        return None
    spending = account.spending.assign(label=[names.get(label, label) for label in account.spending["label"]])
    return Fidelity(spending, account.agreement, tuple(names.get(label, label) for label in account.sources))
