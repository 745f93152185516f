"""Named losses for classification, regression and counts: the one place that says which way a metric is better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError, allowed

CLASSIFICATION = ("binary", "multiclass")
QUANTITIES = ("regression", "counts")
TASKS = (*CLASSIFICATION, *QUANTITIES)
"""Every task of the suite: the target of `counts` is whole numbers >= 0, that of `regression` any numbers."""
AUTO = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse", "counts": "poisson_deviance"}
"""What the metric `auto` is for a task."""

Weights = NDArray[np.float64] | None


@dataclass(frozen=True)
class Metric:
    """A score of predictions against a target, and whether more of it is better.

    `target`: (n,) codes 0..k-1, or numbers. `prediction`: (n, k) class probabilities (binary too), or (n,) numbers.
    """

    name: str
    tasks: tuple[str, ...]
    description: str
    function: Callable[[NDArray[Any], NDArray[np.floating[Any]], Weights], float]
    larger_is_better: bool = False
    title: str = ""
    """What people call it; where it is empty, its name with blanks."""

    @property
    def label(self) -> str:
        """What the loss is called in tables and figures: `log_loss`, `1 - auc`."""
        return f"1 - {self.name}" if self.larger_is_better else self.name

    @property
    def scale(self) -> "Scale":
        """How its losses are shown to people."""
        return Scale(self.title or self.name.replace("_", " "), self.larger_is_better)

    def loss(self, target: NDArray[Any], prediction: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
        """The score where smaller is better, 1 - score where larger is.

        `weights`: (n,) numbers >= 0, not all 0; a row of weight 2 counts as the row twice, one of weight 0 not at all.
        Raises `ValueError` for a prediction of the wrong shape, with values that are not finite, or that is not of
        probabilities: an evaluation that yields such has failed, and must not pass for a good or a bad one. Raises
        `UserError` where the target itself has no such score (the auc of a single class): it then has none for any
        configuration, and another metric or resampling must be chosen.
        """
        target, prediction = np.asarray(target), np.asarray(prediction)
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            if weights.shape != target.shape:
                raise ValueError(f"weights have shape {weights.shape}; expected {target.shape}")
        classes = self.tasks[0] in CLASSIFICATION
        if prediction.ndim != (2 if classes else 1) or len(prediction) != len(target):
            expected = f"({len(target)}, classes)" if classes else f"({len(target)},)"
            raise ValueError(f"prediction has shape {prediction.shape}; expected {expected}")
        if not np.isfinite(prediction).all():
            raise ValueError(f"prediction has {np.count_nonzero(~np.isfinite(prediction))} values that are not finite")
        if not np.issubdtype(prediction.dtype, np.floating):
            prediction = prediction.astype(np.float64)
        if classes:
            _are_probabilities(prediction)
        return self.scale.turned(float(self.function(target, prediction, weights)))


@dataclass(frozen=True)
class Scale:
    """How losses are shown to people: under the metric's own name, in its own direction."""

    name: str
    larger_is_better: bool = False

    def turned(self, score: float) -> float:
        """The loss of a score, and the score of a loss; of a mean of several, too.

        >>> Scale("AUC", True).turned(0.25), Scale("log loss").turned(0.25)
        (0.75, 0.25)
        """
        return 1 - score if self.larger_is_better else score

    def text(self, loss: float) -> str:
        """The score of a loss, in digits.

        >>> Scale("AUC", True).text(0.0876543)
        '0.91235'
        """
        return f"{self.turned(loss):.5g}"


def scale(label: object) -> Scale:
    """The scale of losses that a table calls `label`; what no metric here is called keeps its name, lower is better.

    >>> scale("1 - auc").name, scale("log_loss").name, scale("value").name, scale(None).name
    ('AUC', 'log loss', 'value', 'loss')
    """
    known = next((metric for metric in METRICS.values() if metric.label == label), None)
    return known.scale if known is not None else Scale(str(label or "loss"))


def label(objective: str) -> str:
    """What a loss is called that is one of several, by its name among them: a metric by its label.

    >>> label("auc"), label("size")
    ('1 - auc', 'size')
    """
    return METRICS[objective].label if objective in METRICS else objective


