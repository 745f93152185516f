"""When tuning is due, and on which rows."""

import pytest

from bench.errors import UserError
from bench.stream.policy import Policy, policy_of


def test_every_so_many_rows_and_the_newest_where_several_are_due() -> None:
    policy = Policy(every=50, newest=40)
    due = [policy.due(rows, 0, None, None) for rows in (0, 50, 79, 80, 100, 149, 160)]
    assert due == [None, None, None, 50, 100, 100, 150]
    assert [policy.due(rows, 100, None, None) for rows in (100, 149, 150, 199, 260)] == [None, None, 150, 150, 250]


def test_a_drop_counts_once_there_are_as_many_new_rows_as_it_is_seen_on() -> None:
    policy = Policy(every=None, drop=0.1, newest=40)
    assert [policy.due(rows, 0, None, None) for rows in (79, 80, 90)] == [None, 80, 90]
    assert policy.due(120, 80, 0.25, 0.1) == 120
    assert policy.due(119, 80, 0.25, 0.1) is None
    assert policy.due(120, 80, 0.19, 0.1) is None
    assert policy.due(120, 80, None, 0.1) is None


def test_the_newest_are_never_tuned_on_and_a_window_ends_before_them() -> None:
    assert Policy(newest=30).span(200) == (0, 170)
    assert Policy(newest=30, window=100).span(200) == (70, 170)
    assert Policy(newest=30, window=500).span(200) == (0, 170)


def test_without_a_word_every_200_rows_and_with_a_drop_by_that_alone() -> None:
    assert policy_of(None, None, 100, None) == Policy(200)
    assert policy_of(None, 0.1, 100, None) == Policy(None, 0.1)
    assert policy_of(70, 0.1, 100, 50) == Policy(70, 0.1, 100, 50)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, None, 100, None), "--every, --drop: give one"),
        ((-1, None, 100, None), "--every=-1: expected a whole number from 1"),
        ((None, -0.1, 100, None), "--drop=-0.1: expected a number greater than 0"),
        ((None, float("nan"), 100, None), "--drop=nan: expected"),
        ((5, None, 0, None), "--newest=0: expected"),
        ((5, None, 1, 0), "--window=0: expected"),
    ],
)
def test_values_that_none_can_have(values, message) -> None:
    with pytest.raises(UserError, match=message):
        policy_of(*values)
