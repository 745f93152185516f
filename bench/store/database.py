"""Opening a database, its errors said plainly, and transactions that are fast enough for every trial.

A server may restart while a sweep runs: what failed for want of a connection is done again when it is back.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bench.errors import UserError

PATIENCE = 300.0
"""Seconds for which a server that was there before is waited for."""

_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
_KINDS = "a store is an SQLite file or a PostgreSQL database: sqlite:///FILE or postgresql://USER@HOST/DATABASE"
_NO_URL = "store={!r}: not an SQLAlchemy URL such as sqlite:///results/store.sqlite"
_DAMAGED = ("not a database", "malformed", "disk I/O error", "no such column", "no such table")
"""Words of SQLite for a file that it cannot go on with."""

_AGAIN = {"23505", "42P07", "40001", "40P01"}
"""SQLSTATEs of PostgreSQL that say that somebody else was quicker: a second look finds what they did."""

_AWAY = ("08", "57P0")
"""How those SQLSTATEs begin that say that the server is going, gone or not yet there."""

T = TypeVar("T")


class StoreError(UserError):
    """A store that cannot be opened, read or written."""


class Transaction:
    """An open transaction that executes prepared statements on the driver's own cursor."""

    def __init__(self, database: "Database", cursor: Any) -> None:
        self._database, self._cursor = database, cursor

    def execute(self, statement: sa.Executable, values: Mapping[str, Any]) -> int:
        """Execute; returns how many rows were changed."""
        sql, order = self._database.prepared(statement)
        self._cursor.execute(sql, values if order is None else [values[name] for name in order])
        changed: int = self._cursor.rowcount
        return changed

    def first(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[Any] | None:
        """The first row that the statement finds."""
        self.execute(statement, values)
        row: Sequence[Any] | None = self._cursor.fetchone()
        return row


class Database:
    """A connection, for one process and thread (and that which beats for it, in turns)."""

    def __init__(self, url: str, patient: bool = False) -> None:
        self.url = url
        self._prepared: dict[int, tuple[str, Sequence[str] | None]] = {}
        self._turn = threading.RLock()
        with self.said_plainly(), _parameters(url):
            self._engine = _engine(url)
        self.one_host = self._engine.dialect.name == "sqlite"
        with self.said_plainly(), _parameters(url):
            if patient:
                self._patiently(self._connect)
            else:
                self._connect()

    def _connect(self) -> None:
        if not hasattr(self, "_connection"):
            self._connection = self._engine.connect()

    def close(self) -> None:
        with self._turn:
            self._connection.close()
            self._engine.dispose()

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Do `work` in a transaction of SQLAlchemy's own, for what is done once a run; on a server perhaps again."""

        def once() -> T:
            with self._connection.begin():
                return work(self._connection)

        return self._patiently(once)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in a transaction, for what is done at every trial; on a server perhaps again.

        SQLAlchemy compiles the statements, once; executing them through it would take longer than SQLite does.
        """

        def once() -> T:
            driver: Any = self._connection.connection.dbapi_connection
            cursor = driver.cursor()
            try:
                if self.one_host:
                    cursor.execute("BEGIN IMMEDIATE")
                done = work(Transaction(self, cursor))
                driver.commit()
            except BaseException:
                self._roll_back(driver)
                raise
            finally:
                cursor.close()
            return done

        return self._patiently(once)

    def give_back(self) -> None:
        """Give the room of what was deleted back to the disk; an SQLite file keeps it otherwise."""
        driver: Any = self._connection.connection.dbapi_connection
        with self.said_plainly(), self._turn:
            driver.execute("VACUUM")

    def _roll_back(self, driver: Any) -> None:
        try:
            driver.rollback()
        except self._errors():
            if self.one_host:
                raise  # of a server the connection is gone, and what was begun with it

    def _patiently(self, once: Callable[[], T]) -> T:
        try:
            with self._turn:
                return once() if self.one_host else self._until_there(once)
        except Exception:
            with self.said_plainly():  # only now: every trial comes through here
                raise

    def _until_there(self, once: Callable[[], T]) -> T:
        """As `once`, again and again while a server is away, or somebody else was quicker there."""
        end = time.monotonic() + PATIENCE
        away = False
        while True:
            try:
                if away:
                    self._connect_again()
                return once()
            except self._errors() as error:
                if time.monotonic() > end:
                    raise
                lost = self._lost(error)
                if not lost and _sqlstate(error) not in _AGAIN:
                    raise
                away = away or lost
                time.sleep(0.5 if lost else 0.01)

    def _lost(self, error: Exception) -> bool:
        """Whether an error says that the server cannot be reached, and nothing about what was asked of it."""
        state = _sqlstate(error)
        if state is not None:
            return state.startswith(_AWAY)
        origin: Any = getattr(error, "orig", None) or error
        dialect: Any = self._engine.dialect
        return isinstance(origin, dialect.loaded_dbapi.OperationalError)

    def _connect_again(self) -> None:
        if hasattr(self, "_connection"):
            if not self._connection.closed:
                self._connection.invalidate()
                self._connection.close()
            del self._connection
        self._connect()

    def prepared(self, statement: sa.Executable) -> tuple[str, Sequence[str] | None]:
        """A statement in the database's SQL, and the order of its values where they have no names."""
        prepared = self._prepared.get(id(statement))
        if prepared is None:
            compiled: Any = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
            prepared = self._prepared[id(statement)] = compiled.string, compiled.positiontup
        return prepared

    @property
    def public_url(self) -> str:
        """The URL without its password."""
        return without_password(self.url)

    @contextmanager
    def said_plainly(self) -> Iterator[None]:
        """Turn a database's error into one line that says what to do."""
        try:
            yield
        except NoSuchModuleError:  # an ArgumentError too
            raise UserError(f"store={self.public_url}: {_KINDS}") from None
        except ArgumentError:
            raise UserError(_NO_URL.format(self.public_url)) from None
        except ModuleNotFoundError as error:
            way = "pip install 'hpo-compare[postgresql]'" if error.name == "psycopg" else f"pip install {error.name}"
            raise UserError(f"store={self.public_url}: needs the package {error.name!r}; {way}") from None
        except OSError as error:
            raise StoreError(f"store={self.public_url}: {error.strerror or error}; name another with store=") from error
        except self._errors() as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StoreError(f"store={self.public_url}: {reason}; {_way_out(reason)}") from error

    def _errors(self) -> tuple[type[Exception], ...]:
        engine = getattr(self, "_engine", None)
        return (SQLAlchemyError, sqlite3.Error if engine is None else engine.dialect.loaded_dbapi.Error)


@contextmanager
def _parameters(url: str) -> Iterator[None]:
    """Turn what SQLAlchemy and a driver raise of a part of the URL that they cannot read into one line."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"store={without_password(url)}: has a part that cannot be read ({without_password(reason)}); expected a "
            "URL such as sqlite:///results/store.sqlite or postgresql://user@host:5432/database"
        ) from None


def file_of(url: str) -> Path | None:
    """The file that the URL of an SQLite store names; None for a store elsewhere. Raises `UserError` for no URL."""
    try:
        with _parameters(url):
            parsed = sa.make_url(url)
            if parsed.get_backend_name() != "sqlite":
                return None
            return Path(parsed.database or "")
    except NoSuchModuleError:
        raise UserError(f"store={without_password(url)}: {_KINDS}") from None
    except ArgumentError:
        raise UserError(_NO_URL.format(without_password(url))) from None


def default_url(results_dir: Path) -> str:
    """Where the store is unless another URL is given: a file of SQLite beside the results."""
    place = str((results_dir / "store.sqlite").absolute())
    url = sa.URL.create("sqlite", database=place).render_as_string(hide_password=False)
    if sa.make_url(url).database != place:  # SQLAlchemy before 2.1 writes a '?' as it is
        raise UserError(f"results_dir={results_dir}: no store's URL can hold this path; name a store with store=")
    return url


def without_password(url: str) -> str:
    """A store's URL with every password in it hidden, though it be none that SQLAlchemy can read.

    >>> without_password("postgresql://me:secret@host/db?sslpassword=secret"), without_password("postgresql//me:s@h")
    ('postgresql://me:***@host/db?sslpassword=***', 'postgresql//me:***@h')
    """
    hidden = re.sub(r"(//[^:/@]*):[^/]*@|(//[^:/@]*):.*@", lambda match: f"{match[1] or match[2]}:***@", url)
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", hidden)


def _sqlstate(error: Exception) -> str | None:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlstate", None)


def _way_out(reason: str) -> str:
    if any(words in reason for words in _DAMAGED):
        return "move the file away and start again: finished runs keep their tables"
    if "locked" in reason:
        return "another program holds it; end that, or name another store with store="
    if "connect" in reason or "resolve" in reason:
        return "see whether the server runs and the URL is right, or name another with store="
    return "make room and check who may write there, or name another with store="


_PATIENCE = 60.0
"""Seconds to wait for a lock of SQLite's."""


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set SQLite's journal mode to WAL. Where others open the same new file, it does not wait for their lock here."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    backend = parsed.get_backend_name()
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")  # SQLAlchemy's own choice would be the driver before it
    if parsed.drivername not in _DRIVERS:
        raise UserError(f"store={without_password(url)}: {_KINDS}")
    if backend == "postgresql":
        return sa.create_engine(parsed, connect_args={"connect_timeout": 10})
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": _PATIENCE})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # so that our own BEGIN is the only one
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that later writes could otherwise deadlock

    return engine
