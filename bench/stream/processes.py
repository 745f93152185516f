"""The commands of a stream as processes of a group of their own, that end with the one that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.running.child import environment_of_child

GRACE_SECONDS = 8.0
"""How long a command has to end by itself."""


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """A program in a process; Ctrl-C in the terminal does not reach it. What it says goes to `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env={**os.environ, **environment_of_child(), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=_with_parent,
        )


def start_stream(arguments: Sequence[object], log: Path) -> subprocess.Popen[bytes]:
    """`bench stream ...` in a process, as `start`."""
    return start([sys.executable, "-m", "bench", "stream", *map(str, arguments)], log)


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End all of them: asked first, then killed."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _with_parent() -> None:
    """Called in a child before its program: let Linux end it with its parent, however that ends."""
    if sys.platform.startswith("linux"):
        import ctypes  # noqa: PLC0415 - for this alone

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
