"""Cores: each worker has its own, a single run gives them back. Who lives, whatever the clock says."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from bench.running.cores import cores, on_cores, take_cores
from bench.store.process import Process, _started

pinned = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or cores() < 2, reason="one core alone, or a system that cannot pin"
)

HOLD = "import sys; from bench.running.cores import take_cores; print(*take_cores(1), flush=True); sys.stdin.read()"


@pinned
def test_every_worker_has_a_core_of_its_own_until_it_ends(tmp_path):
    def worker():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        apart = {**os.environ, "TMPDIR": str(tmp_path)}  # from what else runs on this machine
        return subprocess.Popen([sys.executable, "-c", HOLD], env=apart, **pipes)

    first = worker()
    taken = first.stdout.readline()
    others = [worker() for _ in range(cores() - 1)]
    assert len({taken, *(other.stdout.readline() for other in others)}) == cores()
    late = worker()  # all are taken: it shares one, and does not wait
    assert int(late.stdout.readline()) in os.sched_getaffinity(0)
    late.communicate()
    first.kill()  # however it ends
    first.wait()
    heir = worker()
    assert heir.stdout.readline() == taken
    for process in (*others, heir):
        process.communicate()


@pinned
def test_a_run_of_fewer_threads_is_held_to_as_many_cores_and_they_are_given_back():
    before = os.sched_getaffinity(0)
    with on_cores(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
    with on_cores(len(before)):
        assert os.sched_getaffinity(0) == before
    assert take_cores(len(before)) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system itself keeps the time of day")
def test_a_living_process_is_seen_to_live_after_the_clock_was_set(monkeypatch):
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    known = Process(Process.this().host, living.pid, _started(living.pid))
    boot, now = psutil._pslinux.boot_time(), time.time
    # What a process reads that starts after somebody has set the clock an hour ahead.
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot + 3600)
    monkeypatch.setattr(psutil._pslinux, "BOOT_TIME", boot + 3600, raising=False)
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    assert known.lives()
    assert not Process(known.host, known.pid, known.process_started - 1).lives()
    living.kill()
    assert living.stdin is not None
    living.wait()
    assert not known.lives()
