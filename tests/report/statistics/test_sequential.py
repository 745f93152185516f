"""Tests at looks: against scipy's, look by look and corrected by hand, and what seeds beside the plan change."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.report.statistics import effects, sequential
from bench.report.statistics.designs import Design, Relation
from bench.report.statistics.sequential import Looks

LOOKS = Looks(2, (6, 9, 15))
WEIGHTS = [6 / 30, 9 / 30, 15 / 30]


def compared(
    losses: dict[str, np.ndarray], relation: Relation = "unpaired", looks: Looks = LOOKS, **more: Any
) -> pd.DataFrame:
    """Losses of seeds from the plan's first on, given in the reverse of their order."""
    seeds = {label: np.arange(len(values))[::-1] + looks.first for label, values in losses.items()}
    relations = {frozenset(two): relation for two in combinations(losses, 2)}
    design = Design({label: frozenset(own.tolist()) for label, own in seeds.items()}, frozenset(), relations)
    ranked = sequential.family(design, losses, looks)
    backwards = {label: values[::-1] for label, values in losses.items()}
    return sequential.compare(backwards, seeds, design, ranked, looks, **more)


@pytest.mark.parametrize("relation", ["unpaired", "paired"])
def test_p_is_the_least_over_looks_of_scipys_by_its_weight(relation: Relation) -> None:
    chance = np.random.default_rng(5)
    runs = {"a": 15, "b": 11, "c": 15}
    losses = {label: chance.normal(size=count) + (label == "c") for label, count in runs.items()}
    frame = compared(losses, relation)
    expected = []
    for a, b in combinations(losses, 2):
        x, y = losses[a], losses[b]
        done = [n for n in LOOKS.counts if n <= min(len(x), len(y))]
        p = [
            stats.wilcoxon(x[:n], y[:n], method="exact").pvalue
            if relation == "paired"
            else stats.mannwhitneyu(x[:n], y[:n], method="exact").pvalue
            for n in done
        ]
        expected.append(min(1.0, *(value / weight for value, weight in zip(p, WEIGHTS, strict=False))))
    assert frame["looked"].tolist() == [9, 15, 9]
    tested = frame["test"] != "none"
    assert tested.any()
    assert frame["p"][tested].tolist() == pytest.approx([q for q, can in zip(expected, tested, strict=True) if can])
    ordered = sorted(expected)
    by_hand = np.maximum.accumulate([min(1.0, q * (3 - place)) for place, q in enumerate(ordered)])
    if tested.all():
        assert sorted(frame["p_holm"]) == pytest.approx(by_hand.tolist())


def test_seeds_of_no_full_look_and_of_another_beginning_are_in_no_test() -> None:
    chance = np.random.default_rng(6)
    a, b = chance.normal(size=9), chance.normal(size=9) + 1
    plain = compared({"a": a, "b": b})
    more = compared({"a": np.append(a, [-50.0] * 3), "b": np.append(b, [50.0] * 3)})
    assert more["p"].tolist() == plain["p"].tolist()
    assert compared({"a": a[:5], "b": b})["ranked"].tolist() == [False]


def test_paired_tests_cannot_reject_at_the_first_look() -> None:
    looks = Looks(0, (10, 15, 20, 30, 45, 70, 110, 200))
    first = {label: np.arange(10) + shift for label, shift in (("a", 0.0), ("b", 100.0), ("c", 200.0))}
    frame = compared(first, "paired", looks)
    assert frame["test"].tolist() == ["none"] * 3
    assert frame["seeds_needed"].tolist() == [15] * 3
    assert len(sequential.undecided(frame)) == 3
    next_ = compared({label: np.arange(15) + values[0] for label, values in first.items()}, "paired", looks)
    assert next_["better"].tolist() == ["a", "a", "b"]
    assert compared(first, "unpaired", looks)["better"].tolist() == ["a", "a", "b"]


@examples(25)
@given(
    st.sampled_from(["unpaired", "paired"]),
    st.lists(st.integers(0, 6).map(float), min_size=6, max_size=24),
    st.sampled_from([0.0, 1.0, 2.5, 4.0]),
)
def test_two_one_sided_tests_say_what_the_interval_of_the_shift_says(
    relation: Relation, losses: list[float], margin: float
) -> None:
    half = len(losses) // 2
    a, b = np.array(losses[:half]), np.array(losses[half : 2 * half])
    for level in (0.9, 0.8, 0.6):
        interval = effects.shift(a, b, relation, level)
        within = -margin <= interval.low and interval.high <= margin
        assert within == (effects.equivalence_p(a, b, relation, margin) <= (1 - level) / 2 * (1 + 1e-9))


def test_equivalence_has_looks_and_a_correction_of_its_own() -> None:
    chance = np.random.default_rng(7)
    losses = {label: 0.05 * chance.normal(size=15) for label in "abc"}
    frame = compared(losses, margin=1.0)
    q = []
    for a, b in combinations(losses, 2):
        sides = [
            max(
                stats.mannwhitneyu(losses[a][:n] - 1, losses[b][:n], alternative="less", method="exact").pvalue,
                stats.mannwhitneyu(losses[a][:n] + 1, losses[b][:n], alternative="greater", method="exact").pvalue,
            )
            for n in LOOKS.counts
        ]
        q.append(min(p / weight for p, weight in zip(sides, WEIGHTS, strict=True)))
    by_hand = np.maximum.accumulate([value * (3 - place) for place, value in enumerate(sorted(q))])
    assert sorted(frame["p_equivalent"]) == pytest.approx(by_hand.tolist())
    assert frame["equivalent"].all()
    assert not len(sequential.undecided(frame))
    assert not compared({label: values[:6] + 0.99 * (label == "a") for label, values in losses.items()}, margin=1.0)[
        "equivalent"
    ].iloc[0]
