"""The 24 functions of BBOB, and their mixed-integer versions, as ioh computes them; their minima are known.

Each object is one function in one dimension and instance: an instance shifts, rotates and lifts the function at random,
so that neither the place nor the value of its minimum says anything of the next one's.

Functions: Hansen, Finck, Ros and Auger (2009), Real-Parameter Black-Box Optimization Benchmarking 2009: Noiseless
Functions Definitions, INRIA RR-6829. ioh: de Nobel, Ye, Vermetten, Wang, Doerr and Baeck (2024), Evolutionary
Computation 32(3).
"""

from collections.abc import Sequence
from typing import Any

import ioh

from bench.checks import whole
from bench.problems.points import Point

FUNCTIONS = 24
DIMENSIONS = (2, 100)
"""The most is what is made in 0.1 s: the time grows with the third power."""
INSTANCES = (1, 100_000)

_GROUPS = (
    (5, "separable"),
    (9, "moderate conditioning"),
    (14, "high conditioning"),
    (19, "multimodal, adequate structure"),
    (24, "multimodal, weak structure"),
)
"""The last function of each group, by the names of Hansen et al."""
_MULTIMODAL = frozenset({3, 4, *range(15, 25)})
_ROSENBROCK = frozenset({8, 9})
_SECOND_MINIMUM = 4
"""The dimension from which Rosenbrock's function has a second minimum: Shang and Qiu (2006), Evolutionary
Computation 14(1)."""

_CARDINALITIES = (2, 4, 8, 16)
_FIFTHS = (1, 8)
"""Up to 40 dimensions; beyond, COCO has other functions, with sparse rotations."""
# fmt: off
_FACTORS = (
    1, 1e-3, 1e-1, 1e-1, 1,
    1e-2, 1, 1e-2, 1e-2, 1e-3,
    1e-2, 1e-4, 1e-1, 1, 1e-1,
    1, 10, 1, 10, 1e-1,
    1, 1, 10, 1e-1,
)
# fmt: on
"""By which the values of each function are multiplied in bbob-mixint, so that all are about as hard."""


class Bbob:
    """f(x) of one function of BBOB, its least value f_opt included; x1, ..., xd in [-5, 5].

    `function` 1 to 24, `dimension` 2 to 100, `instance` 1 to 100,000. COCO's suite bbob, which has dimensions to 40
    and instances as the years name them, has the same values.
    """

    def __init__(self, function: int, dimension: int, instance: int) -> None:
        self.check_settings(function, dimension, instance)
        self._names = [f"x{place}" for place in range(1, dimension + 1)]
        self._problem = _problem(function, dimension, instance)
        self.known_traits = _traits(function, dimension)

    def __call__(self, configuration: Point) -> float:
        return float(self._problem([float(configuration[name]) for name in self._names]))  # type: ignore[arg-type]

    @staticmethod
    def check_settings(function: int, dimension: int, instance: int) -> None:
        """Raise `UserError` for a setting out of its range."""
        _check(function, instance)
        whole("model.settings.dimension", dimension, *DIMENSIONS)

    @property
    def known_minimum(self) -> dict[str, Any]:
        """The least value, f_opt, and where it is, as the key `minimum` of a function's YAML."""
        optimum = self._problem.optimum
        return {"loss": float(optimum.y), "at": [dict(zip(self._names, map(float, optimum.x), strict=True))]}


class BbobMixint:
    """A function of BBOB on a grid in four fifths of its dimensions: the suite bbob-mixint of COCO.

    The dimension is 5 times `of_each`, 1 to 8: in this order, as many integers two1, ... of 2 values, four1, ... of 4,
    eight1, ... of 8 and sixteen1, ... of 16, and x1, ... in [-5, 5]. Where there are n values, the k-th from 0 stands
    for -4 + 8 (k + 1) / (n + 1), moved so that the nearest one to the function's minimum is there; values are those of
    `Bbob` times a factor of each function.

    Source: Tusar, Brockhoff and Hansen (2019), Mixed-Integer Benchmark Problems for Single- and Bi-Objective
    Optimization, GECCO.
    """

    def __init__(self, function: int, of_each: int, instance: int) -> None:
        self.check_settings(function, of_each, instance)
        dimension = of_each * (len(_CARDINALITIES) + 1)
        self._problem = _problem(function, dimension, instance)
        self._factor = _FACTORS[function - 1]
        words = ("two", "four", "eight", "sixteen", "x")
        self._names = [f"{word}{place}" for word in words for place in range(1, of_each + 1)]
        optimum = [float(value) for value in self._problem.optimum.x]
        cardinalities = [values for values in _CARDINALITIES for _ in range(of_each)]
        discrete = list(zip(cardinalities, optimum, strict=False))
        self._nearest = [_nearest(values, best) for values, best in discrete]
        self._grids = [
            [_at(value, values) - _at(nearest, values) + best for value in range(values)]
            for (values, best), nearest in zip(discrete, self._nearest, strict=True)
        ]
        self.known_traits = _traits(function, dimension)

    def __call__(self, configuration: Point) -> float:
        values = [configuration[name] for name in self._names]
        split = len(self._grids)
        point = [grid[int(value)] for grid, value in zip(self._grids, values[:split], strict=True)]  # type: ignore[arg-type]
        point += [float(value) for value in values[split:]]  # type: ignore[arg-type]
        return self._factor * float(self._problem(point))

    @staticmethod
    def check_settings(function: int, of_each: int, instance: int) -> None:
        """Raise `UserError` for a setting out of its range."""
        _check(function, instance)
        whole("model.settings.of_each", of_each, *_FIFTHS)

    @property
    def known_minimum(self) -> dict[str, Any]:
        """The least value, and where it is: what stands for the minimum of the function, to the bit in each part."""
        optimum = self._problem.optimum
        at: Sequence[float] = [*self._nearest, *map(float, optimum.x[len(self._nearest) :])]
        return {"loss": self._factor * float(optimum.y), "at": [dict(zip(self._names, at, strict=True))]}


def _problem(function: int, dimension: int, instance: int) -> Any:
    return ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)


def _check(function: int, instance: int) -> None:
    whole("model.settings.function", function, 1, FUNCTIONS)
    whole("model.settings.instance", instance, *INSTANCES)


def _traits(function: int, dimension: int) -> dict[str, bool | str]:
    group = next(name for last, name in _GROUPS if function <= last)
    second = function in _ROSENBROCK and dimension >= _SECOND_MINIMUM
    return {"group": group, "multimodal": function in _MULTIMODAL or second, "separable": function <= _GROUPS[0][0]}


def _at(value: int, values: int) -> float:
    """Where the value, from 0, of so many stands in [-4, 4] before it is moved."""
    return -4 + 8 * (value + 1) / (values + 1)


def _nearest(values: int, best: float) -> int:
    """The value nearest to the minimum; the upper one of two, as COCO rounds."""
    place = (best + 4) * (values + 1) / 8 - 1
    return min(max(int(place + 0.5 + 1e-7), 0), values - 1)
