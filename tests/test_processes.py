"""Cores: each worker has its own, a single run gives them back."""

import os
import subprocess
import sys

import pytest

from bench.processes import cores, on_cores, take_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or cores() < 2, reason="one core alone, or a system that cannot pin"
)

HOLD = "import sys; from bench.processes import take_cores; print(*take_cores(1), flush=True); sys.stdin.read()"


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


def test_a_run_of_fewer_threads_is_held_to_as_many_cores_and_they_are_given_back():
    before = os.sched_getaffinity(0)
    with on_cores(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
    with on_cores(len(before)):
        assert os.sched_getaffinity(0) == before
    assert take_cores(len(before)) is None
