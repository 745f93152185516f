"""The Ray engine: each run a task of a running Ray cluster, or of one that is started on this machine.

Ray takes up the run of a node or worker that died on another one, where it replays from the store; a run that kills its
workers again and again has failed. The cluster's nodes need this suite, the results folder and the store.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from bench.checks import whole
from bench.engines.worker import DEATHS, environment, refuse_sqlite, threads_of, work
from bench.errors import UserError
from bench.running.child import import_path, take_import_path
from bench.running.cores import cores
from bench.running.run import Failure, RunSpec

_LONG = 2**31


def execute(
    specs: Sequence[RunSpec], address: str | None = None, runs_at_once: int | None = None, attempts: int = DEATHS
) -> list[Failure]:
    """Do all runs as tasks of the cluster at `address` ("auto": the one that RAY_ADDRESS or this machine knows).

    Without an address Ray is started here, on as many cores as there are, and an SQLite store will do. `runs_at_once`
    limits how many run at one time; a run whose workers die is begun `attempts` times in all.
    """
    if runs_at_once is not None:
        whole("engine.runs_at_once", runs_at_once, 1, otherwise=", or null")
    whole("engine.attempts", attempts, 1)
    if address is not None:
        refuse_sqlite("ray", specs)
    if not specs:
        return []
    threads = threads_of(specs)
    _connect(address, threads)
    try:
        return _until_done(list(specs), threads, runs_at_once or _LONG, attempts)
    finally:
        ray.shutdown()


def _connect(address: str | None, threads: int) -> None:
    variables = environment(threads)
    local: dict[str, Any] = {"num_cpus": cores(), "include_dashboard": False} if address is None else {}
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a future default
    try:
        with _own_handlers():
            ray.init(
                address=address or "local",
                runtime_env={"env_vars": variables},
                log_to_driver=False,
                configure_logging=True,
                logging_level=logging.ERROR,
                **local,
            )
    except Exception as error:  # noqa: BLE001 - of many kinds, `Exception` itself among them
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = "Ray does not start here" if address is None else "Ray cannot be reached there"
        raise UserError(f"engine.address={'null' if address is None else address}: {what} ({reason})") from None


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Put back what handles signals here: Ray puts a `sys.exit`, and below it an abort, in the place of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


def _until_done(left: list[RunSpec], threads: int, at_once: int, attempts: int) -> list[Failure]:
    task = ray.remote(num_cpus=threads, max_retries=attempts - 1)(_work)
    path = import_path()
    failures: list[Failure] = []
    running: dict[Any, RunSpec] = {}
    left.reverse()
    while left or running:
        while left and len(running) < at_once:
            spec = left.pop()
            running[task.remote(spec, path)] = spec
        ended, _ = ray.wait(list(running), timeout=5.0)
        for reference in ended:
            spec = running.pop(reference)
            message = _outcome(reference)
            if message is not None:
                failures.append(Failure(spec.run, message))
    return failures


def _outcome(reference: Any) -> str | None:
    """Why a run failed, or None."""
    try:
        message: str | None = ray.get(reference)
    except RayTaskError as error:
        return f"its task raised {type(error.cause).__name__ if error.cause else 'an error'}: {error.cause}"
    except RayError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return f"its worker died again and again ({type(error).__name__}: {reason})"
    return message


def _work(spec: RunSpec, path: Sequence[str]) -> str | None:
    """Do one run in a worker of Ray; returns why it failed, or None.

    SIGTERM ends the worker at once, as when the command or the node goes. Ray's own handler raises `SystemExit` in the
    midst of an evaluation, and what stops the process from outside says nothing of a configuration.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    take_import_path(path)
    return work(spec)
