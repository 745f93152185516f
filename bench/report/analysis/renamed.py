"""A comparison with display names in the place of its labels: what figures and tables are then made of."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from bench.report.analysis import drift, fidelity, fronts, workers
from bench.report.analysis.comparison import Analysis
from bench.report.analysis.published import Published
from bench.report.runs.visits import Visits

_COLUMNS = ("label", "a", "b", "better")


def renamed(analysis: Analysis, names: Mapping[str, str]) -> Analysis:
    """The same numbers under other names; itself where no name is given."""
    if not names:
        return analysis

    def new(label: str) -> str:
        return names.get(label, label)

    comparison, design, family = analysis.comparison, analysis.design, analysis.family
    return replace(
        analysis,
        comparison=replace(
            comparison,
            runs=_frame(comparison.runs, names),
            curves=_frame(comparison.curves, names),
            final=_frame(comparison.final, names),
        ),
        samples={new(label): sample for label, sample in analysis.samples.items()},
        design=replace(
            design,
            seeds={new(label): seeds for label, seeds in design.seeds.items()},
            single=frozenset(map(new, design.single)),
            relations={frozenset(map(new, two)): relation for two, relation in design.relations.items()},
        ),
        family=replace(
            family,
            members=tuple(map(new, family.members)),
            clones={new(label): new(other) for label, other in family.clones.items()},
            shown={new(label): needed for label, needed in family.shown.items()},
        ),
        by_hand={new(label): seeds for label, seeds in analysis.by_hand.items()},
        groups={
            kind: replace(
                groups,
                level=tuple(map(new, groups.level)),
                worse={new(label): tuple(map(new, others)) for label, others in groups.worse.items()},
            )
            for kind, groups in analysis.groups.items()
        },
        pairs={kind: _frame(frame, names) for kind, frame in analysis.pairs.items()},
        seconds={kind: _frame(frame, names) for kind, frame in analysis.seconds.items()},
        runs=_frame(analysis.runs, names),
        final=_frame(analysis.final, names),
        random=None if analysis.random is None else new(analysis.random),
        reaching=_frame(analysis.reaching, names),
        yardsticks=_frame(analysis.yardsticks, names),
        regret=_frame(analysis.regret, names),
        ecdf=_frame(analysis.ecdf, names),
        overhead=_frame(analysis.overhead, names),
        fidelity=fidelity.renamed(analysis.fidelity, names),
        workers=workers.renamed(analysis.workers, names),
        fronts=fronts.renamed(analysis.fronts, names),
        drift=drift.renamed(analysis.drift, names),
    )


def visits(looked: Visits | None, names: Mapping[str, str]) -> Visits | None:
    """Where optimisers looked, under other names."""
    if looked is None or not names:
        return looked
    return replace(looked, trials=_frame(looked.trials, names), runs=_frame(looked.runs, names))


def published(theirs: Published | None, analysis: Analysis, names: Mapping[str, str]) -> Published | None:
    """What others have published, those that the comparison has no run of under other names."""
    if theirs is None or not names:
        return theirs
    ran = set(analysis.comparison.runs["optimizer"])
    losses = {key if key in ran else names.get(key, key): given for key, given in theirs.losses.items()}
    return replace(theirs, losses=losses)


def _frame(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    there = [name for name in _COLUMNS if name in frame and not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{name: [names.get(label, label) for label in frame[name]] for name in there})
