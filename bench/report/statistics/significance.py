"""Which optimisers can be told apart on one problem: tests, sizes of effects, and the seeds that a test would need.

Losses are minimised. A run without any success has the loss +inf (a NaN is taken as +inf): it is worse than every
finite loss, equal to another such run, and takes part in everything here; no run is left out for having failed.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

EXACT_FLIPS = 200
"""Up to how many differences the signed-rank test is exact."""
EXACT_DRAWS = 60
"""Up to how many losses of both sides together the rank-sum test is exact."""

Array = NDArray[np.float64]

COLUMNS = [
    *("a", "b", "runs_a", "runs_b", "paired", "compared", "left_out", "median_a", "median_b"),
    *("shift", "improvement", "rope", "a_better", "same", "b_better"),
    *("test", "p", "p_holm", "smallest_p", "seeds_needed", "distinguishable"),
]


def compare(
    losses: Mapping[str, ArrayLike],
    seeds: Mapping[str, ArrayLike],
    shared: bool,
    alpha: float = 0.05,
    rope: float = 0.01,
    relative: bool = True,
) -> pd.DataFrame:
    """Every pair of optimisers on one problem, from final losses: one row a pair, in the order of `losses`.

    `losses` gives each label the final losses of its runs, (runs,), and `seeds` their seeds, (runs,), each once.
    `shared` says whether runs of one seed share something between optimisers (split, model seed or initial design):
    only then is a comparison paired by seed. Columns:
    - `a`, `b`, labels; `runs_a`, `runs_b`; `paired`; `compared`, the seeds that both have where paired, else the
      product of the runs; `left_out`, runs without a partner of their seed (0 where unpaired);
    - `median_a`, `median_b` over all runs of each;
    - `shift`, of a against b (`hodges_lehmann`), negative where a has the less loss; `improvement`, the share of
      comparisons that a wins, a tie counting half (`improvement`);
    - `rope`, the width of the region of practical equivalence in units of the loss: the parameter `rope`, times the
      least |median| of all labels where `relative` (0 where no median is finite); `a_better`, `same`, `b_better`, the
      shares of comparisons in which a is less by more than it, neither is, b is: they sum to 1;
    - `test`: wilcoxon (`signed_rank_p`), mann-whitney (`rank_sum_p`) or none; `p`; `p_holm`, corrected over all rows
      (`holm`); `distinguishable`, whether `p_holm` <= alpha;
    - `smallest_p`: what the number of seeds can attain at best. Where even that exceeds alpha after Holm's correction,
      no test is made (`test` is none, `p` and `p_holm` are NaN; in the correction of other rows it counts as p = 1)
      and `seeds_needed` says how many seeds a test would need (`seeds_needed`); it is 0 where a test was made.
    """
    cleaned = {label: _worst(values) for label, values in losses.items()}
    for label, values in cleaned.items():
        own_seeds = np.asarray(seeds[label])
        if own_seeds.shape != values.shape or len(np.unique(own_seeds)) != len(own_seeds):
            raise ValueError(f"{label}: {len(values)} losses with seeds {own_seeds.tolist()}; give each loss one seed")
    medians = {label: median(values) for label, values in cleaned.items()}
    finite = [abs(value) for value in medians.values() if np.isfinite(value)]
    width = rope * (min(finite, default=0.0) if relative else 1.0)
    rows = []
    for a, b in combinations(cleaned, 2):
        row = _pair(cleaned[a], cleaned[b], np.asarray(seeds[a]), np.asarray(seeds[b]), shared, width)
        rows.append({"a": a, "b": b, "median_a": medians[a], "median_b": medians[b], **row})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    reachable = holm(frame["smallest_p"]) <= alpha
    needed = seeds_needed(len(frame), alpha, shared) if len(frame) else 0
    frame["test"] = frame["test"].where(reachable, "none")
    frame["p"] = frame["p"].astype("float64").where(reachable)
    frame["p_holm"] = pd.Series(holm(frame["p"].fillna(1.0)), index=frame.index).where(reachable)
    frame["seeds_needed"] = np.where(reachable, 0, needed)
    frame["distinguishable"] = frame["p_holm"] <= alpha
    return frame


def _pair(
    a: Array, b: Array, seeds_a: NDArray[Any], seeds_b: NDArray[Any], paired: bool, width: float
) -> dict[str, Any]:
    """What `compare` says of one pair, before the correction."""
    if paired:
        _, at_a, at_b = np.intersect1d(seeds_a, seeds_b, return_indices=True)
        sample = differences(a[at_a], b[at_b])
        shift = hodges_lehmann(a[at_a], b[at_b], paired=True)
        p = signed_rank_p(a[at_a], b[at_b])
        least = smallest_p(len(sample), len(sample), paired=True)
    else:
        sample = differences(a[:, None], b[None, :]).ravel()
        shift = median(sample)  # what `hodges_lehmann` says, of differences that are there already
        p = rank_sum_p(a, b)
        least = smallest_p(len(a), len(b), paired=False)
    there = len(sample) > 0
    return {
        "runs_a": len(a),
        "runs_b": len(b),
        "paired": paired,
        "compared": len(sample),
        "left_out": len(a) + len(b) - 2 * len(sample) if paired else 0,
        "shift": shift,
        "improvement": improvement(sample),
        "rope": width,
        "a_better": float((sample < -width).mean()) if there else np.nan,
        "same": float((np.abs(sample) <= width).mean()) if there else np.nan,
        "b_better": float((sample > width).mean()) if there else np.nan,
        "test": "wilcoxon" if paired else "mann-whitney",
        "p": p,
        "smallest_p": least,
    }


def differences(a: Array, b: Array) -> Array:
    """Elementwise a - b, broadcast; 0 where both are infinite (runs without a success are equal), +-inf where one is.

    A difference within sixteen units of rounding of its two losses is 0, and two such distances tie in ranks, so that
    losses that are counts over a common number (error rates) tie where the counts do.
    """
    with np.errstate(invalid="ignore"):
        difference: Array = a - b
        return np.where((a == b) | (np.abs(difference) <= rounding(a, b)), 0.0, difference)


def improvement(sample: Array) -> float:
    """Probability of improvement, P(a < b) + P(a = b) / 2, from differences a - b of any number; NaN of none.

    Over all pairs of runs it is the effect size A12 of Vargha and Delaney (2000), J. Educ. Behav. Stat. 25(2), for
    less is better; over seeds, where runs are paired, it is the share of seeds. 0.5 where nothing differs.
    """
    return float(((sample < 0) + 0.5 * (sample == 0)).mean()) if len(sample) else float("nan")


def hodges_lehmann(a: Array, b: Array, paired: bool) -> float:
    """By how much a lies above b (Hodges and Lehmann, 1963), negative where a has the less loss; NaN without runs.

    Unpaired: the median of all a_i - b_j. Paired: the median of (d_i + d_j) / 2 over i <= j, where d = a - b by seed.
    The mean of +inf and -inf is taken as 0: each side failed where the other did not.
    """
    if not paired:
        return median(differences(a[:, None], b[None, :]).ravel())
    d = differences(a, b)
    i, j = np.triu_indices(len(d))
    with np.errstate(invalid="ignore"):
        means = np.nan_to_num(0.5 * d[i] + 0.5 * d[j], nan=0.0, posinf=np.inf, neginf=-np.inf)
    return median(means)


def signed_rank_p(a: Array, b: Array) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945) of a - b, paired by place; (n,), (n,); 1 where nothing differs.

    With r_i the average ranks of |d_i|, zeros among them (Pratt, 1959: they are ranked, but carry no sign), and
    T = sum of sign(d_i) r_i: p = P(|T'| >= |T|) where T' has random signs on the same ranks. The law of T' is
    enumerated by convolution, so that p is exact with ties and zeros too, up to EXACT_FLIPS differences; beyond, it
    is normal with variance sum of r_i^2 over d_i != 0 and a correction for continuity. (scipy.stats.wilcoxon is
    exact without ties only, and drops zeros by default; both agree where it is.) Infinite differences have the
    largest rank. Distances that differ by rounding alone tie (see `differences`).
    """
    d = differences(a, b)
    ranks = average_ranks(levels(np.abs(d), rounding(a, b)))[d != 0]
    if len(ranks) == 0:
        return 1.0
    signed = float((np.sign(d[d != 0]) * ranks).sum())
    if len(d) > EXACT_FLIPS:
        return _normal_p(abs(signed) - 1.0, float(np.sqrt((ranks**2).sum())))
    doubled = np.rint(2 * ranks).astype(int)
    law = law_of_flips(tuple(np.sort(doubled).tolist()))
    total = int(doubled.sum())  # with W the sum of doubled ranks of d > 0, 2 T = 2 W - total
    far = np.abs(2 * np.arange(len(law)) - total) >= abs(round(2 * signed))
    return min(1.0, float(law[far].sum()))


