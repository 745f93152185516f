"""A file of one's own that only grows: a message a line, each key once. It alone says what has been done."""

import errno
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import UserError


@dataclass(frozen=True)
class Place:
    """Where a message stood: the id of its topic, which another topic of that name does not have, and its offset."""

    topic: str
    offset: int


class Record:
    """Entries of JSON, one a line: mappings with a `key`; those of messages with their `topic` and `offset`, too.

    An entry is there whole or not at all: what a killed process wrote in part is cut off where the file is opened
    again. One process at a time has it. Raises `UserError` where it cannot be had, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys: set[str] = set()
        self.place: Place | None = None
        """That of the newest entry, if it has one."""
        self._ends = array("Q")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            _lock(self._file, path)
            self._recover()
        except OSError as error:
            raise UserError(f"{path}: cannot be used ({error.strerror or error}); choose another --folder") from None

    def __len__(self) -> int:
        return len(self._ends)

    def append(self, entries: Iterable[Mapping[str, Any]]) -> int:
        """Add those whose key is new, in their order; returns how many."""
        keys, lines, place = list[str](), list[bytes](), self.place
        for entry in entries:
            if entry["key"] in self.keys:
                continue
            self.keys.add(entry["key"])
            keys.append(entry["key"])
            lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            place = _place(entry)
        if lines:
            self._write(b"".join(lines), keys)
            end = self._end
            for line in lines:
                end += len(line)
                self._ends.append(end)
            self.place = place
        return len(lines)

    def entries(self, first: int = 0, until: int | None = None) -> Iterator[dict[str, Any]]:
        """Those from number `first` to before `until`."""
        stop = len(self) if until is None else min(until, len(self))
        if first >= stop:
            return
        start = self._ends[first - 1] if first else 0
        with self.path.open("rb") as file:
            file.seek(start)
            for _ in range(first, stop):
                yield json.loads(file.readline())

    def message(self, number: int) -> tuple[str, bytes]:
        """The key and the line of entry `number`."""
        start = self._ends[number - 1] if number else 0
        line = os.pread(self._file, self._ends[number] - start - 1, start)
        return json.loads(line)["key"], line

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._file)

    @property
    def _end(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _write(self, content: bytes, keys: Iterable[str]) -> None:
        """All of it; where there is no room none of it, and the file is as it was."""
        written = 0
        try:
            while written < len(content):
                written += os.write(self._file, content[written:])
        except OSError as error:
            os.ftruncate(self._file, self._end)
            self.keys.difference_update(keys)
            reason = error.strerror or str(error)
            raise UserError(f"{self.path}: cannot be written ({reason}); make room and start again") from None

    def _recover(self) -> None:
        """Know what is there, and cut off what is no whole line."""
        end = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                self._know(line, number)
                end += len(line)
                self._ends.append(end)
        os.ftruncate(self._file, end)

    def _know(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line)
            self.keys.add(entry["key"])
            self.place = _place(entry)
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{self.path}: line {number} is none that was written here; move the file away, or choose another "
                "--folder"
            ) from None


def _place(entry: Mapping[str, Any]) -> Place | None:
    return Place(entry["topic"], entry["offset"]) if "topic" in entry else None


def _lock(file: int, path: Path) -> None:
    """Have the file alone; the system gives it back when the process ends, however it ends."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        raise UserError(f"{path}: another process is writing it; stop that one, or choose another --folder") from None
