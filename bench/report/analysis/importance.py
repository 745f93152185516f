"""Which hyperparameters the losses of the visited configurations depend on."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from bench.report.runs.visits import Visits

FEWEST = 30
"""With fewer distinct configurations nothing is said."""
MOST = 1000
"""How many trials are looked at, at most: a sample of all."""

_FOLDS, _TREES, _REPEATS = 10, 15, 3
_LEVEL = 0.95
_INACTIVE = -1.0


@dataclass(frozen=True)
class Importance:
    """How much each hyperparameter matters among what was visited; see `importance`."""

    bars: pd.DataFrame
    """`parameter`, `importance`, `lower`, `upper`; the most important first."""
    explained: float
    """The share of the variance of held-out ranks that the forests predict: what little of it is left is not shown."""
    configurations: int
    """How many distinct ones were looked at."""
    sampled: bool
    """Whether there are more trials than were looked at."""


def importance(visits: Visits, seed: int = 0) -> Importance | None:
    """The permutation importance of each searched hyperparameter (Breiman 2001), among the configurations visited.

    A random forest predicts the rank of a trial's loss (`visits.ranks`: failures are the worst, a diverged loss is no
    further off than its rank) from the places of its configuration, an inactive parameter standing apart at -1. Trials
    of all optimisers are pooled, equal configurations are one with their mean rank, so that no forest is tested on what
    it was fitted to. In each of 10 folds, the importance of a parameter is

        (mean squared error with its values permuted - without) / (2 variance of the ranks),

    its values permuted among those held-out configurations in which it is active, the mean of 3 permutations. Of an
    exact forest over independent parameters this is Sobol's total index: the share of the variance that is not known
    without the parameter. What is returned is the mean over folds, with the 95 % interval of Student's t whose variance
    is corrected for the folds' common training data (Nadeau & Bengio 2003): s^2 (1/10 + 1/9). Parameters that were
    moved together stand for each other, and share theirs.

    It speaks of where the optimisers looked, most often near what is good, and not of the space as a whole. At most
    `MOST` trials are looked at, drawn with `seed`, which decides about folds, trees and permutations too. None where
    there are fewer than `FEWEST` distinct configurations, or their ranks are all the same.
    """
    rng = np.random.default_rng([seed, 0x1A])
    rows = np.arange(len(visits.trials))
    if len(rows) > MOST:
        rows = np.sort(rng.choice(rows, MOST, replace=False))
    places, ranks = _distinct(visits.places.to_numpy()[rows], visits.trials["rank"].to_numpy()[rows])
    if len(places) < FEWEST or places.shape[1] == 0 or np.ptp(ranks) == 0:
        return None
    order = rng.permutation(len(places))
    scores, errors = [], []
    for fold, held in enumerate(np.array_split(order, _FOLDS)):
        fitted = np.setdiff1d(order, held)
        trees = forest(places[fitted], ranks[fitted], seed + fold)
        error = _errors(trees, places[held], ranks[held], rng)
        scores.append((error[1:] - error[0]) / (2 * ranks.var()))
        errors.append(error[0])
    means, spread = np.mean(scores, axis=0), np.std(scores, axis=0, ddof=1)
    reach = t.ppf((1 + _LEVEL) / 2, _FOLDS - 1) * spread * np.sqrt(1 / _FOLDS + 1 / (_FOLDS - 1))
    bars = pd.DataFrame(
        {
            "parameter": visits.places.columns,
            "importance": means,
            "lower": means - reach,
            "upper": means + reach,
        }
    )
    return Importance(
        bars.sort_values("importance", ascending=False, kind="stable", ignore_index=True),
        explained=float(1 - np.mean(errors) / ranks.var()),
        configurations=len(places),
        sampled=len(rows) < int(visits.runs["trials"].sum()),
    )


def _distinct(
    places: NDArray[np.float64], ranks: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each configuration once, with the mean rank of its trials."""
    known = np.where(np.isnan(places), _INACTIVE, places)
    configurations, which, count = np.unique(known, axis=0, return_inverse=True, return_counts=True)
    return configurations, np.bincount(which.ravel(), weights=ranks, minlength=len(configurations)) / count


def forest(places: NDArray[np.float64], ranks: NDArray[np.float64], seed: int) -> list[Any]:
    """The trees of scikit-learn's `RandomForestRegressor(15, min_samples_leaf=2, random_state=seed)`, to the bit.

    Each is grown by its library on its own bootstrap of the rows; the forest's own loop takes longer to copy its
    settings to each tree than to grow it.
    """
    sklearn = importlib.import_module("sklearn")  # here, as it takes half a second that nothing else needs
    tree = importlib.import_module("sklearn.tree")
    rows = places.astype(np.float32)
    random = np.random.RandomState(seed)
    trees = []
    with sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        for own in [random.randint(np.iinfo(np.int32).max) for _ in range(_TREES)]:
            random.seed(own)  # of each tree, for its rows and again for its splits: sooner than a new generator
            drawn = random.randint(0, len(ranks), len(ranks), dtype=np.int32)
            times = np.bincount(drawn, minlength=len(ranks)).astype(np.float64)
            random.seed(own)
            grown = tree.DecisionTreeRegressor(min_samples_leaf=2, random_state=random)
            trees.append(grown.fit(rows, ranks, sample_weight=times, check_input=False))
    return trees


def predicted(trees: Sequence[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of what the trees of a `forest` predict, summed in their order as it does."""
    rows = places.astype(np.float32)
    total = np.zeros(len(rows))
    for tree in trees:
        total += tree.predict(rows, check_input=False)
    return total / len(trees)


def _errors(
    trees: Sequence[Any], places: NDArray[np.float64], ranks: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Mean squared errors: as it is, then with each column permuted. One prediction, since each call costs much."""
    copies = [places]
    for column in range(places.shape[1]):
        active = np.flatnonzero(places[:, column] != _INACTIVE)
        for _ in range(_REPEATS):
            permuted = places.copy()
            permuted[active, column] = places[rng.permutation(active), column]
            copies.append(permuted)
    ranked = predicted(trees, np.concatenate(copies)).reshape(len(copies), len(ranks))
    errors = ((ranked - ranks) ** 2).mean(axis=1)
    return np.append(errors[0], errors[1:].reshape(-1, _REPEATS).mean(axis=1))
