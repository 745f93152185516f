"""Functions that do to their process, and to what is made of their outcome, what a user's code may do.

`f` is called with `x` in 0..1 and the names of ways; the n-th of k ways is gone for `x` in [n/k, (n+1)/k). Each call is
a line in the file that HOSTILE_LOG names.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

DIRTY = "bad \udc80 \x00 \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202etxt\nsecond line"
CLEANED = r"bad \udc80 \x00 red \x1b]0;title\x07 \u202etxt"


class Text(str):
    __slots__ = ()

    def __repr__(self):
        raise RuntimeError("no repr")


class Odd(BaseException):
    pass


def f(configuration, ways):
    if log := os.environ.get("HOSTILE_LOG"):
        with Path(log).open("a") as file:
            file.write(f"{configuration['x']!r}\n")
    returned = globals()[f"go_{ways[int(configuration['x'] * len(ways))]}"]()
    return 0.5 if returned is None else returned


def go_well(): ...


def go_oserror():
    raise OSError(28, "No space left on device", "/data/cache")


def go_timeout():
    raise TimeoutError("the server did not answer")


def go_memory():
    raise MemoryError


def go_exit():
    sys.exit(0)


def go_hard_exit():
    os._exit(0)


def go_odd():
    raise Odd("of no kind")


def go_dirty():
    raise ValueError(DIRTY)


def go_long():
    raise ValueError("x" * 20_000_000)


def go_text():
    return Text("five")


def go_zero_d():
    return np.array(0.25)


def go_flag():
    return np.bool_(True)


def go_complex():
    return np.complex128(1 + 2j)


def go_huge():
    return 10**400


def go_deep():
    go_deep()


def go_elsewhere():
    os.chdir("/")


def go_mute():
    sys.stdout = sys.stderr = None


def go_close_streams():
    sys.stdout.close()
    sys.stderr.close()


def go_close_descriptors():
    for number in range(3):
        os.close(number)


def go_shallow():
    sys.setrecursionlimit(60)


def go_deaf():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def go_fork():
    os.fork()


def go_abort():
    os.kill(os.getpid(), signal.SIGKILL)


def go_unnamed_signal():
    os.kill(os.getpid(), 40)


def go_hang():
    go_deaf()
    time.sleep(600)


def go_alarm():
    signal.setitimer(signal.ITIMER_REAL, 0.2)


def go_cut_off():
    """Closes the connection to the run, and goes on."""
    os.closerange(3, 256)
    time.sleep(600)


def go_leave_heir():
    """Dies, and leaves a process that holds the connection to the run."""
    if os.fork() == 0:
        time.sleep(600)
    os._exit(7)


def go_chatter():
    for _ in range(100):
        os.write(1, b"o" * 100_000)
        os.write(2, b"e" * 100_000)


def go_interrupt():
    raise KeyboardInterrupt


def go_leave_thread():
    threading.Thread(target=time.sleep, args=(600,)).start()


class Points:
    """Asks for the middles of `points` equal parts, from the lowest, and remembers what it is told."""

    told: list = []  # noqa: RUF012

    def __init__(self, space, seed, budget, points):
        self._next, self._points = 0, points
        self.told.clear()

    def ask(self):
        self._next += 1
        return {"x": (self._next - 0.5) / self._points}

    def tell(self, configuration, loss, failed=False):
        self.told.append((loss, failed))
