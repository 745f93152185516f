"""Metrics: each against scikit-learn, with weights and without, and smaller always better."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml
from commands import ROOT
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from bench import metrics
from bench.errors import UserError
from bench.metrics import Metric

Case = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def probabilities(rng: np.random.Generator, rows: int, classes: int) -> np.ndarray:
    return rng.dirichlet(np.ones(classes), size=rows)


def some_weights(rng: np.random.Generator, rows: int, kind: str, first: int) -> np.ndarray | None:
    """None, real numbers, or whole ones with zeros among them; the `first` rows always weigh something."""
    if kind == "none":
        return None
    weights = rng.uniform(0.1, 3, rows) if kind == "real" else rng.integers(0, 3, rows).astype(float)
    weights[:first] += 1
    return weights


@st.composite
def of_classes(draw: st.DrawFn, most: int = 6) -> Case:
    """Every class occurs; many probabilities are equal to each other, some are 0 and 1."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    classes = draw(st.integers(2, most))
    rows = draw(st.integers(classes, 60))
    target = np.concatenate([np.arange(classes), rng.integers(classes, size=rows - classes)])
    if draw(st.booleans()):
        prediction = probabilities(rng, rows, classes)
    else:
        whole = rng.integers(0, 3, (rows, classes))
        whole[:, 0] += whole.sum(axis=1) == 0
        prediction = whole / whole.sum(axis=1, keepdims=True)
    return target, prediction, some_weights(rng, rows, draw(st.sampled_from(["none", "real", "whole"])), classes)


@st.composite
def of_quantities(draw: st.DrawFn, counts: bool = False) -> Case:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.integers(2, 60))
    target = rng.poisson(draw(st.sampled_from([0.2, 3, 1000])), rows).astype(float) if counts else rng.normal(size=rows)
    target[:2] = 0, 1  # never constant
    prediction = np.exp(rng.normal(size=rows, scale=3)) if counts else rng.normal(size=rows, scale=2)
    return target, prediction, some_weights(rng, rows, draw(st.sampled_from(["none", "real", "whole"])), 2)


def of_labels(score: Callable[..., float]) -> Callable[..., float]:
    return lambda y, p, **keys: score(y, [int(row.argmax()) for row in p], **keys)


def sklearn_auc(y: np.ndarray, p: np.ndarray, **keys: Any) -> float:
    if p.shape[1] == 2:
        return sklearn_metrics.roc_auc_score(y, p[:, 1], **keys)
    return sklearn_metrics.roc_auc_score(y, p, multi_class="ovr", average="macro", **keys)


CLASSES: dict[str, Callable[..., float]] = {
    "log_loss": lambda y, p, **keys: sklearn_metrics.log_loss(y, p, labels=range(p.shape[1]), **keys),
    "error": lambda y, p, **keys: 1 - of_labels(sklearn_metrics.accuracy_score)(y, p, **keys),
    "balanced_error": lambda y, p, **keys: 1 - of_labels(sklearn_metrics.balanced_accuracy_score)(y, p, **keys),
    "brier": lambda y, p, **keys: sklearn_metrics.brier_score_loss(
        y, p if p.shape[1] > 2 else p[:, 1], labels=range(p.shape[1]), **keys
    ),
    "auc": lambda y, p, **keys: 1 - sklearn_auc(y, p, **keys),
    "recall": lambda y, p, **keys: 1 - of_labels(sklearn_metrics.recall_score)(y, p, **keys),
}
MOST = {"recall": 2}
"""The most classes that a metric is for, where it is not for any number."""
QUANTITIES: dict[str, Callable[..., float]] = {
    "rmse": sklearn_metrics.root_mean_squared_error,
    "mse": sklearn_metrics.mean_squared_error,
    "mae": sklearn_metrics.mean_absolute_error,
    "r2": lambda y, p, **keys: 1 - sklearn_metrics.r2_score(y, p, **keys),
    "poisson_deviance": sklearn_metrics.mean_poisson_deviance,
}