def get(name: str, task: str, where: str = "metric.name") -> Metric:
    """The metric of this name; `auto` is log_loss for classes, rmse for regression, poisson_deviance for counts.

    Raises `UserError` where there is no such metric, or where it does not fit the task; `where` is the key of the name.
    """
    name = AUTO[task] if name == "auto" else name
    fitting = [metric.name for metric in METRICS.values() if task in metric.tasks]
    if name not in METRICS:
        raise UserError(f"{where}: {name!r} is not known; {allowed(name, ['auto', *fitting])}")
    if name not in fitting:
        raise UserError(f"{where}: {name} is not for {task}; {allowed(name, ['auto', *fitting])}")
    return METRICS[name]


def _are_probabilities(prediction: NDArray[np.floating[Any]]) -> None:
    """Numbers in 0..1 but for rounding, and rows that sum to 1 as nearly as half of single precision allows."""
    if prediction.min() < -1e-6 or prediction.max() > 1 + 1e-6:
        raise ValueError(f"prediction has values from {prediction.min():g} to {prediction.max():g}; expected 0..1")
    off = np.abs(prediction.sum(axis=1) - 1) > 1e-3
    if off.any():
        raise ValueError(f"prediction has {off.sum()} rows of probabilities that do not sum to 1")


# --- classes ----------------------------------------------------------------------------------------------------------


