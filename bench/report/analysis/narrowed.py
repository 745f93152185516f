"""An analysis without some of its labels: what figures with a line or a panel for each label are drawn from."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bench.report.analysis.comparison import Analysis


def without(analysis: Analysis, labels: Sequence[str]) -> Analysis:
    """The same numbers, those of `labels` left out of all that is shown against evaluations, seconds or trials.

    Who is ranked, how, and what tests say stays as it is; itself where no label is given.
    """
    if not labels:
        return analysis

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[~frame["label"].isin(labels)].reset_index(drop=True) if len(frame) else frame

    comparison = replace(
        analysis.comparison, curves=kept(analysis.comparison.curves), final=kept(analysis.comparison.final)
    )
    return replace(
        analysis,
        comparison=comparison,
        samples={label: sample for label, sample in analysis.samples.items() if label not in labels},
        runs=kept(analysis.runs),
        seconds={kind: kept(frame) for kind, frame in analysis.seconds.items()},
        regret=kept(analysis.regret),
        ecdf=kept(analysis.ecdf),
        overhead=kept(analysis.overhead),
    )
