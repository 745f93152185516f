"""Runs on several problems in one number: interquartile mean and median of scores, how often one optimiser is better,
performance profiles; each with a stratified bootstrap interval.

`scores` gives each label the normalised scores of its runs, one array, (runs,), for each problem, in one order of the
problems: less is better, +inf for a run without success, which is worse than all, equal to another such and left out of
nothing. Resamples are drawn within each problem and for each label by itself, so that the intervals speak of other
seeds on these problems; that others would have the same order is for tests over problems to say. Of a problem with n
runs n - 1 are drawn, with replacement: the bootstrap that draws n has a variance that is too small by (n - 1) / n
(Rao and Wu, 1988, JASA 83(401), whose rescaling is then the identity); with `extra` = 1 n are drawn. A problem with one
run says nothing of its spread, and its label has no interval (NaN). Where seeds are paired the intervals of
`improvement` are too wide.

Source: Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice (NeurIPS 2021), whose
library rliable draws n. How often the intervals hold the true value was simulated: docs/scores.md has the table.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.statistics import significance
from bench.report.statistics.intervals import LEVEL

Values = NDArray[np.float64]
Scores = Mapping[str, Sequence[Values]]

RESAMPLES = 1_999
"""With (RESAMPLES + 1) * 0.025 a whole number, the ends are values that were drawn."""
TAUS = np.arange(101) / 50
"""Where profiles are read: from the best known to twice random search's distance from it."""


def centres(scores: Scores, resamples: int = RESAMPLES, extra: int = 0) -> pd.DataFrame:
    """Interquartile mean and median over all runs of all problems, one row a label.

    Columns: `label`, `problems`, `runs`, `iqm`, `iqm_low`, `iqm_high`, `median`, `median_low`, `median_high`; the
    lowest interquartile mean first. With x_(1) <= ... <= x_(N) the pool of all runs and g = floor(N / 4), the
    interquartile mean is that of x_(g+1) ... x_(N-g) (`scipy.stats.trim_mean(x, 0.25)`): every run counts once, +inf as
    soon as more than a quarter of them fail. Intervals: percentiles of the same number over resamples.
    """
    rows = []
    for label, strata in scores.items():
        pool = np.concatenate(strata)
        row: dict[str, float | str] = {"label": label, "problems": len(strata), "runs": len(pool)}
        drawn = None
        if min(map(len, strata)) > 1:
            parts = [values[_draws(label, place, len(values), resamples, extra)] for place, values in enumerate(strata)]
            drawn = np.sort(np.concatenate(parts, axis=1), axis=1)
        for name, statistic in (("iqm", _interquartile_mean), ("median", _median)):
            row[name] = float(statistic(np.sort(pool)[None, :])[0])
            row[f"{name}_low"], row[f"{name}_high"] = (
                (float("nan"), float("nan")) if drawn is None else _ends(statistic(drawn))
            )
        rows.append(row)
    return pd.DataFrame(rows).sort_values(["iqm", "median", "label"], ignore_index=True)


def improvement(scores: Scores, resamples: int = RESAMPLES, extra: int = 0) -> pd.DataFrame:
    """How often a run of a is better than one of b on the same problem: `a`, `b`, `improvement`, `_low`, `_high`.

    P(a < b) + P(a = b) / 2 over all pairs of runs of a problem (`significance.improvement`), averaged over problems,
    each counting alike. Scores that differ by rounding alone are equal.
    """
    labels = list(scores)
    pairs = list(combinations(range(len(labels)), 2))
    problems = len(scores[labels[0]]) if labels else 0
    estimate = np.zeros((len(labels), len(labels)))
    drawn = np.zeros((len(labels), len(labels), resamples))
    for place in range(problems):
        strata = [scores[label][place] for label in labels]
        starts = np.cumsum([0, *map(len, strata)])
        pool = np.concatenate(strata)
        apart = significance.differences(pool[:, None], pool[None, :])
        wins = ((apart < 0) + 0.5 * (apart == 0)).astype(np.float32)
        every = [
            _counts(label, place, len(values), resamples, extra) for label, values in zip(labels, strata, strict=True)
        ]
        counts, draws = np.concatenate([held for held, _ in every], axis=1), np.array([number for _, number in every])
        for a in range(len(labels) - 1):
            own, others = slice(starts[a], starts[a + 1]), starts[a + 1 : -1]
            per_run = wins[own].mean(axis=0, dtype=np.float64)
            estimate[a, a + 1 :] += np.add.reduceat(per_run, others) / np.diff(starts)[a + 1 :]
            against = (counts[:, own] @ wins[own, starts[a + 1] :]) * counts[:, starts[a + 1] :]
            summed = np.add.reduceat(against, others - starts[a + 1], axis=1).astype(np.float64)
            drawn[a, a + 1 :] += (summed / (draws[a] * draws[a + 1 :])).T
    known = [all(len(values) > 1 for values in scores[label]) for label in labels]
    rows = []
    for a, b in pairs:
        ends = _ends(drawn[a, b] / problems) if known[a] and known[b] else (np.nan, np.nan)
        rows.append((labels[a], labels[b], estimate[a, b] / problems, *ends))
    return pd.DataFrame(rows, columns=["a", "b", "improvement", "improvement_low", "improvement_high"])