def rank_sum_p(a: Array, b: Array) -> float:
    """Two-sided p of the rank-sum test of Wilcoxon (1945), Mann and Whitney (1947); (n,), (m,); 1 where one is empty.

    With R the sum of the smaller sample's average ranks among all N = n + m losses and E = min(n, m) (N + 1) / 2 its
    mean: p = P(|R' - E| >= |R - E|) where R' is of a random sample of that size. The law of R' is enumerated, so that p
    is exact with ties too, up to EXACT_DRAWS losses; beyond, it is normal with the variance under ties and a correction
    for continuity. (scipy.stats.mannwhitneyu is exact without ties only; both agree where it is.) Losses that differ by
    rounding alone tie, as in `differences`.
    """
    n, m = len(a), len(b)
    if min(n, m) == 0:
        return 1.0
    both = np.concatenate([a, b])
    ranks = average_ranks(levels(both, rounding(both, both)))
    size, own = (n, ranks[:n]) if n <= m else (m, ranks[n:])
    distance = abs(float(own.sum()) - size * (n + m + 1) / 2)
    if n + m > EXACT_DRAWS:
        spread = n * m / ((n + m) * (n + m - 1)) * float(((ranks - ranks.mean()) ** 2).sum())
        return _normal_p(distance - 0.5, float(np.sqrt(spread)))
    law = law_of_draws(tuple(np.sort(np.rint(2 * ranks).astype(int)).tolist()), size)
    far = np.abs(np.arange(len(law)) - size * (n + m + 1)) >= round(2 * distance)
    return min(1.0, float(law[far].sum()))


