"""How many seeds would tell two optimisers apart on one problem, by the very tests of `significance`.

Measured, for the picked best of k optimisers with n seeds each and another that it was not told apart from, unpaired
(`python benchmarks/power.py`, which has paired ones too): how often a number of seeds is promised where all are equal,
so that none suffices; and where they are not, the median of promised / needed seeds and the mean true power with the
promised number, which should be 0.8. In brackets, what taking the observed effect at face value gives.

| k | n | promised though equal, % | promised / needed | true power |
|---|---|---|---|---|
| 2 | 5 | 18 (63) | 0.8 (0.5) | 0.62 (0.51) |
| 2 | 10 | 12 (52) | 1.9 (0.8) | 0.79 (0.64) |
| 2 | 20 | 8 (35) | 0.9 (0.8) | 0.76 (0.68) |
| 6 | 5 | 14 (66) | 1.0 (0.5) | 0.69 (0.44) |
| 6 | 10 | 12 (57) | 1.3 (0.9) | 0.83 (0.68) |
| 6 | 20 | 7 (37) | 1.9 (1.1) | 0.95 (0.81) |

The price is that fewer are promised a number where one exists: with 10 seeds 47 % instead of 84 % for k = 6, 29 %
instead of 66 % for k = 2. So `> 200` is no proof that two are equal, and a number from 5 seeds is no more than a hint.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from bench.report.statistics import significance

Values = NDArray[np.float64]

CAP = 200
"""More seeds are not looked for: the answer is `> 200`."""
RESAMPLES = 400
"""Of the bootstrap: the standard error of a power of 0.8 is 0.02."""
EXACT = 30
"""Up to so many seeds the exact law gives the threshold; beyond, the normal law with its continuity correction."""


@dataclass(frozen=True)
class Power:
    """How many seeds a comparison needs; see `seeds_to_separate`. As text: `34`, `> 200`."""

    seeds: int | None
    """Of each optimiser, in all; None where more than `cap`."""
    power: float
    """With that many, or with `cap`; NaN where there is nothing to go by."""
    believed: float
    """Which share of the observed effect was taken for true, 0 to 1."""
    runs: int
    """Seeds at hand: paired ones, or those of the side that has fewer."""
    cap: int = CAP

    @property
    def more(self) -> int | None:
        """How many seeds each side lacks; None where too many."""
        return None if self.seeds is None else max(0, self.seeds - self.runs)

    def __str__(self) -> str:
        return f"> {self.cap}" if self.seeds is None else str(self.seeds)


def seeds_to_separate(
    a: Values,
    b: Values,
    paired: bool,
    pairs: int = 1,
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 0,
    cap: int = CAP,
) -> Power:
    """The least number of seeds N of each side with which the test would reject with probability `power`.

    `a` and `b` are final losses, (n,) and (m,), by the same seeds in the same order where `paired`; +inf for a failure
    (NaN is taken as +inf). The test is `significance.signed_rank_p` or `rank_sum_p` at alpha / `pairs`: what Holm's
    correction asks of the first of so many pairs, and at most of the others.

    Bootstrap: N losses are drawn with replacement from each side (paired: N seeds), 400 times from `seed` alone, and
    tested; N is found by bisection up to `cap`. Source: Collings and Hamilton, Estimating the power of the two-sample
    Wilcoxon test for location shift (Biometrics 44, 1988).

    Corrected for having picked the winner: with z the observed rank statistic in units of its standard deviation where
    nothing differs, only the share

        s = max(0, 1 - c / z^2)

    of the effect is believed, where c is what z^2 is in expectation between the picked best of k equal optimisers and
    another of them (`picked`; k has `pairs` pairs). This is the positive-part estimate of James and Stein: what an
    effect is on average that looks like z, if effects vary by z^2 - c and chance and picking add c. Each loss is drawn
    from the other side with probability (1 - s) / 2 (paired: its difference changes sign), which makes
    P(a < b) - P(a > b), or its like for the sum of two differences, exactly s times the observed one, whatever the
    losses are. Source: Efron and Morris, Stein's estimation rule and its competitors (1973), JASA 68; on what happens
    uncorrected: Anderson and Maxwell (2017), Multivariate Behav. Res. 52(3). Chosen by simulation: sqrt(s), which
    corrects the effect's square, left the true power lower.

    Ties, such as failures, are drawn as ties. Redrawing a loss makes ties too, which weigh little. N is that of a new
    comparison: seeds that are added until a test rejects would reject too often.
    """
    runs = min(len(a), len(b))
    if runs == 0:
        return Power(None, math.nan, 0.0, runs, cap)
    sides = _levelled(a, b, paired)
    z = float(_statistic(*sides, paired))
    believed = max(0.0, 1 - picked(pairs) / z**2) if z else 0.0

    def reached(seeds: int) -> float:
        return _power(sides, paired, seeds, alpha / pairs, believed, np.random.default_rng([seed, seeds]))

    if believed == 0:
        return Power(None, reached(cap), believed, runs, cap)
    return Power(*least_seeds(reached, power, cap), believed, runs, cap)


def least_seeds(reached: Callable[[int], float], power: float, cap: int = CAP) -> tuple[int | None, float]:
    """The least number of seeds with which a power that grows with them reaches `power`, and the power there.

    By bisection; None, and the power of `cap`, where even that many do not.
    """
    low, high, attained = 1, cap, reached(cap)  # one seed never suffices
    if attained < power:
        return None, attained
    while high - low > 1:
        middle = (low + high) // 2
        with_middle = reached(middle)
        if with_middle >= power:
            high, attained = middle, with_middle
        else:
            low = middle
    return high, attained


def power_of(
    a: Values, b: Values, paired: bool, seeds: int, level: float, believed: float = 1.0, seed: int = 0
) -> float:
    """How often the test at `level` rejects with so many seeds of each side; see `seeds_to_separate`."""
    return _power(_levelled(a, b, paired), paired, seeds, level, believed, np.random.default_rng([seed, seeds]))


@lru_cache
def picked(pairs: int) -> float:
    """E z^2 between the best of k equal optimisers and another, z their difference in its standard deviations.

    Of k standard normal estimates with least value M, by E(M sum of all) = 1 and E(sum of squares) = k,

        E (M - another)^2 / 2 = (k E M^2 + k - 2) / (2 (k - 1)):

    1 for k = 2, 1.21 for 3, 1.61 for 6, 1.95 for 10. `pairs` = k (k - 1) / 2, the next larger k where there is none.
    """
    k = max(2, math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2))
    square, _ = integrate.quad(lambda x: x * x * k * stats.norm.pdf(x) * stats.norm.sf(x) ** (k - 1), -np.inf, np.inf)
    return float((k * square + k - 2) / (2 * (k - 1)))


def _levelled(a: Values, b: Values, paired: bool) -> tuple[Values, Values]:
    """How many losses of each side have each level; paired: how many negative and other differences each distance.

    Level 0 of distances is no distance. What differs by rounding alone has one level, as in the tests.
    """
    a, b = (np.where(np.isnan(side), np.inf, side) for side in (a, b))
    if paired:
        d = significance.differences(a, b)
        places = significance.levels(np.abs(d), significance.rounding(a, b)).astype(np.int64)
        places += not (d == 0).any()
        first = d < 0
    else:
        both = np.concatenate([a, b])
        places = significance.levels(both, significance.rounding(both, both)).astype(np.int64)
        first = np.arange(len(both)) < len(a)
    size = int(places.max()) + 1
    return (
        np.bincount(places[first], minlength=size).astype(np.float64),
        np.bincount(places[~first], minlength=size).astype(np.float64),
    )


def _statistic(first: Values, second: Values, paired: bool) -> Values:
    """|signed-rank or rank-sum statistic| in standard deviations under the null, ties included; (..., levels) -> (...).

    0 where nothing differs.
    """
    tied = first + second
    ranks = np.cumsum(tied, axis=-1) - tied + (tied + 1) / 2
    if paired:
        distance = ((second - first) * ranks)[..., 1:].sum(axis=-1)
        variance = (tied * ranks**2)[..., 1:].sum(axis=-1)
    else:
        n, m = first.sum(axis=-1), second.sum(axis=-1)
        mean = (n + m + 1) / 2
        distance = (first * ranks).sum(axis=-1) - n * mean
        variance = n * m / ((n + m) * (n + m - 1)) * (tied * (ranks - mean[..., None]) ** 2).sum(axis=-1)
    spread = np.sqrt(np.maximum(variance, 0.0))
    deviations: Values = np.divide(np.abs(distance), spread, out=np.zeros_like(spread), where=spread > 0)
    return deviations


def _power(
    sides: tuple[Values, Values],
    paired: bool,
    seeds: int,
    level: float,
    believed: float,
    random: np.random.Generator,
) -> float:
    """The share of resamples that the test rejects; they are drawn as numbers of losses at each level."""
    own, other = (1 + believed) / 2, (1 - believed) / 2
    if paired:
        negative, positive = own * sides[0] + other * sides[1], own * sides[1] + other * sides[0]
        chances = np.concatenate([negative, positive]) / (sides[0] + sides[1]).sum()
        first, second = np.split(random.multinomial(seeds, chances, size=RESAMPLES).astype(np.float64), 2, axis=1)
    else:
        a, b = (side / side.sum() for side in sides)
        first, second = (
            random.multinomial(seeds, chances, size=RESAMPLES).astype(np.float64)
            for chances in (own * a + other * b, own * b + other * a)
        )
    return float((_statistic(first, second, paired) >= _threshold(seeds, level, paired) * (1 - 1e-9)).mean())


@lru_cache(maxsize=4096)
def _threshold(seeds: int, level: float, paired: bool) -> float:
    """The least `_statistic` that rejects without ties, +inf where none does."""
    if paired:
        spread, ends = math.sqrt(seeds * (seeds + 1) * (2 * seeds + 1) / 6), seeds * (seeds + 1)
    else:
        spread, ends = math.sqrt(seeds**2 * (2 * seeds + 1) / 12), 2 * seeds * (2 * seeds + 1)
    if seeds > EXACT:
        return float(stats.norm.isf(level / 2)) + (1.0 if paired else 0.5) / spread
    if paired:
        law = significance.law_of_flips(tuple(range(2, 2 * seeds + 1, 2)))
        distances = np.abs(2 * np.arange(len(law)) - ends) / 2
    else:
        law = significance.law_of_draws(tuple(range(2, 4 * seeds + 1, 2)), seeds)
        distances = np.abs(2 * np.arange(len(law)) - ends) / 4
    distances, law = distances[law > 0], law[law > 0]
    values, places = np.unique(distances, return_inverse=True)
    tails = np.cumsum(np.bincount(places, weights=law)[::-1])[::-1]
    rejected = values[tails <= level * (1 + 1e-9)]
    return float(rejected[0] / spread) if len(rejected) else math.inf
