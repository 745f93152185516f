"""How runs are related, read from tables alone: copies, one run under several seeds, shared draws."""

from collections.abc import Sequence
from pathlib import Path

import asked
import trials

from bench.report.runs import relations
from bench.report.statistics.designs import Design
from bench.results import RunId


def put(
    folder: Path, label: str, seed: int, *points: float, losses: Sequence[float | None] | None = None, **more
) -> None:
    """A run that proposes x at these points, whose losses they are unless others are given."""
    asked.put(folder, label, seed, [({"x": x}, loss) for x, loss in zip(points, losses or points, strict=True)], **more)


def design(folder: Path) -> Design:
    return relations.design(*asked.comparison(folder))


def test_the_same_trials_at_every_common_seed_are_a_clone(tmp_path: Path) -> None:
    for seed in range(3):
        put(tmp_path, "tpe", seed, 0.1 + seed, 0.2)
        put(tmp_path, "tpe_multivariate", seed, 0.1 + seed, 0.2)
        put(tmp_path, "other", seed, 0.1 + seed, 0.3)
    found = design(tmp_path)
    assert found.relation("tpe", "tpe_multivariate") == "clone"
    assert found.relation("tpe", "other") == "paired"  # they begin alike
    put(tmp_path, "tpe_multivariate", 2, 2.1, 0.4)
    assert design(tmp_path).relation("tpe", "tpe_multivariate") == "paired"


def test_equal_losses_of_other_configurations_are_no_clone_and_begin_nothing(tmp_path: Path) -> None:
    for seed in range(2):
        put(tmp_path, "a", seed, 0.1, 0.2, losses=[0.5, 0.5 + seed])
        put(tmp_path, "b", seed, 0.3, 0.4, losses=[0.5, 0.5 + seed])
        put(tmp_path, "c", seed, 0.3, 0.4, 0.5, losses=[0.5, 0.5 + seed, 0.1])
    found = design(tmp_path)
    assert found.relation("a", "b") == "unpaired"
    assert found.relation("a", "c") == "unpaired"
    assert found.relation("b", "c") == "nested"


def test_twice_the_budget_of_the_same_draws_is_nested_failures_included(tmp_path: Path) -> None:
    for seed in range(2):
        put(tmp_path, "random", seed, 0.1 + seed, 0.2, losses=[0.1, None])
        put(tmp_path, "random_2x", seed, 0.1 + seed, 0.2, 0.3, 0.4, losses=[0.1, None, 0.3, 0.2])
    assert design(tmp_path).relation("random", "random_2x") == "nested"
    put(tmp_path, "random_2x", 1, 1.1, 0.25, 0.3, 0.4, losses=[0.1, None, 0.3, 0.2])
    assert design(tmp_path).relation("random", "random_2x") == "paired"


def test_one_run_under_several_seeds_is_one_value(tmp_path: Path) -> None:
    for seed in range(3):
        put(tmp_path, "default", seed, 0.5)
        put(tmp_path, "grid", seed, 0.0, 1.0)
        put(tmp_path, "random", seed, 0.1 * seed, 0.9)
    put(tmp_path, "alone", 0, 0.7)
    found = design(tmp_path)
    assert found.single == {"default", "grid"}
    assert found.relation("default", "random") == "value"
    assert found.relation("default", "grid") == "values"
    assert found.relation("alone", "random") == "unpaired"


def test_the_same_configurations_with_other_losses_are_runs_of_their_own(tmp_path: Path) -> None:
    """As with seeds=paired, where each seed has its split."""
    for seed in range(3):
        for label in ("default", "grid"):
            put(tmp_path, label, seed, 0.5, losses=[0.5 + seed + (label == "grid")], problem=f"split-{seed}")
    found = design(tmp_path)
    assert not found.single
    assert found.relation("default", "grid") == "paired"


def test_runs_that_only_begin_alike_at_a_common_seed_are_paired(tmp_path: Path) -> None:
    put(tmp_path, "tpe", 0, 0.1, 0.2)
    put(tmp_path, "tpe", 1, 0.3, 0.4)
    put(tmp_path, "anneal", 1, 0.1, 0.5)
    put(tmp_path, "anneal", 2, 0.3, 0.6)
    assert design(tmp_path).relation("tpe", "anneal") == "unpaired"  # alike, but never at the same seed
    put(tmp_path, "anneal", 1, 0.3, 0.5)
    assert design(tmp_path).relation("tpe", "anneal") == "paired"


def test_runs_without_a_trial_are_like_no_other(tmp_path: Path) -> None:
    for seed in range(2):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "a", seed), [], ended="exhausted")
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "b", seed), [], ended="exhausted")
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "c", seed), [0.5 + seed])
    found = design(tmp_path)
    assert {found.relation("a", "b"), found.relation("a", "c")} == {"unpaired"}
    assert not found.single
