"""`bench import` of what is no log, or a hostile one: one line each, without its content, and nothing written."""

import json
import os
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import bench

from bench import results

AT = ("--name", "theirs", "--dataset", "d", "--model", "m", "--optimizer", "tpe")
SECRET = "hunter2-secret"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(";".join(statements))


class Bomb:
    """What would leave a trace if it were unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)


def entry(**changed: Any) -> dict[str, Any]:
    """A trial of Hyperopt's."""
    vals = {"vals": {"x": [0.5]}}
    return {"state": 2, "tid": 0, "result": {"loss": 0.5, "status": "ok"}, "misc": vals, "book_time": None} | changed


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty; expected a header"),
    "text": (f"{SECRET}\nroot:x:0:0\n".encode(), "none of its columns is optimizer, seed, trial, loss"),
    "key": (f"-----BEGIN {SECRET}-----\n{SECRET},{SECRET}\n".encode(), "not a CSV file with as many cells"),
    "quoted": (f'optimizer,seed,trial,loss\n"{SECRET}\n'.encode(), "not a CSV file"),
    "binary": (b"\x7fELF\0\0" + SECRET.encode(), "not text, nor SQLite or parquet"),
    "latin": (f"optimizer,seed,trial,loss\n{SECRET}\xe9,0,0,1\n".encode("latin-1"), "not text in UTF-8"),
    "gzip": (b"\x1f\x8b\x08\0" + SECRET.encode(), "not text"),
    "parquet": (b"PAR1" + SECRET.encode() + b"PAR1", "a parquet file that cannot be read"),
    "json": (f'[{{"{SECRET}": '.encode(), "begins as JSON does, but is none"),
    "object": (f'{{"{SECRET}": 1}}\n'.encode(), "JSON, but no journal of Optuna's nor trial log of CARP-S's"),
    "list": (f'["{SECRET}"]'.encode(), "a list in JSON, but neither of Hyperopt's trials nor of NNI's"),
    "deep": (b"[" * 100_000, "begins as JSON does, but is none"),
    "journal": (
        b'{"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [1]}\n'
        + json.dumps({"op_code": 99, "worker_id": SECRET}).encode() + b"\n{}\n{}\n",
        "cannot be read as Optuna's journal (",
    ),
    "carps": (f'{{"trial_info": 1, "trial_value": "{SECRET}"}}\n'.encode(), "line 1 is no trial of CARP-S's"),
    "hyperopt": (json.dumps([entry(tid=SECRET)]).encode(), "entry 0 is not a trial of Hyperopt's"),
    "hyperopt without end": (json.dumps([entry(tid=float("inf"))]).encode(), "entry 0 is not a trial of Hyperopt's"),
    "loss": (json.dumps([entry(result={"loss": [SECRET], "status": "ok"})]).encode(), "'loss' is not a number"),
    "nni": (json.dumps([{"parameter": 1, "value": SECRET}]).encode(), "entry 0 is no trial of NNI's"),
    "damaged": (b"SQLite format 3\0" + SECRET.encode() * 50, "a damaged SQLite database"),
    "pickled": (pickle.dumps([SECRET]), "a pickle, which is not read"),
    "old.pkl": (pickle.dumps([SECRET], protocol=0), "a pickle, which is not read"),
    "bomb": (pickle.dumps(Bomb()), "for Hyperopt's trials, study.trials_dataframe().to_csv("),
    "ray.json": (f'{{"training_iteration": 1, "x": "{SECRET}"}}\n'.encode(), "import the folder of its experiment"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_line_without_its_content(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    content, message = WRONG[name]
    Path(name).write_bytes(content)
    assert bench("import", name, *AT, "--seed", "0") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"bench: {name}: ")
    assert message in err
    assert err.count("\n") == 1
    assert SECRET not in err
    assert "root" not in err
    assert [path.name for path in Path().iterdir()] == [name]


def test_what_map_names_is_missed_without_showing_a_file_that_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    Path("key").write_text(f"{SECRET}\nroot:x:0:0\n")
    assert bench("import", "key", *AT, "--map", "val=loss") == 2
    assert "--map val=...: key has no such column; its first row is one cell" in (err := capsys.readouterr().err)
    assert SECRET not in err


def test_databases_of_others_are_named_by_their_tables(capsys: pytest.CaptureFixture[str]) -> None:
    database(Path("a"), "create table passwords (p text)", f"insert into passwords values ('{SECRET}')")
    database(Path("b"), "create table evaluations (p)", "create table claims (p)", "create table runs (p)")
    database(Path("c"), *(f"create table {name} (x)" for name in ("studies", "trials", "trial_params")))
    for name, message in (
        ("a", "a SQLite database of neither Optuna nor NNI; its tables: 'passwords'"),
        ("b", "a store of this suite; 'bench store import'"),
        ("c", "cannot be read as Optuna's storage ("),
    ):
        assert bench("import", name, *AT) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
        assert SECRET not in err
    assert sorted(path.name for path in Path().iterdir()) == ["a", "b", "c"]


def test_a_database_that_is_locked_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kw: connect(*args, **kw | {"timeout": 0}))
    database(Path("a"), "create table studies (x)")
    with closing(connect("a", isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert bench("import", "a", *AT) == 2
    assert "a: locked by a program that writes it; stop that, or import a copy" in capsys.readouterr().err


def test_folders_that_are_no_logs_get_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("none/inner").mkdir(parents=True)
    Path("one").mkdir()
    Path("one/progress.csv").touch()
    for name, message in (
        ("none", "none: a folder without Ray Tune's trials"),
        ("one", "one: the folder of one trial of Ray Tune's; import ., its experiment"),
    ):
        assert bench("import", name, *AT) == 2
        assert message in capsys.readouterr().err


def test_hostile_values_stay_data(capsys: pytest.CaptureFixture[str]) -> None:
    vals = {
        "\x1b[31mred\n": ["\x07" + "x" * 5000],
        "nan": [float("nan")],
        "huge": [10**400],
        "list": [[1, {"a": None}]],
        "${oc.env:HOME}": [1.5],
        "": [True],
    }
    trials = [entry(tid=number, misc={"vals": vals}, book_time="never") for number in range(3)]
    trials[1]["result"] = {"loss": float("inf"), "status": "ok"}
    trials[2]["result"] = {"loss": "1e999", "status": "ok"}
    Path("t.json").write_text(json.dumps(trials))
    assert bench("import", "t.json", *AT) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    table, _ = results.read_file(Path("results/theirs/d/m/tpe/0.parquet"))
    assert table["status"].to_pylist() == ["ok", "failed", "failed"]
    configuration = json.loads(table["configuration"][0].as_py())
    assert configuration["nan"] == "nan"
    assert configuration["list"] == '[1, {"a": null}]'
    assert len(configuration[r"\x1b[31mred "]) <= 200
    assert bench("report", "theirs", "--figures", "main") == 0
    assert bench("best", "theirs") == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("value", ["../up", "a/b", "", "a b", "é"])
def test_names_out_of_files_name_folders_alone(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "n_trials": 1,
        "trial_value__cost": 0.5,
        "optimizer_id": value,
        "task_id": "t",
        "benchmark_id": "b",
        "seed": 1,
    }
    Path("e.csv").write_text(f"optimizer,seed,trial,loss\n{value},0,0,1\n")
    assert bench("import", "e.csv", *AT[:6]) == 2
    assert "expected letters, digits" in capsys.readouterr().err
    pd.DataFrame([row]).to_parquet("logs.parquet")
    bench("import", "logs.parquet", "--name", "theirs")
    assert all(len(path.relative_to("results").parts) == 5 for path in Path("results").rglob("*.parquet"))
    assert not list(Path("..").glob("up*"))
