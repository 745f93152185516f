"""A real server of MLflow: a sweep with a killed worker, a server that goes and comes back, and the registered model.

`BENCH_TEST_MLFLOW` is the `mlflow` command of an environment with the whole of MLflow: the suite's own does without.
"""

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from commands import TOY, bench_process, wait_for

from bench import results
from bench.models.saved import load

mlflow = pytest.importorskip("mlflow")
from mlflow.tracking import MlflowClient  # noqa: E402

COMMAND = shutil.which(os.environ.get("BENCH_TEST_MLFLOW", ""))
pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(COMMAND is None, reason="BENCH_TEST_MLFLOW names no mlflow command with a server"),
]


@contextmanager
def server(folder: Path, port: int) -> Iterator[str]:
    """A server in a process group of its own, and its address."""
    assert COMMAND is not None
    places = ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    places += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [COMMAND, "server", *places, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: answers(port), seconds=300, every=0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def runs(client: MlflowClient, name: str) -> dict[str, object]:
    found = client.get_experiment_by_name(name)
    every = [] if found is None else client.search_runs([found.experiment_id], max_results=5000)
    assert len({run.data.tags["bench.key"] for run in every}) == len(every)
    return {run.data.tags["bench.key"]: run for run in every}


def exported(folder: Path, environment: dict[str, str]) -> str:
    process = bench_process("export", "mlflow", "e", "--trials", "all", cwd=folder, **environment)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return out


def test_a_sweep_whose_worker_is_killed_and_whose_server_goes_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    port = free_port()
    sweep = [
        "run",
        "-m",
        *TOY,
        "optimizer=random,optuna_tpe",
        "seed=0,1",
        "++model.settings.sleep=1",
        "budget.trials=40",
    ]
    sweep += ["name=e", "engine.workers=2", "tracking=mlflow", "tracking.trials=all", "tracking.wait=600"]
    environment = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    client = MlflowClient(tracking_uri=environment["MLFLOW_TRACKING_URI"])
    with server(tmp_path, port):
        process = bench_process(*sweep, cwd=tmp_path, **environment)
        wait_for(lambda: len(runs(client, "e")) > 4, process)
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [each for each in children if "loky" in str(each.cmdline())]
        assert workers
        workers[-1].kill()
        before = len(runs(client, "e"))
        wait_for(lambda: len(runs(client, "e")) > before + 4, process)
    begun = len(list((tmp_path / "results/e/.tracking").glob("*.jsonl")))
    assert begun
    with server(tmp_path, port):
        _, err = process.communicate(timeout=900)
        assert process.returncode == 0, err
        assert "tracking: MLflow cannot be used (" in err
        # A server that takes longer to come back than the sweep to end has missed it: an export sends the rest.
        assert "tracking: e: 4 runs in MLflow at" in err or "sends what is left" in err
        exported(tmp_path, environment)
        there = runs(client, "e")
        assert len(there) == 1 + 4 + 4 * 40
        assert {run.info.status for run in there.values()} == {"FINISHED"}
        for run in results.find(tmp_path / "results", "e"):
            table = results.read_run(tmp_path / "results", run)[0].to_pylist()
            history = client.get_metric_history(there[str(run)].info.run_id, "trial_loss")
            assert sorted((point.step, point.value) for point in history) == [
                (row["trial"], row["loss"]) for row in table
            ]
        assert not list((tmp_path / "results/e/.tracking").glob("*.jsonl"))
        said = exported(tmp_path, environment)
        assert said == "e: 0 runs sent, 0 trials; 4 runs there before and the same\n"


def test_the_model_is_loaded_from_the_registry_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = ["run", "dataset=wine", "model=lightgbm", "model.settings.rounds=5", "budget.trials=2", "name=w", "threads=1"]
    port = free_port()
    with server(tmp_path, port) as uri:
        environment = {"MLFLOW_TRACKING_URI": uri}
        fit = ["fit", "w", "--out", "out", "--register", "wine", "--alias", "champion"]
        for command in ([*run, "tracking=mlflow", "tracking.wait=600"], fit):
            process = bench_process(*command, cwd=tmp_path, **environment)
            _, err = process.communicate(timeout=600)
            assert process.returncode == 0, err
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        mlflow.set_tracking_uri(uri)
        model, saved = mlflow.pyfunc.load_model("models:/wine@champion"), load("out")
        example = model.input_example
        assert model.predict(example).equals(saved.predict(example))
        tags = MlflowClient().get_model_version_by_alias("wine", "champion").tags
        assert MlflowClient().get_run(tags["bench.run_id"]).data.tags["bench.key"] == "w/wine/lightgbm/random/0"
