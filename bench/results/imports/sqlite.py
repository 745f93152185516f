"""Databases of SQLite that others own: opened for reading alone, and nothing beside them is written or changed."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from bench.errors import UserError
from bench.results.imports import logs

MAGIC = b"SQLite format 3\0"
_WAL = 2
_TRIES = 5


@contextmanager
def readable(path: Path) -> Iterator[str]:
    """A URI under which SQLite reads the database and writes nothing; without the scheme's options, in the body alone.

    A database with a log of its own beside it (`-wal`, or the journal of a transaction that was cut off) is copied with
    it to a temporary folder: SQLite would make, or remove, files beside the original.
    """
    with tempfile.TemporaryDirectory(prefix="bench-import-") as folder:
        beside = [part for part in _beside(path) if part.exists() and part.stat().st_size]
        if beside:
            yield f"file:{quote(str(_copied(path, beside, Path(folder))))}"
        elif _head(path)[18:19] == bytes([_WAL]):
            yield f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        else:
            yield f"file:{quote(str(path.resolve()))}?mode=ro"


def tables(path: Path) -> dict[str, list[str]]:
    """The names of the columns of each table; raises `UserError` where the database cannot be read."""
    with readable(path) as uri, rows(path, uri) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = "SELECT name FROM pragma_table_info(?)"
        return {str(name): [str(column) for (column,) in connection.execute(columns, [name])] for name in names}


@contextmanager
def rows(path: Path, uri: str) -> Iterator[sqlite3.Connection]:
    """A connection to what `readable` gave; what goes wrong is a `UserError` that names the file."""
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: BaseException) -> UserError:
    """What to say of a database that cannot be read."""
    message = str(error) if isinstance(error, sqlite3.DatabaseError) else ""
    if "locked" in message:
        return UserError(f"{path}: locked by a program that writes it; stop that, or import a copy of the file")
    return UserError(f"{path}: a damaged SQLite database, or one of another program ({type(error).__name__})")


def digest(path: Path) -> str:
    """The SHA-256 of the database, with the log beside it that it has."""
    beside = [part for part in _beside(path) if part.exists() and part.stat().st_size]
    parts = [(part.name, logs.hashed(logs.content(part))) for part in (path, *beside)]
    return logs.digest_of(parts) if beside else parts[0][1]


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("-wal", "-journal")]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)


def _copied(path: Path, beside: list[Path], folder: Path) -> Path:
    """A copy of the database and its log as they were at one moment."""
    parts = [path, *beside]
    for _ in range(_TRIES):
        try:
            before = [(part.stat().st_size, part.stat().st_mtime_ns) for part in parts]
            for part in parts:
                shutil.copyfile(part, folder / part.name)
            if before == [(part.stat().st_size, part.stat().st_mtime_ns) for part in parts]:
                return folder / path.name
        except FileNotFoundError:  # its program has just ended, and put its log into the database
            parts = [part for part in parts if part.exists()]
            for left in folder.iterdir():
                left.unlink()
        except OSError as error:
            raise UserError(f"{path}: cannot be copied to be read ({error.strerror})") from None
    raise UserError(f"{path}: changes while it is read; wait for its program, or import a copy of the file")
