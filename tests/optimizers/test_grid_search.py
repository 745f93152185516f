"""Grid search, against the product of all levels."""

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loops import only
from scipy import stats
from spaces import CONDITIONAL, FLAT, spaces

from bench.errors import UserError
from bench.optimizers import Exhausted
from bench.optimizers.grid_search import GridSearch
from bench.space import Space, to_json
from bench.space.parsing import parse


def brute_grid(space: Space, levels: int) -> list[str]:
    """The distinct configurations of the product of all levels, in its order."""
    product = itertools.product(*(p.grid(p.levels or levels) for p in space.parameters))
    points: dict[str, None] = {}
    for point in product:
        values = dict(zip((p.name for p in space.parameters), point, strict=True))
        points[to_json(space.assemble(lambda parameter, values=values: values[parameter.name]))] = None
    return list(points)


def drain(grid: GridSearch) -> list[str]:
    asked = [to_json(grid.ask()) for _ in range(len(grid))]
    with pytest.raises(Exhausted):
        grid.ask()
    return asked


@given(spaces(), st.integers(1, 3), st.integers(0, 99))
def test_the_grid_is_the_product_without_duplicates(space: Space, levels: int, seed: int) -> None:
    brute = brute_grid(space, levels)
    assert drain(GridSearch(space, seed, None, order="lexicographic", levels=levels)) == brute
    assert sorted(drain(GridSearch(space, seed, None, levels=levels))) == sorted(brute)


def test_the_grid_of_nested_conditions() -> None:
    brute = brute_grid(CONDITIONAL, 3)
    assert drain(GridSearch(CONDITIONAL, 0, None, order="lexicographic")) == brute
    shuffled = drain(GridSearch(CONDITIONAL, 0, None))
    assert Counter(shuffled) == Counter(brute)
    assert shuffled not in (brute, drain(GridSearch(CONDITIONAL, 1, None)))


def test_every_order_of_the_grid_is_equally_likely() -> None:
    space = parse({"x": {"type": "int", "low": 1, "high": 4}})
    orders = Counter(tuple(drain(GridSearch(space, seed, None, levels=4))) for seed in range(2_400))
    assert len(orders) == 24
    assert stats.chisquare(list(orders.values())).pvalue > 1e-3


def test_a_vast_grid_costs_nothing() -> None:
    space = parse({f"x{i}": {"type": "float", "low": 0, "high": 1} for i in range(60)})
    grid = GridSearch(space, 0, None)
    assert grid.size == 3**60
    assert len({to_json(grid.ask()) for _ in range(50)}) == 50
    assert len(GridSearch(only(space, *(f"x{i}" for i in range(20))), 0, None)) == 3**20


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"order": "random"}, r"optimizer.settings.order='random': .*shuffled, lexicographic"),
        ({"levels": 0}, r"optimizer.settings.levels=0: expected a whole number from 1"),
        ({"levels": True}, r"optimizer.settings.levels=True: "),
        ({"levels": 2.5}, r"optimizer.settings.levels=2.5: "),
    ],
)
def test_a_grid_setting_that_is_not_allowed_is_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        GridSearch(FLAT, 0, None, **setting)
