"""Sizes of effects: shifts against plain loops, intervals against the tests that they invert and scipy's."""

import math

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.report.statistics import effects, significance
from bench.report.statistics.designs import Relation
from bench.report.statistics.effects import Estimate

INF = math.inf
LOSS = st.one_of(st.integers(0, 4).map(float), st.just(INF))


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def minus(x: float, y: float) -> float:
    return 0.0 if x == y else x - y


def middle(values: list[float]) -> float:
    """Their median, infinities as limits: of opposite ones 0."""
    ordered = sorted(values)
    return half(ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2])


def half(x: float, y: float) -> float:
    return x if x == y else 0.0 if x == -y else (x + y) / 2


@given(st.lists(st.tuples(LOSS, LOSS), min_size=1, max_size=7))
def test_shifts_are_those_of_plain_loops(pairs: list[tuple[float, float]]) -> None:
    a, b = (array(*side) for side in zip(*pairs, strict=True))
    d = [minus(x, y) for x, y in pairs]
    averages = [half(x, y) for i, x in enumerate(d) for y in d[i:]]
    assert effects.shift(a, b, "paired", 0.9).value == middle(averages)
    assert effects.shift(a, b, "unpaired", 0.9).value == middle([minus(x, y) for x in a for y in b])
    assert effects.shift(a, b, "value", 0.9).value == middle(d)


def test_shifts_of_failed_runs() -> None:
    assert effects.shift(array(INF, INF, INF), array(1, 2, 3), "unpaired", 0.9).value == INF
    assert effects.shift(array(1, INF), array(INF, 1), "paired", 0.9).value == 0
    assert math.isnan(effects.shift(array(), array(), "paired", 0.9).value)


def p_of(a: np.ndarray, b: np.ndarray, relation: Relation) -> float:
    if relation == "unpaired":
        return significance.rank_sum_p(a, b)
    return significance.signed_rank_p(a, b) if relation == "paired" else significance.sign_p(a - b)


@examples(20)
@given(st.sampled_from(["unpaired", "paired", "value"]), st.integers(5, 12), st.integers(0, 10**6))
def test_the_interval_holds_the_shifts_that_the_test_does_not_reject(relation: Relation, n: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    a, b = chance.normal(size=n), np.zeros(n) if relation == "value" else chance.normal(size=n)
    interval = effects.shift(a, b, relation, 0.9)
    for end, inwards in ((interval.low, 1e-9), (interval.high, -1e-9)):
        assert p_of(a - (end + inwards), b, relation) > 0.1
        assert p_of(a - (end - inwards), b, relation) <= 0.1


def test_too_few_runs_have_the_whole_line() -> None:
    assert effects.shift(array(1, 2), array(3, 4), "unpaired", 0.9) == Estimate(-2, -INF, INF)
    assert effects.shift(array(1, 2, 3, 4), array(0, 0, 0, 0), "paired", 0.9).low == -INF


def test_many_runs_take_the_normal_approximation_where_the_exact_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(1)
    a, b = chance.normal(size=30), chance.normal(size=30)
    exact = [effects.shift(a, b, relation, 0.9) for relation in ("unpaired", "paired")]
    effects._depth.cache_clear()
    effects._distribution.cache_clear()
    monkeypatch.setattr(significance, "EXACT_DRAWS", 0)
    monkeypatch.setattr(significance, "EXACT_FLIPS", 0)
    for before, relation in zip(exact, ("unpaired", "paired"), strict=True):
        after = effects.shift(a, b, relation, 0.9)
        assert (after.low, after.high) == pytest.approx((before.low, before.high), abs=0.05)
    effects._depth.cache_clear()
    effects._distribution.cache_clear()


@pytest.mark.parametrize(("wins", "n"), [(7, 10), (10, 10), (0, 6), (12, 20)])
def test_by_seed_the_probability_has_wilsons_interval(wins: int, n: int) -> None:
    sample = array(*([-1.0] * wins + [1.0] * (n - wins)))
    expected = stats.binomtest(wins, n).proportion_ci(0.95, method="wilson")
    for relation in ("paired", "value"):
        found = effects.improvement(sample, n, n, relation)
        assert (found.value, found.low, found.high) == pytest.approx((wins / n, expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("share", "n", "m"), [(0.75, 10, 10), (0.5, 5, 8), (0.9375, 4, 4)])
def test_of_two_samples_it_has_the_roots_of_newcombes_equation(share: float, n: int, m: int) -> None:
    wins = round(share * n * m)
    interval = effects.improvement(array(*([-1.0] * wins + [1.0] * (n * m - wins))), n, m, "unpaired")
    z = stats.norm.ppf(0.975)
    for end in (interval.low, interval.high):
        between = (n + m) / 2 - 1
        variance = end * (1 - end) * (1 + between * ((1 - end) / (2 - end) + end / (1 + end))) / (n * m)
        assert (wins / (n * m) - end) ** 2 == pytest.approx(z**2 * variance, rel=1e-6)
    assert interval.low < share < interval.high


def test_all_wins_leave_room_for_losses_and_nothing_leaves_all() -> None:
    all_ = effects.improvement(-np.ones(100), 10, 10, "unpaired")
    assert (all_.value, all_.high) == (1, 1)
    assert 0.7 < all_.low < 0.9
    assert math.isnan(effects.improvement(array(), 0, 0, "paired").low)
