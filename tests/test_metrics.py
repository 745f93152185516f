"""Metrics: each against an independent computation, and smaller always better."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from bench import metrics
from bench.errors import UserError
from bench.metrics import Metric


def probabilities(rng: np.random.Generator, rows: int, classes: int) -> np.ndarray:
    return rng.dirichlet(np.ones(classes), size=rows)


@pytest.mark.parametrize("classes", [2, 3, 9])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_classification(classes: int, kind: type) -> None:
    rng = np.random.default_rng(classes)
    target = rng.integers(classes, size=500)
    prediction = probabilities(rng, 500, classes).astype(kind)
    task = "binary" if classes == 2 else "multiclass"
    by_hand = -sum(math.log(row[code]) for row, code in zip(prediction, target, strict=True)) / 500
    assert metrics.get("log_loss", task).loss(target, prediction) == pytest.approx(by_hand, rel=1e-6)
    wrong = 1 - sklearn_metrics.accuracy_score(target, [int(row.argmax()) for row in prediction])
    assert metrics.get("error", task).loss(target, prediction) == pytest.approx(wrong)


def test_log_loss_where_a_class_is_absent_and_where_a_probability_is_zero() -> None:
    metric = metrics.get("log_loss", "multiclass")
    prediction = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    assert metric.loss(np.array([0, 1]), prediction) == pytest.approx(math.log(2))
    assert metric.loss(np.array([2]), np.array([[0.5, 0.5, 0.0]])) == pytest.approx(-math.log(np.finfo(float).eps))


def test_regression() -> None:
    rng = np.random.default_rng(0)
    target, prediction = rng.normal(size=(2, 300))
    rmse, mae = (metrics.get(name, "regression").loss(target, prediction) for name in ("rmse", "mae"))
    assert rmse == pytest.approx(sklearn_metrics.root_mean_squared_error(target, prediction))
    assert mae == pytest.approx(sklearn_metrics.mean_absolute_error(target, prediction))
    assert isinstance(rmse, float)


@given(st.integers(0, 1000), st.sampled_from(sorted(metrics.METRICS)))
def test_the_truth_is_best(seed: int, name: str) -> None:
    """A perfect prediction has the least loss, and moving towards it never raises a loss."""
    rng = np.random.default_rng(seed)
    metric = metrics.METRICS[name]
    if metric.tasks == metrics.REGRESSION:
        target = rng.normal(size=20)
        perfect, other = target, rng.normal(size=20)
    else:
        target = rng.integers(3, size=20)
        perfect, other = np.eye(3)[target], probabilities(rng, 20, 3)
    losses = [metric.loss(target, (1 - share) * other + share * perfect) for share in (0, 0.5, 0.9, 1)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0, abs=1e-9)


def test_a_metric_that_is_better_when_larger_becomes_a_loss() -> None:
    accuracy = Metric(
        "accuracy", ("binary",), "", lambda y, p: float((p.argmax(axis=1) == y).mean()), larger_is_better=True
    )
    good, bad = np.eye(2)[[0, 1]], np.eye(2)[[1, 1]]
    assert accuracy.loss(np.array([0, 1]), good) == -1 < accuracy.loss(np.array([0, 1]), bad) == -0.5


def test_auto_and_mistakes() -> None:
    assert metrics.get("auto", "binary").name == metrics.get("auto", "multiclass").name == "log_loss"
    assert metrics.get("auto", "regression").name == "rmse"
    with pytest.raises(
        UserError, match=r"^metric.name: 'logloss' is not known; allowed: auto, .*did you mean log_loss"
    ):
        metrics.get("logloss", "binary")
    with pytest.raises(UserError, match=r"^metric.name: rmse is not for binary; allowed: auto, log_loss, error$"):
        metrics.get("rmse", "binary")
    with pytest.raises(UserError, match=r"^metric.name: error is not for regression; allowed: auto, rmse, mae"):
        metrics.get("error", "regression")


def test_an_unusable_prediction_is_an_error_and_not_a_number() -> None:
    target = np.array([0, 1, 1])
    for name, task, prediction in (
        ("error", "binary", np.array([[0.5, np.nan]] * 3)),
        ("log_loss", "binary", np.array([[0.5, np.inf]] * 3)),
        ("rmse", "regression", np.array([0.0, np.nan, 1.0])),
        ("error", "binary", np.array([0.0, 1.0, 1.0])),
        ("rmse", "regression", np.zeros((3, 1))),
        ("mae", "regression", np.zeros(1)),
    ):
        with pytest.raises(ValueError, match=r"^prediction has "):
            metrics.get(name, task).loss(target, prediction)


def test_each_yaml_names_a_metric() -> None:
    names = {
        path.stem: yaml.safe_load(path.read_text())["name"]
        for path in (Path(__file__).parents[1] / "conf" / "metric").glob("*.yaml")
    }
    assert names == {name: name for name in ("auto", *metrics.METRICS)}
