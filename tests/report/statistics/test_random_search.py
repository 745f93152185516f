"""Random search, exactly: against all subsets of small pools, in fractions."""

import json
import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.statistics import random_search
from bench.report.statistics.random_search import Reference

POOL = st.lists(
    st.one_of(st.integers(-20, 20).map(lambda k: k / 4), st.sampled_from([math.inf, math.nan])), min_size=1, max_size=9
)


def minima(pool: list[float], draws: int) -> list[float]:
    """The least of every subset of so many draws."""
    plain = [math.inf if math.isnan(loss) else loss for loss in pool]
    return [min(subset) for subset in combinations(plain, draws)]


def mean(values: list[float]) -> float:
    if not values or math.inf in values:
        return math.inf
    return float(sum(map(Fraction, values)) / len(values))


@given(POOL)
def test_the_expected_best_is_the_mean_over_all_subsets(pool: list[float]) -> None:
    count = len(pool)
    expected = random_search.expected(np.array(pool), count + 2)
    given_success = random_search.expected(np.array(pool), count + 2, given_success=True)
    barren = random_search.without_success(np.array(pool), count + 2)
    for t in range(1, count + 1):
        values = minima(pool, t)
        successes = [value for value in values if value < math.inf]
        assert expected[t - 1] == pytest.approx(mean(values), abs=1e-12)
        assert given_success[t - 1] == pytest.approx(mean(successes), abs=1e-12)
        assert barren[t - 1] == pytest.approx(1 - len(successes) / len(values), abs=1e-12)
    assert np.isnan([*expected[count:], *given_success[count:], *barren[count:]]).all()


@given(POOL, st.sampled_from([0.05, 0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9, 1.0]))
def test_a_quantile_is_that_of_all_subsets(pool: list[float], p: float) -> None:
    quantiles = random_search.quantile(np.array(pool), len(pool) + 1, p)
    for t in range(1, len(pool) + 1):
        values = sorted(minima(pool, t))
        place = math.ceil(Fraction(repr(p)) * len(values))
        assert quantiles[t - 1] == values[place - 1]
    assert math.isnan(quantiles[-1])


def test_known_values() -> None:
    pool = np.array([4.0, 1.0, 2.0])
    assert random_search.expected(pool, 3).tolist() == pytest.approx([7 / 3, 4 / 3, 1])
    assert random_search.quantile(pool, 3).tolist() == [2, 1, 1]
    assert random_search.quantile(pool.reshape(1, 3), 1, 1.0).tolist() == [4]


def test_a_quantile_on_the_edge_is_decided_in_whole_numbers() -> None:
    """P(min <= x_(i)) of one draw of N is i / N: it equals p for every N that p divides."""
    for count in (10, 1000, 7000, 100_000):
        pool = np.arange(1.0, count + 1)
        for tenths in range(1, 10):
            assert random_search.quantile(pool, 1, tenths / 10)[0] == tenths * count // 10


@pytest.mark.parametrize("t", [1, 2, 17, 100, 499, 500, 1999, 2000])
def test_large_pools_lose_no_digits(t: int) -> None:
    count = 2000
    pool = np.sort(np.random.default_rng(1).lognormal(size=count))
    exact = sum(Fraction(x) * math.comb(count - 1 - i, t - 1) for i, x in enumerate(pool)) / math.comb(count, t)
    assert random_search.expected(pool, t)[t - 1] == pytest.approx(float(exact), rel=1e-11)
    below = [math.comb(count, t) - math.comb(count - i, t) for i in range(1, count - t + 2)]
    place = next(i for i, ways in enumerate(below) if 2 * ways >= math.comb(count, t))
    assert random_search.quantile(pool, t)[t - 1] == pool[place]


def test_it_estimates_what_new_draws_give_without_bias() -> None:
    rng = np.random.default_rng(2)
    pools = rng.random((4000, 8))
    expected = np.array([random_search.expected(pool, 5) for pool in pools])
    assert expected.mean(axis=0) == pytest.approx(1 / np.arange(2, 7), abs=0.01)  # E[min of t uniform] = 1 / (t + 1)


def test_the_curve_falls_and_does_not_depend_on_order_or_shape() -> None:
    pool = np.random.default_rng(3).random((20, 30))
    expected = random_search.expected(pool, 600)
    assert (np.diff(expected) <= 1e-15).all()
    assert expected[0] == pytest.approx(pool.mean())
    assert expected[-1] == pytest.approx(pool.min())
    assert random_search.expected(pool.T.ravel()[::-1], 600).tolist() == expected.tolist()


@pytest.mark.parametrize("find", [random_search.expected, random_search.quantile, random_search.without_success])
def test_an_empty_pool_has_no_values_and_no_evaluations_none(find) -> None:
    assert np.isnan(find(np.empty(0), 3)).all()
    assert find(np.ones(3), 0).shape == (0,)


