"""The audit: each check sees what is wrong, and says that it was made where nothing is."""

from pathlib import Path
from typing import Any

import pytest
import trials

from bench.report import audit
from bench.report.audit import Finding
from bench.report.runs import curves, selection
from bench.results import RunId

SPACE = {
    "x": {"type": "float", "low": 0.0, "high": 1.0},
    "k": {"type": "int", "low": 1, "high": 64, "log": True},
    "kind": {"type": "categorical", "choices": ["a", "b", None]},
    "y": {"type": "float", "low": 0.0, "high": 1.0, "when": {"kind": "b"}},
}


def config(optimizer: str, budget: int, **changed: Any) -> dict[str, Any]:
    """The config of `trials.metadata` with a space; `changed` replaces whole entries."""
    run = RunId("e", "iris", "lightgbm", optimizer, 0)
    known = trials.metadata(run, budget)["config"]
    return {**known, "model": {"name": run.model, "space": SPACE}, **changed}


def put(folder: Path, optimizer: str, seed: int, losses: list[float | None], **changed: Any) -> None:
    """One sound run on iris, with what its metadata have `changed`."""
    changed.setdefault("config", config(optimizer, len(losses)))
    trials.put(folder, RunId("e", "iris", "lightgbm", optimizer, seed), losses, **changed)


def fill(folder: Path, seeds: int = 10, **changed: Any) -> None:
    """Two optimisers whose runs all improve to the last trial, each to a loss of its own."""
    for optimizer in ("random", "tpe"):
        for seed in range(seeds):
            put(folder, optimizer, seed, [1.0, 0.9, 0.5, 0.2 + 0.01 * seed], **changed)


def environment(**changed: Any) -> dict[str, Any]:
    return {**trials.metadata(RunId("e", "iris", "lightgbm", "random", 0))["provenance"], **changed}


def audited(folder: Path) -> list[Finding]:
    reading = selection.read(folder, selection.selection(["e"]))
    (comparison,) = curves.comparisons(reading.results)
    return audit.findings(comparison, reading.results, reading.left_out)


def levels_and_texts(folder: Path, subject: str) -> list[tuple[str, str]]:
    """What is found of one subject, as (level, text)."""
    return [(finding.level, finding.text) for finding in audited(folder) if finding.subject == subject]


def test_where_nothing_is_wrong_every_check_says_so(tmp_path: Path) -> None:
    fill(tmp_path)
    findings = audited(tmp_path)
    assert {finding.subject for finding in findings if finding.level == "ok"} == {
        *("space", "declarations", "budgets", "seeds", "missing runs"),
        *("environment", "threads", "hosts", "resuming", "failures", "plateaus"),
    }
    assert {finding.subject for finding in findings if finding.level != "ok"} == {"repetitions", "initial design"}
    assert {finding.level for finding in findings} == {"note", "ok"}
    assert levels_and_texts(tmp_path, "space")[0][1].startswith("all runs searched the same space of 4 parameters")
    assert levels_and_texts(tmp_path, "failures") == [("ok", "all 80 trials succeeded")]
    assert levels_and_texts(tmp_path, "missing runs") == [("ok", "every optimiser has the same 10 seeds: 0-9")]
    assert levels_and_texts(tmp_path, "plateaus") == [
        ("ok", "0 of 20 runs found nothing better in the second half of their budget")
    ]


def test_a_space_of_which_most_is_tried_ranks_nobody_for_good(tmp_path: Path) -> None:
    def of_size(count: int) -> list[tuple[str, str]]:
        space = {"k": {"type": "int", "low": 1, "high": count}, "on": {"type": "categorical", "choices": [True, False]}}
        fill(tmp_path, 2, config=config("random", 4, model={"name": "lightgbm", "space": space}))
        return levels_and_texts(tmp_path, "size of the space")

    ((level, text),) = of_size(3)
    assert level == "warning"
    assert text.startswith("the space has 6 configurations, of which 4 evaluations try most")
    assert of_size(4) == []


