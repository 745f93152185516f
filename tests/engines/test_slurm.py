"""The Slurm engine on a real cluster of one node: jobs that die, are preempted or cancelled, and what is refused."""

import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
import slurm
from commands import TOY, bench, bench_process
from postgres import postgres, server  # noqa: F401 - fixtures
from sweeps import expect_same, lines, local, tables

from bench import results

pytest.importorskip("submitit")
SWEEP = ["run", "-m", *TOY, "optimizer=random,optuna_tpe", "seed=0,1", "engine=slurm", "engine.minutes=20"]
SWEEP += ["engine.memory=null", "store='${oc.env:BENCH_STORE}'"]


@pytest.fixture(scope="module")
def cluster():
    yield from slurm.cluster()


def start(folder: Path, cluster, url: str, *arguments: str):
    environment = {**cluster.environment, "BENCH_STORE": url, "TOY_LOG": str(folder / "log")}
    return bench_process(*SWEEP, *arguments, cwd=folder, **environment)


def wait_for(condition, process, seconds=120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_sweep_on_slurm_makes_the_same_tables_and_hides_the_password(cluster, server, postgres, tmp_path):  # noqa: F811
    budget = ["budget.trials=12", "engine.runs_per_job=2"]
    process = start(tmp_path, cluster, postgres, *budget)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "runs 4/4" in err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) == len(set(evaluated))
    expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, "budget.trials=12"))
    metadata = results.read_metadata(next(iter(results.find(tmp_path / "results", "scratch").values())))
    assert metadata["provenance"]["threads"] == 1
    assert metadata["provenance"]["omp_wait_policy"] == "PASSIVE"
    assert server.password not in out + err
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert server.password.encode() not in path.read_bytes(), path
    assert (tmp_path / "results/.submitit").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "preempted"])
def test_what_a_killed_or_preempted_job_had_is_kept_and_its_runs_go_on(cluster, postgres, tmp_path, how):  # noqa: F811
    budget = ["budget.trials=40", "+model.settings.sleep=0.1", "engine.runs_per_job=4"]
    process = start(tmp_path, cluster, postgres, *budget)
    wait_for(lambda: len(lines(tmp_path / "log")) > 15, process)
    (job,) = {line.strip() for line in cluster.do("squeue", "--noheader", "--format=%A", "--states=R").splitlines()}
    if how == "killed":
        cluster.do("scancel", "--signal=KILL", "--full", job)
    else:
        cluster.do("scancel", "--signal=USR2", "--full", job)
        before = time.monotonic()
        wait_for(lambda: "RUNNING" not in cluster.do("squeue", "--noheader", "--format=%T", f"--jobs={job}"), process)
        assert time.monotonic() - before < 20
    _, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) - len(set(evaluated)) <= 1  # the one that was under way
    expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, "budget.trials=40"))
    trials = pd.concat(tables(tmp_path).values())
    assert (trials["status"] == "ok").all()


@pytest.mark.slow
def test_ctrl_c_cancels_the_jobs_and_the_next_start_goes_on(cluster, postgres, tmp_path):  # noqa: F811
    budget = ["budget.trials=30", "+model.settings.sleep=0.1"]
    process = start(tmp_path, cluster, postgres, *budget)
    wait_for(lambda: len(lines(tmp_path / "log")) > 5, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "bench: stopped; the same command goes on from here" in err
    end = time.monotonic() + 30
    while cluster.do("squeue", "--noheader").strip():
        assert time.monotonic() < end, "jobs are left"
        time.sleep(0.2)
    process = start(tmp_path, cluster, postgres, *budget)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) - len(set(evaluated)) <= 2  # those that two jobs were in


@pytest.mark.slow
def test_a_run_that_fails_is_told_and_the_others_finish(cluster, postgres, tmp_path):  # noqa: F811
    arguments = ["budget.trials=12", "optimizer.class=toy.Raising", "optimizer.name=raising"]
    process = start(tmp_path, cluster, postgres, *arguments)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "the optimizer raised in ask" in err


def test_sqlite_and_a_place_without_slurm_are_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sweep = ["run", "-m", *TOY, "optimizer=random", "budget.trials=2", "engine=slurm"]
    assert bench(*sweep) == 2
    err = capsys.readouterr().err
    assert "engine=slurm: its runs may be on several hosts, which an SQLite file cannot serve; set store=" in err
    for key, value in (("runs_per_job", 0), ("minutes", "soon"), ("jobs_at_once", -1)):
        assert bench(*sweep, f"engine.{key}={value}") == 2
        assert f"engine.{key}=" in capsys.readouterr().err
    assert not list(Path("results").glob("scratch/*/*/*/*.parquet"))


def test_without_sbatch_the_place_is_named(tmp_path, monkeypatch, capsys):
    from bench.engines import slurm as engine
    from bench.errors import UserError

    monkeypatch.setattr(shutil, "which", lambda *_a, **_k: None)
    with pytest.raises(UserError, match="there is no sbatch here"):
        engine._executor(tmp_path / "jobs")
