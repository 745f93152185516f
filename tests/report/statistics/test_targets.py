"""How soon runs reach a loss: against plain loops over runs and targets."""

import math
from itertools import product
from statistics import median_low

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.report.statistics import targets
from bench.report.statistics.targets import Bound

LOSS = st.one_of(st.integers(0, 6).map(float), st.just(math.inf))
LOSSES = st.tuples(st.integers(1, 7), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=LOSS).map(lambda drawn: np.minimum.accumulate(drawn, axis=1))
)
TARGET = st.one_of(st.integers(-1, 6).map(float), st.sampled_from([0.5, math.inf]))


def steps(needed: list[float], evaluations: int) -> np.ndarray:
    """Runs that reach 0 after so many evaluations."""
    return np.array([[0.0 if t >= first else 1.0 for t in range(1, evaluations + 1)] for first in needed])


def reach(run: np.ndarray, target: float) -> float:
    for t, loss in enumerate(run, start=1):
        if loss <= target and loss != math.inf:
            return t
    return math.inf


@given(LOSSES, TARGET)
def test_evaluations_median_and_running_time_are_those_of_plain_loops(losses: np.ndarray, target: float) -> None:
    needed = [reach(run, target) for run in losses]
    evaluations = losses.shape[1]
    assert targets.evaluations_to(losses, target).tolist() == needed
    middle = median_low(needed)
    assert targets.median_evaluations(losses, target) == (
        Bound(evaluations, ">") if middle == math.inf else Bound(middle, "")
    )
    total = sum(evaluations if math.isinf(t) else t for t in needed)
    successes = sum(math.isfinite(t) for t in needed)
    expected = total / successes if successes else math.inf
    assert targets.expected_running_time(losses, target) == pytest.approx(expected)


@given(LOSSES, st.lists(TARGET, min_size=1, max_size=5))
def test_the_ecdf_counts_pairs_of_runs_and_targets(losses: np.ndarray, aims: list[float]) -> None:
    shares = targets.ecdf(losses, np.array(aims))
    for t in range(1, losses.shape[1] + 1):
        reached = sum(reach(run, aim) <= t for run, aim in product(losses, aims))
        assert shares[t - 1] == pytest.approx(reached / len(losses) / len(aims))


def test_a_target_is_reached_by_an_equal_loss_and_never_by_a_failure() -> None:
    losses = np.array([[math.inf, 2.0, 1.0], [math.nan, math.nan, math.inf]])
    assert targets.evaluations_to(losses, 2.0).tolist() == [2, math.inf]
    assert targets.evaluations_to(losses, math.inf).tolist() == [2, math.inf]
    assert targets.evaluations_to(losses, math.nan).tolist() == [math.inf, math.inf]
    assert targets.ecdf(losses, np.array([math.inf, 2.0])).tolist() == [0, 0.5, 0.5]


def test_nothing_is_interpolated_between_evaluations() -> None:
    losses = np.array([[1.0, 0.0]])
    assert targets.evaluations_to(losses, 0.5).tolist() == [2]
    assert targets.ecdf(losses, np.array([0.5])).tolist() == [0, 1]


# --- hitting times --------------------


def shown(found: targets.HittingTime) -> list[str]:
    return [str(bound) for bound in (found.low, found.evaluations, found.high)]


def test_the_interval_is_between_order_statistics_and_says_what_it_covers() -> None:
    """Of 6 runs the least and the greatest hold the median unless all are on one side of it: 1 - 2 / 2^6."""
    found = targets.hitting_time(steps([4, 9, 16, 30, 41, 45], 50), 0.0)
    assert shown(found) == ["4", "16", "45"]
    assert found.coverage == 1 - 2 / 2**6
    of_ten = targets.hitting_time(steps(list(range(1, 11)), 50), 0.0)
    assert shown(of_ten) == ["2", "5", "9"]
    assert of_ten.coverage == pytest.approx(1 - 2 * (1 + 10) / 2**10)


def test_censored_runs_make_a_bound_and_are_not_dropped() -> None:
    found = targets.hitting_time(steps([5, 5, math.inf, math.inf, math.inf, 40], 50), 0.0)
    assert (found.runs, found.reached) == (6, 3)
    assert shown(found) == ["5", "40", "> 50"]
    assert shown(targets.hitting_time(steps([math.inf] * 8, 50), 0.0)) == ["> 50"] * 3


@pytest.mark.parametrize("count", [1, 5])
def test_few_runs_have_no_interval(count: int) -> None:
    found = targets.hitting_time(steps([10] * count, 50), 0.0)
    assert shown(found) == ["undefined", "10", "undefined"]
    assert math.isnan(found.coverage)


def test_no_runs_and_no_evaluations() -> None:
    empty = np.empty((0, 5))
    assert str(targets.hitting_time(empty, 0.0).evaluations) == "undefined"
    assert math.isnan(targets.expected_running_time(empty, 0.0))
    assert np.isnan(targets.ecdf(empty, np.ones(2))).all()
    assert targets.evaluations_to(np.empty((2, 0)), 1.0).tolist() == [math.inf, math.inf]


def test_running_time_counts_what_ended_runs_have_spent() -> None:
    losses = steps([10, math.inf, math.inf], 50)
    assert targets.expected_running_time(losses, 0.0) == 110
    assert targets.expected_running_time(losses, 0.0, np.array([50, 30, 80])) == 90


# --- targets --------------------


def test_targets_are_quantiles_of_single_draws_hardest_last() -> None:
    pool = np.random.default_rng(1).permutation(np.arange(1.0, 1025)).reshape(32, 32)
    aims = targets.targets(pool, 10)
    assert aims.tolist() == [512, 256, 128, 64, 32, 16, 8, 4, 2, 1]


def test_failed_draws_are_among_those_that_targets_are_quantiles_of() -> None:
    pool = np.array([1.0, 2.0, math.inf, math.nan, math.nan, math.inf, math.inf, math.inf])
    assert targets.targets(pool, 3).tolist() == [math.inf, 2, 1]
    assert np.isnan(targets.targets(np.empty(0), 3)).all()
    assert targets.targets(np.array([7.0]), 3).tolist() == [7, 7, 7]


def test_random_search_reaches_half_of_single_draws_at_once() -> None:
    losses = np.minimum.accumulate(np.random.default_rng(2).random((2000, 20)), axis=1)
    assert targets.ecdf(losses, np.array([0.5, 0.1]))[[0, 4, 19]] == pytest.approx(
        [0.3, (2 - 0.5**5 - 0.9**5) / 2, (2 - 0.5**20 - 0.9**20) / 2], abs=0.03
    )


def test_of_two_thousand_runs_the_share_never_falls_and_the_median_is_found() -> None:
    losses = np.minimum.accumulate(np.random.default_rng(0).random((2000, 500)), axis=1)
    assert (np.diff(targets.ecdf(losses, targets.targets(losses))) >= 0).all()
    found = targets.hitting_time(losses, 0.01)
    assert found.low.value < 69 < found.high.value + 10
