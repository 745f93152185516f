"""`bench best`: the best configuration, alone or with all that its losses depend on."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import trials
import yaml
from commands import bench
from ladder_tables import Trial, put_ladder
from several_tables import put_several

from bench import problems
from bench.problems import Recipe
from bench.results import RunId

RUN = RunId("e", "iris", "lightgbm", "my_halving", 0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_full_document_alone_reaches_the_losses_again(capsys) -> None:
    overrides = ["dataset=wine", "resampling=kfold", "resampling.k=2", "resampling.stop=inner", "seeds=paired"]
    settings = ["model.settings.rounds=6", "budget.trials=3", "engine.workers=1", "name=e"]
    assert bench("run", "-m", *overrides, *settings, "model=lightgbm", "seed=3,4") == 0
    capsys.readouterr()
    assert bench("best", "e", "--full") == 0
    full = capsys.readouterr().out
    assert bench("best", "e") == 0
    assert full.startswith("".join(f"{line}\n" for line in capsys.readouterr().out.splitlines() if line[0] == "#"))
    document = yaml.safe_load(full)
    best = pd.read_parquet("results/e").sort_values("loss").iloc[0]
    assert document["losses"]["validation"] == best["loss"]
    assert document["losses"]["test"] == best["test_loss"]
    assert document["resampling"]["seed"] == document["model"]["seed"] == document["optimizer"]["seed"] == best["seed"]
    sizes = [
        sum(fold.values()) + document["resampling"]["parts"]["test"]
        for fold in document["resampling"]["parts"]["folds"]
    ]
    assert sizes == [178, 178]
    groups = {name: dict(document[name]) for name in ("dataset", "resampling", "model")}
    split, model = groups["resampling"].pop("seed"), groups["model"].pop("seed")
    groups["resampling"].pop("parts")
    content = groups["dataset"].pop("content")
    groups["model"]["space"] = {
        name: {"type": "categorical", "choices": [value]} for name, value in document["configuration"].items()
    }
    groups |= {"metric": {"name": document["metric"]}, "seeds": {"split": split, "model": model}}
    problem = problems.build(Recipe(groups, 0, "datasets", document["threads"]))
    evaluation = problem.evaluate(document["configuration"])
    assert (evaluation.loss, evaluation.test_loss) == (best["loss"], best["test_loss"])
    assert [fold["rounds"] for fold in evaluation.details["folds"]] == [each["rounds"] for each in document["trained"]]
    assert problem.dataset.content == content
    assert problem.model.revision == groups["model"]["revision"]


def test_preparation_is_said_and_a_hyperparameter_that_is_null_stays(capsys) -> None:
    null = "+model.space.max_leaf_nodes={type: categorical, choices: [null], default: null}"
    assert bench("run", "dataset=wine", "model=random_forest", null, "budget.trials=1", "name=e") == 0
    assert bench("run", "dataset=function", "model=branin", "budget.trials=1", "name=f") == 0
    capsys.readouterr()
    assert bench("best", "e", "--full") == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["model"]["preparation"] == {"impute": "median", "scale": None, "encode": "one_hot"}
    assert document["configuration"]["max_leaf_nodes"] is None
    assert bench("best", "f", "--full") == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["model"]["function"] == "bench.functions.branin"
    assert "resampling" not in document


def best_of(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert bench("best", "e", *options) == 0
    return capsys.readouterr().out


def test_a_partial_loss_is_never_the_best(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = [Trial('{"x":0.1}', 33, 0.1, 0.9), Trial('{"x":0.2}', 100, 0.5), Trial('{"x":0.3}', 33, 0.05, 0.01)]
    put_ladder(folder / "results", RUN, made, 2)
    said = best_of(capsys)
    assert "validation log loss 0.5, test log loss 0.51\n" in said
    assert said.endswith("x: 0.2\n")
    assert "trial 1 of experiment e" in said


def test_an_incumbent_that_was_evaluated_fully_at_the_end_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lowest full loss of any incumbent counts, be it that of an earlier one; not what no incumbent was."""
    made = [Trial('{"x":0.1}', 11, 0.3, 0.2), Trial('{"x":0.2}', 33, 0.5, 0.35), Trial('{"x":0.3}', 11, 0.1, 0.01)]
    put_ladder(folder / "results", RUN, made, 1, ended="exhausted")
    put_ladder(folder / "results", replace(RUN, optimizer="random"), [Trial('{"x":0.9}', 100, 0.3)], 1)
    said = best_of(capsys)
    assert "validation log loss 0.2, test log loss 0.21\n" in said
    assert "evaluated by its run at 11 of 100 rounds; the losses are those of a full evaluation when the run" in said
    assert said.endswith("x: 0.1\n")
    document = yaml.safe_load(best_of(capsys, "--full"))
    assert document["losses"] == {"metric": "log_loss", "validation": 0.2, "test": pytest.approx(0.21)}
    assert "trained" not in document  # that was at 11 rounds


def test_an_incumbent_whose_full_evaluation_failed_is_not_the_best(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_ladder(folder / "results", RUN, [Trial('{"x":0.1}', 33, 0.3, None)], 1)
    assert best_of(capsys) == "# iris lightgbm: no trial succeeded\n"


def test_the_best_of_runs_with_and_without_a_ladder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_ladder(folder / "results", RUN, [Trial('{"x":0.1}', 100, 0.5)], 1)
    trials.put(folder / "results", replace(RUN, optimizer="random"), [0.9, 0.4, 0.6])
    assert best_of(capsys).endswith("x: 1\n")
    put_ladder(folder / "results", RUN, [Trial('{"x":0.1}', 100, 0.3)], 1)
    assert best_of(capsys).endswith("x: 0.1\n")


def test_of_several_losses_every_configuration_on_the_front_of_all_runs_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = RunId("e", "iris", "lightgbm", "random", 0)
    put_several(folder / "results", first, [((0.5, 9.0), (0.6, 9.0)), None, ((0.4, 30.0), (0.1, 30.0))])
    put_several(folder / "results", replace(first, seed=1), [((0.5, 12.0), (0.2, 12.0)), ((0.7, 5.0), (0.8, 5.0))])
    said = best_of(capsys)
    assert [document["x"] for document in yaml.safe_load_all(said)] == [0.02, 0.0, 1.01]
    assert "# iris lightgbm: validation log loss 0.5, size 9, test log loss 0.6, size 9\n" in said
    assert "# 2 of 3 on the front: no other trial is better in every loss\n" in said
    *_, last = yaml.safe_load_all(best_of(capsys, "--full"))
    assert last["losses"]["objectives"]["size"] == {"validation": 5.0, "test": 5.0}
