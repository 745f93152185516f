"""How long an optimiser thinks: its own seconds per trial as the history grows."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report import statistics


def overhead(asking: NDArray[np.float64]) -> pd.DataFrame:
    """Quartiles over runs of an optimiser's own seconds in its 1st, 2nd, ... trial, one row per trial that any run has.

    `asking` is ask + tell seconds as charged, not cumulated, (runs, trials); NaN where a run has ended, or where the
    seconds are unknown. Columns: `evaluations`, t: what is timed is the ask that chose trial t, knowing t - 1 others,
    and the tell after it; `lower`, `median`, `upper`, the quartiles of `statistics.quartiles` over the runs that have
    trial t; `runs`, their number.

    Here a missing value is left out, unlike in losses: a run that has ended has no time, and not an infinite one. Where
    `runs` falls along the curve, a step of it may come from the runs that left.
    """
    ordered = np.sort(asking, axis=0)  # NaN last
    counts = np.count_nonzero(~np.isnan(asking), axis=0)
    lines = np.full((len(statistics.QUARTILES), len(counts)), np.nan)
    for count in np.unique(counts[counts > 0]).tolist():
        at = counts == count
        lines[:, at] = statistics.quartiles(ordered[:count, at])
    there = counts > 0
    columns = dict(zip(statistics.QUARTILES, lines[:, there], strict=True))
    return pd.DataFrame({"evaluations": np.flatnonzero(there) + 1, **columns, "runs": counts[there]})
