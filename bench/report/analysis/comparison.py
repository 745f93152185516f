"""Every number of one comparison, computed once: what its figures, tables, words and page only render."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.analysis import reaching, testing
from bench.report.analysis.fidelity import Fidelity, fidelity
from bench.report.analysis.fronts import OfFronts, of_fronts
from bench.report.analysis.testing import Basis
from bench.report.analysis.workers import Workers, workers
from bench.report.runs import identities, references, samples
from bench.report.runs.curves import Comparison
from bench.report.runs.references import References
from bench.report.runs.samples import Sample
from bench.report.runs.selection import Reading
from bench.report.statistics import intervals, pairs, quartiles, targets
from bench.report.statistics import random_search as baseline
from bench.report.statistics.designs import Design, Family
from bench.report.statistics.over_time import against_seconds
from bench.report.statistics.overhead import overhead, window
from bench.report.statistics.overtuning import overtuning
from bench.report.statistics.pairs import Groups
from bench.report.statistics.sequential import Looks
from bench.results import Results

Values = NDArray[np.float64]

CENTRES = {"median": intervals.median, "mean": intervals.mean, "iqm": intervals.interquartile_mean}


@dataclass(frozen=True)
class Analysis:
    """The frames of one comparison; losses are +inf where a run has none, NaN where nothing is defined."""

    comparison: Comparison
    samples: Mapping[str, Sample]
    """By label, in the order of the table: the least median validation loss first."""
    design: Design
    """Which tests the runs allow."""
    family: Family
    """Who is ranked among whom."""
    looks: Looks | None
    """By which seeds were added until the comparison is decided; None where their numbers were fixed."""
    by_hand: Mapping[str, list[int]]
    """With looks, the seeds of each label that were made without them."""
    references: References
    """What scores are measured by."""
    outdated: str | None
    """A line where loaded runs are better than the best loss that the references know."""
    runs: pd.DataFrame
    """One row a run: `label`, `seed`, `validation`, `test` (final losses after `comparison.evaluations`), `score`
    (`baseline.normalised`), `evaluations_to_random`, and `overtuning`, `relative`, `gap` (from the first incumbent on
    that was evaluated fully within the run)."""
    final: pd.DataFrame
    """One row a label: `statistics.final`, with an interval of each of `CENTRES` and kind of loss, `KIND_CENTRE_low`
    and `_high`; see `intervals`."""
    random: str | None
    """The label of random search with the same budget; None without it."""
    reaching: pd.DataFrame
    """How soon each label reaches random search's final loss (`reaching.reaching`); empty where that is not known."""
    pairs: Mapping[str, pd.DataFrame]
    """By kind of loss; see `pairs.compare`."""
    groups: Mapping[str, Groups]
    """By kind of loss; see `pairs.groups`."""
    yardsticks: pd.DataFrame
    """Each member of the family against each yardstick, as `pairs` has them, corrected for each yardstick by itself."""
    know_nothing: float
    """The validation loss of a model that knows nothing, the lowest over problems; NaN where it is not recorded."""
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
    fidelity: Fidelity | None = None
    """Where the cost went, and how well low fidelities rank; None where no run has a ladder of them."""
    workers: Workers | None = None
    """What several workers gain and lose; None where all runs have one."""
    fronts: OfFronts | None = None
    """The fronts of runs that are judged by several losses; None of others."""

    @property
    def judged(self) -> str:
        """The kind of loss that the verdict goes by; see `Comparison.judged`."""
        return self.comparison.judged

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

    def leader(self, kind: str) -> str:
        """The label of the lowest median loss of a kind: of the ranked ones, of competitors where nobody is ranked."""
        order = self.order(kind)
        own = [label for label in order if label in (self.family.members or self.competitors)]
        return (own or order)[0]

    @property
    def competitors(self) -> list[str]:
        """The labels that spend no more than the budget, and have no more workers than others."""
        return testing.competitors(self.comparison, self.samples)

    def level(self, kind: str) -> list[str]:
        """The group that is worse than nobody, in the order of the medians of that kind; empty where none is stated."""
        return [label for label in self.order(kind) if label in self.groups[kind].level]

    def row(self, label: str) -> Mapping[str, Any]:
        """The row of `final` of a label."""
        return self._final[label]

    @cached_property
    def _final(self) -> dict[str, dict[str, Any]]:
        rows = self.final.to_dict("records")
        return {str(row["label"]): {str(name): value for name, value in row.items()} for row in rows}

    def pair(self, kind: str, a: str, b: str) -> dict[str, Any]:
        """The row of `pairs` that compares two labels, in whichever order they stand there."""
        return self._rows[kind][frozenset((a, b))]

    @property
    def tested(self) -> pd.DataFrame:
        """The rows of `pairs` that the verdict goes by, those of a yardstick with what its own family of tests says."""
        frame = self.pairs[self.judged]
        if not len(self.yardsticks):
            return frame
        own = set(zip(self.yardsticks["a"], self.yardsticks["b"], strict=True))
        others = [two not in own for two in zip(frame["a"], frame["b"], strict=True)]
        return pd.concat([frame[others], self.yardsticks], ignore_index=True)

    @cached_property
    def _rows(self) -> dict[str, dict[frozenset[str], dict[str, Any]]]:
        """The rows of `pairs`, by kind of loss and by the two labels."""
        records = {kind: frame.to_dict("records") for kind, frame in self.pairs.items()}
        return {
            kind: {frozenset((row["a"], row["b"])): {str(name): value for name, value in row.items()} for row in rows}
            for kind, rows in records.items()
        }


