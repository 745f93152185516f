"""Every number of one comparison, computed once: what its figures, tables, words and page only render."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.runs import references, samples
from bench.report.runs.curves import Comparison
from bench.report.runs.references import References
from bench.report.runs.samples import Sample
from bench.report.statistics import intervals, quartiles, targets
from bench.report.statistics import random_search as baseline
from bench.report.statistics.over_time import against_seconds
from bench.report.statistics.overhead import overhead, window
from bench.report.statistics.overtuning import overtuning
from bench.report.statistics.power import Power, seeds_to_separate
from bench.report.statistics.significance import compare
from bench.report.statistics.targets import SpeedUp
from bench.results import Results

Values = NDArray[np.float64]

ALPHA = 0.05
ROPE = 0.01
"""Losses that differ by less than this share are practically the same."""
CENTRES = {"median": intervals.median, "mean": intervals.mean, "iqm": intervals.interquartile_mean}


@dataclass(frozen=True)
class Analysis:
    """The frames of one comparison; losses are +inf where a run has none, NaN where nothing is defined."""

    comparison: Comparison
    samples: Mapping[str, Sample]
    """By label, in the order of the table: the least median validation loss first."""
    shared: bool
    """Whether runs are compared pair by pair, by seed; see `samples.shared`."""
    references: References
    """What scores are measured by."""
    outdated: str | None
    """A line where loaded runs are better than the best loss that the references know."""
    runs: pd.DataFrame
    """One row a run: `label`, `seed`, `validation`, `test` (final losses after `comparison.evaluations`), `score`
    (`baseline.normalised`), `evaluations_to_random`, and `overtuning`, `relative`, `gap`."""
    final: pd.DataFrame
    """One row a label: `statistics.final`, with an interval of each of `CENTRES` and kind of loss, `KIND_CENTRE_low`
    and `_high`; see `intervals`."""
    speed_ups: Mapping[str, SpeedUp]
    """By label; empty where random search's final loss is not known."""
    running_times: Mapping[str, float]
    """Expected evaluations to random search's final loss, with restarts."""
    pairs: Mapping[str, pd.DataFrame]
    """By kind of loss; see `significance.compare`."""
    power: Mapping[str, Power]
    """Seeds that would tell the best from each label that it cannot be told from."""
    baseline: pd.DataFrame
    """`evaluations`, `median`, `expected`: random search, exactly; empty where runs are on several problems."""
    seconds: Mapping[str, pd.DataFrame]
    """By kind of loss, losses against charged seconds."""
    regret: pd.DataFrame
    """Quartiles over runs of the best loss above the best known of its problem: `label`, `evaluations`, ..."""
    ecdf: pd.DataFrame
    """`label`, `evaluations`, `share` of the targets that are reached."""
    overhead: pd.DataFrame
    """The optimiser's own seconds, by trial, or by window of trials where they are many."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The losses that there is something to say of."""
        if self.comparison.longest == 0:
            return ()
        return quartiles.KINDS if self.comparison.has_test else quartiles.KINDS[:1]

    def order(self, kind: str) -> list[str]:
        """Labels, the least median loss of a kind first."""
        return self._orders[kind]

    @cached_property
    def _orders(self) -> dict[str, list[str]]:
        """By kind of loss."""
        columns = {kind: [f"{kind}_median", f"{kind}_upper", f"{kind}_lower", "label"] for kind in self.kinds}
        return {kind: self.final.sort_values(names)["label"].tolist() for kind, names in columns.items()}

    def best(self, kind: str) -> str:
        """The label of the least median loss of a kind, of those that spend no more than the budget where there are."""
        return _best(self.order(kind), self.comparison)

    def tied(self, kind: str) -> list[str]:
        """The labels that cannot be told from the best of a kind, in their order."""
        best = self.best(kind)
        others = [label for label in self.order(kind) if label != best]
        return [label for label in others if not self.pair(kind, best, label)["distinguishable"]]

    def pair(self, kind: str, a: str, b: str) -> dict[str, Any]:
        """The row of `pairs` that compares two labels, in whichever order they stand there."""
        return self._rows[kind][frozenset((a, b))]

    @cached_property
    def _rows(self) -> dict[str, dict[frozenset[str], dict[str, Any]]]:
        """The rows of `pairs`, by kind of loss and by the two labels."""
        records = {kind: frame.to_dict("records") for kind, frame in self.pairs.items()}
        return {
            kind: {frozenset((row["a"], row["b"])): {str(name): value for name, value in row.items()} for row in rows}
            for kind, rows in records.items()
        }


