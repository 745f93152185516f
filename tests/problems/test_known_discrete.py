"""Functions of categories and of conditional parameters: that none is below the minimum that each states."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from commands import bench

from bench.problems.known_discrete import AckleyCategories, LeadingOnes, NkLandscape, decision_tree


def strings(dimension: int):
    for bits in itertools.product((0, 1), repeat=dimension):
        yield {f"x{place}": bit for place, bit in enumerate(bits, 1)}


@pytest.mark.parametrize("instance", [0, 1, 2])
def test_leading_ones_counts_from_the_front_and_has_one_minimum(instance: int) -> None:
    function = LeadingOnes(8, instance)
    (best,) = function.known_minimum["at"]
    values = {tuple(point.values()): function(point) for point in strings(8)}
    assert [point for point, value in values.items() if value == 0] == [tuple(best.values())]
    for point, value in values.items():
        right = [own == bit for own, bit in zip(point, best.values(), strict=True)]
        assert value == 8 - len(list(itertools.takewhile(bool, right)))
    assert len({tuple(LeadingOnes(8, other).known_minimum["at"][0].values()) for other in range(9)}) > 5


@pytest.mark.parametrize(("dimension", "neighbours"), [(1, 0), (6, 0), (2, 1), (7, 1), (9, 2), (10, 4), (6, 5)])
def test_the_minimum_of_a_landscape_is_the_least_of_all_its_points(dimension: int, neighbours: int) -> None:
    for instance in range(3):
        function = NkLandscape(dimension, neighbours, instance)
        values = [function(point) for point in strings(dimension)]
        assert function.known_minimum["loss"] == min(values) == function(function.known_minimum["at"][0])
        assert values.count(min(values)) == 1


def test_a_bit_of_a_landscape_matters_to_its_own_table_and_to_those_of_the_bits_before_it() -> None:
    function, rng = NkLandscape(9, 2, 4), np.random.default_rng(4)
    tables = rng.random((9, 8))
    for point in itertools.islice(strings(9), 0, None, 37):
        bits = list(point.values())
        terms = [tables[i][4 * bits[i] + 2 * bits[(i + 1) % 9] + bits[(i + 2) % 9]] for i in range(9)]
        assert function(point) == pytest.approx(sum(terms) / 9, rel=1e-14)


@pytest.mark.parametrize("instance", [0, 1])
def test_ackley_of_categories_has_its_minimum_at_one_choice_of_each_alone(instance: int) -> None:
    function = AckleyCategories(2, 3, instance)
    (best,) = function.known_minimum["at"]
    numbers = {name: value for name, value in best.items() if name.startswith("x")}
    values = {
        choice: function(numbers | dict(zip(("c1", "c2", "c3"), choice, strict=True)))
        for choice in itertools.product("abcde", repeat=3)
    }
    assert [choice for choice, value in values.items() if value == 0] == [(best["c1"], best["c2"], best["c3"])]
    assert len({round(value, 12) for value in values.values()}) <= 10  # by how many are 0, 0.5 and 1 from it
    rng = np.random.default_rng(0)
    for _ in range(500):
        moved = {name: value + float(rng.normal(scale=0.1)) for name, value in numbers.items()}
        assert function(best | moved) > 0


def test_the_tree_has_the_best_leaf_that_its_config_states() -> None:
    leaves = {(0, 0): ("x2", "x4", "r8", 0.4), (0, 1): ("x2", "x5", "r8", 0.2)}
    leaves |= {(1, 0): ("x3", "x6", "r9", 0.1), (1, 1): ("x3", "x7", "r9", 0.3)}
    grid = np.linspace(-1, 1, 21)
    for (first, second), (branch, leaf, side, least) in leaves.items():
        values = {
            (u, s): decision_tree({"x1": first, branch: second, leaf: float(u), side: float(s)})
            for u in grid
            for s in grid
        }
        assert min(values.values()) == pytest.approx(least, abs=1e-12)
        assert math.dist(min(values, key=values.__getitem__), (0.3, -0.2)) < 1e-9


@pytest.mark.parametrize("model", ["leading_ones", "nk_landscape", "ackley_categories", "decision_tree"])
def test_each_config_is_run_and_has_the_minimum_that_it_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", "dataset=function", f"model={model}", "budget.trials=5", "name=one") == 0
    assert "above the known minimum" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            "nk_landscape model.dimension=3",
            "model.settings.neighbours=3: expected fewer than model.dimension=3",
        ),
        (
            "nk_landscape model.settings.neighbours=9",
            "model.settings.neighbours=9: expected a whole number from 0 to",
        ),
        ("leading_ones model.dimension=0", "model.dimension=0: expected a whole number from 1"),
        ("leading_ones model.settings.instance=-1", "model.settings.instance=-1: expected a whole number from 0"),
        (
            "ackley_categories model.settings.categories=0",
            "model.settings.categories=0: expected a whole number",
        ),
    ],
)
def test_what_is_out_of_range_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], overrides: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", "dataset=function", f"model={overrides.split(maxsplit=1)[0]}", *overrides.split()[1:]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"bench: {message}")
