"""pymoo's NSGA-II, told its generations."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from loops_pymoo import SMALL
from side_by_side import Own


@contextmanager
def pymoo(seed: int, trials: int, workers: int, sizes: Mapping[str, int] = SMALL) -> Iterator[Own]:
    """A generation that is asked for while the one before is not told is one of the same parents."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.core.termination import NoTermination
    from pymoo.problems.static import StaticProblem

    problem = Problem(n_var=3, n_obj=1, xl=[math.log(0.01), 0.0, -1.0], xu=[math.log(0.3), 0.9, 2.0])
    own = NSGA2(**sizes).setup(problem, termination=NoTermination(), seed=seed)
    waiting: list[Any] = []
    results: list[Any] = []

    def ask() -> Any:
        if not waiting:
            waiting.extend(own.ask())
        individual = waiting.pop(0)
        rate, shrink, momentum = individual.X.tolist()
        return individual, {"rate": min(max(math.exp(rate), 0.01), 0.3), "shrink": shrink, "momentum": momentum}, 0

    def tell(individual: Any, loss: float, _failed: bool) -> None:
        results.append((individual, loss))
        if len(results) == own.pop_size:
            population = Population.create(*(each for each, _ in results))
            losses = np.array([[value] for _, value in results])
            own.evaluator.eval(StaticProblem(problem, F=losses), population)
            own.tell(infills=population)
            results.clear()
            waiting.clear()

    yield Own(ask, tell)
