"""The same runs in a new process, under another number of BLAS threads and another seed of Python's hashes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from threadpoolctl import ThreadpoolController, threadpool_info

from bench.config.components import locate
from bench.conformance.playing import Played, Subject, Way, from_json, play, to_line
from bench.conformance.spaces import Case
from bench.running.child import die_with_parent, environment_of_child

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


class Elsewhere:
    """A process that plays one optimiser as the runner would, on any number of cases."""

    def __init__(self, process: "subprocess.Popen[str]", subject: Subject) -> None:
        self._process = process
        self._send({"path": [str(Path(place).absolute()) for place in sys.path], "subject": asdict(subject)})

    @cached_property
    def blas_threads(self) -> int:
        """How many threads its BLAS had before it was limited; 0 where the process did not get so far."""
        return int(self._answer() or 0)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def play(self, case: Case, way: Way) -> Played:
        """What `playing.play` gives there; a run that went wrong where the process died of it."""
        _ = self.blas_threads  # its first answer
        self._send({"case": asdict(case), "way": asdict(way)})
        answer = self._answer()
        return from_json(answer) if answer else Played(wrong=f"its process ended with status {self._process.wait()}")

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # that it has ended shows when it is to answer
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def elsewhere(subject: Subject, threads: int) -> Iterator[Elsewhere]:
    """A new process whose BLAS would use `threads` threads; it starts meanwhile, and ends with the block."""
    environment = os.environ | environment_of_child() | dict.fromkeys(_THREADS, str(threads))
    environment |= {"PYTHONHASHSEED": "4242"}
    command = [sys.executable, "-c", "from bench.conformance.elsewhere import main; main()", str(os.getpid())]
    with tempfile.TemporaryDirectory(prefix="hpo-compare-") as folder:
        process = subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
        )
        try:
            yield Elsewhere(process, subject)
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                process.communicate()


def main() -> None:
    """The process: one line in, one line out."""
    die_with_parent(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what a library prints is no answer
    os.dup2(silence, 2)
    head = json.loads(sys.stdin.readline())
    sys.path[:] = head["path"]
    subject = Subject(**head["subject"])
    locate("optimizer.class", subject.path)
    answers.write(f"{max((pool['num_threads'] for pool in threadpool_info()), default=1)}\n")
    answers.flush()
    with ThreadpoolController().limit(limits=1):  # as the runner does
        for line in sys.stdin:
            message = json.loads(line)
            played = play(subject, Case(**message["case"]), Way(**message["way"]))
            answers.write(to_line(played) + "\n")
            answers.flush()
