"""Comparisons across problems, against plain loops, other libraries and published examples."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
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


def friedman(blocks: pd.DataFrame) -> ranks.Friedman | None:
    return ranks.friedman(blocks, ranks.compare(ranks.ranks(blocks)))


def test_the_published_example_has_the_published_ranks_and_statistic() -> None:
    found = friedman(1 - DEMSAR)
    assert found is not None
    assert {label: round(rank, 3) for label, rank in found.ranks.items()} == {
        "C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143,
    }  # fmt: skip
    assert found.problems == 14
    without_ties = 12 * 14 / (4 * 5) * (sum(rank**2 for rank in found.ranks.values()) - 4 * 5**2 / 4)
    assert without_ties == pytest.approx(9.28, abs=0.005)  # Demšar's, which is not corrected for ties
    assert 13 * without_ties / (14 * 3 - without_ties) == pytest.approx(3.69, abs=0.005)  # his F
    chi_squared = stats.friedmanchisquare(*DEMSAR.to_numpy().T).statistic
    assert found.statistic == pytest.approx(13 * chi_squared / (14 * 3 - chi_squared))
    assert found.p == pytest.approx(stats.f.sf(found.statistic, 3, 39))


@given(BLOCKS)
def test_ranks_are_those_of_a_plain_loop(blocks: pd.DataFrame) -> None:
    ranked = ranks.ranks(blocks)
    for problem, row in blocks.iterrows():
        for label, loss in row.items():
            less, equal = sum(other < loss for other in row), sum(other == loss for other in row)
            assert ranked.loc[problem, label] == less + (equal + 1) / 2


@given(BLOCKS)
def test_wins_and_losses_are_counted(blocks: pd.DataFrame) -> None:
    records = ranks.records(blocks)
    assert list(zip(records["a"], records["b"], strict=True)) == list(combinations(blocks.columns, 2))
    for row in records.to_dict("records"):
        pairs = list(zip(blocks[row["a"]], blocks[row["b"]], strict=True))
        wins, losses = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
        assert (row["wins"], row["losses"], row["ties"]) == (wins, losses, len(pairs) - wins - losses)


@given(st.lists(st.lists(LOSS, min_size=3, max_size=3), min_size=5, max_size=12))
def test_friedmans_test_is_iman_and_davenports_of_scipys_statistic(rows: list[list[float]]) -> None:
    blocks = pd.DataFrame(rows, columns=list("abc"))
    found = friedman(blocks)
    assert found is not None
    with np.errstate(invalid="ignore", divide="ignore"):
        chi_squared = stats.friedmanchisquare(*blocks.replace(math.inf, 9.0).to_numpy().T).statistic
    if math.isnan(chi_squared):
        assert (found.statistic, found.p) == (0.0, 1.0)
        return
    rest = len(rows) * 2 - chi_squared
    statistic = (len(rows) - 1) * chi_squared / rest if rest > 1e-9 else math.inf
    assert found.statistic == pytest.approx(statistic)
    least = math.factorial(3) ** (1 - len(rows))  # one of so many equally likely outcomes
    assert found.p == pytest.approx(max(stats.f.sf(statistic, 2, 2 * (len(rows) - 1)), least))


def test_pairs_are_tested_by_the_signed_rank_test_with_holms_correction() -> None:
    chance = np.random.default_rng(3)
    blocks = pd.DataFrame(chance.normal(size=(20, 4)) + np.arange(4) * 0.6, columns=list("abcd"))
    rows = ranks.compare(blocks)
    p = [stats.wilcoxon(blocks[a], blocks[b]).pvalue for a, b in combinations("abcd", 2)]
    assert rows["p"].tolist() == pytest.approx(p)
    order = np.argsort(p)
    corrected = np.maximum.accumulate(np.minimum(1, np.sort(p) * np.arange(6, 0, -1)))
    assert rows["p_holm"].to_numpy()[order] == pytest.approx(corrected)
    medians = {(a, b): (blocks[a] - blocks[b]).median() for a, b in combinations("abcd", 2)}
    for row in rows.to_dict("records"):
        lower = row["a"] if medians[row["a"], row["b"]] < 0 else row["b"]
        assert row["better"] == (lower if row["p_holm"] <= 0.05 else "")
        assert math.isnan(row["seeds"]) == (row["better"] != "")
    assert 0 < (rows["better"] != "").sum() < 6


@pytest.mark.parametrize(("problems", "needed"), [(4, 7), (6, 7), (7, 0)])
def test_what_could_not_be_rejected_is_not_tested(problems: int, needed: int) -> None:
    blocks = pd.DataFrame([[0.1, 0.2, 0.3]] * problems, columns=list("abc"))
    rows = ranks.compare(blocks)
    assert rows["seeds_needed"].tolist() == [needed] * 3
    assert rows["better"].tolist() == (["", "", ""] if needed else ["a", "a", "b"])
    assert (rows["test"] == "none").tolist() == [needed > 0] * 3
    found = ranks.friedman(blocks, rows)
    assert (found is None) == (problems < 5)
    if found is not None:
        assert found.tested == (needed == 0)
        assert found.groups == ((("a", "b", "c"),) if needed else ())


def test_cliques_are_the_largest_sets_of_neighbours_without_a_difference() -> None:
    chance = np.random.default_rng(3)
    blocks = pd.DataFrame(chance.normal(size=(25, 6)) + np.arange(6) * 0.45, columns=list("abcdef"))
    rows = ranks.compare(blocks)
    order = ranks.average(blocks)["label"].tolist()
    apart = {frozenset((row["a"], row["b"])) for row in rows.to_dict("records") if row["better"]}
    every = [tuple(order[i:j]) for i in range(6) for j in range(i + 2, 7)]
    alike = [one for one in every if not any(frozenset(pair) in apart for pair in combinations(one, 2))]
    largest = [one for one in alike if not any(set(one) < set(other) for other in alike)]
    assert ranks.cliques(order, rows) == tuple(largest)
    assert len(largest) > 1


def test_an_optimiser_that_was_run_on_few_problems_changes_nobodys_tests() -> None:
    blocks = pd.DataFrame({"a": [0.1] * 8, "b": [0.2] * 8, "c": [0.3] * 8, "new": [0.05, *[math.nan] * 7]})
    assert ranks.family(blocks) == (["a", "b", "c"], {"new": 8})
    blocks["new"] = [0.05] * 8
    assert ranks.family(blocks) == (["a", "b", "c", "new"], {})
    few = pd.DataFrame({"a": [0.1] * 4, "b": [0.2] * 3 + [math.nan], "new": [0.05, *[math.nan] * 3]})
    assert ranks.family(few) == (["a", "b"], {"new": 7})  # nothing is tested; half of the problems stay


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
    assert friedman(blocks) is None
    assert ranks.records(blocks)[["wins", "ties", "losses"]].to_numpy().tolist() == [[2, 0, 0]]


def test_five_complete_problems_are_asked_for() -> None:
    blocks = pd.DataFrame({"a": [0.1] * 5, "b": [0.2] * 5})
    assert friedman(blocks.iloc[:4]) is None
    found = friedman(blocks)
    assert found is not None
    assert (found.statistic, found.p) == (math.inf, pytest.approx(2**-4))
    blocks.loc[4, "b"] = math.nan
    assert friedman(blocks) is None


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
