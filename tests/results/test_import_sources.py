"""`bench import` of what other libraries write: each file read as its library reads it, and left as it was."""

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from commands import bench
from foreign_logs import carps_line, fill, nni_database, ray_trial
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from bench import results
from bench.results import RunId

optuna.logging.set_verbosity(optuna.logging.ERROR)

AT = ("--name", "theirs", "--dataset", "d", "--model", "m")
AS_OURS = {
    "lr": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
    "leaves": {"type": "int", "low": 8, "high": 64, "log": True},
    "share": {"type": "float", "low": 0.5, "high": 1.0, "step": 0.25},
    "act": {"type": "categorical", "choices": ["relu", None, True]},
    "units": {"type": "int", "low": 16, "high": 48, "step": 16},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    return tmp_path


def state_of(folder: Path) -> dict[str, tuple[str, int]]:
    """What lies in a folder, and when it was last written."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def imported(*arguments: str, left: str = "logs") -> dict[tuple[str, str, str, int], pd.DataFrame]:
    """The tables of a good import, by dataset, model, optimiser and seed; the files are as before."""
    before = state_of(Path(left))
    assert bench("import", *arguments) == 0
    assert state_of(Path(left)) == before
    paths = results.find(Path("results"), "theirs")
    return {(run.dataset, run.model, run.optimizer, run.seed): pd.read_parquet(path) for run, path in paths.items()}


def metadata(optimizer: str = "tpe", seed: int = 0) -> dict[str, Any]:
    return results.file_metadata(RunId("theirs", "d", "m", optimizer, seed).path(Path("results")))


def storage_of(kind: str) -> Any:
    if kind == "journal":
        return JournalStorage(JournalFileBackend("logs/a"))
    return RDBStorage("sqlite:///logs/a")


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_every_study_of_an_optuna_storage_comes_with_space_states_and_steps(kind: str, capsys: Any) -> None:
    storage = storage_of(kind)
    for name in ("tpe-0", "tpe-1", "other"):
        fill(storage, name)
    tables = imported("logs/a", *AT, "--pattern", "{optimizer}-{seed}", "--map", "user_attrs_test=test_loss")
    out = capsys.readouterr().out
    assert set(tables) == {("d", "m", "tpe", 0), ("d", "m", "tpe", 1)}
    assert "2 runs imported, 12 trials, 6 of them failed" in out
    assert "a: 'other' is not called {optimizer}-{seed}: left out" in out
    assert "1 trial not finished: left out" in out
    table = tables["d", "m", "tpe", 1]
    assert table["trial"].tolist() == list(range(6))
    assert table["loss"].dropna().to_dict() == {0: 3.0, 4: 2.0, 5: 2.5}
    assert table["test_loss"].dropna().to_dict() == {0: 9.0, 4: 9.0, 5: 9.0}
    assert [str(error).partition(": ")[2] for error in table["error"][1:4]] == [
        "pruned after step 4",
        "state is FAIL",
        "value is inf",
    ]
    assert json.loads(table["details"][0]) == {"intermediate": {"0": 5.0, "7": 4.0}}
    assert table["configuration"][0] == '{"lr":0.01,"leaves":10,"share":0.75,"act":null,"units":32}'
    assert metadata()["config"]["model"]["space"] == AS_OURS


def test_what_optuna_maximised_is_a_loss_and_said_to_be(capsys: Any) -> None:
    fill(RDBStorage("sqlite:///logs/a"), "s", "maximize")
    table = imported("logs/a", *AT, "--optimizer", "tpe")["d", "m", "tpe", 0]
    assert table["loss"].dropna().to_dict() == {0: -3.0, 4: -2.0, 5: -2.5}
    assert json.loads(table["details"][0]) == {"intermediate": {"0": -5.0, "7": -4.0}}
    assert metadata()["metric"] == "minus loss"
    assert "the values were maximised: a loss is minus the value" in capsys.readouterr().out
    imported("logs/a", *AT, "--optimizer", "tpe", "--metric", "auc", "--overwrite")
    assert metadata()["metric"] == "1 - auc"
    table = pd.read_parquet("results/theirs/d/m/tpe/0.parquet")
    assert table["loss"].dropna().to_dict() == {0: -2.0, 4: -1.0, 5: -1.5}


def test_a_storage_of_optuna_2_is_upgraded_in_a_copy(capsys: Any) -> None:
    with closing(sqlite3.connect("logs/a")) as connection:
        connection.executescript((Path(__file__).parent / "optuna_2_10.sql").read_text())
    table = imported("logs/a", *AT, "--pattern", "{optimizer}-{seed}")["d", "m", "tpe", 5]
    captured = capsys.readouterr()
    assert "its schema is of an earlier Optuna: a copy was upgraded and read" in captured.out
    assert captured.err == ""
    configuration = json.loads(table["configuration"][0])
    assert configuration.pop("lr") == pytest.approx(4.634250583294883e-4)
    assert configuration == {"n": 9, "d": 0.25, "c": "a", "k": 21}
    assert metadata(seed=5)["config"]["model"]["space"] == {
        "lr": {"type": "float", "low": 1e-4, "high": 1e-1, "log": True},
        "n": {"type": "int", "low": 1, "high": 9, "step": 2},
        "d": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25},
        "c": {"type": "categorical", "choices": ["a", None, 2]},
        "k": {"type": "int", "low": 1, "high": 64, "log": True},
    }


@pytest.mark.parametrize("name", ["a", "a {x}%20#?.db"])
def test_a_storage_that_is_being_written_is_read_and_left(name: str) -> None:
    path = Path("logs") / name
    storage = RDBStorage("sqlite://", engine_kwargs={"creator": lambda: sqlite3.connect(path, check_same_thread=False)})
    with storage.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    fill(storage, "s")
    assert (path.with_name(f"{name}-wal")).stat().st_size
    assert len(imported(str(path), *AT, "--optimizer", "tpe")["d", "m", "tpe", 0]) == 6
    storage.remove_session()
    storage.engine.dispose()
    assert not path.with_name(f"{name}-wal").exists()  # its log was put into it, and it still wants one
    assert len(imported(str(path), *AT, "--optimizer", "tpe", "--overwrite")["d", "m", "tpe", 0]) == 6


def test_a_journals_line_that_is_being_written_is_not_read() -> None:
    fill(JournalStorage(JournalFileBackend("logs/a")), "s")
    with Path("logs/a").open("a") as file:
        file.write('{"op_code": 4, "worker')
    assert len(imported("logs/a", *AT, "--optimizer", "tpe")["d", "m", "tpe", 0]) == 6


def test_the_same_study_is_the_same_run_in_its_storage_and_as_a_csv_file(capsys: Any) -> None:
    study = fill(JournalStorage(JournalFileBackend("logs/a")), "s")
    study.trials_dataframe().to_csv("logs/a.csv")
    of_storage = imported("logs/a", *AT, "--optimizer", "tpe")["d", "m", "tpe", 0]
    of_csv = imported("logs/a.csv", *AT, "--optimizer", "tpe", "--overwrite")["d", "m", "tpe", 0]
    same = ["trial", "loss", "best_loss", "status", "started_at"]
    pd.testing.assert_frame_equal(of_csv[same], of_storage[same])
    assert of_csv["evaluate_seconds"].tolist() == pytest.approx(of_storage["evaluate_seconds"].tolist())
    assert json.loads(of_csv["configuration"][0]) == {"lr": 0.01, "leaves": 10, "share": 0.75, "units": 32}
    assert metadata()["imported"]["space_from_values"] is True
    assert "columns not imported: user_attrs_test" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["datetime_start", "duration", "state", "value"])
def test_a_column_of_trials_dataframe_that_stands_there_twice_is_named(name: str, capsys: Any) -> None:
    study = fill(JournalStorage(JournalFileBackend("logs/journal")), "s")
    lines = study.trials_dataframe().to_csv().splitlines()
    Path("logs/a.csv").write_text("\n".join([f"{lines[0]},{name}", *(f"{line}," for line in lines[1:])]))
    assert bench("import", "logs/a.csv", *AT, "--optimizer", "tpe") == 2
    assert f"row 1, column {name}: stands there 2 times; expected once" in capsys.readouterr().err


def test_seeds_and_optimizers_are_given_in_the_order_of_studies_and_files(capsys: Any) -> None:
    storage = JournalStorage(JournalFileBackend("logs/a"))
    for name in ("run2", "run10", "run1"):
        fill(storage, name)
    assert set(imported("logs/a", *AT, "--optimizer", "tpe")) == {("d", "m", "tpe", seed) for seed in range(3)}
    assert "seeds of tpe are not recorded: 0 to 2, in the order of studies and files" in capsys.readouterr().out
    tables = imported("logs/a", "--name", "x", *AT[2:], "--optimizer", "tpe,tpe,cma", "--seed", "7,8,7")
    assert tables.keys() == {("d", "m", "tpe", seed) for seed in range(3)}  # those of before
    assert {(run.optimizer, run.seed) for run in results.find(Path("results"), "x")} == {
        ("tpe", 7),
        ("tpe", 8),
        ("cma", 7),
    }
    errors = (
        ((), "'run1': Optuna's journal does not say the optimizer; give --optimizer NAME; of several, one each"),
        (("--optimizer", "a,b"), "--optimizer: 2 given for 3 studies or files"),
        (("--optimizer", "tpe", "--seed", "3"), "both would be run theirs/d/m/tpe/3; tell them apart by --seed 0,1"),
        (("--optimizer", "tpe", "--seed", "-1"), "--seed='-1': expected whole numbers from 0"),
        (("--pattern", "{optimiser}"), "--pattern='{optimiser}': {optimiser} is not one of {dataset}"),
        (("--pattern", "{optimizer}_{seed}"), "nothing to import: a: 'run1' is not called {optimizer}_{seed}"),
    )
    for options, message in errors:
        capsys.readouterr()
        assert bench("import", "logs/a", *AT, *options, "--overwrite") == 2
        assert message in capsys.readouterr().err


def test_studies_of_several_objectives_are_refused_by_name(capsys: Any) -> None:
    storage = JournalStorage(JournalFileBackend("logs/a"))
    optuna.create_study(storage=storage, study_name="both", directions=["minimize", "maximize"])
    fill(storage, "tpe_0")
    assert bench("import", "logs/a", *AT, "--optimizer", "tpe") == 2
    assert "a: 'both': has several objectives" in capsys.readouterr().err
    assert len(imported("logs/a", *AT, "--pattern", "{optimizer}_{seed}")) == 1


def test_hyperopts_trials_come_with_their_configurations(capsys: Any) -> None:
    from hyperopt import STATUS_FAIL, STATUS_OK, Trials, fmin, hp, rand

    space = {"x": hp.uniform("x", 0, 1), "net": hp.choice("net", [{"n": hp.quniform("n", 1, 9, 2)}, "none"])}
    objective = lambda c: {"status": STATUS_FAIL} if c["x"] < 0.3 else {"loss": c["x"], "status": STATUS_OK}  # noqa: E731
    trials = Trials()
    fmin(objective, space, rand.suggest, 8, trials=trials, rstate=np.random.default_rng(1), show_progressbar=False)
    with Path("logs/t.json").open("w") as file:
        json.dump(trials.trials, file, default=str)
    table = imported("logs/t.json", *AT, "--optimizer", "tpe")["d", "m", "tpe", 0]
    assert len(table) == 8
    for row, entry in zip(table.to_dict("records"), trials.trials, strict=True):
        values = {name: value[0] for name, value in entry["misc"]["vals"].items() if value}
        assert json.loads(row["configuration"]) == values
        assert (row["status"] == "ok") == (entry["result"]["status"] == "ok")
        assert row["loss"] == entry["result"]["loss"] if row["status"] == "ok" else "status is fail" in row["error"]
        assert row["started_at"].replace(tzinfo=None) == entry["book_time"]
    assert 0 < (table["status"] == "failed").sum() < 8
    assert (
        "whole numbers (net) are kept as they are: of hp.choice they are the choice's index" in capsys.readouterr().out
    )


@pytest.mark.parametrize("form", ["json", "csv"])
def test_ray_tunes_folders_are_a_run_each(form: str, capsys: Any) -> None:
    for experiment in ("tpe_1", "tpe_2"):
        place = Path("logs", experiment)
        states = [
            ray_trial(place, 11, [0.5, 0.25], form),
            ray_trial(place, 2, [0.75], form),
            ray_trial(place, 3, [0.5], form, "ERROR"),
            ray_trial(place, 4, [0.5], form, "RUNNING"),
            ray_trial(place, 5, [float("nan")], form),
        ]
        (place / "experiment_state-2026.json").write_text(
            json.dumps({"trial_data": [[state, "{}"] for state in states]})
        )
        (place / "tuner.pkl").write_bytes(b"\x80\x05.")
    tables = imported("logs", *AT, "--pattern", "{optimizer}_{seed}", "--map", "loss=loss")
    out = capsys.readouterr().out
    assert set(tables) == {("d", "m", "tpe", 1), ("d", "m", "tpe", 2)}
    assert "1 trial not finished: left out" in out
    assert "trials have 1 to 2 reports: some may have been stopped early" in out
    table = tables["d", "m", "tpe", 2]
    assert table["loss"].fillna(-1).tolist() == [0.75, -1, -1, 0.25]
    assert table["evaluate_seconds"].tolist() == [2, 2, 2, 4]
    assert table["started_at"].map(datetime.timestamp).tolist() == [1_700_000_000] * 4
    assert json.loads(table["configuration"][3]) == {"lr": 0.1 / 12, "net/units": 12}
    assert json.loads(table["details"][3]) == {"intermediate": {"1": 0.5, "2": 0.25}}


def test_which_number_of_ray_tunes_was_optimised_is_asked(capsys: Any) -> None:
    ray_trial(Path("logs/e"), 0, [0.5], "json")
    for path in Path("logs/e").rglob("result.json"):
        path.write_text(re.sub(r'"loss": ([0-9.]+)', r'"val": {"mse": \1}', path.read_text()))
    given = ("logs/e", *AT, "--optimizer", "tpe")
    assert bench("import", *given) == 2
    assert "is not recorded; say --map NAME=loss, one of acc, val/mse" in capsys.readouterr().err
    assert imported(*given, "--map", "val/mse=loss")["d", "m", "tpe", 0]["loss"].tolist() == [0.5]
    assert metadata()["metric"] == "loss"
    assert imported(*given, "--metric", "acc", "--maximize", "--overwrite")["d", "m", "tpe", 0]["loss"].tolist() == [
        -0.5
    ]
    assert metadata()["metric"] == "minus acc"
    capsys.readouterr()
    assert bench("import", *given, "--metric", "acc", "--overwrite") == 0
    assert "smaller values are taken for better, which Ray Tune's" in capsys.readouterr().out
    for path in Path("logs/e").rglob("result.json"):
        path.write_text(path.read_text().replace('"acc"', '"auc"'))
    assert bench("import", *given, "--map", "auc=loss", "--overwrite") == 2
    assert "its values are called auc, which is better when larger" in capsys.readouterr().err


def test_nnis_database_is_a_run_of_its_tuner() -> None:
    nni_database(Path("logs/nni.sqlite"))
    table = imported("logs/nni.sqlite", *AT)["d", "m", "anneal", 0]
    assert table["loss"].fillna(9).tolist() == [-0.75, 9, 9, -0.5]
    assert table["test_loss"].fillna(9).tolist() == [9, 9, 9, -0.25]
    assert table["evaluate_seconds"].tolist() == [3.0] * 4
    assert "stopped early by the assessor" in table["error"][2]
    assert json.loads(table["configuration"][3]) == {"lr": 0.01, "n": 1, "act": "relu", "w": 1.0}
    assert json.loads(table["details"][0]) == {"intermediate": {"0": 0.0, "1": -0.125}}
    assert metadata("anneal")["config"]["model"]["space"] == {
        "lr": {"type": "float", "low": 1e-4, "high": 0.1, "log": True},
        "n": {"type": "int", "low": 1, "high": 4},
        "act": {"type": "categorical", "choices": ["relu", "tanh"]},
        "w": {"type": "float", "low": 0.0, "high": 1.0},
    }


def test_what_nnictl_exports_is_read_as_json_and_as_csv() -> None:
    entries = [
        {"parameter": {"lr": 0.5, "act": "a"}, "value": "0.25", "trialJobId": "x", "intermediate": ["1.5"]},
        {"parameter": {"lr": 0.25, "act": "b"}, "value": '{"default": 0.5}', "trialJobId": "y"},
    ]
    Path("logs/tpe-3.json").write_text(json.dumps(entries))
    Path("logs/tpe-4.csv").write_text("reward,lr,trialJobId,act\n0.25,0.5,x,a\n0.5,0.25,y,b\n")
    tables = imported("logs/tpe-3.json", "logs/tpe-4.csv", *AT, "--pattern", "{optimizer}-{seed}")
    assert set(tables) == {("d", "m", "tpe", 3), ("d", "m", "tpe", 4)}
    for table in tables.values():
        assert table["loss"].tolist() == [0.25, 0.5]
        assert [json.loads(text) for text in table["configuration"]] == [entry["parameter"] for entry in entries]


def test_carps_runs_and_their_gathered_table_are_the_same_runs(capsys: Any) -> None:
    rows = []
    for seed in (1, 2):
        run = Path(f"logs/runs/RandomSearch/bbob/2/{seed}")
        (run / ".hydra").mkdir(parents=True)
        names = {"seed": seed, "optimizer_id": "RandomSearch", "task_id": "bbob/2/1/0", "benchmark_id": "BBOB"}
        (run / ".hydra/config.yaml").write_text(json.dumps(names))
        lines = [carps_line(1, 3.5), carps_line(2, 2.5), carps_line(3, 1.5, status=2), carps_line(4, 0.5 * seed)]
        (run / "trial_logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        for line in lines:
            info, value = ({f"{k}__{n}": v for n, v in line[k].items()} for k in ("trial_info", "trial_value"))
            texts = {"trial_info__config": str(line["trial_info"]["config"]), "trial_info__additional_info": "{}"}
            rows.append(
                {"n_trials": line["n_trials"], **info, **value, **texts, "trial_value__additional_info": "{}"} | names
            )
    pd.DataFrame(rows).to_parquet("logs/logs.parquet")
    of_runs = imported("logs/runs", "--name", "theirs")
    of_table = imported("logs/logs.parquet", "--name", "theirs", "--overwrite")
    assert set(of_runs) == set(of_table) == {("bbob-2-1-0", "BBOB", "RandomSearch", seed) for seed in (1, 2)}
    for run, table in of_runs.items():
        assert table["loss"].fillna(9).tolist() == [3.5, 2.5, 9, 0.5 * run[3]]
        assert table["status"].tolist() == ["ok", "ok", "crashed", "ok"]
        assert json.loads(table["configuration"][1]) == {"p0": 0.2, "p1": "a"}
        different = ["evaluation", "error"]
        pd.testing.assert_frame_equal(table.drop(columns=different), of_table[run].drop(columns=different))
    assert "hyperparameters are numbered, p0, p1" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [-1, 2**31, 1e300])
def test_a_seed_that_no_run_has_is_named_and_given_by_an_option(seed: float, capsys: Any) -> None:
    (run := Path("logs/runs/RandomSearch/bbob/2/1/.hydra")).mkdir(parents=True)
    names = {"seed": seed, "optimizer_id": "R", "task_id": "bbob/2/1/0", "benchmark_id": "BBOB"}
    (run / "config.yaml").write_text(json.dumps(names))
    (run.parent / "trial_logs.jsonl").write_text(json.dumps(carps_line(1, 3.5)) + "\n")
    assert bench("import", "logs/runs", "--name", "theirs") == 2
    said = capsys.readouterr().err
    assert f"its seed is {int(seed)}"[:40] in said
    assert "expected a whole number from 0 to 2147483647; --seed gives it another" in said
    assert not Path("results/theirs").exists()
    assert set(imported("logs/runs", "--name", "theirs", "--seed", "7")) == {("bbob-2-1-0", "BBOB", "R", 7)}


def test_any_csv_file_is_read_by_map(capsys: Any) -> None:
    Path("logs/a.csv").write_text("algo,step,val,lr,act,loss\ntpe,0,0.5,1e-4,a,x\ntpe,1,0.25,1,,y\n")
    given = ("logs/a.csv", *AT, "--map", "algo=optimizer", "--map", "step=trial", "--map", "val=loss", "--seed", "4")
    table = imported(*given, "--map", "lr=params_lr", "--map", "act=params_act")["d", "m", "tpe", 4]
    assert table["loss"].tolist() == [0.5, 0.25]
    assert [json.loads(text) for text in table["configuration"]] == [{"lr": 1e-4, "act": "a"}, {"lr": 1.0}]
    assert metadata(seed=4)["config"]["model"]["space"] == {
        "lr": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "act": {"type": "categorical", "choices": ["a"]},
    }
    assert "columns not imported: loss (of the file)" in capsys.readouterr().out
    for option, message in (
        ("nope=test_loss", "--map nope=...: a.csv has no such column"),
        ("lr=what", "--map='lr=what': expected COLUMN=OURS; allowed: optimizer, seed"),
        ("val=loss", "--map='val=loss': the column is named twice"),
    ):
        assert bench("import", *given, "--map", option) == 2
        assert message in capsys.readouterr().err


def test_links_and_other_files_beside_a_log_stay_as_they_are() -> None:
    fill(RDBStorage("sqlite:///logs/a"), "s")
    Path("logs/link").symlink_to("a")
    imported("logs/link", *AT, "--optimizer", "tpe")
    assert sorted(path.name for path in Path("logs").iterdir()) == ["a", "link"]
