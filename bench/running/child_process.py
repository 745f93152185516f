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

from bench import problems, texts
from bench.checks import positive
from bench.config import handed
from bench.errors import UserError
from bench.problems import Evaluation, Recipe
from bench.running.child import die_with_parent, environment_of_child
from bench.running.surroundings import Surroundings
from bench.running.thread_pools import limited
from bench.space import Configuration

LOOK_SECONDS = 0.02
"""How often a child with a limit of memory is looked at."""

LIVES_SECONDS = 0.25
"""How often it is seen whether another still lives."""

GRACE_SECONDS = 2.0
"""How long a child that has closed its connection may take to die."""

PREPARE_SECONDS = 60.0
"""How long a model may at least prepare what its evaluations share."""

STARTS = 3
"""How often a child is started before it is given up, where signals end it before it has evaluated anything."""

MOST = 2**25
"""The most bytes of an answer: more than `bench.problems.details` lets through."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one evaluation may take; None: as much as it will."""

    timeout: float | None = None
    """Seconds, without those in which the child is started and loads the data."""
    memory: int | None = None
    """Bytes of the child's resident memory, libraries and data included."""

    def of_preparing(self) -> "Limits":
        """The limits of what is prepared once for all evaluations: ten times as long, and at least a minute."""
        return Limits(None if self.timeout is None else max(10 * self.timeout, PREPARE_SECONDS), self.memory)

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


class _Killed(ChildDied):
    """A signal has ended it: the machine's, as where memory is short for a moment, or somebody's."""


_RAISED: dict[str, type[Exception]] = {kind.__name__: kind for kind in (UserError, ModuleNotFoundError, ImportError)}
_NO_OUTCOME = (UserError, ImportError, ChildDied)


class _Child:
    """A process that evaluates configurations of one problem."""

    def __init__(self, recipe: Recipe, within: Limits) -> None:
        import multiprocessing  # noqa: PLC0415 - for runs with isolation=process alone, as psutil below

        self._connection, theirs = multiprocessing.Pipe()
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.running.child_process", str(os.getpid()), str(number)],
            env=os.environ | environment_of_child(),
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
            process_group=0,  # so that what an evaluation starts ends with it
        )
        theirs.close()
        try:
            self._connection.send((sys.path, handed.on(), recipe))
            for limits in (NO_LIMITS, within.of_preparing()):  # it is built; it is prepared
                cut = self._wait(time.perf_counter(), limits)
                if cut is not None:
                    raise ChildDied(f"what the model prepares before its first evaluation: {cut.error}")
                self._outcome(self._connection.recv_bytes(MOST))
        except (EOFError, OSError, ValueError):
            code = self._ended()
            kind = _Killed if code is not None and code < 0 else ChildDied
            raise kind(f"the child process {_how(code)} before it evaluated anything") from None
        except BaseException:
            self.kill()
            raise

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def evaluate(self, configuration: Configuration, within: Limits, rung: int | None) -> Evaluation:
        """The outcome; raises what is none. Where the child dies of it, or is ended, it lives no more."""
        start = time.perf_counter()
        try:
            self._connection.send((configuration, rung))
            cut = self._wait(start, within)
            evaluation = cut or self._outcome(self._connection.recv_bytes(MOST))
        except (EOFError, OSError, ValueError, TypeError, RecursionError):  # it is gone, or what came is no answer
            seconds = time.perf_counter() - start
            return Evaluation(None, None, seconds, "crashed", f"the process {_how(self._ended())}")
        except _NO_OUTCOME:
            raise
        except BaseException:
            self.kill()
            raise
        assert evaluation is not None, "an answer without an evaluation is the first alone"
        return evaluation

    def _outcome(self, answer: bytes) -> Evaluation | None:
        """What the child's answer says; raises what is no outcome. Nothing of the child's is unpickled."""
        fields = json.loads(answer)
        if not isinstance(fields, dict):
            raise ValueError("no answer")
        if "raised" in fields:
            raise _RAISED.get(fields["raised"], ChildDied)(texts.stored(fields["message"]))
        return Evaluation(**fields) if fields else None

    def _wait(self, start: float, within: Limits) -> Evaluation | None:
        """Until there is a result; or until a limit is reached, which ends the child: then what that comes to."""
        end = None if within.timeout is None else start + within.timeout
        look = LIVES_SECONDS if within.memory is None else LOOK_SECONDS
        while True:
            left = look if end is None else min(look, max(0.0, end - time.perf_counter()))
            lives = self.lives
            if self._connection.poll(left):
                return None
            if not lives:  # and what it has started holds the connection
                raise EOFError
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
        """End it, and whatever an evaluation has started there."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    def _ended(self) -> int | None:
        """Its exit status, or minus its signal; None where it had only closed the connection, and is ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        code = self._process.poll()
        self.kill()
        return code