def test_the_gravest_stands_first(tmp_path: Path) -> None:
    fill(tmp_path, seeds=3)
    (tmp_path / "e/iris/lightgbm/random/0.parquet").write_bytes(b"PAR1")
    levels = [finding.level for finding in audited(tmp_path)]
    assert levels == sorted(levels, key=audit.LEVELS.index)
    assert levels[0] == "error"
    assert levels[-1] == "ok"


def test_a_run_that_cannot_be_read_is_an_error_in_its_own_comparison_alone(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "e/iris/lightgbm/random/0.parquet").write_bytes(b"PAR1")
    elsewhere = tmp_path / "e/wine/lightgbm/random/0.parquet"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"PAR1")
    ((level, text),) = levels_and_texts(tmp_path, "unreadable runs")
    assert level == "error"
    assert text.startswith("e/iris/lightgbm/random/0 is left out: ")
    assert (
        "warning",
        "fewer runs than the 10 of others (random: 9); seeds that others have: random: 0",
    ) in levels_and_texts(tmp_path, "missing runs")


@pytest.mark.parametrize(
    ("changed", "subject", "level", "text"),
    [
        ({"provenance": environment(threads=4)}, "threads", "warning", "different numbers of threads (1, 4)"),
        ({"provenance": environment(host="other")}, "hosts", "note", "2 hosts"),
        ({"provenance": environment(cpu="Another")}, "environment", "warning", "cpu: Example CPU @ 3 GHz, Another"),
        (
            {"provenance": environment(versions={"lightgbm": "4.7.0"})},
            "environment",
            "warning",
            "versions.lightgbm: 4.6.0, 4.7.0",
        ),
        ({"diverged_at": 2}, "resuming", "warning", "e/iris/lightgbm/tpe/9"),
        ({"declared": {"laws": {}, "inactive": "default"}}, "declarations", "warning", "different things of it: tpe"),
        ({"problem": "another split"}, "repetitions", "warning", "different splits or models with seed 9"),
        (
            {"config": config("tpe", 4, model={"name": "lightgbm", "space": {"x": {**SPACE["x"], "high": 2.0}}})},
            "space",
            "error",
            "x.high",
        ),
        ({"config": config("tpe", 4, model={"name": "lightgbm"})}, "space", "note", "1 runs do not record"),
        ({"config": config("tpe", 4, seeds=None)}, "repetitions", "note", "not recorded"),
    ],
)
def test_one_run_unlike_the_others_is_seen(
    tmp_path: Path, changed: dict[str, Any], subject: str, level: str, text: str
) -> None:
    fill(tmp_path)
    put(tmp_path, "tpe", 9, [1.0, 0.9, 0.5, 0.2], **changed)
    findings = levels_and_texts(tmp_path, subject)
    assert [grade for grade, _ in findings] == [level]
    assert text in findings[0][1]


def test_a_space_in_another_order_is_another_space(tmp_path: Path) -> None:
    fill(tmp_path)
    swapped = dict(reversed(SPACE.items()))
    put(tmp_path, "tpe", 9, [1.0, 0.2], config=config("tpe", 2, model={"name": "lightgbm", "space": swapped}))
    assert levels_and_texts(tmp_path, "space") == [
        ("error", "runs searched different spaces (the order of the parameters)")
    ]


def test_two_revisions_of_one_adapter_are_seen_and_two_adapters_are_not(tmp_path: Path) -> None:
    for seed in range(10):
        put(tmp_path, "random", seed, [1.0], provenance=environment(optimizer_revision=1))
        put(tmp_path, "tpe", seed, [1.0], provenance=environment(optimizer_revision=2))
    assert [level for level, _ in levels_and_texts(tmp_path, "optimiser versions")] == ["ok"]
    put(tmp_path, "tpe", 3, [1.0], provenance=environment(optimizer_revision=3))
    assert levels_and_texts(tmp_path, "optimiser versions") == [
        ("warning", "runs of one optimiser come from different revisions or versions of it: tpe")
    ]


