"""A process beside a sweep that sends its runs to MLflow: `python -m bench.tracking.sender`, as `bench run` starts it.

It reads one line of JSON (`Settings`), and later `end`, upon which it sends what is left and the report, or `stop`.
It writes lines for people. Apart from the runs, so that nothing of it stands on their clocks or keeps them waiting.
"""

import json
import os
import select
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from typing import TextIO

REQUEST_SECONDS = 10
"""How long MLflow may take to answer."""
NICE = 5
"""Runs come first."""


@dataclass(frozen=True)
class Settings:
    """What is sent, and where to."""

    experiments: list[list[str]]
    """Pairs of a results_dir and an experiment's name."""
    uri: str
    trials: str


def main() -> None:
    """Send until told to end."""
    for number in (signal.SIGINT, signal.SIGHUP):  # the sweep's to handle
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICE)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(REQUEST_SECONDS))
    given = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - to its end; a buffer would hide what came
    settings = Settings(**json.loads(given.readline()))
    say = partial(_say, sys.stdout)
    sys.stdout = sys.stderr  # whatever a library prints is none of these lines
    from bench.tracking import sending  # noqa: PLC0415 - seconds, off the sweep's own start

    sending.send_until_told(settings.experiments, settings.uri, settings.trials, partial(_command, given), say)


def _command(given: RawIOBase, seconds: float) -> str:
    """What the sweep says within so many seconds; `stop` where it has gone."""
    ready, _, _ = select.select([given], [], [], seconds)
    return (given.readline().decode().strip() or "stop") if ready else ""


def _say(out: TextIO, line: str) -> None:
    with suppress(OSError):  # nobody listens any more
        out.write(f"{line}\n")
        out.flush()


if __name__ == "__main__":
    main()
