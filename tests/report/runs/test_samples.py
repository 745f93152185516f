"""The arrays that statistics are computed from, against plain loops over the trials."""

import math
from itertools import accumulate
from pathlib import Path

import numpy as np
import trials

from bench import results
from bench.report.runs import curves, samples
from bench.report.runs.samples import Sample
from bench.results import RunId


def sampled(folder: Path) -> tuple[dict[str, Sample], bool]:
    loaded = results.read(folder, ["e"], columns=curves.COLUMNS)
    (comparison,) = curves.comparisons(loaded)
    return samples.samples(comparison, loaded), samples.shared(comparison, loaded)


def put(folder: Path, optimizer: str, seed: int, losses: list, **changed: object) -> None:
    tests = [None if loss is None else loss + 10 for loss in losses]
    trials.put(folder, RunId("e", "iris", "lightgbm", optimizer, seed), losses, tests, **changed)


def test_losses_are_carried_on_only_where_a_run_was_exhausted(tmp_path: Path) -> None:
    put(tmp_path, "grid", 1, [3.0, 2.0], budget=4, ended="exhausted")
    put(tmp_path, "grid", 0, [None, 5.0, 1.0, 4.0], budget=4)
    sample = sampled(tmp_path)[0]["grid"]
    assert sample.seeds.tolist() == [0, 1]
    assert sample.validation.tolist() == [[math.inf, 5.0, 1.0, 1.0], [3.0, 2.0, 2.0, 2.0]]
    assert sample.test.tolist() == [[math.inf, 15.0, 11.0, 11.0], [13.0, 12.0, 12.0, 12.0]]
    assert sample.of("test") is sample.test
    assert sample.spent.tolist() == [4, 2]
    assert sample.exhausted.tolist() == [False, True]
    assert [losses.tolist() for losses in sample.best] == [[math.inf, 5.0, 1.0, 1.0], [3.0, 2.0]]


def test_twice_the_trials_are_counted_by_the_budget_and_timed_by_the_trial(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random_2x", 0)
    config = trials.metadata(run, 2)["config"] | {"optimizer": {"name": "random_2x", "budget_factor": 2}}
    put(tmp_path, "random_2x", 0, [4.0, 3.0, 2.0, 1.0], budget=2, config=config)
    sample = sampled(tmp_path)[0]["random_2x"]
    assert sample.validation.tolist() == [[3.0, 1.0]]
    assert sample.spent.tolist() == [2]
    assert sample.best[0].tolist() == [4.0, 3.0, 2.0, 1.0]
    one = 0.01 + 0.5 + 0.0025
    np.testing.assert_allclose(sample.clocks[0], list(accumulate([one] * 4)))


def test_seconds_of_the_optimiser_are_unknown_beyond_a_runs_end(tmp_path: Path) -> None:
    put(tmp_path, "grid", 0, [3.0], budget=2, ended="exhausted", ask=0.2)
    put(tmp_path, "grid", 1, [3.0, 2.0], ask=0.1)
    asking = sampled(tmp_path)[0]["grid"].asking
    np.testing.assert_allclose(asking, [[0.25, np.nan], [0.125, 0.125]])


def test_runs_are_paired_where_each_seed_has_a_problem_of_its_own(tmp_path: Path) -> None:
    for seed in range(3):
        for optimizer in ("random", "optuna_tpe"):
            put(tmp_path, optimizer, seed, [3.0, 2.0], problem=f"split-{seed}")
    assert sampled(tmp_path)[1]
    put(tmp_path, "optuna_tpe", 2, [3.0, 2.0], problem="split-7")
    assert not sampled(tmp_path)[1]


def test_runs_are_paired_where_all_began_with_the_shared_design_and_not_where_one_did_not(tmp_path: Path) -> None:
    for optimizer in ("random", "optuna_tpe"):
        run = RunId("e", "iris", "lightgbm", optimizer, 0)
        config = trials.metadata(run, 2)["config"] | {"initial_design": {"name": "shared", "size": 1}}
        put(tmp_path, optimizer, 0, [3.0, 2.0], config=config)
    assert sampled(tmp_path)[1]
    put(tmp_path, "grid", 0, [3.0, 2.0])
    assert not sampled(tmp_path)[1]


def test_frames_stand_under_one_another_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    import pandas as pd

    frame = samples.by_label({"a": pd.DataFrame({"x": [1, 2]}), "b": pd.DataFrame(), "c": pd.DataFrame({"x": [3]})})
    assert frame.to_dict("list") == {"label": ["a", "a", "c"], "x": [1, 2, 3]}
    assert samples.by_label({}).columns.tolist() == ["label"]
