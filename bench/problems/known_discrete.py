"""Functions of categories, and one of conditional parameters, with known minima, judged in seconds.

Where the minimum is, is drawn by `instance`, so that no default, no order of the choices and no symmetry leads to it.
Domains stand in conf/model/NAME.yaml.
"""

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.checks import whole
from bench.errors import UserError
from bench.problems.known_functions import ackley
from bench.problems.points import Point
from bench.space import Value

MOST = 2**31 - 1
"""Of an instance: a seed of NumPy's."""
MOST_NEIGHBOURS = 8
"""With which a minimum is found in a second or so."""


class LeadingOnes:
    """d minus how many of x1, ..., xd, from the first on, are as in a string of bits drawn by `instance`.

    A bit says nothing until all before it are right. Domain: {0, 1}^d. Minimum: 0 at that string alone, since every
    other has a first bit that differs. Source: Rudolph (1997), Convergence Properties of Evolutionary Algorithms;
    with a drawn string Doerr et al. (2011), Faster Black-Box Algorithms Through Higher Arity Operators, FOGA.
    """

    known_traits: ClassVar = {"multimodal": False, "separable": False}

    def __init__(self, dimension: int, instance: int) -> None:
        self.check_settings(dimension, instance)
        self._names = _names("x", dimension)
        self._target = np.random.default_rng(instance).integers(0, 2, dimension).tolist()

    def __call__(self, configuration: Point) -> float:
        for place, (name, bit) in enumerate(zip(self._names, self._target, strict=True)):
            if configuration[name] != bit:
                return float(len(self._names) - place)
        return 0.0

    @staticmethod
    def check_settings(dimension: int, instance: int) -> None:
        """Raise `UserError` for a setting out of its range."""
        whole("model.dimension", dimension, 1)
        _check_instance(instance)

    @property
    def known_minimum(self) -> dict[str, Any]:
        """0, and the string."""
        return {"loss": 0.0, "at": [dict(zip(self._names, self._target, strict=True))]}


class NkLandscape:
    """mean_i u_i(x_i, ..., x_{i+k}) with indices modulo d: bits that interact with their k `neighbours`.

    The values of each u_i are uniform on [0, 1], drawn by `instance` for each of its 2^(k+1) arguments. Domain:
    {0, 1}^d. Many local minima, the more the larger k. Minimum: by dynamic programming along the ring, from each
    setting of its first k bits.

    Source: Kauffman (1993), The Origins of Order, who maximises; Weinberger (1996), NP Completeness of Kauffman's N-k
    Model, Santa Fe Institute 96-02-003: with adjacent neighbours it is solved in time linear in d.
    """

    def __init__(self, dimension: int, neighbours: int, instance: int) -> None:
        self.check_settings(dimension, neighbours, instance)
        self._names = _names("x", dimension)
        self._neighbours = neighbours
        self._tables = np.random.default_rng(instance).random((dimension, 2 ** (neighbours + 1)))
        self.known_traits = {"multimodal": neighbours > 0, "separable": neighbours == 0}

    def __call__(self, configuration: Point) -> float:
        return self._value([int(configuration[name]) for name in self._names])  # type: ignore[arg-type]

    @staticmethod
    def check_settings(dimension: int, neighbours: int, instance: int) -> None:
        """Raise `UserError` for a setting out of its range."""
        whole("model.dimension", dimension, 1)
        whole("model.settings.neighbours", neighbours, 0, MOST_NEIGHBOURS)
        _check_instance(instance)
        if neighbours >= dimension:
            raise UserError(
                f"model.settings.neighbours={neighbours}: expected fewer than model.dimension={dimension}; lower it"
            )

    @property
    def known_minimum(self) -> dict[str, Any]:
        """The least value, and the bits that have it."""
        bits = _least_on_ring(self._tables, self._neighbours)
        return {"loss": self._value(bits), "at": [dict(zip(self._names, bits, strict=True))]}

    def _value(self, bits: list[int]) -> float:
        width = self._neighbours + 1
        ring = bits + bits[: self._neighbours]
        arguments = [int("".join(map(str, ring[place : place + width])), 2) for place in range(len(bits))]
        return math.fsum(table[at] for table, at in zip(self._tables, arguments, strict=True)) / len(bits)


