"""Where optimisers looked: places against plain arithmetic, and what the audit says of what was asked for."""

import itertools
import json
import math
import random
from pathlib import Path
from typing import Any

import asked
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report import audit
from bench.report.audit import asking
from bench.report.runs import visits
from bench.results import UnreadableTable
from bench.space.parsing import parse

SPACE = parse(asked.SPACE)


def point(x: float = 0.0, **changed: Any) -> dict[str, Any]:
    return {"x": x, "rate": 0.1, "k": 8, "loss": "hinge", "y": 0.5, "fixed": 7, **changed}


def plain(name: str, value: Any) -> float:
    """The place of a value by the words of its docstring."""
    entry = asked.SPACE[name]
    if entry["type"] == "categorical":
        return entry["choices"].index(value) / (len(entry["choices"]) - 1)
    if entry.get("log"):
        return math.log(value / entry["low"]) / math.log(entry["high"] / entry["low"])
    return (value - entry["low"]) / (entry["high"] - entry["low"])


# --- places --------------------


@given(st.integers(0, 2**32))
def test_places_are_those_of_plain_arithmetic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = [SPACE.sample(rng) for _ in range(5)]
    frame = visits.places([json.dumps(each) for each in points], SPACE)
    assert list(frame.columns) == ["x", "rate", "k", "loss", "y"]
    for row, each in zip(frame.to_dict("records"), points, strict=True):
        for name, place in row.items():
            assert place == pytest.approx(plain(name, each[name]), abs=1e-12) if name in each else math.isnan(place)


def test_the_ends_of_a_range_are_0_and_1_and_null_is_a_choice_and_not_inactive() -> None:
    low = point(-1.0, rate=0.001, k=1, y=0.0)
    high = {"x": 3.0, "rate": 1.0, "k": 64, "loss": 3, "fixed": 7}
    null = {"x": 1.0, "rate": 1.0, "k": 8, "loss": None, "fixed": 7}
    frame = visits.places([json.dumps(each) for each in (low, high, null)], SPACE)
    expected = [[0, 0, 0, 0, 0], [1, 1, 1, 1, math.nan], [0.5, 1, 0.5, 0.5, math.nan]]
    assert frame.to_numpy() == pytest.approx(np.array(expected), nan_ok=True)


# --- reading --------------------


def test_every_trial_stands_with_its_run_its_evaluation_and_its_loss(tmp_path: Path) -> None:
    asked.put(tmp_path, "tpe", 4, [(point(1.0), 0.3), (point(2.0), None)])
    asked.put(tmp_path, "random", 2, [(point(0.0), 0.5), (point(-1.0), 0.1)])
    visited = asked.read(tmp_path)
    assert visited is not None
    assert visited.trials.drop(columns="rank").to_numpy().tolist() == [
        ["random", 0, 1, 0.5],
        ["random", 0, 2, 0.1],
        ["tpe", 1, 1, 0.3],
        ["tpe", 1, 2, math.inf],
    ]
    assert visited.places["x"].tolist() == [0.25, 0.0, 0.5, 0.75]
    assert visited.runs[["label", "seed", "trials"]].to_numpy().tolist() == [["random", 2, 2], ["tpe", 4, 2]]
    assert visited.incumbents["x"].to_dict() == {0: 0.0, 1: 0.5}
    assert visited.trials["rank"].tolist() == [(3 - 0.5) / 4, (1 - 0.5) / 4, (2 - 0.5) / 4, (4 - 0.5) / 4]
    assert not visited.thinned


def test_the_incumbent_is_the_first_of_equals_and_a_run_without_success_has_none(tmp_path: Path) -> None:
    asked.put(tmp_path, "a", 0, [(point(0.0), None), (point(1.0), 0.2), (point(2.0), 0.2)])
    asked.put(tmp_path, "b", 0, [(point(0.0), None)] * 3)
    visited = asked.read(tmp_path)
    assert visited is not None
    assert visited.incumbents["x"].to_dict() == {0: 0.5}
    assert visited.runs["incumbent"].tolist() == [True, False]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.one_of(st.sampled_from([0.1, math.inf]), st.floats(0, 1))), min_size=1)
)
def test_ranks_count_what_is_better_on_the_same_problem(pairs: list[tuple[str, float]]) -> None:
    problems, losses = zip(*pairs, strict=True)
    for (problem, loss), rank in zip(pairs, visits.ranks(np.array(losses), np.array(problems)), strict=True):
        same = [other for where, other in pairs if where == problem]
        better, ties = sum(other < loss for other in same), sum(other == loss for other in same)
        assert rank == pytest.approx((better + ties / 2) / len(same))


