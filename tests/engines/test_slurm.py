"""The Slurm engine on a real cluster of one node: jobs that die, are preempted or cancelled, and what is refused."""

import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest
import slurm
from commands import TOY, bench, bench_process, toy_optimizers, wait_for
from postgres import postgres, server  # noqa: F401 - fixtures
from sweeps import expect_same, lines, local, tables

from bench import results

pytest.importorskip("submitit")
SWEEP = ["run", "-m", *TOY, "engine=slurm", "engine.minutes=20"]
SWEEP += ["engine.memory=null", "store='${oc.env:BENCH_STORE}'"]
PLAIN = ["optimizer=random,optuna_tpe", "seed=0,1"]


@pytest.fixture(scope="module")
def cluster():
    yield from slurm.cluster()


def start(folder: Path, cluster, url: str, *arguments: str):
    environment = {**cluster.environment, "BENCH_STORE": url, "TOY_LOG": str(folder / "log")}
    return bench_process(*SWEEP, *arguments, cwd=folder, **environment)


def running(cluster) -> set[str]:
    """The jobs that run."""
    return set(cluster.do("squeue", "--noheader", "--format=%A", "--states=R").split())


@pytest.mark.slow
def test_a_sweep_on_slurm_makes_the_same_tables_hides_the_password_and_tells_what_fails(
    cluster,
    server,  # noqa: F811
    postgres,  # noqa: F811
    tmp_path,
):
    toy_optimizers(tmp_path, "raising")
    three = ["--config-dir", "mine", "optimizer=random,optuna_tpe,raising", "seed=0,1"]
    process = start(tmp_path, cluster, postgres, *three, "budget.trials=12", "engine.runs_per_job=3")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 1, err
    assert "the optimizer raised in ask" in err
    assert "2 of 6 runs failed" in err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) == len(set(evaluated))
    expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, *PLAIN, "budget.trials=12"))
    metadata = results.file_metadata(next(iter(results.find(tmp_path / "results", "scratch").values())))
    assert metadata["provenance"]["threads"] == 1
    assert metadata["provenance"]["omp_wait_policy"] == "PASSIVE"
    assert server.password not in out + err
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert server.password.encode() not in path.read_bytes(), path
    assert (tmp_path / "results/.submitit").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_what_a_killed_and_a_preempted_job_had_is_kept_and_its_runs_go_on(cluster, postgres, tmp_path):  # noqa: F811
    log = tmp_path / "log"
    budget = ["budget.trials=40", "+model.settings.sleep=0.1", "engine.runs_per_job=4"]
    process = start(tmp_path, cluster, postgres, *PLAIN, *budget)
    wait_for(lambda: len(lines(log)) > 10, process)
    (killed,) = running(cluster)
    cluster.do("scancel", "--signal=KILL", "--full", killed)
    wait_for(lambda: running(cluster) - {killed}, process)
    begun = len(lines(log))
    wait_for(lambda: len(lines(log)) > begun + 10, process)
    (preempted,) = running(cluster)
    cluster.do("scancel", "--signal=USR2", "--full", preempted)
    wait_for(lambda: preempted not in running(cluster), process)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    evaluated = lines(log)
    assert len(evaluated) - len(set(evaluated)) <= 2  # those that were under way
    expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, *PLAIN, "budget.trials=40"))
    trials = pd.concat(tables(tmp_path).values())
    assert (trials["status"] == "ok").all()


@pytest.mark.slow
def test_ctrl_c_cancels_the_jobs_and_the_next_start_goes_on(cluster, postgres, tmp_path):  # noqa: F811
    budget = [*PLAIN, "budget.trials=20", "+model.settings.sleep=0.1"]
    process = start(tmp_path, cluster, postgres, *budget)
    wait_for(lambda: len(lines(tmp_path / "log")) > 5, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "bench: stopped; the same command goes on from here" in err
    wait_for(lambda: not cluster.do("squeue", "--noheader").strip())
    process = start(tmp_path, cluster, postgres, *budget)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) - len(set(evaluated)) <= 2  # those that two jobs were in


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


def test_a_job_that_is_queued_again_while_it_finishes_is_cancelled_and_no_other(tmp_path, monkeypatch):
    from bench.engines import slurm as engine

    looks = tmp_path / "looks"
    (tmp_path / "squeue").write_text(
        f'#!/bin/sh\necho "$@" >> {looks}\n'
        f"[ $(wc -l < {looks}) -gt 4 ] && exit 0\n"
        'case "$*" in *PENDING,COMPLETING*) echo 7_1 ;; *) printf "7_0\\n7_1\\n" ;; esac\n'
    )
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.0)
    cancelled = []

    class Job:
        def __init__(self, job_id):
            self.job_id = job_id

        def cancel(self, check):
            cancelled.append(self.job_id)

    engine._end_requeued([Job("7_0"), Job("7_1"), Job("7_2")])
    assert set(cancelled) == {"7_1"}
    assert len(looks.read_text().splitlines()) == 5
