"""How long an optimiser thinks: its own seconds per trial as the history grows."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.statistics import quartiles

POINTS = 100
"""A curve has no more: of more trials it shows means of windows."""


def window(trials: int) -> int:
    """How many trials each point of a curve over so many stands for.

    Some optimisers fit their model anew in every eighth trial or so: of a thousand single trials one would see a block.
    """
    return max(1, math.ceil(trials / POINTS))


def overhead(asking: NDArray[np.float64], every: int = 1) -> pd.DataFrame:
    """Quartiles over runs of an optimiser's own seconds in its 1st, 2nd, ... trial, one row per trial that any run has.

    With `every` above 1, of each run's mean over that many trials, one row per window; the last may be shorter.

    `asking` is ask + tell seconds as charged, not cumulated, (runs, trials); NaN where a run has ended, or where the
    seconds are unknown. Columns: `evaluations`, t: what is timed is the ask that chose trial t, knowing t - 1 others,
    and the tell after it (of a window, t is its first trial); `trials`, how many the row stands for; `lower`, `median`,
    `upper`, the quartiles of `statistics.quartiles` over the runs that have trial t; `runs`, their number.

    Here a missing value is left out, unlike in losses: a run that has ended has no time, and not an infinite one. Where
    `runs` falls along the curve, a step of it may come from the runs that left.
    """
    means = _means(asking, every)
    ordered = np.sort(means, axis=0)  # NaN last
    counts = np.count_nonzero(~np.isnan(means), axis=0)
    lines = np.full((len(quartiles.QUARTILES), len(counts)), np.nan)
    for count in np.unique(counts[counts > 0]).tolist():
        at = counts == count
        lines[:, at] = quartiles.quartiles(ordered[:count, at])
    there = counts > 0
    columns = dict(zip(quartiles.QUARTILES, lines[:, there], strict=True))
    first = np.flatnonzero(there) * every
    trials = np.minimum(every, asking.shape[1] - first)
    return pd.DataFrame({"evaluations": first + 1, "trials": trials, **columns, "runs": counts[there]})


def _means(asking: NDArray[np.float64], every: int) -> NDArray[np.float64]:
    """Of each run, over windows of so many trials; NaN where it has none."""
    runs, trials = asking.shape
    windows = np.full((runs, math.ceil(trials / every), every), np.nan)
    windows.reshape(runs, windows.shape[1] * every)[:, :trials] = asking
    counts = np.count_nonzero(~np.isnan(windows), axis=2)
    return np.where(counts > 0, np.nansum(windows, axis=2) / np.maximum(counts, 1), np.nan)
