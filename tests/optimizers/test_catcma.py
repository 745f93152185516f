"""CatCMA with margin: how kinds are told apart, its first generation as declared, its start, its settings."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from cmaes import CatCMAwM
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from loops import build, loss, run
from spaces import FLAT, spaces

from bench.errors import UserError
from bench.optimizers import Told
from bench.space import Configuration, Space
from bench.space.parsing import parse


def test_two_values_are_categories_and_many_are_continuous() -> None:
    space = parse(
        {
            "two": {"type": "int", "low": 3, "high": 4},
            "half": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.5},
            "many": {"type": "int", "low": 1, "high": 10**6, "log": True},
        }
    )
    optimizer = CatCMAwM(x_space=[[math.log(0.5), math.log(10**6 + 0.5)]], c_space=[2, 2], seed=1)
    asked: list[Configuration] = []
    while len(asked) < 60:
        solutions = []
        for _ in range(optimizer.population_size):
            solution = optimizer.ask()
            two, half = solution.c.argmax(axis=1)
            many = min(max(round(math.exp(solution.x[0])), 1), 10**6)
            asked.append({"two": 3 + int(two), "half": 0.5 * int(half), "many": many})
            solutions.append((solution, loss(asked[-1])))
        optimizer.tell(solutions)
    assert run(build("catcma", space, 1), len(asked)) == asked


@pytest.mark.parametrize("sigma", [None, 3.0])
def test_the_first_generation_is_as_far_from_the_reference_law_as_declared(sigma: float | None) -> None:
    n = 6_000
    optimizer = build("catcma", FLAT, 0, None, sigma=sigma)
    draws = [optimizer.ask() for _ in range(n)]  # nothing told: all are of the first generation's law
    laws = optimizer.declared.laws
    assert set(laws) == {"shrink", "rate", "depth", "leaves", "units", "dropout"}
    for parameter in FLAT.searched:
        drawn: list[Any] = [draw[parameter.name] for draw in draws]
        values, reference = parameter.values(), parameter.probabilities()
        if values is None:
            scale: Any = math.log if parameter.log else float  # type: ignore[union-attr]
            low, high = scale(parameter.low), scale(parameter.high)  # type: ignore[union-attr]
            shares = [(scale(value) - low) / (high - low) for value in drawn]
            ends = sum(share < 1e-9 or share > 1 - 1e-9 for share in shares) / n
            counts = np.histogram([share for share in shares if 1e-9 < share < 1 - 1e-9], 25, (0, 1))[0] / n
            observed = (abs(counts - 1 / 25).sum() + ends) / 2
        else:
            counted = Counter(drawn)
            observed = abs(np.array([counted[value] for value in values]) / n - reference).sum() / 2
        declared = laws[parameter.name].total_variation if parameter.name in laws else 0.0
        assert observed == pytest.approx(declared, abs=0.03)
    assert laws["shrink"].total_variation > (0.6 if sigma is None else 0.1)


def test_it_starts_at_the_best_of_a_shared_design() -> None:
    space = Space(tuple(FLAT[key] for key in ("shrink", "rate", "depth", "act")))
    best = {"shrink": 0.9, "rate": 0.02, "depth": 8, "act": 7}
    worse, failed = best | {"shrink": 0.0}, best | {"shrink": 0.5}
    optimizer = build("catcma", space, 1)
    optimizer.start([Told(worse, 2.0), Told(best, 1.0), Told(failed, 0.0, failed=True)])
    asked = [optimizer.ask() for _ in range(300)]
    assert np.median([configuration["shrink"] for configuration in asked]) > 0.8
    assert np.median([math.log(configuration["rate"]) for configuration in asked]) == pytest.approx(
        math.log(0.02), abs=0.2
    )
    assert np.median([configuration["depth"] for configuration in asked]) == 8
    plain = build("catcma", space, 1)
    plain.start([Told(failed, 0.0, failed=True)])
    assert run(plain, 30) == run(build("catcma", space, 1), 30)


def test_what_is_told_unasked_enters_no_generation() -> None:
    plain, informed = build("catcma", FLAT, 3), build("catcma", FLAT, 3)
    assert not informed.declared.takes_unasked
    for _ in range(20):
        informed.tell(FLAT.sample(np.random.default_rng(1)), -1e9)
    assert run(informed, 40) == run(plain, 40)


@given(space=spaces(), seed=st.integers(0, 99))
@examples(25)
def test_any_space_is_translated(space: Space, seed: int) -> None:
    optimizer = build("catcma", space, seed)
    optimizer.start([Told(space.sample(np.random.default_rng(seed)), 1.0)])
    for configuration in run(optimizer, 40):
        assert list(space.canonical(configuration).items()) == list(configuration.items())


@pytest.mark.parametrize(("setting", "value"), [("population_size", 3), ("population_size", 7.5), ("sigma", 0)])
def test_a_setting_out_of_its_range_is_named(setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{setting}={value}: expected"):
        build("catcma", FLAT, **{setting: value})
