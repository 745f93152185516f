"""What the comparisons of a report say together: ranks and records over problems, with problems as blocks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.report.analysis.comparison import Analysis
from bench.report.statistics import ranks
from bench.report.statistics.ranks import Friedman


@dataclass(frozen=True)
class Across:
    """Final median losses of every optimiser on every problem, and what follows of them, by kind of loss.

    What spends more than the budget (`Comparison.yardsticks`) takes no part, nor does a copy of another optimiser on
    every problem (`designs.Family.clones`).
    """

    problems: tuple[str, ...]
    """As DATASET/MODEL."""
    blocks: Mapping[str, pd.DataFrame]
    """A row a problem, a column an optimiser; NaN where it was not run."""
    ranks: Mapping[str, pd.DataFrame]
    """See `ranks.average`."""
    records: Mapping[str, pd.DataFrame]
    """See `ranks.records`."""
    friedman: Mapping[str, Friedman | None]
    incomplete: tuple[str, ...]
    """The problems that not every optimiser was run on; ranks leave them out."""
    over_budget: pd.DataFrame
    """Average ranks by validation loss after each number of evaluations; see `ranks.over_budget`."""

    @property
    def complete(self) -> int:
        """How many problems every optimiser was run on."""
        return len(self.problems) - len(self.incomplete)


def across(analyses: Sequence[Analysis]) -> Across | None:
    """What several problems say together; None for one problem, or of one optimiser."""
    kept = [analysis for analysis in analyses if analysis.kinds]
    labels = {label for analysis in kept for label in analysis.competitors}
    labels -= {label for label in labels if all(_copied(analysis, label) for analysis in kept)}
    if len(kept) < 2 or len(labels) < 2:
        return None
    kinds = ["validation", *(["test"] if all("test" in analysis.kinds for analysis in kept) else [])]
    blocks = {kind: _blocks(kept, kind, labels) for kind in kinds}
    return Across(
        problems=tuple(str(analysis.comparison) for analysis in kept),
        blocks=blocks,
        ranks={kind: ranks.average(frame) for kind, frame in blocks.items()},
        records={kind: ranks.records(frame) for kind, frame in blocks.items()},
        friedman={kind: ranks.friedman(frame) for kind, frame in blocks.items()},
        incomplete=tuple(ranks.incomplete(blocks["validation"])),
        over_budget=ranks.over_budget(_medians(kept, labels)),
    )


def _copied(analysis: Analysis, label: str) -> bool:
    """Whether a label is a copy of another, or not there."""
    return label in analysis.family.clones or label not in analysis.samples


def _blocks(analyses: Sequence[Analysis], kind: str, labels: Collection[str]) -> pd.DataFrame:
    columns = {
        str(analysis.comparison): _of(analysis.final, labels).set_index("label")[f"{kind}_median"]
        for analysis in analyses
    }
    return pd.DataFrame(columns).T.sort_index(axis="columns")


def _medians(analyses: Sequence[Analysis], labels: Collection[str]) -> pd.DataFrame:
    parts = [
        _of(analysis.comparison.curves, labels)[["label", "evaluations", "validation_median"]]
        .rename(columns={"validation_median": "median"})
        .assign(problem=str(analysis.comparison))
        for analysis in analyses
    ]
    return pd.concat(parts, ignore_index=True)


def _of(frame: pd.DataFrame, labels: Collection[str]) -> pd.DataFrame:
    return frame[frame["label"].isin(labels)]
