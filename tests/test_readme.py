"""What the README shows is what works: its code and YAML are taken from it, its commands are run."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import ROOT, bench
from pictures import leave_undrawn

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def named(text: str) -> str:
    """The first block after the first place where `text` stands."""
    return re.search(r"```\w+\n(.*?)```", README[README.index(text) :], flags=re.DOTALL)[1]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder of a user who wrote every file that the README shows."""
    monkeypatch.chdir(tmp_path)
    for name in dict.fromkeys(re.findall(r"`(mine/[\w/]+\.(?:py|yaml))`", README)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(named(f"`{name}`"))
    rows = [f"{i},{i % 7},{(i * 37) % 11},{int(i % 7 > 3)}" for i in range(200)]
    (tmp_path / "log.csv").write_text("optimizer,seed,trial,loss\ntpe,0,0,0.4\ntpe,0,1,0.3\n")
    (tmp_path / "churn.csv").write_text("\n".join(["customer_id,visits,spent,churned", *rows]) + "\n")
    return tmp_path


def test_each_example_is_under_twenty_lines():
    assert {"mine/centroids.py", "mine/model/extra_trees.yaml", "mine/hill.py", "mine/optimizer/hill.yaml"} <= set(
        re.findall(r"`(mine/[\w/]+\.(?:py|yaml))`", README)
    )
    for text in (*blocks("python"), *blocks("yaml")):
        assert len([line for line in text.splitlines() if line.strip()]) < 20, text


def test_a_dataset_a_model_and_an_optimiser_of_ones_own(mine, capsys):
    quick = ["budget.trials=3", "name=own"]
    small = "model.settings.rounds=5"
    assert bench("run", "--config-dir", "mine", "dataset=churn", *quick, small) == 0
    for model in ("centroids", "extra_trees"):
        assert bench("run", "--config-dir", "mine", "dataset=wine", f"model={model}", *quick) == 0
    assert bench("run", "--config-dir", "mine", "dataset=wine", "optimizer=hill", *quick, small) == 0
    both = ["optimizer=hill,random", "engine.workers=1"]
    assert bench("run", "-m", "--config-dir", "mine", "dataset=wine", *both, *quick, small) == 0
    trials = pd.read_parquet("results/own")
    assert set(zip(trials["dataset"], trials["model"], trials["optimizer"], strict=True)) == {
        ("churn", "lightgbm", "random"),
        ("wine", "centroids", "random"),
        ("wine", "extra_trees", "random"),
        ("wine", "lightgbm", "hill"),
        ("wine", "lightgbm", "random"),
    }
    assert (trials["status"] == "ok").all(), trials["error"].dropna().tolist()
    assert bench("list", "--config-dir", "mine") == 0
    listing = capsys.readouterr().out
    for line in (
        "our customers of 2026",
        "scikit-learn's extremely randomised",
        "nearer the mean",
        "hill climbing, one hyperparameter",
    ):
        assert line in listing


@pytest.mark.slow
def test_the_commands_in_order(mine, monkeypatch, capsys):
    """Every bench command of the README, cut to a few cheap trials where it would take long."""
    leave_undrawn(monkeypatch)
    text = "\n".join(blocks("sh")).replace("\\\n", " ")
    commands = [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("bench ")]
    assert {command[1] for command in commands} == {
        *("list", "run", "status", "report", "best", "fit", "import", "verify", "data", "pack", "export")
    }
    for command in commands:
        arguments = command[1:]
        if arguments[0] == "run" and "dry_run=true" not in arguments:
            arguments = [*(a for a in arguments if not a.startswith("budget.")), "budget.trials=3"]
            arguments = [a.replace("range(0,5)", "range(0,2)").replace("range(0,6)", "range(0,2)") for a in arguments]
            arguments += ["model.settings.rounds=5", "engine.workers=1"]
        assert bench(*arguments) == 0, (command, capsys.readouterr().err)
    assert Path("reports/mine/report.html").exists()


@pytest.mark.slow
def test_the_examples_of_the_page_on_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    visits = pd.DataFrame({"patient": rng.integers(0, 50, 400), "age": rng.normal(60, 9, 400)})
    visits["month"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 36, 400) * 30, unit="D")
    visits["days"], visits["visits"] = rng.integers(1, 30, 400), rng.poisson(np.exp(visits["age"] / 30))
    visits.to_csv("visits.csv", index=False)
    shown = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/data.md").read_text(), flags=re.DOTALL)
    (block,) = [text for text in shown if "bench run" in text]
    for line in block.replace("\\\n", " ").splitlines():
        arguments = [*shlex.split(line)[1:], "budget.trials=3", "engine.workers=1"]
        assert bench(*arguments) == 0, (line, capsys.readouterr().err)
    trials = pd.read_parquet("results/visits")
    assert (trials["status"] == "ok").all(), trials["error"].dropna().tolist()
    folds = {name: json.loads(part["details"].iloc[0])["fold_losses"] for name, part in trials.groupby("dataset")}
    assert {name: len(losses) for name, losses in folds.items()} == {
        "visits": 3,
        "visits_by_patient": 5,
        "visits_by_month": 4,
    }


