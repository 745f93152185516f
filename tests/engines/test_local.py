"""The local engine through the command: killed workers and parents, crashes, interrupts; nothing evaluated twice."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from commands import ROOT, SUPPORT, TOY, bench_process, table, without_times

from bench import results
from bench.store import Store

SWEEP = ["run", "-m", *TOY, "optimizer=random,optuna_tpe,hyperopt_tpe", "seed=range(0,2)", "engine.workers=2"]


def run_to_end(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    process = bench_process(*arguments, cwd=folder, **environment)
    _, err = process.communicate(timeout=600)
    return process.returncode, err


def tables(folder: Path, experiment: str = "scratch") -> dict[str, pd.DataFrame]:
    found = results.find(folder / "results", experiment)
    return {str(run): without_times(pd.read_parquet(path)) for run, path in found.items()}


def committed(folder: Path) -> set[float]:
    """The points that the store holds."""
    path = folder / "results/store.sqlite"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as connection:
        if not connection.execute("select name from sqlite_master where name = 'evaluations'").fetchall():
            return set()
        query = "select json_extract(configuration, '$.x') from evaluations"
        return {round(x, 12) for (x,) in connection.execute(query)}


def lines(log: Path) -> list[float]:
    return [float(line) for line in log.read_text().split()] if log.exists() else []


def wait_for(condition, timeout=240.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def gone(processes: list[psutil.Process]) -> None:
    """Wait until processes have ended, as workers do soon after their parent."""
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def strike(folder: Path, process, rng: random.Random, log: Path) -> None:
    """Kill the command, or one of its workers and then the command, at a random moment."""
    if rng.random() < 0.3:
        time.sleep(rng.uniform(0, 3))  # anywhere, the start included
    else:
        before = len(lines(log))
        wait_for(lambda: len(lines(log)) > before or process.poll() is not None)
        time.sleep(rng.uniform(0, 0.15))
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [child for child in family if "LokyProcess" in " ".join(child.cmdline())]
    if workers and rng.random() < 0.4:
        rng.choice(workers).kill()
        time.sleep(rng.uniform(0, 0.3))
    process.kill()
    process.communicate()
    gone(family)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_tables_and_evaluates_nothing_twice(tmp_path):
    sweep = [*SWEEP, "budget.trials=150", "+model.settings.sleep=0.02"]
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    calm.mkdir()
    rough.mkdir()
    assert run_to_end(calm, *sweep)[0] == 0
    log, rng = rough / "log", random.Random(20261123)
    kills, started = 0, 0
    while kills < 20:
        known = committed(rough)
        process = bench_process(*sweep, cwd=rough, TOY_LOG=str(log))
        strike(rough, process, rng, log)
        kills += process.returncode == -signal.SIGKILL
        fresh = [round(x, 12) for x in lines(log)[started:]]
        assert not known.intersection(fresh), "what was committed was evaluated again"
        started += len(fresh)
        assert process.returncode == -signal.SIGKILL, (
            "the sweep ended before it was killed often enough: make it longer"
        )
    known = committed(rough)
    assert known
    assert run_to_end(rough, *sweep, TOY_LOG=str(log))[0] == 0
    last = [round(x, 12) for x in lines(log)[started:]]
    assert not known.intersection(last)
    assert len(set(last)) == len(last)
    undisturbed, disturbed = tables(calm), tables(rough)
    assert len(undisturbed) == 6
    assert disturbed.keys() == undisturbed.keys()
    for run, trials in undisturbed.items():
        pd.testing.assert_frame_equal(disturbed[run], trials)


@pytest.mark.slow
def test_what_kills_its_process_is_recorded_and_the_sweep_goes_on(tmp_path):
    arguments = [*SWEEP, "budget.trials=6", "+model.settings.die_above=0.85", "seed=0"]
    status, err = run_to_end(tmp_path, *arguments)
    assert status == 0, err
    found = tables(tmp_path)
    assert len(found) == 3
    trials = pd.concat(found.values())
    crashed = trials["status"] == "crashed"
    assert crashed.any()
    assert (trials.loc[crashed, "error"] == "the process died with signal SIGKILL").all()
    assert set(trials.loc[~crashed, "status"]) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("several", [True, False])
def test_an_interrupt_ends_the_workers_with_one_line_and_the_next_start_goes_on(tmp_path, number, status, several):
    arguments = SWEEP if several else ["run", *TOY]
    arguments = [*arguments, "budget.trials=40", "+model.settings.sleep=0.05"]
    log = tmp_path / "log"
    process = bench_process(*arguments, cwd=tmp_path, TOY_LOG=str(log))
    wait_for(lambda: len(lines(log)) > 5)
    family = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == status
    gone(family)
    said = [line for line in err.splitlines() if not line.startswith(("runs ", "best loss"))]
    assert said == ["bench: stopped; the same command goes on from here"]
    known = committed(tmp_path)
    started = len(lines(log))
    assert run_to_end(tmp_path, *arguments, TOY_LOG=str(log))[0] == 0
    assert not known.intersection(round(x, 12) for x in lines(log)[started:])


@pytest.mark.slow
def test_a_run_that_kills_its_workers_fails_alone_and_the_others_finish(tmp_path):
    arguments = ["run", "-m", *TOY, "seed=range(0,2)", "budget.trials=4", "engine.workers=2"]
    quick = [*arguments, "optimizer.class=toy.Dying", "optimizer.name=dying", "seed=0"]
    status, err = run_to_end(tmp_path, *quick)
    assert status == 1
    assert "scratch/wine/toy/dying/0: its worker process died again and again, outside of any evaluation" in err
    assert run_to_end(tmp_path, *arguments)[0] == 0
    assert len(tables(tmp_path)) == 2


def test_failed_runs_are_told_once_and_the_others_finish(tmp_path):
    arguments = ["run", "-m", *TOY, "optimizer=random", "+optimizer.settings={}", "budget.trials=5", "seed=range(0,3)"]
    broken = [*arguments, "optimizer.class=toy.Raising", "optimizer.name=raising", "engine.workers=1"]
    status, err = run_to_end(tmp_path, *broken)
    assert status == 1
    said = [line for line in err.splitlines() if line.startswith("bench: ")]
    assert len(said) == 2
    assert said[0].endswith("the optimizer raised in ask: RuntimeError: no more ideas (and 2 more runs)")
    assert said[1] == "bench: 3 of 3 runs failed"


def test_workers_have_one_thread_and_a_core_each_and_it_is_recorded(tmp_path):
    assert run_to_end(tmp_path, *SWEEP, "budget.trials=2", "optimizer=random")[0] == 0
    for path in results.find(tmp_path / "results", "scratch").values():
        provenance = results.read_metadata(path)["provenance"]
        assert provenance["threads"] == 1
        assert provenance["omp_wait_policy"] == "PASSIVE"


def test_a_folder_of_the_same_name_is_not_imported_by_workers(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/__init__.py").write_text("raise SystemExit('the wrong bench')\n")
    script = "import sys; sys.path.remove(''); from bench.cli.app import main; sys.argv[0] = 'bench'; main()"
    command = [sys.executable, "-c", script, *SWEEP, "budget.trials=2", "optimizer=random"]
    path = os.pathsep.join([str(ROOT), str(SUPPORT)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(tables(tmp_path)) == 2


def test_two_commands_at_once_share_the_work(tmp_path):
    arguments = [*SWEEP, "budget.trials=20", "+model.settings.sleep=0.03", "optimizer=random"]
    log = tmp_path / "log"
    processes = [bench_process(*arguments, cwd=tmp_path, TOY_LOG=str(log)) for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
    assert len(lines(log)) == len(set(lines(log))) == 40
    runs = Store(f"sqlite:///{tmp_path}/results/store.sqlite").runs("scratch")
    assert [(run["state"], run["trials"]) for run in runs] == [("done", 20), ("done", 20)]
    assert len(table(tmp_path, "scratch/wine/toy/random/1")) == 20


def test_overwriting_waits_for_the_process_that_does_the_run_now(tmp_path):
    arguments = ["run", *TOY, "budget.trials=40", "+model.settings.sleep=0.1"]
    log = tmp_path / "log"
    first = bench_process(*arguments, cwd=tmp_path, TOY_LOG=str(log))
    wait_for(lambda: len(lines(log)) > 3)
    status, err = run_to_end(tmp_path, *arguments, "overwrite=true", TOY_LOG=str(log))
    assert status == 0, err
    _, err = first.communicate(timeout=600)
    assert first.returncode == 0, err
    assert len(lines(log)) == 40
    assert len(table(tmp_path, "scratch/wine/toy/random/0")) == 40


def test_runs_that_share_points_do_not_march_in_lock_step(tmp_path):
    """Two runs over the same ten points known in advance: each takes what the other has not begun."""
    arguments = [*SWEEP, "budget.trials=10", "optimizer=random", "optimizer.class=toy.Stubborn"]
    arguments += ["+optimizer.settings={points: 10}", "+model.settings.sleep=0.4"]
    log = tmp_path / "log"
    assert run_to_end(tmp_path, *arguments, TOY_LOG=str(log))[0] == 0
    assert len(lines(log)) == 10
    spans = [table(tmp_path, f"scratch/wine/toy/random/{seed}") for seed in (0, 1)]
    owned = [int((~trials["cached"]).sum()) for trials in spans]
    assert sum(owned) == 10
    assert min(owned) >= 3
