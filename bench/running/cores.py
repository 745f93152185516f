"""Cores: how many there are, and one of its own for each worker."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_held: list[Any] = []  # open lock files; closing one gives its core back


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


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
