"""The loops that the package cmaes documents: of CatCMA with margin in its README, of restarts in its examples."""

import math
from typing import Any

import cmaes
import numpy as np
from cmaes import CMA, CatCMAwM
from loops import MIXED, Case, Objective

from bench.space import Configuration
from bench.space.parsing import parse

SPACE = parse(
    {
        "shrink": {"type": "float", "low": 0.0, "high": 0.9},
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "depth": {"type": "int", "low": 1, "high": 8},
    }
)
BOUNDS = np.array([[0.0, 0.9], [math.log(0.01), math.log(0.3)], [0.5, 8.5]])
LOWER, WIDTH = BOUNDS[:, 0], BOUNDS[:, 1] - BOUNDS[:, 0]


def values(x: Any) -> Configuration:
    """Of a point of the unit cube."""
    shrink, rate, depth = LOWER + x * WIDTH
    rate = min(max(math.exp(rate), 0.01), 0.3)
    return {"shrink": float(shrink), "rate": rate, "depth": round(min(max(depth, 1), 8))}


def generation(optimizer: CMA, objective: Objective, trials: int) -> bool:
    """One generation, as far as the budget goes; whether it went to its end."""
    solutions = []
    for _ in range(optimizer.population_size):
        if len(objective.asked) == trials:
            return False
        x = optimizer.ask()
        solutions.append((x, objective(values(x))[0]))
    optimizer.tell(solutions)
    return True


def catcma_object(seed: int) -> CatCMAwM:
    return CatCMAwM(
        x_space=[[0.0, 0.9], [math.log(0.01), math.log(0.3)]],
        z_space=[list(range(1, 9)), [math.log(k) for k in (1, 2, 3, 4)], [0, 1, 2, 3]],
        c_space=[3],
        seed=seed,
    )


def catcma_values(solution: Any) -> Configuration:
    shrink, rate = solution.x
    depth, leaves, units = solution.z
    chosen = {
        "shrink": shrink,
        "rate": math.exp(rate),
        "depth": depth,
        "leaves": round(math.exp(leaves)),
        "units": 32 + 32 * units,
        "act": [None, "relu", 7][int(solution.c[0].argmax())],
    }
    return MIXED.canonical(chosen)


def catcma(objective: Objective, seed: int, trials: int) -> None:
    """Which knows failures as losses alone."""
    optimizer = catcma_object(seed)
    while True:
        solutions = []
        for _ in range(optimizer.population_size):
            if len(objective.asked) == trials:
                return
            solution = optimizer.ask()
            solutions.append((solution, objective(catcma_values(solution))[0]))
        optimizer.tell(solutions)


def ipop(objective: Objective, seed: int, trials: int, generator: Any = np.random.default_rng) -> None:
    """Of which the example's `generator` is `RandomState`."""
    rng, bounds = generator(seed), np.array([[0.0, 1.0]] * 3)
    optimizer = CMA(mean=rng.uniform(size=3), sigma=0.2, bounds=bounds, seed=seed)
    while generation(optimizer, objective, trials):
        if optimizer.should_stop():
            seed += 1
            popsize = optimizer.population_size * 2
            optimizer = CMA(mean=rng.uniform(size=3), sigma=0.2, bounds=bounds, seed=seed, population_size=popsize)


def bipop(objective: Objective, seed: int, trials: int, generator: Any = np.random.default_rng) -> None:
    """Of which the example's `generator` is `RandomState`."""
    rng, bounds = generator(seed), np.array([[0.0, 1.0]] * 3)
    optimizer = CMA(mean=rng.uniform(size=3), sigma=0.2, bounds=bounds, seed=seed)
    first, restarts, small, large, kind = optimizer.population_size, 0, 0, 0, "small"
    while generation(optimizer, objective, trials):
        if optimizer.should_stop():
            seed += 1
            evaluations = optimizer.population_size * optimizer.generation
            small, large = (small + evaluations, large) if kind == "small" else (small, large + evaluations)
            if small < large:
                kind = "small"
                popsize = math.floor(first * (2**restarts) ** (rng.uniform() ** 2))
                sigma = 0.2 * 10 ** (-2 * rng.uniform())
            else:
                kind, restarts = "large", restarts + 1
                popsize, sigma = first * 2**restarts, 0.2
            optimizer = CMA(mean=rng.uniform(size=3), sigma=sigma, bounds=bounds, seed=seed, population_size=popsize)


def catcma_calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._optimizer, "ask"), (optimizer._optimizer, "tell")]


def calls(_: Any) -> list[tuple[Any, str]]:
    return [(cmaes.CMA, name) for name in ("__init__", "ask", "tell", "should_stop")]


CASES = [
    Case("catcma", "flat", MIXED, catcma, catcma_calls, few=100),
    Case("cmaes_ipop", "flat", SPACE, ipop, calls),
    Case("cmaes_bipop", "flat", SPACE, bipop, calls),
]
