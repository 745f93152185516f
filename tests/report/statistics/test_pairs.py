"""Every two optimisers: the test that their relation allows, what follows of it, and the groups that it makes."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

from bench.report.statistics import designs, pairs, significance
from bench.report.statistics.designs import Design, Relation

INF = math.inf
LOSS = st.one_of(st.integers(0, 4).map(float), st.just(INF))


def compared(
    losses: Mapping[str, Sequence[float] | np.ndarray],
    relation: Relation = "unpaired",
    seeds: Mapping[str, Any] | None = None,
    single: tuple[str, ...] = (),
    **more: Any,
) -> pd.DataFrame:
    numbers = seeds or {label: range(len(values)) for label, values in losses.items()}
    relations: dict[frozenset[str], Relation] = {}
    for a, b in itertools.combinations(losses, 2):
        apart: Relation = "values" if {a, b} <= set(single) else "value" if {a, b} & set(single) else relation
        relations[frozenset((a, b))] = apart
    design = Design({label: frozenset(own) for label, own in numbers.items()}, frozenset(single), relations)
    own_seeds = {label: np.array(list(own)) for label, own in numbers.items()}
    return pairs.compare(losses, own_seeds, design, designs.family(design, losses), **more)


@given(st.lists(LOSS, min_size=1, max_size=6), st.lists(LOSS, min_size=1, max_size=6))
def test_shares_are_those_of_a_plain_loop_over_all_runs(a: list[float], b: list[float]) -> None:
    row = compared({"a": a, "b": b}).iloc[0]
    d = [0.0 if x == y else x - y for x in a for y in b]
    assert row["improvement"] == pytest.approx(sum((v < 0) + 0.5 * (v == 0) for v in d) / len(d))
    assert row["compared"] == len(a) * len(b)
    assert row["left_out"] == 0


def test_less_loss_is_better_in_every_column() -> None:
    good, bad = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [2.0, 2.1, 2.2, 2.3, 2.4, INF]
    row = compared({"good": good, "bad": bad}).iloc[0]
    assert (row["improvement"], row["better"]) == (1, "good")
    assert row["shift_low"] <= row["shift"] < 0
    assert row["median_a"] < row["median_b"]
    assert row["p"] == pytest.approx(2 / math.comb(12, 6))
    for relation, single in (("paired", ()), ("unpaired", ("good",)), ("unpaired", ("bad",))):
        ends = {"good": good[:1] * 6, "bad": bad} if "good" in single else {"good": good, "bad": [2.0] * 6}
        row = compared(ends if single else {"good": good, "bad": bad}, relation, single=single).iloc[0]
        assert (row["better"], row["p"]) == ("good", 2.0**-5)


def test_pairing_goes_by_seed_and_not_by_place() -> None:
    chance = np.random.default_rng(0)
    luck = chance.normal(0, 10, 8)
    a, b = luck + 0.1 * np.arange(1, 9), luck
    order = chance.permutation(8)
    seeds = {"a": range(8), "b": order.tolist()}
    shuffled = compared({"a": a, "b": b[order]}, "paired", seeds).iloc[0]
    assert shuffled["test"] == "wilcoxon"
    assert shuffled["p"] == pytest.approx(0.5**7)
    assert (shuffled["improvement"], shuffled["better"]) == (0, "b")
    unpaired = compared({"a": a, "b": b[order]}, "unpaired", seeds).iloc[0]
    assert unpaired["test"] == "mann-whitney"
    assert unpaired["p"] > 0.5


def test_seeds_without_a_partner_are_counted_and_a_dropped_seed_is_seen() -> None:
    a, b = np.arange(7.0), np.arange(8.0) + 0.5
    row = compared({"a": a, "b": b}, "paired", {"a": range(7), "b": range(2, 10)}).iloc[0]
    assert (row["runs_a"], row["runs_b"], row["compared"], row["left_out"]) == (7, 8, 5, 5)
    assert row["shift"] == pytest.approx(2 - 0.5)
    for seeds in (range(6), [0, 1, 2, 3, 4, 5, 5]):
        with pytest.raises(ValueError, match="seed"):
            compared({"a": a, "b": b}, "paired", {"a": seeds, "b": range(8)})


def test_a_failed_run_counts_as_the_worst_whether_inf_or_nan() -> None:
    losses = [0.5, 0.6, 0.7, 0.8, 0.9]
    rows = [compared({"a": losses, "b": [0.4, bad, 0.3, 0.2, 0.1]}).iloc[0] for bad in (INF, math.nan, 1e300)]
    for row in rows:
        assert row["improvement"] == pytest.approx(5 / 25)
        assert row["p"] == rows[2]["p"]
        assert row["runs_b"] == 5


def test_one_value_is_no_sample() -> None:
    """Six copies of one loss are one value: the sign test of the six others has p = 2^-5, the rank-sum test 0.002."""
    runs = [0.1, 0.11, 0.12, 0.13, 0.14, 0.15]
    row = compared({"a": runs, "default": [0.2] * 6}, single=("default",)).iloc[0]
    assert (row["test"], row["p"], row["compared"]) == ("sign", 2.0**-5, 6)
    assert compared({"a": runs, "default": [0.2] * 6}).iloc[0]["p"] == pytest.approx(2 / math.comb(12, 6))
    both = compared({"grid": [0.1] * 6, "default": [0.2] * 6}, single=("grid", "default")).iloc[0]
    assert (both["test"], both["better"], both["shift"]) == ("none", "grid", pytest.approx(-0.1))
    assert math.isnan(both["p"])


def test_equivalence_of_one_pair_is_the_whole_interval_within_the_margin() -> None:
    chance = np.random.default_rng(3)
    a, b = chance.normal(size=20), chance.normal(size=20)
    row = compared({"a": a, "b": b}).iloc[0]
    widest = max(abs(row["shift_low"]), abs(row["shift_high"]))
    assert not row["equivalent"]
    assert compared({"a": a, "b": b}, margin=widest * 1.001).iloc[0]["equivalent"]
    assert not compared({"a": a, "b": b}, margin=widest * 0.999).iloc[0]["equivalent"]


def test_equivalences_of_a_family_are_corrected_over_its_pairs() -> None:
    """Each pair alone lies within the margin at 5 %; of ten pairs one that is barely so is not called equivalent."""
    chance = np.random.default_rng(7)
    losses = {label: chance.normal(size=20) for label in "abcde"}
    frame = compared(losses, margin=0.9)
    alone = [
        compared({row["a"]: losses[row["a"]], row["b"]: losses[row["b"]]}, margin=0.9).iloc[0]
        for row in frame.to_dict("records")
    ]
    by_hand = significance.holm(np.array([row["p_equivalent"] for row in alone]))
    assert frame["p_equivalent"].tolist() == pytest.approx(by_hand.tolist())
    assert frame["equivalent"].tolist() == [p <= 0.05 for p in by_hand]
    assert 0 < frame["equivalent"].sum() < sum(row["equivalent"] for row in alone)


def test_one_optimiser_or_none_makes_no_pair() -> None:
    assert compared({"a": [1.0]}).empty
    assert set(compared({}).columns) == set(pairs.COLUMNS)


@pytest.mark.parametrize("relation", ["paired", "unpaired"])
def test_too_few_seeds_make_no_test_but_say_how_many(relation: Relation) -> None:
    frame = compared({name: np.arange(3.0) + 100 * i for i, name in enumerate("abcdef")}, relation)
    assert (frame["test"] == "none").all()
    assert frame[["p", "p_holm"]].isna().all(axis=None)
    assert (frame["better"] == "").all()
    assert pairs.groups(frame, "abcdef") == pairs.Groups((), {})
    needed = designs.seeds_needed(relation, 15)
    assert (frame["seeds_needed"] == needed).all()
    assert (frame["improvement"] == 1).all()
    enough = compared({name: np.arange(float(needed)) + 100 * i for i, name in enumerate("abcdef")}, relation)
    assert (enough["better"] == enough["a"]).all()
    assert (enough["seeds_needed"] == 0).all()


def test_one_seed_of_a_newcomer_changes_no_row_of_the_others() -> None:
    chance = np.random.default_rng(4)
    losses = {name: chance.normal(size=10) + place for place, name in enumerate("abcdef")}
    before = compared(losses)
    after = compared({"new": [-9.0], **losses})
    others = after[(after["a"] != "new") & (after["b"] != "new")].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, before)
    assert pairs.groups(after, "abcdef") == pairs.groups(before, "abcdef")
    assert not after.loc[after["a"] == "new", "ranked"].any()


def test_the_correction_is_over_the_tests_of_the_family() -> None:
    chance = np.random.default_rng(5)
    losses = {name: chance.normal(size=10) + 0.6 * place for place, name in enumerate("abc")}
    frame = compared(losses)
    raw = [significance.rank_sum_p(losses[a], losses[b]) for a, b in itertools.combinations("abc", 2)]
    assert frame["p"].tolist() == raw
    assert frame["p_holm"].tolist() == significance.holm(raw).tolist()


def groups(*worse: tuple[str, str], labels: str = "abc") -> pairs.Groups:
    """From (worse, better) pairs."""
    rows = [
        {"a": a, "b": b, "ranked": True, "relation": "unpaired", "test": "mann-whitney", "better": better}
        for a, b in itertools.combinations(labels, 2)
        for better in [next((y for x, y in worse if {x, y} == {a, b}), "")]
    ]
    return pairs.groups(pd.DataFrame(rows), labels)


def test_level_is_who_is_worse_than_nobody() -> None:
    assert groups() == pairs.Groups(("a", "b", "c"), {})
    assert groups(("c", "a")) == pairs.Groups(("a", "b"), {"c": ("a",)})
    alone = groups(("c", "a"), ("b", "a"))
    assert (alone.level, alone.best, alone.worse) == (("a",), "a", {"b": ("a",), "c": ("a",)})
    assert groups(("c", "b"), ("c", "a"), ("b", "a")).worse == {"b": ("a",), "c": ("a", "b")}
    circle = groups(("a", "b"), ("b", "c"), ("c", "a"))
    assert (circle.level, circle.best) == ((), None)


@pytest.mark.parametrize("relation", ["paired", "unpaired"])
def test_of_equal_optimisers_someone_is_called_worse_in_five_per_cent_at_most(relation: Relation) -> None:
    """200 comparisons of six: 10 at 5 %, and 19 are three standard errors above that."""
    chance, alarms = np.random.default_rng(6), 0
    for _ in range(200):
        losses = dict(zip("abcdef", np.exp(chance.normal(size=(6, 10))), strict=True))
        alarms += bool(pairs.groups(compared(losses, relation), "abcdef").worse)
    assert alarms <= 19


@examples(20)
@given(st.integers(2, 5), st.integers(4, 9), st.sampled_from(["paired", "unpaired"]), st.integers(0, 100))
def test_swapping_two_labels_mirrors_a_row(count: int, runs: int, relation: Relation, seed: int) -> None:
    chance = np.random.default_rng(seed)
    losses = {f"o{i}": chance.integers(0, 5, runs) / 3 for i in range(count)}
    frame = compared(losses, relation)
    mirrored = compared(dict(reversed(losses.items())), relation).set_index(["b", "a"])
    for row in frame.to_dict("records"):
        other = mirrored.loc[(row["a"], row["b"])]
        for same in ("p", "p_holm", "seeds", "seeds_low", "seeds_high"):
            assert other[same] == pytest.approx(row[same], nan_ok=True)
        assert other["better"] == row["better"]
        assert other["shift"] == pytest.approx(-row["shift"])
        assert other["shift_low"] == pytest.approx(-row["shift_high"])
        assert other["improvement"] == pytest.approx(1 - row["improvement"])
        assert other["improvement_low"] == pytest.approx(1 - row["improvement_high"], abs=1e-9)


@pytest.mark.parametrize("relation", ["clone", "nested"])
def test_what_shares_its_trials_is_shown_by_seed_and_not_tested(relation: Relation) -> None:
    seeds = {"a": [1, 2, 3], "b": [2, 3, 4, 5]}
    row = compared({"a": [0.1, 0.2, 0.4], "b": [0.2, 0.3, 0.4, 0.5]}, relation, seeds).iloc[0]
    assert (row["test"], row["compared"], row["left_out"], row["better"]) == ("none", 2, 3, "")
    assert row["shift"] == pytest.approx(0.05)  # of 0 and 0.1, and the mean of both
    assert math.isnan(row["p"])
