"""Losses against seconds, seconds of optimisers, and overtuning, each against a plain loop."""

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.statistics import over_time, overhead, overtuning, quartiles

TRIAL = st.tuples(st.sampled_from([0.5, 1.0, 1.5, 2.0, math.inf, math.nan]), st.sampled_from([0.0, 0.25, 1.0, 3.0]))
RUN = st.tuples(st.lists(TRIAL, min_size=1, max_size=6), st.booleans())


def at(losses: np.ndarray, clock: np.ndarray, second: float) -> float:
    """Where a run stands at a time, by a plain loop."""
    value = math.inf
    for loss, end in zip(losses, clock, strict=True):
        if end <= second:
            value = math.inf if math.isnan(loss) else loss
    return value


@given(st.lists(RUN, min_size=1, max_size=5))
def test_at_every_second_the_quartiles_are_those_of_a_plain_loop(drawn: list) -> None:
    losses = [np.array([loss for loss, _ in trials]) for trials, _ in drawn]
    clocks = [np.cumsum([taken for _, taken in trials]) for trials, _ in drawn]
    exhausted = [ended for _, ended in drawn]
    frame = over_time.against_seconds(losses, clocks, exhausted)
    open_ends = [clock[-1] for clock, ended in zip(clocks, exhausted, strict=True) if not ended]
    end = min(open_ends) if open_ends else max(clock[-1] for clock in clocks)
    assert frame["seconds"].iloc[-1] == end
    assert frame["seconds"].is_monotonic_increasing
    assert frame["seconds"].is_unique
    for second in np.arange(0, end + 0.1, 0.125):  # between the steps as well
        before = frame[frame["seconds"] <= second]
        shown = before[["lower", "median", "upper"]].iloc[-1].tolist() if len(before) else [math.inf] * 3
        values = np.array([at(*run, second) for run in zip(losses, clocks, strict=True)])
        assert shown == pytest.approx(quartiles.quartiles(values).tolist())


def test_a_curve_ends_with_the_first_run_that_might_have_gone_on() -> None:
    losses, clocks = [np.array([3.0, 2.0]), np.array([4.0, 1.0])], [np.array([1.0, 2.0]), np.array([3.0, 9.0])]
    ends = {(True, False): 9.0, (False, True): 2.0, (False, False): 2.0, (True, True): 9.0}
    for exhausted, end in ends.items():
        assert over_time.against_seconds(losses, clocks, exhausted)["seconds"].iloc[-1] == end


def test_without_a_run_or_a_trial_there_is_no_row() -> None:
    nothing = np.empty(0)
    for runs in ([], [nothing], [nothing, np.array([1.0])]):
        frame = over_time.against_seconds(runs, runs, [True] * len(runs))
        assert len(frame) == 0
        assert frame.columns.tolist() == ["seconds", "lower", "median", "upper", "runs"]


def test_a_curve_ends_where_a_clock_is_unknown() -> None:
    losses = [np.array([3.0, 2.0, 1.0]), np.array([4.0, 4.0, 4.0])]
    clocks = [np.array([1.0, 2.0, 9.0]), np.cumsum([1.0, 4.0, math.nan])]
    frame = over_time.against_seconds(losses, clocks, [True, True])
    assert frame["seconds"].tolist() == [1, 2, 5]  # the last row is the end, without a change
    assert frame["median"].tolist() == [3.5, 3, 3]


def test_many_rows_are_thinned_to_some_that_are_exact() -> None:
    chance = np.random.default_rng(0)
    losses = [np.minimum.accumulate(chance.random(400) - np.arange(400)) for _ in range(5)]
    clocks = [np.cumsum(chance.random(400)) for _ in range(5)]
    whole = over_time.against_seconds(losses, clocks, [False] * 5, most=10**6)
    thin = over_time.against_seconds(losses, clocks, [False] * 5, most=100)
    assert len(whole) > 1000
    assert len(thin) == 100
    assert thin.merge(whole).equals(thin)
    assert thin["seconds"].iloc[[0, -1]].tolist() == whole["seconds"].iloc[[0, -1]].tolist()


def test_seconds_of_a_trial_are_the_median_of_the_runs_that_made_it() -> None:
    asking = np.array([[0.1, 0.4, np.nan], [0.2, 0.2, 0.6], [0.9, 0.3, np.nan]])
    frame = overhead.overhead(asking)
    assert frame["evaluations"].tolist() == [1, 2, 3]
    assert frame["median"].tolist() == [median([0.1, 0.2, 0.9]), median([0.4, 0.2, 0.3]), 0.6]
    assert frame["runs"].tolist() == [3, 3, 1]
    assert frame["lower"].tolist() == pytest.approx([0.15, 0.25, 0.6])
    assert len(overhead.overhead(np.full((2, 3), np.nan))) == 0


def test_of_many_trials_means_of_windows_are_shown() -> None:
    assert [overhead.window(trials) for trials in (1, 100, 101, 1000, 1001)] == [1, 1, 2, 10, 11]
    asking = np.array([[1, 2, 3, 4, np.nan], [5, 7, np.nan, np.nan, np.nan], [1, 3, 5, 5, 9]])
    frame = overhead.overhead(asking, every=2)
    assert frame["evaluations"].tolist() == [1, 3, 5]
    assert frame["trials"].tolist() == [2, 2, 1]
    assert frame["median"].tolist() == [median([1.5, 6, 2]), median([3.5, 5]), 9]
    assert frame["runs"].tolist() == [3, 2, 1]


LOSS = st.floats(0, 1)


@given(st.lists(st.lists(st.tuples(st.one_of(st.none(), LOSS), LOSS), min_size=1, max_size=8), min_size=1, max_size=4))
def test_overtuning_is_that_of_a_plain_loop(drawn: list) -> None:
    length = max(map(len, drawn))
    best, test = np.full((len(drawn), length), np.inf), np.full((len(drawn), length), np.inf)
    expected = []
    for run, trials in enumerate(drawn):
        incumbents: list[tuple[float, float]] = []
        for t in range(length):
            loss, tested = trials[t] if t < len(trials) else (None, 0.0)
            if loss is not None and (not incumbents or loss < incumbents[-1][0]):
                incumbents.append((loss, tested))
            if incumbents:
                best[run, t], test[run, t] = incumbents[-1]
        if incumbents:
            tests = [tested for _, tested in incumbents]
            lost, gained = tests[-1] - min(tests), tests[0] - min(tests)
            relative = 0.0 if lost == 0 else math.inf if gained == 0 else lost / gained
            expected.append([lost, relative, tests[-1] - incumbents[-1][0]])
        else:
            expected.append([math.nan] * 3)
    frame = overtuning.overtuning(best, test)
    assert frame.columns.tolist() == ["overtuning", "relative", "gap"]
    np.testing.assert_allclose(frame.to_numpy(), expected)


def test_overtuning_is_unknown_where_an_incumbents_test_loss_is() -> None:
    frame = overtuning.overtuning(np.array([[1.0, 0.5]]), np.array([[np.inf, 0.7]]))
    assert frame.isna().all(axis=None)
