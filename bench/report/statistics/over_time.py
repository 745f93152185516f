"""Losses against charged seconds: quartiles over runs whose evaluations end at different times."""

from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.statistics import quartiles

Values = NDArray[np.float64]

MOST = 2000
"""More rows than a figure can show."""


def against_seconds(
    losses: Sequence[Values], clocks: Sequence[Values], exhausted: Sequence[bool], most: int = MOST
) -> pd.DataFrame:
    """Quartiles over runs after so many charged seconds: `seconds`, `lower`, `median`, `upper`, `runs`.

    Run r has the losses losses[r], one a trial (best so far, or the incumbent's test loss), and clocks[r], the seconds
    charged to it until the end of each trial, ascending. It stands at +inf before the end of its first trial, and at
    time s at the loss of the last trial with clock <= s: right-continuous steps. A row stands at each time at which a
    quartile changes, and at the end; before the first row all are +inf. Quartiles and missing values are those of
    `statistics.quartiles`.

    A run that was exhausted keeps its last loss for ever; of another nothing is known beyond its end. The curve ends
    with the first such run (all exhausted: with the last run), so that every point rests on the same runs. A run whose
    clock becomes unknown (NaN) ends before that trial, exhausted or not. No row where there is no run, or one without a
    trial that is timed.

    Of more than `most` rows, evenly chosen ones are left: each is exact, and a step between two of them shows with the
    second.
    """
    timed = [int(np.searchsorted(clock, np.nan)) for clock in clocks]  # NaN sorts last
    if not timed or min(timed) == 0:
        return pd.DataFrame(columns=["seconds", *quartiles.QUARTILES, "runs"], dtype=np.float64)
    stops = [float(clock[count - 1]) for clock, count in zip(clocks, timed, strict=True)]
    done = [ended and count == len(clock) for clock, count, ended in zip(clocks, timed, exhausted, strict=True)]
    end = min((stop for stop, ended in zip(stops, done, strict=True) if not ended), default=max(stops))
    times, before, after = _changes(losses, clocks, timed, end)
    nothing = np.full(len(quartiles.QUARTILES), np.inf)
    lines = np.column_stack([nothing, _quartiles(times, before, after, len(losses))])
    lines = np.column_stack([lines, lines[:, -1]])  # nothing changes at the end
    at = np.concatenate([[-np.inf], np.unique(times), [end]])
    kept = np.append(False, (lines[:, 1:] != lines[:, :-1]).any(axis=0))
    kept[-1] = end not in at[kept]
    rows = np.flatnonzero(kept)
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]
    columns = dict(zip(quartiles.QUARTILES, lines[:, rows], strict=True))
    return pd.DataFrame({"seconds": at[rows], **columns, "runs": len(losses)})


def _changes(
    losses: Sequence[Values], clocks: Sequence[Values], timed: Sequence[int], end: float
) -> tuple[Values, Values, Values]:
    """Where a run's loss is not that of the trial before, until `end`, in order of time: (times, before, after)."""
    parts = []
    for values, clock, count in zip(losses, clocks, timed, strict=True):
        count_until = int(np.searchsorted(clock[:count], end, side="right"))
        after = np.where(np.isnan(values[:count_until]), np.inf, values[:count_until])
        before = np.append(np.inf, after)[:count_until]
        changed = after != before
        parts.append((clock[:count_until][changed], before[changed], after[changed]))
    times, before, after = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(times, kind="stable")
    return times[order], before[order], after[order]


def _quartiles(times: Values, before: Values, after: Values, runs: int) -> Values:
    """The quartiles after each distinct time, (3, times), from the runs' losses kept in order."""
    places = [quartiles.place(p, runs) for p in quartiles.QUARTILES.values()]
    wanted = [i for first, _ in places for i in (first, min(first + 1, runs - 1))]
    last = np.append(times[1:] > times[:-1], True)[: len(times)].tolist()  # of those at one time
    ordered, seen = [np.inf] * runs, []
    for old, new, shown in zip(before.tolist(), after.tolist(), last, strict=True):
        del ordered[bisect_left(ordered, old)]
        insort(ordered, new)
        if shown:
            seen.append([ordered[i] for i in wanted])
    table = np.array(seen, dtype=np.float64).reshape(len(seen), 2 * len(places))
    lines = [quartiles.between(table[:, 2 * k], table[:, 2 * k + 1], g) for k, (_, g) in enumerate(places)]
    return np.stack(lines)
