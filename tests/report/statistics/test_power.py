"""Seeds that would separate two optimisers: the tests themselves on redrawn runs, the correction by simulation."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.statistics import power, significance

INF = math.inf
LOSS = st.one_of(st.integers(0, 5).map(float), st.just(INF))
RUNS = st.lists(st.tuples(LOSS, LOSS), min_size=2, max_size=8)


def sides(count: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.normal(size=count), chance.normal(size=count) + apart


def p_value(a: np.ndarray, b: np.ndarray, paired: bool) -> float:
    return significance.signed_rank_p(a, b) if paired else significance.rank_sum_p(a, b)


# --- power --------------------


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("seeds", "level"), [(8, 0.05), (14, 0.05 / 6), (40, 0.05 / 6)])
def test_power_is_how_often_the_reports_test_rejects_redrawn_runs(paired: bool, seeds: int, level: float) -> None:
    a, b = sides(12, 1.1)
    a[0], b[3] = INF, INF
    believed, repeats = 0.8, 800
    chance = np.random.default_rng(5)
    rejected = 0
    for _ in range(repeats):
        first, second = chance.integers(12, size=(2, seeds))
        if paired:
            swapped = chance.random(seeds) < (1 - believed) / 2
            drawn = np.where(swapped, b[first], a[first]), np.where(swapped, a[first], b[first])
        else:
            swaps = chance.random((2, seeds)) < (1 - believed) / 2
            drawn = np.where(swaps[0], b[first], a[first]), np.where(swaps[1], a[second], b[second])
        rejected += p_value(*drawn, paired) <= level
    share = np.mean([power.power_of(a, b, paired, seeds, level, believed, seed) for seed in range(5)])
    assert 0.1 < share < 0.95
    assert share == pytest.approx(rejected / repeats, abs=0.06)


@given(RUNS, st.booleans())
def test_the_statistic_of_the_seeds_at_hand_is_that_of_their_test(
    runs: list[tuple[float, float]], paired: bool
) -> None:
    """By its definition with counted ranks."""
    a, b = (np.array(side) for side in zip(*runs, strict=True))
    if paired:
        d = significance.differences(a, b)
        ranks = np.array([(abs(d) < abs(x)).sum() + ((abs(d) == abs(x)).sum() + 1) / 2 for x in d])
        distance, variance = abs((np.sign(d) * ranks).sum()), (ranks[d != 0] ** 2).sum()
    else:
        both = np.concatenate([a, b])
        ranks = np.array([(both < x).sum() + ((both == x).sum() + 1) / 2 for x in both])
        n = len(a)
        distance, variance = abs(ranks[:n].sum() - n * (2 * n + 1) / 2), ranks.var(ddof=1) * n / 2
    z = distance / math.sqrt(variance) if variance > 1e-9 else 0.0
    expected = max(0, 1 - 1 / z**2) if z else 0
    assert power.seeds_to_separate(a, b, paired, cap=2).believed == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("paired", [True, False])
def test_where_no_test_can_reject_there_is_no_power(paired: bool) -> None:
    a, b = sides(10, 100)
    needed = significance.seeds_needed(15, 0.05, paired)
    assert power.power_of(a, b, paired, needed - 1, 0.05 / 15) == 0
    assert power.power_of(a, b, paired, needed, 0.05 / 15) == 1


# --- what is believed --------------------


@pytest.mark.parametrize(("pairs", "k"), [(1, 2), (3, 3), (15, 6), (45, 10)])
def test_the_picked_best_of_equals_looks_as_much_better_as_in_a_simulation(pairs: int, k: int) -> None:
    drawn = np.sort(np.random.default_rng(0).normal(size=(200_000, k)), axis=1)
    assert power.picked(pairs) == pytest.approx((((drawn[:, 1:] - drawn[:, :1]) ** 2).mean() / 2), abs=0.01)


@given(RUNS, st.floats(0, 1), st.booleans())
def test_the_effect_shrinks_by_just_what_is_not_believed(
    runs: list[tuple[float, float]], believed: float, paired: bool
) -> None:
    """P(a < b) - P(a > b) of two draws (paired: of the sum of two differences), by all draws with their chances."""
    a, b = ([float(value) for value in side] for side in zip(*runs, strict=True))
    own, other = (1 + believed) / 2, (1 - believed) / 2

    def effect(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> float:
        return sum(p * q * ((x < y) - (x > y)) for (x, p), (y, q) in product(first, second))

    if paired:
        d = [0.0 if x == y else x - y for x, y in runs]
        drawn = [(x, own) for x in d] + [(-x, other) for x in d]
        negated = [(-x, p) for x, p in drawn]
        whole, shrunk = effect([(x, 1.0) for x in d], [(-x, 1.0) for x in d]), effect(drawn, negated)
    else:
        first = [(x, own) for x in a] + [(y, other) for y in b]
        second = [(y, own) for y in b] + [(x, other) for x in a]
        whole, shrunk = effect([(x, 1.0) for x in a], [(y, 1.0) for y in b]), effect(first, second)
    assert shrunk == pytest.approx(believed * whole, abs=1e-9)


# --- the answer --------------------


@pytest.mark.parametrize("paired", [True, False])
def test_the_answer_is_where_the_power_first_suffices(paired: bool) -> None:
    a, b = sides(12, 1.0, seed=3)
    answer = power.seeds_to_separate(a, b, paired, pairs=3, seed=1)
    assert answer.seeds is not None
    assert answer.more == answer.seeds - 12 > 0
    assert answer.power >= 0.8
    assert answer.power == power.power_of(a, b, paired, answer.seeds, 0.05 / 3, answer.believed, seed=1)
    assert power.power_of(a, b, paired, answer.seeds - 1, 0.05 / 3, answer.believed, seed=1) < 0.8
    assert str(answer) == str(answer.seeds)
    assert answer == power.seeds_to_separate(a, b, paired, pairs=3, seed=1)
    more_pairs = power.seeds_to_separate(a, b, paired, pairs=15, seed=1)
    assert more_pairs.believed < answer.believed
    assert more_pairs.seeds is None or more_pairs.seeds > answer.seeds


@pytest.mark.parametrize("paired", [True, False])
def test_what_looks_equal_has_no_number(paired: bool) -> None:
    same = np.array([0.3, 0.1, INF, 0.2])
    answer = power.seeds_to_separate(same, same[::-1] if not paired else same, paired)
    assert (answer.seeds, answer.more, answer.believed) == (None, None, 0)
    assert str(answer) == "> 200"
    assert str(power.seeds_to_separate(same, same, paired, cap=50)) == "> 50"
    nothing = power.seeds_to_separate(np.empty(0), np.empty(0), paired)
    assert (nothing.seeds, nothing.runs) == (None, 0)
    assert math.isnan(nothing.power)


def test_only_the_order_of_losses_counts_and_a_missing_one_is_the_worst() -> None:
    a, b = sides(12, 1.0, seed=3)
    b[0] = INF
    answer = power.seeds_to_separate(a, b, paired=False)
    assert power.seeds_to_separate(np.exp(a), np.exp(b), paired=False) == answer
    b[0] = math.nan
    assert power.seeds_to_separate(a, b, paired=False) == answer


def test_few_losses_at_face_value_promise_too_much_and_the_answer_does_so_less() -> None:
    """Six equal optimisers, five seeds each: the picked best against another is never separated by more seeds."""
    chance = np.random.default_rng(1)
    believed, promised = 0, 0
    for _ in range(60):
        losses = chance.normal(size=(6, 5))
        best, *others = np.argsort(np.median(losses, axis=1)).tolist()
        a, b = losses[best], losses[others[0]]
        promised += power.power_of(a, b, False, power.CAP, 0.05 / 15) >= 0.8
        believed += power.seeds_to_separate(a, b, False, pairs=15).seeds is not None
    assert promised >= 15
    assert believed <= 0.5 * promised
