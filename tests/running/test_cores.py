"""Cores: each worker has its own, a single run gives them back. Who lives, whatever the clock says."""

import fcntl
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time

import psutil
import pytest

from bench.running import cores as cores_room
from bench.running.cores import at_work, cores, on_cores, take_cores
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


@pytest.fixture
def locks(tmp_path, monkeypatch):
    """Where the folder of locks is to be, in a temporary folder of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"hpo-compare-cores-{os.getuid()}"


@pinned
def test_the_folder_of_locks_is_of_this_user_alone(locks, capsys):
    locks.mkdir(mode=0o777)
    locks.chmod(0o777)  # as an earlier version might have left it
    with on_cores(1):
        assert stat.S_IMODE(locks.stat().st_mode) == 0o700
        assert [stat.S_IMODE(path.stat().st_mode) for path in locks.iterdir()] == [0o600]
    assert not capsys.readouterr().err


PRECIOUS = "the only copy"


def _link(place, mine):
    place.symlink_to(mine.parent)


def _file(place, mine):
    place.write_text(PRECIOUS)


def _link_inside(place, mine):
    _inside(place, lambda path: path.symlink_to(mine))


def _hard_link_inside(place, mine):
    _inside(place, lambda path: path.hardlink_to(mine))


def _pipe_inside(place, mine):
    _inside(place, os.mkfifo)


def _folder_inside(place, mine):
    _inside(place, lambda path: path.mkdir())


def _inside(place, make):
    place.mkdir()
    for core in os.sched_getaffinity(0):
        path = place / str(core)
        path.unlink(missing_ok=True)
        try:
            make(path)
        except FileExistsError:
            continue


LAID = [_link, _file, _link_inside, _hard_link_inside, _pipe_inside, _folder_inside]


@pinned
@pytest.mark.parametrize("lay", LAID, ids=lambda lay: lay.__name__.strip("_"))
def test_what_was_laid_in_the_place_of_locks_is_left_alone_and_the_run_goes_on_with_a_note(locks, lay, capsys):
    mine = locks.parent / "mine/precious"
    mine.parent.mkdir()
    for name in ("precious", *map(str, os.sched_getaffinity(0))):  # those that a linked folder would lead to
        (mine.parent / name).write_text(PRECIOUS)
    lay(locks, mine)
    before = os.sched_getaffinity(0)
    with on_cores(1):
        assert os.sched_getaffinity(0) == before
    assert {path.read_text() for path in mine.parent.iterdir()} == {PRECIOUS}
    note = capsys.readouterr().err
    assert note.count("\n") == 1
    assert note.startswith("note: no cores are reserved, and other runs may use the same ones: ")
    assert str(locks) in note


@pinned
@pytest.mark.parametrize("reason", ["another user's", "no temporary folder", "no locks"])
def test_without_a_lock_a_run_goes_on_where_it_is(locks, monkeypatch, reason, capsys):
    if reason == "another user's":
        locks.mkdir()
        stranger = os.getuid() + 1
        locks.rename(locks.with_name(f"hpo-compare-cores-{stranger}"))
        monkeypatch.setattr(os, "getuid", lambda: stranger)
    elif reason == "no temporary folder":
        monkeypatch.setattr(tempfile, "tempdir", str(locks / "none"))
    else:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    before = os.sched_getaffinity(0)
    with on_cores(1):
        assert os.sched_getaffinity(0) == before
    assert "note: no cores are reserved" in capsys.readouterr().err


@pinned
def test_a_process_whose_core_was_taken_meanwhile_moves_with_all_its_threads(locks):
    first, second = sorted(os.sched_getaffinity(0))[:2]
    end = threading.Event()
    home = os.sched_getaffinity(0)
    try:
        with at_work(1):
            assert os.sched_getaffinity(0) == {first}
            thread = threading.Thread(target=end.wait)
            thread.start()
        with (locks / str(first)).open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with at_work(1):
                assert os.sched_getaffinity(0) == os.sched_getaffinity(thread.native_id) == {second}
        with at_work(1):  # where it is, though the other is free again
            assert os.sched_getaffinity(0) == {second}
    finally:
        end.set()
        cores_room._home.clear()
        os.sched_setaffinity(0, home)


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
