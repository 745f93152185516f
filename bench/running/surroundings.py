"""What evaluated code may change of the process that it is in, put back after it: others come there after it."""

import fcntl
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STREAMS = ("stdin", "stdout", "stderr")
_handler = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)
"""What handles a signal; `signal.getsignal` looks for it in enumerations, which takes longer than all else here."""


class Surroundings:
    """The folder, streams, descriptors 0 to 2, handlers of three signals and recursion limit of this process.

    As they are when it is made; `restore` makes them so again, in microseconds, where they are not, and `close` what
    takes longer to see.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._folder = _folder()
        self._recursion = sys.getrecursionlimit()
        self._handlers = {int(number): _handler(number) for number in _SIGNALS}
        self._streams: tuple[Any, ...] = ()
        self._copies: list[tuple[int, int, Any]] = []
        for number in range(3):
            with suppress(OSError):  # it may be closed already
                self._copies.append((number, fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10), _file(number)))

    def close(self) -> None:
        """Put descriptors back that stand for something else, and give their copies back."""
        for number, copy, file in self._copies:
            with suppress(OSError):
                if _file(number) != file:
                    os.dup2(copy, number)
            with suppress(OSError):
                os.close(copy)
        self._copies = []

    def before(self) -> None:
        """Look at what the suite itself may have changed since."""
        self._streams = sys.stdin, sys.stdout, sys.stderr

    def restore(self) -> None:
        """Put back what was changed. A copy of this process, which the code has forked, ends here."""
        if os.getpid() != self._pid:
            os._exit(0)
        if self._folder is not None and _folder() != self._folder:
            with suppress(OSError):
                os.chdir(self._folder)
        if sys.getrecursionlimit() != self._recursion:
            with suppress(RecursionError):
                sys.setrecursionlimit(self._recursion)
        for number, copy, _ in self._copies:
            if not _is_open(number):
                with suppress(OSError):
                    os.dup2(copy, number)
        for name, stream in zip(_STREAMS, self._streams, strict=False):
            now = getattr(sys, name)
            if getattr(stream, "closed", False):
                setattr(sys, name, _opened(name))
            elif now is not stream and not type(now).__module__.startswith("rich"):  # a live table that began meanwhile
                setattr(sys, name, stream)
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._handlers.items():
                if handler is not None and _handler(number) != handler:
                    signal.signal(number, handler)


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - at every trial
    except OSError:
        return None


def _is_open(number: int) -> bool:
    try:
        os.get_inheritable(number)
    except OSError:
        return False
    return True


def _file(number: int) -> Any:
    """What a descriptor stands for; None where it is closed."""
    try:
        status = os.fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _opened(name: str) -> Any:
    """A stream anew, in the place of one that was closed."""
    number = _STREAMS.index(name)
    with suppress(OSError):
        return open(number, "w" if number else "r", closefd=False, errors="backslashreplace")
    return None
