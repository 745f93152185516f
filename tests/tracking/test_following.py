"""`tracking=mlflow`: runs come to MLflow trial by trial, whatever becomes of it, and end as an export leaves them."""

import contextlib
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trials
from commands import bench
from pictures import leave_undrawn

from bench import results
from bench.errors import UserError
from bench.results import RunId
from bench.running import tracked
from bench.tracking import queue

following = pytest.importorskip("bench.tracking.following")
from mlflow.entities import Run  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

from bench.tracking import sending  # noqa: E402
from bench.tracking.mlflow_client import Tracker, TrackerError  # noqa: E402

RESULTS = Path("results")
SWEEP = ["run", "-m", "name=e", "tracking=mlflow", "tracking.trials=all"]
RUN = RunId("e", "d", "m", "random", 0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(mlflow_database, "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri())
    leave_undrawn(monkeypatch)
    return tmp_path


def uri() -> str:
    return f"sqlite:///{Path.cwd()}/mlflow.db"


def follow(trials: str = "all", connect: Callable[[str], Tracker] | None = None) -> Any:
    return following.Following(RESULTS, "e", trials, connect or (lambda name: Tracker(uri(), name)))


def there() -> dict[str, Run]:
    """The runs that MLflow has, by their keys; each key once."""
    client = MlflowClient(tracking_uri=uri())
    runs = client.search_runs([client.get_experiment_by_name("e").experiment_id], max_results=1000)
    assert len({run.data.tags["bench.key"] for run in runs}) == len(runs)
    return {run.data.tags["bench.key"]: run for run in runs}


def nothing_new(capsys, *options: str) -> None:
    before = {key: (run.info.run_id, run.to_dictionary()) for key, run in there().items()}
    capsys.readouterr()
    assert bench("export", "mlflow", "e", *options) == 0
    assert capsys.readouterr().out.startswith("e: 0 runs sent")
    assert {key: (run.info.run_id, run.to_dictionary()) for key, run in there().items()} == before


@pytest.mark.parametrize(
    "choices",
    [
        ["model=branin", "optimizer=random,optuna_tpe", "budget.trials=4"],
        ["model=mfhartmann3", "optimizer=asha", "budget.trials=null", "budget.cost=4", "workers=2"],
    ],
    ids=["full", "pruned"],
)
def test_each_trial_is_there_when_it_has_ended_and_the_end_is_that_of_an_export(
    choices: list[str], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The same runs there from their first trial on; a pruned loss never stands under the metric's name."""
    seen: list[tuple[str, str, int]] = []
    whole = queue.Queue.add

    def add(self: queue.Queue, row: dict[str, Any]) -> None:
        whole(self, row)
        live.step()
        key = "/".join(str(row[name]) for name in ("experiment", "dataset", "model", "optimizer", "seed"))
        run = there()[key]
        assert run.info.status == "RUNNING"
        assert run.data.params["optimizer"] == row["optimizer"]
        client = MlflowClient(tracking_uri=uri())
        assert len(client.get_metric_history(run.info.run_id, "cost")) == row["trial"] + 1
        assert f"{key}/{row['trial']}" in there()
        seen.append((key, run.info.run_id, row["trial"]))

    monkeypatch.setattr(queue.Queue, "add", add)
    monkeypatch.setattr(tracked, "sent", lambda *_: contextlib.nullcontext())
    live = follow()
    assert bench(*SWEEP, "dataset=function", *choices) == 0
    live.step()
    sending.export.send(live.tracker, "e", RESULTS, "all", print)
    live.leave("FAILED")
    runs = there()
    assert seen
    assert {key: runs[key].info.run_id for key, *_ in seen} == {key: run for key, run, _ in seen}
    assert {run.info.status for run in runs.values()} <= {"FINISHED", "KILLED"}
    assert [path.name for path in (RESULTS / "e/.tracking").iterdir()] == ["lock"]
    nothing_new(capsys, "--trials", "all")

    client = MlflowClient(tracking_uri=uri())
    best = client.search_runs([runs["e"].info.experiment_id], order_by=["metrics.value ASC"])[0]
    rows = [row for run in results.find(RESULTS, "e") for row in results.read_run(RESULTS, run)[0].to_pylist()]
    assert best.data.metrics["value"] == min(row["best_loss"] for row in rows)
    partial = {f"e/function/{row['model']}/{row['optimizer']}/0/{row['trial']}" for row in rows if row["loss"] is None}
    assert bool(partial) == ("asha" in choices[1])
    assert not any("value" in runs[key].data.metrics for key in partial)

    metadata = results.read_metadata(RESULTS, next(iter(results.find(RESULTS, "e"))))
    assert "tracking" not in metadata["config"]
    assert bench("run", "-m", "name=other", "dataset=function", *choices) == 0
    other = results.read_metadata(RESULTS, next(iter(results.find(RESULTS, "other"))))
    assert other["config_hash"] == metadata["config_hash"]


def rows_of(losses: list[float], ask: float = 0.01) -> list[dict[str, Any]]:
    return trials.trial_rows(RUN, losses, ask=ask)


def left_behind(rows: list[dict[str, Any]], done: bool = False) -> None:
    """What a run leaves that made these trials."""
    with queue.Queue(RESULTS, RUN, trials.metadata(RUN)) as left:
        for row in rows:
            left.add(row)
    if done:
        trials.put(RESULTS, RUN, [row["loss"] for row in rows], ask=rows[0]["ask_seconds"])
        queue.end(RESULTS, RUN)


def test_a_run_that_was_killed_and_begun_again_is_one_run_with_the_trials_that_count(capsys) -> None:
    live = follow()
    left_behind(rows_of([0.5, 0.25, 0.75]))
    live.step()
    left_behind(rows_of([0.5], ask=0.02))  # its journal had not got so far: it was asked again, and took longer
    live.step()
    left_behind(rows_of([0.5, 0.25, 0.75, 0.125], ask=0.02), done=True)
    live.step()
    run = there()[str(RUN)]
    assert run.info.status == "FINISHED"
    history = MlflowClient(tracking_uri=uri()).get_metric_history(run.info.run_id, "ask_seconds")
    assert [(point.step, point.value) for point in history] == [(step, 0.02) for step in range(4)]
    sending.export.send(live.tracker, "e", RESULTS, "all", print)
    live.leave("KILLED")
    assert set(there()) == {"e", str(RUN), *(f"{RUN}/{trial}" for trial in range(4))}
    nothing_new(capsys, "--trials", "all")


def test_a_server_that_ends_before_it_answers_has_no_run_twice(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    whole, unanswered = MlflowClient.create_run, iter([False, True, False, False, True])

    def create_run(self: MlflowClient, *arguments: Any) -> Run:
        run = whole(self, *arguments)
        if next(unanswered, False):
            raise MlflowException("no answer")
        return run

    monkeypatch.setattr(MlflowClient, "create_run", create_run)
    live = follow()
    left_behind(rows_of([0.5, 0.25]), done=True)
    for _ in range(2):
        with pytest.raises(UserError, match="no answer"):
            live.step()
    live.step()
    sending.export.send(live.tracker, "e", RESULTS, "all", print)
    live.leave("KILLED")
    assert set(there()) == {"e", str(RUN), *(f"{RUN}/{trial}" for trial in range(2))}
    nothing_new(capsys, "--trials", "all")


def test_where_the_sweep_is_interrupted_its_runs_are_killed_there_and_go_on_later(capsys) -> None:
    live = follow("none")
    left_behind(rows_of([0.5, 0.25]))
    live.step()
    live.leave("KILLED")
    assert there()[str(RUN)].info.status == "KILLED"
    left_behind(rows_of([0.5, 0.25, 0.125]), done=True)
    again = follow("none")
    again.step()
    assert there()[str(RUN)].info.status == "FINISHED"
    again.leave("KILLED")
    assert bench("export", "mlflow", "e") == 0
    nothing_new(capsys)


@pytest.mark.parametrize("method", ["create_run", "log_batch", "set_terminated", "log_artifacts"])
def test_a_server_that_is_down_or_full_for_a_while_loses_nothing(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waited is sent when it is there again; one line says so, once."""
    calls, lines = 0, list[str]()
    whole = getattr(MlflowClient, method)

    def failing(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 3:
            raise OSError(28, "No space left on device")
        return whole(self, *arguments, **named)

    steps = iter(
        [
            lambda: left_behind(rows_of([0.5, 0.25])),
            lambda: left_behind(rows_of([0.5, 0.25, 0.125])),
            *[lambda: None] * 4,
            lambda: left_behind(rows_of([0.5, 0.25, 0.125]), done=True),
            *[lambda: None] * 5,
        ]
    )

    def told(_seconds: float) -> str:
        step = next(steps, None)
        if step is None:
            return "end"
        step()
        return ""

    monkeypatch.setattr(MlflowClient, method, failing)
    sending.send_until_told([[str(RESULTS), "e"]], uri(), "all", told, lines.append)
    assert calls > 3
    assert sum("No space left on device" in line for line in lines) <= 1
    assert "e: 1 run in MLflow at" in lines[-1]
    runs = there()
    assert set(runs) == {"e", str(RUN), *(f"{RUN}/{trial}" for trial in range(3))}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    points = MlflowClient(tracking_uri=uri()).get_metric_history(runs[str(RUN)].info.run_id, "trial_loss")
    assert [point.value for point in points] == [0.5, 0.25, 0.125]


def test_one_process_alone_sends_an_experiment_and_an_export_waits_its_turn(capsys) -> None:
    left_behind(rows_of([0.5]), done=True)
    first, second = follow(), follow()
    first.step()
    second.step()
    assert (first.alone, second.alone) == (True, False)
    assert bench("export", "mlflow", "e") == 2
    assert "experiment 'e': a sweep sends it now" in capsys.readouterr().err
    first.leave("KILLED")
    second.step()
    assert second.alone
    second.leave("KILLED")
    assert bench("export", "mlflow", "e") == 0


def test_a_file_that_is_none_of_a_run_and_a_folder_that_cannot_be_written_stop_nothing(folder: Path) -> None:
    left_behind(rows_of([0.5]), done=True)
    place = queue.folder(RESULTS, "e")
    (place / "a.jsonl").write_text("no JSON\n")
    (place / "b.jsonl").symlink_to(place / "a.jsonl")
    (place / "c.jsonl").mkdir()
    (place / "d.jsonl").write_text('{"run": {}, "metadata": {}}\n')
    live = follow()
    live.step()
    live.leave("KILLED")
    assert there()[str(RUN)].info.status == "FINISHED"
    (folder / "no_folder").write_text("")
    with queue.Queue(folder / "no_folder", RUN, {}) as left:
        left.add(rows_of([0.5])[0])


def test_a_server_that_is_down_to_the_end_is_two_lines_and_the_runs_are_done(monkeypatch) -> None:
    def down(name: str) -> Tracker:
        raise TrackerError("http://me:secret@host", "connection refused")

    live = follow(connect=down)
    left_behind(rows_of([0.5]), done=True)
    with pytest.raises(TrackerError) as raised:
        live.step()
    assert "secret" not in str(raised.value)
    live.leave("FAILED")
    assert queue.waiting(RESULTS, "e")
    lines = list[str]()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    answers = iter(["", "", "end"])
    sending.send_until_told([[str(RESULTS), "e"]], "http://127.0.0.1:9", "none", lambda _: next(answers), lines.append)
    assert len(lines) == 2
    assert lines[0].endswith("; runs go on, and what waits is sent when it can be")
    assert lines[1].endswith("bench export mlflow e --tracking-uri http://127.0.0.1:9 sends what is left")
    assert bench("export", "mlflow", "e") == 0
    assert there()[str(RUN)].info.status == "FINISHED"
    assert not queue.waiting(RESULTS, "e")


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("import time; time.sleep(600)", "not all was sent within tracking.wait=0.5 seconds; bench export mlflow e"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("print('two words', flush=True); input(); input()", "tracking: two words"),
    ],
)
def test_a_sender_that_hangs_or_dies_keeps_no_sweep_waiting(program: str, line: str, monkeypatch, capsys) -> None:
    monkeypatch.setattr(tracked, "SENDER", (sys.executable, "-c", program))
    start = time.monotonic()
    sweep = ["dataset=function", "model=branin", "optimizer=random", "budget.trials=2", "tracking.wait=0.5"]
    assert bench(*SWEEP, *sweep) == 0
    assert time.monotonic() - start < 60
    assert line in capsys.readouterr().err
    assert results.find(RESULTS, "e")


def test_the_extra_is_asked_for_before_anything_runs_and_keys_are_checked(monkeypatch, capsys) -> None:
    sweep = ["dataset=function", "model=branin", "optimizer=random", "budget.trials=2"]
    monkeypatch.setattr(tracked.importlib.util, "find_spec", lambda name: None)
    assert bench(*SWEEP, *sweep) == 2
    assert "tracking=mlflow: needs the package 'mlflow'" in capsys.readouterr().err
    for key, expected in (("trials=most", "expected none, best or all"), ("wait=-1", "expected a number of seconds")):
        assert bench(*SWEEP, *sweep, f"tracking.{key}") == 2
        assert expected in capsys.readouterr().err
    assert bench(*SWEEP[:-2], *sweep, "tracking=none,mlflow") == 2
    assert "holds for all runs of a sweep" in capsys.readouterr().err
    assert not (RESULTS / "e").exists()