def _log_loss(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Mean of -log p(class), p clipped to [eps, 1 - eps], eps being that of the prediction's type.

    `sklearn.metrics.log_loss` but for rounding, in a small part of its time: the logarithms here are SciPy's, there
    NumPy's, and the two may differ in their last bits.
    """
    from scipy.special import xlogy  # noqa: PLC0415 - who only names a metric is spared SciPy

    eps = np.finfo(prediction.dtype).eps
    likelihood = np.clip(prediction[np.arange(len(target)), target], eps, 1 - eps).astype(np.float64)
    return float(np.average(-xlogy(1.0, likelihood), weights=weights))


def _error(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Share of rows whose most probable class (the first of equals) is not the target."""
    return float(np.average(prediction.argmax(axis=1) != target, weights=weights))


def _balanced_error(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """The mean, over the classes in `target`, of the share of a class's rows that are given another class.

    1 - `sklearn.metrics.balanced_accuracy_score`, not adjusted for chance, which also leaves out absent classes.
    """
    rows = np.bincount(target, weights)
    wrong = np.bincount(target, np.where(prediction.argmax(axis=1) != target, 1.0 if weights is None else weights, 0.0))
    return float(np.mean(wrong[rows > 0] / rows[rows > 0]))


def _brier(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Mean squared distance of the probabilities from the truth, as `sklearn.metrics.brier_score_loss` scales it.

    For more than two classes the sum over the classes, in 0..2; for two, half of that: (p(class 1) - target)^2 in 0..1.
    """
    away = prediction.astype(np.float64)
    away[np.arange(len(target)), target] -= 1
    score = float(np.average(np.square(away).sum(axis=1), weights=weights))
    return score / 2 if prediction.shape[1] == 2 else score


def _auc(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Area under the ROC curve; of several classes, the plain mean of each against the rest (one-vs-rest, macro).

    `sklearn.metrics.roc_auc_score(..., multi_class="ovr")`. A class of the prediction that no row of the target is of
    (or only rows of weight 0) has no curve; a mean over the others would be another quantity in one fold than in the
    next, and so this is an error.
    """
    classes = prediction.shape[1]
    for code, rows in enumerate(np.bincount(target, weights, minlength=classes)):
        if rows == 0:
            raise UserError(
                f"metric.name: auc needs rows of every class in each part, and one part has none of class number {code}"
                "; choose another metric, or a resampling with larger parts"
            )
    areas = [_area(target == code, prediction[:, code], weights) for code in range(1 if classes == 2 else 0, classes)]
    return float(np.mean(areas))


def _area(positive: NDArray[np.bool_], score: NDArray[np.floating[Any]], weights: Weights) -> float:
    """The share of pairs, one row of each kind, whose positive row has the higher score; equal ones count half."""
    high, low = score[positive], score[~positive]
    if weights is None:
        high, low = np.sort(high), np.sort(low)
        places = np.searchsorted(low, high) + np.searchsorted(low, high, side="right")
        return float(places.sum() / 2 / (len(high) * len(low)))
    order = np.argsort(low)
    low = low[order]
    below = np.concatenate([[0.0], np.cumsum(weights[~positive][order])])
    beaten = (below[np.searchsorted(low, high)] + below[np.searchsorted(low, high, side="right")]) / 2
    return float(np.average(beaten, weights=weights[positive]) / below[-1])


def _recall(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Of the rows of the second class, the share whose probability of it is above one half.

    `sklearn.metrics.recall_score` of the more probable class; where no row is of the second class it is an error.
    """
    rows = np.bincount(target, weights, minlength=2)
    if rows[1] == 0:
        raise UserError(
            "metric: recall needs rows of the second class in each part, and one part has none; choose another metric, "
            "or a resampling with larger parts"
        )
    of_class = target == 1
    return float(
        np.average(prediction[of_class].argmax(axis=1), weights=None if weights is None else weights[of_class])
    )


# --- quantities -------------------------------------------------------------------------------------------------------


def _rmse(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    return float(np.sqrt(np.average(np.square(prediction.astype(np.float64) - target), weights=weights)))


def _mse(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    return float(np.average(np.square(prediction.astype(np.float64) - target), weights=weights))


def _mae(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    return float(np.average(np.abs(prediction.astype(np.float64) - target), weights=weights))


def _r2(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """1 - the squared error over that of the target's own mean: 1 at best, 0 for the mean, and without a lower end.

    `sklearn.metrics.r2_score`; but where the target is constant, which leaves nothing to explain, it is an error.
    """
    weighing = target if weights is None else target[weights > 0]
    if weighing.min() == weighing.max():
        raise UserError(
            "metric.name: r2 needs a target that varies in each part, and in one part all rows have "
            f"{weighing[0]:g}; choose another metric, or a resampling with larger parts"
        )
    errors = np.average(np.square(prediction.astype(np.float64) - target), weights=weights)
    spread = np.average(np.square(target - np.average(target, weights=weights)), weights=weights)
    return float(1 - errors / spread)


def _poisson_deviance(target: NDArray[Any], prediction: NDArray[np.floating[Any]], weights: Weights) -> float:
    """Mean of 2 (y log(y / p) - y + p), as `sklearn.metrics.mean_poisson_deviance`, p clipped to [eps, inf).

    eps is that of float64, about 2.2e-16: a forest may predict 0 for a count, and a ridge a number below. For a count
    of 0 that is the truth; for one of 1 it costs 70.
    """
    from scipy.special import xlogy  # noqa: PLC0415

    expected = np.maximum(prediction.astype(np.float64), np.finfo(np.float64).eps)
    return float(np.average(2 * (xlogy(target, target / expected) - target + expected), weights=weights))


METRICS = {
    metric.name: metric
    for metric in (
        Metric("log_loss", CLASSIFICATION, "mean negative log probability of the true class", _log_loss),
        Metric("error", CLASSIFICATION, "share of rows given the wrong class", _error),
        Metric("auc", CLASSIFICATION, "area under the ROC curve, of several classes the mean", _auc, True, "AUC"),
        Metric("balanced_error", CLASSIFICATION, "share given the wrong class, mean over classes", _balanced_error),
        Metric(
            "brier",
            CLASSIFICATION,
            "mean squared distance of the probabilities from the truth",
            _brier,
            title="Brier score",
        ),
        Metric("recall", ("binary",), "share of the second class that is given it, at one half", _recall, True),
        Metric("rmse", QUANTITIES, "square root of the mean squared error", _rmse, title="RMSE"),
        Metric("mse", QUANTITIES, "mean squared error", _mse, title="MSE"),
        Metric("mae", QUANTITIES, "mean absolute error", _mae, title="MAE"),
        Metric("r2", QUANTITIES, "share of the target's variance that is explained", _r2, True, "R2"),
        Metric(
            "poisson_deviance", ("counts",), "mean deviance of counts under a Poisson distribution", _poisson_deviance
        ),
    )
}
