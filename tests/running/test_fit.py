"""`bench fit`: what is read back is what was trained, predicts without the suite, and holds no code."""

import ast
import io
import json
import math
import pickle
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from commands import ROOT, bench
from mixed import searched, table
from trials import rewrite

from bench import datasets, problems
from bench.errors import UserError
from bench.models.saved import load, writing
from bench.problems import Recipe
from bench.results import file_metadata
from bench.running.choosing import choose
from bench.running.fit import fit

OWN = ["dataset=file", "dataset.path=own.csv", "dataset.target=y", "dataset.weight=w", "dataset.name=own"]
QUICK = ["budget.trials=2", "threads=1", "engine.workers=1", "name=e"]
HOLDOUT, KFOLD = ["resampling=holdout", "resampling.stop=inner"], ["resampling=kfold", "resampling.k=2"]
SMALL = {
    "lightgbm": ["model.settings.rounds=8", "model.settings.early_stopping=3"],
    "xgboost": ["model.settings.rounds=8", "model.settings.early_stopping=3"],
    "keras_mlp": ["model.settings.epochs=2"],
    "random_forest": ["model.settings.parameters.n_estimators=5"],
}
PLACES = {"results_dir": Path("results"), "datasets_dir": Path("datasets")}
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] != "bench", name

sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
with open(sys.argv[0]) as file:
    exec(compile(file.read(), sys.argv[0], "exec"), {"__name__": "__main__", "__file__": sys.argv[0]})
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*overrides: str) -> None:
    assert bench("run", *QUICK, *overrides) == 0


def predict(capsys, *arguments: str, folder: Path = Path("out")) -> tuple[pd.DataFrame, str, int]:
    """What predict.py prints, here: its table, its errors, and its exit status."""
    source = (folder / "predict.py").read_text()
    imported = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("bench" in ast.unparse(node) for node in imported)
    before, sys.argv, status = sys.argv, ["predict.py", *arguments], 0
    capsys.readouterr()
    try:
        exec(compile(source, "predict.py", "exec"), {"__name__": "__main__", "__file__": str(folder / "predict.py")})
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return pd.read_csv(io.StringIO(out)) if out else pd.DataFrame(), err, status


def the_run() -> tuple[dict[str, Any], dict[str, Any], int]:
    """The recorded row of the lowest loss, the metadata of its run and its seed."""
    trials = pd.read_parquet("results/e")
    row = trials.sort_values("loss", kind="stable").iloc[0].to_dict()
    path = "/".join(str(row[name]) for name in ("experiment", "dataset", "model", "optimizer", "seed"))
    return row, file_metadata(Path(f"results/{path}.parquet")), int(row["seed"])


def problem_of(metadata: dict[str, Any], seed: int, **dataset: str) -> Any:
    groups = {name: metadata["config"][name] for name in problems.GROUPS}
    groups["dataset"] = groups["dataset"] | dataset
    return problems.build(Recipe(groups, seed, "datasets", 1))


