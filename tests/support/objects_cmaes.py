"""Generations of CMA-ES and CatCMA: as many results as a population has members, of whichever, are told together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from side_by_side import Own


def generations(own: Any, ask: Callable[[Any], Any]) -> Own:
    results: list[Any] = []

    def tell(solution: Any, loss: float, _failed: bool) -> None:
        results.append((solution, loss))
        if len(results) == own.population_size:
            own.tell(results)
            results.clear()

    def asked() -> Any:
        solution = own.ask()
        return solution, ask(solution), 0

    return Own(asked, tell)


@contextmanager
def catcma(seed: int, trials: int, workers: int) -> Iterator[Own]:
    from loops_cmaes import catcma_object, catcma_values

    yield generations(catcma_object(seed), catcma_values)


@contextmanager
def cma(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """The first start of both kinds of restarts."""
    from cmaes import CMA
    from loops_cmaes import values

    rng = np.random.default_rng(seed)
    yield generations(CMA(mean=rng.random(3), sigma=0.2, bounds=np.array([[0.0, 1.0]] * 3), seed=seed), values)