def test_of_too_many_trials_whole_runs_of_every_optimiser_are_placed(tmp_path: Path) -> None:
    for label, seed in itertools.product("abc", range(4)):
        asked.put(tmp_path, label, seed, [(point(), 0.1)] * 5)
    visited = asked.read(tmp_path, most=30)
    assert visited is not None
    assert visited.thinned
    assert visited.runs.groupby("label")["placed"].sum().to_dict() == {"a": 2, "b": 2, "c": 2}
    assert visited.trials.groupby(["label", "run"]).size().tolist() == [5] * 6
    assert len(visited.incumbents) == 12
    assert visited.runs["repeated"].tolist() == [4] * 12
    fewest = asked.read(tmp_path, most=1)
    assert fewest is not None
    assert fewest.runs["placed"].sum() == 3


@pytest.mark.parametrize("space", [None, {}, {"x": {"type": "curve"}}])
def test_runs_without_a_space_that_can_be_read_were_nowhere(tmp_path: Path, space: Any) -> None:
    asked.put(tmp_path, "log", 0, [({}, 0.1)], space)
    assert asked.read(tmp_path) is None


def test_a_table_of_something_else_is_one_line(tmp_path: Path) -> None:
    asked.put(tmp_path, "a", 0, [(point(x="far"), 0.1)])
    with pytest.raises(UnreadableTable, match=r"a/0\.parquet: its configurations are not points"):
        asked.read(tmp_path)


# --- the audit --------------------


def audited(folder: Path, subject: str) -> list[tuple[str, str]]:
    comparison, reading = asked.comparison(folder)
    findings = audit.findings(comparison, reading.results, visits=visits.read(folder, comparison, reading))
    return [(finding.level, finding.text) for finding in findings if finding.subject == subject]


def test_repeated_proposals_are_counted_within_runs_alone(tmp_path: Path) -> None:
    places = [0.0, 1.0, 0.0, 0.0, 2.0]
    asked.put(tmp_path, "tpe", 0, [(point(x), 0.5) for x in places])
    asked.put(tmp_path, "tpe", 1, [(point(x), 0.5) for x in (0.0, 1.0, 2.0, 3.0, 0.5)])
    asked.put(tmp_path, "gp", 0, [(point(x), 0.5) for x in (0.0, 1.0, 2.0, 3.0, 0.5)])
    assert sum(x in places[:i] for i, x in enumerate(places)) == 2
    assert audited(tmp_path, "duplicates") == [
        ("note", "proposed what the same run had proposed before: tpe (20% of its trials)")
    ]
    asked.put(tmp_path, "tpe", 0, [(point(x), 0.5) for x in (0.0, 1.0, 2.0, 3.0, 0.1)])
    assert audited(tmp_path, "duplicates") == [("ok", "0 of 15 trials proposed what their run had proposed before")]


def test_runs_that_ask_for_the_same_in_the_same_order_are_one(tmp_path: Path) -> None:
    asked.put(tmp_path, "grid", 0, [(point(0.0), 0.5), (point(1.0), 0.4)])
    asked.put(tmp_path, "grid", 1, [(point(0.0), 0.5), (point(1.0), 0.4)])
    asked.put(tmp_path, "grid", 2, [(point(1.0), 0.4), (point(0.0), 0.5)])
    asked.put(tmp_path, "random", 0, [(point(1.0), 0.4), (point(0.0), 0.5)])
    ((level, text),) = audited(tmp_path, "repeated runs")
    assert level == "note"
    assert text.endswith(": grid (2 different ones of 3 runs)")
    assert not audited(tmp_path, "same optimisers")
    asked.put(tmp_path, "grid", 2, [(point(0.0), 0.5), (point(1.0), 0.4)])
    asked.put(tmp_path, "twin", 1, [(point(0.0), 0.5), (point(1.0), 0.4)])
    ((_, text),) = audited(tmp_path, "repeated runs")
    assert text.endswith(": grid (its 3 runs are one run, whatever the seed)")
    assert audited(tmp_path, "same optimisers") == [
        ("note", "proposed the same configurations at every common seed: grid and twin; they count once in tests")
    ]