def analyse(comparison: Comparison, reading: Reading, stored: References | None = None) -> Analysis:
    """The frames of a comparison; scores are measured by `stored` references where they still apply."""
    results = reading.results
    by_label = samples.samples(comparison, results)
    pools = references.pools(comparison, results)
    basis = testing.basis(comparison, reading, by_label, pools)
    design, family = basis.design, basis.family
    now = references.find(comparison, results, pools)
    used = now if comparison.objectives is not None else references.kept(stored or {}, now)
    kinds = quartiles.KINDS if comparison.has_test else quartiles.KINDS[:1]
    goals = {label: _references(sample, used, "random") for label, sample in by_label.items()}
    finite = all(np.isfinite(goal).all() for goal in goals.values())
    known = comparison.evaluations > 0 and finite and _drawn_enough(comparison, pools)
    runs = _runs(comparison, by_label, used, goals if known else {})
    every = window(max((sample.asking.shape[1] for sample in by_label.values()), default=0))
    random = _random(comparison, results)
    compared = {kind: testing.compare(basis, runs, kind) for kind in kinds}
    return Analysis(
        comparison=comparison,
        samples=by_label,
        design=design,
        family=family,
        looks=basis.looks,
        by_hand=basis.by_hand,
        references=used,
        outdated=references.outdated(comparison, used, now),
        runs=runs,
        final=_final(comparison, runs, kinds, design),
        random=random,
        reaching=reaching.reaching(comparison, by_label, basis, goals, pools, random) if known else pd.DataFrame(),
        pairs=compared,
        groups={kind: pairs.groups(frame, family.members) for kind, frame in compared.items()},
        yardsticks=_yardsticks(comparison, runs, basis),
        know_nothing=_know_nothing(comparison, results),
        baseline=_baseline(comparison, pools),
        seconds={kind: _seconds(comparison, by_label, kind) for kind in kinds},
        regret=_paid(_regret({} if comparison.objectives is not None else by_label, used), comparison),
        ecdf=_paid(_ecdf(by_label, pools), comparison) if _drawn_enough(comparison, pools) else pd.DataFrame(),
        overhead=samples.by_label({label: overhead(sample.asking, every) for label, sample in by_label.items()}),
        fidelity=fidelity(comparison),
        workers=workers(comparison, reading, runs, by_label),
        fronts=of_fronts(comparison),
    )


def _references(sample: Sample, used: References, name: str) -> Values:
    """One reference value (`best`, `random`) for each run of a sample, (runs, 1)."""
    return np.array([[getattr(used[problem].reference, name)] for problem in sample.problems], dtype=np.float64)


def _runs(
    comparison: Comparison, by_label: Mapping[str, Sample], used: References, goals: Mapping[str, Values]
) -> pd.DataFrame:
    parts, scale = {}, baseline.distance([entry.reference for entry in used.values()])
    for label, sample in by_label.items():
        final = {kind: sample.final(kind, comparison.evaluations) for kind in quartiles.KINDS}
        scores = np.empty(len(sample.seeds))
        for problem in dict.fromkeys(sample.problems):
            here = np.array([other == problem for other in sample.problems])
            scores[here] = baseline.normalised(final["validation"][here], used[problem].reference, scale)
        reached = targets.evaluations_to(sample.validation, goals[label]) if goals else np.nan
        columns = {"seed": sample.seeds, **final, "score": scores, "evaluations_to_random": reached}
        unpaid = np.arange(1, sample.validation.shape[1] + 1) < sample.paid[:, None]
        parts[label] = pd.DataFrame({**columns, **overtuning(np.where(unpaid, np.inf, sample.validation), sample.test)})
    together = samples.by_label(parts)
    return together if comparison.has_test else together.assign(test=np.nan)


