"""Reference values: what they are taken from, and that they stay what they were."""

import json
import math
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import trials

from bench import results
from bench.errors import UserError
from bench.report.runs import curves, references
from bench.report.runs.references import Stored
from bench.report.statistics.random_search import Reference
from bench.results import Results, RunId

DRAWS = {0: [5.0, 3.0, 4.0], 1: [2.0, None, 6.0]}


def loaded(folder: Path, *experiments: str) -> tuple[curves.Comparison, Results]:
    loaded_results = results.read(folder, experiments or ("e",), columns=curves.COLUMNS)
    (comparison,) = curves.comparisons(loaded_results)
    return comparison, loaded_results


def put(folder: Path, optimizer: str, seed: int, losses: list, experiment: str = "e", **changed: object) -> None:
    trials.put(folder, RunId(experiment, "iris", "lightgbm", optimizer, seed), losses, **changed)


def with_class(run: RunId, name: str, factor: int = 1) -> dict:
    config = trials.metadata(run, 3)["config"]
    optimizer = {"name": run.optimizer, "class": name, "budget_factor": factor}
    return {**config, "optimizer": optimizer}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, losses in DRAWS.items():
        put(tmp_path, "random", seed, losses)
        put(tmp_path, "optuna_tpe", seed, [5.0, 3.0 - seed, 1.5])
    return tmp_path


def test_they_are_the_least_loss_of_all_and_the_median_over_all_subsets_of_randoms_draws(folder: Path) -> None:
    comparison, loaded_results = loaded(folder)
    (stored,) = references.find(comparison, loaded_results).values()
    pool = [5.0, 3.0, 4.0, 2.0, math.inf, 6.0]
    subsets = sorted(min(chosen) for chosen in combinations(pool, 3))
    assert stored.draws == 6
    assert stored.reference == Reference(1.5, subsets[math.ceil(len(subsets) / 2) - 1], 3)
    assert subsets[0] <= stored.reference.random <= median(pool)


def test_runs_that_drew_the_same_sequence_count_once_the_longest_of_them(tmp_path: Path) -> None:
    longer = RunId("e", "iris", "lightgbm", "random_2x", 0)
    put(tmp_path, "random", 0, [5.0, 3.0, 4.0])
    put(
        tmp_path, "random_2x", 0, [5.0, 3.0, 4.0, 9.0, 8.0, 7.0], budget=3,
        config=with_class(longer, "bench.optimizers.random_search.RandomSearch", 2),
    )  # fmt: skip
    (pool,) = references.pools(*loaded(tmp_path)).values()
    assert sorted(pool) == [3.0, 4.0, 5.0, 7.0, 8.0, 9.0]


def test_another_librarys_random_search_is_not_in_the_pool_even_under_the_name_random(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 0)
    put(tmp_path, "random", 0, [5.0, 3.0], config=with_class(run, "bench.optimizers.hyperopt_fmin.Random"), budget=2)
    comparison, loaded_results = loaded(tmp_path)
    assert references.pools(comparison, loaded_results) == {}
    (stored,) = references.find(comparison, loaded_results).values()
    assert stored == Stored(Reference(3.0, math.inf, comparison.evaluations), 0)


def test_a_shared_sobol_design_is_no_draw_of_random_search(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 0)
    rows = trials.trial_rows(run, [1.0, 3.0, 4.0])
    rows[0]["initial"] = True
    for method, expected in (("sobol", [3.0, 4.0]), ("random", [1.0, 3.0, 4.0])):
        config = trials.metadata(run, 3)["config"] | {"initial_design": {"name": "shared", "method": method}}
        results.write_run(run.path(tmp_path), rows, trials.metadata(run, 3, config=config))
        (pool,) = references.pools(*loaded(tmp_path)).values()
        assert pool.tolist() == expected


def test_a_functions_known_minimum_is_the_best_unless_losses_have_noise(tmp_path: Path) -> None:
    put(tmp_path, "random", 0, [5.0, 3.0], known_minimum=0.25, noise=0.0)
    assert next(iter(references.find(*loaded(tmp_path)).values())).reference.best == 0.25
    put(tmp_path, "random", 0, [5.0, 3.0], known_minimum=0.25, noise=0.5)
    assert next(iter(references.find(*loaded(tmp_path)).values())).reference.best == 3.0


def test_stored_values_stay_while_they_stand_after_as_many_evaluations() -> None:
    now = {"p": Stored(Reference(1.0, 2.0, 20), 200), "q": Stored(Reference(1.0, 2.0, 20), 200)}
    stored = {"p": Stored(Reference(1.5, 2.5, 20), 100), "q": Stored(Reference(1.5, 2.5, 10), 100)}
    assert references.kept(stored, now) == {"p": stored["p"], "q": now["q"]}


def test_a_better_loss_than_the_stored_best_is_said(folder: Path) -> None:
    comparison, loaded_results = loaded(folder)
    now = references.find(comparison, loaded_results)
    assert references.outdated(comparison, now, now) is None
    before = {problem: Stored(Reference(1.75, 3.0, 3), 6) for problem in now}
    assert references.outdated(comparison, before, now) == (
        "iris/lightgbm: scores are measured by the references stored with the report, whose best known loss 1.75 is "
        "beaten by 1.5: such scores are below 0; --new-references takes new ones"
    )


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    stored = {"b": Stored(Reference(0.1 + 0.2, math.inf, 20), 0), "a": Stored(Reference(-1e-300, 2.0, 3), 6)}
    (tmp_path / references.FILE).write_text(references.to_json(stored))
    assert references.read(tmp_path) == stored
    assert list(json.loads(references.to_json(stored))["problems"]) == ["a", "b"]
    assert references.read(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "problems": {"p": {"best": 1}}}'])
def test_a_damaged_file_gives_one_line_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / references.FILE).write_text(content)
    with pytest.raises(UserError, match=r"no readable reference values .*; delete it, or give --new-references"):
        references.read(tmp_path)


def test_each_problem_has_its_own_pool_where_split_follows_the_seed(tmp_path: Path) -> None:
    for seed, losses in DRAWS.items():
        put(tmp_path, "random", seed, losses, problem=f"split-{seed}")
    pools = references.pools(*loaded(tmp_path))
    assert {problem: pool.tolist() for problem, pool in pools.items()} == {
        "split-0": [5.0, 3.0, 4.0],
        "split-1": [2.0, np.inf, 6.0],
    }