def analyse(comparison: Comparison, results: Results, stored: References | None = None) -> Analysis:
    """The frames of a comparison; scores are measured by `stored` references where they still apply."""
    by_label = samples.samples(comparison, results)
    shared = samples.shared(comparison, results)
    pools = references.pools(comparison, results)
    now = references.find(comparison, results, pools)
    used = references.kept(stored or {}, now)
    kinds = quartiles.KINDS if comparison.has_test else quartiles.KINDS[:1]
    goals = {label: _references(sample, used, "random") for label, sample in by_label.items()}
    known = comparison.evaluations > 0 and all(np.isfinite(goal).all() for goal in goals.values())
    runs = _runs(comparison, by_label, used, goals if known else {})
    budget = comparison.evaluations
    every = window(max((sample.asking.shape[1] for sample in by_label.values()), default=0))
    pairs = {kind: _pairs(runs, kind, shared) for kind in kinds}
    return Analysis(
        comparison=comparison,
        samples=by_label,
        shared=shared,
        references=used,
        outdated=references.outdated(comparison, used, now),
        runs=runs,
        final=_final(comparison, runs, kinds),
        speed_ups={label: targets.speed_up(by_label[label].validation, goals[label], budget) for label in by_label}
        if known
        else {},
        running_times={
            label: targets.expected_running_time(sample.validation, goals[label], sample.spent)
            for label, sample in by_label.items()
        }
        if known
        else {},
        pairs=pairs,
        power=_power(comparison, runs, pairs["validation"]),
        baseline=_baseline(comparison, pools),
        seconds={kind: _seconds(by_label, kind) for kind in kinds},
        regret=_regret(by_label, used),
        ecdf=_ecdf(by_label, pools),
        overhead=samples.by_label({label: overhead(sample.asking, every) for label, sample in by_label.items()}),
    )


def _references(sample: Sample, used: References, name: str) -> Values:
    """One reference value (`best`, `random`) for each run of a sample, (runs, 1)."""
    return np.array([[getattr(used[problem].reference, name)] for problem in sample.problems], dtype=np.float64)


def _runs(
    comparison: Comparison, by_label: Mapping[str, Sample], used: References, goals: Mapping[str, Values]
) -> pd.DataFrame:
    parts = {}
    for label, sample in by_label.items():
        at = comparison.evaluations - 1
        final = {
            kind: sample.of(kind)[:, at] if at >= 0 else np.full(len(sample.seeds), np.inf) for kind in quartiles.KINDS
        }
        scores = np.empty(len(sample.seeds))
        for problem in dict.fromkeys(sample.problems):
            here = np.array([other == problem for other in sample.problems])
            scores[here] = baseline.normalised(final["validation"][here], used[problem].reference)
        reached = targets.evaluations_to(sample.validation, goals[label]) if goals else np.nan
        columns = {"seed": sample.seeds, **final, "score": scores, "evaluations_to_random": reached}
        parts[label] = pd.DataFrame({**columns, **overtuning(sample.validation, sample.test)})
    together = samples.by_label(parts)
    return together if comparison.has_test else together.assign(test=np.nan)


def _final(comparison: Comparison, runs: pd.DataFrame, kinds: tuple[str, ...]) -> pd.DataFrame:
    parts = dict(list(runs.groupby("label", sort=False)))
    rows = []
    for label in comparison.final["label"]:
        row: dict[str, float | str] = {"label": label}
        for kind in (*kinds, "score"):
            values = parts[label][kind].to_numpy(dtype=np.float64)
            for name, centre in CENTRES.items():
                interval = centre(values)
                row[f"{kind}_{name}"] = float(interval.estimate)
                row[f"{kind}_{name}_low"], row[f"{kind}_{name}_high"] = float(interval.low), float(interval.high)
            if kind == "score" and np.isnan(values).all():
                row |= {f"score_{name}{end}": np.nan for name in CENTRES for end in ("", "_low", "_high")}
        rows.append(row)
    more = pd.DataFrame(rows)
    table = comparison.final.drop(columns=[f"{kind}_median" for kind in kinds]).merge(more, on="label")
    return table if "test" in kinds else table.drop(columns=[name for name in table if str(name).startswith("test_")])


