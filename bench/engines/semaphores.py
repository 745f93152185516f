"""The named semaphores of loky: they outlive their processes, unless somebody is left to remove their names.

loky's resource tracker does that once all processes of a sweep are gone, however they went. It is one of the sweep's
group, though, so that what kills the group (a terminal, a scheduler, `kill -9 -PGID`) kills it too. Here it is started
in a session of its own. What is left even so, where the whole container or job was ended, goes at the next start.
"""

import multiprocessing.util
import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from loky.backend import resource_tracker

_PLACE = Path("/dev/shm")  # noqa: S108 - where Linux has them
_NAME = re.compile(r"sem\.loky-(\d+)-\w+")


def leave_none() -> None:
    """Remove the names that dead processes of this user have left, and let a tracker see to those that are to come."""
    for path in _PLACE.glob("sem.loky-*"):
        name = _NAME.fullmatch(path.name)
        if name and not psutil.pid_exists(int(name[1])):
            with suppress(OSError):  # gone already, or another user's
                if path.lstat().st_uid == os.getuid():
                    path.unlink()
    util: Any = multiprocessing.util  # by which loky starts the tracker, and which has no way to ask for a session
    before = util.spawnv_passfds
    util.spawnv_passfds = _apart
    try:
        resource_tracker.ensure_running()
    finally:
        util.spawnv_passfds = before


def _apart(path: Any, arguments: Sequence[Any], descriptors: Sequence[int]) -> int:
    """As `spawnv_passfds`, in a session of its own and without a terminal; returns the pid, for which loky waits."""
    process = subprocess.Popen(
        arguments,
        executable=path,
        pass_fds=[descriptor for descriptor in descriptors if descriptor > 2],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process.returncode = 0  # not to be waited for here, too
    return process.pid
