"""The Bayesian signed-rank test over problems: how probable it is that one optimiser is practically better.

Source: Benavoli, Corani, Demšar and Zaffalon, Time for a Change: a Tutorial for Comparing Multiple Classifiers Through
Bayesian Analysis, JMLR 18(77), 2017, 4.2.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.statistics import significance

Values = NDArray[np.float64]

ROPE = 0.05
"""Scores that differ by less are practically equal: 5 % of the way from random search's loss to the best known."""
PRIOR = 0.5
"""The weight of one pseudo-observation of no difference; that of each problem is 1."""
DRAWS = 10_000
CERTAIN = 0.95


def compare(scores: pd.DataFrame, rope: float = ROPE, draws: int = DRAWS) -> pd.DataFrame:
    """Every two optimisers: `a`, `b`, `problems`, `a_better`, `equivalent`, `b_better`, which add up to 1.

    `scores` has a row a problem, a column an optimiser, normalised scores (less is better, +inf where an optimiser has
    none); a problem that lacks any (NaN) is left out. With d_1 ... d_P the differences a - b, d_0 = 0 and weights
    (w_0, ..., w_P) from the Dirichlet distribution with parameters (`PRIOR`, 1, ..., 1),

        A = sum of w_i w_j over (d_i + d_j) / 2 < -rope, E over |d_i + d_j| / 2 <= rope, B over > rope,

    and `a_better` is the share of draws of the weights in which A is the largest of the three (ties split alike). The
    mean of +inf and -inf is 0: each side failed once (`significance.walsh`). The draws are the same for all pairs. No
    correction for the number of pairs: each probability is about its pair alone. How often one is above 0.95 where
    nothing differs was simulated: docs/scores.md has the table.
    """
    complete = scores.dropna()
    values = complete.to_numpy(dtype=np.float64)
    weights = _weights(len(values), draws)
    rows = []
    for a, b in combinations(range(values.shape[1]), 2):
        shares = _shares(significance.differences(values[:, a], values[:, b]), rope, weights)
        rows.append((str(complete.columns[a]), str(complete.columns[b]), len(values), *shares))
    return pd.DataFrame(rows, columns=["a", "b", "problems", "a_better", "equivalent", "b_better"])


def _weights(problems: int, draws: int) -> Values:
    """Of the pseudo-observation and each problem, (draws, 1 + problems)."""
    drawn: Values = np.random.default_rng(0).dirichlet([PRIOR, *[1.0] * problems], size=draws)
    return drawn


def _shares(d: Values, rope: float, weights: Values) -> tuple[float, float, float]:
    """How often each of the three regions has the largest weight."""
    observed = np.concatenate([[0.0], d])
    with np.errstate(invalid="ignore"):
        means = np.nan_to_num(0.5 * (observed[:, None] + observed[None, :]), nan=0.0, posinf=np.inf, neginf=-np.inf)
    below = ((weights @ (means < -rope)) * weights).sum(axis=1)
    above = ((weights @ (means > rope)) * weights).sum(axis=1)
    masses = np.round(np.stack([below, 1.0 - below - above, above]), 12)
    largest = masses == masses.max(axis=0)
    shares = (largest / largest.sum(axis=0)).mean(axis=1)
    return float(shares[0]), float(shares[1]), float(shares[2])
