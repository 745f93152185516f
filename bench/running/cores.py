"""What a process needs of its system: to know whether another lives, to die with its parent, a core of its own."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from bench.provenance import host

_held: list[Any] = []  # open lock files; closing one gives its core back


def die_with_parent(parent: int, poll_seconds: float = 0.5) -> None:
    """End this process soon after its parent has died, whatever it is doing; works wherever there are threads.

    `parent` is the pid that the parent gave: it may have died before this process could ask for it.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="die-with-parent").start()


def take_cores(count: int) -> set[int] | None:
    """Pin this process to `count` cores that no other worker on this host has, or to any where too few are free.

    Some libraries (JAX) heed no other limit of threads, and only where it is set before they start: threads that are
    there already are not moved. Returns the cores; None where the system cannot pin, or has no more than `count`.
    A core is held by a locked file, which the system unlocks when the process ends, however it ends.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    there = sorted(os.sched_getaffinity(0))
    if len(there) <= count:
        return None
    free: set[int] = set()
    for core in there:
        if len(free) < count and _lock(core):
            free.add(core)
    if len(free) < count:
        free_cores()
        start = os.getpid() % len(there)  # not all of those who find none free share the first
        free = set((there[start:] + there[:start])[:count])
    os.sched_setaffinity(0, free)
    return free


def free_cores() -> None:
    """Give the cores of `take_cores` back to other workers; this process stays where it is."""
    while _held:
        _held.pop().close()


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Within, what `take_cores` does; afterwards this process is where it was."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    taken = take_cores(count)
    try:
        yield
    finally:
        free_cores()
        if before and taken is not None:
            os.sched_setaffinity(0, before)


def _lock(core: int) -> bool:
    """Hold a core for as long as the file is open, unless another process has it."""
    import fcntl  # noqa: PLC0415 - not on every system

    folder = Path(tempfile.gettempdir()) / f"hpo-compare-cores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    file = (folder / str(core)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True


def environment_of_child() -> dict[str, str]:
    """What a child process needs to import this very package, and not a folder of the same name where it is started."""
    root = str(Path(__file__).resolve().parent.parent.parent)
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": root if not before else os.pathsep.join([root, before])}


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Process:
    """A process as another one can recognise it: the pid alone could since have been given to somebody else."""

    host: str
    pid: int
    process_started: float
    """On Linux in seconds since the system was started, else the time of day."""

    @classmethod
    def this(cls) -> "Process":
        """The process that asks."""
        return _this(os.getpid())

    def lives(self) -> bool:
        """Whether it is still there; it must be one of this host."""
        try:
            process = psutil.Process(self.pid)
            return _started(self.pid) == self.process_started and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return False

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another host than this process."""
        return self.host != host()


@cache
def _this(pid: int) -> Process:
    return Process(host(), pid, _started(pid))


def _started(pid: int) -> float:
    """When a process was started: in seconds since the system was, where that is to be had.

    The time of day that psutil gives moves when somebody sets the clock, and a living process would pass for dead.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return float(psutil.Process(pid).create_time())
    return int(stat.read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
