"""Losses against charged seconds: quantiles over runs of step functions whose steps stand at each run's own times."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report import statistics

Values = NDArray[np.float64]


def against_seconds(losses: Sequence[Values], clocks: Sequence[Values], exhausted: Sequence[bool]) -> pd.DataFrame:
    """Quartiles over runs after so many charged seconds: `seconds`, `lower`, `median`, `upper`, `runs`.

    Run r has the losses losses[r], one a trial (best so far, or the incumbent's test loss), and clocks[r], the seconds
    charged to it until the end of each trial, ascending. It stands at +inf before the end of its first trial, and at
    time s at the loss of the last trial with clock <= s: right-continuous steps. A row stands at each time at which the
    value of any run changes, and at the end; between rows nothing changes, so that the frame has every step.

    A run that was exhausted keeps its last loss for ever; of another nothing is known beyond its end. The curve ends
    with the first such run (all exhausted: with the last run), so that every point rests on the same runs. Quartiles
    and missing values are those of `statistics.quartiles`. No row where there is no run, or one without a trial.
    """
    columns = ["seconds", *statistics.QUARTILES, "runs"]
    if not losses or any(len(clock) == 0 for clock in clocks):
        return pd.DataFrame(columns=columns, dtype=np.float64)
    open_ends = [clock[-1] for clock, ended in zip(clocks, exhausted, strict=True) if not ended]
    end = float(min(open_ends) if open_ends else max(clock[-1] for clock in clocks))
    changes = [clock[_changes(values)] for values, clock in zip(losses, clocks, strict=True)]
    times = np.unique(np.concatenate([*changes, [end]]))
    times = times[times <= end]
    values = np.empty((len(losses), len(times)))
    for run, (steps, clock) in enumerate(zip(losses, clocks, strict=True)):
        values[run] = np.append(np.inf, steps)[np.searchsorted(clock, times, side="right")]
    found = statistics.quartiles(values)
    frame = pd.DataFrame({"seconds": times, **dict(zip(statistics.QUARTILES, found, strict=True)), "runs": len(losses)})
    return frame[columns]


def _changes(values: Values) -> NDArray[np.bool_]:
    """Where a run's value differs from that of the trial before, +inf before the first."""
    known = np.where(np.isnan(values), np.inf, values)
    changed: NDArray[np.bool_] = known != np.append(np.inf, known[:-1])
    return changed
