"""How the command ends: with its own exit status, whatever the code that it ran does to end it otherwise."""

import atexit
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

GRACE_SECONDS = 3.0
"""How long threads that somebody's code has left may take to end, once all is done."""


@contextmanager
def exits_raised() -> Iterator[None]:
    """Within, `os._exit` raises `SystemExit` in this process, which is told of as whatever else somebody's code raises.

    Otherwise a model, an optimiser or a file of a user's ended the command with a status of its choice, such as 0. In
    processes that are forked from this one it does what it does.
    """
    leave, mine = os._exit, os.getpid()

    def raised(status: int) -> NoReturn:
        if os.getpid() != mine or threading.current_thread() is not threading.main_thread():
            leave(status)
        raise SystemExit(f"os._exit({status}) was called")

    os._exit = raised
    try:
        yield
    finally:
        os._exit = leave


def of_interrupt(error: BaseException | None) -> bool:
    """Whether an error came of Ctrl-C, which a library has made another exception of."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def not_held_up(status: int) -> None:
    """See to it that this process ends with `status`, even where somebody's code has left a thread that never does."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not any(not thread.daemon for thread in others):
        return

    def end() -> None:
        time.sleep(GRACE_SECONDS)
        with suppress(BaseException):
            atexit._run_exitfuncs()  # noqa: SLF001 - `os._exit` does not
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
        os._exit(status)

    threading.Thread(target=end, daemon=True, name="end").start()
