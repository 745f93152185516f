"""Pairs of optimisers on one problem: p-values against enumeration, effects against loops, ties, failed runs."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from drawing import examples
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


# --- effects --------------------


@given(st.lists(LOSS, min_size=1, max_size=6), st.lists(LOSS, min_size=1, max_size=6), st.sampled_from([0.0, 0.25]))
def test_shares_are_those_of_a_plain_loop_over_all_runs(a: list[float], b: list[float], rope: float) -> None:
    seeds = {"a": range(len(a)), "b": range(len(b))}
    row = significance.compare({"a": a, "b": b}, seeds, shared=False, rope=rope, relative=False).iloc[0]
    d = [minus(x, y) for x in a for y in b]
    assert row["improvement"] == pytest.approx(sum((v < 0) + 0.5 * (v == 0) for v in d) / len(d))
    assert row["a_better"] == pytest.approx(sum(v < -rope for v in d) / len(d))
    assert row["b_better"] == pytest.approx(sum(v > rope for v in d) / len(d))
    assert row["a_better"] + row["same"] + row["b_better"] == pytest.approx(1)
    assert row["compared"] == len(a) * len(b)
    assert row["left_out"] == 0


def test_shift_is_the_median_of_all_differences_or_of_walsh_averages() -> None:
    a, b = array(1, 2, 4, 9), array(2, 6, 7, 7.5)
    assert significance.hodges_lehmann(a, b, paired=False) == np.median([x - y for x in a for y in b])
    d = a - b
    walsh = [(d[i] + d[j]) / 2 for i in range(4) for j in range(i, 4)]
    assert significance.hodges_lehmann(a, b, paired=True) == np.median(walsh)
    assert significance.hodges_lehmann(a, b, paired=False) < 0 < significance.hodges_lehmann(b, a, paired=True)


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
    assert significance.hodges_lehmann(a, b, paired=True) == middle(averages)
    assert significance.hodges_lehmann(a, b, paired=False) == middle([minus(x, y) for x in a for y in b])


def test_shift_of_failed_runs() -> None:
    assert significance.hodges_lehmann(array(INF, INF, INF), array(1, 2, 3), paired=False) == INF
    assert significance.hodges_lehmann(array(1, INF), array(INF, 1), paired=True) == 0
    assert significance.hodges_lehmann(array(INF, INF), array(INF, INF), paired=True) == 0
    assert math.isnan(significance.hodges_lehmann(array(), array(), paired=True))


def test_median_takes_infinities_as_limits() -> None:
    assert significance.median(array(1, INF)) == INF
    assert significance.median(array(-INF, 1)) == -INF
    assert significance.median(array(-INF, INF)) == 0
    assert significance.median(array(INF, 1, 2)) == 2


# --- the frame --------------------


def test_less_loss_is_better_in_every_column() -> None:
    good, bad = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [2.0, 2.1, 2.2, 2.3, 2.4, INF]
    row = significance.compare({"good": good, "bad": bad}, {"good": range(6), "bad": range(6)}, shared=False).iloc[0]
    assert row["improvement"] == 1
    assert row["shift"] < 0
    assert (row["a_better"], row["same"], row["b_better"]) == (1, 0, 0)
    assert row["median_a"] < row["median_b"]
    assert row["distinguishable"]
    assert row["p"] == pytest.approx(2 / math.comb(12, 6))


def test_pairing_goes_by_seed_and_not_by_place() -> None:
    chance = np.random.default_rng(0)
    luck = chance.normal(0, 10, 8)
    a, b = luck + 0.1 * np.arange(1, 9), luck
    order = chance.permutation(8)
    shuffled = significance.compare({"a": a, "b": b[order]}, {"a": range(8), "b": order}, shared=True).iloc[0]
    assert shuffled["test"] == "wilcoxon"
    assert shuffled["p"] == pytest.approx(0.5**7)
    assert shuffled["improvement"] == 0
    unpaired = significance.compare({"a": a, "b": b[order]}, {"a": range(8), "b": order}, shared=False).iloc[0]
    assert unpaired["test"] == "mann-whitney"
    assert unpaired["p"] > 0.5


def test_seeds_without_a_partner_are_counted_and_a_dropped_seed_is_seen() -> None:
    a, b = np.arange(7.0), np.arange(8.0) + 0.5
    row = significance.compare({"a": a, "b": b}, {"a": range(7), "b": range(2, 10)}, shared=True).iloc[0]
    assert (row["runs_a"], row["runs_b"], row["compared"], row["left_out"]) == (7, 8, 5, 5)
    assert row["shift"] == pytest.approx(2 - 0.5)
    for seeds in (range(6), [0, 1, 2, 3, 4, 5, 5]):
        with pytest.raises(ValueError, match="seed"):
            significance.compare({"a": a, "b": b}, {"a": seeds, "b": range(8)}, shared=True)


def test_a_failed_run_counts_as_the_worst_whether_inf_or_nan() -> None:
    losses = [0.5, 0.6, 0.7, 0.8, 0.9]
    seeds = {"a": range(5), "b": range(5)}
    rows = [
        significance.compare({"a": losses, "b": [0.4, failed, 0.3, 0.2, 0.1]}, seeds, shared=False).iloc[0]
        for failed in (INF, math.nan, 1e300)
    ]
    for row in rows:
        assert row["improvement"] == pytest.approx(5 / 25)
        assert row["p"] == rows[2]["p"]
        assert row["runs_b"] == 5


def test_rope_is_relative_to_the_least_median_of_all() -> None:
    losses = {"a": [-2.0] * 6, "b": [-2.01] * 6, "c": [100.0] * 6}
    seeds = {label: range(6) for label in losses}
    frame = significance.compare(losses, seeds, shared=False, rope=0.01)
    assert frame["rope"].tolist() == pytest.approx([0.02] * 3)
    assert frame["same"].tolist() == [1, 0, 0]
    wide = significance.compare(losses, seeds, shared=False, rope=0.001)
    assert wide["b_better"].tolist() == [1, 0, 0]
    failed = significance.compare({"a": [INF] * 6, "b": [INF] * 6}, seeds, shared=False).iloc[0]
    assert (failed["rope"], failed["same"], failed["p"]) == (0, 1, 1)


def test_one_optimiser_or_none_makes_no_pair() -> None:
    assert significance.compare({"a": [1.0]}, {"a": [0]}, shared=True).empty
    assert list(significance.compare({}, {}, shared=False).columns) == significance.COLUMNS


# --- what seeds can attain --------------------


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 2), (3, 5), (6, 6)])
def test_smallest_p_is_that_of_the_extreme_case(n: int, m: int) -> None:
    low, high = np.arange(n) - 100.0, np.arange(m) + 100.0
    assert significance.smallest_p(n, m, paired=False) == pytest.approx(significance.rank_sum_p(low, high))
    assert significance.smallest_p(n, n, paired=True) == pytest.approx(significance.signed_rank_p(low, np.zeros(n)))


def test_seeds_needed_is_the_first_number_that_attains() -> None:
    for paired, pairs in itertools.product([True, False], [1, 3, 15, 45, 435]):
        seeds = significance.seeds_needed(pairs, 0.05, paired)
        assert significance.smallest_p(seeds, seeds, paired) * pairs <= 0.05
        assert significance.smallest_p(seeds - 1, seeds - 1, paired) * pairs > 0.05
    assert significance.seeds_needed(1, 0.05, paired=True) == 6
    assert significance.seeds_needed(1, 0.05, paired=False) == 4
    assert significance.seeds_needed(15, 0.05, paired=True) == 10


@pytest.mark.parametrize("shared", [True, False])
def test_too_few_seeds_make_no_test_but_say_how_many(shared: bool) -> None:
    losses = {name: np.arange(3.0) + 100 * i for i, name in enumerate("abcdef")}
    frame = significance.compare(losses, dict.fromkeys(losses, range(3)), shared)
    assert (frame["test"] == "none").all()
    assert frame[["p", "p_holm"]].isna().all(axis=None)
    assert not frame["distinguishable"].any()
    needed = significance.seeds_needed(15, 0.05, shared)
    assert (frame["seeds_needed"] == needed).all()
    assert (frame["improvement"] == 1).all()
    losses = {name: np.arange(needed, dtype=float) + 100 * i for i, name in enumerate("abcdef")}
    enough = significance.compare(losses, dict.fromkeys(losses, range(needed)), shared)
    assert enough["distinguishable"].all()
    assert (enough["seeds_needed"] == 0).all()


def test_a_pair_with_too_few_runs_does_not_stop_the_others() -> None:
    losses = {"a": np.arange(9.0), "b": np.arange(9.0) + 100, "few": array(1.5)}
    frame = significance.compare(losses, {"a": range(9), "b": range(9), "few": [0]}, shared=False)
    assert frame["test"].tolist() == ["mann-whitney", "none", "none"]
    assert frame["p_holm"].iloc[0] == pytest.approx(3 * frame["p"].iloc[0])


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


@examples(20)
@given(st.integers(2, 5), st.integers(4, 9), st.booleans(), st.integers(0, 100))
def test_swapping_two_labels_mirrors_a_row(count: int, runs: int, shared: bool, seed: int) -> None:
    chance = np.random.default_rng(seed)
    losses = {f"o{i}": chance.integers(0, 5, runs) / 3 for i in range(count)}
    seeds = dict.fromkeys(losses, range(runs))
    frame = significance.compare(losses, seeds, shared)
    mirrored = significance.compare(dict(reversed(losses.items())), seeds, shared).set_index(["b", "a"])
    for row in frame.to_dict("records"):
        other = mirrored.loc[(row["a"], row["b"])]
        assert other["p"] == pytest.approx(row["p"], nan_ok=True)
        assert other["p_holm"] == pytest.approx(row["p_holm"], nan_ok=True)
        assert other["shift"] == pytest.approx(-row["shift"])
        assert other["improvement"] == pytest.approx(1 - row["improvement"])
        assert (other["a_better"], other["b_better"]) == (row["b_better"], row["a_better"])
