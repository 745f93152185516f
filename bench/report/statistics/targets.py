"""How soon runs reach a loss: evaluations until random search's final loss, expected running time, ECDF of targets.

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

from bench.report.statistics import intervals

Values = NDArray[np.float64]


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
class HittingTime:
    """Evaluations until a target; see `hitting_time`."""

    evaluations: Bound
    """Median over runs."""
    low: Bound
    """The ends of its interval; NaN without one."""
    high: Bound
    coverage: float
    """The confidence of the interval; NaN without one."""
    runs: int
    reached: int
    """How many runs reach the target."""


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
    return _middle(evaluations_to(losses, target), losses.shape[1])[0]


def hitting_time(losses: Values, target: float | Values, cut: Values | None = None) -> HittingTime:
    """How many evaluations reach a target: the median over runs, between two order statistics (`intervals.median`).

    With k the greatest with 2 P(K < k) <= 0.05 for K binomial (n, 1/2), the interval goes from the k-th least number to
    the k-th greatest; a censored one is an end `> evaluations made`. From 6 runs on; its coverage is at least what is
    returned, by no simulation. Source: Thompson (1936).

    `cut`, (runs,), is how many evaluations a run made that something else than the budget ended, +inf for others: of
    one that has not reached the target by then it is known alone that it needs more than these. A number that would
    not be the same, whether it needed one more or never reached it, is NaN.
    """
    needed, horizon = evaluations_to(losses, target), losses.shape[1]
    latest = _middle(needed, horizon)
    if cut is None:
        median, low, high, coverage = latest
    else:
        (*soonest, _), (*others, coverage) = _middle(at_least(needed, cut), horizon), latest
        median, low, high = (one if one == other else Bound(np.nan) for one, other in zip(soonest, others, strict=True))
        coverage = coverage if np.isfinite([low.value, high.value]).all() else float("nan")
    return HittingTime(median, low, high, coverage, len(needed), int(np.isfinite(needed).sum()))


def at_least(needed: Values, cut: Values) -> Values:
    """The least that each run can have needed: one more than it made where it was cut off before, (runs,)."""
    return np.where(np.isfinite(needed), needed, cut + 1)


def _middle(needed: Values, horizon: int) -> tuple[Bound, Bound, Bound, float]:
    """Median, the ends of its interval, and the coverage."""
    interval = intervals.median(needed)
    median = _bound(np.sort(needed)[(len(needed) - 1) // 2], horizon) if len(needed) else Bound(np.nan)
    if not np.isfinite(interval.level) or interval.level >= 1 or not len(needed):
        return median, Bound(np.nan), Bound(np.nan), float("nan")
    low, high = (_bound(float(end), horizon) for end in (interval.low, interval.high))
    return median, low, high, interval.level


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


def _bound(needed: float, horizon: int) -> Bound:
    return Bound(float(needed)) if np.isfinite(needed) else Bound(float(horizon), ">")
