"""What several workers gain on the clock, and what asking before results are known loses in losses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.runs import workers as runs_of
from bench.report.runs.curves import Comparison
from bench.report.runs.samples import Sample
from bench.report.runs.selection import Reading
from bench.report.runs.workers import Timed
from bench.report.statistics import intervals
from bench.report.statistics.over_time import against_seconds

Values = NDArray[np.float64]

CLOCK = ("label", "workers", "clock", "lower", "median", "upper", "runs")
GAINS = (
    *("label", "workers", "runs", "speed_up", "speed_up_low", "speed_up_high"),
    *("blind", "blind_low", "blind_high", "clock", "asking"),
)


@dataclass(frozen=True)
class Workers:
    """The account of a comparison some of whose runs have several workers."""

    unit: str
    """What the clock counts."""
    clock: pd.DataFrame
    """Best validation loss against the clock, quartiles over runs: `CLOCK`.

    `label` is here and in `gains` that of the optimiser's runs with the fewest workers."""
    gains: pd.DataFrame
    """`GAINS`: of each optimiser and number of workers, medians over runs, with intervals.

    - `runs`: pairs of one seed and problem, the one run with one worker, the other with `workers`;
    - `speed_up`: see `speed_up`;
    - `blind`: the final validation loss at equal numbers of evaluations, less that with one worker;
    - `clock`: where it stands at the end of a run; `asking`: seconds of ask and tell for each trial."""


def workers(
    comparison: Comparison, reading: Reading, runs: pd.DataFrame, by_label: Mapping[str, Sample]
) -> Workers | None:
    """The account of a comparison, of whose `runs` the final losses are; None where all runs have one worker."""
    unit = runs_of.clocked_by(comparison, reading)
    if unit is None:
        return None
    groups: dict[tuple[str, int], list[Timed]] = {}
    for run in sorted(runs_of.timed(comparison, reading, unit), key=lambda run: run.seed):
        groups.setdefault((run.optimizer, run.workers), []).append(run)
    names = [optimizer for optimizer, number in groups if number > 1]
    groups = {key: groups[key] for key in sorted(groups) if key[0] in names}
    order = {label: place for place, label in enumerate(comparison.final["label"])}
    first = {optimizer: own[0].label for (optimizer, _), own in reversed(groups.items())}
    final = runs.set_index(["label", "seed"])["validation"]
    rows = sorted(groups.items(), key=lambda group: (order[first[group[0][0]]], group[0][1]))
    clock = [part for (optimizer, number), own in rows for part in _clock(first[optimizer], number, own)]
    gains = [
        _gains(first[optimizer], number, groups.get((optimizer, 1), []), own, final, by_label[own[0].label])
        for (optimizer, number), own in rows
    ]
    empty = pd.DataFrame(columns=list(CLOCK))
    return Workers(
        unit, pd.concat(clock, ignore_index=True) if clock else empty, pd.DataFrame(gains, columns=list(GAINS))
    )


def _clock(label: str, number: int, runs: Sequence[Timed]) -> Iterator[pd.DataFrame]:
    frame = against_seconds(
        [run.best for run in runs], [run.ends for run in runs], [run.exhausted for run in runs]
    ).rename(columns={"seconds": "clock"})
    if len(frame):
        yield frame.assign(label=label, workers=number)[list(CLOCK)]


def _gains(
    label: str, number: int, alone: Sequence[Timed], own: Sequence[Timed], final: pd.Series, sample: Sample
) -> tuple[object, ...]:
    of_seed = {(run.seed, run.problem): run for run in alone}
    pairs = [(of_seed[run.seed, run.problem], run) for run in own if (run.seed, run.problem) in of_seed]
    ratios = np.array([speed_up(one, several) for one, several in pairs], dtype=np.float64)
    lost = np.array([_less(final[b.label, b.seed], final[a.label, a.seed]) for a, b in pairs], dtype=np.float64)
    ends = float(np.median([run.ends[-1] if len(run.ends) else 0.0 for run in own]))
    asking = float(np.nanmedian(np.nanmean(sample.asking, axis=1))) if sample.asking.size else float("nan")
    return (label, number, len(pairs), *_median(ratios[~np.isnan(ratios)]), *_median(lost), ends, asking)


def _less(several: float, one: float) -> float:
    return 0.0 if several == one else several - one  # also where neither has any


def _median(values: Values) -> tuple[float, float, float]:
    if not len(values):
        return (float("nan"),) * 3
    interval = intervals.median(values)
    return float(interval.estimate), float(interval.low), float(interval.high)


def speed_up(one: Timed, several: Timed) -> float:
    """How many times as soon a run with several workers has a loss as one with one worker, on the clock.

    The loss is the higher of the two with which they end: both reach it, so that nothing is censored, and of two runs
    alike neither is favoured, as the one would be whose own best loss were the target. NaN where neither has succeeded,
    0 where the run with several workers has not, +inf where the other has not.
    """
    finals = [run.best[-1] if len(run.best) else np.inf for run in (one, several)]
    if not np.isfinite(finals).all():
        return float("nan") if finals[0] == finals[1] else 0.0 if np.isfinite(finals[0]) else float("inf")
    goal = max(finals)
    first, second = (float(run.ends[np.argmax(run.best <= goal)]) for run in (one, several))
    return first / second if second > 0 else float("nan")


def renamed(account: Workers | None, names: Mapping[str, str]) -> Workers | None:
    """The same under other names of optimisers."""
    if account is None:
        return None

    def new(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(label=[names.get(label, label) for label in frame["label"]])

    return replace(account, clock=new(account.clock), gains=new(account.gains))