@lru_cache(maxsize=512)
def law_of_flips(doubled: tuple[int, ...]) -> Array:
    """P(sum = s) for s = 0, 1, ..., where each of the doubled ranks is in the sum with probability 1/2."""
    law = np.zeros(sum(doubled) + 1)
    law[0] = 1.0
    for rank in doubled:
        law *= 0.5
        law[rank:] += law[: len(law) - rank].copy()
    law.setflags(write=False)
    return law


@lru_cache(maxsize=512)
def law_of_draws(doubled: tuple[int, ...], size: int) -> Array:
    """P(sum = s) for s = 0, 1, ..., where `size` of the doubled ranks are drawn without replacement."""
    ways = np.zeros((size + 1, sum(sorted(doubled)[len(doubled) - size :]) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    law: Array = ways[size] / ways[size].sum()
    law.setflags(write=False)
    return law


def holm(p: ArrayLike) -> Array:
    """Holm's adjusted p-values (1979), (tests,): max over j <= i of min(1, (tests - j) p_(j)), j = 0, 1, ... by size.

    Rejecting where they are at most alpha keeps the chance of any false rejection at alpha, however tests depend.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    return adjusted


def smallest_p(n: int, m: int, paired: bool) -> float:
    """The least two-sided p that a test can attain without ties: 2^(1 - n) paired, 2 / C(n + m, n) unpaired, or 1."""
    return min(1.0, 0.5 ** (min(n, m) - 1) if paired else 2 / comb(n + m, n))


def seeds_needed(pairs: int, alpha: float, paired: bool) -> int:
    """The least number of seeds (of each optimiser) with `smallest_p` * pairs <= alpha, as Holm's first step asks."""
    seeds = 1
    while smallest_p(seeds, seeds, paired) * pairs > alpha:
        seeds += 1
    return seeds


def median(values: Array) -> float:
    """The median, infinities as limits: between -inf and +inf it is 0, NaN of no values."""
    if len(values) == 0:
        return float("nan")
    ordered = np.sort(values)
    low, high = float(ordered[(len(values) - 1) // 2]), float(ordered[len(values) // 2])
    if low == high:
        return low
    return 0.0 if low == -np.inf and high == np.inf else 0.5 * low + 0.5 * high


def _worst(values: ArrayLike) -> Array:
    losses = np.asarray(values, dtype=np.float64)
    return np.where(np.isnan(losses), np.inf, losses)


def rounding(a: Array, b: Array) -> Array:
    """By how much rounding alone may change a - b, elementwise; a loss far from all others changes no other's."""
    sizes = np.maximum(np.where(np.isfinite(a), np.abs(a), 0.0), np.where(np.isfinite(b), np.abs(b), 0.0))
    margins: Array = 16 * float(np.finfo(np.float64).eps) * sizes
    return margins


def levels(values: Array, rounding: Array) -> Array:
    """The values as levels 0, 1, ..., along the last axis, where neighbours in size share one that differ by no more
    than the rounding of both.
    """
    if values.ndim == 1:  # as below, in a third of the time
        order = np.argsort(values, kind="stable")
        level = np.zeros(len(values))
        level[order[1:]] = np.cumsum(_steps(values[order], rounding[order]))
        return level
    order = np.argsort(values, axis=-1, kind="stable")
    ordered, margins = (np.take_along_axis(array, order, axis=-1) for array in (values, rounding))
    level = np.zeros(values.shape)
    np.put_along_axis(level, order[..., 1:], np.cumsum(_steps(ordered, margins), axis=-1), axis=-1)
    return level


def _steps(ordered: Array, margins: Array) -> NDArray[np.bool_]:
    """Where the next value is another one."""
    with np.errstate(invalid="ignore"):
        return ordered[..., 1:] - ordered[..., :-1] > np.minimum(margins[..., 1:], margins[..., :-1])


def average_ranks(places: Array) -> Array:
    """Ranks 1, 2, ... of `levels`, (n,), one level sharing the mean of its ranks, as `scipy.stats.rankdata` has it."""
    counts = np.bincount(places.astype(np.int64))
    shared: Array = np.cumsum(counts) - (counts - 1) / 2
    return shared[places.astype(np.int64)]


def _normal_p(distance: float, spread: float) -> float:
    return float(2 * stats.norm.sf(max(0.0, distance) / spread)) if spread > 0 else 1.0