def _how(code: int | None) -> str:
    """What `_Child._ended` says, in words."""
    if code is None:
        return "closed its connection to the run"
    known = {number.value: number.name for number in signal.Signals}
    return f"died with {f'exit status {code}' if code >= 0 else f'signal {known.get(-code, -code)}'}"


_warm: dict[str, _Child] = {}  # at most one, by what its problem is built from


def evaluate_in_child(
    recipe: Recipe, configuration: Configuration, within: Limits = NO_LIMITS, rung: int | None = None
) -> Evaluation:
    """The evaluation as a child process makes it, at full fidelity or at a rung.

    `crashed`, with the signal or exit status, where the child dies, or with what it used where that is more than
    `within.memory`; `timeout` where it takes longer than `within.timeout`. What is not an outcome in this process
    (`Problem.evaluate`) is none in the child: it is raised here.
    """
    what = json.dumps([dict(recipe.groups), recipe.seed, recipe.datasets_dir, recipe.threads])
    child = _warm.get(what)
    if child is None or not child.lives:
        cool()
        child = _warm[what] = _started(recipe, within)
    return child.evaluate(configuration, within, rung)


def _started(recipe: Recipe, within: Limits) -> _Child:
    """A new child; raises why there is none, at the last of `STARTS` where each was killed."""
    for _ in range(STARTS - 1):
        with suppress(_Killed):
            return _Child(recipe, within)
    return _Child(recipe, within)


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
    os.set_inheritable(connection.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent(parent)
    surroundings, leave = Surroundings(), os._exit
    sys.path[:], objects, recipe = connection.recv()
    handed.take(objects)
    try:
        problem = problems.build(recipe)
        prepare = getattr(problem, "prepare", lambda: None)
    except BaseException as error:  # noqa: BLE001 - handed to the parent, which raises it
        connection.send_bytes(_answer(error))
        leave(0)
    connection.send_bytes(b"{}")
    with suppress(BaseException):  # what it raises is an outcome of each evaluation
        prepare()
    connection.send_bytes(b"{}")
    while True:
        try:
            configuration, rung = connection.recv()
        except (EOFError, OSError):
            _end_group()
            leave(0)
        surroundings.before()
        try:
            with limited(recipe.threads):
                result: Evaluation | BaseException = (
                    problem.evaluate(configuration) if rung is None else problems.at_rung(problem, configuration, rung)
                )
        except BaseException as error:  # noqa: BLE001 - as above
            result = error
        signal.setitimer(signal.ITIMER_REAL, 0)
        surroundings.restore()
        connection.send_bytes(_answer(result))


def _answer(result: Evaluation | BaseException) -> bytes:
    """What the parent is sent, in JSON: it is plain, and no larger than what is stored of it."""
    if isinstance(result, KeyboardInterrupt):  # of the evaluated code's own: the user's is the parent's
        result = Evaluation(None, None, 0.0, "failed", texts.of_error(result))
    if isinstance(result, Evaluation):
        return json.dumps(vars(result)).encode()
    kind = next((name for name, kind in _RAISED.items() if isinstance(result, kind)), "")
    what = str(result) if kind else texts.of_error(result)
    return json.dumps({"raised": kind, "message": texts.stored(what)}).encode()


def _end_group() -> None:
    """End what evaluations have started and left, this process included."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


def _die_with_parent(parent: int) -> None:
    """As `die_with_parent`, and where Linux does it by itself even in code that lets no other thread run."""
    if sys.platform.startswith("linux"):
        import ctypes  # noqa: PLC0415 - for this alone

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    die_with_parent(parent)


if __name__ == "__main__":
    main()
