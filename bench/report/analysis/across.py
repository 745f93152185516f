"""What the comparisons of a report say together: scores, ranks and tests over problems, with problems as blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bench.report.analysis import subsets
from bench.report.analysis.comparison import Analysis
from bench.report.runs.curves import COST, EVALUATIONS
from bench.report.runs.fronts import MISSING
from bench.report.runs.traits import Traits
from bench.report.statistics import aggregates, bayesian, mixed_model, pairs, ranks
from bench.report.statistics.aggregates import Scores
from bench.report.statistics.mixed_model import Model
from bench.report.statistics.pairs import Groups
from bench.report.statistics.ranks import Friedman
from bench.report.statistics.significance import median

Scale = Literal["score", "rank"]
VALIDATION = "validation loss"


@dataclass(frozen=True)
class Across:
    """Final median losses and scores of every optimiser on every problem, and what follows of them.

    What spends more than the budget (`Comparison.yardsticks`) takes no part, nor does a copy of another optimiser on
    every problem (`designs.Family.clones`). All that compares does so for `members` on the problems that every one of
    them was run on.
    """

    problems: tuple[str, ...]
    """As DATASET/MODEL."""
    members: tuple[str, ...]
    """The optimisers that are compared; see `ranks.family`."""
    shown: Mapping[str, int]
    """Those that were run on too few problems, and how many each needs."""
    blocks: Mapping[str, pd.DataFrame]
    """By kind of loss: a row a problem, a column an optimiser; NaN where it was not run."""
    scores: pd.DataFrame
    """Median normalised scores, in the same form; NaN also where the problem has no scale (`baseline.normalised`)."""
    incomplete: tuple[str, ...]
    """The problems that not every member was run on; comparisons leave them out."""
    scored: tuple[str, ...]
    """The other problems on which every member has a score."""
    ranks: Mapping[str, pd.DataFrame]
    """By kind of loss; see `ranks.average`."""
    scales: Mapping[str, Scale]
    """By kind of loss, what `pairs` compares: scores, or ranks within each problem where too few problems have them."""
    pairs: Mapping[str, pd.DataFrame]
    """By kind of loss: Wilcoxon's signed-rank test over problems, see `ranks.compare`."""
    groups: Mapping[str, Groups]
    """By kind of loss, what those tests say; see `pairs.groups`."""
    friedman: Mapping[str, Friedman | None]
    """By kind of loss; None under `ranks.FEWEST` complete problems."""
    records: Mapping[str, pd.DataFrame]
    """By kind of loss, of all optimisers; see `ranks.records`."""
    over_budget: pd.DataFrame
    """Average ranks by validation loss after each number of evaluations; see `ranks.over_budget`."""
    targets: pd.DataFrame
    """`label`, `evaluations`, `share`, `problems`: of the members, the share of targets reached (`Analysis.ecdf`) in
    the mean over the complete problems on which all of them have one; as far as all of those go."""
    aggregates: pd.DataFrame
    """See `aggregates.centres`, over all runs on the `scored` problems; empty without any, as are the next two. Without
    an interval where the runs of each problem are one and the same, whatever the seed."""
    improvement: pd.DataFrame
    """See `aggregates.improvement`."""
    profiles: pd.DataFrame
    """See `aggregates.profiles`."""
    model: Model | None
    """Of the scores of the members on every problem; see `mixed_model.fit`."""
    bayesian: pd.DataFrame
    """See `bayesian.compare`; empty under `ranks.FEWEST` scored problems."""
    subsets: pd.DataFrame
    """Interquartile means by trait of the problem; see `subsets.subsets`."""

    by: str = VALIDATION
    """What the kind `validation` is, in words: of problems whose runs are judged by several losses, what those are."""
    against: str = EVALUATIONS
    """What the budget is counted in, as an axis says it: by cost, where that is so on some problem."""

    def named(self, kind: str) -> str:
        """A kind of loss in words."""
        return self.by if kind == "validation" else f"{kind} loss"

    @property
    def complete(self) -> int:
        """How many problems every member was run on."""
        return len(self.problems) - len(self.incomplete)

    @property
    def unscored(self) -> tuple[str, ...]:
        """The complete problems that have no score of some member."""
        aside = {*self.incomplete, *self.scored}
        return tuple(problem for problem in self.problems if problem not in aside)


