"""How far a surrogate can be trusted, out of group: on what an optimiser has evaluated, by one fitted without it.

In-sample figures flatter. Of fewer than three optimisers each run is a group. A configuration of the group that others
have evaluated too is left out of what is fitted to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.problems.surrogates.evaluations import Evaluations
from bench.problems.surrogates.fitting import CANDIDATES, Candidate

Floats = NDArray[np.float64]
BEST = 0.1
"""The share of evaluations that are the best."""
NOMINAL = 0.9
"""How often an interval should hold the loss."""


@dataclass(frozen=True, eq=False)
class OutOfGroup:
    """Of each evaluation with a loss, what was predicted without its group."""

    group: NDArray[np.int64]
    true: Floats
    predicted: Floats
    run: NDArray[np.int64]
    optimizer: NDArray[np.int64]


def effects(evaluations: Evaluations) -> tuple[Floats, float | None]:
    """By how much each split lies above the others, and the noise of one configuration, a standard deviation.

    Both from configurations that were evaluated on several splits alone, never from residuals: of losses that are a
    configuration's plus a split's, by least squares; the noise is what is left, with its degrees of freedom. Splits
    that share no configuration with others have no known effect, which is 0; the noise is then None.
    """
    splits = int(evaluations.split.max()) + 1
    nothing = np.zeros(splits)
    ok = evaluations.ok
    pairs = np.unique(
        np.stack([evaluations.codes[ok], evaluations.split[ok]]).T, axis=0, return_index=True
    )  # of one split the same evaluation, however often it was proposed
    (code, split), loss = pairs[0].T, evaluations.loss[ok][pairs[1]]
    repeated = np.bincount(code)[code] > 1
    if splits == 1 or not repeated.any():
        return nothing, None
    code, split, loss = np.unique(code[repeated], return_inverse=True)[1], split[repeated], loss[repeated]
    counts = np.bincount(split, minlength=splits)
    of_split, of_code = nothing.copy(), np.zeros(int(code.max()) + 1)
    for _ in range(200):
        of_code = np.bincount(code, loss - of_split[split]) / np.bincount(code)
        of_split = np.bincount(split, loss - of_code[code], splits) / np.maximum(counts, 1)
        of_split -= np.average(of_split, weights=counts)
    freedom = len(loss) - len(of_code) - (len(np.unique(split)) - 1)
    if freedom < 1:
        return of_split, None
    left = loss - of_code[code] - of_split[split]
    return of_split, float(np.sqrt(np.sum(left**2) / freedom))


def training(evaluations: Evaluations, losses: Floats, left_out: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The rows and losses that are fitted to: each configuration once, with its mean, without those of some trials."""
    without = set(evaluations.codes[left_out].tolist())
    kept = evaluations.ok & ~np.isin(evaluations.codes, list(without))
    codes, places = np.unique(evaluations.codes[kept], return_inverse=True)
    return evaluations.rows[codes], np.bincount(places, losses[kept]) / np.bincount(places)


def out_of_group(evaluations: Evaluations, losses: Floats, candidate: Candidate) -> OutOfGroup:
    """What a candidate predicts of each group without it; `losses` are those of the trials, without split effects."""
    groups = evaluations.optimizer if len(evaluations.optimizers) >= 3 else evaluations.run
    ok = evaluations.ok
    predicted = np.full(len(losses), np.nan)
    for group in np.unique(groups):
        inside = groups == group
        rows, values = training(evaluations, losses, inside)
        own = np.unique(evaluations.codes[inside & ok])
        if not len(own) or len(values) < 20:
            continue
        known = np.zeros(len(evaluations.configurations))
        known[own] = candidate.fit(rows, values)(evaluations.rows[own])
        predicted[inside & ok] = known[evaluations.codes[inside & ok]]
    kept = ok & ~np.isnan(predicted)
    return OutOfGroup(groups[kept], losses[kept], predicted[kept], evaluations.run[kept], evaluations.optimizer[kept])


def described(found: OutOfGroup) -> dict[str, Any]:
    """The error as plain data: `all`, `best_tenth`, `regret` and `order`; numbers are None where nothing is defined.

    `rank_correlation` is Spearman's; `rmse` in the loss's own unit; `coverage` how often the loss lies within the
    predicted one by no more than 90 % of the errors of *other* groups. `regret` compares, run by run, the lowest loss
    among its trials with the lowest predicted one: `rmse`, `bias` (predicted less true) and `rank_correlation` over
    runs. `order` is Kendall's tau (b) between the optimisers' medians of these.
    """
    errors = np.abs(found.predicted - found.true)
    within = np.zeros(len(errors), dtype=bool)
    for group in np.unique(found.group):
        inside = found.group == group
        others = errors[~inside]
        within[inside] = errors[inside] <= (np.quantile(others, NOMINAL) if len(others) else np.inf)
    best = found.true <= np.quantile(found.true, BEST)
    ends = np.array(
        [
            (found.true[own].min(), found.predicted[own].min(), found.optimizer[own][0])
            for run in np.unique(found.run)
            for own in [found.run == run]
        ]
    )
    gap = ends[:, 1] - ends[:, 0]
    medians = np.array([np.median(ends[ends[:, 2] == number, :2], axis=0) for number in np.unique(ends[:, 2])])
    return {
        "all": _of(found, errors, within, np.ones(len(errors), dtype=bool)),
        "best_tenth": _of(found, errors, within, best),
        "regret": {
            "runs": len(ends),
            "rmse": float(np.sqrt(np.mean(gap**2))),
            "bias": float(np.mean(gap)),
            "rank_correlation": correlation(ends[:, 0], ends[:, 1]),
        },
        "order": _number(stats.kendalltau(medians[:, 0], medians[:, 1]).statistic) if len(medians) > 1 else None,
        "optimizers": len(medians),
        "groups": len(np.unique(found.group)),
    }


def _of(
    found: OutOfGroup, errors: Floats, within: NDArray[np.bool_], which: NDArray[np.bool_]
) -> dict[str, float | int | None]:
    return {
        "evaluations": int(which.sum()),
        "rank_correlation": correlation(found.true[which], found.predicted[which]),
        "rmse": float(np.sqrt(np.mean(errors[which] ** 2))),
        "coverage": float(np.mean(within[which])),
    }


def correlation(a: Floats, b: Floats) -> float | None:
    """Spearman's rank correlation; None where one of them is constant, or there are fewer than three."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return _number(stats.spearmanr(a, b).statistic)


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def chosen(evaluations: Evaluations, losses: Floats) -> tuple[Candidate, dict[str, Any]]:
    """The candidate with the highest rank correlation in the best tenth, then the lowest RMSE; and its error."""

    def merit(pair: tuple[Candidate, dict[str, Any]]) -> tuple[float, float]:
        rank = pair[1]["best_tenth"]["rank_correlation"]
        return (-1.0 if rank is None else round(rank, 2), -pair[1]["all"]["rmse"])

    tried = [(each, described(out_of_group(evaluations, losses, each))) for each in CANDIDATES]
    return max(tried, key=merit)
