"""What policies of re-tuning cost and gain on one stream: losses by block, evaluations, and the gain over never."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bench.report.runs import drift as runs_of
from bench.report.runs import streams
from bench.report.runs.curves import Comparison
from bench.report.runs.drift import Passed
from bench.report.runs.selection import Reading
from bench.report.statistics import intervals, quartiles
from bench.report.statistics.pairs import Groups

BLOCKS = ("label", "row", "lower", "median", "upper", "tuned", "detected", "runs")
SPENT = (
    *("label", "runs", "evaluations", "evaluations_low", "evaluations_high", "studies"),
    *("never", "gain", "gain_low", "gain_high", "pairs", "worse_than"),
)
NEVER = "never"
"""The policy that gains are measured from."""


@dataclass(frozen=True)
class Drift:
    """The account of a comparison of policies."""

    positions: tuple[int, ...]
    """The rows at which the stream is known to drift."""
    end: int
    """The row after the last block."""
    blocks: pd.DataFrame
    """`BLOCKS`, a row a label and block: quartiles over runs of its loss, and the shares of runs that were tuned before
    it, and in which a change was detected in it."""
    spent: pd.DataFrame
    """`SPENT`, a row a label, in the order of the table:

    - `evaluations`, of all studies of a run, and `studies`: medians over runs, the first with an interval;
    - `never`: the label of the same optimiser under the policy never, empty where there is none, or it is this one;
    - `gain`: the mean prequential loss of the run of `never` with the same seed and stream, less that of this run:
      above 0, tuning anew paid; the median over `pairs` with an interval, NaN without any;
    - `worse_than`: how many labels are significantly better, by the tests of the verdict."""


def drift(comparison: Comparison, reading: Reading, groups: Groups | None) -> Drift | None:
    """The account of a comparison whose runs passed a stream; None where they did something else."""
    facts = comparison.drift
    if facts is None:
        return None
    runs = runs_of.passed(comparison, reading)
    by_label: dict[str, list[Passed]] = {}
    for run in runs:
        by_label.setdefault(run.label, []).append(run)
    labels = [str(label) for label in comparison.final["label"] if str(label) in by_label]
    problems = dict(
        zip(
            zip(comparison.runs["label"], comparison.runs["seed"], strict=True), comparison.runs["problem"], strict=True
        )
    )
    never = {(run.optimizer, run.seed, problems[run.label, run.seed]): run for run in runs if run.policy == NEVER}
    spent = [_spent(label, by_label[label], never, problems, groups) for label in labels]
    end = (
        max(int(run.rows[-1] + (run.rows[-1] - run.rows[-2] if len(run.rows) > 1 else 1)) for run in runs)
        if runs
        else 0
    )
    blocks = [_blocks(label, by_label[label]) for label in labels]
    return Drift(
        tuple(streams.positions_of(facts)),
        end,
        pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=list(BLOCKS)),
        pd.DataFrame(spent, columns=list(SPENT)),
    )


def _blocks(label: str, runs: Sequence[Passed]) -> pd.DataFrame:
    """Of the blocks that all runs of a label have: a file in the order of time may end a row sooner for some seed."""
    count = min(len(run.losses) for run in runs)
    losses = np.array([run.losses[:count] for run in runs])
    lines = dict(zip(quartiles.QUARTILES, quartiles.quartiles(losses), strict=True))
    shares = {name: np.mean([getattr(run, name)[:count] for run in runs], axis=0) for name in ("tuned", "detected")}
    return pd.DataFrame({"label": label, "row": runs[0].rows[:count], **lines, **shares, "runs": len(runs)})[
        list(BLOCKS)
    ]


def _spent(
    label: str,
    runs: Sequence[Passed],
    never: Mapping[tuple[str, int, str], Passed],
    problems: Mapping[tuple[str, int], str],
    groups: Groups | None,
) -> tuple[object, ...]:
    evaluations = intervals.median(np.array([run.evaluations for run in runs], dtype=np.float64))
    both = [
        (never[key], run)
        for run in runs
        if run.policy != NEVER and (key := (run.optimizer, run.seed, problems[label, run.seed])) in never
    ]
    gains = np.array([other.losses.mean() - run.losses.mean() for other, run in both], dtype=np.float64)
    gain = intervals.median(gains) if len(gains) else None
    ends = (np.nan,) * 3 if gain is None else (float(gain.estimate), float(gain.low), float(gain.high))
    return (
        label,
        len(runs),
        *(float(evaluations.estimate), float(evaluations.low), float(evaluations.high)),
        float(np.median([run.studies for run in runs])),
        both[0][0].label if both else "",
        *ends,
        len(gains),
        len(groups.worse.get(label, ())) if groups is not None else 0,
    )


def renamed(account: Drift | None, names: Mapping[str, str]) -> Drift | None:
    """The same under other names of optimisers."""
    if account is None:
        return None

    def new(frame: pd.DataFrame) -> pd.DataFrame:
        there = [name for name in ("label", "never") if name in frame]
        return frame.assign(**{name: [names.get(label, label) for label in frame[name]] for name in there})

    return replace(account, blocks=new(account.blocks), spent=new(account.spent))
