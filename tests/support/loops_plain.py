"""Methods without a library of their own, by their definitions, and scikit-learn's `ParameterSampler`."""

import itertools
import math
from typing import Any

import numpy as np
from loops import MIXED, NESTED, Case, Objective, only
from scipy import stats
from sklearn.model_selection import ParameterSampler

from bench.space import Configuration, Space

CHOICES = only(MIXED, "rate", "shrink", "depth", "act")


class LogInteger:
    """Whole numbers of 1..4, uniform in the logarithm from 1/2 to 9/2."""

    def rvs(self, random_state: Any = None) -> int:
        return round(stats.loguniform(0.5, 4.5).rvs(random_state=random_state))


MIXED_NATIVE = {
    "shrink": stats.uniform(0.0, 0.9),
    "rate": stats.loguniform(0.01, 0.3),
    "depth": stats.randint(1, 9),
    "leaves": LogInteger(),
    "units": stats.randint(0, 4),
    "act": [None, "relu", 7],
}
NESTED_NATIVE = {
    "rate": stats.loguniform(0.01, 0.3),
    "kind": ["adam", "sgd"],
    "momentum": stats.uniform(0.0, 0.99),
    "depth": stats.randint(1, 9),
}


def sampler(native: dict[str, Any], space: Space) -> Any:
    def own(objective: Objective, seed: int, trials: int) -> None:
        for drawn in ParameterSampler(native, n_iter=trials, random_state=seed):
            if "units" in drawn:
                drawn["units"] = 32 + 32 * drawn["units"]
            objective(space.assemble(lambda parameter, drawn=drawn: drawn[parameter.name]))

    return own


def random(objective: Objective, seed: int, trials: int) -> None:
    """The definition: each parameter in space order from its law, by the inverse of its distribution function."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        objective(
            {
                "shrink": float(rng.uniform(0.0, 0.9)),
                "rate": math.exp(rng.uniform(math.log(0.01), math.log(0.3))),
                "depth": 1 + int(rng.integers(8)),
                "leaves": math.floor(math.exp(rng.uniform(math.log(0.5), math.log(4.5))) + 0.5),
                "units": 32 + 32 * int(rng.integers(4)),
                "act": (None, "relu", 7)[int(rng.integers(3))],
            }
        )


def grid(objective: Objective, seed: int, trials: int) -> None:
    """The definition: the product of levels in space order, in an order that a Fisher-Yates shuffle by bytes gives."""
    rates = [float(rate) for rate in np.geomspace(0.01, 0.3, 3)]
    levels: list[list[Any]] = [rates, [0.0, 0.45, 0.9], [1, 5, 8], [None, "relu", 7]]
    names = [p.name for p in CHOICES.parameters]
    points: list[Configuration] = [dict(zip(names, point, strict=True)) for point in itertools.product(*levels)]
    rng = np.random.default_rng(seed)
    for i in range(min(trials, len(points))):
        left = len(points) - i
        while True:
            chosen = rng.bytes(1)[0] >> (8 - left.bit_length())
            if chosen < left:
                break
        points[i], points[i + chosen] = points[i + chosen], points[i]
        objective(points[i])


def draw(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer, "draw")]


CASES = [
    Case("random", "flat", MIXED, random, lambda _: []),
    Case("random_distinct", "flat", MIXED, random, lambda _: []),
    Case("grid", "flat", CHOICES, grid, lambda _: []),
    Case("sklearn_sampler", "flat", MIXED, sampler(MIXED_NATIVE, MIXED), draw),
    Case("sklearn_sampler", "conditional", NESTED, sampler(NESTED_NATIVE, NESTED), draw),
]
