"""Random search, exactly: what its best of t draws is worth, and losses in units of it.

A pool is the losses of all draws that random search made on one problem hash, of all its runs, in any order and shape:
not best-so-far losses, but one number a trial. Draws that several runs share (a shared initial design) belong in it
once. A failed draw is +inf (a NaN is taken as +inf) and is never left out. With x_(1) <= ... <= x_(N) the sorted pool,
the best of t draws WITHOUT replacement has the law

    P(min > x_(i)) = C(N-i, t) / C(N, t)    (x_(i) being the i-th in order; ties keep their places),

of which everything here follows without simulation. Drawing without replacement makes it the average over all t-subsets
of the pool, an unbiased estimate (a U-statistic) of what t new draws give; drawing with replacement is biased upwards,
as it may take the same draw twice. More than N draws cannot be had from it: there the values are NaN. Source: Hoeffding
(1948); Tang et al., Showing Your Work Doesn't Always Work (ACL 2020), on Dodge et al. (EMNLP 2019).
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Values = NDArray[np.float64]

_NEGLIGIBLE = 1e-40
"""Order statistics that are the minimum with less probability add nothing that a double can hold."""


@dataclass(frozen=True)
class Reference:
    """The two losses that scores are measured by; stored with a report, as they must not change with what is loaded."""

    best: float
    """The best loss known, score 0; +inf where none is."""
    random: float
    """Random search's median best loss after `evaluations`, score 1; +inf where unknown, or too many draws fail."""
    evaluations: int

    def to_json(self) -> str:
        """One JSON object, +inf as null (JSON has no infinity); floats by their shortest exact form."""
        known = {name: value if math.isfinite(value) else None for name, value in vars(self).items()}
        return json.dumps(known, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Reference":
        """The reference that `to_json` wrote; raises KeyError, TypeError or ValueError for other texts."""
        fields = json.loads(text)
        best, random = (math.inf if fields[name] is None else float(fields[name]) for name in ("best", "random"))
        return cls(best, random, int(fields["evaluations"]))


def expected(pool: Values, evaluations: int, given_success: bool = False) -> Values:
    """Expected best loss after t = 1, ..., `evaluations` draws, (evaluations,).

        E[min of t] = sum over i of x_(i) C(N-i, t-1) / C(N, t)

    With F failures in the pool, t <= F draws may all fail, with probability C(F, t) / C(N, t) (`without_success`), and
    the expectation is +inf there. `given_success` takes it over those t-subsets only that hold a success, which is
    finite as soon as the pool has one: it leaves out what failed, so show `without_success` beside it, or use
    `quantile`.

    Computed by the recurrence C(N-i, t) / C(N, t) = C(N-i, t-1) / C(N, t-1) (N-i-t+1) / (N-t+1), all of whose terms are
    positive and at most 1: nothing cancels, and nothing overflows. NaN for t > N.
    """
    ordered, successes = _sorted(pool)
    count, finite = len(ordered), ordered[:successes]
    expectations = np.full(evaluations, np.nan)
    rest = np.arange(count, count - successes, -1, dtype=np.float64)
    share = finite / rest
    beyond = np.ones(successes)
    for t in range(1, min(evaluations, count) + 1):
        beyond *= (rest - (t - 1)) / (count - t + 1)
        expectations[t - 1] = t * (beyond @ share)
        if t % 16 == 0:
            alive = int(np.count_nonzero(beyond > _NEGLIGIBLE))
            rest, share, beyond = rest[:alive], share[:alive], beyond[:alive]
    barren = without_success(pool, evaluations)
    if given_success:
        expectations[barren < 1] /= 1 - barren[barren < 1]
        expectations[barren == 1] = np.inf
        return expectations
    return np.where(np.arange(1, evaluations + 1) <= count - successes, np.inf, expectations)


def without_success(pool: Values, evaluations: int) -> Values:
    """Probability that t = 1, ..., `evaluations` draws all fail, (evaluations,): C(F, t) / C(N, t). NaN for t > N."""
    ordered, successes = _sorted(pool)
    count, failures = len(ordered), len(ordered) - successes
    draws = np.arange(evaluations, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.maximum(failures - draws, 0) / (count - draws)
    return np.where(draws < count, np.cumprod(np.where(draws < count, ratios, 1.0)), np.nan)


def quantile(pool: Values, evaluations: int, p: float = 0.5) -> Values:
    """The p-quantile of the best loss after t = 1, ..., `evaluations` draws, (evaluations,); 0 < p <= 1.

        Q(p) = x_(i) for the least i with P(min <= x_(i)) = 1 - C(N-i, t) / C(N, t) >= p

    It is a loss that was drawn (nothing is interpolated), and +inf where failures make it so: it stays defined
    where `expected` is not. Exact: where floating point cannot tell which side of p a probability is, it is compared
    in whole numbers, p as the decimal it is written as. NaN for t > N.
    """
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1; found {p}")
    ordered, _ = _sorted(pool)
    count = len(ordered)
    draws = np.arange(1, min(evaluations, count) + 1)
    low, high = np.zeros(len(draws), dtype=np.int64), count - draws + 1
    aim = math.log1p(-p) if p < 1 else -math.inf
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = _log_beyond(count, middle, draws) <= aim
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    if p < 1:
        near = np.abs(_log_beyond(count, np.stack([low, high]), draws) - aim).min(axis=0) < 1e-6
        for place in np.flatnonzero(near):
            high[place] = _exact(count, int(draws[place]), Fraction(repr(float(p))), int(high[place]))
    quantiles = np.full(evaluations, np.nan)
    quantiles[: len(draws)] = ordered[high - 1]
    return quantiles


def evaluations_to(pools: Iterable[tuple[Values, float]], most: int) -> float:
    """After how many draws random search has reached a target with probability 1/2 or more; +inf beyond `most`.

    The exact median of its hitting time, of which that of its own few runs is an estimate. `pools` are the pool and the
    target of each problem, over which the probability is averaged: with i of N draws at or below the target it is
    1 - C(N-i, t) / C(N, t) after t draws. +inf also where a pool has fewer draws; NaN without pools.
    """
    reached = []
    for pool, target in pools:
        ordered, _ = _sorted(pool)
        count, hits = len(ordered), int(np.searchsorted(ordered, target, side="right"))
        draws = np.arange(1, min(most, count) + 1)
        chances = np.full(most, np.nan)
        beyond = _log_beyond(count, np.full(len(draws), hits), draws)
        chances[: len(draws)] = -np.expm1(beyond) if hits else 0.0
        reached.append(chances)
    if not reached:
        return math.nan
    enough = np.mean(reached, axis=0) >= 0.5 - 1e-9
    return float(enough.argmax() + 1) if enough.any() else math.inf


def spread(pool: Values, evaluations: int) -> float:
    """The interquartile range of random search's best loss after so many draws, exactly.

    +inf where failures make an end so; NaN where the pool has not more draws than that, which leave no spread to see.
    """
    if not 0 < evaluations < np.size(pool):
        return math.nan
    low, high = (float(quantile(pool, evaluations, p)[-1]) for p in (0.25, 0.75))
    return high - low if math.isfinite(low) else math.nan


def reference(pool: Values, evaluations: int, others: Iterable[float] = ()) -> Reference:
    """The reference values of a problem: the least of the pool and of `others` (all losses known), and random's median.

    Random's is the last of `quantile(pool, evaluations)`; +inf, as unknown, where the pool has fewer draws.
    """
    ordered, _ = _sorted(pool)
    best = min([*ordered[:1], *(loss for loss in others if not math.isnan(loss))], default=math.inf)
    middle = float(quantile(pool, evaluations)[-1]) if evaluations else math.nan
    return Reference(float(best), math.inf if math.isnan(middle) else middle, evaluations)


def regret(losses: Values, best: float) -> Values:
    """Losses above the best known, losses - best, in their shape.

    Negative where a loss is better than `best`, which is not hidden by cutting it off at 0. +inf for a failure or a
    missing value (NaN); NaN everywhere where `best` is not finite, as no regret is defined then.
    """
    if not math.isfinite(best):
        return np.full(np.shape(losses), np.nan)
    regrets: Values = np.where(np.isnan(losses), np.inf, losses) - best
    return regrets


def normalised(losses: Values, reference: Reference, scale: float | None = None) -> Values:
    """Scores, in the shape of `losses`: 0 for the best loss known, 1 for random search at the same budget.

        score = (loss - best) / scale,    scale = random - best by default (`distance`)

    Below 0 is better than all that was known, above 1 worse than random; the scale does not depend on which results are
    loaded, nor on the worst of them. +inf for a failure or a missing value (NaN). NaN everywhere where it is undefined:
    where the scale is not above 0 (random search finds the best known) or not finite, or the best is not.
    """
    unit = distance([reference]) if scale is None else scale
    if not unit > 0 or not math.isfinite(unit):
        return np.full(np.shape(losses), np.nan)
    return regret(losses, reference.best) / unit


def distance(references: Iterable[Reference]) -> float:
    """How far random search ends above the best known loss, in the mean over problems of one family (splits).

    One scale for all of them, since one for each is 0 where random search finds the best known: leaving out those
    splits would leave out the ones that random search does best on. Of the problems whose two losses are known; NaN of
    none.
    """
    apart = [one.random - one.best for one in references if math.isfinite(one.random) and math.isfinite(one.best)]
    return float(np.mean(apart)) if apart else math.nan


def _sorted(pool: Values) -> tuple[Values, int]:
    """The pool in order, failures last, and how many draws are none."""
    values = np.asarray(pool, dtype=np.float64)
    ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=None)
    return ordered, int(np.searchsorted(ordered, np.inf))


def _log_beyond(count: int, place: NDArray[np.int64], draws: NDArray[np.int64]) -> Values:
    """The logarithm of P(min > x_(place)) = C(count - place, draws) / C(count, draws); -inf for 0."""
    left = count - place - draws
    known = left >= 0
    logarithm = gammaln(count - place + 1.0) - gammaln(np.where(known, left, 0) + 1.0)
    logarithm -= gammaln(count + 1.0) - gammaln(count - draws + 1.0)
    return np.where(known, logarithm, -np.inf)


def _exact(count: int, draws: int, p: Fraction, near: int) -> int:
    """The least i with 1 - C(count - i, draws) / C(count, draws) >= p, in whole numbers, searched from `near`."""
    whole = (p.denominator - p.numerator) * math.comb(count, draws)

    def enough(place: int) -> bool:
        return p.denominator * math.comb(count - place, draws) <= whole

    while near > 1 and enough(near - 1):
        near -= 1
    while not enough(near):
        near += 1
    return near
