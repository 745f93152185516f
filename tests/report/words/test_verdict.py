"""The verdict in words: what it says follows from the runs, and it claims nothing that they do not support."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import trials

from bench.report.analysis.across import across
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.look import style
from bench.report.runs import curves, selection
from bench.report.tables import tables
from bench.report.words import verdict
from bench.results import RunId

Put = Callable[..., None]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Runs of one optimiser, a list of losses each."""

    def write(name: str, runs: Sequence[Sequence[float | None]], dataset: str = "iris", **more) -> None:
        for seed, losses in enumerate(runs):
            trials.put(tmp_path, RunId("e", dataset, "lightgbm", name, seed), losses, **more)

    return write


def analyses(folder: Path) -> list[Analysis]:
    reading = selection.read(folder, selection.selection(["e"]))
    return [analyse(comparison, reading.results) for comparison in curves.comparisons(reading.results)]


def sentences(folder: Path) -> str:
    (only,) = analyses(folder)
    return " ".join(verdict.verdict(only))


def shifted(level: float, seeds: int, steps: int = 4) -> list[list[float]]:
    """Runs that fall to `level` and a little above, by seed."""
    return [[level + 1 / step + seed / 1000 for step in range(1, steps + 1)] for seed in range(seeds)]


def test_a_clear_winner_is_told_apart_and_its_speed_up_named(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    text = sentences(tmp_path)
    assert text.startswith(
        "**optuna_tpe** reaches what random search finds in 4 evaluations after 2 (95 % interval 2 to"
    )
    assert "in the median 0.3545 (95 % interval 0.3510 to 0.3580)" in text
    assert "It is told apart from every other with these 10 seeds" in text
    assert "Random search is number 2 of 2, 2.13 times the least." in text


def test_what_cannot_be_told_apart_is_said_with_the_seeds(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    put(
        "skopt_gp",
        [[loss + (0.001 if seed % 2 else -0.001) for loss in run] for seed, run in enumerate(shifted(0.1, 10))],
    )
    text = sentences(tmp_path)
    assert "cannot be told from" in text
    assert "from the others it can" in text
    assert "seeds each" in text


def test_with_few_seeds_no_test_is_claimed(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 3))
    put("optuna_tpe", shifted(0.1, 3))
    text = sentences(tmp_path)
    assert "With these 3 seeds no test can tell it from any other: 4 seeds each would be needed for 1 pair." in text
    assert "too few for an interval" in text
    assert "told apart" not in text


def test_one_seed_and_one_optimiser_are_said(tmp_path: Path, put: Put) -> None:
    put("optuna_tpe", [[0.5, 0.25]])
    assert sentences(tmp_path) == (
        "**optuna_tpe** reaches in its one run a validation log loss of 0.2500 after 2 evaluations; there is no other "
        "optimiser to compare it with."
    )
    put("random", [[0.75]])
    text = sentences(tmp_path)
    assert "after 1 evaluation, in its one run" in text
    assert "1 evaluations" not in text
    assert "With one seed no test can tell it" in text


def test_random_search_may_win(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.1, 10))
    put("grid", shifted(0.5, 10))
    text = sentences(tmp_path)
    assert text.startswith("**random** has the least validation log loss after 4 evaluations")
    assert "reaches what random search finds" not in text


def test_those_that_do_not_reach_randoms_loss_are_named(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.3, 10))
    put("optuna_tpe", shifted(0.1, 10))
    put("grid", shifted(0.5, 10))
    assert "Random search is number 2 of 3, 56.4 % above the least; grid does not reach its final loss." in sentences(
        tmp_path
    )


def test_a_test_part_that_disagrees_is_said(tmp_path: Path, put: Put) -> None:
    for seed in range(10):
        low, high = 0.2 + seed / 1000, 0.4 + seed / 1000
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), [low], [high])
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [high], [low])
    text = sentences(tmp_path)
    assert (
        "On test data random is first, and is told apart from optuna_tpe: what was gained on validation is lost."
        in text
    )


def test_a_test_part_that_agrees_is_said(tmp_path: Path, put: Put) -> None:
    for seed in range(10):
        low, high = 0.2 + seed / 1000, 0.4 + seed / 1000
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), [low], [low])
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [high], [high])
    assert "On test data optuna_tpe is first too." in sentences(tmp_path)


def test_what_only_the_validation_part_tells_apart_is_said(tmp_path: Path, put: Put) -> None:
    for seed in range(10):
        low, high = 0.2 + seed / 1000, 0.4 + seed / 1000
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), [low], [low])
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [high], [low + 0.0001])
    text = sentences(tmp_path)
    assert "It is told apart from every other" in text
    assert "On test data optuna_tpe is first too, but there it cannot be told from random." in text


def test_runs_that_are_all_alike_are_no_repetitions(tmp_path: Path, put: Put) -> None:
    put("nevergrad", [[0.5, 0.1]] * 10)
    put("random", shifted(0.3, 10, 2))
    assert "All of its 10 runs end at the same loss" in sentences(tmp_path)
    (only,) = analyses(tmp_path)
    assert "All of its 10 runs end at the same loss" in verdict.short(only)


@pytest.mark.parametrize("losses", [[None, None], [None]])
def test_nothing_found_is_no_verdict(tmp_path: Path, put: Put, losses: list[None]) -> None:
    put("random", [losses] * 3)
    put("grid", [losses] * 3)
    assert sentences(tmp_path).startswith("At least half of the runs of every optimiser found nothing")


