"""What is data is never code: tables, store and reports are read without unpickling anything; markup stays text."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pyarrow.parquet as pq
import pytest
import trials
from commands import ROOT, SUPPORT, TOY, bench
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from bench.config import folders
from bench.results import RunId

PROGRAM = """
import pickle, sys

def refuse(*_arguments, **_keywords):
    raise AssertionError("something was unpickled")

pickle.load = pickle.loads = pickle._load = pickle._loads = refuse
pickle._Unpickler.load = refuse
pickle.Unpickler = pickle._Unpickler
from bench import cli
for command in sys.argv[1:]:
    sys.argv = ["bench", *command.split()]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code, command
"""

IMPORTED = "--dataset d --model m --optimizer tpe"
READING = (
    *(f"import a.{ending} --name of_{ending} {IMPORTED}" for ending in ("db", "log")),
    *("report e", "report e --check", "status e", "best e", "store show", "store export all.parquet"),
)


def test_tables_store_and_reports_are_read_without_unpickling(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *TOY, "budget.trials=3", "name=e") == 0
    for storage in (RDBStorage("sqlite:///a.db"), JournalStorage(JournalFileBackend("a.log"))):
        optuna.create_study(storage=storage).add_trial(optuna.trial.create_trial(value=1.0))
    environment = {"PYTHONPATH": f"{SUPPORT}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, *READING]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "all.parquet").exists()


HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "..", "a b", "a\nb", "ä"])
def test_no_name_leads_out_of_the_results(name, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *TOY, "budget.trials=1", f"name='{name}'") == 2
    assert bench("run", *TOY, "budget.trials=1", f"optimizer.name='{name}'") == 2
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_a_table_holds_is_text_in_every_page(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = RunId("e", "iris", "lightgbm", "random", 0)
    entry = {"metric": HOSTILE, "provenance": {"cpu": HOSTILE, "versions": {HOSTILE: "$x_1$ & \\input{/etc/passwd}"}}}
    entry["declared"] = {"laws": {HOSTILE: {"expression": HOSTILE}}, "fallback": HOSTILE}
    trials.put(Path("results"), run, [1.0, None, 0.5], [1.0, None, 0.5], **entry)
    assert bench("report", "e") == 0
    assert HOSTILE not in Path("reports/e/report.html").read_text()
    for path in Path("reports/e/tables").glob("*.html"):
        assert "<script" not in path.read_text()
    for path in Path("reports/e/tables").glob("*.tex"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("%")]
        assert "<script" not in "\n".join(lines)
        assert "\\input" not in "\n".join(lines)
    for path in Path("reports/e/figures").glob("*.svg"):
        assert "<script" not in path.read_text()


YAML_THAT_RUNS = "x: !!python/object/apply:os.system ['touch marker']\n"


def test_yaml_runs_nothing_wherever_it_lies(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    trials.put(Path("results"), RunId("e", "iris", "lightgbm", "random", 0), [1.0, 0.5])
    Path("results/e/_published.yaml").write_text(YAML_THAT_RUNS)
    Path("mine/model").mkdir(parents=True)
    Path("mine/model/own.yaml").write_text(YAML_THAT_RUNS)
    for command in (
        ["report", "e"], ["list", "models", "--config-dir", "mine"], ["verify", "e", "--config-dir", "mine"],
        ["run", "--config-dir", "mine", "dataset=wine", "model=own", "budget.trials=1"],
    ):  # fmt: skip
        bench(*command)
        assert "Traceback" not in capsys.readouterr().err
        assert not Path("marker").exists()


# --- code from results ------------------------------------------------------------------------------------------------

MARK = "open('marker', 'w').close()\n"
"""What every module that must not be imported does first, and every function that must not be called."""
RUNS = {
    "model": ["dataset=wine", "model=svm"],
    "boosted": ["dataset=wine", "model=lightgbm", "model.settings.rounds=2"],
    "function": ["dataset=function", "model=branin"],
    "file": ["dataset=file", "dataset.path=own.csv", "dataset.target=y", "dataset.name=own", "model=ridge"],
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> Path:
    """Tables of the suite's own components, to be made hostile."""
    folder = tmp_path_factory.mktemp("honest")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        pd.DataFrame({"x": range(60), "y": [0.5 * i for i in range(60)]}).to_csv("own.csv", index=False)
        for name, overrides in RUNS.items():
            assert bench("run", *overrides, "budget.trials=1", f"name={name}") == 0
    return folder


