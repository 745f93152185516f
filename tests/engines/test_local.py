"""The local engine through the command: killed workers and parents, crashes, interrupts; nothing evaluated twice.

Kills at random moments, many of them, are `benchmarks/kills.py`.
"""

import contextlib
import fcntl
import functools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import commands
import pandas as pd
import psutil
import pytest
from commands import ROOT, SUPPORT, TOY, bench_process, table, toy_optimizers, wait_for, without_times

from bench import results
from bench.engines import local, semaphores
from bench.running.cores import cores
from bench.store import Store

bench = functools.partial(commands.bench, workers=True)
SHARED = Path("/dev/shm")
"""Where Linux has the named semaphores."""
SWEEP = ["run", "-m", *TOY, "optimizer=random,optuna_tpe", "seed=0,1", "engine.workers=2"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is started, with two optimisers that kill, and cores of these tests' own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    toy_optimizers(tmp_path, "doomed", "dying")
    return tmp_path


def tables(folder: Path, experiment: str = "scratch") -> dict[str, pd.DataFrame]:
    paths = results.find(folder / "results", experiment)
    return {str(run): without_times(pd.read_parquet(path)) for run, path in paths.items()}


def committed(folder: Path) -> dict[float, str]:
    """The points that the store holds, and the run that evaluated each."""
    path = folder / "results/store.sqlite"
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        if not connection.execute("select name from sqlite_master where name = 'evaluations'").fetchall():
            return {}
        rows = connection.execute("select json_extract(configuration, '$.x'), run from evaluations")
        return {round(x, 12): run for x, run in rows}


def lines(folder: Path) -> list[float]:
    """The points whose evaluation was begun, in order."""
    log = folder / "log"
    return [round(float(line), 12) for line in log.read_text().split()] if log.exists() else []


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> None:
    """Wait until processes have ended, as workers do soon after their parent."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive


# --- killed ---------------------------------------------------------------------------------------------------------


class Killed:
    """A sweep that is started again and again: what was committed before a start is not evaluated after it."""

    SWEEP = ("run", "-m", "--config-dir", "mine", *TOY, "optimizer=doomed,optuna_tpe", "seed=0,1", "budget.trials=12")

    def __init__(self, folder: Path) -> None:
        self.folder, self.begun = folder, 0

    def start(self, **environment: str) -> None:
        self.known = committed(self.folder)
        self.process = bench_process(*self.SWEEP, "engine.workers=2", cwd=self.folder, **environment)

    def fresh(self) -> list[float]:
        """What was begun since the start."""
        return lines(self.folder)[self.begun :]

    def killed(self) -> list[float]:
        """What was begun between the start and the kill; returns when every process is gone."""
        relatives = family(self.process)
        self.process.kill()
        return self.ended(relatives)

    def ended(self, relatives: list[psutil.Process]) -> list[float]:
        self.process.communicate()
        gone(relatives)
        fresh = self.fresh()
        self.begun += len(fresh)
        assert not self.known.keys() & set(fresh), "what was committed was evaluated again"
        return fresh


@pytest.mark.slow
def test_killed_at_four_moments_it_ends_with_the_same_tables_and_evaluates_nothing_twice(folder, tmp_path_factory):
    calm = tmp_path_factory.mktemp("calm")
    shutil.copytree(folder / "mine", calm / "mine")
    with contextlib.chdir(calm):
        assert bench(*Killed.SWEEP, "engine.workers=1") == 0
    (folder / "log").unlink()
    rough = Killed(folder)

    rough.start(TOY_HANGS_AT="1")  # just after the start: nothing is committed
    wait_for(lambda: len(rough.fresh()) == 2, rough.process)
    interrupted = rough.killed()
    assert not committed(folder)

    rough.start(TOY_DOOM="3", TOY_HANGS_AT="4")  # between the commit of a third result and telling it
    wait_for(rough.fresh)
    relatives = family(rough.process)
    rough.process.wait(timeout=240)
    rough.ended(relatives)
    assert rough.process.returncode == -signal.SIGKILL
    owners = list(committed(folder).values())
    assert max(owners.count(f"scratch/wine/toy/doomed/{seed}") for seed in (0, 1)) == 3

    rough.start(TOY_HANGS_AT="5")  # in the middle of two evaluations
    wait_for(lambda: len(rough.fresh()) == 10, rough.process)
    interrupted += rough.killed()[-2:]

    rough.start(TOY_HANGS_AT="5")  # a worker, and the command when others have taken its work up
    wait_for(lambda: len(rough.fresh()) == 10, rough.process)
    interrupted += rough.fresh()[-2:]
    next(child for child in family(rough.process) if "LokyProcess" in " ".join(child.cmdline())).kill()
    wait_for(lambda: len(rough.fresh()) == 20, rough.process)
    rough.killed()

    known = committed(folder)
    assert bench(*Killed.SWEEP, "engine.workers=2") == 0
    last = rough.fresh()
    assert len(set(last)) == len(last)
    assert not known.keys() & set(last)
    assert set(interrupted) <= committed(folder).keys() == set(lines(folder))
    undisturbed, disturbed = tables(calm), tables(folder)
    assert len(undisturbed) == 4
    assert disturbed.keys() == undisturbed.keys()
    for run, trials in undisturbed.items():
        pd.testing.assert_frame_equal(disturbed[run], trials)


@pytest.mark.slow
def test_what_kills_its_process_is_recorded_and_the_sweep_goes_on(folder):
    points = ["optimizer.class=toy.Stubborn", "+optimizer.settings={points: 3}", "+model.settings.die_above=0.7"]
    assert bench("run", "-m", *TOY, "seed=0,1", "engine.workers=1", "budget.trials=3", *points) == 0
    runs = tables(folder)
    assert len(runs) == 2
    for trials in runs.values():
        assert trials["status"].tolist() == ["ok", "crashed", "ok"]
        assert trials["error"][1] == "the process died with signal SIGKILL"


@pytest.mark.slow
def test_a_run_that_kills_its_workers_fails_alone_and_the_others_finish(folder, monkeypatch, capsys):
    monkeypatch.setattr(local, "DEATHS", 2)
    sweep = ["run", "-m", "--config-dir", "mine", *TOY, "budget.trials=4", "engine.workers=2"]
    assert bench(*sweep, "optimizer=dying,random") == 1
    err = capsys.readouterr().err
    assert "scratch/wine/toy/dying/0: its worker process died again and again, outside of any evaluation" in err
    assert list(tables(folder)) == ["scratch/wine/toy/random/0"]


# --- interrupted ----------------------------------------------------------------------------------------------------

INTERRUPTS = [
    pytest.param(signal.SIGINT, 130, True),
    pytest.param(signal.SIGTERM, 143, False),
    pytest.param(signal.SIGINT, 130, False, marks=pytest.mark.exhaustive),
    pytest.param(signal.SIGTERM, 143, True, marks=pytest.mark.exhaustive),
    pytest.param(signal.SIGHUP, 129, True, marks=pytest.mark.exhaustive),
]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status", "several"), INTERRUPTS)
def test_an_interrupt_ends_the_workers_with_one_line_and_the_next_start_goes_on(folder, number, status, several):
    arguments = SWEEP if several else ["run", *TOY]
    arguments = [*arguments, "budget.trials=20", "+model.settings.sleep=0.05"]
    process = bench_process(*arguments, cwd=folder)
    wait_for(lambda: len(lines(folder)) > 5, process)
    relatives = family(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == status
    gone(relatives)
    assert not list(SHARED.glob(f"sem.loky-{process.pid}-*"))
    messages = [line for line in err.splitlines() if not line.startswith(("runs ", "best loss"))]
    assert messages == ["bench: stopped; the same command goes on from here"]
    known = committed(folder)
    begun = len(lines(folder))
    assert bench(*arguments) == 0
    assert not known.keys() & set(lines(folder)[begun:])


# --- what stays behind, and what is taken meanwhile -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="where semaphores are cannot be listed")
def test_no_semaphore_outlives_what_kills_the_sweeps_whole_group(folder):
    process = bench_process(*SWEEP, "budget.trials=50", "+model.settings.sleep=0.1", cwd=folder, apart=True)
    wait_for(lambda: len(lines(folder)) > 2, process)
    names = f"sem.loky-{process.pid}-*"
    assert list(SHARED.glob(names))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not list(SHARED.glob(names)), seconds=30)


def test_semaphores_of_the_dead_go_at_the_next_start_and_those_of_the_living_stay(folder, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = [f"sem.loky-{dead.pid}-ab_1", f"sem.loky-{os.getpid()}-ab_1", f"sem.other-{dead.pid}-ab_1", "sem.loky-x"]
    for name in names:
        (folder / name).touch()
    monkeypatch.setattr(semaphores, "_PLACE", folder)
    semaphores.leave_none()
    assert not (folder / names[0]).exists()
    assert all((folder / name).exists() for name in names[1:])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or cores() < 2, reason="nothing is pinned")
def test_an_idle_worker_gives_its_core_back_and_takes_one_again(folder):
    """Of two runs the second ends at once: its worker then has nothing to do while the other one goes on."""
    until = folder / "until"
    (folder / "waiting.py").write_text(
        "import time\nfrom pathlib import Path\nfrom bench.optimizers.random_search import RandomSearch\n"
        "class Waiting(RandomSearch):\n"
        "    def __init__(self, space, seed, budget):\n        super().__init__(space, seed, budget)\n"
        f"        while seed == 0 and not Path({str(until)!r}).exists():\n            time.sleep(0.05)\n"
    )
    sweep = ["run", "-m", *TOY, "seed=0,1", "engine.workers=2", "budget.trials=2"]
    process = bench_process(*sweep, "optimizer.class=waiting.Waiting", cwd=folder)
    other = "results/scratch/wine/toy/random/1.parquet"
    wait_for((folder / other).exists, process)
    locks = folder / f"hpo-compare-cores-{os.getuid()}"
    wait_for(lambda: sum(map(is_locked, locks.iterdir())) == 1, process, seconds=30)
    until.touch()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert not any(map(is_locked, locks.iterdir()))


def is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# --- as it should be ------------------------------------------------------------------------------------------------


def test_failed_runs_are_told_once_and_the_others_finish(folder, capsys):
    arguments = ["run", "-m", *TOY, "optimizer=random", "+optimizer.settings={}", "budget.trials=5", "seed=range(0,3)"]
    broken = [*arguments, "optimizer.class=toy.Raising", "optimizer.name=raising", "engine.workers=1"]
    assert bench(*broken) == 1
    messages = [line for line in capsys.readouterr().err.splitlines() if line.startswith("bench: ")]
    assert len(messages) == 2
    assert messages[0].endswith("the optimizer raised in ask: RuntimeError: no more ideas (and 2 more runs)")
    assert messages[1] == "bench: 3 of 3 runs failed"


def test_workers_have_a_thread_each_go_on_without_locked_cores_and_import_no_folder_of_the_same_name(folder):
    locks = folder / f"hpo-compare-cores-{os.getuid()}"
    locks.write_text("a file of somebody's")
    (folder / "bench").mkdir()
    (folder / "bench/__init__.py").write_text("raise SystemExit('the wrong bench')\n")
    script = "import sys; sys.path.remove(''); from bench.cli.app import main; sys.argv[0] = 'bench'; main()"
    command = [sys.executable, "-c", script, *SWEEP, "budget.trials=2", "optimizer=random"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)])}
    environment.pop("OMP_WAIT_POLICY", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("note: no cores are reserved") == (cores() > 1)
    assert locks.read_text() == "a file of somebody's"
    paths = results.find(folder / "results", "scratch")
    assert len(paths) == 2
    for path in paths.values():
        provenance = results.file_metadata(path)["provenance"]
        assert provenance["threads"] == 1
        assert provenance["omp_wait_policy"] == "PASSIVE"


def test_two_commands_at_once_share_the_work(folder):
    arguments = ["run", "-m", *TOY, "seed=0,1", "engine.workers=1", "budget.trials=20", "+model.settings.sleep=0.05"]
    process = bench_process(*arguments, cwd=folder)
    wait_for(lambda: lines(folder), process)
    assert bench(*arguments) == 0
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert len(lines(folder)) == len(set(lines(folder))) == 40
    runs = Store(f"sqlite:///{folder}/results/store.sqlite").runs("scratch")
    assert [(run["state"], run["trials"]) for run in runs] == [("done", 20), ("done", 20)]
    assert len(table(folder, "scratch/wine/toy/random/1")) == 20


def test_overwriting_waits_for_the_process_that_does_the_run_now(folder):
    arguments = ["run", *TOY, "budget.trials=40", "+model.settings.sleep=0.1"]
    first = bench_process(*arguments, cwd=folder)
    wait_for(lambda: len(lines(folder)) > 3, first)
    assert bench(*arguments, "overwrite=true") == 0
    _, err = first.communicate(timeout=600)
    assert first.returncode == 0, err
    assert len(lines(folder)) == 40
    assert len(table(folder, "scratch/wine/toy/random/0")) == 40


def test_runs_that_share_points_do_not_march_in_lock_step(folder):
    """Two runs over the same ten points known in advance: each takes what the other has not begun."""
    arguments = ["run", "-m", *TOY, "seed=0,1", "engine.workers=2", "budget.trials=10", "+model.settings.sleep=0.4"]
    assert bench(*arguments, "optimizer.class=toy.Stubborn", "+optimizer.settings={points: 10}") == 0
    assert len(lines(folder)) == 10
    runs = [table(folder, f"scratch/wine/toy/random/{seed}") for seed in (0, 1)]
    owned = [int((~trials["cached"]).sum()) for trials in runs]
    assert sum(owned) == 10
    assert min(owned) >= 3