def test_laws_far_from_the_spaces_are_named(tmp_path: Path) -> None:
    laws = {"k": {"expression": "q", "total_variation": 0.17}, "x": {"expression": "u", "total_variation": 0.001}}
    fill(tmp_path, declared={"laws": laws})
    ((level, text),) = levels_and_texts(tmp_path, "declarations")
    assert level == "note"
    assert "tpe draws k at a total variation of 0.17" in text
    assert "draws x" not in text


def test_budgets_that_differ_are_named_and_not_called_equal(tmp_path: Path) -> None:
    put(tmp_path, "random", 0, [1.0, 0.5])
    put(tmp_path, "tpe", 0, [1.0, 0.5, 0.4])
    assert levels_and_texts(tmp_path, "budgets") == [
        ("warning", "budgets differ (random: 2, tpe: 3); final losses stand after 2 evaluations")
    ]


def test_runs_that_ended_early_are_noted(tmp_path: Path) -> None:
    fill(tmp_path)
    put(tmp_path, "grid", 0, [1.0, 0.5], config=config("grid", 4), ended="exhausted")
    assert (
        "note",
        "runs that had exhausted the search space before the end, their last loss carried on: grid (1 of 1)",
    ) in (levels_and_texts(tmp_path, "budgets"))


def test_paired_repetitions_and_shared_designs_are_in_order(tmp_path: Path) -> None:
    for optimizer in ("random", "tpe"):
        for seed in range(3):
            shared = config(
                optimizer, 1, seeds={"split": "seed", "model": "seed"}, initial_design={"name": "shared", "size": 5}
            )
            put(tmp_path, optimizer, seed, [1.0], problem=f"split {seed}", config=shared)
    assert [level for level, _ in levels_and_texts(tmp_path, "repetitions")] == ["ok"]
    assert levels_and_texts(tmp_path, "initial design") == [
        ("ok", "every optimiser began with the same 5 configurations, drawn from the seed")
    ]
    put(tmp_path, "smac", 2, [1.0], problem="split 2")
    assert levels_and_texts(tmp_path, "initial design") == [("warning", "runs began with different initial designs")]
    put(tmp_path, "smac", 2, [1.0], problem="split 2", config=config("smac", 1, initial_design=None))
    assert levels_and_texts(tmp_path, "initial design") == [("note", "how they began is not recorded of every run")]


@pytest.mark.parametrize(("seeds", "level"), [(5, "warning"), (6, "ok")])
def test_fewer_than_six_seeds_are_few(tmp_path: Path, seeds: int, level: str) -> None:
    fill(tmp_path, seeds)
    assert [grade for grade, _ in levels_and_texts(tmp_path, "seeds")] == [level]


def test_as_many_runs_of_other_seeds_are_noted(tmp_path: Path) -> None:
    put(tmp_path, "random", 0, [1.0])
    put(tmp_path, "tpe", 1, [1.0])
    assert levels_and_texts(tmp_path, "missing runs") == [
        ("note", "as many runs each, but of different seeds; others have random: 1; tpe: 0")
    ]


def test_failures_are_counted_and_runs_without_success_named(tmp_path: Path) -> None:
    fill(tmp_path)
    put(tmp_path, "tpe", 9, [1.0, None, 0.5, 0.2])
    assert levels_and_texts(tmp_path, "failures") == [
        ("note", "trials that failed, counted in the budget: tpe (1 of 40)")
    ]
    put(tmp_path, "tpe", 9, [None] * 4)
    assert levels_and_texts(tmp_path, "failures") == [
        ("warning", "runs in which no trial succeeded, counted as infinite: tpe (1 of 10)"),
        ("note", "trials that failed, counted in the budget: tpe (4 of 40)"),
    ]


