"""Functions with several losses: values are pymoo's, and a front is all that is reached and that nothing dominates."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import UserError
from bench.problems import known_fronts

ZDT = ["zdt1", "zdt2", "zdt3", "zdt4", "zdt6"]
DTLZ = ["dtlz1", "dtlz2", "dtlz7"]
CASES = [(name, 2) for name in ZDT] + [(name, count) for name in DTLZ for count in (2, 3, 4)]
DIMENSION = {"zdt1": 30, "zdt2": 30, "zdt3": 30, "zdt4": 10, "zdt6": 10, "dtlz1": 4, "dtlz2": 9, "dtlz7": 19}
"""As published; of the DTLZ less the number of losses."""

Floats = NDArray[np.float64]


def settings(name: str, objectives: int) -> dict[str, int]:
    return {"objectives": objectives} if name in DTLZ else {}


def function(name: str, objectives: int) -> Callable[[Floats], tuple[float, ...]]:
    """It, of a row of numbers."""
    named = getattr(known_fronts, name)
    return lambda row: named({f"x{i}": float(x) for i, x in enumerate(row, 1)}, **settings(name, objectives))


def front(name: str, objectives: int, points: int) -> Floats:
    found: Floats = getattr(known_fronts, f"{name}_front")(points, **settings(name, objectives))
    return found


def random_rows(name: str, objectives: int, count: int) -> Floats:
    rows = np.random.default_rng(objectives).random((count, DIMENSION[name] + (objectives if name in DTLZ else 0)))
    if name == "zdt4":
        rows[:, 1:] = 10 * rows[:, 1:] - 5
    return rows


def optimal_rows(name: str, objectives: int, count: int) -> Floats:
    """Random, except where all that lies on the front has one value."""
    rows = random_rows(name, objectives, count)
    rows[:, objectives - 1 :] = 0.5 if name in ("dtlz1", "dtlz2") else 0.0
    return rows


def losses(name: str, objectives: int, rows: Floats) -> Floats:
    named = function(name, objectives)
    return np.array([named(row) for row in rows])


def dominated(points: Floats, by: Floats) -> NDArray[np.bool_]:
    """Of each of the points, whether one of the others is no worse in any loss and better in one."""
    return np.array([((by <= point + 1e-9).all(axis=1) & (by < point - 1e-6).any(axis=1)).any() for point in points])


def preimage(name: str, points: Floats, objectives: int) -> Floats:
    """Parameters that should have the losses of a front, by its formula solved for them."""
    rows = optimal_rows(name, objectives, len(points))
    if name == "zdt6":  # its first loss falls from 1 up to its least value
        x = np.linspace(0, math.atan(9 * math.pi) / (6 * math.pi), 100_001)
        values = 1 - np.exp(-4 * x) * np.sin(6 * np.pi * x) ** 6
        rows[:, 0] = np.interp(points[:, 0], values[::-1], x[::-1])
    elif name in ("dtlz1", "dtlz2"):
        left = np.full(len(points), 0.5 if name == "dtlz1" else 1.0)
        for place in range(objectives - 1):  # the last loss has the first parameter alone
            share = np.divide(points[:, -1 - place], left, out=np.full(len(points), 0.5), where=left > 1e-12).clip(0, 1)
            rows[:, place] = 1 - share if name == "dtlz1" else np.arcsin(share) * 2 / np.pi
            left = left * (1 - share if name == "dtlz1" else np.sqrt(1 - share**2))
    else:
        rows[:, : objectives - 1] = points[:, :-1]
    return rows


@pytest.mark.parametrize(("name", "objectives"), CASES)
def test_values_are_pymoos(name: str, objectives: int) -> None:
    multi = pytest.importorskip("pymoo.problems", reason="pymoo is not installed")
    rows = np.vstack([random_rows(name, objectives, 200), optimal_rows(name, objectives, 50)])
    theirs = multi.get_problem(name, n_var=rows.shape[1], **({"n_obj": objectives} if name in DTLZ else {}))
    assert (theirs.xl <= rows).all()
    assert (theirs.xu >= rows).all()
    assert losses(name, objectives, rows) == pytest.approx(theirs.evaluate(rows), rel=1e-11, abs=1e-11)
    named = function(name, objectives)(rows[0])
    assert isinstance(named, tuple)
    assert {type(each) for each in named} == {float}


@pytest.mark.parametrize(("name", "objectives"), [case for case in CASES if case[0] not in ("zdt3", "dtlz7")])
def test_fronts_are_pymoos(name: str, objectives: int) -> None:
    """Of DTLZ7 it has one of three losses alone, which it fetches; others of its own have dominated points."""
    multi = pytest.importorskip("pymoo.problems", reason="pymoo is not installed")
    if name in ZDT:
        theirs = multi.get_problem(name).pareto_front()
    else:
        from pymoo.util.ref_dirs import get_reference_directions

        directions = get_reference_directions("das-dennis", objectives, n_partitions=15)
        theirs = multi.get_problem(name, n_obj=objectives).pareto_front(directions)
    ours = front(name, objectives, len(theirs))
    assert ours[np.lexsort(ours.T)] == pytest.approx(theirs[np.lexsort(theirs.T)], abs=1e-9)


def test_the_pieces_of_zdt3_are_pymoos() -> None:
    multi = pytest.importorskip("pymoo.problems", reason="pymoo is not installed")
    theirs = multi.get_problem("zdt3").pareto_front()  # so many points on each of the five
    first = front("zdt3", 2, 50_001)[:, 0]
    after = np.flatnonzero(np.diff(first) > 0.01)
    assert np.append(0.0, first[after + 1]) == pytest.approx(theirs[::20, 0], abs=1e-5)
    assert np.append(first[after], first[-1]) == pytest.approx(theirs[19::20, 0], abs=1e-5)
    assert np.delete(np.diff(first), after) == pytest.approx(first[1], rel=1e-6)  # evenly within a piece


@pytest.mark.parametrize(("name", "objectives"), CASES)
def test_each_point_of_a_front_is_reached(name: str, objectives: int) -> None:
    points = front(name, objectives, 200)
    assert losses(name, objectives, preimage(name, points, objectives)) == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize(("name", "objectives"), CASES)
def test_no_point_of_a_front_is_dominated(name: str, objectives: int) -> None:
    """By random points of the domain, by points as good as can be, and by the others of the front."""
    points = front(name, objectives, 100)
    rivals = [random_rows(name, objectives, 200), optimal_rows(name, objectives, 1500)]
    by = np.vstack([points, *(losses(name, objectives, rows) for rows in rivals)])
    assert not dominated(points, by).any()
    assert dominated(points + 0.1, by).all()  # which it would see


@pytest.mark.parametrize(("name", "objectives"), [case for case in CASES if case[1] < 4])
def test_whatever_nothing_dominates_is_near_a_point_of_the_front(name: str, objectives: int) -> None:
    points = front(name, objectives, 3000)
    found = losses(name, objectives, optimal_rows(name, objectives, 500))
    best = found[~dominated(found, np.vstack([found, points]))]
    assert len(best) >= (60 if name in ("zdt3", "dtlz7") else 150)
    distances = np.array([np.linalg.norm(points - each, axis=1).min() for each in best])
    assert distances.max() < (0.02 if objectives == 2 else 0.06)


def test_a_front_has_as_many_points_as_are_wanted_or_its_lattice_makes() -> None:
    for name in ZDT:
        assert front(name, 2, 37).shape == (37, 2)
    sizes = [len(front("dtlz1", 3, points)) for points in (3, 4, 91, 92)]
    assert sizes == [3, 6, 91, 105]
    assert [front("dtlz2", count, 100).shape for count in (2, 3, 5)] == [(100, 2), (105, 3), (126, 5)]
    assert [front("dtlz7", count, 100).shape for count in (2, 3, 4)] == [(100, 2), (100, 3), (125, 4)]


@pytest.mark.parametrize(
    ("name", "values", "objectives", "message"),
    [
        ("zdt1", [0.5], 2, "model.dimension=1: this function needs 2 or more"),
        ("dtlz2", [0.5, 0.5], 3, "model.dimension=2: this function needs 3 or more"),
        ("dtlz7", [0.5, 0.5], 1, "model.settings.objectives=1: expected a whole number from 2"),
        ("dtlz1", [0.5, 0.5], 2.5, "model.settings.objectives=2.5: expected a whole number from 2"),
    ],
)
def test_a_mistake_is_one_line(name: str, values: list[float], objectives: Any, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}"):
        function(name, objectives)(np.array(values))
