"""Trees grown on an experiment's evaluations: which ensembles there are to choose from, and on which scale of losses.

A loss is fitted as it is, or by its normal scores: those leave one diverged trial no more weight than any other bad
one, and are turned back into losses along the losses that were seen.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from bench.problems.surrogates.scale import Scale
from bench.problems.surrogates.trees import Tree, Trees, joined, of_booster, of_forest

Floats = NDArray[np.float64]
LIBRARIES = ("lightgbm", "scikit-learn", "scipy", "numpy")
KNOTS = 200
"""At most so many losses along which scores are turned back."""
TREES = 60
FEWEST_FAILURES = 5
"""With fewer nothing is learnt of where evaluations fail."""

Grow = Callable[[Floats, Floats], list[Tree]]


def _boosted(rows: Floats, values: Floats, objective: str = "regression") -> list[Tree]:
    settings = {
        "objective": objective,
        "num_leaves": 15,
        "max_depth": 8,
        "learning_rate": 0.1,
        "min_data_in_leaf": 4,
        "feature_fraction": 0.8,
        "seed": 0,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    return of_booster(lgb.train(settings, lgb.Dataset(rows, values, free_raw_data=True), num_boost_round=2 * TREES))


def _forest(kind: Any) -> Grow:
    def grow(rows: Floats, values: Floats) -> list[Tree]:
        forest = kind(TREES, min_samples_leaf=2, max_depth=14, max_features=0.6, random_state=0, n_jobs=1)
        return of_forest(forest.fit(rows, values))

    return grow


ENSEMBLES: dict[str, Grow] = {
    "lightgbm": _boosted,
    "forest": _forest(RandomForestRegressor),
    "extra_trees": _forest(ExtraTreesRegressor),
}


def scaled(losses: Floats, scale: str) -> tuple[Floats, Scale]:
    """What is fitted of losses, and how it is turned back; `scale` is `loss` or `scores`."""
    if scale == "loss":
        return losses, Scale()
    shares = (stats.rankdata(losses) - 0.5) / len(losses)
    scores: Floats = stats.norm.ppf(shares)
    order = np.argsort(losses, kind="stable")
    kept = np.unique(np.linspace(0, len(order) - 1, min(KNOTS, len(order))).round().astype(int))
    knots = dict(zip(scores[order[kept]].tolist(), losses[order[kept]].tolist(), strict=True))
    return scores, Scale(tuple(knots), tuple(knots.values()))


@dataclass(frozen=True)
class Candidate:
    """A way to fit a loss."""

    ensemble: str
    scale: str

    def fit(self, rows: Floats, losses: Floats) -> Callable[[Floats], Floats]:
        """What predicts losses for rows."""
        targets, scale = scaled(losses, self.scale)
        trees = joined([grown(self.ensemble, rows, targets)])
        return lambda others: np.asarray(scale.back(trees.predict_all(others)[:, 0]))


CANDIDATES = [Candidate(ensemble, scale) for ensemble in ENSEMBLES for scale in ("loss", "scores")]


def grown(ensemble: str, rows: Floats, values: Floats) -> list[Tree]:
    """The trees of one ensemble."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ENSEMBLES[ensemble](rows, values)


def failures(rows: Floats, failed: NDArray[np.bool_]) -> list[Tree]:
    """Trees whose output is above 0 where an evaluation is more likely to fail than not."""
    return _boosted(rows, failed.astype(np.float64), "binary")


def together(ensembles: Sequence[list[Tree]]) -> Trees:
    """Several ensembles, asked at once."""
    return joined(ensembles)
