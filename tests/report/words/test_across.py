"""What several problems say together: groups by tests over problems, numbers with intervals, and nothing beyond."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import trials

from bench.report.analysis.across import Across, across
from bench.report.analysis.comparison import analyse
from bench.report.look import style
from bench.report.runs import curves, selection, traits
from bench.report.tables import across as tables
from bench.report.words import across as words
from bench.results import RunId

Put = Callable[..., None]
LEVELS = {"random": 0.5, "optuna_tpe": 0.2, "skopt_gp": 0.25}


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Runs of one optimiser on one problem, a list of losses each."""

    def write(name: str, problem: int, runs: Sequence[Sequence[float | None]], **more) -> None:
        for seed, losses in enumerate(runs):
            trials.put(tmp_path, RunId("e", f"d{problem:02d}", "lightgbm", name, seed), losses, **more)

    return write


def together(folder: Path) -> Across:
    reading = selection.read(folder, selection.selection(["e"]))
    found = curves.comparisons(reading.results)
    result = across([analyse(each, reading) for each in found], [traits.traits(each, reading) for each in found])
    assert result is not None
    return result


def text(folder: Path) -> str:
    return " ".join(words.verdict(together(folder)))


def level(name: str, problem: int, seeds: int = 3, spread: float = 0.02) -> list[list[float]]:
    """Runs of two trials around the optimiser's level, on a scale of the problem's own."""
    chance = np.random.default_rng([problem, *name.encode()])
    return ((LEVELS[name] + spread * chance.normal(size=(seeds, 2))) * (problem + 1)).tolist()


def test_a_winner_is_named_with_its_tests_and_the_numbers_follow(tmp_path: Path, put: Put) -> None:
    for problem in range(8):
        for name in LEVELS:
            put(name, problem, level(name, problem, spread=0.005))
    found = together(tmp_path)
    said = words.verdict(found)
    assert said[0] == (
        "**optuna_tpe** is best over 8 problems: it is significantly better than every other optimiser (Wilcoxon's "
        "signed-rank test over problems, Holm's correction, largest p = 0.023)."  # 3 / 2^7
    )
    row = found.aggregates.iloc[0]
    expected = f"optuna_tpe {row['iqm']:.2f} [{row['iqm_low']:.2f}, {row['iqm_high']:.2f}], skopt_gp"
    assert expected in said[1]
    assert "confidence intervals over seeds on these problems" in said[1]
    assert "where they do not, it erred in up to 13 % of simulations), finds 3 of 3 differences significant" in said[2]
    assert "Friedman's test in Iman and Davenport's form" in " ".join(said)
    assert "Separating" not in " ".join(said)


def test_what_makes_the_same_run_whatever_the_seed_has_no_interval(tmp_path: Path, put: Put) -> None:
    for problem in range(6):
        put("random", problem, level("random", problem))
        put("optuna_tpe", problem, level("optuna_tpe", problem, seeds=1) * 3)
    result = together(tmp_path)
    rows = result.aggregates.set_index("label")
    assert rows["iqm_low"].isna().to_dict() == {"random": False, "optuna_tpe": True}
    assert rows.loc["optuna_tpe", "runs"] == 18
    said = " ".join(words.verdict(result))
    assert "Of optuna_tpe there is one run on some problem, or the same whatever the seed: no interval." in said
    assert "in brackets 95 % confidence intervals over seeds" in said


def test_what_is_level_is_no_winner_and_the_problems_to_separate_are_an_interval(tmp_path: Path, put: Put) -> None:
    LEVELS["grid"] = 0.5
    for problem in range(9):
        for name in ("random", "optuna_tpe", "grid"):
            level_of = name if problem % 2 or name != "optuna_tpe" else "grid"
            put(
                name,
                problem,
                [[loss + len(name) / 1e4 for loss in run] for run in level(level_of, problem + len(name))],
            )
    del LEVELS["grid"]
    found = together(tmp_path)
    said = words.verdict(found)
    assert said[0].startswith("No clear winner over 9 problems: ")
    assert "**" not in " ".join(said)
    assert "if they differ at all, would take: from " in " ".join(said)
    assert "there are 9." in " ".join(said)


@pytest.mark.parametrize(("problems", "tested"), [(3, False), (5, True)])
def test_below_five_problems_there_are_numbers_and_no_test(
    tmp_path: Path, put: Put, problems: int, tested: bool
) -> None:
    for problem in range(problems):
        for name in LEVELS:
            put(name, problem, level(name, problem))
    found = together(tmp_path)
    said = " ".join(words.verdict(found))
    assert said.startswith(
        f"No order over {problems} problems: they are too few for a test. To separate any two of 3 optimisers by "
        "Wilcoxon's signed-rank test over problems takes 7 problems or more. Interquartile mean of the scores"
    )
    assert (
        "Bayesian signed-rank test, which promises no error rate, says: in" in said,
        "differences significant" in said,
    ) == (
        tested,
        tested,
    )
    assert ("p = " in said) == tested
    assert (found.groups["validation"].level, found.groups["validation"].best) == ((), None)


def test_a_newcomer_on_one_problem_changes_nothing_that_is_said_of_the_others(tmp_path: Path, put: Put) -> None:
    for problem in range(8):
        for name in LEVELS:
            put(name, problem, level(name, problem))
    before = text(tmp_path)
    put("my_es", 3, [[0.0001, 0.5]])
    put("my_es", 3, [[0.9, 0.5]])
    found = together(tmp_path)
    after = words.verdict(found)
    assert found.shown == {"my_es": 8}
    assert after[-1] == "my_es was run on 1 problem: shown, not compared; it needs 8."
    assert " ".join(after[:-1]).split(" Interq")[0] == before.split(" Interq")[0]
    assert set(found.scores) == {*LEVELS, "my_es"}
    records = {t.name: t for t in tables.tables(found, style.styles(found.scores))}["records"]
    assert {(row[0].text, row[1].text) for row in records.shown.rows} >= {("my_es", "random")}


