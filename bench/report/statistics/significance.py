"""Exact rank tests of final losses, with ties and failures, and what they rest on.

Losses are minimised. A run without any success has the loss +inf (a NaN is taken as +inf): it is worse than every
finite loss, equal to another such run, and takes part in everything here; no run is left out for having failed.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

EXACT_FLIPS = 200
"""Up to how many differences the signed-rank test is exact."""
EXACT_DRAWS = 60
"""Up to how many losses of both sides together the rank-sum test is exact."""

Array = NDArray[np.float64]


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


def walsh(d: Array) -> Array:
    """The means (d_i + d_j) / 2 over i <= j of differences by seed; that of +inf and -inf is 0: each side failed once.

    Source: Hodges and Lehmann (1963).
    """
    i, j = np.triu_indices(len(d))
    with np.errstate(invalid="ignore"):
        means: Array = np.nan_to_num(0.5 * d[i] + 0.5 * d[j], nan=0.0, posinf=np.inf, neginf=-np.inf)
    return means


def signed_rank_p(a: Array, b: Array) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945) of a - b, paired by place; (n,), (n,); 1 where nothing differs.

    With r_i the average ranks of |d_i|, zeros among them (Pratt, 1959: they are ranked, but carry no sign), and
    T = sum of sign(d_i) r_i: p = P(|T'| >= |T|) where T' has random signs on the same ranks. The law of T' is
    enumerated by convolution, so that p is exact with ties and zeros too, up to EXACT_FLIPS differences; beyond, it
    is normal with variance sum of r_i^2 over d_i != 0 and a correction for continuity. (scipy.stats.wilcoxon is
    exact without ties only, and drops zeros by default; both agree where it is.) Infinite differences have the
    largest rank. Distances that differ by rounding alone tie (see `differences`).
    """
    signed = signed_ranks(a, b)
    ranks = np.abs(signed[signed != 0])
    if len(ranks) == 0:
        return 1.0
    total = float(signed.sum())
    if len(signed) > EXACT_FLIPS:
        return _normal_p(abs(total) - 1.0, float(np.sqrt((ranks**2).sum())))
    doubled = np.rint(2 * ranks).astype(int)
    law = law_of_flips(tuple(np.sort(doubled).tolist()))
    far = np.abs(2 * np.arange(len(law)) - int(doubled.sum())) >= abs(round(2 * total))
    return min(1.0, float(law[far].sum()))  # with W the sum of doubled ranks of d > 0, 2 T = 2 W - their sum


def signed_ranks(a: Array, b: Array) -> Array:
    """sign(d_i) r_i of `signed_rank_p`, (n,): their sum is T, negative where a has the lower losses."""
    d = differences(a, b)
    signed: Array = np.sign(d) * average_ranks(levels(np.abs(d), rounding(a, b)))
    return signed


def sign_p(d: Array) -> float:
    """Two-sided p of the exact sign test that as many differences, (n,), are below 0 as above; zeros are left out.

    The test of runs against one value: unlike the signed-rank test it asks nothing of the shape of their distribution.
    Source: Conover, Practical Nonparametric Statistics (1999), 3.4.
    """
    below, above = int((d < 0).sum()), int((d > 0).sum())
    return float(stats.binomtest(below, below + above).pvalue) if below + above else 1.0


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


def median(values: Array) -> float:
    """The median, infinities as limits: between -inf and +inf it is 0, NaN of no values."""
    if len(values) == 0:
        return float("nan")
    ordered = np.sort(values)
    low, high = float(ordered[(len(values) - 1) // 2]), float(ordered[len(values) // 2])
    if low == high:
        return low
    return 0.0 if low == -np.inf and high == np.inf else 0.5 * low + 0.5 * high


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