def across(analyses: Sequence[Analysis], traits: Sequence[Traits] = ()) -> Across | None:
    """What several problems say together; None for one problem, or of one optimiser.

    `traits` are those of the analyses, in their order; without them there are no subsets.
    """
    kept = [analysis for analysis in analyses if analysis.kinds]
    labels = {label for analysis in kept for label in analysis.competitors}
    labels -= {label for label in labels if all(_copied(analysis, label) for analysis in kept)}
    if len(kept) < 2 or len(labels) < 2:
        return None
    by = _by(kept)
    tested = by == VALIDATION and all("test" in analysis.kinds for analysis in kept)
    kinds = ["validation", *(["test"] if tested else [])]
    blocks = {kind: _blocks(kept, kind, sorted(labels)) for kind in kinds}
    members, shown = ranks.family(blocks["validation"])
    own = {kind: frame[members] for kind, frame in blocks.items()}
    by_problem = {str(analysis.comparison): _scores(analysis, sorted(labels)) for analysis in kept}
    scores = pd.DataFrame(
        {problem: {label: median(values) for label, values in of.items()} for problem, of in by_problem.items()},
        index=sorted(labels),
    ).T.astype(np.float64)
    incomplete = ranks.incomplete(own["validation"])
    scored = [p for p in by_problem if p not in incomplete and scores.loc[p, members].notna().all()]
    runs: Scores = {label: [by_problem[problem][label] for problem in scored] for label in members}
    scales: dict[str, Scale] = dict.fromkeys(kinds, "rank")
    if _mostly(len(scored), len(kept) - len(incomplete)):
        scales["validation"] = "score"
    values = {
        kind: scores.loc[scored, members] if scale == "score" else ranks.ranks(own[kind])
        for kind, scale in scales.items()
    }
    compared = {
        kind: ranks.compare(frame, bayesian.ROPE if scales[kind] == "score" else np.nan)
        for kind, frame in values.items()
    }
    some = bool(scored) and len(members) > 1
    return Across(
        problems=tuple(by_problem),
        members=tuple(members),
        shown=shown,
        blocks=blocks,
        scores=scores,
        incomplete=tuple(incomplete),
        scored=tuple(scored),
        ranks={kind: ranks.average(frame) for kind, frame in own.items()},
        scales=scales,
        pairs=compared,
        groups={kind: pairs.groups(frame, members) for kind, frame in compared.items()},
        friedman={kind: ranks.friedman(frame, compared[kind]) for kind, frame in own.items()},
        records={kind: ranks.records(frame) for kind, frame in blocks.items()},
        over_budget=ranks.over_budget(_medians(kept, members)),
        targets=_targets([each for each in kept if str(each.comparison) not in incomplete], members),
        aggregates=_sampled(aggregates.centres(runs), kept, scored) if some else pd.DataFrame(),
        improvement=aggregates.improvement(runs) if some else pd.DataFrame(),
        profiles=aggregates.profiles(runs) if some else pd.DataFrame(),
        model=mixed_model.fit(scores[members].dropna(how="all")),
        bayesian=bayesian.compare(scores.loc[scored, members])
        if some and len(scored) >= ranks.FEWEST
        else pd.DataFrame(),
        subsets=_sampled(subsets.subsets(runs, scored, _by_name(analyses, traits)), kept, scored)
        if some
        else pd.DataFrame(),
        by=by,
        against=COST if any(analysis.comparison.in_cost for analysis in kept) else EVALUATIONS,
    )


def _by(analyses: Sequence[Analysis]) -> str:
    """What problems are compared by: their validation losses, or where runs of some have several losses what these are

    judged by (`Analysis.judged`), which may be test losses.
    """
    several = [analysis.comparison.objectives is not None for analysis in analyses]
    if all(several):
        return MISSING
    return f"{VALIDATION}, or {MISSING} where there are several losses" if any(several) else VALIDATION


def _mostly(scored: int, complete: int) -> bool:
    """Whether scores say enough of the problems: all have one, or half of them, and enough for a test."""
    return 0 < scored == complete or (scored >= ranks.FEWEST and 2 * scored >= complete)


def _by_name(analyses: Sequence[Analysis], traits: Sequence[Traits]) -> dict[str, Traits]:
    pairs_ = zip(analyses, traits, strict=True) if traits else ()
    return {str(analysis.comparison): own for analysis, own in pairs_}


def _copied(analysis: Analysis, label: str) -> bool:
    """Whether a label is a copy of another, or not there."""
    return label in analysis.family.clones or label not in analysis.samples


def _blocks(analyses: Sequence[Analysis], kind: str, labels: Sequence[str]) -> pd.DataFrame:
    columns = {
        str(analysis.comparison): _of(analysis.final, labels).set_index("label")[f"{_own(analysis, kind)}_median"]
        for analysis in analyses
    }
    return pd.DataFrame(columns).T.reindex(columns=list(labels))


def _own(analysis: Analysis, kind: str) -> str:
    """The kind of loss of one problem that stands for a kind of all: for validation what its verdict goes by."""
    return analysis.judged if kind == "validation" else kind


def _scores(analysis: Analysis, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """The scores of each label's runs; those on a split that has no scale are left out for every label."""
    known = _of(analysis.runs, labels).dropna(subset="score")
    parts = {str(label): part["score"].to_numpy(dtype=np.float64) for label, part in known.groupby("label")}
    return {label: parts.get(label, np.empty(0)) for label in labels}


def _sampled(frame: pd.DataFrame, analyses: Sequence[Analysis], scored: Sequence[str]) -> pd.DataFrame:
    """Means with their intervals, but of labels that make the same run on each problem, whatever the seed."""
    singles = [analysis.design.single for analysis in analyses if str(analysis.comparison) in scored]
    ends = [name for name in frame if str(name).endswith(("_low", "_high"))]
    same = frame["label"].isin(frozenset.intersection(*singles))
    return frame.assign(**{str(name): frame[name].mask(same) for name in ends})


def _medians(analyses: Sequence[Analysis], labels: Sequence[str]) -> pd.DataFrame:
    parts = [
        _of(analysis.comparison.curves, labels)[["label", "evaluations", f"{analysis.judged}_median"]]
        .rename(columns={f"{analysis.judged}_median": "median"})
        .assign(problem=str(analysis.comparison))
        for analysis in analyses
    ]
    return pd.concat(parts, ignore_index=True)


def _targets(analyses: Sequence[Analysis], members: Sequence[str]) -> pd.DataFrame:
    known = [frame for frame in (_of(each.ecdf, members) for each in analyses if len(each.ecdf)) if len(frame)]
    known = [frame for frame in known if frame["label"].nunique() == len(members)]
    if not known:
        return pd.DataFrame()
    shortest = min(int(frame.groupby("label")["evaluations"].max().min()) for frame in known)
    together = pd.concat(known)
    shares = together[together["evaluations"] <= shortest].groupby(["label", "evaluations"], sort=False)["share"]
    return shares.mean().reset_index().assign(problems=len(known))


def _of(frame: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    return frame[frame["label"].isin(labels)]
