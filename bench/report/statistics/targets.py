"""How soon runs reach a loss: evaluations and speed-up against random search, expected running time, ECDF of targets.

`losses` are best-so-far losses as `curves.stack` gives them, (runs, evaluations): column t - 1 is where a run stands
after t evaluations, +inf before its first success; a missing value (NaN) counts as +inf. A run reaches a target with
the first t whose loss is no larger (equal counts), and never by a failure: where the target is +inf, with its first
success. Nothing is interpolated between evaluations. A run that does not reach it is censored: all that is known is
that it needs more than the evaluations made. It stays among the runs, as worse than every number.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 1999
FEW = 5
"""Fewer runs have no interval: [least, greatest] of 4 covers a median in 87.5 % of the cases only."""


@dataclass(frozen=True)
class Bound:
    """A number, or a bound where runs are censored: `17`, `> 50`, `< 1`."""

    value: float
    """NaN where undefined."""
    relation: Literal["", "<", ">"] = ""

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "undefined"
        return f"{self.relation} {self.value:.3g}" if self.relation else f"{self.value:.3g}"


@dataclass(frozen=True)
class SpeedUp:
    """Evaluations that reach a target, with an interval; see `speed_up`."""

    evaluations: Bound
    """Median over runs."""
    low: Bound
    high: Bound
    budget: int
    """What random search has for the same target."""
    runs: int
    reached: int
    """How many runs reach the target."""

    @property
    def factor(self) -> Bound:
        """The speed-up, budget / evaluations."""
        return _over(self.budget, self.evaluations)

    @property
    def factor_low(self) -> Bound:
        return _over(self.budget, self.high)

    @property
    def factor_high(self) -> Bound:
        return _over(self.budget, self.low)


def evaluations_to(losses: Values, target: float | Values) -> Values:
    """Evaluations until each run reaches the target, (runs,): min {t : losses[r, t - 1] <= target}, or +inf.

    A target is one loss, or one for each run, (runs, 1).
    """
    reached = (losses <= target) & (losses < np.inf)
    if reached.shape[1] == 0:
        return np.full(len(losses), np.inf)
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def median_evaluations(losses: Values, target: float | Values) -> Bound:
    """The least t after which at least half of the runs have reached the target, or the bound `> evaluations made`.

    It is the ceil(n/2)-th of the n runs' numbers in ascending order, censored ones last: the median of Kaplan and Meier
    (1958), as all are censored after the same number. For even n this is the lower of the middle two, and no midpoint,
    so that it is always a number of evaluations that was made. NaN without runs.
    """
    needed = np.sort(evaluations_to(losses, target))
    return _bound(needed[(len(needed) - 1) // 2], losses.shape[1]) if len(needed) else Bound(np.nan)


def speed_up(
    losses: Values, target: float | Values, budget: int | None = None, level: float = LEVEL, seed: int = 0
) -> SpeedUp:
    """How many evaluations reach random search's final loss, and how many times fewer than its budget that is.

        factor = budget / median evaluations to the target (see `median_evaluations`)

    `target` is a loss that random search reaches after `budget` evaluations (by default the number of columns): the
    report takes `baseline.Reference.random`, a stored number, so that the interval is that of these runs alone and not
    of the target. The interval is a percentile bootstrap over runs: of 1999 resamples of runs, drawn with replacement
    from `seed` alone, the median evaluations at (1 - level) / 2 and (1 + level) / 2, as order statistics. Censored runs
    are drawn like others, so that an end may be a bound: evaluations of "13 .. > 50" are a factor of "< 1 .. 3.8". With
    fewer than 5 runs there is no interval, its ends are NaN. Measured coverage of 95 % intervals, a fifth of the runs
    censored: 94.7 % for n = 5, 94.4 % for 10, 93.7 % for 20 (benchmarks/intervals.py). Source: Efron (1982); Reid
    (1981) for resampling censored data.
    """
    needed = evaluations_to(losses, target)
    count, evaluations = len(needed), losses.shape[1]
    low = high = Bound(np.nan)
    if count >= FEW:
        ordered = np.sort(needed)
        middle = (count - 1) // 2
        ranks = np.random.default_rng(seed).integers(count, size=(RESAMPLES, count))
        medians = np.sort(ordered[np.partition(ranks, middle, axis=1)[:, middle]])
        place = max(int((RESAMPLES + 1) * (1 - level) / 2 + 1e-9), 1)
        low, high = _bound(medians[place - 1], evaluations), _bound(medians[RESAMPLES - place], evaluations)
    return SpeedUp(
        evaluations=median_evaluations(losses, target),
        low=low,
        high=high,
        budget=evaluations if budget is None else budget,
        runs=count,
        reached=int(np.isfinite(needed).sum()),
    )


def expected_running_time(losses: Values, target: float | Values, spent: NDArray[np.int64] | None = None) -> float:
    """Evaluations until the target, in expectation, if runs were started again until one reaches it (ERT).

        ERT = (sum over runs of evaluations made until the target, or until the end) / (runs that reach it)

    It is +inf where no run does, and NaN without runs. A run that does not reach it made as many evaluations as there
    are columns, or `spent`, (runs,), where it ended before. No interval: with few successes it is dominated by one of
    them. Source: Auger and Hansen (2005); Hansen et al., COCO: performance assessment (2016), arXiv:1605.03560.
    """
    needed = evaluations_to(losses, target)
    if len(needed) == 0:
        return float("nan")
    reached = np.isfinite(needed)
    evaluations = np.full(len(needed), losses.shape[1]) if spent is None else np.minimum(spent, losses.shape[1])
    total = float(np.where(reached, needed, evaluations).sum())
    return total / int(reached.sum()) if reached.any() else float("inf")


def targets(pool: Values, count: int = 25) -> Values:
    """Losses to reach, (count,), hardest last: quantiles of single draws of random search, as `ecdf` takes them.

    The shares p run from 1/2 to 1/N in equal steps of log p, N being the number of draws in `pool`; the target of p is
    the ceil(p N)-th least loss, which random search reaches after 1/p draws in expectation or sooner. Failed draws
    (+inf or NaN) are among the N: a target is +inf where more than that share failed. Equal targets are kept and count
    each. NaN without draws. Source: runlength-based targets of COCO, Hansen et al. (2016), arXiv:1605.03560.
    """
    ordered = np.sort(np.where(np.isnan(pool), np.inf, pool), axis=None)
    if len(ordered) == 0:
        return np.full(count, np.nan)
    shares = np.geomspace(0.5, 1 / len(ordered), count)
    place = np.ceil(shares * len(ordered) * (1 - 1e-12)).astype(np.int64)
    losses: Values = ordered[np.clip(place, 1, len(ordered)) - 1]
    return losses


def ecdf(losses: Values, aims: Values) -> Values:
    """Share of (run, target) pairs reached after 1, 2, ... evaluations, (evaluations,).

        F(t) = #{(r, k) : losses[r, t - 1] <= aims[k] and losses[r, t - 1] < inf} / (runs * targets)

    A step function that never falls, with runs and targets that are not reached in its denominator. NaN without runs
    or targets. Source: Hansen et al. (2016), arXiv:1605.03560 (runtime distributions).
    """
    if len(losses) == 0 or len(aims) == 0:
        return np.full(losses.shape[1], np.nan)
    known = np.where(np.isnan(losses), np.inf, losses)
    hit = len(aims) - np.searchsorted(np.sort(aims), known.ravel(), side="left").reshape(known.shape)
    share: Values = np.where(known < np.inf, hit, 0).sum(axis=0) / (len(losses) * len(aims))
    return share


def _bound(needed: float, evaluations: int) -> Bound:
    return Bound(float(needed)) if np.isfinite(needed) else Bound(float(evaluations), ">")


def _over(budget: int, evaluations: Bound) -> Bound:
    """Budget / evaluations; more than so many evaluations is less than so much speed-up."""
    value = budget / evaluations.value if evaluations.value else float("inf")
    return Bound(value, "<" if evaluations.relation == ">" else "")