def _final(comparison: Comparison, runs: pd.DataFrame, kinds: tuple[str, ...], design: Design) -> pd.DataFrame:
    """With the intervals of runs that are a sample: one run under several seeds has none."""
    parts = dict(list(runs.groupby("label", sort=False)))
    rows = []
    for label in comparison.final["label"]:
        row: dict[str, float | str] = {"label": label}
        for kind in (*kinds, "score"):
            values = parts[label][kind].to_numpy(dtype=np.float64)[: 1 if label in design.single else None]
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


def _yardsticks(comparison: Comparison, runs: pd.DataFrame, basis: Basis) -> pd.DataFrame:
    """The tests of the family's members against each yardstick, which are a family of their own."""
    against = [testing.compare(basis, runs, comparison.judged, against=label) for label in comparison.yardsticks]
    return pd.concat(against, ignore_index=True) if against else pd.DataFrame(columns=pairs.COLUMNS)


def _drawn_enough(comparison: Comparison, pools: Mapping[str, Values]) -> bool:
    """Whether random search was drawn more often on each problem than a run has evaluations.

    Targets that are taken from one run alone (on a split of its own) are reached by that run for certain: nothing else
    can be held against them.
    """
    return all(len(pools.get(problem, ())) > comparison.evaluations for problem in set(comparison.runs["problem"]))


def _random(comparison: Comparison, results: Results) -> str | None:
    """The label of random search with the same budget."""
    for run, label in zip(identities.run_ids(comparison.runs), comparison.runs["label"], strict=True):
        if testing.competitors(comparison, [label]) and references.is_random(run, results.runs[run]):
            return str(label)
    return None


def _know_nothing(comparison: Comparison, results: Results) -> float:
    if comparison.without_data or comparison.objectives is not None:
        return float("nan")
    losses = [results.runs[run].get("baseline_loss") for run in identities.run_ids(comparison.runs)]
    known = [float(loss) for loss in losses if isinstance(loss, int | float)]
    return min(known) if len(known) == len(losses) else float("nan")


def _baseline(comparison: Comparison, pools: Mapping[str, Values]) -> pd.DataFrame:
    problems = set(comparison.runs["problem"])
    if len(problems) > 1 or not pools or comparison.longest == 0:
        return pd.DataFrame({"evaluations": [], "median": [], "expected": []}, dtype=np.float64)
    pool = pools[problems.pop()]
    median, expected = baseline.quantile(pool, comparison.longest), baseline.expected(pool, comparison.longest)
    frame = pd.DataFrame({"evaluations": np.arange(1, comparison.longest + 1), "median": median, "expected": expected})
    return frame[frame["median"].notna()].reset_index(drop=True)


def _seconds(comparison: Comparison, by_label: Mapping[str, Sample], kind: str) -> pd.DataFrame:
    """Losses against charged seconds; with a ladder of fidelities also `paid`, see `_paid`."""
    frame = samples.by_label(
        {
            label: against_seconds(sample.best if kind == "validation" else sample.tested, sample.clocks, list(ended))
            for label, sample in by_label.items()
            for ended in [sample.exhausted.tolist()]
        }
    )
    if not comparison.in_cost or frame.empty:
        return frame
    paid = {
        label: float(np.sort(sample.paid_seconds)[(len(sample.seeds) - 1) // 2]) for label, sample in by_label.items()
    }
    return frame.assign(paid=frame["label"].map(paid))


def _paid(frame: pd.DataFrame, comparison: Comparison) -> pd.DataFrame:
    """With `paid`, where there is a ladder of fidelities: see `Comparison.paid`."""
    if not comparison.in_cost or frame.empty:
        return frame
    return frame.assign(paid=frame["label"].map({label: comparison.paid(label) for label in set(frame["label"])}))


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
            lowest = np.minimum.accumulate(sample.validation[here], axis=1)  # a target once reached stays so
            share += targets.ecdf(lowest, aims[problem]) * here.sum() / len(here)
        parts[label] = pd.DataFrame({"evaluations": np.arange(1, len(share) + 1), "share": share})
    return samples.by_label(parts)
