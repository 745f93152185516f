"""`bench best --python`: the script alone, run by itself, reaches the recorded losses to the last digit."""

import ast
import io
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from commands import ROOT, bench
from mixed import searched, table
from trials import rewrite

MODELS = {
    "lightgbm": ["model.settings.rounds=8", "model.settings.early_stopping=3"],
    "lightgbm_autogbdt": ["model.settings.rounds=4"],
    "xgboost": ["model.settings.rounds=8", "model.settings.early_stopping=3"],
    "keras_mlp": ["model.settings.epochs=2"],
    "lecture_mlp": ["model.settings.epochs=2"],
    "knn": [],
    "logistic_regression": [],
    "random_forest": ["model.settings.parameters.n_estimators=5"],
    "ridge": [],
    "svm": [],
}
HOLDOUT, KFOLD = ["resampling=holdout", "resampling.stop=inner"], ["resampling=kfold", "resampling.k=2"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(capsys, *arguments: object) -> str:
    capsys.readouterr()
    assert bench("best", "e", "--python", *arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def output(source: str, *argv: str) -> dict[str, str]:
    """What the script prints, by name."""
    before, out = sys.argv, io.StringIO()
    sys.argv = ["best.py", *argv]
    try:
        with redirect_stdout(out):
            exec(compile(source, "best.py", "exec"), {"__name__": "__main__"})
    finally:
        sys.argv = before
    return dict(line.rsplit(" ", 1) for line in out.getvalue().splitlines())


def recorded() -> dict[str, str]:
    best = pd.read_parquet("results/e").sort_values("loss", kind="stable").iloc[0]
    return {"validation loss": repr(float(best["loss"])), "test loss": repr(float(best["test_loss"]))}


def test_every_shipped_model_that_is_trained_is_tried_here() -> None:
    texts = {path.stem: path.read_text() for path in (ROOT / "conf/model").glob("*.yaml")}
    alike = {name for name in texts if name.startswith(("bayesmark_", "xgboost_"))}  # another space
    assert {name for name, text in texts.items() if "\nclass:" in text} - alike == set(MODELS) - alike


@pytest.mark.parametrize("name", MODELS)
def test_the_script_reaches_the_recorded_losses(name: str, capsys) -> None:
    """On bundled data, of several classes unless the model has none."""
    data = ["dataset=diabetes"] if name == "ridge" else ["dataset=wine"]
    split = HOLDOUT if name in ("lightgbm", "keras_mlp", "svm") else KFOLD
    assert bench("run", *data, f"model={name}", *MODELS[name], *split, "budget.trials=2", "threads=1", "name=e") == 0
    source = script(capsys)
    assert output(source) == recorded()
    assert len(source.splitlines()) < 90
    assert max(map(len, source.splitlines())) <= 120
    assert "None" not in source.partition("metric = ")[2]


@pytest.mark.parametrize(
    ("name", "task", "split"),
    [
        ("lightgbm", "binary", KFOLD),
        ("xgboost", "binary", HOLDOUT),
        ("xgboost", "counts", KFOLD),
        ("keras_mlp", "regression", HOLDOUT),
        ("random_forest", "counts", KFOLD),
        ("svm", "binary", HOLDOUT),
        ("searched", "binary", KFOLD),
    ],
)
def test_on_a_table_with_categories_missing_values_and_weights(name: str, task: str, split: list[str], capsys) -> None:
    table(task)
    data = ["dataset=file", "dataset.path=own.csv", "dataset.target=y", "dataset.weight=w", "dataset.name=own"]
    data += [f"dataset.task={task}", "seeds=paired", "seed=1", "threads=1"]
    model = searched() if name == "searched" else [f"model={name}", *MODELS[name]]
    own = model[:2] if name == "searched" else []
    assert bench("run", *data, *model, *split, "budget.trials=2", "name=e") == 0
    capsys.readouterr()
    assert bench("best", "e", "--python", *own) == 2
    assert capsys.readouterr().err.endswith(
        f"; give it with --data: bench best e --python{''.join(f' {x}' for x in own)} --data own.csv\n"
    )
    source = script(capsys, "--data", "own.csv", *own)
    assert str(Path.cwd()) not in source
    assert output(source, "own.csv") == recorded()


def test_it_runs_in_a_process_of_its_own_and_a_function_is_called(folder: Path, capsys) -> None:
    assert bench("run", "dataset=function", "model=branin", "budget.trials=3", "name=e") == 0
    (folder / "best.py").write_text(script(capsys))
    done = subprocess.run([sys.executable, "best.py"], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout == f"value {float(pd.read_parquet('results/e')['loss'].min())!r}\n"
    assert bench("run", "dataset=function", "model=branin", "model.noise=1", "budget.trials=1", "name=noisy") == 0
    assert bench("best", "noisy", "--python") == 2
    assert "noise is added (model.noise)" in capsys.readouterr().err


def test_what_a_table_holds_is_never_source(capsys) -> None:
    """A text that would end a string literal stays one; a class that no config names is refused."""
    hostile = 'y"]; open("marker", "w").close(); ["'
    table("binary")
    pd.read_csv("own.csv").rename(columns={"y": hostile}).to_parquet("own.parquet")
    Path("mine/dataset").mkdir(parents=True)
    Path("mine/dataset/own.yaml").write_text(
        f"name: own\nload: bench.datasets.file.load\npath: own.parquet\ntarget: '{hostile}'\nweight: w\ntask: null\n"
    )
    model = ["model=logistic_regression", "budget.trials=1", "threads=1", "name=e"]
    assert bench("run", "--config-dir", "mine", "dataset=own", *model) == 0
    path = Path("results/e/own/logistic_regression/random/0.parquet")
    rewrite(path, {"metric": '"""\nopen("marker", "w").close()\n"""\\'})
    source = script(capsys, "--config-dir", "mine", "--data", "own.parquet")
    assert output(source, "own.parquet") == recorded()
    assert not Path("marker").exists()
    assert hostile in [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]


def test_several_problems_and_options_that_do_not_fit_are_one_line(capsys) -> None:
    for model in ("knn", "svm"):
        assert bench("run", "dataset=wine", f"model={model}", "budget.trials=1", "threads=1", "name=e") == 0
    for arguments, message in (
        (["--python"], "--python: writes one script, and these are 2 problems: wine knn, wine svm; choose with"),
        (["--python", "--full"], "--python: stands beside --full; choose one of the two"),
        (["--data", "x.csv"], "--data=x.csv: is of use with --python alone; leave it out"),
        (["--python", "--model", "knn", "--data", "x.csv"], "--data=x.csv: no such file"),
    ):
        capsys.readouterr()
        assert bench("best", "e", *arguments) == 2
        assert message in capsys.readouterr().err
