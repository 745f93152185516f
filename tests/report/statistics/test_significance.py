"""Exact tests: p-values against enumeration, ties, failed runs, and Holm's correction by stepping down."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.report.statistics import significance

INF = math.inf
LOSS = st.one_of(st.integers(0, 4).map(float), st.just(INF))
DISTINCT = st.lists(st.integers(-1000, 1000).filter(bool), min_size=1, max_size=12, unique_by=abs)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def average_ranks(values: list[float]) -> list[float]:
    """By counting: those below, and the middle of those equal."""
    return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]


def minus(x: float, y: float) -> float:
    return 0.0 if x == y else x - y


def flips(d: list[float]) -> float:
    """The signed-rank test by writing out all signs; zeros are ranked and carry none."""
    ranks = [rank for rank, value in zip(average_ranks([abs(v) for v in d]), d, strict=True) if value]
    seen = abs(sum(math.copysign(rank, v) for rank, v in zip(ranks, filter(None, d), strict=True)))
    sums = [
        abs(sum(s * r for s, r in zip(signs, ranks, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(ranks))
    ]
    return sum(total >= seen for total in sums) / len(sums)


def labellings(a: list[float], b: list[float]) -> float:
    """The rank-sum test by giving the labels to all choices of runs."""
    ranks = [Fraction(2 * rank).limit_denominator() for rank in average_ranks([*a, *b])]
    mean = Fraction(sum(ranks) * len(a), len(ranks))
    seen = abs(sum(ranks[: len(a)]) - mean)
    sums = [abs(sum(chosen) - mean) for chosen in itertools.combinations(ranks, len(a))]
    return sum(total >= seen for total in sums) / len(sums)


# --- tests --------------------


@given(st.lists(st.tuples(LOSS, LOSS), min_size=1, max_size=9))
def test_signed_ranks_are_those_of_all_sign_flips(pairs: list[tuple[float, float]]) -> None:
    a, b = (array(*side) for side in zip(*pairs, strict=True))
    assert significance.signed_rank_p(a, b) == pytest.approx(flips([minus(x, y) for x, y in pairs]), abs=1e-12)


@given(st.lists(LOSS, min_size=1, max_size=6), st.lists(LOSS, min_size=1, max_size=6))
def test_rank_sums_are_those_of_all_labellings(a: list[float], b: list[float]) -> None:
    assert significance.rank_sum_p(array(*a), array(*b)) == pytest.approx(labellings(a, b), abs=1e-12)


@given(DISTINCT)
def test_without_ties_both_tests_are_scipys(values: list[int]) -> None:
    d = array(*values)
    expected = stats.wilcoxon(d, method="exact").pvalue
    assert significance.signed_rank_p(d, np.zeros(len(d))) == pytest.approx(expected, abs=1e-12)
    a, b = d[: len(d) // 2], d[len(d) // 2 :]
    if len(a):
        expected = stats.mannwhitneyu(a, b, method="exact").pvalue
        assert significance.rank_sum_p(a, b) == pytest.approx(expected, abs=1e-12)


def test_many_runs_take_scipys_normal_approximation_under_ties() -> None:
    chance = np.random.default_rng(5)
    a, b = chance.integers(0, 30, 40).astype(float), chance.integers(3, 33, 45).astype(float)
    expected = stats.mannwhitneyu(a, b, method="asymptotic").pvalue
    assert significance.rank_sum_p(a, b) == pytest.approx(expected, rel=1e-12)
    a, b = chance.integers(0, 30, 300).astype(float), chance.integers(2, 32, 300).astype(float)
    expected = stats.wilcoxon(a, b, zero_method="pratt", correction=True, method="asymptotic").pvalue
    assert significance.signed_rank_p(a, b) == pytest.approx(expected, rel=1e-12)


def test_exact_and_normal_meet_where_one_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(6)
    a, b = chance.normal(0, 1, 30), chance.normal(0.5, 1, 30)
    exact = significance.rank_sum_p(a, b), significance.signed_rank_p(a, b)
    monkeypatch.setattr(significance, "EXACT_DRAWS", 0)
    monkeypatch.setattr(significance, "EXACT_FLIPS", 0)
    assert (significance.rank_sum_p(a, b), significance.signed_rank_p(a, b)) == pytest.approx(exact, rel=0.05)


def test_counts_over_a_common_number_tie_where_the_counts_do() -> None:
    chance = random.Random(3)
    left, right = ([chance.randrange(30) for _ in range(9)] for _ in range(2))
    scaled = significance.signed_rank_p(np.array(left) / 30, np.array(right) / 30)
    assert scaled == pytest.approx(flips([float(x - y) for x, y in zip(left, right, strict=True)]), abs=1e-12)
    assert significance.differences(array(0.1 + 0.2), array(0.3)).tolist() == [0.0]
    assert significance.differences(array(1e-15), array(2e-15))[0] < 0


def test_a_diverged_loss_does_not_hide_the_differences_of_others() -> None:
    a, b = array(1, 2, 3, 4, 5, 6, 1e300), array(1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 1e300)
    assert significance.differences(a, b)[:6].max() < -0.09
    assert significance.signed_rank_p(a, b) == pytest.approx(flips([-0.1, -0.2, -0.3, -0.4, -0.5, -0.6, 0]))
    assert significance.rank_sum_p(a[:6], b) == pytest.approx(labellings(a[:6].tolist(), b.tolist()))


@pytest.mark.parametrize("paired", [True, False])
def test_under_no_difference_p_is_under_alpha_no_more_often_than_alpha(paired: bool) -> None:
    chance = np.random.default_rng(1)
    test = significance.signed_rank_p if paired else significance.rank_sum_p
    for law in (lambda: chance.normal(size=8), lambda: chance.integers(0, 4, 8).astype(float)):
        p = [test(law(), law()) for _ in range(2000)]
        assert np.mean(np.array(p) <= 0.05) < 0.065


@given(st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 3.0, INF]), max_size=12))
def test_the_sign_test_is_that_of_all_sign_flips(d: list[float]) -> None:
    signs = [math.copysign(1, value) for value in d if value]
    sums = [abs(sum(flipped)) for flipped in itertools.product((-1, 1), repeat=len(signs))]
    expected = sum(total >= abs(sum(signs)) for total in sums) / len(sums)
    assert significance.sign_p(array(*d)) == pytest.approx(expected, abs=1e-12)


def test_median_takes_infinities_as_limits() -> None:
    assert significance.median(array(1, INF)) == INF
    assert significance.median(array(-INF, 1)) == -INF
    assert significance.median(array(-INF, INF)) == 0
    assert significance.median(array(INF, 1, 2)) == 2


# --- holm --------------------


@given(st.lists(st.floats(0, 1), max_size=8), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_what_stepping_down_rejects(p: list[float], alpha: float) -> None:
    rejected: set[int] = set()
    for step, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[place] * (len(p) - step) > alpha:
            break
        rejected.add(place)
    assert {i for i, value in enumerate(significance.holm(p)) if value <= alpha} == rejected


def test_holm_by_hand() -> None:
    assert significance.holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