@pytest.mark.parametrize("p", [0, -0.1, 1.1, math.nan])
def test_a_share_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        random_search.quantile(np.ones(3), 1, p)


def test_the_best_of_a_million_uniform_draws_is_that_of_their_law() -> None:
    """E[min of t] = 1 / (t + 1), and its median 1 - 2^(-1/t) is near log 2 / t."""
    pool = np.random.default_rng(0).random((2000, 500))
    for find, scale in ((random_search.expected, 1), (random_search.quantile, math.log(2))):
        assert find(pool, 500) == pytest.approx(scale / np.arange(2, 502), rel=0.5)


# --- scores --------------------


def test_a_score_is_0_for_the_best_known_and_1_for_random_at_the_budget() -> None:
    reference = random_search.reference(np.array([4.0, 6.0, 5.0, math.nan]), 2, [2.0, math.nan, 7.0])
    assert reference == Reference(best=2.0, random=4.0, evaluations=2)
    losses = np.array([[2.0, 4.0, 3.0], [1.0, 8.0, math.nan]])
    assert random_search.normalised(losses, reference).tolist() == [[0, 1, 0.5], [-0.5, 3, math.inf]]
    assert random_search.regret(losses, 2.0).tolist() == [[0, 2, 1], [-1, 6, math.inf]]


@pytest.mark.parametrize(
    "reference",
    [Reference(1, 1, 5), Reference(1, math.inf, 5), Reference(math.inf, math.inf, 5), Reference(2, 1, 5)],
)
def test_a_score_is_undefined_where_random_is_no_unit(reference: Reference) -> None:
    assert np.isnan(random_search.normalised(np.array([1.0, math.inf]), reference)).all()


def test_no_regret_without_a_best() -> None:
    assert np.isnan(random_search.regret(np.array([1.0, math.inf]), math.inf)).all()


def test_references_of_poor_pools_are_infinite() -> None:
    assert random_search.reference(np.array([math.inf, math.inf, 1.0]), 1) == Reference(1.0, math.inf, 1)
    assert random_search.reference(np.array([1.0]), 2) == Reference(1.0, math.inf, 2)
    assert random_search.reference(np.empty(0), 1) == Reference(math.inf, math.inf, 1)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.just(math.inf)),
    st.integers(0, 10**6),
)
def test_a_reference_survives_json(best: float, random: float, evaluations: int) -> None:
    reference = Reference(best, random, evaluations)
    text = reference.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert Reference.from_json(text) == reference


@given(st.lists(POOL, min_size=1, max_size=2), st.integers(1, 8), st.integers(-20, 20).map(lambda k: k / 4))
def test_its_median_hitting_time_is_that_over_all_orders_of_the_draws(
    pools: list[list[float]], most: int, target: float
) -> None:
    def chance(pool: list[float], draws: int) -> Fraction | None:
        best = minima(pool, draws)
        return Fraction(sum(loss <= target for loss in best), len(best)) if best else None

    expected = math.inf
    for draws in range(1, most + 1):
        chances = [chance(pool, draws) for pool in pools]
        if None in chances:
            break
        if sum(chances) / len(chances) >= Fraction(1, 2):
            expected = draws
            break
    found = random_search.evaluations_to([(np.array(pool), target) for pool in pools], most)
    assert found == expected
    assert math.isnan(random_search.evaluations_to([], most))


@given(POOL, st.integers(1, 9))
def test_its_spread_is_that_of_all_subsets_where_more_was_drawn(pool: list[float], draws: int) -> None:
    spread = random_search.spread(np.array(pool), draws)
    if draws >= len(pool):
        assert math.isnan(spread)
        return
    values = sorted(minima(pool, draws))
    low, high = (values[math.ceil(Fraction(p) * len(values)) - 1] for p in ("1/4", "3/4"))
    assert math.isnan(spread) if low == math.inf else spread == high - low


def test_of_several_splits_scores_have_one_scale_and_none_is_lost() -> None:
    """On the second split random search found the best known: by itself it would have no scale."""
    splits = [Reference(0.1, 0.3, 20), Reference(0.2, 0.2, 20), Reference(0.1, math.inf, 20)]
    scale = random_search.distance(splits)
    assert scale == pytest.approx((0.2 + 0.0) / 2)
    assert random_search.normalised(np.array([0.2, 0.25]), splits[1], scale).tolist() == pytest.approx([0.0, 0.5])
    random = [float(random_search.normalised(np.array([one.random]), one, scale)[0]) for one in splits[:2]]
    assert np.mean(random) == pytest.approx(1)
    assert math.isnan(random_search.distance([Reference(math.inf, math.inf, 20)]))
    assert math.isnan(random_search.distance([]))