def test_the_same_configurations_on_other_problems_are_other_runs(tmp_path: Path) -> None:
    """As the default configuration's, where each seed has a split of its own: its runs are as many values."""
    for seed in range(3):
        asked.put(tmp_path, "default", seed, [(point(0.0), 0.5 + seed)], problem=f"split-{seed}")
        asked.put(tmp_path, "random", seed, [(point(0.1 * seed), 0.5)], problem=f"split-{seed}")
    assert audited(tmp_path, "repeated runs") == [("ok", "no two runs of an optimiser are one run under two seeds")]
    asked.put(tmp_path, "default", 2, [(point(0.0), 0.5)], problem="split-0")
    ((_, text),) = audited(tmp_path, "repeated runs")
    assert text.endswith(": default (2 different ones of 3 runs)")


def test_a_shared_beginning_that_is_none_is_an_error(tmp_path: Path) -> None:
    shared = {"config": {"initial_design": {"name": "shared", "size": 2}}}
    for label in ("a", "b"):
        for seed in range(2):
            first = [(point(seed), 0.5), (point(seed + 0.5), 0.5)]
            asked.put(tmp_path, label, seed, [*first, (point(0.1 * ord(label[0]) % 1), 0.4)], **shared)
    assert [level for level, _ in audited(tmp_path, "initial design")] == ["ok"]
    asked.put(tmp_path, "b", 1, [(point(1), 0.5), (point(0.0), 0.5), (point(0.0), 0.5)], **shared)
    assert audited(tmp_path, "initial design")[0] == (
        "error",
        "runs with the same seed did not begin with the same configurations: 1",
    )


def run_towards(end: float, chance: random.Random, share: float) -> list[tuple[dict[str, Any], float]]:
    """Ten uniform draws of x, of which the best is at the end with a probability."""
    draws = [point(chance.uniform(-1, 3)) for _ in range(10)]
    losses = [chance.uniform(0.5, 1.0) for _ in draws]
    best = min(range(10), key=losses.__getitem__)
    if chance.random() < share:
        draws[best]["x"] = end
    return list(zip(draws, losses, strict=True))


@pytest.mark.parametrize(
    ("end", "share", "named"), [(3.0, 0.5, "high end, 3"), (-1.0, 0.5, "low end, -1"), (3.0, 0.0, "")]
)
def test_incumbents_at_an_end_are_named(tmp_path: Path, end: float, share: float, named: str) -> None:
    chance = random.Random(1)
    runs = [run_towards(end, chance, share) for _ in range(20)]
    for i, run in enumerate(runs):
        asked.put(tmp_path, "ab"[i % 2], i // 2, run)
    there = sum(min(run, key=lambda trial: trial[1])[0]["x"] == end for run in runs)
    ((level, text),) = audited(tmp_path, "bounds")
    if named:
        assert level == "note"
        assert text.endswith(f": x at its {named}, in {there} of 20 runs")
    else:
        assert level == "ok"


def test_a_grid_whose_levels_are_the_ends_names_none_by_chance(tmp_path: Path) -> None:
    chance = random.Random(2)
    for seed in range(20):
        asked.put(tmp_path, "grid", seed, [(point(x), chance.random()) for x in (-1.0, 1.0, 3.0) * 4])
    assert [level for level, _ in audited(tmp_path, "bounds")] == ["ok"]


@pytest.mark.parametrize("name", ["k", "y", "j"])
@pytest.mark.parametrize("near", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("upper", [False, True])
def test_what_is_at_an_end_by_chance_is_the_law_summed_over_its_values(name: str, near: float, upper: bool) -> None:
    space = parse({**asked.SPACE, "j": {"type": "int", "low": 2, "high": 30, "step": 4}})
    parameter = space[name]
    values, law = parameter.values(), parameter.probabilities()
    assert values is not None
    assert law is not None
    inside = [
        probability
        for value, probability in zip(values, law, strict=True)
        for place in [
            math.log(value / parameter.low) / math.log(parameter.high / parameter.low)
            if getattr(parameter, "log", False)
            else (value - parameter.low) / (parameter.high - parameter.low)
        ]
        if (place >= 1 - near - 1e-9 if upper else place <= near + 1e-9)
    ]
    assert asking.mass(parameter, upper, near) == pytest.approx(sum(inside))


def test_a_continuum_is_as_often_at_an_end_as_the_end_is_wide() -> None:
    assert asking.mass(SPACE["rate"], upper=True, near=0.02) == 0.02
