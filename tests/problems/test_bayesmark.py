"""Bayesmark's problems beside scikit-learn's own calls, and the refit that every k-fold offers."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier

from bench.config.catalogue import conf_dir
from bench.config.schema import hashed
from bench.errors import UserError
from bench.models.lightgbm import LightGBM
from bench.problems import data_recipe
from bench.problems.contract import Recipe
from bench.problems.data import DataProblem


def config(group: str, name: str, **keys: Any) -> dict[str, Any]:
    loaded = OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
    return {**loaded, **keys}  # type: ignore[dict-item]


def problem(
    tmp_path: Path, dataset: str, model: dict[str, Any], metric: str, seed: int = 4, **resampling: Any
) -> DataProblem:
    groups = {
        "dataset": config("dataset", dataset),
        "resampling": config("resampling", resampling.pop("named", "bayesmark"), **resampling),
        "model": model,
        "metric": config("metric", metric),
        "seeds": {"split": "seed", "model": 0},
    }
    return data_recipe.build(Recipe(groups, seed, str(tmp_path), 1))


@pytest.mark.parametrize(
    ("dataset", "model", "metric", "own", "load", "scorer", "configuration"),
    [
        (
            "iris",
            "bayesmark_logistic",
            "log_loss",
            OneVsRestClassifier(LogisticRegression(C=0.5, intercept_scaling=3.0, solver="liblinear", random_state=0)),
            load_iris,
            "neg_log_loss",
            {"estimator__C": 0.5, "estimator__intercept_scaling": 3.0},
        ),
        (
            "diabetes_scaled",
            "bayesmark_ridge",
            "mse",
            Ridge(alpha=0.1),
            load_diabetes,
            "neg_mean_squared_error",
            {"alpha": 0.1, "fit_intercept": True, "max_iter": 100, "tol": 1e-3},
        ),
    ],
    ids=["classes", "numbers"],
)
def test_losses_are_those_of_scikit_learns_own_functions(
    tmp_path: Path, dataset: str, model: str, metric: str, own: Any, load: Any, scorer: str, configuration: Any
) -> None:
    """As Bayesmark calls them, with its rows: the mean over folds, and a model of all of train on the test part."""
    features, target = load(return_X_y=True)
    train, test, of_train, of_test = train_test_split(features, target, test_size=0.2, random_state=4)
    loss = -cross_val_score(own, train, of_train, scoring=scorer, cv=5).mean()
    test_loss = -get_scorer(scorer)(own.fit(train, of_train), test, of_test)
    evaluation = problem(tmp_path, dataset, config("model", model), metric).evaluate(configuration)
    assert (evaluation.status, evaluation.error) == ("ok", None)
    assert (evaluation.loss, evaluation.test_loss) == pytest.approx((loss, test_loss), rel=1e-5)


def test_a_refit_has_the_rounds_that_the_folds_had_on_average_and_no_early_stopping(tmp_path: Path) -> None:
    settings = {"rounds": 80, "early_stopping": 2, "parameters": {"min_data_in_leaf": 5}}
    model = config("model", "lightgbm", settings=settings)
    of_folds = problem(tmp_path, "wine", model, "log_loss", named="kfold", k=3)
    refitted = problem(tmp_path, "wine", model, "log_loss", named="kfold", k=3, refit=True)
    configuration = of_folds.space.default() | {"learning_rate": 0.3}
    plain, evaluation = of_folds.evaluate(configuration), refitted.evaluate(configuration)
    assert evaluation.loss == plain.loss
    rounds = [fold["rounds"] for fold in evaluation.details["folds"]]
    assert max(rounds) < 80
    rows = np.setdiff1d(np.arange(len(refitted.dataset.target)), refitted.split.test)
    own = LightGBM("multiclass", 3, **(settings | {"rounds": math.ceil(sum(rounds) / 3), "early_stopping": 0}))
    part = refitted.part(rows)
    predicted = own.fit(configuration, part, part, 0, 1).predict(refitted.test.features)  # type: ignore[union-attr]
    assert evaluation.test_loss == refitted.metric.loss(refitted.test.target, predicted)  # type: ignore[union-attr]
    assert evaluation.test_loss != plain.test_loss


def test_a_refit_is_another_problem_and_without_one_nothing_is(tmp_path: Path) -> None:
    model = config("model", "bayesmark_ridge")
    with_false, without = (
        problem(tmp_path, "diabetes", model, "mse", named="kfold", **keys)
        for keys in ({"refit": False}, {"refit": None})
    )
    refitted = problem(tmp_path, "diabetes", model, "mse", named="kfold", refit=True)
    assert with_false.hash == without.hash != refitted.hash
    assert with_false.family == without.family != refitted.family
    groups = dict(with_false.recipe.groups) | {"optimizer": {}, "budget": {}}
    kfold = {key: value for key, value in groups["resampling"].items() if key != "refit"}
    assert hashed(groups) == hashed(groups | {"resampling": kfold})
    assert hashed(groups) != hashed(groups | {"resampling": kfold | {"refit": True}})


def test_what_cannot_be_refitted_or_dealt_is_one_line(tmp_path: Path) -> None:
    model = config("model", "bayesmark_knn")
    with pytest.raises(UserError, match=r"^resampling\.refit=true: there is no test part"):
        problem(tmp_path, "iris", model, "log_loss", test=0)
    with pytest.raises(UserError, match=r"^resampling\.k=60: .* set a smaller resampling\.k"):
        problem(tmp_path, "iris", model, "log_loss", k=60)
    with pytest.raises(UserError, match=r"^resampling\.refit: unknown key of method holdout"):
        problem(tmp_path, "iris", model, "log_loss", named="holdout", refit=True)
