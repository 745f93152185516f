"""How far two optimisers are apart, with intervals: the shift of their losses, and how often the one is better.

The interval of the shift holds every shift that the pair's own exact test does not reject, so that it says what the
test says. How often the intervals of the probability of improvement hold it was simulated: docs/scores.md has the
table.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.report.statistics import significance
from bench.report.statistics.designs import TESTS, Relation

Values = NDArray[np.float64]

BISECTIONS = 50


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its interval."""

    value: float
    low: float
    high: float


def shift(a: Values, b: Values, relation: Relation, level: float) -> Estimate:
    """By how much a lies above b, negative where a has the lower losses, with an interval of at least `level`.

    unpaired: the median of all a_i - b_j (Hodges and Lehmann, 1963), between the k-th least and the k-th greatest of
    them, k being the largest with P(U < k) <= (1 - level) / 2 for U of Mann and Whitney; paired: the same of the means
    of two differences by seed (`significance.walsh`) and the signed-rank statistic; value: of the differences to the
    one value and the binomial distribution. Each is the set of shifts that the test at 1 - level does not reject; with
    ties it covers at least as often. The whole line where the runs are too few; NaN without runs, no interval without a
    test. Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods (2014), 3.3 and 4.3.
    """
    if min(len(a), len(b)) == 0:
        return Estimate(math.nan, math.nan, math.nan)
    points = _points(a, b, relation)
    depth = 0 if TESTS[relation] == "none" else _depth(relation, len(a), len(b), level)
    ordered = np.sort(points)
    low, high = (ordered[depth - 1], ordered[len(ordered) - depth]) if depth else (-math.inf, math.inf)
    return Estimate(significance.median(ordered), float(low), float(high))


def equivalence_p(a: Values, b: Values, relation: Relation, margin: float) -> float:
    """P of two one-sided tests that a lies within +-`margin` of b: at most alpha where `shift` at 1 - 2 alpha says so.

    With c the number of points (as in `shift`) beyond the margin, on the side that has more of them: P(T <= c) for the
    statistic T of the pair's test. 1 without runs, a margin (NaN) or a test. Source: Schuirmann (1987), J.
    Pharmacokinet. Biopharm. 15(6), with the exact rank tests in the place of Student's t.
    """
    if min(len(a), len(b)) == 0 or math.isnan(margin) or TESTS[relation] == "none":
        return 1.0
    points = _points(a, b, relation)
    beyond = max(int((points < -margin).sum()), int((points > margin).sum()))
    exact = _distribution(relation, len(a), len(b))
    if exact is not None:
        return min(1.0, float(exact[: beyond + 1].sum()))
    mean, variance = _moments(relation, len(a), len(b))
    return float(stats.norm.sf((mean - beyond - 1) / math.sqrt(variance)))


def improvement(sample: Values, n: int, m: int, relation: Relation, level: float = 0.95) -> Estimate:
    """P(a < b) + P(a = b) / 2 from differences a - b (`significance.improvement`), with a 95 % interval.

    unpaired, of n and m runs: method 5 of Newcombe (2006), Statistics in Medicine 25(4), which inverts a score test
    with Hanley and McNeil's variance; by seed, or against one value: Wilson's score interval (1927) of n. NaN without
    runs.
    """
    if len(sample) == 0:
        return Estimate(math.nan, math.nan, math.nan)
    share = significance.improvement(sample)
    unpaired = relation == "unpaired"
    low = _score_end(round(share, 12), n, m, unpaired, level)
    high = 1 - _score_end(round(1 - share, 12), n, m, unpaired, level)
    return Estimate(share, low, high)


@lru_cache(maxsize=65536)
def _score_end(share: float, n: int, m: int, unpaired: bool, level: float) -> float:
    """The lower end: the p with share - p = z sd(p), by bisection."""
    z = float(stats.norm.isf((1 - level) / 2))

    def too_low(p: float) -> bool:
        variance = p * (1 - p) / n
        if unpaired:
            between = (n + m) / 2 - 1
            variance *= (1 + between * ((1 - p) / (2 - p) + p / (1 + p))) / m
        return share - p > z * math.sqrt(max(variance, 0.0))

    low, high = 0.0, share
    if not too_low(low):
        return low
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if too_low(middle) else (low, middle)
    return high


def _points(a: Values, b: Values, relation: Relation) -> Values:
    """The shifts whose order statistics are the ends of `shift`: unpaired of every two runs, paired `walsh`."""
    if relation == "unpaired":
        return significance.differences(a[:, None], b[None, :]).ravel()
    d = significance.differences(a, b)
    return significance.walsh(d) if relation == "paired" else d


@lru_cache(maxsize=512)
def _depth(relation: Relation, n: int, m: int, level: float) -> int:
    """The largest k with P(T < k) <= (1 - level) / 2, of a test's statistic T = 0, 1, ...; 0 where there is none."""
    exact = _distribution(relation, n, m)
    if exact is not None:
        return int(np.count_nonzero(np.cumsum(exact) <= (1 - level) / 2 * (1 + 1e-9)))
    mean, variance = _moments(relation, n, m)
    return max(0, int(mean - float(stats.norm.isf((1 - level) / 2)) * math.sqrt(variance)))


@lru_cache(maxsize=512)
def _distribution(relation: Relation, n: int, m: int) -> Values | None:
    """P(T = t), t = 0, 1, ..., of n and m runs (by seed or against a value: n), without ties; None if it is normal."""
    if relation == "unpaired":
        if n + m > significance.EXACT_DRAWS:
            return None
        small, both = min(n, m), n + m
        ranks = significance.law_of_draws(tuple(range(2, 2 * both + 1, 2)), small)  # of doubled ranks
        return ranks[small * (small + 1) :: 2]
    if relation == "paired":
        if n > significance.EXACT_FLIPS:
            return None
        return significance.law_of_flips(tuple(range(2, 2 * n + 1, 2)))[::2]
    binomial: Values = stats.binom.pmf(np.arange(n + 1), n, 0.5)
    return binomial


def _moments(relation: Relation, n: int, m: int) -> tuple[float, float]:
    """Mean and variance of T, where it is taken as normal."""
    if relation == "unpaired":
        return n * m / 2, n * m * (n + m + 1) / 12
    return n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24
