"""The verdict in words: what it says follows from the runs, and it claims nothing that they do not support."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import trials

from bench.report.analysis.comparison import Analysis, analyse
from bench.report.look import style
from bench.report.runs import curves, selection
from bench.report.statistics.pairs import Groups
from bench.report.tables import tables
from bench.report.words import verdict
from bench.report.words.names import worse
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
    return [analyse(comparison, reading) for comparison in curves.comparisons(reading.results)]


def sentences(folder: Path) -> str:
    (only,) = analyses(folder)
    return " ".join(verdict.verdict(only))


def shifted(level: float, seeds: int, steps: int = 4) -> list[list[float]]:
    """Runs that fall to `level` and a little above, by seed."""
    return [[level + 1 / step + seed / 1000 for step in range(1, steps + 1)] for seed in range(seeds)]


def test_a_clear_winner_is_best_with_its_tests_and_on_what_it_holds(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    text = sentences(tmp_path)
    assert text.startswith(
        "**optuna_tpe** is best: its final loss is significantly lower than that of random search (p = below 0.001, "
        "10 seeds) after 4 evaluations on this one split. Its validation log loss is 0.3545 (95 % confidence interval "
        "0.3510 to 0.3580) in the median."
    )
    assert "optuna_tpe reaches random search's median final loss after 2 evaluations (98 % confidence interval" in text
    put("grid", shifted(0.6, 10))
    assert "is significantly lower than that of every other optimiser (largest p = " in sentences(tmp_path)


def test_level_ones_are_named_first_and_the_worse_after_them(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    put(
        "skopt_gp",
        [[loss + (0.001 if seed % 2 else -0.001) for loss in run] for seed, run in enumerate(shifted(0.1, 10))],
    )
    text = sentences(tmp_path)
    assert text.startswith(
        "No clear winner: with 10 seeds optuna_tpe and skopt_gp are statistically level after 4 evaluations on this "
        "one split. Random search is significantly worse than all of them."
    )
    assert "best" not in text
    assert "Separating optuna_tpe, if they differ at all, would take: from skopt_gp at least " in text


def test_worse_is_said_of_one_or_of_all_that_are_level() -> None:
    alone = Groups(("a",), {"b": ("a",), "c": ("b",), "d": ("b",)})
    assert [*worse(alone, "abcd")] == [
        "b is significantly worse than it.",
        "c and d are significantly worse than b.",
    ]
    two = Groups(("a", "b"), {"c": ("a", "b")})
    assert [*worse(two, "abc")] == ["c is significantly worse than all of them."]


def test_all_level_is_said_of_all(tmp_path: Path, put: Put) -> None:
    for place, name in enumerate(("random", "optuna_tpe", "grid")):
        put(name, [[0.5 + (3 * seed + place) % 7 / 100 + place / 10000] for seed in range(10)])
    text = sentences(tmp_path)
    assert text.startswith("No clear winner: with 10 seeds all three optimisers (")
    assert "None of them is significantly better than random search." in text


def test_equal_losses_are_no_win(tmp_path: Path, put: Put) -> None:
    for name in ("random", "optuna_tpe", "grid"):
        put(name, [[0.5 + len(name) * seed, 0.0337] for seed in range(1, 11)])
    text = sentences(tmp_path)
    assert text.startswith("All three optimisers end at the same loss, 0.03370; this problem does not separate them.")
    assert "best" not in text
    assert "lowest" not in text


def test_with_few_seeds_there_is_no_ranking_but_the_seeds_that_it_takes(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 3))
    put("optuna_tpe", shifted(0.1, 3))
    text = sentences(tmp_path)
    assert text.startswith("No ranking: 3 seeds are too few for any test; 2 optimisers need 4 seeds each (unpaired).")
    assert "The lowest validation log loss, that of optuna_tpe, is 0.3510 in the median." in text
    assert not any(word in text for word in ("best", "level", "significantly", "interval"))


def test_paired_seeds_say_over_how_many_splits(tmp_path: Path, put: Put) -> None:
    for seed in range(7):
        for name, loss in (("random", 0.5), ("optuna_tpe", 0.1)):
            run = RunId("e", "iris", "lightgbm", name, seed)
            trials.put(tmp_path, run, [loss + seed / 10], problem=f"split-{seed}")
    text = sentences(tmp_path)
    assert "(p = 0.016, 7 seeds) after 1 evaluation over 7 splits." in text


def test_one_seed_and_one_optimiser_are_said(tmp_path: Path, put: Put) -> None:
    put("optuna_tpe", [[0.5, 0.25]])
    assert sentences(tmp_path) == (
        "**optuna_tpe** reaches in its one run a validation log loss of 0.2500 after 2 evaluations; there is no other "
        "optimiser to compare it with."
    )
    put("random", [[0.75]])
    assert sentences(tmp_path).startswith("No ranking: 1 seed is too few for any test; 2 optimisers need 4 seeds each")


def test_a_newcomer_with_one_seed_takes_nobodys_place(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    before = sentences(tmp_path)
    put("my_es", [[0.01, 0.01, 0.01, 0.01]])
    after = sentences(tmp_path)
    extra = "my_es has 1 seed: shown, not ranked; 3 are needed for a test in this comparison, 6 for an interval."
    assert after == f"{before} {extra}"


def test_random_search_may_win(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.1, 10))
    put("grid", shifted(0.5, 10))
    text = sentences(tmp_path)
    assert text.startswith("**Random search** is best: its final loss is significantly lower than that of grid search")
    assert "reaches random search's" not in text
    assert "better than random" not in text


def test_who_beats_random_search_is_named(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.3, 10))
    put("optuna_tpe", shifted(0.1, 10))
    put("grid", shifted(0.5, 10))
    assert "Significantly better than random search: optuna_tpe." in sentences(tmp_path)


def on_test(folder: Path, **losses: tuple[float, float]) -> str:
    """Validation and test losses of ten seeds each."""
    for seed in range(10):
        for name, (validation, test) in losses.items():
            run = RunId("e", "iris", "lightgbm", name, seed)
            trials.put(folder, run, [validation + seed / 1000], [test + seed / 1000], baseline_loss=1.0)
    return sentences(folder)


def test_a_test_part_that_disagrees_is_said(tmp_path: Path) -> None:
    text = on_test(tmp_path, optuna_tpe=(0.2, 0.4), random=(0.4, 0.2))
    assert "On test data random search alone is significantly worse than no other." in text
    assert "optuna_tpe is significantly worse than random search there: what it gained on validation data does" in text


def test_a_test_part_that_agrees_is_said(tmp_path: Path) -> None:
    assert "On test data optuna_tpe is best too." in on_test(tmp_path, optuna_tpe=(0.2, 0.2), random=(0.4, 0.4))


def test_what_only_the_validation_part_separates_is_said(tmp_path: Path) -> None:
    text = on_test(tmp_path, optuna_tpe=(0.2, 0.2), random=(0.4, 0.2001))
    assert "On test data optuna_tpe and random search are statistically level." in text


def test_what_is_lost_between_validation_and_test_is_said(tmp_path: Path) -> None:
    text = on_test(tmp_path, optuna_tpe=(0.049, 0.397), random=(0.3, 0.35))
    assert (
        "Validation and test data disagree: optuna_tpe has a median loss of 0.05350 on the one and 0.40150 on" in text
    )
    assert "disagree" not in on_test(tmp_path, optuna_tpe=(0.2, 0.25), random=(0.3, 0.35))


def test_no_better_than_knowing_nothing_is_said_first(tmp_path: Path) -> None:
    text = on_test(tmp_path, optuna_tpe=(1.0, 1.0), random=(1.1, 1.1))
    assert text.startswith("None of them is better than a model that knows nothing (1.000): check the data.")
    assert "knows nothing" not in on_test(tmp_path, optuna_tpe=(0.9, 0.9), random=(1.1, 1.1))


def test_practical_equivalence_rests_on_tests_and_a_margin(tmp_path: Path, put: Put) -> None:
    draws = [[(7 * seed + 3 * place) % 40 / 40 for place in range(20)] for seed in range(10)]
    put("random", draws)
    for name, more in (("optuna_tpe", 0.0), ("skopt_gp", 0.00001)):
        put(name, [[0.01 + seed / 1e5 + more] * 20 for seed in range(10)])
    text = sentences(tmp_path)
    assert (
        "optuna_tpe and skopt_gp are practically equivalent to random search: each difference lies within ±0.025, half "
        "the interquartile range of random search's final loss (two one-sided tests, largest p = 0.023)"
    ) in text


def test_runs_that_are_all_alike_are_one_value(tmp_path: Path, put: Put) -> None:
    put("nevergrad", [[0.5, 0.1]] * 6)
    put("random", shifted(0.3, 6, 2))
    put("optuna_tpe", shifted(0.2, 6, 2))
    text = sentences(tmp_path)
    assert "nevergrad is one run, whatever the seed: shown, not ranked; 7 seeds of the others are needed" in text
    (only,) = analyses(tmp_path)
    assert only.design.single == {"nevergrad"}


def test_a_clone_is_counted_once(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    before = sentences(tmp_path)
    put("optuna_tpe_multivariate", shifted(0.1, 10))
    extra = "optuna_tpe_multivariate has the same trials as optuna_tpe and is not counted again."
    assert sentences(tmp_path) == f"{before} {extra}"


@pytest.mark.parametrize("losses", [[None, None], [None]])
def test_nothing_found_is_no_verdict(tmp_path: Path, put: Put, losses: list[None]) -> None:
    put("random", [losses] * 3)
    put("grid", [losses] * 3)
    assert sentences(tmp_path).startswith("At least half of the runs of every optimiser found nothing")


def test_no_trial_is_said(tmp_path: Path, put: Put) -> None:
    put("random", [[]], ended="exhausted")
    assert sentences(tmp_path) == "No trial was made: there is nothing to compare."


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
    before = sentences(tmp_path)
    doubled(tmp_path, shifted(0.0, 10, steps=8))
    (analysis,) = analyses(tmp_path)
    assert analysis.order("validation") == ["random_2x", "optuna_tpe", "random"]
    assert analysis.leader("validation") == "optuna_tpe"
    text = " ".join(verdict.verdict(analysis))
    yardstick = "random_2x, with twice the budget, is significantly better than optuna_tpe and random search."
    assert text == f"{before} {yardstick}"
    cells = {
        row[0].text: row[1] for row in next(iter(tables.tables(analysis, style.styles(analysis.samples)))).shown.rows
    }
    assert {name: cell.mark for name, cell in cells.items()} == {"random_2x": "", "optuna_tpe": "best", "random": ""}


def test_the_lowest_is_that_of_those_ranked_where_a_yardstick_is_as_low(tmp_path: Path, put: Put) -> None:
    for place, name in enumerate(("random", "optuna_tpe")):
        put(name, [[0.5 + (3 * seed + place) % 7 / 100 + place / 10000] for seed in range(10)])
    assert ". The lowest validation log loss, that of optuna_tpe, is " in sentences(tmp_path)
    doubled(tmp_path, [[0.1 + seed / 100] * 2 for seed in range(10)])
    assert ". Of those ranked the lowest validation log loss, that of optuna_tpe, is " in sentences(tmp_path)


def test_the_default_configuration_is_a_yardstick_of_one_value(tmp_path: Path, put: Put) -> None:
    put("random", shifted(0.5, 10))
    put("optuna_tpe", shifted(0.1, 10))
    for seed in range(10):
        run = RunId("e", "iris", "lightgbm", "default", seed)
        config = trials.metadata(run, 4)["config"] | {"optimizer": {"class": "bench.optimizers.default.Default"}}
        trials.put(tmp_path, run, [0.9], budget=4, ended="exhausted", config=config)
    text = sentences(tmp_path)
    assert "The default configuration, with one evaluation, is significantly worse than optuna_tpe and random" in text
    (analysis,) = analyses(tmp_path)
    assert analysis.yardsticks["p"].tolist() == [2.0**-9] * 2
    assert analysis.yardsticks["p_holm"].tolist() == [2.0**-8] * 2
    assert analysis.row("default")["validation_median"] == 0.9
    assert analysis.row("default")["validation_median_low"] == -float("inf")  # ten copies of a number are no sample
    assert analysis.reaching.set_index("label").loc[["default"], "coverage"].isna().all()
    better = {(row["a"], row["b"]): row["better"] for row in analysis.tested.to_dict("records")}
    assert better == {
        ("optuna_tpe", "random"): "optuna_tpe",
        ("optuna_tpe", "default"): "optuna_tpe",
        ("random", "default"): "random",
    }
    assert analysis.family.pairs == 1


@pytest.mark.parametrize("with_random", [True, False])
def test_a_yardstick_with_one_other_or_alone(tmp_path: Path, put: Put, with_random: bool) -> None:
    doubled(tmp_path, shifted(0.5, 10, steps=8))
    if with_random:
        put("random", shifted(0.5, 10))
    text = sentences(tmp_path)
    assert text.startswith(
        "Random search ends at a validation log loss of" if with_random else "**random_2x** reaches in the median"
    )
    assert "best" not in text


def test_a_yardstick_that_alone_succeeds_does_not_make_a_best(tmp_path: Path, put: Put) -> None:
    put("random", [[None]] * 10)
    doubled(tmp_path, [[0.9, 0.5]] * 10)
    assert (
        sentences(tmp_path)
        == "At least half of the runs of every optimiser found nothing: there is no median loss to compare."
    )
