"""Comparisons across problems, against plain loops, other libraries and published examples."""

import math
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.report.statistics import ranks

DEMSAR = pd.DataFrame(
    {
        "C4.5": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.94, 0.619, 0.972, 0.957],
        "C4.5+m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981, 0.978],
        "C4.5+cf": [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.0, 0.965, 0.614, 0.9751, 0.946],
        "C4.5+m+cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.0, 0.962, 0.669, 0.975, 0.970],
    }
)
"""AUC of four trees on fourteen problems, Demšar (2006), JMLR 7, table 6: more is better."""

LOSS = st.sampled_from([0.1, 0.2, 0.3, 0.4, math.inf])
BLOCKS = (
    st.integers(2, 5)
    .flatmap(lambda k: st.lists(st.lists(LOSS, min_size=k, max_size=k), min_size=1, max_size=8))
    .map(lambda rows: pd.DataFrame(rows, columns=list("abcde"[: len(rows[0])])))
)


def test_the_published_example_has_the_published_ranks_and_statistic() -> None:
    friedman = ranks.friedman(1 - DEMSAR)
    assert friedman is not None
    assert {label: round(rank, 3) for label, rank in friedman.ranks.items()} == {
        "C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143,
    }  # fmt: skip
    assert friedman.problems == 14
    assert friedman.critical_difference == pytest.approx(2.569 * math.sqrt(4 * 5 / (6 * 14)), abs=2e-3)
    without_ties = 12 * 14 / (4 * 5) * (sum(rank**2 for rank in friedman.ranks.values()) - 4 * 5**2 / 4)
    assert without_ties == pytest.approx(9.28, abs=0.005)  # Demšar's, which is not corrected for ties
    assert friedman.statistic == pytest.approx(stats.friedmanchisquare(*DEMSAR.to_numpy().T).statistic)
    assert friedman.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),)


@given(BLOCKS)
def test_ranks_are_those_of_a_plain_loop(blocks: pd.DataFrame) -> None:
    ranked = ranks.ranks(blocks)
    for problem, row in blocks.iterrows():
        for label, loss in row.items():
            less, equal = sum(other < loss for other in row), sum(other == loss for other in row)
            assert ranked.loc[problem, label] == less + (equal + 1) / 2


@given(BLOCKS)
def test_wins_and_losses_are_counted_and_tested_by_their_signs(blocks: pd.DataFrame) -> None:
    records = ranks.records(blocks)
    assert list(zip(records["a"], records["b"], strict=True)) == list(combinations(blocks.columns, 2))
    for row in records.to_dict("records"):
        pairs = list(zip(blocks[row["a"]], blocks[row["b"]], strict=True))
        wins, losses = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
        assert (row["wins"], row["losses"], row["ties"]) == (wins, losses, len(pairs) - wins - losses)
        n, least = wins + losses, min(wins, losses)
        expected = min(1.0, 2 * sum(comb(n, i) for i in range(least + 1)) / 2**n)
        assert row["p"] == pytest.approx(expected)
        assert row["p_holm"] >= row["p"]


@given(st.lists(st.lists(LOSS, min_size=3, max_size=3), min_size=5, max_size=12))
def test_friedmans_statistic_is_scipys_with_ties(rows: list[list[float]]) -> None:
    blocks = pd.DataFrame(rows, columns=list("abc"))
    friedman = ranks.friedman(blocks)
    assert friedman is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = stats.friedmanchisquare(*blocks.replace(math.inf, 9.0).to_numpy().T)
    if math.isnan(expected.statistic):
        assert (friedman.statistic, friedman.p) == (0.0, 1.0)
    else:
        assert friedman.statistic == pytest.approx(expected.statistic)
        assert friedman.p == pytest.approx(expected.pvalue)


def test_who_is_told_apart_is_what_nemenyis_test_says() -> None:
    chance = np.random.default_rng(3)
    blocks = pd.DataFrame(chance.normal(size=(20, 6)) + np.arange(6) * 0.45, columns=list("abcdef"))
    friedman = ranks.friedman(blocks)
    assert friedman is not None
    p = scikit_posthocs.posthoc_nemenyi_friedman(blocks.to_numpy())
    together = {frozenset(pair) for group in friedman.groups for pair in combinations(group, 2)}
    for i, j in combinations(range(6), 2):
        assert (frozenset((blocks.columns[i], blocks.columns[j])) in together) == (p.iloc[i, j] >= 0.05)
    assert 0 < len(together) < 15
    for one, other in combinations(friedman.groups, 2):
        assert not set(one) <= set(other)
        assert not set(other) <= set(one)


def test_less_loss_is_the_better_rank() -> None:
    blocks = pd.DataFrame({"worse": [0.5] * 6, "better": [0.1] * 6, "none": [math.inf] * 6})
    assert ranks.average(blocks).to_dict("list") == {
        "label": ["better", "worse", "none"], "rank": [1.0, 2.0, 3.0], "problems": [6, 6, 6],
    }  # fmt: skip


def test_losses_that_differ_by_rounding_are_equal() -> None:
    blocks = pd.DataFrame({"a": [0.1 + 0.2, 0.5], "b": [0.3, 0.4]})
    assert blocks.loc[0, "a"] > blocks.loc[0, "b"]
    assert ranks.ranks(blocks).to_numpy().tolist() == [[1.5, 1.5], [2, 1]]
    assert ranks.records(blocks)[["wins", "ties", "losses"]].to_numpy().tolist() == [[0, 1, 1]]
    assert ranks.ranks(blocks.iloc[:0]).shape == (0, 2)


def test_problems_that_lack_an_optimiser_are_listed_and_take_no_part() -> None:
    blocks = pd.DataFrame({"a": [0.1, 0.1, 0.9], "b": [0.2, 0.2, math.nan]}, index=["p", "q", "r"])
    assert ranks.incomplete(blocks) == ["r"]
    assert ranks.average(blocks)["problems"].tolist() == [2, 2]
    assert ranks.friedman(blocks) is None
    assert ranks.records(blocks)[["wins", "ties", "losses"]].to_numpy().tolist() == [[2, 0, 0]]


def test_five_complete_problems_are_asked_for() -> None:
    blocks = pd.DataFrame({"a": [0.1] * 5, "b": [0.2] * 5})
    assert ranks.friedman(blocks.iloc[:4]) is None
    assert ranks.friedman(blocks) is not None
    blocks.loc[4, "b"] = math.nan
    assert ranks.friedman(blocks) is None


def test_ranks_over_the_budget_are_those_after_each_number_of_evaluations() -> None:
    rows = [
        (problem, label, t, losses[t - 1])
        for problem, of_problem in {
            "p": {"a": [math.inf, 0.5, 0.1], "b": [0.9, 0.5, 0.4]},
            "q": {"a": [0.2, 0.2], "b": [0.3, 0.1, 0.1]},  # a ends after two
        }.items()
        for label, losses in of_problem.items()
        for t in range(1, len(losses) + 1)
    ]
    frame = ranks.over_budget(pd.DataFrame(rows, columns=["problem", "label", "evaluations", "median"]))
    assert frame.to_dict("list") == {
        "label": ["a", "a", "a", "b", "b", "b"],
        "evaluations": [1, 2, 3, 1, 2, 3],
        "rank": [1.5, 1.75, 1.0, 1.5, 1.25, 2.0],
        "problems": [2, 2, 1, 2, 2, 1],
    }
