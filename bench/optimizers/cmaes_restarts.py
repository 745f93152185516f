"""CMA-ES with restarts, by the loops that the package cmaes documents: IPOP and BIPOP.

Optuna's `CmaEsSampler` has taken its `restart_strategy` without effect since version 4.4.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray
from scipy.special import ndtr

from bench.checks import whole
from bench.optimizers import Declaration, Law, Told, inactive, unit_cube
from bench.optimizers.surrogates import Normal, Surrogate
from bench.space import Categorical, Configuration, Int, Ordered, Space, Value, steps, to_json

SIGMA = 0.2
"""The first standard deviation, a fifth of the range."""
_FINE = 200
"""Bins of a law of many values, and of the means over which it is integrated."""


class IPOP:
    """CMA-ES that starts anew from a random point with twice the population where it has converged.

    The loop of the package's documentation (`examples/ipop_cma.py`), over the unit cube, which every number is mapped
    to by the reference law, as Optuna maps it (whole numbers in bins of equal mass, rounded by the objective):

        rng = np.random.default_rng(seed)
        optimizer = CMA(mean=rng.random(d), sigma=0.2, bounds=[[0, 1]] * d, seed=seed)
        ... for each generation: ask population_size points, tell them, and if optimizer.should_stop():
        seed += 1
        optimizer = CMA(mean=rng.random(d), sigma=0.2, bounds=..., seed=seed, population_size=2 * population_size)

    (The example's `RandomState(seed)` would give the first mean and the first steps the same random numbers.)
    The method knows numbers alone: choices are drawn at random, from `rng` too. It knows
    no conditions: it is shown every number as active. It knows no failures: it is told the loss it is given. Of a
    shared initial design the best configuration becomes the first mean.

    Settings: inc_popsize, by which the population grows (2); popsize of the first start (the package's).

    A. Auger and N. Hansen, A Restart CMA Evolution Strategy with Increasing Population Size, CEC 2005.
    """

    revision = 1
    independent = False
    libraries = ("cmaes", "numpy")

    def __init__(
        self, space: Space, seed: int, budget: int | None, inc_popsize: int = 2, popsize: int | None = None
    ) -> None:
        for name, value in (("inc_popsize", inc_popsize), ("popsize", popsize)):
            if value is not None:
                whole(f"optimizer.settings.{name}", value, 2)
        self._space, self._seed, self._inc_popsize = space, seed, inc_popsize
        self._numbers = [p for p in space.searched if not isinstance(p, Categorical)]
        self._asked: dict[str, list[NDArray[np.float64]]] = {}
        self._solutions: list[tuple[NDArray[np.float64], float]] = []
        self._rng = np.random.default_rng(seed)
        self._cma = self._begin(self._mean(), SIGMA, popsize) if self._numbers else None
        self._popsize = self._cma.population_size if self._cma else 0
        never = [p.name for p in space.searched if isinstance(p, Categorical)]
        self.declared = Declaration(
            laws={p.name: _law(p) for p in self._numbers},
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback="random: where it starts anew" + (f"; always: {', '.join(never)} (categorical)" if never else ""),
            takes_unasked=False,
        )

    def start(self, results: Sequence[Told]) -> None:
        """Begin at the best of `results`."""
        succeeded = [result for result in results if not result.failed]
        if succeeded and self._cma:
            best = self._space.canonical(min(succeeded, key=lambda result: result.loss).configuration)
            mean = np.array([unit_cube.place(p, inactive.value(p, best)) for p in self._numbers])
            self._cma = self._begin(mean, SIGMA, self._popsize)

    def ask(self) -> Configuration:
        point = self._cma.ask() if self._cma else np.empty(0)
        values: dict[str, Value] = {
            p.name: unit_cube.value(p, float(x)) for p, x in zip(self._numbers, point, strict=True)
        }
        values |= {p.name: p.sample(self._rng) for p in self._space.searched if p.name not in values}
        configuration = self._space.assemble(lambda parameter: values[parameter.name])
        self._asked.setdefault(to_json(configuration), []).append(point)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        points = self._asked.get(to_json(self._space.canonical(configuration)))
        if not points or self._cma is None:
            return
        self._solutions.append((points.pop(0), float(loss)))
        if len(self._solutions) == self._cma.population_size:
            self._cma.tell(self._solutions)
            self._solutions = []
            if self._cma.should_stop():
                self._seed += 1
                self._cma = self.restarted(self._cma)
                self._asked = {}  # what is still open is of the strategy that has stopped

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """The distribution of its numbers that the last proposal was drawn from, as its `CMA` has it."""
        if self._cma is None:
            return None
        own = self._cma
        shown = np.array([[unit_cube.place(p, inactive.value(p, point)) for p in self._numbers] for point in points])
        names, covariance = tuple(p.name for p in self._numbers), own._sigma**2 * own._C  # noqa: SLF001 - no public name
        return Surrogate(normal=Normal(names, own.mean.copy(), covariance, shown, own.generation))

    def restarted(self, stopped: Any) -> Any:
        """The next strategy, after one that has converged."""
        return self._begin(self._mean(), SIGMA, stopped.population_size * self._inc_popsize)

    def _mean(self) -> NDArray[np.float64]:
        return self._rng.random(len(self._numbers))

    def _begin(self, mean: NDArray[np.float64], sigma: float, popsize: int | None) -> Any:
        bounds = np.tile([0.0, 1.0], (len(self._numbers), 1))
        return CMA(mean=mean, sigma=sigma, bounds=bounds, seed=self._seed, population_size=popsize)


class BIPOP(IPOP):
    """CMA-ES that starts anew, by turns with a growing population and with a small one and small steps.

    The loop of the package's documentation (`examples/bipop_cma.py`), which gives both about the same number of trials;
    the rest is as IPOP has it, the settings too.

    N. Hansen, Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed, GECCO Workshop 2009.
    """

    def __init__(
        self, space: Space, seed: int, budget: int | None, inc_popsize: int = 2, popsize: int | None = None
    ) -> None:
        super().__init__(space, seed, budget, inc_popsize, popsize)
        self._restarts = 0  # with a large population; the first start counts as a small one
        self._small = True
        self._trials = {True: 0, False: 0}

    def restarted(self, stopped: Any) -> Any:
        self._trials[self._small] += stopped.population_size * stopped.generation
        self._small = self._trials[True] < self._trials[False]
        if self._small:
            grown = self._inc_popsize**self._restarts
            popsize = math.floor(self._popsize * grown ** (self._rng.uniform() ** 2))
            sigma = SIGMA * 10 ** (-2 * self._rng.uniform())
        else:
            self._restarts += 1
            popsize = self._popsize * self._inc_popsize**self._restarts
            sigma = SIGMA
        return self._begin(self._mean(), sigma, popsize)


def _law(parameter: Ordered) -> Law:
    """The distribution of the first point of all: normal around a uniform mean, drawn again until it is in range."""
    whole = isinstance(parameter, Int) or parameter.stepped
    count = steps(parameter) + 1 if whole else math.inf
    probabilities = parameter.probabilities() if count <= _FINE else None
    if probabilities is None:
        probabilities = np.full(_FINE, 1 / _FINE)
    edges = np.append(0.0, np.cumsum(probabilities))
    means = (np.arange(_FINE) + 0.5) / _FINE
    below, above = ndtr(-means / SIGMA), ndtr((1 - means) / SIGMA)
    distribution = ((ndtr((edges[:, None] - means) / SIGMA) - below) / (above - below)).mean(axis=1)
    distance = abs(np.diff(distribution) - probabilities).sum() / 2
    scale = {"linear": "it", "log": "its logarithm", "logit": "its logit"}[parameter.scale]
    return Law(f"normal in {scale} around a uniform start, of deviation 1/5 of the range, drawn within it", distance)
