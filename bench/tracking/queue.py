"""What runs that are under way leave to be sent: a file each in results/EXPERIMENT/.tracking, with a line a trial.

A run only appends to its file. Whoever sends holds the folder's lock, reads the files from time to time, and removes
those of runs that were sent whole. Nothing is lost with a file: the finished run's table has all that stood there.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Self

from bench import files
from bench.provenance import digest
from bench.results import RunId
from bench.tracking.records import COLUMNS

FOLDER = ".tracking"
_DONE = {"done": True}


def folder(results_dir: Path, experiment: str) -> Path:
    """Where the files of an experiment's runs are."""
    return results_dir / experiment / FOLDER


def path(results_dir: Path, run: RunId) -> Path:
    """The file of a run; its name is a hash, as the run's own may be too long for one."""
    return folder(results_dir, run.experiment) / f"{digest(str(run))[:32]}.jsonl"


class Queue:
    """The file of one run, written by it. What cannot be written is left out: the run must not end for that."""

    def __init__(self, results_dir: Path, run: RunId, metadata: Mapping[str, Any]) -> None:
        """`metadata` is what is known of the run when it begins: its metric, problem and config."""
        self._file: int | None = None
        place = path(results_dir, run)
        with suppress(OSError):
            # In the place of the file of an attempt before this one, which whoever reads it may have open.
            files.write(place, _line({"run": vars(run), "metadata": metadata}))
            self._file = _opened(place)

    def add(self, row: Mapping[str, Any]) -> None:
        """A trial that has ended, as its row of the table."""
        if self._file is None:
            return
        kept = {name: row[name] for name in COLUMNS if name in row}
        if not _written(self._file, kept | {"started_at": row["started_at"].isoformat()}):
            self.__exit__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the file, which stays."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def end(results_dir: Path, run: RunId) -> None:
    """Say in the file of a run that its table is written, which holds all that is to be sent."""
    with suppress(OSError):
        file = _opened(path(results_dir, run))
        try:
            _written(file, _DONE)
        finally:
            os.close(file)


class Reading:
    """A run's file, read as it grows."""

    def __init__(self, place: Path) -> None:
        """Raises `OSError` or `ValueError` where no file of a run is there."""
        self._file: BufferedReader = files.regular(place).open("rb")
        self._rest = b""
        self.done = False
        try:
            head = json.loads(self._file.readline())
            self.run, self.metadata = RunId(**head["run"]), head["metadata"]
        except (KeyError, TypeError, ValueError):
            self._file.close()
            raise ValueError(f"{place}: begins with no run") from None

    def rows(self) -> list[dict[str, Any]]:
        """The trials that were added since; once the run has ended, `done` is set."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        rows = []
        for line in lines:
            row = json.loads(line)
            if row == _DONE:
                self.done = True
                break
            rows.append(row | {"started_at": datetime.fromisoformat(row["started_at"])})
        return rows

    def is_at(self, place: Path) -> bool:
        """Whether the file is still the one of that name: a run that is begun again writes another."""
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), place.stat())
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def waiting(results_dir: Path, experiment: str) -> list[Path]:
    """The files of an experiment's runs, by name."""
    try:
        return sorted(folder(results_dir, experiment).glob("*.jsonl"))
    except OSError:
        return []


def remove(results_dir: Path, run: RunId) -> None:
    """Remove the file of a run that was sent whole."""
    with suppress(OSError):
        path(results_dir, run).unlink(missing_ok=True)


@contextmanager
def locked(results_dir: Path, experiment: str) -> Iterator[bool]:
    """Whether this process, and no other, sends the experiment's runs until the body ends."""
    place = folder(results_dir, experiment)
    try:
        file = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # no run has left anything, or nothing can be written there
        yield True
        return
    try:
        yield _taken(file)
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _opened(place: Path) -> int:
    return os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)


def _written(file: int, content: Mapping[str, Any]) -> bool:
    """Whether a line could be written whole."""
    line = _line(content)
    try:
        return os.write(file, line) == len(line)
    except OSError:
        return False


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:
    """A number of NumPy's as Python's."""
    return value.item()
