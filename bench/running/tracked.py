"""The process that sends a sweep's runs to a tracker: started before them, told of their end, not waited for long.

Runs leave their trials in files (`bench.tracking.queue`); the process (`bench.tracking.sender`) reads them.
"""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from bench import texts
from bench.config import extras
from bench.errors import UserError
from bench.running.child import environment_of_child
from bench.running.run import RunSpec
from bench.tracking.sender import Settings
from bench.wording import command

DEFAULT = "sqlite:///mlflow.db"
SENDER = (sys.executable, "-m", "bench.tracking.sender")
STOPPING_SECONDS = 3.0
"""How long an interrupted sweep waits for what is on its way."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def check(tracking: Mapping[str, Any]) -> None:
    """Raise `UserError` where the extra is missing that the group `tracking` needs."""
    if tracking.get("to") == "mlflow" and importlib.util.find_spec("mlflow") is None:
        raise UserError(f"tracking=mlflow: {extras.missing('mlflow', 'mlflow')}")


@contextmanager
def sent(tracking: Mapping[str, Any], specs: Sequence[RunSpec], say: Callable[[str], None]) -> Iterator[None]:
    """Send the runs of the body to the tracker that the group `tracking` names, if it names one.

    At its end what is left is sent, for as long as `tracking.wait` says; `say` is given what became of it, in lines.
    """
    if tracking.get("to") is None:
        yield
        return
    uri = tracking.get("uri") or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT
    experiments = sorted({(spec.results_dir, spec.run.experiment) for spec in specs})
    sender = _Sender(Settings([list(pair) for pair in experiments], uri, tracking.get("trials", "none")), say)
    try:
        yield
    except BaseException:
        sender.end("stop", STOPPING_SECONDS)
        raise
    if not sender.end("end", float(tracking.get("wait", 0))):
        for _, experiment in experiments:
            given = ("--tracking-uri", texts.without_passwords(uri))
            line = command("bench", "export", "mlflow", experiment, *given)
            sender.say(f"not all was sent within tracking.wait={tracking.get('wait'):g} seconds; {line} sends the rest")


class _Sender:
    """The process, and a thread that hands on what it says."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._say = say
        self._process = subprocess.Popen(
            SENDER,
            env=os.environ | environment_of_child() | _ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True, name="tracking")
        self._thread.start()
        self._tell(json.dumps(asdict(settings)))

    def say(self, line: str) -> None:
        self._say(f"tracking: {texts.line(line, texts.SHOWN)}")

    def end(self, how: str, seconds: float) -> bool:
        """Have it end, and wait for at most so many seconds; whether it did."""
        self._tell(how)
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        else:
            self._thread.join(STOPPING_SECONDS)
            if status:
                self.say(f"the process that sends ended with status {status}; 'bench export mlflow' sends what is left")
            return True
        finally:
            self._process.kill()  # also where waiting was interrupted; nothing where it has ended
            self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it may have died
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.say(line.strip())