def test_no_trial_is_said(tmp_path: Path, put: Put) -> None:
    put("random", [[]], ended="exhausted")
    assert sentences(tmp_path) == "No trial was made: there is nothing to compare."


def test_too_few_problems_are_no_test(tmp_path: Path, put: Put) -> None:
    for dataset in ("iris", "wine"):
        put("random", [[0.5]], dataset)
        put("grid", [[0.4]], dataset)
    together = across(analyses(tmp_path))
    assert together is not None
    text = " ".join(verdict.verdict_across(together))
    assert text.startswith("Over 2 problems **grid** has the best average rank, 1.00 of 2. That is too few problems")


@pytest.mark.parametrize("differ", [True, False])
def test_ranks_over_enough_problems_are_tested(tmp_path: Path, put: Put, differ: bool) -> None:
    for place in range(6):
        first = 0.1 if differ or place % 2 else 0.3
        put("grid", [[first]], f"d{place}")
        put("random", [[0.2]], f"d{place}")
    together = across(analyses(tmp_path))
    assert together is not None
    text = " ".join(verdict.verdict_across(together))
    if differ:
        assert "The ranks differ (Friedman's test, p = 0.014)" in text
        assert "grid is told apart from every other" in text
    else:
        assert "**grid** and **random** have the best average rank, 1.50 of 2" in text
        assert "The ranks do not differ more than chance would make them" in text


def doubled(folder: Path, runs: Sequence[Sequence[float]], dataset: str = "iris") -> None:
    """Runs of random_2x, of two trials for each of the budget."""
    for seed, losses in enumerate(runs):
        run = RunId("e", dataset, "lightgbm", "random_2x", seed)
        budget = len(losses) // 2
        config = trials.metadata(run, budget)["config"] | {"optimizer": {"name": run.optimizer, "budget_factor": 2}}
        trials.put(folder, run, losses, budget=budget, config=config)


def test_what_spends_more_is_a_yardstick_and_never_the_best(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    doubled(tmp_path, shifted(0.0, 10, steps=8))
    (analysis,) = analyses(tmp_path)
    assert analysis.order("validation") == ["random_2x", "optuna_tpe", "random"]
    assert (analysis.best("validation"), set(analysis.power)) == ("optuna_tpe", set())
    text = " ".join(verdict.verdict(analysis))
    assert text.startswith("**optuna_tpe** reaches what random search finds in 4 evaluations")
    assert "It is told apart from every other with its budget with these 10 seeds" in text
    assert "random_2x, with 2 evaluations for each of the budget, ends 63.5 % below it and is told from it." in text
    assert "Random search is number 2 of 2" in text
    cells = {
        row[0].text: row[3] for row in next(iter(tables.tables(analysis, style.styles(analysis.samples)))).shown.rows
    }
    assert {name: cell.mark for name, cell in cells.items()} == {"random_2x": "", "optuna_tpe": "best", "random": ""}


@pytest.mark.parametrize("with_random", [True, False])
def test_a_yardstick_with_one_other_or_alone(tmp_path: Path, put: Put, with_random: bool) -> None:
    doubled(tmp_path, shifted(0.5, 10, steps=8))
    if with_random:
        put("random", shifted(0.5, 10))
    text = sentences(tmp_path)
    assert text.startswith("**random** has the least" if with_random else "**random_2x** reaches in the median")
    assert ("ends 16.6 % below it" in text) == with_random


def test_a_yardstick_that_alone_succeeds_does_not_make_a_best(tmp_path: Path, put: Put) -> None:
    put("random", [[None]] * 10)
    doubled(tmp_path, [[0.9, 0.5]] * 10)
    assert (
        sentences(tmp_path)
        == "At least half of the runs of every optimiser found nothing: there is no median loss to compare."
    )


def test_beside_a_best_of_zero_a_yardstick_has_its_place_too(tmp_path: Path, put: Put) -> None:
    put("random", [[0.5, 0.0]] * 10)
    doubled(tmp_path, [[0.5, 0.5, 0.5, 0.25]] * 10)
    assert "ends 0.25 above it and is told from it." in sentences(tmp_path)
    doubled(tmp_path, [[0.5, 0.5, 0.5, 0.0]] * 10)
    assert "ends level with it and cannot be told from it." in sentences(tmp_path)


def test_power_is_of_the_best_whatever_decides_between_equal_medians(tmp_path: Path, put: Put) -> None:
    put("random", [[0.1]] * 3 + [[0.2]] * 7)
    put("grid", [[0.2]] * 10)
    put("optuna_tpe", [[0.2]] * 9 + [[0.19]])
    (analysis,) = analyses(tmp_path)
    assert analysis.best("validation") == analysis.final["label"].iloc[0] == "random"
    assert set(analysis.power) <= {"grid", "optuna_tpe"}


def test_a_yardstick_has_no_rank_over_problems(tmp_path: Path, put: Put) -> None:
    for number in range(6):
        put("random", shifted(0.5, 3), dataset=f"d{number}")
        put("grid", shifted(0.6, 3), dataset=f"d{number}")
        doubled(tmp_path, shifted(0.1, 3, steps=8), dataset=f"d{number}")
    together = across(analyses(tmp_path))
    assert together is not None
    assert together.ranks["validation"]["label"].tolist() == ["random", "grid"]
    assert verdict.verdict_across(together)[0].startswith(
        "Over 6 problems **random** has the best average rank, 1.00 of 2"
    )