def test_the_pandas_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quick = ["name=default", "dataset=wine", "budget.trials=3", "model.settings.rounds=5"]
    assert bench("run", *quick) == 0
    (code,) = [block for block in blocks("python") if "read_parquet" in block]
    exec(compile(code, "README", "exec"), {})
    assert re.search(r"wine +lightgbm +random +0\.\d+ +0\.\d+", capsys.readouterr().out)


def test_every_key_of_the_table_is_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench("run", "--cfg", "job") == 0
    config = capsys.readouterr().out
    table = README.partition("## Settings that matter")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    keys = [key.split("=")[0] for row in rows for key in row.split("`")[1::2]]
    assert len(keys) > 8
    for key in keys:
        assert re.search(rf"^ *{key.rpartition('.')[2]}:", config, re.MULTILINE), key


@pytest.mark.slow
def test_the_commands_of_the_page_on_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    leave_undrawn(monkeypatch)
    text = (ROOT / "docs/report.md").read_text()
    sweep = ["dataset=wine,digits", "optimizer=random,optuna_tpe", "budget.trials=3", "model.settings.rounds=5"]
    for seed, name in enumerate(("mine", "theirs")):
        assert bench("run", "-m", *sweep, f"seed={seed}", f"name={name}", "engine.workers=1") == 0
    (example,) = re.findall(r"```csv\n(.*?)```", text, flags=re.DOTALL)
    Path("log.csv").write_text(example)
    Path("names.yaml").write_text(next(re.finditer(r"```yaml\n(optuna_tpe: .*?)```", text, flags=re.DOTALL))[1])
    for line in "".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)).replace("\\\n", " ").splitlines():
        arguments = shlex.split(line, comments=True)[1:]
        assert bench(*arguments) == 0, (line, capsys.readouterr().err)
    assert "| tpe | 0.3100 | 0.3500 | 0.00 | 1 | 1 of 3 |" in Path("reports/paper/report.md").read_text()


def test_the_commands_of_the_page_on_engines_compose(tmp_path, monkeypatch, capsys):
    """What each would run; the engines themselves are tried in `tests/engines`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_STORE", f"sqlite:///{tmp_path}/store.sqlite")
    text = "".join(re.findall(r"```sh\n(.*?)```", (ROOT / "docs/engines.md").read_text(), flags=re.DOTALL))
    commands = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    commands = [command[1:] for command in commands if command[:2] == ["bench", "run"]]
    assert {word for command in commands for word in command if word.startswith("engine=")} == {
        "engine=slurm",
        "engine=ray",
    }
    for command in commands:
        assert bench(*command, "dry_run=true") == 0, (command, capsys.readouterr().err)
        assert "120 runs: 0 done, 120 to do" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["local", "slurm", "ray"])
def test_every_setting_of_an_engine_has_its_key_and_stands_in_the_docs(name):
    import inspect

    import yaml

    from bench.config.components import locate

    keys = yaml.safe_load((ROOT / f"conf/engine/{name}.yaml").read_text())
    pytest.importorskip({"local": "loky", "slurm": "submitit", "ray": "ray"}[name])
    execute = locate("engine.class", keys["class"])
    settings = {key: value for key, value in keys.items() if key not in ("name", "description", "class")}
    parameters = list(inspect.signature(execute).parameters.values())[1:]
    assert settings == {parameter.name: parameter.default for parameter in parameters}
    page = (ROOT / "docs/engines.md").read_text()
    assert [key for key in settings if f"engine.{key}" not in page] == []