@pytest.fixture
def table(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a table of `RUNS` into a folder that also holds modules whose import leaves a marker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as `python -m bench` does
    for name in ("evil", "bench_evil"):
        (tmp_path / f"{name}.py").write_text(
            MARK + f"def run(*a, **k):\n    {MARK}    return 0.0\nclass It:\n    pass\n"
        )

    def write(name: str, changes: dict[str, Any]) -> None:
        (source,) = (honest / "results" / name).rglob("*.parquet")
        there = tmp_path / source.relative_to(honest)
        there.parent.mkdir(parents=True, exist_ok=True)
        content = pq.read_table(source)
        metadata = json.loads(content.schema.metadata[b"bench"])
        for path, value in changes.items():
            *outer, last = path.split("/")
            place = metadata
            for key in outer:
                place = place.setdefault(key, {})
            place[last] = value
        pq.write_table(content.replace_schema_metadata({"bench": json.dumps(metadata)}), there)

    yield write
    for name in ("evil", "bench_evil"):
        sys.modules.pop(name, None)


COMMAND = ["sh", "-c", "touch marker"]
HOSTILE_TABLES = [
    ("function", {"model/function": "subprocess.Popen", "model/settings": {"args": COMMAND}}, "model.function"),
    ("function", {"model/function": "evil.run"}, "model.function"),
    ("function", {"model/function": "os.system"}, "model.function"),
    ("function", {"model/function": "bench.files.write"}, "model.function"),  # of the suite, but named by no config
    ("function", {"model/function": "bench.datasets.bundled.wine"}, "model.function"),  # of another group
    ("function", {"model/function": "bench.models.lightgbm.LightGBM"}, "model.function"),  # of another key
    ("function", {"model/function": ["evil.run"]}, "model.function"),
    ("model", {"model/class": "evil.It"}, "model.class"),
    ("model", {"model/class": "bench_evil.It"}, "model.class"),
    ("model", {"model/class": "bench.running.child_process._Child"}, "model.class"),
    ("model", {"model/class": "bench.optimizers.random_search.RandomSearch"}, "model.class"),
    ("model", {"model/class": "bench.models.scikit_learn.Estimator "}, "model.class"),
    ("model", {"model/settings/estimator": "evil.It"}, "model.settings.estimator"),
    ("model", {"model/settings/estimator": {"class": "evil.It"}}, "model.settings.estimator.class"),
    ("model", {"model/settings/estimator/classification": "subprocess.Popen"}, "estimator.classification"),
    ("model", {"model/settings/parameters": {"base": {"class": "evil.It"}}}, "model.settings.parameters.base.class"),
    ("model", {"model/settings/parameters": {"steps": [["a", {"class": "evil.It"}]]}}, "parameters.steps.class"),
    ("model", {"model/space": {"memory": {"type": "categorical", "choices": ["evil"]}}}, "space.memory"),
    ("model", {"model/space/kernel/choices": ["rbf", "evil.run"]}, "space.kernel"),
    ("boosted", {"model/settings/parameters": {"forcedsplits_filename": "own"}}, "forcedsplits_filename"),
    ("boosted", {"model/settings/parameters": {"machines": "10.0.0.1:99"}}, "model.settings.parameters.machines"),
    ("boosted", {"model/settings/parameters": {"fs": "evil.py"}}, "model.settings.parameters.fs"),
    ("boosted", {"model/settings/parameters": {"fs": "results"}}, "model.settings.parameters.fs"),  # is there
    ("model", {"dataset/load": "evil.run"}, "dataset.load"),
    ("model", {"dataset/load": "bench.models.lightgbm.LightGBM"}, "dataset.load"),
    ("model", {"dataset/load": "bench.datasets.loading.load", "dataset/config": {}}, "dataset.load"),
    ("model", {"dataset/load": "pandas.read_pickle", "dataset/path": "evil"}, "dataset.load"),
    (
        "model",
        {
            "dataset/load": "bench.datasets.lightgbm_regression.load",
            "dataset/address": "http://127.0.0.1:9/evil",
            "dataset/sha256": {},
        },
        "dataset.address",
    ),
    ("model", {"dataset/datasets_dir": "/etc"}, "dataset.datasets_dir"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "key"), HOSTILE_TABLES)
def test_what_only_a_table_names_is_neither_imported_nor_run(name, changes, key, table, capsys) -> None:
    table(name, {f"config/{place}": value for place, value in changes.items()})
    for command in (["verify", name], ["best", name, "--python"], ["fit", name, "--out", "out"]):
        if name == "function" and command[0] == "fit":
            continue
        assert bench(*command) == 2
        out, err = capsys.readouterr()
        assert not out
        assert err.count("\n") == 1
        assert f"{key}=" in err
        assert "only the table says so" in err
        assert "--config-dir FOLDER" in err
    assert not Path("marker").exists()
    assert not {"evil", "bench_evil"} & set(sys.modules)


def test_the_verbs_that_only_read_look_nothing_up(table, honest, capsys) -> None:
    everything = {"model/function": "evil.run", "dataset/load": "evil.run", "dataset/path": "evil.py"}
    everything |= {"optimizer/class": "evil.It", "metric/name": "evil.run", "initial_design": {"class": "evil.It"}}
    table("function", {f"config/{key}": value for key, value in everything.items()})
    for verb in ("report", "status", "best"):
        assert bench(verb, "function") == 0, capsys.readouterr()
    shutil.copy(honest / "results/store.sqlite", "theirs.sqlite")
    with contextlib.closing(sqlite3.connect("theirs.sqlite")) as theirs:
        theirs.execute("update evaluations set configuration = 'evil.run', details = 'evil.run'")
        theirs.commit()
    for verb in (["import", "theirs.sqlite"], ["show"], ["export", "all.parquet"]):
        assert bench("store", *verb) == 0, capsys.readouterr()
    assert not Path("marker").exists()
    assert not {"evil", "bench_evil"} & set(sys.modules)


def test_an_optimizer_is_not_needed_to_verify_and_never_looked_up(table, capsys) -> None:
    for path in ("evil.It", "subprocess.Popen", "bench.running.child_process._Child"):
        table("boosted", {"config/optimizer/class": path, "config/optimizer/settings": {"args": COMMAND}})
        assert bench("verify", "boosted") == 0
        assert "1 of 1 trials come out the same" in capsys.readouterr().out
        assert not Path("marker").exists()


def test_a_file_that_a_table_names_is_not_read(table, honest, capsys) -> None:
    """Only what the user gives is, and it must be what the runs were made on."""
    table("file", {"config/dataset/path": str(honest / "own.csv")})
    assert bench("verify", "file") == 2
    assert capsys.readouterr().err.endswith("the place of its file is not recorded; give it with --data FILE\n")
    Path("other.csv").write_text("x,y\n1,2\n3,4\n")
    assert bench("verify", "file", "--data", "other.csv") == 2
    assert "--data=other.csv: is not the file of dataset " in capsys.readouterr().err
    assert bench("verify", "file", "--data", honest / "own.csv") == 0


def test_what_a_config_of_the_users_names_is_used_and_with_it_no_other(table, capsys) -> None:
    """By the folder that the user gives, and nothing beside what its configs say."""
    foreign = {"function": "evil.run", "settings": {}, "minimum": None}
    table("function", {f"config/model/{key}": value for key, value in foreign.items()})
    Path("mine/model").mkdir(parents=True)
    space = "space: {x: {type: float, low: 0.0, high: 1.0}}\n"
    Path("mine/model/other.yaml").write_text(f"name: other\nfunction: evil.other\n{space}")
    assert bench("verify", "function", "--config-dir", "mine") == 2
    assert "no config of the suite, a plug-in or --config-dir=mine, so" in capsys.readouterr().err
    assert not Path("marker").exists()
    Path("mine/model/evil.yaml").write_text(f"name: evil\nfunction: evil.run\n{space}")
    assert bench("verify", "function", "--config-dir", "mine") == 1  # another function: its values differ
    assert Path("marker").exists()


def test_what_lies_in_the_folder_of_the_start_does_not_pass_for_an_installed_plug_in(table, tmp_path, capsys) -> None:
    """Where a config of the user's is given, its folder and that of the start are searched for classes."""
    table("function", {"config/model/function": "evil.run"})
    for name, text in {
        "evil.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
        "evil.dist-info/entry_points.txt": "[hpo_compare.plugins]\nevil = evil_package\n",
        "evil_package/__init__.py": MARK,
        "evil_package/conf/model/evil.yaml": "name: evil\nfunction: evil.run\n",
        "mine/model/own.yaml": "name: own\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sys.path.remove(str(tmp_path))
    folders.plugins.cache_clear()
    assert bench("verify", "function", "--config-dir", "mine") == 2
    assert "only the table says so" in capsys.readouterr().err
    assert not Path("marker").exists()
    sys.path.append(str(tmp_path))  # the proof that it would have been found
    folders.plugins.cache_clear()
    assert [folder.owner for folder in folders.plugins()[0]][-1:] == ["plug-in evil"]
    folders.plugins.cache_clear()


def test_what_runs_were_begun_with_on_the_command_line_is_verified(honest, monkeypatch, capsys) -> None:
    """Other numbers and words than a config has are no doors."""
    monkeypatch.chdir(honest)
    changed = [
        "dataset=wine",
        "dataset.rows=100",
        "model=svm",
        "model.settings.impute=mean",
        "model.settings.scale=null",
    ]
    changed += ["+model.settings.parameters.class_weight=balanced", "model.settings.parameters.max_iter=500"]
    assert bench("run", *changed, "budget.trials=1", "name=changed") == 0
    for name in ("changed", *RUNS):
        assert bench("verify", name, *(["--data", "own.csv"] if name == "file" else [])) == 0, capsys.readouterr()


@pytest.mark.parametrize(
    "changes",
    [
        {"config": "a text"}, {"config/model": [1]}, {"config/dataset": None}, {"config/seeds": {"split": "a"}},
        {"config/model/settings": "a text"}, {"config/model/space": 5}, {"config/metric/name": {}},
        {"config/dataset/name": "a\nb"}, {"provenance": "a text"}, {"provenance/threads": 10**9},
    ],
    ids=str,
)  # fmt: skip
def test_metadata_of_wrong_types_are_refused_in_one_line(changes, table, capsys) -> None:
    table("boosted", changes)
    assert bench("verify", "boosted") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "override",
    [
        "store=postgresql://me:secret@[::1/x",
        "store=[postgresql://me:sec/ret@h/x]",
        "+store://me:secret@h=5",
        "stor=x://m:secret@h",
        "store=postgresql://h/[d?password=secret",
    ],
)
def test_a_password_that_was_typed_where_it_cannot_be_read_is_not_repeated(override, capsys) -> None:
    assert bench("run", override) == 2
    message = capsys.readouterr().err
    assert "ret@" not in message
    assert "password=secret" not in message
    assert message.count("\n") == 1