def test_runs_that_stood_still_in_the_second_half_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    losses = {
        "random": [[3, 1, 2, 2], [3, 1, 1, 1], [3, 2, 1, 2], [3, 1, 2, 2, 0.5], [3, 2, 1, 4, 4]],
        "tpe": [[3, 2, 1, 2], [3, 1, 1, 2], [3, 2, 3, 1], [2, 1, 3, 2, 0.5], [3, 2, 1, 4, 0]],
    }
    still = {}
    for optimizer, runs in losses.items():
        for seed, values in enumerate(runs):
            put(tmp_path, optimizer, seed, [float(value) for value in values])
        still[optimizer] = sum(min(values) == min(values[: -(-len(values) // 2)]) for values in runs)
    assert still == {"random": 3, "tpe": 1}
    assert levels_and_texts(tmp_path, "plateaus") == [
        ("note", "most runs found nothing better in the second half of their budget: random (3 of 5)")
    ]


def test_where_all_end_at_one_loss_the_problem_tells_nothing(tmp_path: Path) -> None:
    for seed in range(3):
        put(tmp_path, "random", seed, [1.0, 0.5, 0.25])
        put(tmp_path, "tpe", seed, [0.25, 1.0])
    ((level, text),) = levels_and_texts(tmp_path, "plateaus")
    assert level == "warning"
    assert text.startswith("every run ends at the same loss, 0.25")


@pytest.mark.parametrize("losses", [[], [None], [1.0], [None, None]])
def test_the_smallest_results_can_be_audited(tmp_path: Path, losses: list[float | None]) -> None:
    put(tmp_path, "random", 0, losses, ended="exhausted")
    assert {finding.subject for finding in audited(tmp_path)} >= {"budgets", "seeds", "environment", "failures"}


def test_runs_of_which_nothing_is_recorded_get_notes_and_no_false_praise(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "log", 0)
    trials.put(tmp_path, run, [1.0, 0.5], config={}, provenance={}, declared=None, imported={"file": "log.csv"})
    praised = {finding.subject for finding in audited(tmp_path) if finding.level == "ok"}
    assert praised == {"budgets", "missing runs", "resuming", "failures", "plateaus"}
    assert levels_and_texts(tmp_path, "origin")[0][0] == "warning"


def test_warnings_are_those_findings_that_say_that_runs_were_made_unequally(tmp_path: Path) -> None:
    fill(tmp_path, seeds=3)
    put(tmp_path, "tpe", 3, [1.0, 0.2], diverged_at=1)
    reading = selection.read(tmp_path, selection.selection(["e"]))
    (comparison,) = curves.comparisons(reading.results)
    texts = {finding.text for finding in audit.findings(comparison, reading.results) if finding.level == "warning"}
    warned = [line.removeprefix("iris/lightgbm: ") for line in audit.warnings(comparison, reading.results)]
    assert set(warned) < texts
    assert [line.split(" (")[0].split(":")[0] for line in warned] == [
        "budgets differ",
        "the runs of tpe have different budgets; its curve ends where the smallest does",
        "fewer runs than the 4 of others",
        "resumed with another sequence than before they were interrupted",
    ]


def test_a_library_that_some_environments_lack_is_no_difference_unless_the_model_computes_with_it(
    tmp_path: Path,
) -> None:
    fill(tmp_path, seeds=2, computed_by={"lightgbm": "4.6.0"})
    less = environment(versions={"lightgbm": "4.6.0"})  # without the others' optuna
    put(tmp_path, "tpe", 2, [1.0], provenance=less, computed_by={"lightgbm": "4.6.0"})
    assert levels_and_texts(tmp_path, "environment")[0][0] == "ok"
    put(tmp_path, "tpe", 3, [1.0], provenance=less, computed_by={"lightgbm": "4.6.0", "numpy": "1.0"})
    ((level, text),) = levels_and_texts(tmp_path, "environment")
    assert level == "warning"
    assert "(model.numpy: None, 1.0)" in text
