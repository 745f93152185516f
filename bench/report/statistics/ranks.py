"""Comparisons across problems, with problems as blocks: ranks, wins and losses, Friedman's test, critical differences.

`blocks` is a frame with a row a problem and a column an optimiser; its values are final losses (medians over runs),
less is better: +inf where there is none, which is worse than every loss and equal to another such, NaN where the
optimiser was not run on the problem. A problem that lacks any optimiser is incomplete: `incomplete` lists it, and ranks
leave it out, as a rank among fewer says something else.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.report.statistics.significance import differences, holm, levels, rounding

FEWEST = 5
"""Complete problems that `friedman` asks for: with fewer, its statistic is far from the law that it is read by."""


@dataclass(frozen=True)
class Friedman:
    """Friedman's test and Nemenyi's comparison of all pairs; see `friedman`."""

    problems: int
    statistic: float
    p: float
    critical_difference: float
    """Average ranks that differ by more are told apart."""
    ranks: dict[str, float]
    """Average ranks, the least first."""
    groups: tuple[tuple[str, ...], ...]
    """The largest sets of neighbours that are not told apart, two or more in each."""


def incomplete(blocks: pd.DataFrame) -> list[str]:
    """The problems that not every optimiser was run on, in their order."""
    return [str(problem) for problem in blocks.index[blocks.isna().any(axis="columns")]]


def ranks(blocks: pd.DataFrame) -> pd.DataFrame:
    """Ranks 1 (the least loss), 2, ... within each complete problem; equal losses share the mean of their ranks.

    Losses that differ by rounding alone are equal, as in `significance`.
    """
    complete = blocks.dropna()
    losses = complete.to_numpy(dtype=np.float64)
    places = stats.rankdata(levels(losses, rounding(losses, losses)), axis=1) if losses.size else losses
    return pd.DataFrame(places, complete.index, complete.columns)


def average(blocks: pd.DataFrame) -> pd.DataFrame:
    """Average ranks over the complete problems: `label`, `rank`, `problems`, the least first, ties by label."""
    placed = ranks(blocks)
    frame = pd.DataFrame(
        {"label": placed.columns.astype(str), "rank": placed.mean().to_numpy(), "problems": len(placed)}
    )
    return frame.sort_values(["rank", "label"], ignore_index=True)


def over_budget(medians: pd.DataFrame) -> pd.DataFrame:
    """Average ranks after each number of evaluations: `label`, `evaluations`, `rank`, `problems`.

    `medians` has the columns `problem`, `label`, `evaluations`, `median`. After t evaluations those problems count on
    which every optimiser's curve is known, whose number is `problems`; where it is none, there is no row.
    """
    labels = sorted(set(medians["label"]))
    wide = medians.pivot_table(index=["evaluations", "problem"], columns="label", values="median", aggfunc="first")
    placed = ranks(wide.reindex(columns=labels))
    at = placed.groupby(level="evaluations")
    mean = at.mean().join(at.size().rename("problems")).reset_index()
    long = mean.melt(["evaluations", "problems"], labels, var_name="label", value_name="rank")
    return long.sort_values(["label", "evaluations"], ignore_index=True)[["label", "evaluations", "rank", "problems"]]


def records(blocks: pd.DataFrame) -> pd.DataFrame:
    """Every two optimisers over the problems that both were run on: `a`, `b`, `wins`, `ties`, `losses`, `p`, `p_holm`.

    `wins` counts the problems on which a has the less loss. `p` is the two-sided sign test: of a binomial with 1/2 over
    wins and losses, ties left out (1 where there are none of both); `p_holm` its correction over all pairs
    (`significance.holm`). Source: Demšar (2006), JMLR 7, 3.1.3; he splits ties between both sides, which makes the test
    less conservative than the one that leaves them out (Conover, Practical Nonparametric Statistics, 3.4).
    """
    rows = []
    values = blocks.to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    for a, b in combinations(range(values.shape[1]), 2):
        both = known[:, a] & known[:, b]
        apart = differences(values[both, a], values[both, b])
        wins, losses = int((apart < 0).sum()), int((apart > 0).sum())
        ties = int(both.sum()) - wins - losses
        rows.append((str(blocks.columns[a]), str(blocks.columns[b]), wins, ties, losses, _sign_test(wins, losses)))
    frame = pd.DataFrame(rows, columns=["a", "b", "wins", "ties", "losses", "p"])
    return frame.assign(p_holm=holm(frame["p"]) if len(frame) else frame["p"])


@lru_cache(maxsize=4096)
def _sign_test(wins: int, losses: int) -> float:
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def friedman(blocks: pd.DataFrame, alpha: float = 0.05) -> Friedman | None:
    """Whether optimisers differ over problems, and by how much average ranks must; None under `FEWEST` complete ones.

    With ranks r_ij of k optimisers on N problems, R_j their averages,

        Q = (k - 1) N^2 sum over j of (R_j - (k+1)/2)^2 / (sum over i, j of r_ij^2 - N k (k+1)^2 / 4),

    which is corrected for ties, and p = P(chi^2 with k - 1 degrees of freedom >= Q), conservative for few problems; p
    is 1 where all are equal on every problem. Two optimisers are told apart by Nemenyi's test where their average ranks
    differ by more than CD = q sqrt(k (k+1) / (6 N)), q being the 1 - alpha quantile of the studentised range of k,
    over sqrt 2. Source: Friedman (1937); Nemenyi (1963); Demšar (2006), JMLR 7, 3.2.
    """
    ranked = ranks(blocks)
    n, k = ranked.shape
    if n < FEWEST or k < 2:
        return None
    values = ranked.to_numpy(dtype=np.float64)
    spread = float((values**2).sum() - n * k * (k + 1) ** 2 / 4)
    distance = float(((values.mean(axis=0) - (k + 1) / 2) ** 2).sum())
    statistic = (k - 1) * n**2 * distance / spread if spread > 1e-9 else 0.0
    ordered = dict(average(blocks)[["label", "rank"]].itertuples(index=False, name=None))
    critical = float(_studentised_range(1 - alpha, k) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))
    return Friedman(
        problems=n,
        statistic=statistic,
        p=float(stats.chi2.sf(statistic, k - 1)),
        critical_difference=critical,
        ranks=ordered,
        groups=_groups(ordered, critical),
    )


@lru_cache(maxsize=256)
def _studentised_range(p: float, count: int) -> float:
    """Its quantile for so many means and infinite degrees of freedom: integrated numerically, half a second each."""
    return float(stats.studentized_range.ppf(p, count, np.inf))


def _groups(ordered: dict[str, float], critical: float) -> tuple[tuple[str, ...], ...]:
    """Neighbours within the critical difference of each other, no group within another."""
    labels, places = list(ordered), list(ordered.values())
    groups: list[tuple[str, ...]] = []
    reached = 0
    for start, place in enumerate(places):
        end = sum(other <= place + critical for other in places)
        if end > max(reached, start + 1):
            groups.append(tuple(labels[start:end]))
            reached = end
    return tuple(groups)