def _pairs(runs: pd.DataFrame, kind: str, shared: bool) -> pd.DataFrame:
    parts = dict(list(runs.groupby("label", sort=False)))
    losses = {str(label): part[kind].to_numpy(dtype=np.float64) for label, part in parts.items()}
    seeds = {str(label): part["seed"].to_numpy() for label, part in parts.items()}
    return compare(losses, seeds, shared, alpha=ALPHA, rope=ROPE)


def _best(order: Sequence[str], comparison: Comparison) -> str:
    """The first label that competes, or where none does the first."""
    return next((label for label in order if label not in comparison.yardsticks), order[0])


def _power(comparison: Comparison, runs: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Power]:
    parts = {str(label): part.set_index("seed")["validation"] for label, part in runs.groupby("label", sort=False)}
    if not len(comparison.final):
        return {}
    best = _best([str(label) for label in comparison.final["label"]], comparison)
    power = {}
    for row in pairs.to_dict("records"):
        if best in (row["a"], row["b"]) and not row["distinguishable"]:
            other = row["b"] if row["a"] == best else row["a"]
            if other in comparison.yardsticks:
                continue
            ours, theirs = parts[best], parts[other]
            if row["paired"]:
                both = ours.index.intersection(theirs.index)
                ours, theirs = ours[both], theirs[both]
            power[other] = seeds_to_separate(ours.to_numpy(), theirs.to_numpy(), row["paired"], pairs=len(pairs))
    return power


def _baseline(comparison: Comparison, pools: Mapping[str, Values]) -> pd.DataFrame:
    problems = set(comparison.runs["problem"])
    if len(problems) > 1 or not pools or comparison.longest == 0:
        return pd.DataFrame({"evaluations": [], "median": [], "expected": []}, dtype=np.float64)
    pool = pools[problems.pop()]
    median, expected = baseline.quantile(pool, comparison.longest), baseline.expected(pool, comparison.longest)
    frame = pd.DataFrame({"evaluations": np.arange(1, comparison.longest + 1), "median": median, "expected": expected})
    return frame[frame["median"].notna()].reset_index(drop=True)


def _seconds(by_label: Mapping[str, Sample], kind: str) -> pd.DataFrame:
    return samples.by_label(
        {
            label: against_seconds(sample.best if kind == "validation" else sample.tested, sample.clocks, list(ended))
            for label, sample in by_label.items()
            for ended in [sample.exhausted.tolist()]
        }
    )


def _regret(by_label: Mapping[str, Sample], used: References) -> pd.DataFrame:
    parts = {}
    for label, sample in by_label.items():
        best = _references(sample, used, "best")
        if np.isfinite(best).all() and sample.validation.shape[1]:
            lines = quartiles.quartiles(sample.validation - best)
            columns = dict(zip(quartiles.QUARTILES, lines, strict=True))
            count = np.arange(1, sample.validation.shape[1] + 1)
            parts[label] = pd.DataFrame({"evaluations": count, **columns, "runs": len(sample.seeds)})
    return samples.by_label(parts)


def _ecdf(by_label: Mapping[str, Sample], pools: Mapping[str, Values]) -> pd.DataFrame:
    """The shares of all runs of a label, each by the targets of its own problem; empty where one has no draws."""
    aims = {problem: targets.targets(pool) for problem, pool in pools.items()}
    parts = {}
    for label, sample in by_label.items():
        if not sample.validation.shape[1] or any(not len(pools.get(problem, ())) for problem in sample.problems):
            continue
        share = np.zeros(sample.validation.shape[1])
        for problem in dict.fromkeys(sample.problems):
            here = np.array([other == problem for other in sample.problems])
            share += targets.ecdf(sample.validation[here], aims[problem]) * here.sum() / len(here)
        parts[label] = pd.DataFrame({"evaluations": np.arange(1, len(share) + 1), "share": share})
    return samples.by_label(parts)