class AckleyCategories:
    """Ackley's function of `numbers` x1, ... and `categories` c1, ..., each a choice of `LEVELS`.

    A choice stands for one of -1, -0.5, 0, 0.5 and 1, in an order drawn by `instance` for each parameter, so that
    neighbours in the list of choices are none in the function; numbers are measured from a point drawn in
    [-0.5, 0.5]. Domain of the numbers: [-1, 1]. Minimum: 0 at that point, with the choices that stand for 0, and
    nowhere else.

    Source: `ackley`; after Ackley-53 of Wan et al. (2021), Think Global and Act Local: Bayesian Optimisation over
    High-Dimensional Categorical and Mixed Search Spaces, ICML, whose minimum is where all are 0.
    """

    LEVELS = ("a", "b", "c", "d", "e")
    known_traits: ClassVar = {"multimodal": True, "separable": False}

    def __init__(self, numbers: int, categories: int, instance: int) -> None:
        self.check_settings(numbers, categories, instance)
        rng = np.random.default_rng(instance)
        self._numbers = dict(zip(_names("x", numbers), rng.uniform(-0.5, 0.5, numbers).tolist(), strict=True))
        values = [-1.0, -0.5, 0.0, 0.5, 1.0]
        self._values = {
            name: dict(zip(self.LEVELS, rng.permutation(values).tolist(), strict=True))
            for name in _names("c", categories)
        }

    def __call__(self, configuration: Point) -> float:
        point = {name: float(configuration[name]) - centre for name, centre in self._numbers.items()}  # type: ignore[arg-type]
        return ackley(point | {name: of[str(configuration[name])] for name, of in self._values.items()})

    @staticmethod
    def check_settings(numbers: int, categories: int, instance: int) -> None:
        """Raise `UserError` for a setting out of its range."""
        whole("model.settings.numbers", numbers, 1)
        whole("model.settings.categories", categories, 1)
        _check_instance(instance)

    @property
    def known_minimum(self) -> dict[str, Any]:
        """0, and where."""
        zero = {name: next(level for level, value in of.items() if value == 0) for name, of in self._values.items()}
        return {"loss": 0.0, "at": [self._numbers | zero]}


def decision_tree(configuration: Point) -> float:
    """(u - 0.3)^2 + (s + 0.2)^2 + a constant of the leaf, where x1, x2 and x3 choose the branch.

    x1 = 0: s is r8, and x2 = 0: u = x4, 0.4; x2 = 1: u = x5, 0.2. x1 = 1: s is r9, and x3 = 0: u = x6, 0.1;
    x3 = 1: u = x7, 0.3. Domain: x1, x2, x3 in {0, 1}, the others in [-1, 1]; x2, x4, x5, r8 are active for x1 = 0 and
    x3, x6, x7, r9 for x1 = 1, each u in its leaf alone. Minimum: 0.1 with x1 = 1, x3 = 0, x6 = 0.3, r9 = -0.2.

    Source: after Jenatton et al. (2017), Bayesian Optimization with Tree-structured Dependencies, ICML, whose leaves
    all have the constant 0.1, so that no branch is better than another, and whose minimum is in the middle.
    """
    side, second = ("r8", "x2") if configuration["x1"] == 0 else ("r9", "x3")
    leaf, constant = _LEAVES[second, configuration[second]]
    return (float(configuration[leaf]) - 0.3) ** 2 + (float(configuration[side]) + 0.2) ** 2 + constant  # type: ignore[arg-type]


_LEAVES: dict[tuple[str, Value], tuple[str, float]] = {
    ("x2", 0): ("x4", 0.4),
    ("x2", 1): ("x5", 0.2),
    ("x3", 0): ("x6", 0.1),
    ("x3", 1): ("x7", 0.3),
}


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{place}" for place in range(1, count + 1)]


def _check_instance(instance: Any) -> None:
    whole("model.settings.instance", instance, 0, MOST)


def _least_on_ring(tables: NDArray[np.float64], neighbours: int) -> list[int]:
    """The bits with the least sum of tables, each of a bit and the `neighbours` that follow it on the ring.

    `tables` has shape (bits, 2^(neighbours + 1)), its arguments being numbers whose highest bit is the first. A state
    is the `neighbours` bits that are open; for each state at the start (first axis) the least sum to each state now is
    kept, and the bit that was closed on the way. At the end the states must be those of the start.
    """
    states = 2**neighbours
    half = max(states // 2, 1)
    least = np.where(np.eye(states, dtype=bool), 0.0, np.inf)
    first_bits = []
    for table in tables:  # from the state (b, rest) by the next bit to (rest, next), for b = 0, 1
        before = np.stack([least[:, :half], least[:, -half:]])
        every = np.repeat(before, states // half, axis=2) + table.reshape(2, 1, states)
        first_bits.append(every.argmin(axis=0))
        least = every.min(axis=0)
    start = int(np.diagonal(least).argmin())
    state, bits = start, []
    for first in reversed(first_bits):
        bit = int(first[start, state])
        bits.append(bit)
        state = bit * (states // 2) + state // 2
    return bits[::-1]
