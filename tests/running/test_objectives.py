"""Runs of several losses: beside a library's own loop, what optimisers are told, what is resumed and what verified."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import moocore
import numpy as np
import optuna
import pandas as pd
import pictures
import pytest
import several
from commands import ROOT, TOY, bench, table, without_times
from trials import rewrite

from bench import problems, results
from bench.problems import known_fronts
from bench.problems.data import DataProblem

SIZED = [each.replace("toy.Toy", "several.Sized") for each in TOY]
LOSSES = "objectives=[log_loss,size,predict_seconds]"
NAMES = ["log_loss", "size", "predict_seconds"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    several.LOG.clear()
    return tmp_path


def run(*arguments: str, model: list[str] = SIZED) -> int:
    return bench("run", *model, "threads=1", *arguments)


def optimizer(name: str) -> list[str]:
    return [f"optimizer.name={name}", f"optimizer.class=several.{name}"]


def losses(rows: pd.DataFrame) -> list[dict[str, list[float]] | None]:
    return [None if pd.isna(text) else json.loads(text) for text in rows["losses"]]


def of_metadata(folder: Path, name: str) -> dict[str, Any]:
    metadata: dict[str, Any] = results.file_metadata(folder / f"results/{name}.parquet")
    return metadata


def fresh(metadata: dict[str, Any], folder: Path) -> DataProblem:
    problem: Any = problems.build(problems.Recipe(problems.groups_of(metadata["config"]), 0, str(folder), 1))
    return problem


def test_nsga2_on_a_function_makes_the_trials_of_optunas_own_loop(folder: Path) -> None:
    arguments = ["dataset=function", "model=zdt1", "optimizer=optuna_nsga2", "+optimizer.settings.population_size=8"]
    assert bench("run", *arguments, "seed=4", "budget.trials=40") == 0
    rows = table(folder, "scratch/function/zdt1/optuna_nsga2/4")

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        return known_fronts.zdt1({f"x{i}": trial.suggest_float(f"x{i}", 0, 1) for i in range(1, 31)})

    sampler = optuna.samplers.NSGAIISampler(seed=4, population_size=8)
    study = optuna.create_study(sampler=sampler, directions=["minimize", "minimize"])
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study.optimize(objective, n_trials=40)
    finally:
        optuna.logging.set_verbosity(verbosity)
    assert [json.loads(text) for text in rows["configuration"]] == [trial.params for trial in study.trials]
    pairs = [trial.values for trial in study.trials]  # noqa: PD011 - no frame
    assert losses(rows) == [{"f1": [first, None], "f2": [second, None]} for first, second in pairs]
    assert list(rows["loss"]) == [first for first, _ in pairs]
    metadata = of_metadata(folder, "scratch/function/zdt1/optuna_nsga2/4")
    assert metadata["schema"] == 2
    assert metadata["metric"] == "f1"
    recorded = metadata["objectives"]
    assert {name: recorded[name] for name in ("names", "measured", "told")} == {
        "names": ["f1", "f2"],
        "measured": [],
        "told": ["f1", "f2"],
    }
    assert recorded["front"] == known_fronts.zdt1_front().tolist()
    assert recorded["box"]["ideal"] == [0.0, 0.0]  # those of the front
    assert metadata["config"]["objectives"] == ["f1", "f2"]


def test_it_is_told_all_of_them_and_of_a_failure_the_worst_of_each(folder: Path) -> None:
    assert run(*optimizer("Told"), LOSSES, "budget.trials=25", "+model.settings.fail_above=0.4", "seed=0") == 0
    rows = table(folder, "scratch/wine/toy/Told/0")
    metadata = of_metadata(folder, "scratch/wine/toy/Told/0")
    recorded = metadata["objectives"]
    assert (recorded["names"], recorded["measured"], recorded["told"]) == (NAMES, ["predict_seconds"], NAMES)
    assert 0 < recorded["box"]["failed"] < 200
    assert rows["status"].iloc[0] == "failed"
    worst: tuple[float, ...] | None = None
    before = 0
    for row, kept, (told, failed) in zip(rows.itertuples(), losses(rows), several.LOG, strict=True):
        assert failed == (row.status == "failed") == (kept is None)
        if kept is not None:
            assert list(kept) == NAMES
            now = tuple(loss for loss, _ in kept.values())
            assert told == now
            assert row.loss == now[0]
            assert row.test_loss == kept["log_loss"][1]
            worst = now if worst is None else tuple(map(max, worst, now))
        elif worst is not None:
            assert told == worst
        else:
            before += 1
            problem = fresh(metadata, folder)
            assert told[:2] == problem.baselines(problem.evaluate)[:2]
            assert told[1] > 1000 / 1.1
            assert told[2] > 0
    assert before
    assert {1.0} == set(rows["cost"])
    assert list(rows["best_loss"].dropna()) == list(rows["loss"].cummin().ffill().dropna())


def test_one_of_one_loss_is_told_the_first_and_the_run_says_so_once(folder: Path, capsys: Any) -> None:
    several_runs = ["-m", *optimizer("OfOne"), LOSSES, "budget.trials=5", "seed=0,1", "engine.workers=1"]
    assert run(*several_runs) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("OfOne: of one loss alone, and given the first of objectives, log_loss") == 1
    for seed in (0, 1):
        rows = table(folder, f"scratch/wine/toy/OfOne/{seed}")
        assert of_metadata(folder, f"scratch/wine/toy/OfOne/{seed}")["objectives"]["told"] == ["log_loss"]
        assert all(list(each or ()) == NAMES for each in losses(rows))
    assert bench("run", *SIZED, LOSSES, *optimizer("OfOne"), "budget.trials=3", "name=alone", "threads=1") == 0
    alone = table(folder, "alone/wine/toy/OfOne/0")
    assert [loss for loss, _ in several.LOG[-3:]] == list(alone["loss"])
    assert run("optimizer=random", LOSSES, "budget.trials=2") == 0  # it looks at no loss
    assert "of one loss alone" not in capsys.readouterr().err.partition("alone/")[2]


def test_a_run_that_is_ended_in_the_middle_goes_on_to_the_same_table(folder: Path) -> None:
    arguments = [*optimizer("Ending"), LOSSES, "budget.trials=30", "+optimizer.settings.population_size=5"]
    assert run(*arguments, "name=whole") == 0
    whole = table(folder, "whole/wine/toy/Ending/0")
    fits = len((folder / "log").read_text().split())
    ended = [*arguments, "name=ended", "+optimizer.settings.raise_at=17", f"store=sqlite:///{folder}/own.sqlite"]
    assert run(*ended) == 1
    several.Ending.raises = False
    try:
        assert run(*ended) == 0
    finally:
        several.Ending.raises = True
    rows = table(folder, "ended/wine/toy/Ending/0")
    assert len((folder / "log").read_text().split()) == 2 * fits
    lasting = [{name: each[name] for name in ("log_loss", "size")} for each in losses(rows)]
    assert lasting == [{name: each[name] for name in ("log_loss", "size")} for each in losses(whole)]
    apart = ["experiment", "losses", "clock"]
    pd.testing.assert_frame_equal(without_times(rows).drop(columns=apart), without_times(whole).drop(columns=apart))
    # What is measured is replayed: the same from the store, to the bit; in the order of the run that is served.
    turned = ["predict_seconds", "size"]
    assert run(*arguments, "name=again", f"objectives=[log_loss,{','.join(turned)}]") == 0
    again = table(folder, "again/wine/toy/Ending/0")
    assert {tuple(each or ()) for each in losses(again)} == {("log_loss", *turned)}
    assert losses(again)[:5] == losses(whole)[:5]  # the first generation, which no loss decides
    assert again["cached"].iloc[:5].all()


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_with_fidelities_too_a_partial_evaluation_has_its_losses_in_details(folder: Path, isolation: str) -> None:
    ladder = "+model.fidelity={unit: rounds, low: 1, high: 9, eta: 3}"
    model = [each.replace("Sized", "SizedRounds") for each in SIZED]
    arguments = [*optimizer("Both"), "+optimizer.multi_fidelity=true", ladder, "budget.trials=null", "budget.cost=6"]
    assert run(*arguments, "objectives=[log_loss,size]", f"isolation={isolation}", model=model) == 0
    rows = table(folder, "scratch/wine/toy/Both/0")
    problem: Any = fresh(of_metadata(folder, "scratch/wine/toy/Both/0"), folder)
    told = [loss for loss, _ in several.LOG]
    for row, kept, losses_told in zip(rows.itertuples(), losses(rows), told, strict=True):
        outcome = problems.at_rung(problem, json.loads(row.configuration), row.fidelity)
        within = json.loads(row.details).get("losses")
        assert (kept, within) == ((outcome.losses, None) if row.fidelity == 9 else (None, outcome.losses))
        assert losses_told == tuple(loss for loss, _ in outcome.losses.values())
    assert {1, 9} <= set(rows["fidelity"])
    assert bench("verify", "scratch", "--trials", "100", "--config-dir", str(folder)) == 2  # a class of a test


def test_the_box_of_all_runs_is_that_of_draws_of_the_problem_of_seed_0(folder: Path, capsys: Any) -> None:
    arguments = ["optimizer=random", "objectives=[log_loss,size]", "seeds=paired", "seed=0,1", "engine.workers=1"]
    assert run("-m", *arguments, "budget.trials=2", "dry_run=true") == 0
    assert capsys.readouterr().out.count("wine toy: 200 random draws for the box of the hypervolume, in no budget") == 1
    assert run("-m", *arguments, "budget.trials=2") == 0
    metadata = [of_metadata(folder, f"scratch/wine/toy/random/{seed}") for seed in (0, 1)]
    assert metadata[0]["problem"] != metadata[1]["problem"]
    box, other = (each["objectives"]["box"] for each in metadata)
    assert box == other
    assert len((folder / "log").read_text().split()) == 200 + 2  # once for both runs, the trials of seed 0 among them
    problem = fresh(metadata[1], folder)
    assert box["problem"] == problem.hash == metadata[0]["problem"]
    rng = np.random.default_rng(0)
    drawn = [problem.evaluate(problem.space.sample(rng)).losses for _ in range(200)]
    losses_ = np.array([[loss for loss, _ in each.values()] for each in drawn if each is not None])
    front = moocore.filter_dominated(losses_)
    assert box["ideal"] == front.min(axis=0).tolist()
    assert box["reference"] == pytest.approx(1.1 * front.max(axis=0) - 0.1 * front.min(axis=0))
    assert (box["draws"], box["failed"]) == (200, 200 - len(losses_))


def test_several_workers_are_told_in_the_order_of_the_clock(folder: Path) -> None:
    assert run(*optimizer("Told"), LOSSES, "budget.trials=12", "workers=3") == 0
    rows = table(folder, "scratch/wine/toy/Told-w3/0")
    assert [told for told, _ in several.LOG] == [tuple(loss for loss, _ in each.values()) for each in losses(rows)]
    assert sorted(rows["proposal"]) == list(range(12))


def test_verify_compares_what_lasts_and_finds_one_changed_size(folder: Path, capsys: Any) -> None:
    lightgbm = ["dataset=wine", "model=lightgbm", "model.settings.rounds=5", "optimizer=random", "name=e"]
    assert bench("run", *lightgbm, LOSSES, "budget.trials=4", "threads=1") == 0
    assert bench("verify", "e", "--trials", "100") == 0
    assert "4 of 4 trials come out the same" in capsys.readouterr().out
    path = folder / "results/e/wine/lightgbm/random/0.parquet"
    kept = losses(table(folder, "e/wine/lightgbm/random/0"))
    for name, status in (("predict_seconds", 0), ("size", 1)):
        kept[2][name][0] *= 2
        rewrite(path, losses=list(map(json.dumps, kept)))
        capsys.readouterr()
        assert bench("verify", "e", "--trials", "100") == status
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("DIFFERENT")]
    assert f"size [{kept[2]['size'][0]}, " in line.partition(" then")[0]
    assert "predict_seconds" not in out


def test_the_commands_of_the_documentation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.leave_undrawn(monkeypatch)
    page = (ROOT / "docs/objectives.md").read_text()
    commands = re.search(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    assert commands
    for command in commands[1].replace("\\\n", " ").splitlines():
        assert bench(*shlex.split(command)[1:], *(["engine.workers=1"] * command.startswith("bench run"))) == 0, command
    first, *others = losses(table(folder, "front/function/zdt1/optuna_nsga2/0"))
    assert first
    assert list(first) == ["f1", "f2"]
    assert len(others) == 11
    assert "Compared is 1 - hypervolume of log loss and size" in (folder / "reports/losses/report.md").read_text()
