"""Cores: how many there are, and one of its own for each worker.

A core is held by a locked file in a folder of the user's own, which the system unlocks when the process ends, however
it ends. That folder has a name that anybody can guess, in a place where everybody may write: it and its files are used
only where they are what this file makes, and no link is followed. Without them a process goes on where it is.
"""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_held: dict[int, int] = {}  # the descriptor of each core's locked file; closing it gives the core back
_home: set[int] = set()  # the cores that this process had before it took some


class NoLock(Exception):
    """Why cores cannot be locked here, in one line."""


def take_cores(count: int) -> set[int] | None:
    """Hold this process to `count` cores that no other worker on this host has, or to any where too few are free.

    Some libraries (JAX) heed no other limit of threads, and only where it is set before they start: threads that are
    there already are not moved. Where it is held already, the same cores are taken again if they are free, else others,
    to which its threads are moved. Returns the cores; None where the system cannot pin, or has no more than `count`.
    Raises `NoLock` where cores cannot be locked: nothing is changed then.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    free_cores()
    now = os.sched_getaffinity(0)
    there = sorted(_home or now)
    if len(there) <= count:
        return None
    folder = _folder()
    try:
        for core in sorted(there, key=lambda core: core not in now):
            if len(_held) < count:
                _lock(folder, core)
    except NoLock:
        free_cores()
        raise
    finally:
        os.close(folder)
    free = set(_held)
    if len(free) < count:
        free_cores()
        start = os.getpid() % len(there)  # not all of those who find none free share the first
        free = set((there[start:] + there[:start])[:count])
    _move(free, now if _home else None)
    _home.update(there)
    return free


def free_cores() -> None:
    """Give the cores of `take_cores` back to other workers; this process stays where it is."""
    while _held:
        os.close(_held.popitem()[1])


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Within, what `take_cores` does, with a note on stderr where it cannot; afterwards this process is as it was."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    taken = None
    try:
        taken = take_cores(count)
    except NoLock as reason:
        note_unpinned(reason)
    try:
        yield
    finally:
        free_cores()
        if taken is not None:
            _move(before, taken)
            _home.clear()


@contextmanager
def at_work(count: int) -> Iterator[None]:
    """Within, a worker has the cores of `take_cores`, if any; between, others may have them."""
    with suppress(NoLock):
        take_cores(count)
    try:
        yield
    finally:
        free_cores()


def lockable(count: int) -> NoLock | None:
    """Why workers of `count` cores each could lock none; None where they can, or need not."""
    if not hasattr(os, "sched_setaffinity") or cores() <= count:
        return None
    try:
        folder = _folder()
        try:
            for core in os.sched_getaffinity(0):
                os.close(_file(folder, core))
        finally:
            os.close(folder)
    except NoLock as reason:
        return reason
    return None


def note_unpinned(reason: NoLock) -> None:
    """Say, once a command, that processes are held to no cores."""
    sys.stderr.write(f"note: no cores are reserved, and other runs may use the same ones: {reason}\n")


def _folder() -> int:
    """The folder of locks, open; raises `NoLock` where it is not this user's alone."""
    try:
        import fcntl  # noqa: F401, PLC0415 - not on every system

        path = Path(tempfile.gettempdir()) / f"hpo-compare-cores-{os.getuid()}"
    except ImportError:
        raise NoLock("this system has no file locks") from None
    except OSError as error:
        raise NoLock(f"there is no folder for temporary files ({error.strerror}); set TMPDIR") from None
    try:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        what = "is a link" if path.is_symlink() else str(error.strerror).lower()
        raise NoLock(f"{path}: {what}; remove it, or set TMPDIR to a folder of your own") from None
    try:
        status = os.fstat(folder)
        if status.st_uid != os.getuid():
            raise NoLock(f"{path}: is another user's; set TMPDIR to a folder of your own")
        if stat.S_IMODE(status.st_mode) != 0o700:
            os.fchmod(folder, 0o700)
    except BaseException as error:
        os.close(folder)
        if isinstance(error, OSError):
            raise NoLock(f"{path}: {str(error.strerror).lower()}") from None
        raise
    return folder


def _file(folder: int, core: int) -> int:
    """The file of a core, open; raises `NoLock` where what stands there is none of the suite's."""
    where = f"{tempfile.gettempdir()}/hpo-compare-cores-{os.getuid()}/{core}"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(str(core), flags, 0o600, dir_fd=folder)
    except OSError as error:
        what = "is a link" if error.errno == errno.ELOOP else str(error.strerror).lower()
        raise NoLock(f"{where}: {what}; remove it") from None
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_nlink != 1:
        os.close(file)
        raise NoLock(f"{where}: is no lock file; remove it")
    return file


def _lock(folder: int, core: int) -> None:
    """Hold a core for as long as its file is open, unless another process has it; raises `NoLock` where none can."""
    import fcntl  # noqa: PLC0415 - not on every system

    file = _file(folder, core)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
    except OSError as error:
        os.close(file)
        raise NoLock(f"files cannot be locked in {tempfile.gettempdir()} ({str(error.strerror).lower()})") from None
    else:
        _held[core] = file


def _move(cores: set[int], those_on: set[int] | None = None) -> None:
    """Hold this thread, and all that it will start, to these cores; and what threads there are that are held to others.

    `those_on`: the cores that such threads are held to; None moves no other thread.
    """
    os.sched_setaffinity(0, cores)
    for task in Path("/proc/self/task").glob("[0-9]*") if those_on is not None else ():
        with suppress(OSError):  # it has just ended
            if os.sched_getaffinity(int(task.name)) == those_on:
                os.sched_setaffinity(int(task.name), cores)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
