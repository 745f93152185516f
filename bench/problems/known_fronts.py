"""Functions with several losses whose Pareto fronts are known, on which an optimiser is judged in seconds.

Each takes a configuration, reads its values in their order as x_1, ..., x_d, and returns its losses, all minimised. Its
front is NAME_front: points of the whole front as an array of shape (n, losses), a reference set for IGD+. They are even
in the first losses, those of dtlz1 and dtlz2 in their directions. Losses are optimal where all parameters after the
first m - 1, of m losses, have one value: 0, and of dtlz1 and dtlz2 0.5.

ZDT, with two losses: Zitzler, Deb and Thiele (2000), Evolutionary Computation 8(2). DTLZ, with m from 2, on d >= m
parameters: Deb, Thiele, Laumanns and Zitzler (2005), Scalable Test Problems, in Evolutionary
Multiobjective Optimization.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.checks import whole
from bench.problems.points import Point, vector

Losses = tuple[float, ...]
Floats = NDArray[np.float64]


def zdt1(configuration: Point) -> Losses:
    """f_1 = x_1, f_2 = g (1 - sqrt(f_1 / g)), g = 1 + 9 mean(x_2, ..., x_d); a convex front.

    Domain: [0, 1]^d, as published d = 30.
    """
    first, rest = _split(configuration)
    g = 1 + 9 * rest.mean()
    return first, float(g * (1 - math.sqrt(first / g)))


def zdt1_front(points: int = 100) -> Floats:
    """f_2 = 1 - sqrt(f_1) over [0, 1]."""
    first = np.linspace(0, 1, points)
    return np.column_stack([first, 1 - np.sqrt(first)])


def zdt2(configuration: Point) -> Losses:
    """f_1 = x_1, f_2 = g (1 - (f_1 / g)^2), g = 1 + 9 mean(x_2, ..., x_d); a concave front.

    Domain: [0, 1]^d, as published d = 30.
    """
    first, rest = _split(configuration)
    g = 1 + 9 * rest.mean()
    return first, float(g * (1 - (first / g) ** 2))


def zdt2_front(points: int = 100) -> Floats:
    """f_2 = 1 - f_1^2 over [0, 1]."""
    first = np.linspace(0, 1, points)
    return np.column_stack([first, 1 - first**2])


def zdt3(configuration: Point) -> Losses:
    """f_1 = x_1, f_2 = g (1 - sqrt(f_1 / g) - (f_1 / g) sin(10 pi f_1)), g as `zdt1`; a front of five pieces.

    Domain: [0, 1]^d, as published d = 30.
    """
    first, rest = _split(configuration)
    g = 1 + 9 * rest.mean()
    return first, float(g * (1 - math.sqrt(first / g) - first / g * math.sin(10 * math.pi * first)))


_ZDT3 = (
    (0.0, 0.08300153492691163),
    (0.1822287280293998, 0.2577623633878302),
    (0.4093136748086568, 0.4538821040888302),
    (0.6183967944392658, 0.6525117038046626),
    (0.8233317983266327, 0.8518328654364139),
)
"""Where 1 - sqrt(x) - x sin(10 pi x) is lower than at any smaller x of [0, 1]."""


def zdt3_front(points: int = 100) -> Floats:
    """f_2 = 1 - sqrt(f_1) - f_1 sin(10 pi f_1) over its five pieces."""
    first = _over(_ZDT3, points)
    return np.column_stack([first, 1 - np.sqrt(first) - first * np.sin(10 * np.pi * first)])


def zdt4(configuration: Point) -> Losses:
    """As `zdt1` with g = 1 + sum_i (x_i^2 + 10 - 10 cos(4 pi x_i)), i = 2..d, which has 21^(d - 1) local minima.

    Domain: x_1 in [0, 1], others in [-5, 5], as published d = 10.
    """
    first, rest = _split(configuration)
    g = 1 + (rest**2 + 20 * np.sin(2 * np.pi * rest) ** 2).sum()  # 1 - cos(2 a) = 2 sin(a)^2, exact at 0
    return first, float(g * (1 - math.sqrt(first / g)))


def zdt4_front(points: int = 100) -> Floats:
    """That of `zdt1`."""
    return zdt1_front(points)


def zdt6(configuration: Point) -> Losses:
    """f_1 = 1 - exp(-4 x_1) sin(6 pi x_1)^6, f_2 = g (1 - (f_1 / g)^2), g = 1 + 9 mean(x_2, ..., x_d)^0.25.

    Its front is concave, and reached by few x_1 at its low end. Domain: [0, 1]^d, as published d = 10.
    """
    first, rest = _split(configuration)
    f1 = 1 - math.exp(-4 * first) * math.sin(6 * math.pi * first) ** 6
    g = 1 + 9 * rest.mean() ** 0.25
    return f1, float(g * (1 - (f1 / g) ** 2))


def zdt6_front(points: int = 100) -> Floats:
    """f_2 = 1 - f_1^2 from the least f_1, where tan(6 pi x_1) = 9 pi, to 1."""
    x = math.atan(9 * math.pi) / (6 * math.pi)
    first = np.linspace(1 - math.exp(-4 * x) * math.sin(6 * math.pi * x) ** 6, 1, points)
    return np.column_stack([first, 1 - first**2])


def dtlz1(configuration: Point, objectives: int = 3) -> Losses:
    """f_i = (1 + g) / 2 times x_1 ... x_(m-i), and of i > 1 times 1 - x_(m-i+1), on the plane sum(f) = (1 + g) / 2.

    g = 100 sum_j ((x_j - 0.5)^2 + 1 - cos(20 pi (x_j - 0.5))), j = m..d, with 11^(d-m+1) - 1 local fronts besides.
    Domain: [0, 1]^d, as published d = m + 4.
    """
    head, tail = _parts(configuration, objectives)
    g = 100 * ((tail - 0.5) ** 2 + 2 * np.sin(10 * np.pi * (tail - 0.5)) ** 2).sum()
    return tuple((0.5 * (1 + g) * _products(head, 1 - head)).tolist())


def dtlz1_front(points: int = 100, objectives: int = 3) -> Floats:
    """The simplex sum(f) = 0.5; n is the least size of a lattice that has `points`."""
    return 0.5 * _lattice(points, objectives)


def dtlz2(configuration: Point, objectives: int = 3) -> Losses:
    """f_i = (1 + g) times cos(a_1) ... cos(a_(m-i)), and of i > 1 times sin(a_(m-i+1)), on the sphere |f| = 1 + g.

    a = pi x / 2, g = sum_j (x_j - 0.5)^2, j = m..d. Domain: [0, 1]^d, as published d = m + 9.
    """
    head, tail = _parts(configuration, objectives)
    angles = head * np.pi / 2
    g = ((tail - 0.5) ** 2).sum()
    return tuple(((1 + g) * _products(np.cos(angles), np.sin(angles))).tolist())


def dtlz2_front(points: int = 100, objectives: int = 3) -> Floats:
    """The sphere |f| = 1 where no f is negative, by the directions of a lattice; n is its least size with `points`."""
    directions = _lattice(points, objectives)
    front: Floats = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return front


def dtlz7(configuration: Point, objectives: int = 3) -> Losses:
    """f_i = x_i for i = 1..m-1, and f_m = (1 + g) (m - sum_i f_i / (1 + g) (1 + sin(3 pi f_i))).

    g = 1 + 9 mean(x_m, ..., x_d). A front of 2^(m-1) pieces. Domain: [0, 1]^d, as published d = m + 19.
    """
    head, tail = _parts(configuration, objectives)
    g = 1 + 9 * tail.mean()
    last = (1 + g) * (objectives - (head / (1 + g) * (1 + np.sin(3 * np.pi * head))).sum())
    return (*head.tolist(), float(last))


_DTLZ7 = ((0.0, 0.25141183608891715), (0.6316265307000613, 0.859400856644724))
"""Where x (1 + sin(3 pi x)) is higher than at any smaller x of [0, 1]."""


def dtlz7_front(points: int = 100, objectives: int = 3) -> Floats:
    """f_m = 2 m - sum_i f_i (1 + sin(3 pi f_i)) over a grid of the other losses; n is its least size with `points`.

    The sum has a term for each of these, so that a point is optimal where each of them is by itself.
    """
    across = _objectives(objectives) - 1
    side = next(side for side in itertools.count(2) if side**across >= points)
    grid = np.meshgrid(*[_over(_DTLZ7, side)] * across, indexing="ij")
    others = np.column_stack([axis.ravel() for axis in grid])
    return np.column_stack([others, 2 * objectives - (others * (1 + np.sin(3 * np.pi * others))).sum(axis=1)])


def _split(configuration: Point) -> tuple[float, Floats]:
    """x_1, and x_2, ..., x_d."""
    x = vector(configuration, 2)
    return float(x[0]), x[1:]


def _parts(configuration: Point, objectives: int) -> tuple[Floats, Floats]:
    """The parameters that lie along the front, one fewer than losses, and those that lead to it."""
    x = vector(configuration, _objectives(objectives))
    return x[: objectives - 1], x[objectives - 1 :]


def _objectives(number: int) -> int:
    return whole("model.settings.objectives", number, 2)


def _products(along: Floats, across: Floats) -> Floats:
    """along_1 ... along_(m-i), and of i > 1 times across_(m-i+1), for i = 1..m."""
    products = np.append(1.0, np.cumprod(along))[::-1]
    losses: Floats = products * np.append(1.0, across[::-1])
    return losses


def _over(intervals: Sequence[tuple[float, float]], points: int) -> Floats:
    """So many numbers evenly over the union of intervals, from its lower to its upper end."""
    upper = np.array([high for _, high in intervals])
    reached = np.cumsum([high - low for low, high in intervals])
    along = np.linspace(0, reached[-1], points)
    within = np.searchsorted(reached, along)
    numbers: Floats = upper[within] - (reached[within] - along)
    return numbers


def _lattice(points: int, objectives: int) -> Floats:
    """All rows of multiples of 1 / k that sum to 1, for the least k that makes so many (Das and Dennis, 1998)."""
    bars = _objectives(objectives) - 1
    parts = next(parts for parts in itertools.count(1) if math.comb(parts + bars, bars) >= points)
    places = np.array(list(itertools.combinations(range(parts + bars), bars)))
    edges = np.column_stack([np.full(len(places), -1), places, np.full(len(places), parts + bars)])
    return (np.diff(edges, axis=1) - 1) / parts
