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


def test_what_was_stopped_early_is_left_out_and_what_was_exhausted_is_not(tmp_path: Path) -> None:
    randomly(tmp_path, 6, 10)
    for seed in range(6):
        budget = {"trials": 10, "seconds": 5.0}
        entry = trials.metadata(RunId("e", "iris", "lightgbm", "timed", seed), 10)["config"] | {"budget": budget}
        put(tmp_path, "timed", seed, at(3, 10) if seed else [2.0, 2.1], budget=10, config=entry)
        put(tmp_path, "grid", seed, [2.0 + seed], budget=10, ended="exhausted")
    frame = reaching(tmp_path)
    assert frame.loc["timed", ["runs", "left_out"]].tolist() == [5, 1]
    assert frame.loc["grid", ["runs", "left_out", "reached"]].tolist() == [6, 0, 0]


@pytest.mark.parametrize("label", ["optuna_tpe", "grid"])
def test_without_random_search_there_is_nothing_to_reach(tmp_path: Path, label: str) -> None:
    for seed in range(3):
        put(tmp_path, label, seed, [0.5, 0.4])
    assert reaching(tmp_path).empty
