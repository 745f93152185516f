"""How soon random search's final loss is reached: against its own runs, by the test that the runs allow."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import trials
from scipy import stats

from bench.report.analysis.comparison import analyse
from bench.report.runs import curves, selection
from bench.report.statistics import significance
from bench.results import RunId


def put(folder: Path, label: str, seed: int, losses: list, **more) -> None:
    trials.put(folder, RunId("e", "iris", "lightgbm", label, seed), losses, **more)


def reaching(folder: Path) -> pd.DataFrame:
    reading = selection.read(folder, selection.selection(["e"]))
    (comparison,) = curves.comparisons(reading.results)
    frame = analyse(comparison, reading).reaching
    return frame.set_index("label") if len(frame) else frame


def randomly(folder: Path, seeds: int, budget: int) -> np.ndarray:
    draws = np.random.default_rng(1).random((seeds, budget))
    for seed, losses in enumerate(draws):
        put(folder, "random", seed, losses.tolist())
    return draws


def at(first: int, budget: int) -> list[float]:
    """Losses that are below any target from the first-th on."""
    return [2.0] * (first - 1) + [-1.0] * (budget - first + 1)


def test_a_speed_up_needs_a_test_against_randoms_own_runs_and_its_exact_median(tmp_path: Path) -> None:
    budget, firsts = 20, [2, 2, 3, 3, 3, 4, 4, 5, 5, 6]
    draws = randomly(tmp_path, 10, budget)
    for seed, first in enumerate(firsts):
        put(tmp_path, "optuna_tpe", seed, at(first, budget))
    frame = reaching(tmp_path)
    pool = np.sort(draws.ravel())
    # P(best of t > target) over all subsets; the target is the exact median of the best of 20
    target = next(x for i, x in enumerate(pool, 1) if stats.hypergeom.pmf(0, 200, i, budget) <= 0.5)
    hits = int((pool <= target).sum())
    exact = next(t for t in range(1, 21) if stats.hypergeom.pmf(0, 200, hits, t) <= 0.5)
    assert frame.loc["optuna_tpe", "random"] == exact
    own = np.array([next((t for t, x in enumerate(run, 1) if x <= target), math.inf) for run in draws])
    p = significance.rank_sum_p(np.array(firsts, dtype=float), own)
    assert frame.loc["optuna_tpe", ["test", "p", "p_holm"]].tolist() == ["mann-whitney", p, p]
    assert p < 0.05
    assert frame.loc["optuna_tpe", "faster"]
    assert frame.loc["optuna_tpe", ["evaluations", "evaluations_low", "evaluations_high"]].tolist() == [3, 2, 5]
    assert frame.loc["random", "test"] == "none"
    assert not frame.loc["random", "faster"]


def test_no_speed_up_is_claimed_of_what_is_slower_or_not_shown_to_be_sooner(tmp_path: Path) -> None:
    randomly(tmp_path, 16, 20)
    for seed in range(16):
        put(tmp_path, "slow", seed, [2.0 + 0.01 * seed] * 20)
        put(tmp_path, "like", seed, np.random.default_rng([2, seed]).random(20).tolist())
    frame = reaching(tmp_path)
    assert frame.loc["slow", "p_holm"] < 0.05
    assert not frame["faster"].any()
    assert frame.loc["slow", "evaluations_relation"] == ">"
    assert frame.loc["like", "p_holm"] > 0.05
    tested = frame.loc[["slow", "like"]]
    assert tested["p_holm"].tolist() == significance.holm(tested["p"]).tolist()


def in_time(label: str, seed: int, trials_: int) -> dict:
    """A config with a budget of seconds beside that of trials."""
    config = trials.metadata(RunId("e", "iris", "lightgbm", label, seed), trials_)["config"]
    return config | {"budget": {"trials": trials_, "seconds": 5.0}}


def test_of_what_was_stopped_early_nothing_is_said_that_depends_on_the_rest(tmp_path: Path) -> None:
    randomly(tmp_path, 6, 10)
    for seed in range(6):
        put(tmp_path, "timed", seed, at(3, 10) if seed else [2, 2.1], budget=10, config=in_time("timed", seed, 10))
        put(tmp_path, "grid", seed, [2.0 + seed], budget=10, ended="exhausted")
        few = at(3, 10) if seed > 3 else [2.0]
        put(tmp_path, "mostly", seed, few, budget=10, config=in_time("mostly", seed, 10))
    frame = reaching(tmp_path)
    wanted = ["runs", "reached", "out_of_time", "evaluations", "evaluations_low", "evaluations_high", "coverage"]
    assert frame.loc["timed", wanted].fillna(-1).tolist() == [6, 5, 1, 3, 3, -1, -1]  # whenever the sixth reaches it
    assert frame.loc["mostly", wanted].fillna(-1).tolist() == [6, 2, 4, -1, -1, -1, -1]
    assert frame.loc["grid", ["runs", "reached", "out_of_time", "evaluations_relation"]].tolist() == [6, 0, 0, ">"]


@pytest.mark.parametrize("cut", ["like", "random"])
def test_runs_that_time_ended_make_nobody_sooner(tmp_path: Path, cut: str) -> None:
    """Equal draws, of which one side is cut off: the runs that reached it in time are no sample of all."""
    seeds, budget = 20, 40
    for label, stream in (("random", 1), ("like", 2)):
        for seed, losses in enumerate(np.random.default_rng(stream).random((seeds, budget))):
            ends = {"budget": budget, "config": in_time(label, seed, budget)} if label == cut else {}
            put(tmp_path, label, seed, losses[: budget // 3 if label == cut else budget].tolist(), **ends)
    row = reaching(tmp_path).loc["like"]
    assert row["test"] == "mann-whitney"
    assert not row["faster"]
    assert row["p"] > 0.05


def test_what_is_sooner_all_the_same_is_said_with_runs_that_time_ended(tmp_path: Path) -> None:
    randomly(tmp_path, 12, 20)
    for seed in range(12):
        own = [2.0] if seed == 0 else at(2, 20)
        put(tmp_path, "soon", seed, own, budget=20, config=in_time("soon", seed, 20))
    row = reaching(tmp_path).loc["soon"]
    assert (row["faster"], row["out_of_time"], row["evaluations"]) == (True, 1, 2)


@pytest.mark.parametrize("label", ["optuna_tpe", "grid"])
def test_without_random_search_there_is_nothing_to_reach(tmp_path: Path, label: str) -> None:
    for seed in range(3):
        put(tmp_path, label, seed, [0.5, 0.4])
    assert reaching(tmp_path).empty
