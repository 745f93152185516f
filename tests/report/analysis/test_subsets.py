"""Scores by trait of the problem: which sides there are, and that each is the pool of its own problems."""

import numpy as np
import pytest
from scipy import stats

from bench.report.analysis import subsets
from bench.report.runs.traits import Traits

PROBLEMS = [f"p{place}" for place in range(11)]


def traits(**changed) -> dict[str, Traits]:
    """The problems differ in their dimension and budget alone, unless a list of values is given."""
    given = {
        "dimension": list(range(1, 12)),
        "categorical": [0.0] * 11,
        "conditional": [False] * 11,
        "noisy": [False] * 11,
        "budget": [50] * 10 + [100],
        **changed,
    }
    return {name: Traits(**{key: of[place] for key, of in given.items()}) for place, name in enumerate(PROBLEMS)}


def scores() -> dict[str, list[np.ndarray]]:
    chance = np.random.default_rng(1)
    return {label: [chance.normal(size=4) + place for place in range(11)] for label in ("b", "a")}


def test_numbers_are_divided_at_their_median_and_sides_of_fewer_than_five_are_left_out() -> None:
    given = scores()
    frame = subsets.subsets(given, PROBLEMS, traits())
    assert set(frame["trait"]) == {"dimension"}  # the others have a side with at most one problem
    assert dict(zip(frame["subset"], frame["problems"], strict=True)) == {"6 or fewer": 6, "more than 6": 5}
    for row in frame.to_dict("records"):
        strata = given[row["label"]][:6] if row["subset"] == "6 or fewer" else given[row["label"]][6:]
        assert row["iqm"] == pytest.approx(stats.trim_mean(np.concatenate(strata), 0.25))
        assert row["iqm_low"] < row["iqm"] < row["iqm_high"]


def test_yes_and_no_are_sides_and_what_is_not_recorded_is_none() -> None:
    conditional = [True] * 5 + [False] * 6
    frame = subsets.subsets(scores(), PROBLEMS, traits(conditional=conditional, dimension=[None] * 11))
    assert set(zip(frame["trait"], frame["subset"], frame["problems"], strict=True)) == {
        ("conditional space", "no", 6),
        ("conditional space", "yes", 5),
    }
    assert not len(subsets.subsets(scores(), PROBLEMS, {}))


def test_what_is_known_of_functions_divides_them_each_word_by_itself_where_all_problems_record_it() -> None:
    groups = ["smooth"] * 6 + ["rough"] * 5
    known = [{"group": group, "separable": group == "rough", "one": "same"} for group in groups]
    frame = subsets.subsets(scores(), PROBLEMS, traits(known=known, dimension=[None] * 11))
    assert list(dict.fromkeys(zip(frame["trait"], frame["subset"], frame["problems"], strict=True))) == [
        ("group: smooth", "no", 5),
        ("group: smooth", "yes", 6),
        ("group: rough", "no", 6),
        ("group: rough", "yes", 5),
        ("separable", "no", 6),
        ("separable", "yes", 5),
    ]
    assert not len(subsets.subsets(scores(), PROBLEMS, traits(known=[*known[:-1], {}], dimension=[None] * 11)))
