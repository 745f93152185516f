"""Intervals over runs: formulas against plain loops, coverage for few seeds, failures that stay in."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.report.statistics import intervals
from bench.report.statistics.intervals import Interval

ALL = [intervals.median, intervals.mean, intervals.interquartile_mean]
NUMBERS = st.lists(st.integers(-1000, 1000).map(lambda k: k / 16), min_size=1, max_size=25)


def ends(interval: Interval) -> list[float]:
    return [float(interval.estimate), float(interval.low), float(interval.high)]


# --- median --------------------


def median_coverage(count: int, place: int) -> float:
    """P(x_(place) < median < x_(count + 1 - place)), over all ways in which runs fall below or above the median."""
    held = sum(place <= sum(sides) <= count - place for sides in product([0, 1], repeat=count))
    return held / 2**count


@pytest.mark.parametrize("count", range(1, 15))
def test_the_medians_interval_is_the_narrowest_pair_of_order_statistics_that_covers_enough(count: int) -> None:
    values = np.random.default_rng(count).permutation(count).astype(float)  # x_(k) is k - 1
    interval = intervals.median(values)
    enough = [k for k in range(1, count // 2 + 1) if median_coverage(count, k) >= 0.95]
    if enough:
        assert ends(interval)[1:] == [max(enough) - 1, count - max(enough)]
        assert interval.level == pytest.approx(median_coverage(count, max(enough)), abs=1e-12)
    else:
        assert count < 6
        assert ends(interval)[1:] == [-math.inf, math.inf]
        assert interval.level == 1
    assert float(interval.estimate) == (count - 1) / 2


def test_what_a_number_of_runs_can_attain() -> None:
    assert intervals.attainable(5) == pytest.approx(median_coverage(5, 1)) == 0.9375
    assert intervals.attainable(6) > 0.95
    assert intervals.attainable(1) == intervals.attainable(0) == 0
    assert ends(intervals.median(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), level=0.9375))[1:] == [1, 5]


def test_a_failed_run_moves_the_medians_interval_and_is_never_left_out() -> None:
    values = np.arange(10.0)
    with_failure = np.where(values == 0, math.inf, values)
    assert ends(intervals.median(values)) == [4.5, 1, 8]
    assert ends(intervals.median(with_failure)) == [5.5, 2, 9]
    values[:2] = math.nan
    assert ends(intervals.median(values)) == [6.5, 3, math.inf]
    values[:9] = math.inf
    assert ends(intervals.median(values)) == [math.inf] * 3


# --- mean --------------------


def test_the_means_interval_is_the_bootstrap_t_of_a_plain_loop_over_the_same_resamples() -> None:
    values = [0.1, 0.9, 0.15, 0.2, 0.4, 0.12]
    n, m = len(values), sum(values) / len(values)

    def error(sample: list[float]) -> float:
        centre = sum(sample) / n
        return math.sqrt(sum((x - centre) ** 2 for x in sample) / (n - 1) / n)

    ratios = []
    for times in np.random.default_rng(3).multinomial(n, [1 / n] * n, size=9999):
        sample = [x for x, count in zip(values, times, strict=True) for _ in range(count)]
        equal = len(set(sample)) == 1
        ratios.append(math.copysign(math.inf, sum(sample) / n - m) if equal else (sum(sample) / n - m) / error(sample))
    ratios.sort()
    low, high = m - ratios[9749] * error(values), m - ratios[249] * error(values)
    assert ends(intervals.mean(np.array(values), seed=3)) == pytest.approx([m, low, high])
    assert high - m > 2 * (m - low)  # skewed to the right: so is what is not known


def test_two_or_three_runs_have_students_interval() -> None:
    values = np.array([1.0, 2.0, 4.0])
    interval = intervals.mean(values)
    expected = stats.t.interval(0.95, 2, loc=values.mean(), scale=stats.sem(values))
    assert ends(interval)[1:] == pytest.approx(list(expected))
    assert interval.method == "Student's t"


def test_a_mean_with_a_failed_run_is_infinite_with_both_ends() -> None:
    for missing in (math.inf, math.nan):
        interval = intervals.mean(np.array([[1.0, 1.0], [2.0, missing], [3.0, 3.0], [4.0, 4.0], [5.0, 5.0]]))
        assert interval.estimate.tolist() == [3, math.inf]
        assert interval.low[1] == interval.high[1] == math.inf
        assert np.isfinite([interval.low[0], interval.high[0]]).all()


def test_the_bootstrap_is_seeded_and_columns_do_not_depend_on_each_other() -> None:
    values = np.random.default_rng(0).random((8, 3))
    first, again, other = intervals.mean(values), intervals.mean(values), intervals.mean(values, seed=1)
    assert (first.low == again.low).all()
    assert (first.low != other.low).all()
    alone = intervals.mean(values[:, 1])
    assert float(alone.low) == pytest.approx(first.low[1])
    assert first.estimate.shape == (3,)


# --- interquartile mean --------------------


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=25))
def test_the_interquartile_mean_is_scipys_and_its_interval_that_of_a_plain_loop(numbers: list[int]) -> None:
    values = [number / 16 for number in numbers]
    n, g = len(values), len(values) // 4
    h, ordered = n - 2 * g, sorted(values)
    moved = [min(max(x, ordered[g]), ordered[n - g - 1]) for x in ordered]
    centre = sum(moved) / n
    m = float(stats.trim_mean(values, 0.25))
    half = stats.t.ppf(0.975, h - 1) * math.sqrt(sum((x - centre) ** 2 for x in moved) / (h * (h - 1)))
    assert ends(intervals.interquartile_mean(np.array(values))) == pytest.approx([m, m - half, m + half], abs=1e-9)


def test_few_failures_leave_the_upper_end_open_until_enough_runs_show_that_they_are_few() -> None:
    def with_failures(count: int, failed: int) -> Interval:
        return intervals.interquartile_mean(np.append(np.arange(count - failed), [math.nan] * failed))

    assert np.isfinite(ends(with_failures(10, 0))).all()
    interval = with_failures(10, 1)
    assert np.isfinite([interval.estimate, interval.low]).all()
    assert interval.high == math.inf
    assert np.isfinite(ends(with_failures(20, 1))).all()
    assert with_failures(20, 2).high == math.inf
    assert float(with_failures(10, 2).estimate) == 4.5  # x_(3) .. x_(8) of 0 .. 7, inf, inf
    interval = with_failures(10, 3)
    assert interval.estimate == interval.high == math.inf
    assert np.isfinite(interval.low)
    assert ends(with_failures(10, 9)) == [math.inf] * 3
    assert ends(with_failures(3, 3)) == [math.inf] * 3
    assert ends(with_failures(2, 2)) == [math.inf, -math.inf, math.inf]


# --- all of them --------------------


@pytest.mark.parametrize("find", ALL)
@given(numbers=NUMBERS, scale=st.sampled_from([0.5, 4.0]), shift=st.integers(-8, 8))
def test_intervals_hold_the_estimate_and_move_with_the_values(
    find: Callable[..., Interval], numbers: list[float], scale: float, shift: int
) -> None:
    estimate, low, high = ends(find(np.array(numbers)))
    assert low <= estimate <= high
    moved = ends(find(np.array(numbers) * scale + shift))
    assert moved == pytest.approx([estimate * scale + shift, low * scale + shift, high * scale + shift], abs=1e-6)


@pytest.mark.parametrize("find", ALL)
def test_one_run_shows_nothing_of_others_and_no_run_nothing_at_all(find: Callable[..., Interval]) -> None:
    assert ends(find(np.array([3.0]))) == [3, -math.inf, math.inf]
    interval = find(np.empty((0, 4)))
    assert np.isnan([interval.estimate, interval.low, interval.high]).all()
    assert interval.estimate.shape == (4,)
    assert interval.runs == 0


@pytest.mark.parametrize("find", ALL)
def test_equal_runs_have_an_interval_without_width(find: Callable[..., Interval]) -> None:
    for loss in (0.1, 0.3, 1e-300, -7.0):  # the sum of ten times 0.3 is not 3
        assert ends(find(np.full(10, loss))) == [loss] * 3


def test_another_seed_of_the_bootstrap_moves_an_end_little() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=10))
    drawn = np.array([ends(intervals.mean(values, seed=seed))[1:] for seed in range(10)])
    width = drawn[:, 1].mean() - drawn[:, 0].mean()
    assert (drawn.std(axis=0) < 0.03 * width).all()  # measured 0.003 and 0.017; of 1,999 resamples 0.04


COVERAGE = {  # measured with 20,000 samples, normal and lognormal; see the docstring of the room
    ("median", 10): (97.8, 97.8),
    ("mean", 5): (94.7, 89.1),
    ("mean", 10): (94.7, 90.8),
    ("interquartile_mean", 5): (93.8, 91.9),
    ("interquartile_mean", 10): (94.1, 92.7),
}


@pytest.mark.parametrize(("name", "count"), COVERAGE)
def test_intervals_cover_as_often_as_they_are_said_to(name: str, count: int) -> None:
    """2,000 samples: four standard errors are 2 % at 95 and 2.7 % at 90."""
    find: Callable[..., Interval] = getattr(intervals, name)
    normal = np.random.default_rng([20, count]).normal(size=(count, 2000))
    middle = stats.norm.cdf(stats.norm.ppf([0.25, 0.75]) - 1)
    truth = {"median": 1.0, "mean": math.exp(0.5), "interquartile_mean": 2 * math.exp(0.5) * (middle[1] - middle[0])}
    for values, true, claimed in zip((normal, np.exp(normal)), (0.0, truth[name]), COVERAGE[name, count], strict=True):
        interval = find(values)
        assert 100 * ((interval.low <= true) & (true <= interval.high)).mean() == pytest.approx(claimed, abs=2.7)


@pytest.mark.parametrize("find", ALL)
def test_two_thousand_runs_have_a_narrow_interval(find: Callable[..., Interval]) -> None:
    interval = find(np.random.default_rng(0).random((2000, 5)))
    assert interval.low.shape == (5,)
    assert (interval.high - interval.low < 0.1).all()
