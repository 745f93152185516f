"""Nevergrad's own loop: `optimizer.minimize`."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from loops import MIXED, Case, Objective

from bench.space import Configuration

METHODS = {"nevergrad": "NGOpt", "nevergrad_cma": "CMA", "nevergrad_de": "TwoPointsDE", "nevergrad_pso": "PSO"}


def minimize(
    method: str, parametrization: Any, objective: Callable[..., Any], budget: int, seed: int, objectives: int = 1
) -> None:
    """With both of the random states from which it draws seeded."""
    import nevergrad

    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    parametrization.random_state = np.random.RandomState(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer = nevergrad.optimizers.registry[method](parametrization, budget=budget)
            if objectives > 1:
                optimizer.num_objectives = objectives
            optimizer.minimize(objective)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def parametrization() -> Any:
    from nevergrad import p

    return p.Instrumentation(
        p.Scalar(lower=0.0, upper=0.9),
        p.Log(lower=0.01, upper=0.3),
        p.Scalar(lower=0.5, upper=8.5).set_integer_casting(),
        p.Log(lower=0.5, upper=4.5).set_integer_casting(),
        p.Scalar(lower=-0.5, upper=3.5).set_integer_casting(),
        p.Choice(3),
    )


def configuration(shrink: float, rate: float, depth: int, leaves: int, units: int, act: int) -> Configuration:
    """Its logarithms may pass an end by one bit."""
    values = {"shrink": shrink, "rate": rate, "depth": depth, "leaves": leaves, "units": 32 + 32 * units}
    return MIXED.canonical(values | {"act": [None, "relu", 7][act]})


def loop(method: str) -> Callable[[Objective, int, int], None]:
    """Failures are losses alone."""

    def own(objective: Objective, seed: int, trials: int) -> None:
        def evaluate(*values: Any) -> Any:
            return objective(configuration(*values))[0]

        minimize(method, parametrization(), evaluate, trials, seed, objective.objectives)

    return own


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._optimizer, "ask"), (optimizer._optimizer, "tell")]


CASES = [
    Case(name, "flat", MIXED, loop(method), calls, "nevergrad", few=60 if method == "CMA" else 100)
    for name, method in METHODS.items()
]
CASES += [
    Case(name, "flat-2", MIXED, loop(METHODS[name]), calls, "nevergrad", few=60, objectives=2)
    for name in ("nevergrad", "nevergrad_cma", "nevergrad_de")
]
