"""How large a fitted scikit-learn estimator is: the leaves of its trees, or its parameters."""

from typing import Any

import numpy as np

from bench.errors import UserError


def size_of(estimator: Any) -> int:
    """The leaves of a tree, forest or boosted trees; weights and intercepts of a linear model or network.

    Of a pipeline or a calibrated classifier it is that of what is within. Raises `UserError` for others, such as
    neighbours, which keep the data.
    """
    inner = _within(estimator)
    if hasattr(inner, "tree_"):
        return int(inner.tree_.n_leaves)
    if hasattr(inner, "_predictors"):  # of histogram gradient boosting, which has no public count
        return sum(int(tree.get_n_leaf_nodes()) for of_round in inner._predictors for tree in of_round)  # noqa: SLF001
    if hasattr(inner, "estimators_"):
        return sum(size_of(each) for each in np.ravel(np.asarray(inner.estimators_, dtype=object)))
    if hasattr(inner, "coefs_"):
        return sum(int(np.size(each)) for each in (*inner.coefs_, *inner.intercepts_))
    if hasattr(inner, "coef_"):
        return int(np.size(inner.coef_) + np.size(getattr(inner, "intercept_", ())))
    raise UserError(
        f"objectives: size is not known of {type(inner).__name__}, which has neither trees nor weights; leave it out, "
        "or choose another model"
    )


def _within(estimator: Any) -> Any:
    """What a pipeline ends with, or what a calibration is of."""
    if hasattr(estimator, "calibrated_classifiers_"):
        return _within(estimator.calibrated_classifiers_[0].estimator)
    if hasattr(estimator, "steps"):
        return _within(estimator.steps[-1][1])
    return estimator
