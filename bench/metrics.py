"""Named losses for classification and regression: the one place that says which way a metric is better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from bench.errors import UserError, allowed

CLASSIFICATION = ("binary", "multiclass")
REGRESSION = ("regression",)


@dataclass(frozen=True)
class Metric:
    """A score of predictions against a target, and whether more of it is better.

    `target`: (n,) codes 0..k-1, or numbers. `prediction`: (n, k) class probabilities (binary too), or (n,) numbers.
    """

    name: str
    tasks: tuple[str, ...]
    description: str
    function: Callable[[NDArray[Any], NDArray[Any]], float]
    larger_is_better: bool = False

    def loss(self, target: NDArray[Any], prediction: NDArray[Any]) -> float:
        """The score where smaller is better, the negated score where larger is.

        Raises `ValueError` for a prediction of the wrong shape or with values that are not finite: an evaluation that
        yields such has failed, and must not pass for a good or a bad one.
        """
        target, prediction = np.asarray(target), np.asarray(prediction)
        dimensions = 1 if self.tasks == REGRESSION else 2
        if prediction.ndim != dimensions or len(prediction) != len(target):
            expected = f"({len(target)},)" if dimensions == 1 else f"({len(target)}, classes)"
            raise ValueError(f"prediction has shape {prediction.shape}; expected {expected}")
        if not np.isfinite(prediction).all():
            raise ValueError(f"prediction has {np.count_nonzero(~np.isfinite(prediction))} values that are not finite")
        score = float(self.function(target, prediction))
        return -score if self.larger_is_better else score


def get(name: str, task: str) -> Metric:
    """The metric of this name; `auto` is log_loss for classification and rmse for regression.

    Raises `UserError` where there is no such metric, or where it does not fit the task.
    """
    if name == "auto":
        name = "rmse" if task in REGRESSION else "log_loss"
    fitting = [metric.name for metric in METRICS.values() if task in metric.tasks]
    if name not in METRICS:
        raise UserError(f"metric.name: {name!r} is not known; {allowed(name, ['auto', *fitting])}")
    if name not in fitting:
        raise UserError(f"metric.name: {name} is not for {task}; {allowed(name, ['auto', *fitting])}")
    return METRICS[name]


def _log_loss(target: NDArray[Any], prediction: NDArray[Any]) -> float:
    """Mean of -log p(class); scikit-learn clips p to [eps, 1 - eps], eps being that of the prediction's type."""
    return float(log_loss(target, prediction, labels=range(prediction.shape[1])))


def _error(target: NDArray[Any], prediction: NDArray[Any]) -> float:
    """Share of rows whose most probable class (the first of equals) is not the target."""
    return float(np.mean(prediction.argmax(axis=1) != target))


def _rmse(target: NDArray[Any], prediction: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(prediction.astype(np.float64) - target))))


def _mae(target: NDArray[Any], prediction: NDArray[Any]) -> float:
    return float(np.mean(np.abs(prediction.astype(np.float64) - target)))


METRICS = {
    metric.name: metric
    for metric in (
        Metric("log_loss", CLASSIFICATION, "mean negative log probability of the true class", _log_loss),
        Metric("error", CLASSIFICATION, "share of rows given the wrong class", _error),
        Metric("rmse", REGRESSION, "square root of the mean squared error", _rmse),
        Metric("mae", REGRESSION, "mean absolute error", _mae),
    )
}
