"""`bench export mlflow`: MLflow's own client reads back what tables hold, once however often it is sent."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import trials
from commands import bench
from ladder_tables import Trial, put_ladder
from pictures import leave_undrawn

from bench import results
from bench.results import RunId

mlflow_client = pytest.importorskip("bench.tracking.mlflow_client")
from mlflow.entities import Run  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(mlflow_database, "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")  # whole: MLflow keeps engines by it
    leave_undrawn(monkeypatch)
    return tmp_path


def run(optimizer: str, seed: int = 0) -> RunId:
    return RunId("e", "iris", "lightgbm", optimizer, seed)


def client() -> MlflowClient:
    return MlflowClient(tracking_uri=os.environ["MLFLOW_TRACKING_URI"])


def kept() -> dict[str, Run]:
    """The runs that MLflow has, by their keys."""
    known = client()
    every = known.search_runs([known.get_experiment_by_name("e").experiment_id], max_results=1000)
    return {each.data.tags["bench.key"]: each for each in every}


def seen() -> dict[str, object]:
    return {key: (each.info.run_id, each.info.end_time, each.to_dictionary()["data"]) for key, each in kept().items()}


def test_what_was_exported_is_read_back_and_a_second_export_changes_nothing(folder: Path, capsys) -> None:
    trials.put(folder / "results", run("random"), [0.5, None, 0.25], [0.6, None, 0.3], metric="1 - auc")
    trials.put(folder / "results", run("grid"), [0.5, 0.4, 0.3], [0.6, 0.5, 0.45], metric="1 - auc")
    assert bench("export", "mlflow", "e", "--trials", "all") == 0
    assert capsys.readouterr().out == "e: 2 runs sent, 6 trials; 0 runs there before and the same\n"
    before, runs, known = seen(), kept(), client()
    assert len(before) == 1 + 2 + 6
    parent, random = runs["e"], runs["e/iris/lightgbm/random/0"]
    assert random.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert runs["e/iris/lightgbm/random/0/1"].data.tags["mlflow.parentRunId"] == random.info.run_id
    history = known.get_metric_history(random.info.run_id, "auc")
    assert [(point.step, point.value) for point in history] == [(0, 0.5), (1, 0.5), (2, 0.75)]
    assert random.data.metrics["test_auc"] == 0.7
    assert random.data.metrics["best_loss"] == 0.25
    assert random.data.params["optimizer"] == "random"
    assert random.data.params["seeds.split"] == "0"
    assert random.data.tags["bench.problem"] == "iris-lightgbm-problem"
    assert random.data.tags["version.lightgbm"] == trials.VERSIONS["lightgbm"]
    failed = runs["e/iris/lightgbm/random/0/1"]
    assert (failed.info.status, failed.data.tags["bench.error"]) == ("FAILED", "ValueError: no")
    assert "auc" not in failed.data.metrics
    path = known.download_artifacts(random.info.run_id, "metadata.json")
    stored = results.read_metadata(folder / "results", run("random"))
    assert json.loads(Path(path).read_text()) == stored
    assert "The lowest validation 1 - auc, that of random search, is 0.2500" in parent.data.tags["bench.verdict"]
    assert {"report.html", "verdict.txt", "tables", "figures"} <= {
        each.path for each in known.list_artifacts(parent.info.run_id)
    }
    assert bench("export", "mlflow", "e", "--trials", "all") == 0
    assert capsys.readouterr().out == "e: 0 runs sent, 0 trials; 2 runs there before and the same\n"
    assert seen() == before

    trials.put(folder / "results", run("random", 1), [0.1], [0.2], metric="1 - auc")
    trials.put(folder / "results", run("grid"), [0.5, 0.2], [0.6, 0.5], metric="1 - auc")  # made again: its trials too
    assert bench("export", "mlflow", "e", "--trials", "best") == 0
    after = seen()
    assert {key for key in before if after.get(key) != before[key]} == {
        "e",
        *(f"e/iris/lightgbm/grid/0{trial}" for trial in ("", "/0", "/1", "/2")),
    }
    assert after.keys() - before.keys() == {"e/iris/lightgbm/random/1", "e/iris/lightgbm/random/1/0"}
    assert after["e"][0] == before["e"][0]  # the same run there, so that those under it stay where they are
    assert kept()["e/iris/lightgbm/grid/0/1"].data.metrics["auc"] == 0.8


@pytest.mark.parametrize("module", ["bench.tracking.mlflow_models", "bench.stream.registry"])
def test_nothing_is_told_to_mlflows_makers(module: str) -> None:
    """In a process of its own: here another test may have imported MLflow first."""
    asked = f"import {module}; from mlflow.telemetry import get_telemetry_client as client; print(client())"
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env=surroundings, check=True)
    assert done.stdout == "None\n"


def test_a_database_whose_tables_could_not_be_made_is_made_by_the_next_export(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """MLflow itself can use none whose tables are half made, as where the disk is full."""
    trials.put(folder / "results", run("random"), [0.5])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/new/mlflow.db")
    whole = sqlalchemy.schema.MetaData.create_all

    def create_half(*arguments: Any, **keywords: Any) -> None:
        whole(*arguments, **keywords)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(sqlalchemy.schema.MetaData, "create_all", create_half)
        assert bench("export", "mlflow", "e") == 2
    assert "No space left" in capsys.readouterr().err
    assert bench("export", "mlflow", "e") == 0
    assert capsys.readouterr().out.startswith("e: 1 run")


def test_no_pruned_loss_stands_under_the_metrics_name(folder: Path) -> None:
    tried = [
        Trial('{"x":0.5,"y":0.1}', 4, 0.01, 0.4, pruned=True),
        Trial('{"x":0.4,"y":0.1}', 100, 0.3),
        Trial('{"x":0.3,"y":0.1}', 11, 0.02, pruned=True),
    ]
    put_ladder(folder / "results", run("asha"), tried)
    assert bench("export", "mlflow", "e", "--trials", "all") == 0
    runs, known = kept(), client()
    pruned = runs["e/iris/lightgbm/asha/0/0"]
    assert pruned.info.status == "KILLED"
    assert (pruned.data.metrics["partial_loss"], pruned.data.metrics["fidelity"]) == (0.01, 4)
    metric = "log_loss"
    best = known.search_runs([pruned.info.experiment_id], order_by=[f"metrics.{metric} ASC"])
    assert best[0].data.metrics[metric] == 0.3
    assert {key for key, each in runs.items() if metric in each.data.metrics} == {
        "e/iris/lightgbm/asha/0",
        "e/iris/lightgbm/asha/0/1",
    }


def test_an_export_that_was_cut_short_goes_on_and_a_server_that_is_down_is_one_line(
    folder: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (0, 1):
        trials.put(folder / "results", run("random", seed), [0.5, 0.25])
    whole = mlflow_client.MlflowClient.set_terminated

    def stopping(self, run_id, status=None, end_time=None):
        if self.get_run(run_id).data.tags["bench.key"].endswith("random/1"):
            raise OSError("no room")
        whole(self, run_id, status, end_time)

    with monkeypatch.context() as patched:
        patched.setattr(mlflow_client.MlflowClient, "set_terminated", stopping)
        assert bench("export", "mlflow", "e") == 2
    first = seen()["e/iris/lightgbm/random/0"]
    assert bench("export", "mlflow", "e") == 0
    assert "1 run sent; 1 run there before" in capsys.readouterr().out
    after = kept()
    assert seen()["e/iris/lightgbm/random/0"] == first
    assert after["e/iris/lightgbm/random/1"].info.status == "FINISHED"
    assert len(after) == 3
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert bench("export", "mlflow", "e", "--tracking-uri", "http://127.0.0.1:9") == 2
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint.startswith("bench: --tracking-uri=http://127.0.0.1:9: MLflow cannot be used (")
    assert bench("export", "mlflow", "e", "--trials", "every") == 2
    assert "--trials=every" in capsys.readouterr().err