def of_metric(name: str) -> st.SearchStrategy[Case]:
    return of_classes(MOST.get(name, 6)) if name in CLASSES else of_quantities(name == "poisson_deviance")


def test_every_metric_has_an_oracle_here() -> None:
    assert {*CLASSES, *QUANTITIES} == set(metrics.METRICS)


@pytest.mark.parametrize("name", CLASSES)
@given(data=st.data())
def test_classes_as_scikit_learn(name: str, data: st.DataObject) -> None:
    target, prediction, weights = data.draw(of_classes(MOST.get(name, 6)))
    task = "binary" if prediction.shape[1] == 2 else "multiclass"
    loss = metrics.get(name, task).loss(target, prediction, weights)
    assert isinstance(loss, float)
    assert loss == pytest.approx(CLASSES[name](target, prediction, sample_weight=weights), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", QUANTITIES)
@given(data=st.data())
def test_quantities_as_scikit_learn(name: str, data: st.DataObject) -> None:
    target, prediction, weights = data.draw(of_quantities(counts=name == "poisson_deviance"))
    loss = metrics.get(name, "counts").loss(target, prediction, weights)
    assert isinstance(loss, float)
    assert loss == pytest.approx(QUANTITIES[name](target, prediction, sample_weight=weights), rel=1e-9, abs=1e-12)


@given(of_classes())
@example((np.array([0, 1]), np.eye(2), None))  # 2.2204460492503136e-16 here, 2.220446049250313e-16 there
def test_log_loss_is_scikit_learns_but_for_rounding(case: Case) -> None:
    """Both are means of n numbers >= 0, so that their relative errors cannot grow by cancellation.

    In units of eps: the logarithms differ by at most 5 (NumPy's are within 4 units in the last place, SciPy's within
    1), each sum is within (n - 1) / 2 of its terms' in whatever order it adds, each division within 1 / 2: n + 5.
    """
    target, prediction, _ = case
    loss = metrics.METRICS["log_loss"].loss(target, prediction)
    bound = (len(target) + 5) * np.finfo(float).eps
    assert loss == pytest.approx(CLASSES["log_loss"](target, prediction), rel=bound, abs=0)


@pytest.mark.parametrize("name", CLASSES)
@given(data=st.data())
def test_single_precision(name: str, data: st.DataObject) -> None:
    target, prediction, _ = data.draw(of_classes(MOST.get(name, 6)))
    prediction = prediction.astype(np.float32)
    expected = CLASSES[name](target, prediction)
    assert metrics.METRICS[name].loss(target, prediction) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@given(of_classes())
def test_log_loss_by_hand(case: Case) -> None:
    target, prediction, _ = case
    likely = [max(row[code], np.finfo(float).eps) for row, code in zip(prediction, target, strict=True)]
    by_hand = -sum(map(math.log, likely)) / len(target)
    assert metrics.METRICS["log_loss"].loss(target, prediction) == pytest.approx(by_hand, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", metrics.METRICS)
@given(data=st.data())
def test_a_weight_counts_a_row_so_many_times(name: str, data: st.DataObject) -> None:
    target, prediction, _ = data.draw(of_metric(name))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    weights = rng.integers(0, 4, len(target))
    weights[:6] += 1
    repeated = np.repeat(np.arange(len(target)), weights)
    metric = metrics.METRICS[name]
    weighted = metric.loss(target, prediction, weights)
    assert weighted == pytest.approx(metric.loss(target[repeated], prediction[repeated]), rel=1e-9, abs=1e-12)
    assert weighted == pytest.approx(metric.loss(target, prediction, weights / 7), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", metrics.METRICS)
@given(data=st.data())
def test_the_truth_is_best(name: str, data: st.DataObject) -> None:
    """A perfect prediction has the least loss, and moving towards it never raises a loss."""
    target, other, weights = data.draw(of_metric(name))
    perfect = np.eye(other.shape[1])[target] if name in CLASSES else target
    metric = metrics.METRICS[name]
    losses = [metric.loss(target, (1 - share) * other + share * perfect, weights) for share in (0, 0.5, 0.9, 1)]
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(losses))
    assert losses[-1] == pytest.approx(0, abs=1e-9)


def test_log_loss_where_a_class_is_absent_and_where_a_probability_is_zero() -> None:
    metric = metrics.get("log_loss", "multiclass")
    prediction = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    assert metric.loss(np.array([0, 1]), prediction) == pytest.approx(math.log(2))
    assert metric.loss(np.array([2]), np.array([[0.5, 0.5, 0.0]])) == pytest.approx(-math.log(np.finfo(float).eps))


def test_balanced_error_is_over_the_classes_that_occur() -> None:
    prediction = np.eye(3)[[0, 0, 2, 1]]
    balanced = metrics.get("balanced_error", "multiclass")
    assert balanced.loss(np.array([0, 0, 0, 1]), prediction) == pytest.approx((1 / 3 + 0) / 2)
    assert balanced.loss(np.array([0, 2, 0, 1]), prediction, np.array([1, 0, 0, 1])) == 0


def test_brier_is_halved_for_two_classes_alone() -> None:
    assert metrics.get("brier", "binary").loss(np.array([0]), np.array([[0.0, 1.0]])) == 1
    assert metrics.get("brier", "multiclass").loss(np.array([0]), np.array([[0.0, 1.0, 0.0]])) == 2


def test_a_forest_may_predict_zero_for_a_count() -> None:
    metric = metrics.get("poisson_deviance", "counts")
    worst = metric.loss(np.array([1.0]), np.array([0.0]))
    assert worst == metric.loss(np.array([1.0]), np.array([-3.0])) == pytest.approx(70.08, abs=0.1)
    assert metric.loss(np.array([0.0]), np.array([0.0])) == pytest.approx(0, abs=1e-15)


def test_a_target_that_has_no_such_score_is_the_users_to_mend() -> None:
    prediction = np.full((3, 3), 1 / 3)
    for weights in (None, np.ones(3)):
        with pytest.raises(UserError, match=r"^metric.name: auc needs rows of every class .* none of class number 2;"):
            metrics.get("auc", "multiclass").loss(np.array([0, 1, 0]), prediction, weights)
    with pytest.raises(UserError, match=r"none of class number 1; choose another metric, or a resampling"):
        metrics.get("auc", "multiclass").loss(np.array([0, 1, 2]), prediction, np.array([1, 0, 1]))
    for target, weights in ((np.zeros(3, dtype=int), None), (np.array([0, 1, 0]), np.array([1, 0, 1]))):
        with pytest.raises(UserError, match=r"^metric: recall needs rows of the second class in each part"):
            metrics.get("recall", "binary").loss(target, np.full((3, 2), 0.5), weights)
    for weights in (None, np.array([1, 2, 0])):
        target = np.array([4.0, 4.0, 4.0 if weights is None else 5.0])
        with pytest.raises(UserError, match=r"^metric.name: r2 needs a target that varies .* all rows have 4;"):
            metrics.get("r2", "regression").loss(target, np.zeros(3), weights)


def test_a_metric_that_is_better_when_larger_becomes_a_loss() -> None:
    accuracy = Metric(
        "accuracy", ("binary",), "", lambda y, p, w: float((p.argmax(axis=1) == y).mean()), larger_is_better=True
    )
    good, bad = np.eye(2)[[0, 1]], np.eye(2)[[1, 1]]
    assert accuracy.loss(np.array([0, 1]), good) == 0 < accuracy.loss(np.array([0, 1]), bad) == 0.5
    turned = {metric.label for metric in metrics.METRICS.values() if metric.larger_is_better}
    assert turned == {"1 - auc", "1 - r2", "1 - recall"}
    assert all(metric.label == name for name, metric in metrics.METRICS.items() if not metric.larger_is_better)


def test_auto_and_mistakes() -> None:
    automatic = {task: metrics.get("auto", task).name for task in metrics.TASKS}
    assert automatic == {
        "binary": "log_loss",
        "multiclass": "log_loss",
        "regression": "rmse",
        "counts": "poisson_deviance",
    }
    with pytest.raises(
        UserError, match=r"^metric.name: 'logloss' is not known; allowed: auto, .*did you mean log_loss"
    ):
        metrics.get("logloss", "binary")
    with pytest.raises(
        UserError, match=r"^metric.name: rmse is not for binary; allowed: auto, log_loss, error, auc, balanced_error, b"
    ):
        metrics.get("rmse", "binary")
    for name in ("error", "poisson_deviance"):
        with pytest.raises(
            UserError, match=rf"^metric.name: {name} is not for regression; allowed: auto, rmse, mse, mae, r2$"
        ):
            metrics.get(name, "regression")


def test_an_unusable_prediction_is_an_error_and_not_a_number() -> None:
    target = np.array([0, 1, 1])
    for name, task, prediction in (
        ("error", "binary", np.array([[0.5, np.nan]] * 3)),
        ("log_loss", "binary", np.array([[0.5, np.inf]] * 3)),
        ("rmse", "regression", np.array([0.0, np.nan, 1.0])),
        ("error", "binary", np.array([0.0, 1.0, 1.0])),
        ("rmse", "regression", np.zeros((3, 1))),
        ("mae", "regression", np.zeros(1)),
        ("log_loss", "binary", np.array([[-0.5, 1.5]] * 3)),
        ("error", "binary", np.array([[-1e-5, 1.0]] * 3)),
        ("brier", "binary", np.array([[0.9, 0.9]] * 3)),
    ):
        with pytest.raises(ValueError, match=r"^prediction has "):
            metrics.get(name, task).loss(target, prediction)
    with pytest.raises(ValueError, match=r"^weights have shape \(2,\); expected \(3,\)"):
        metrics.get("mae", "regression").loss(target, np.zeros(3), np.ones(2))


def test_rounding_is_no_mistake() -> None:
    prediction = np.array([[1 + 1e-9, -1e-9], [0.3, 0.7]])
    assert metrics.get("log_loss", "binary").loss(np.array([0, 0]), prediction) == pytest.approx(-math.log(0.3) / 2)


def test_each_yaml_names_a_metric() -> None:
    names = {path.stem: yaml.safe_load(path.read_text())["name"] for path in (ROOT / "conf" / "metric").glob("*.yaml")}
    assert names == {name: name for name in ("auto", *metrics.METRICS)}


def test_losses_are_shown_as_scikit_learn_s_scores() -> None:
    """What stands in a table under a label, turned back into the score that the metric's own name means."""
    target = np.array([0, 1, 1, 0, 1, 1])
    positive = np.array([0.2, 0.9, 0.4, 0.5, 0.6, 0.3])
    auc = metrics.get("auc", "binary")
    loss = auc.loss(target, np.column_stack([1 - positive, positive]))
    shown = metrics.scale(auc.label)
    assert (shown.name, shown.larger_is_better) == ("AUC", True)
    assert shown.turned(loss) == pytest.approx(sklearn_metrics.roc_auc_score(target, positive))
    r2, numbers = metrics.get("r2", "regression"), np.array([3.0, -1, 4, 2, 0, 1])
    assert (
        metrics.scale(r2.label).text(r2.loss(numbers, positive)) == f"{sklearn_metrics.r2_score(numbers, positive):.5g}"
    )
    for metric in metrics.METRICS.values():
        assert metrics.scale(metric.label) == metric.scale
        assert metric.scale.larger_is_better == (metric.label != metric.name)
    assert metrics.scale("somebody's") == metrics.Scale("somebody's")
