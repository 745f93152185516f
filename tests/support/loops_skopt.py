"""scikit-optimize's own loops: `gp_minimize` and `forest_minimize`."""

import warnings
from typing import Any

import numpy as np
import skopt
from loops import MIXED, Case, Objective, only
from skopt.space import Categorical, Integer, Real

NAMES = ("rate", "leaves", "depth", "act")
SPACE = only(MIXED, *NAMES)


def native() -> list[Any]:
    choices = Categorical([None, "relu", 7])
    return [Real(0.01, 0.3, "log-uniform"), Integer(1, 4, "log-uniform"), Integer(1, 8), choices]


def minimize(loop: Any, **arguments: Any) -> Any:
    def own(objective: Objective, seed: int, trials: int) -> None:
        def evaluate(point: list[Any]) -> float:
            # NumPy's 7 is no int, and the objective looks at types.
            plain = [value.item() if isinstance(value, np.generic) else value for value in point]
            return objective(dict(zip(NAMES, plain, strict=True)))[0]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loop(evaluate, native(), n_calls=trials, random_state=seed, **arguments)

    return own


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._optimizer, "ask"), (optimizer._optimizer, "tell")]


CASES = [
    Case(name, "flat", SPACE, own, calls, few=14)
    for name, own in (
        ("skopt_gp", minimize(skopt.gp_minimize)),
        ("skopt_gp_ei", minimize(skopt.gp_minimize, acq_func="EI")),
        ("skopt_gp_lcb", minimize(skopt.gp_minimize, acq_func="LCB")),
        ("skopt_gp_pi", minimize(skopt.gp_minimize, acq_func="PI")),
        ("skopt_rf", minimize(skopt.forest_minimize, base_estimator="RF")),
        ("skopt_et", minimize(skopt.forest_minimize, base_estimator="ET")),
    )
]