def profiles(scores: Scores, taus: Values = TAUS, resamples: int = RESAMPLES, extra: int = 0) -> pd.DataFrame:
    """The share of all runs with a score of at most tau: `label`, `tau`, `share`, `low`, `high`, more is better.

    The band is pointwise: it holds the share at one tau, not all of them at once.
    """
    parts = []
    for label, strata in scores.items():
        pool = np.concatenate(strata)
        below = (pool[:, None] <= taus[None, :]).astype(np.float32)
        low = high = np.full(len(taus), np.nan)
        if min(map(len, strata)) > 1:
            drawn = np.zeros((resamples, len(taus)))
            for place, values in enumerate(strata):
                counts, draws = _counts(label, place, len(values), resamples, extra)
                held = (values[:, None] <= taus[None, :]).astype(np.float32)
                drawn += (counts @ held).astype(np.float64) * (len(values) / draws)
            low, high = _ends(drawn / len(pool))
        share = below.mean(axis=0, dtype=np.float64)
        parts.append(pd.DataFrame({"label": label, "tau": taus, "share": share, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)


def _interquartile_mean(ordered: Values) -> Values:
    """Of each row, which is in order."""
    cut = ordered.shape[1] // 4
    with np.errstate(over="ignore"):  # then it is infinite
        means: Values = ordered[:, cut : ordered.shape[1] - cut].mean(axis=1)
    return means


def _median(ordered: Values) -> Values:
    """Of each row, which is in order."""
    count = ordered.shape[1]
    middle: Values = 0.5 * ordered[:, (count - 1) // 2] + 0.5 * ordered[:, count // 2]
    return middle


def _draws(label: str, place: int, count: int, resamples: int, extra: int) -> NDArray[np.int64]:
    """Which runs of one label on one problem each resample holds, (resamples, count - 1 + extra).

    They follow from the label's name, the problem's place and the number of runs: others change nothing.
    """
    chance = np.random.default_rng([crc32(label.encode()), place])
    return chance.integers(0, count, size=(resamples, count - 1 + extra))


def _counts(label: str, place: int, count: int, resamples: int, extra: int) -> tuple[NDArray[np.float32], int]:
    """How often each resample of `_draws` holds each run, (resamples, count), and how many runs a resample has.

    Sums of products of these whole numbers are exact, in whatever order a processor takes them.
    """
    if count == 1:
        return np.ones((resamples, 1), dtype=np.float32), 1
    drawn = _draws(label, place, count, resamples, extra) + count * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=count * resamples).reshape(resamples, count)
    return counts.astype(np.float32), count - 1 + extra


@lru_cache(maxsize=16)
def _places(resamples: int, level: float) -> tuple[int, int]:
    place = max(int((resamples + 1) * (1 - level) / 2 + 1e-9), 1)
    return place - 1, resamples - place


def _ends(drawn: Values, level: float = LEVEL) -> tuple[Any, Any]:
    """The two order statistics over the first axis, in the shape of one resample."""
    low, high = _places(len(drawn), level)
    ordered = np.sort(drawn, axis=0)
    return ordered[low], ordered[high]
