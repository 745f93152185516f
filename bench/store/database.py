"""Opening a database, its errors said plainly, and transactions that are fast enough for every trial."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from bench.errors import UserError


class StoreError(UserError):
    """A store that cannot be opened, read or written."""


class Transaction:
    """An open transaction that executes prepared statements on the driver's own cursor."""

    def __init__(self, database: "Database", cursor: Any) -> None:
        self._database, self._cursor = database, cursor

    def execute(self, statement: sa.Executable, values: Mapping[str, Any]) -> None:
        sql, order = self._database.prepared(statement)
        self._cursor.execute(sql, values if order is None else [values[name] for name in order])

    def first(self, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[Any] | None:
        """The first row that the statement finds."""
        self.execute(statement, values)
        row: Sequence[Any] | None = self._cursor.fetchone()
        return row


class Database:
    """A connection, for one process and thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._prepared: dict[int, tuple[str, Sequence[str] | None]] = {}
        with self.said_plainly():
            self._engine = _engine(url)
            self._connection = self._engine.connect()
        self.one_host = self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A transaction of SQLAlchemy's own, for what is done once a run."""
        with self.said_plainly(), self._connection.begin():
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction for what is done at every trial.

        SQLAlchemy compiles the statements, once; executing them through it would take longer than SQLite does.
        """
        driver: Any = self._connection.connection.dbapi_connection
        with self.said_plainly():
            cursor = driver.cursor()
            try:
                if self.one_host:
                    cursor.execute("BEGIN IMMEDIATE")
                yield Transaction(self, cursor)
                driver.commit()
            except BaseException:
                driver.rollback()
                raise
            finally:
                cursor.close()

    def prepared(self, statement: sa.Executable) -> tuple[str, Sequence[str] | None]:
        """A statement in the database's SQL, and the order of its values where they have no names."""
        found = self._prepared.get(id(statement))
        if found is None:
            compiled: Any = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
            found = self._prepared[id(statement)] = compiled.string, compiled.positiontup
        return found

    @property
    def public_url(self) -> str:
        """The URL without its password."""
        try:
            return sa.make_url(self.url).render_as_string(hide_password=True)
        except ArgumentError:
            return self.url

    @contextmanager
    def said_plainly(self) -> Iterator[None]:
        """Turn a database's error into one line that says what to do."""
        try:
            yield
        except ArgumentError:
            raise UserError(
                f"store={self.url!r}: not an SQLAlchemy URL such as sqlite:///results/store.sqlite"
            ) from None
        except NoSuchModuleError as error:
            raise UserError(f"store={self.public_url}: {error}") from None
        except ModuleNotFoundError as error:
            raise UserError(f"store={self.public_url}: needs the package {error.name!r}; pip install it") from None
        except OSError as error:
            raise StoreError(f"store={self.public_url}: {error.strerror or error}; name another with store=") from error
        except self._errors() as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StoreError(f"store={self.public_url}: {reason}; {_way_out(reason)}") from error

    def _errors(self) -> tuple[type[Exception], ...]:
        engine = getattr(self, "_engine", None)
        return (SQLAlchemyError, sqlite3.Error if engine is None else engine.dialect.dbapi.Error)


def _way_out(reason: str) -> str:
    if "not a database" in reason or "malformed" in reason:
        return "move the file away and start again: finished runs keep their tables"
    if "locked" in reason:
        return "another program holds it; end that, or name another store with store="
    return "make room and check who may write there, or name another with store="


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # so that our own BEGIN is the only one
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that later writes could otherwise deadlock

    return engine
