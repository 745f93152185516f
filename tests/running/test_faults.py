"""Disks that are full or read-only, a store that is locked, an optimiser that hangs: one line each, nothing is lost.

Killed processes, signals, damaged files, servers that restart and clocks that jump are tried in `engines/test_local`,
`test_sweep`, `store/test_store`, `store/test_servers` and `test_cores`.
"""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import trials
from commands import TOY, bench, bench_process, table, wait_for
from pictures import leave_undrawn

from bench.results import RunId
from bench.running import launch

RUN = ["run", *TOY, "budget.trials=40"]


class Disk:
    """A small disk of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def mount(self, size: str) -> bool:
        return self._do("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.path))

    def become(self, options: str) -> None:
        assert self._do("mount", "-o", f"remount,{options}", str(self.path))

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free(self) -> None:
        (self.path / "filler").unlink()

    def _do(self, *command: str) -> bool:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.chdir(tmp_path)
    small = Disk(tmp_path / "disk")
    if os.geteuid() != 0 or not small.mount("8m"):
        pytest.skip("only root may mount a disk of its own")
    yield small
    subprocess.run(["umount", "--lazy", str(small.path)], check=False)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    messages = [line for line in capsys.readouterr().err.splitlines() if line.startswith("bench: ")]
    assert len(messages) in (1, 2), messages  # a sweep adds how many runs failed
    assert "Traceback" not in messages[0]
    return messages[0]


def evaluated(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def test_a_store_on_a_full_disk_is_told_and_what_it_holds_is_kept(disk, capsys, monkeypatch, tmp_path) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(log))
    where = ["results_dir=results", f"store=sqlite:///{disk.path}/store.sqlite"]
    assert bench(*RUN, *where, "budget.trials=5", "name=first") == 0
    disk.fill()
    capsys.readouterr()
    assert bench(*RUN, *where, "name=second", "seed=1") in (1, 2)
    said = one_line(capsys)
    assert "full" in said or "No space left" in said
    made = evaluated(log)
    disk.free()
    assert bench(*RUN, *where, "name=second", "seed=1") == 0
    again = evaluated(log)[len(made) :]
    assert len(set(made[:-1]) & set(again)) == 0  # the last may have been made and not kept
    assert len(table(tmp_path, "second/wine/toy/random/1")) == 40


def test_a_table_on_a_full_disk_is_told_and_made_from_the_store_later(disk, capsys, monkeypatch, tmp_path) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(log))
    where = [f"results_dir={disk.path}", f"store=sqlite:///{tmp_path}/store.sqlite"]
    disk.fill()
    assert bench(*RUN, *where) in (1, 2)
    said = one_line(capsys)
    assert "No space left on device" in said
    assert "make room" in said
    disk.free()
    made = evaluated(log)
    assert bench(*RUN, *where) == 0
    assert len(evaluated(log)) == max(40, len(made))
    assert len(pd.read_parquet(disk.path / "scratch/wine/toy/random/0.parquet")) == 40


def test_a_report_on_a_full_disk_is_told_and_leaves_no_half_file(disk, capsys, tmp_path, monkeypatch) -> None:
    leave_undrawn(monkeypatch)
    trials.put(tmp_path / "results", RunId("e", "iris", "lightgbm", "random", 0), [1.0, 0.5])
    disk.fill()
    assert bench("report", "e", "--reports-dir", str(disk.path)) == 2
    assert "cannot be written (No space left on device); give another folder with --reports-dir" in one_line(capsys)
    left = [path for path in disk.path.rglob("*") if path.is_file() and path.name != "filler"]
    assert not [path for path in left if path.name.endswith(".part")]
    disk.free()
    assert bench("report", "e", "--reports-dir", str(disk.path)) == 0


def test_a_read_only_disk_is_told(disk, tmp_path, monkeypatch, capsys) -> None:
    run = [*RUN, f"results_dir={disk.path}", "budget.trials=3"]
    first = bench_process(*run, cwd=tmp_path)  # this process would keep the store open, and the disk writable
    _, err = first.communicate(timeout=600)
    assert first.returncode == 0, err
    disk.become("ro")
    assert bench(*run, "seed=1") in (1, 2)
    assert "read" in one_line(capsys).lower()
    leave_undrawn(monkeypatch)
    assert bench("report", "scratch", "--results-dir", str(disk.path)) == 0
    disk.become("rw")
    assert bench(*run, "seed=1") == 0


def test_a_store_that_is_locked_for_a_while_is_waited_for(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench(*RUN, "budget.trials=3") == 0
    log, budget = tmp_path / "log", ["budget.trials=100", "+model.settings.sleep=0.01", "seed=1"]
    process = bench_process(*RUN, *budget, cwd=tmp_path, TOY_LOG=str(log))
    wait_for(lambda: len(evaluated(log)) > 5, process)
    lock = sqlite3.connect(tmp_path / "results/store.sqlite", timeout=60, isolation_level=None)
    lock.execute("begin exclusive")
    time.sleep(8)
    lock.execute("rollback")
    lock.close()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(table(tmp_path, "scratch/wine/toy/random/1")) == 100


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive)])
def test_an_optimiser_that_hangs_can_be_stopped(tmp_path, number) -> None:
    arguments = [*RUN, "optimizer.class=toy.Hanging", "optimizer.name=hanging"]
    process = bench_process(*arguments, cwd=tmp_path, TOY_LOG=str(tmp_path / "log"))
    wait_for(lambda: len(evaluated(tmp_path / "log")) == 3, process)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert "bench: stopped; the same command goes on from here" in err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_a_scheduler_or_a_lost_connection_sends_ends_a_run_as_ctrl_c_does_and_nohup_stays_in_force(number, status):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as ended, launch.ended_by_signals():
        os.kill(os.getpid(), number)
    assert ended.value.status == status
    with pytest.raises(KeyboardInterrupt) as ended, launch.ended_by_signals():
        as_ray_does(number)
    assert ended.value.status == status
    assert signal.getsignal(number) == before
    signal.signal(number, signal.SIG_IGN)
    try:
        with launch.ended_by_signals():
            assert (signal.getsignal(number) == signal.SIG_IGN) == (number == signal.SIGHUP)
    finally:
        signal.signal(number, before)


def as_ray_does(number):
    """Be sent a signal while a library waits that raises a plain interrupt in the place of any."""
    try:
        os.kill(os.getpid(), number)
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None