def test_without_random_search_ranks_are_compared_and_failures_are_worst(tmp_path: Path, put: Put) -> None:
    for problem in range(7):
        put("optuna_tpe", problem, [[0.1]])
        put("skopt_gp", problem, [[None]] if problem % 2 else [[0.2]])
    found = together(tmp_path)
    assert (found.scales["validation"], found.scored) == ("rank", ())
    said = words.verdict(found)
    assert said[0].startswith("**optuna_tpe** is best over 7 problems: it is significantly better than skopt_gp")
    assert "p = 0.016" in said[0]
    assert said[1] == "No problem has a score for every optimiser, so that ranks within each problem are compared."
    assert found.ranks["validation"]["rank"].tolist() == [1, 2]


def test_problems_that_lack_an_optimiser_are_named(tmp_path: Path, put: Put) -> None:
    for problem in range(9):
        for name in ("random", "optuna_tpe", "skopt_gp")[: 2 if problem == 8 else 3]:
            put(name, problem, level(name, problem))
    found = together(tmp_path)
    assert found.incomplete == ("d08/lightgbm",)
    assert "Left out, as some optimisers were not run on them: d08/lightgbm." in words.verdict(found)
    by_name = {tabled.name: tabled for tabled in tables.tables(found, style.styles(LEVELS))}
    assert "d08/lightgbm" in by_name["scores"].shown.note
    assert by_name["ranks"].frame["problems"].tolist() == [8] * 3
    wins = {(row[0].text, row[1].text): row[2].text for row in by_name["records"].shown.rows}
    assert wins["optuna_tpe", "random"] == "9-0-0"
    assert wins["random", "skopt_gp"] == "0-0-8"


def test_every_number_that_is_said_stands_in_a_table(tmp_path: Path, put: Put) -> None:
    space = {"x": {"type": "float", "low": 0, "high": 1}, "c": {"type": "categorical", "choices": ["a", "b"]}}
    for problem in range(12):
        for name in LEVELS:
            run = RunId("e", f"d{problem:02d}", "lightgbm", name, 0)
            used = space if problem < 6 else {"x": space["x"]}
            config = trials.metadata(run, 2)["config"] | {"model": {"name": "lightgbm", "space": used}}
            put(name, problem, level(name, problem, 4), config=config)
    found = together(tmp_path)
    by_name = {tabled.name: tabled for tabled in tables.tables(found, style.styles(LEVELS))}
    assert list(by_name) == ["scores", "ranks", "records", "model", "bayesian", "subsets"]
    subset = by_name["subsets"].frame
    assert set(subset["trait"]) == {"dimension", "categorical parameters"}
    assert subset["problems"].tolist() == [6] * 12
    upper = subset[(subset["subset"] == "more than 25 %") & (subset["label"] == "random")].iloc[0]
    firsts = found.scores["random"].iloc[:6]
    assert firsts.min() <= upper["iqm"] <= firsts.max()
    assert found.profiles.groupby("label")["share"].is_monotonic_increasing.all()


def test_a_yardstick_takes_no_part(tmp_path: Path, put: Put) -> None:
    for problem in range(6):
        put("random", problem, level("random", problem))
        put("optuna_tpe", problem, level("optuna_tpe", problem))
        run = RunId("e", f"d{problem:02d}", "lightgbm", "random_2x", 0)
        config = trials.metadata(run, 2)["config"] | {"optimizer": {"name": run.optimizer, "budget_factor": 2}}
        put("random_2x", problem, [[0.01] * 4], budget=2, config=config)
    found = together(tmp_path)
    assert found.members == ("optuna_tpe", "random")
    assert set(found.scores) == {"optuna_tpe", "random"}
    assert words.verdict(found)[0].startswith("**optuna_tpe** is best over 6 problems")


def test_targets_reached_are_the_mean_of_the_problems_that_have_enough_draws(tmp_path: Path, put: Put) -> None:
    for problem in range(3):
        for name in LEVELS:
            put(name, problem, level(name, problem))
    found = together(tmp_path)
    reading = selection.read(tmp_path, selection.selection(["e"]))
    own = [
        analyse(each, reading).ecdf.set_index(["label", "evaluations"])["share"]
        for each in curves.comparisons(reading.results)
    ]
    targets = found.targets.set_index(["label", "evaluations"])
    assert set(targets["problems"]) == {3}
    for place, share in targets["share"].items():
        assert share == pytest.approx(np.mean([frame[place] for frame in own]))


def test_targets_of_one_run_are_none(tmp_path: Path, put: Put) -> None:
    """Random search reaches its own for certain: with a split for each seed nothing is held against it."""
    for problem in range(2):
        for name in LEVELS:
            for seed, losses in enumerate(level(name, problem)):
                run = RunId("e", f"d{problem:02d}", "lightgbm", name, seed)
                trials.put(tmp_path, run, losses, problem=f"{problem}-{seed}")
    assert together(tmp_path).targets.empty
    reading = selection.read(tmp_path, selection.selection(["e"]))
    first = analyse(curves.comparisons(reading.results)[0], reading)
    assert first.ecdf.empty
    assert first.reaching.empty
    assert first.final["score_median"].notna().all()
