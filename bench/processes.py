"""What a worker process needs of its system: to die with its parent, and a core of its own."""

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_held: list[Any] = []  # open lock files; closing one gives its core back


def die_with_parent(poll_seconds: float = 0.5) -> None:
    """End this process soon after its parent has died, whatever it is doing; works wherever there are threads."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="die-with-parent").start()


def take_a_core() -> int | None:
    """Pin this process to one core that no other worker on this host has.

    Returns the core; None where the system cannot pin, or none is free.

    A core is held by a locked file, which the system unlocks when the process ends, however it ends.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    import fcntl  # noqa: PLC0415 - not on every system

    folder = Path(tempfile.gettempdir()) / f"hpo-compare-cores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for core in sorted(os.sched_getaffinity(0)):
        lock = (folder / str(core)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        os.sched_setaffinity(0, {core})
        return core
    return None


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
