"""Hyperopt's own loop: `hyperopt.fmin`."""

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import hyperopt
import numpy as np
from hyperopt import anneal, atpe, hp, rand, tpe
from loops import MIXED, NESTED, Case, Objective

from bench.space import Configuration, Space
from bench.space.parsing import parse

FLAT = {
    "shrink": hp.uniform("shrink", 0.0, 0.9),
    "rate": hp.loguniform("rate", math.log(0.01), math.log(0.3)),
    "depth": hp.quniform("depth", 0.5, 8.5, 1),
    "leaves": hp.qloguniform("leaves", math.log(0.5), math.log(4.5), 1),
    "units": hp.quniform("units", 16, 144, 32),
    "act": hp.choice("act", [None, "relu", 7]),
}
CHOICES = {
    "rate": hp.loguniform("rate", math.log(0.01), math.log(0.3)),
    "kind": hp.choice("kind", [{"kind": "adam"}, {"kind": "sgd", "momentum": hp.uniform("momentum", 0.0, 0.99)}]),
    "depth": hp.quniform("depth", 0.5, 8.5, 1),
}
TREE = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
        "layers": {"type": "int", "low": 1, "high": 3},
        "units_2": {"type": "int", "low": 16, "high": 64, "when": {"layers": [2, 3]}},
        "units_3": {"type": "int", "low": 16, "high": 64, "when": {"layers": 3}},
    }
)
UNITS = {name: hp.quniform(name, 15.5, 64.5, 1) for name in ("units_2", "units_3")}
TREE_CHOICES = {
    "rate": CHOICES["rate"],
    "kind": CHOICES["kind"],
    "layers": hp.choice("layers", [{"layers": 1}, {"layers": 2, "units_2": UNITS["units_2"]}, {"layers": 3, **UNITS}]),
}


def flat(values: dict[str, Any]) -> Configuration:
    whole = {name: int(values[name]) for name in ("depth", "leaves", "units")}
    return {p.name: (values | whole)[p.name] for p in MIXED.parameters}


def nested(space: Space) -> Callable[[dict[str, Any]], Configuration]:
    def convert(values: dict[str, Any]) -> Configuration:
        together: dict[str, Any] = {}
        for name, value in values.items():
            together |= value if isinstance(value, dict) else {name: value}
        return space.canonical(together)

    return convert


def fmin(suggest: Any, native: dict[str, Any], convert: Callable[[dict[str, Any]], Configuration]) -> Any:
    def own(objective: Objective, seed: int, trials: int) -> None:
        def evaluate(values: dict[str, Any]) -> Any:
            value, failed = objective(convert(values))
            return {"status": "fail"} if failed and suggest is not atpe.suggest else value

        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            if suggest is atpe.suggest:  # which draws from these, and takes no failures
                random.seed(seed)
                np.random.seed(seed)  # noqa: NPY002
            hyperopt.fmin(
                evaluate, native, suggest, max_evals=trials, rstate=rng, verbose=False, show_progressbar=False
            )

    return own


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer, "suggest"), *((optimizer.trials, f) for f in ("new_trial_ids", "refresh", "insert_trial_docs"))]


CASES = [
    Case(name, label, space, fmin(suggest, native, convert), calls, few=14 if name == "hyperopt_atpe" else 50)
    for name, suggest in (
        ("hyperopt_random", rand.suggest),
        ("hyperopt_anneal", anneal.suggest),
        ("hyperopt_tpe", tpe.suggest),
        ("hyperopt_atpe", atpe.suggest),
    )
    for label, space, native, convert in (
        ("flat", MIXED, FLAT, flat),
        ("conditional", NESTED, CHOICES, nested(NESTED)),
        ("nested", TREE, TREE_CHOICES, nested(TREE)),
    )
    if not (name == "hyperopt_atpe" and label == "nested")
]
