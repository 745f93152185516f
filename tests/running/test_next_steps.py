"""The commands that the last lines name: pasted, they lead from a file to a model in its folder."""

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import bench


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The command of the last line, as a shell splits it."""
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("to train and save what won: bench fit "), line
    return shlex.split(line.partition(": ")[2])[1:]


def test_from_a_users_file_to_a_saved_model_whose_card_has_the_metric_in_its_own_direction(capsys) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=120)
    pd.DataFrame({"x": x, "y": np.where(x + rng.normal(size=120) > 0, "a", "b")}).to_csv("my table's.csv", index=False)
    own = ["dataset=file", 'dataset.path="my table\'s.csv"', "dataset.target=y", "dataset.name=mine", "model=knn"]
    common = ["metric=auc", "seeds=paired", "budget.trials=2", "results_dir=elsewhere/results", "name=e"]
    for seed in range(6):
        assert bench("run", *own, *common, f"seed={seed}") == 0, capsys.readouterr()
    after_run = named(capsys)
    assert after_run == [
        *("fit", "e", "--data", "my table's.csv", "--results-dir", str(Path("elsewhere/results").absolute())),
        *("--out", "models/e"),
    ]
    assert bench("best", "e", "--results-dir", "elsewhere/results") == 0
    after_best = named(capsys)
    assert after_best[:4] == after_run[:4]
    assert bench(*after_best) == 0, capsys.readouterr()
    captured, card = capsys.readouterr(), json.loads(Path("models/e/card.json").read_text())
    over, text = card["losses"]["over_runs"]["validation"], Path("models/e/card.md").read_text()
    ends = f"{1 - over['high']:.6g} to {1 - over['low']:.6g}"
    assert f"validation: median {1 - over['median']:.6g} (95 % confidence interval {ends})" in text
    assert "AUC, higher is better" in text
    assert "splits (AUC 0." in captured.out
    assert shlex.split(captured.out.splitlines()[-1].partition(": ")[2])[:2] == ["python", "models/e/predict.py"]


def test_the_folder_of_ones_own_configs_is_named_where_it_is_known_and_no_command_where_it_is_not(capsys) -> None:
    Path("own/model").mkdir(parents=True)
    Path("own/model/trees.yaml").write_text(
        "name: trees\ndescription: of the tests\nclass: bench.models.scikit_learn.Estimator\n"
        "settings: {estimator: {classification: sklearn.tree.DecisionTreeClassifier}, parameters: {}}\n"
        "space: {max_depth: {type: int, low: 1, high: 5}}\n"
    )
    assert bench("run", "--config-dir", "own", "model=trees", "dataset=wine", "budget.trials=1", "name=t") == 0
    assert named(capsys) == ["fit", "t", "--config-dir", "own", "--out", "models/t"]
    assert bench("best", "t") == 0
    assert capsys.readouterr().err == ""


def test_of_a_function_there_is_no_model_to_save(capsys) -> None:
    assert bench("run", "dataset=function", "model=branin", "budget.trials=2", "name=f") == 0
    assert capsys.readouterr().err.splitlines()[-1].endswith("'bench report f' draws them")
    assert bench("best", "f") == 0
    assert capsys.readouterr().err == ""
