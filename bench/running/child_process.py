"""Evaluate in a child process, within limits: what kills it, or takes too long or too much, is an outcome and no end.

The child is kept warm: it loads the data once, and does one evaluation after the other until one of them ends it.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bench import problems
from bench.checks import positive
from bench.errors import UserError
from bench.problems import Evaluation, Recipe
from bench.running.child import die_with_parent, environment_of_child
from bench.running.thread_pools import limited
from bench.space import Configuration

LOOK_SECONDS = 0.02
"""How often a child with a limit of memory is looked at."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one evaluation may take; None: as much as it will."""

    timeout: float | None = None
    """Seconds, without those in which the child is started and loads the data."""
    memory: int | None = None
    """Bytes of the child's resident memory, libraries and data included."""

    def serve(self, evaluation: Evaluation) -> bool:
        """Whether a stored evaluation says what one within these limits comes to: none that lesser limits cut short."""
        cut = evaluation.details.get("limits", {}) if evaluation.status in ("timeout", "crashed") else {}
        mine = {"timeout": self.timeout, "memory": self.memory}
        return all(mine[name] is not None and mine[name] <= limit for name, limit in cut.items())

    def applied(self, evaluation: Evaluation) -> Evaluation:
        """An evaluation as it is within these limits: one that took longer, wherever it was made, has timed out."""
        if self.timeout is None or evaluation.seconds <= self.timeout:
            return evaluation
        return _timed_out(self.timeout)


NO_LIMITS = Limits()


def limits(config: dict[str, Any]) -> Limits:
    """The limits of a config's `trial`; raises `UserError` where one is no limit."""
    timeout, memory = config.get("timeout"), config.get("memory")
    if timeout is not None:
        positive("trial.timeout", timeout)
    if memory is not None:
        parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(memory).strip())
        if parts is None or isinstance(memory, bool) or float(parts[1]) <= 0:
            raise UserError(f"trial.memory={memory!r}: expected bytes, or a size such as 500M or 2G")
        memory = int(float(parts[1]) * _UNITS[parts[2]])
    return Limits(timeout, memory)


class ChildDied(Exception):
    """The child ended before it could evaluate anything, which says nothing about a configuration."""


class _Child:
    """A process that evaluates configurations of one problem."""

    def __init__(self, recipe: Recipe) -> None:
        import multiprocessing  # noqa: PLC0415 - for runs with isolation=process alone, as psutil below

        self._connection, theirs = multiprocessing.Pipe()
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.running.child_process", str(os.getpid()), str(number)],
            env=os.environ | environment_of_child(),
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
        )
        theirs.close()
        try:
            self._connection.send((sys.path, recipe))
            error = self._connection.recv()
        except (EOFError, ConnectionError):
            raise ChildDied(f"the child process died with {self._how()} before it evaluated anything") from None
        except BaseException:
            self.kill()
            raise
        if error is not None:
            self.kill()
            raise error

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def evaluate(self, configuration: Configuration, within: Limits) -> Evaluation:
        """The outcome; raises what is none. Where the child dies of it, or is ended, it lives no more."""
        start = time.perf_counter()
        try:
            self._connection.send(configuration)
            cut = self._wait(start, within)
            result = cut or self._connection.recv()
        except (EOFError, ConnectionError):
            seconds = time.perf_counter() - start
            return Evaluation(None, None, seconds, "crashed", f"the process died with {self._how()}")
        except BaseException:
            self.kill()
            raise
        if isinstance(result, BaseException):
            raise result
        assert isinstance(result, Evaluation)
        return result

    def _wait(self, start: float, within: Limits) -> Evaluation | None:
        """Until there is a result; or until a limit is reached, which ends the child: then what that comes to."""
        end = None if within.timeout is None else start + within.timeout
        look = None if within.memory is None else LOOK_SECONDS
        while True:
            left = None if end is None else max(0.0, end - time.perf_counter())
            if self._connection.poll(min((limit for limit in (left, look) if limit is not None), default=None)):
                return None
            if end is not None and time.perf_counter() >= end:
                self.kill()
                assert within.timeout is not None
                return _timed_out(within.timeout)
            if within.memory is not None and (used := self._memory()) > within.memory:
                self.kill()
                error = f"it used {used / 2**20:.0f} MiB of memory, and trial.memory is {within.memory / 2**20:.0f} MiB"
                cut = {"limits": {"memory": within.memory}}
                return Evaluation(None, None, time.perf_counter() - start, "crashed", error, cut)

    def _memory(self) -> int:
        import psutil  # noqa: PLC0415 - see above

        with suppress(psutil.Error):
            return int(psutil.Process(self._process.pid).memory_info().rss)
        return 0  # it has just died, which the connection tells

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def _how(self) -> str:
        code = self._process.wait()
        self._connection.close()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


_warm: dict[str, _Child] = {}  # at most one, by what its problem is built from


def evaluate_in_child(recipe: Recipe, configuration: Configuration, within: Limits = NO_LIMITS) -> Evaluation:
    """The evaluation as a child process makes it.

    `crashed`, with the signal or exit status, where the child dies, or with what it used where that is more than
    `within.memory`; `timeout` where it takes longer than `within.timeout`. What is not an outcome in this process
    (`Problem.evaluate`) is none in the child: it is raised here.
    """
    what = json.dumps([dict(recipe.groups), recipe.seed, recipe.datasets_dir, recipe.threads])
    child = _warm.get(what)
    if child is None or not child.lives:
        cool()
        child = _warm[what] = _Child(recipe)
    return child.evaluate(configuration, within)


def cool() -> None:
    """End the warm child, if there is one."""
    while _warm:
        _, child = _warm.popitem()
        if child.lives:
            child.kill()


def _timed_out(timeout: float) -> Evaluation:
    error = f"it took longer than trial.timeout, {timeout:g} s"
    return Evaluation(None, None, timeout, "timeout", error, {"limits": {"timeout": timeout}})


def main() -> None:
    """The child: build the problem, then evaluate what is sent, until nobody is there to send any more."""
    from multiprocessing.connection import Connection  # noqa: PLC0415 - in the child alone

    parent, connection = int(sys.argv[1]), Connection(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent(parent)
    sys.path[:], recipe = connection.recv()
    try:
        problem = problems.build(recipe)
        getattr(problem, "prepare", lambda: None)()
    except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
        connection.send(error)
        os._exit(0)
    connection.send(None)
    while True:
        try:
            configuration = connection.recv()
        except EOFError:
            os._exit(0)
        try:
            with limited(recipe.threads):
                connection.send(problem.evaluate(configuration))
        except Exception as error:  # noqa: BLE001 - as above
            connection.send(error)


def _die_with_parent(parent: int) -> None:
    """As `die_with_parent`, and where Linux does it by itself even in code that lets no other thread run."""
    if sys.platform.startswith("linux"):
        import ctypes  # noqa: PLC0415 - for this alone

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    die_with_parent(parent)


if __name__ == "__main__":
    main()
