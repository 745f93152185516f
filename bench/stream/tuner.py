"""A child process that tunes, so that rows go on being taken meanwhile; it ends with the trainer, however that ends."""

import json
import multiprocessing
import os
import signal
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from bench import texts
from bench.errors import UserError
from bench.running.child import die_with_parent
from bench.stream.retuning import Outcome, Task, retune


class Tuner:
    """Does one task at a time; its libraries are imported once."""

    def __init__(self) -> None:
        self._process: Any = None
        self._connection: Any = None
        self.busy = False

    def begin(self, task: Task) -> None:
        """Begin a task; `outcome` says when it has ended."""
        if self._process is None or not self._process.is_alive():
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_work, args=(theirs, os.getpid()), daemon=True, name="tuner")
            self._process.start()
            theirs.close()
        self._connection.send_bytes(json.dumps(asdict(task)).encode())
        self.busy = True

    def outcome(self) -> Outcome | str | None:
        """What came of the task, or why nothing did; None while it is under way."""
        if not self.busy or not self._connection.poll():
            return None
        self.busy = False
        try:
            answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            self._process.join()
            return f"the process that tuned has died (exit status {self._process.exitcode})"
        return str(answer["message"]) if "message" in answer else Outcome(**answer)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(5)
            self._process.kill()


def _work(connection: Connection, parent: int) -> None:
    """Answer tasks until the trainer is gone."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to hear
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            task = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        connection.send_bytes(json.dumps(_answered(task)).encode())


def _answered(task: dict[str, Any]) -> dict[str, Any]:
    task["span"], task["overrides"] = tuple(task["span"]), tuple(task["overrides"])
    try:
        return asdict(retune(Task(**task)))
    except UserError as error:
        return {"message": texts.line(str(error))}
    except Exception as error:  # noqa: BLE001 - whatever ends a tuning, the stream goes on
        return {"message": texts.of_error(error)}
