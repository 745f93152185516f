"""`bench best`: the best configuration, alone or with all that its losses depend on."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from commands import bench

from bench import problems
from bench.problems import Recipe


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
