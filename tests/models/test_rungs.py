"""One training gives, at every rung, to the bit what a training of so many rounds or epochs gives."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.models import Fitted, Part
from bench.models.keras_mlp import KerasMLP
from bench.models.lightgbm import LightGBM
from bench.models.xgboost import XGBoost
from bench.problems import details

RUNGS = (2, 6, 18)
ROUNDS = 30

BAGGING = {"bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.5}
MODELS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "lightgbm": (LightGBM, {"rounds": ROUNDS, "early_stopping": 8}, {}),
    "lightgbm that stops early": (LightGBM, {"rounds": ROUNDS, "early_stopping": 2}, {"learning_rate": 1.0}),
    "lightgbm without early stopping": (LightGBM, {"rounds": ROUNDS, "early_stopping": 0}, BAGGING),
    "goss": (LightGBM, {"rounds": ROUNDS, "parameters": {"data_sample_strategy": "goss"}}, {}),
    "extra trees": (LightGBM, {"rounds": ROUNDS, "parameters": {"extra_trees": True}}, {}),
    "dart": (LightGBM, {"rounds": ROUNDS, "parameters": {"boosting": "dart"}}, {"drop_rate": 0.5}),
    "random forest": (LightGBM, {"rounds": ROUNDS, "parameters": {"boosting": "rf"}}, BAGGING),
    "xgboost": (XGBoost, {"rounds": ROUNDS, "early_stopping": 8}, {"subsample": 0.6, "colsample_bytree": 0.5}),
    "xgboost that stops early": (XGBoost, {"rounds": ROUNDS, "early_stopping": 2}, {"eta": 1.0}),
    "xgboost's dart": (XGBoost, {"rounds": ROUNDS, "early_stopping": 0}, {"booster": "dart", "rate_drop": 0.3}),
    "network": (KerasMLP, {"epochs": ROUNDS, "patience": 5}, {"dropout": 0.3, "units_1": 8, "units_2": 8}),
    "network that stops early": (KerasMLP, {"epochs": ROUNDS, "patience": 1}, {"learning_rate": 0.3, "units": 8}),
    "network without early stopping": (KerasMLP, {"epochs": ROUNDS, "patience": 0}, {"num_layers": 1, "momentum": 0.5}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_rung_is_a_training_of_so_many_rounds(name: str) -> None:
    kind, settings, configuration = MODELS[name]
    train, stop, test = parts()
    at_rungs: dict[int, tuple[list[float], list[float], dict[str, Any]]] = {}

    def at(rung: int, fitted: Fitted) -> bool:
        at_rungs[rung] = outcome(fitted, test)
        return False

    kind("binary", 2, **settings).fit_rungs(configuration, train, stop, 3, 1, RUNGS, at)
    assert list(at_rungs) == list(RUNGS)
    for rung in RUNGS:
        model = kind("binary", 2, **settings | {"epochs" if kind is KerasMLP else "rounds": rung})
        assert at_rungs[rung] == outcome(model.fit(configuration, train, stop, 3, 1), test)
    assert (len(at_rungs[18][0]) < 18) == ("stops early" in name)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "network"])
def test_training_ends_where_it_is_told_to(name: str) -> None:
    kind, settings, configuration = MODELS[name]
    train, stop, _ = parts()
    rungs: list[int] = []

    def at(rung: int, _fitted: Fitted) -> bool:
        rungs.append(rung)
        return rung == 6

    kind("binary", 2, **settings).fit_rungs(configuration, train, stop, 3, 1, RUNGS, at)
    assert rungs == [2, 6]


def outcome(fitted: Fitted, test: Part) -> tuple[list[float], list[float], dict[str, Any]]:
    predictions = fitted.predict(test.features).ravel().tolist()
    return list(fitted.curve), predictions, details.plain(fitted.details())


def parts() -> list[Part]:
    """Rows with noise enough for early stopping to have something to stop."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 5))
    target = (features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(size=500) > 0).astype(np.int64)
    frame = pd.DataFrame(features, columns=list("abcde"))
    cuts = [slice(0, 250), slice(250, 400), slice(400, 500)]
    return [Part(frame.iloc[rows], target[rows]) for rows in cuts]