@pytest.mark.parametrize(
    ("name", "task", "split"),
    [
        ("lightgbm", "binary", KFOLD),
        ("xgboost", "counts", KFOLD),
        ("keras_mlp", "regression", HOLDOUT),
        ("random_forest", "counts", KFOLD),
        ("svm", "binary", HOLDOUT),
        ("knn", "binary", HOLDOUT),
        ("searched", "regression", KFOLD),
    ],
)
def test_raw_rows_read_back_give_the_recorded_test_loss(name: str, task: str, split: list[str], capsys) -> None:
    """From Python and by predict.py, from CSV and parquet, to the last bit; the script does without the suite."""
    frame = table(task)
    weighed = [] if name != "knn" else ["dataset.weight=null", "dataset.drop=[w]"]
    model = searched() if name == "searched" else [f"model={name}", *SMALL.get(name, [])]
    run(*OWN, f"dataset.task={task}", *weighed, *model, *split)
    row, metadata, seed = the_run()
    own = model[:2] if name == "searched" else []
    assert bench("fit", "e", *own, "--data", "own.csv", "--out", "out") == 0, capsys.readouterr()
    problem = problem_of(metadata, seed, path="own.csv")
    tested = problem.split.test
    raw = pd.read_csv("own.csv", dtype=str, keep_default_na=False).iloc[tested]
    raw.to_csv("rows.csv", index=False)
    frame.iloc[tested].drop(columns=["y", "w"]).to_parquet("rows.parquet")
    model = load("out")
    for rows in (raw, frame.iloc[tested], frame.iloc[tested][frame.columns[::-1]]):
        predicted = model.predict(rows)
        assert list(predicted.index) == list(tested)
        assert list(predicted.columns) == (list(problem.dataset.classes) or ["y"])
        values = predicted.to_numpy() if problem.dataset.classes else predicted["y"].to_numpy()
        weights = None if problem.dataset.weights is None else problem.dataset.weights[tested]
        loss = problem.metric.loss(problem.dataset.target[tested], values, weights)
        assert loss == row["test_loss"] == model.card["losses"]["test"]
    expected = model.predict(raw).to_numpy()
    for file in ("rows.csv", "rows.parquet"):
        alone, _, status = predict(capsys, file)
        assert status == 0
        assert np.array_equal(alone.iloc[:, -expected.shape[1] :].to_numpy(), expected)
    if name == "lightgbm":
        command = [sys.executable, "-c", ALONE, "out/predict.py", "rows.csv"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert pd.read_csv(io.StringIO(done.stdout)).equals(predict(capsys, "rows.csv")[0])
    assert {path.suffix for path in Path("out").iterdir()} <= {
        ".txt",
        ".json",
        ".skops",
        ".keras",
        ".py",
        ".md",
        ".yaml",
    }


@pytest.mark.parametrize("rows", ["train+valid", "all"])
@pytest.mark.parametrize("split", [HOLDOUT, KFOLD])
def test_more_rows_take_the_rounds_that_were_found_and_do_not_stop_early(rows: str, split: list[str]) -> None:
    run("dataset=wine", "model=lightgbm", *SMALL["lightgbm"], *split)
    row, metadata, seed = the_run()
    model = fit("e", rows=rows, out=Path("out"), **PLACES)
    details = json.loads(row["details"])
    found = [fold["rounds"] for fold in details.get("folds", [details])]
    problem = problem_of(metadata, seed)
    data, chosen = problem.dataset, np.arange(len(problem.dataset.target))
    if rows == "train+valid":
        chosen = np.setdiff1d(chosen, problem.split.test)
    parameters = problem.model.parameters(json.loads(row["configuration"]), 0, 1)
    own = lgb.train(parameters, lgb.Dataset(data.features.iloc[chosen], data.target[chosen]), math.ceil(np.mean(found)))
    assert np.array_equal(model.predict(data.features), own.predict(data.features))
    assert model.card["model"]["fixed"] == {"rounds": math.ceil(np.mean(found))}
    assert model.card["trained_on"] == {"rows": rows, "count": len(chosen), "of": 178, "models": 1}
    assert (
        "Of the model of the same configuration trained on train alone: validation log"
        in Path("out/card.md").read_text()
    )


@pytest.mark.parametrize("method", ["time", "group", "column"])
def test_every_resampling_can_be_repeated(method: str) -> None:
    frame = table("regression")
    order = np.arange(len(frame))
    frame["column"] = np.where(order % 4 < 2, "train", np.where(order % 4 == 2, "valid", "test"))
    frame.assign(time=order, group=order % 7).to_csv("own.csv", index=False)
    key = "split" if method == "column" else method
    others = [name for name in ("time", "group", "column") if name != method]
    run(
        *OWN,
        f"dataset.{key}={method}",
        f"dataset.drop=[{','.join(others)}]",
        f"resampling={method}",
        *SMALL["lightgbm"],
    )
    row, *_ = the_run()
    model = fit("e", out=Path("out"), data=Path("own.csv"), **PLACES)
    assert model.card["losses"]["test"] == row["test_loss"]
    assert model.card["trained_on"]["models"] == {"time": 4, "group": 5, "column": 1}[method]
    assert fit("e", rows="all", out=Path("all"), data=Path("own.csv"), **PLACES).card["trained_on"]["count"] == 120


def test_with_a_split_for_each_seed_the_lowest_median_over_all_splits_wins() -> None:
    for seed in range(6):
        run("dataset=wine", "model=logistic_regression", "seeds=paired", "optimizer=random", f"seed={seed}")
    model = fit("e", out=Path("out"), **PLACES)
    trials = pd.read_parquet("results/e")
    best = trials.loc[trials.groupby("seed")["loss"].idxmin()]
    losses: dict[int, list[float]] = {}
    for seed in range(6):
        problem = problem_of(file_metadata(Path(f"results/e/wine/logistic_regression/random/{seed}.parquet")), seed)
        for row in best.to_dict("records"):
            losses.setdefault(row["seed"], []).append(problem.evaluate(json.loads(row["configuration"])).loss)
    medians = {seed: median(values) for seed, values in losses.items()}
    assert model.card["chosen"]["seed"] == min(medians, key=lambda seed: medians[seed])
    assert f"{min(medians.values()):.6g}" in model.card["chosen"]["rule"][1]
    interval = model.card["losses"]["over_runs"]["validation"]  # of six runs it is their range
    assert interval == {"median": best["loss"].median(), "low": best["loss"].min(), "high": best["loss"].max()}
    with sqlite3.connect("results/store.sqlite") as store:
        made = store.execute("select count(*) from evaluations").fetchone()
        fit("e", out=Path("again"), **PLACES)
        assert store.execute("select count(*) from evaluations").fetchone() == made


def test_the_optimiser_is_the_lowest_of_the_level_group_and_intervals_stand_in_the_card() -> None:
    """Not the one with the lowest loss of all: here that of one lucky run."""
    for optimizer, level in (("random", 0.5), ("sklearn_sampler", 0.1)):
        for seed in range(6):
            run("dataset=wine", "model=knn", f"optimizer={optimizer}", f"seed={seed}")
            path = Path(f"results/e/wine/knn/{optimizer}/{seed}.parquet")
            losses = [level + seed / 100] * 2 if (optimizer, seed) != ("random", 3) else [0.01, 0.02]
            rewrite(path, loss=losses, best_loss=losses)
    with pytest.raises(UserError, match=r"its validation loss is .*, and 0\.1 is recorded"):
        fit("e", out=Path("out"), **PLACES)
    assert not list(Path().glob("*out*"))
    assert not list(Path().glob(".out*"))


def test_a_baseline_is_not_chosen_beside_an_optimiser_and_a_better_one_is_named() -> None:
    for optimizer, loss in (("default", 0.25), ("random", 0.5)):
        run("dataset=wine", "model=knn", f"optimizer={optimizer}")
        path = Path(f"results/e/wine/knn/{optimizer}/0.parquet")
        losses = [loss] * len(pd.read_parquet(path))
        rewrite(path, loss=losses, best_loss=losses)
    choice = choose("e", None, **PLACES)
    assert choice.best.run.optimizer == "random"
    assert choice.rule[:2] == (
        "random is the only optimiser here, baselines apart.",
        "The baseline default has a lower median validation loss, 0.25 against 0.5; baselines are not chosen.",
    )
    shutil.rmtree("results/e/wine/knn/random")
    choice = choose("e", None, **PLACES)
    assert (choice.best.run.optimizer, choice.rule[0]) == (
        "default",
        "default is a baseline; there is no other optimiser here.",
    )


def test_a_loss_that_is_not_reached_again_writes_nothing(capsys) -> None:
    run("dataset=wine", "model=knn")
    row, *_ = the_run()
    path = Path("results/e/wine/knn/random/0.parquet")
    rewrite(path, test_loss=[value * (1 + 2**-52) for value in pd.read_parquet(path)["test_loss"]])
    assert bench("fit", "e", "--out", "deep/out") == 2
    err = capsys.readouterr().err
    assert f"trained again its test loss is {float(row['test_loss'])!r}, and" in err
    assert "what differs: nothing that is recorded" in err
    assert list(Path("deep").iterdir()) == []


def test_one_that_is_stopped_leaves_nothing(monkeypatch, capsys) -> None:
    run("dataset=wine", "model=knn")

    def interrupted(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "save", interrupted)
    capsys.readouterr()
    assert bench("fit", "e", "--out", "new/out") == 130
    assert capsys.readouterr().err.endswith("bench: stopped; nothing was written to new/out\n")
    assert list(Path("new").iterdir()) == []


def test_what_cannot_be_fitted_is_one_line(capsys) -> None:
    for model in ("knn", "logistic_regression"):
        run("dataset=wine", f"model={model}")
    assert bench("run", "dataset=function", "model=branin", "budget.trials=1", "name=f") == 0
    Path("log.csv").write_text("optimizer,seed,trial,loss\ntpe,0,0,0.5\n")
    assert bench("import", "log.csv", "--name", "theirs", "--dataset", "d", "--model", "m") == 0
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    one = ["e", "--problem", "wine/knn"]
    assert bench("fit", *one, "--out", "out") == 0
    for arguments, message in (
        (["e", "--out", "new"], "--problem: missing; 'e' has 2: allowed: wine/knn, wine/logistic_regression"),
        (
            ["e", "--problem", "wine/svm", "--out", "new"],
            "--problem=wine/svm: no run of 'e' is of it; allowed: wine/knn, wine/logistic_regression",
        ),
        ([*one, "--out", "new", "--rows", "most"], "--rows=most: allowed: train, train+valid, all"),
        ([*one, "--out", "out"], "--out=out: is not empty; choose another folder, or replace it with --overwrite"),
        ([*one, "--out", "full", "--overwrite"], "--out=full: holds something else than a model"),
        ([*one, "--out", "full/mine.txt"], "--out=full/mine.txt: is no folder; choose another name"),
        ([*one, "--out", "full/mine.txt/new"], "--out=full/mine.txt/new: cannot be written ("),
        (["f", "--out", "new"], "function/branin: is a function of its configuration; there is no model to train"),
        ([*one, "--out", "new", "--data", "log.csv"], "--data=log.csv: the dataset of e/wine/knn/random/0 is no file"),
        (["theirs", "--out", "new"], "was imported, without what its model was trained on"),
    ):
        capsys.readouterr()
        assert bench("fit", *arguments) == 2
        err = capsys.readouterr().err.splitlines()
        assert message in err[-1]
        assert "Traceback" not in "".join(err)
    assert Path("full/mine.txt").read_text() == "mine"
    before = Path("out/card.json").stat().st_ino
    assert bench("fit", *one, "--out", "out", "--overwrite") == 0
    assert Path("out/card.json").stat().st_ino != before


def test_nothing_is_unpickled_and_what_is_not_on_the_list_is_refused(monkeypatch) -> None:
    import skops.io

    for name in ("svm", "keras_mlp"):
        run("dataset=wine", f"model={name}", *SMALL.get(name, []), f"name={name}")
        fit(name, out=Path(name), **PLACES)

    def refuse(*_arguments: Any, **_keywords: Any) -> None:
        raise AssertionError("something was unpickled")

    with monkeypatch.context() as patch:
        for name in ("load", "loads", "Unpickler"):
            patch.setattr(pickle, name, refuse)
        for name in ("svm", "keras_mlp"):
            load(name).predict(pd.read_csv(io.StringIO(wine())))
    skops.io.dump(subprocess.Popen, "svm/model.skops")
    with pytest.raises(UserError, match="Popen"):
        load("svm")
    text = json.loads(Path("svm/preparation.json").read_text())
    Path("svm/preparation.json").write_text(json.dumps(text | {"models": ["../keras_mlp/model.keras"]}))
    with pytest.raises(UserError, match="names a file outside of its folder"):
        load("svm")


def wine() -> str:
    data = datasets.load({"name": "wine", "load": "bench.datasets.bundled.wine"}, Path("datasets"))
    return data.features.head(3).to_csv(index=False)


@pytest.mark.slow
def test_the_commands_of_the_page_on_models(capsys) -> None:
    rng = np.random.default_rng(0)
    churn = pd.DataFrame({"visits": rng.poisson(3, 200), "plan": rng.choice(["basic", "full"], 200)})
    churn.assign(churned=(churn["visits"] + rng.normal(size=200) < 2)).to_csv("churn.csv", index=False)
    page = (ROOT / "docs/model.md").read_text()
    (block,) = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if arguments[0] == "run":
            arguments += ["budget.trials=2", "model.settings.rounds=5", "engine.workers=1"]
        if program == "bench":
            assert bench(*arguments) == 0, (line, capsys.readouterr().err)
        else:
            assert predict(capsys, *arguments[1:], folder=Path("model"))[2] == 0
    assert list(pd.read_csv("predictions.csv").columns) == ["churned", "probability of False", "probability of True"]
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(compile(code, "docs/model.md", "exec"), {"frame": pd.read_csv("churn.csv")})


def test_rows_that_cannot_be_predicted_are_one_line(capsys) -> None:
    frame = table("binary").drop(columns="w")
    frame["sure"] = np.arange(120) % 3 == 0
    frame.to_csv("own.csv", sep=";", decimal=",", index=False)
    own = [each for each in OWN if "weight" not in each]
    run(*own, "dataset.missing=none", "model=lightgbm", *SMALL["lightgbm"])
    model = fit("e", out=Path("out"), data=Path("own.csv"), **PLACES)
    rows = frame.head(4).drop(columns="y")
    usual = model.predict(rows)
    assert model.predict(rows.astype({"sure": object})).equals(usual)
    assert model.predict(rows.astype({"colour": "category"})).equals(usual)
    assert model.predict(rows.head(0)).shape == (0, 2)
    for column, value, message in (
        (
            "colour",
            "purple",
            "column 'colour' has 'purple' in row 2, a category that the model does not know; known: 'blue'",
        ),
        ("size, in {cm}", "big", "column 'size, in {cm}' has 'big' in row 2; expected a number"),
        ("size, in {cm}", "1_0", "has '1_0' in row 2; expected a number"),
        ("size, in {cm}", np.inf, "has 'inf' in row 2; expected a number"),
        ("rare", True, "column 'rare' has 'True' in row 2; expected a number"),
        ("rare", np.datetime64("2024-01-31"), "column 'rare' has '2024-01-31"),
    ):
        wrong = rows.astype({column: object})
        wrong.iloc[1, wrong.columns.get_loc(column)] = value
        with pytest.raises(UserError) as raised:
            model.predict(wrong)
        assert message in str(raised.value)
    with pytest.raises(UserError, match="column 'of few' is missing; the model needs 'size, in"):
        model.predict(rows.drop(columns="of few"))
    purple, none = rows.assign(colour="purple"), rows.assign(colour="none")
    assert model.predict(purple, unknown="missing").equals(model.predict(none))
    purple.to_csv("rows.csv", sep=";", decimal=",", index=False)
    _, err, status = predict(capsys, "rows.csv")
    assert status == 2
    assert err.startswith("predict.py: rows.csv: column 'colour' has 'purple' in row 1, a category")
    assert err.count("\n") == 1
    assert err.endswith("(--unknown missing)\n")
    with pytest.raises(UserError, match=r"\(unknown='missing'\)$"):
        model.predict(purple)
    _, err, status = predict(capsys, "none.csv")
    assert (err, status) == (
        "predict.py: none.csv: cannot be read (No such file or directory); give a CSV or parquet file\n",
        2,
    )
    alone, _, _ = predict(capsys, "rows.csv", "--unknown", "missing")
    assert np.array_equal(alone.iloc[:, 1:], model.predict(none))
    assert list(alone["y"]) == list(model.predict(none).idxmax(axis=1))
