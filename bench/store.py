"""The store: every evaluation ever made, who is evaluating what, and the journal of runs, in SQL.

An evaluation is committed before its optimiser is told, so that a killed process loses at most the one it was in.
SQLite (write-ahead log, synchronous=NORMAL: survives a killed process) serves one host.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bench import provenance
from bench.errors import UserError
from bench.problem import Evaluation
from bench.results import RunId

SCHEMA_VERSION = 1

_METADATA = sa.MetaData()

_VERSION = sa.Table("store", _METADATA, sa.Column("version", sa.Integer, primary_key=True))

_EVALUATIONS = sa.Table(
    "evaluations",
    _METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("problem", sa.String(64), nullable=False),
    sa.Column("configuration", sa.Text, nullable=False),
    sa.Column("loss", sa.Double),
    sa.Column("test_loss", sa.Double),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),  # the run that computed it first
    sa.Column("host", sa.String(64), nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)

_HOLDER = ("host", "pid", "process_started")

_CLAIMS = sa.Table(
    "claims",
    _METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("host", sa.String(64), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_started", sa.Double, nullable=False),
    sa.Column("deaths", sa.Integer, nullable=False),  # holders that died while they evaluated this key
)

_RUNS = sa.Table(
    "runs",
    _METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("experiment", "dataset", "model", "optimizer")),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("config_hash", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # running, done, failed
    sa.Column("host", sa.String(64), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("process_started", sa.Double, nullable=False),
    sa.Column("trials", sa.Integer, nullable=False),
    sa.Column("cached", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("best_loss", sa.Double),
    sa.Column("error", sa.Text),
    sa.Column("traceback", sa.Text),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
    sa.Index("runs_by_experiment", "experiment"),
)

# The journal has a table of its own: as one document in `runs`, every trial would rewrite all trials before it.
_TRIALS = sa.Table(
    "trials",
    _METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("trial", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("ask_seconds", sa.Double, nullable=False),
    sa.Column("tell_seconds", sa.Double, nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
)


@dataclass(frozen=True)
class Stored:
    """An evaluation of the store, and the run that computed it."""

    evaluation: Evaluation
    run: str


@dataclass(frozen=True)
class Claimed:
    """The right to evaluate a key, after `deaths` holders died while they evaluated it."""

    deaths: int


@dataclass(frozen=True)
class Busy:
    """Another living process evaluates the key."""


@dataclass(frozen=True)
class Journalled:
    """One trial as a run recorded it: what a replay charges again."""

    trial: int
    key: str
    ask_seconds: float
    tell_seconds: float
    started_at: str


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    trials: int
    cached: int
    failures: int
    best_loss: float | None


class Store:
    """A connection to a store, for one process; `url` is an SQLAlchemy URL such as `sqlite:///results/store.sqlite`."""

    def __init__(self, url: str) -> None:
        self.url = url
        with _said_plainly(url):
            self._engine = _engine(url)
            self._connection = self._engine.connect()
            with self._connection.begin():
                _METADATA.create_all(self._connection)
                version = self._connection.scalar(sa.select(_VERSION.c.version))
                if version is None:
                    self._connection.execute(sa.insert(_VERSION).values(version=SCHEMA_VERSION))
                elif version != SCHEMA_VERSION:
                    raise UserError(
                        f"store {_public(url)}: has version {version}, this program needs {SCHEMA_VERSION}; "
                        "name another one with store=..."
                    )
        self._me = dict(zip(_HOLDER, _myself(), strict=True))

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    # --- evaluations and claims ---

    def claim(self, key: str, journal: "Journal | None" = None) -> Stored | Claimed | Busy:
        """The stored evaluation of `key`, or the right to evaluate it, or that another process does so now.

        What `journal` holds is written in the same transaction.
        """
        with self._transaction() as connection:
            if journal is not None:
                journal.write(connection)
            found = connection.execute(_SELECT_EVALUATION, {"key": key}).first()
            if found is not None:
                return _stored(found)
            holder = connection.execute(_SELECT_CLAIM, {"key": key}).first()
            if holder is None:
                connection.execute(_INSERT_CLAIM, {"key": key, "deaths": 0, **self._me})
                return Claimed(0)
            if _alive(holder.host, holder.pid, holder.process_started, self._one_host):
                return Busy()
            deaths = holder.deaths + 1
            connection.execute(_UPDATE_CLAIM, {"claimed": key, "deaths": deaths, **self._me})
            return Claimed(deaths)

    def put(self, key: str, problem: str, configuration: str, evaluation: Evaluation, run: str) -> None:
        """Commit the evaluation of a claimed key and give the claim back."""
        row = {
            "key": key,
            "problem": problem,
            "configuration": configuration,
            "loss": evaluation.loss,
            "test_loss": evaluation.test_loss,
            "seconds": evaluation.seconds,
            "status": evaluation.status,
            "error": evaluation.error,
            "details": json.dumps(evaluation.details, separators=(",", ":")),
            "run": run,
            "host": self._me["host"],
            "created_at": now(),
        }
        with self._transaction() as connection:
            connection.execute(_INSERT_EVALUATION, row)
            connection.execute(_DELETE_CLAIM, {"key": key})

    def release(self, key: str) -> None:
        """Give a claim back without an evaluation."""
        with self._transaction() as connection:
            connection.execute(_DELETE_CLAIM, {"key": key})

    # --- the journal of runs ---

    def begin(self, run: RunId, config_hash: str) -> "Journal | None":
        """Open the journal of a run; None where another living process holds it.

        The journal holds what an earlier, unfinished attempt under the same `config_hash` recorded.
        """
        name = str(run)
        with self._transaction() as connection:
            row = connection.execute(sa.select(_RUNS).where(_RUNS.c.run == name)).first()
            if (
                row is not None
                and row.state == "running"
                and (row.host, row.pid, row.process_started) != tuple(self._me.values())
                and _alive(row.host, row.pid, row.process_started, self._one_host)
            ):
                return None
            if row is not None and row.config_hash != config_hash:
                connection.execute(sa.delete(_TRIALS).where(_TRIALS.c.run == name))
            recorded = connection.execute(sa.select(_TRIALS).where(_TRIALS.c.run == name)).all()
            fields = {
                "experiment": run.experiment,
                "dataset": run.dataset,
                "model": run.model,
                "optimizer": run.optimizer,
                "seed": run.seed,
                "config_hash": config_hash,
                "state": "running",
                "trials": 0,
                "cached": 0,
                "failures": 0,
                "best_loss": None,
                "error": None,
                "traceback": None,
                "started_at": now(),
                "updated_at": now(),
                **self._me,
            }
            if row is None:
                connection.execute(sa.insert(_RUNS).values(run=name, **fields))
            else:
                connection.execute(sa.update(_RUNS).where(_RUNS.c.run == name).values(**fields))
        entries = {
            entry.trial: Journalled(entry.trial, entry.key, entry.ask_seconds, entry.tell_seconds, entry.started_at)
            for entry in recorded
        }
        return Journal(name, entries)

    def end(self, journal: "Journal", state: str, error: str | None = None, traceback: str | None = None) -> None:
        """Write what the journal still holds and the state that the run ended in: done or failed."""
        with self._transaction() as connection:
            journal.write(connection)
            connection.execute(
                sa.update(_RUNS)
                .where(_RUNS.c.run == journal.run)
                .values(state=state, error=error, traceback=traceback, updated_at=now())
            )

    def forget(self, run: RunId) -> None:
        """Drop the journal of a run; its evaluations stay."""
        with self._transaction() as connection:
            connection.execute(sa.delete(_TRIALS).where(_TRIALS.c.run == str(run)))
            connection.execute(sa.delete(_RUNS).where(_RUNS.c.run == str(run)))

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """The runs of an experiment as the journal knows them; `alive` says whether a running one's process lives."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(_RUNS).where(_RUNS.c.experiment == experiment)).mappings().all()
        return [
            {**row, "alive": row["state"] == "running" and _alive(*(row[name] for name in _HOLDER), self._one_host)}
            for row in rows
        ]

    def mean_seconds(self, dataset: str, model: str) -> float | None:
        """The mean seconds of the evaluations made for a dataset and model; None where there are none."""
        query = (
            sa.select(sa.func.avg(_EVALUATIONS.c.seconds))
            .join_from(_EVALUATIONS, _RUNS, _EVALUATIONS.c.run == _RUNS.c.run)
            .where(_RUNS.c.dataset == dataset, _RUNS.c.model == model)
        )
        with self._transaction() as connection:
            mean: float | None = connection.scalar(query)
        return mean

    @property
    def _one_host(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with _said_plainly(self.url), self._connection.begin():
            yield self._connection


class Journal:
    """What a run has recorded, and what is still to be written with the next transaction."""

    def __init__(self, run: str, recorded: Mapping[int, Journalled]) -> None:
        self.run = run
        self.recorded = recorded
        self._entry: Journalled | None = None
        self._progress: Progress | None = None

    def note(self, entry: Journalled, progress: Progress) -> None:
        """Keep one finished trial for the next transaction."""
        self._entry, self._progress = entry, progress

    def write(self, connection: sa.Connection) -> None:
        """Write what is kept."""
        entry, progress = self._entry, self._progress
        if entry is None or progress is None:
            return
        if self.recorded.get(entry.trial) != entry:
            values = {
                "run": self.run,
                "trial": entry.trial,
                "key": entry.key,
                "ask_seconds": entry.ask_seconds,
                "tell_seconds": entry.tell_seconds,
                "started_at": entry.started_at,
            }
            if entry.trial in self.recorded:
                connection.execute(_DELETE_TRIAL, {"run": self.run, "trial": entry.trial})
            connection.execute(_INSERT_TRIAL, values)
        connection.execute(
            _UPDATE_PROGRESS,
            {
                "journalled": self.run,
                "trials": progress.trials,
                "cached": progress.cached,
                "failures": progress.failures,
                "best_loss": progress.best_loss,
                "updated_at": now(),
            },
        )
        self._entry = self._progress = None


def now() -> str:
    """The time in UTC, in the form that the store keeps."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


# Statements are built once: building one takes longer than executing it.
_SELECT_EVALUATION = sa.select(
    *(_EVALUATIONS.c[name] for name in ("loss", "test_loss", "seconds", "status", "error", "details", "run"))
).where(_EVALUATIONS.c.key == sa.bindparam("key"))
_INSERT_EVALUATION = sa.insert(_EVALUATIONS)
_SELECT_CLAIM = sa.select(_CLAIMS).where(_CLAIMS.c.key == sa.bindparam("key"))
_INSERT_CLAIM = sa.insert(_CLAIMS)
_UPDATE_CLAIM = (
    sa.update(_CLAIMS)
    .where(_CLAIMS.c.key == sa.bindparam("claimed"))
    .values({name: sa.bindparam(name) for name in (*_HOLDER, "deaths")})
)
_DELETE_CLAIM = sa.delete(_CLAIMS).where(_CLAIMS.c.key == sa.bindparam("key"))
_INSERT_TRIAL = sa.insert(_TRIALS)
_DELETE_TRIAL = sa.delete(_TRIALS).where(_TRIALS.c.run == sa.bindparam("run"), _TRIALS.c.trial == sa.bindparam("trial"))
_UPDATE_PROGRESS = (
    sa.update(_RUNS)
    .where(_RUNS.c.run == sa.bindparam("journalled"))
    .values({name: sa.bindparam(name) for name in ("trials", "cached", "failures", "best_loss", "updated_at")})
)


def _stored(row: Any) -> Stored:
    details = json.loads(row.details)
    return Stored(Evaluation(row.loss, row.test_loss, row.seconds, row.status, row.error, details), row.run)


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise UserError(f"store={url!r}: not an SQLAlchemy URL such as sqlite:///results/store.sqlite") from None
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 60})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # so that SQLAlchemy's BEGIN below is the only one
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that later writes could otherwise deadlock

    return engine


@contextmanager
def _said_plainly(url: str) -> Iterator[None]:
    """Turn a database's error into one line that says what to do."""
    try:
        yield
    except NoSuchModuleError as error:
        raise UserError(f"store {_public(url)}: {error}") from None
    except ModuleNotFoundError as error:
        raise UserError(
            f"store {_public(url)}: needs the package {error.name!r}; pip install 'hpo-compare[postgresql]'"
        ) from None
    except (DBAPIError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        way = "make room or name another one with store=..."
        if "not a database" in reason or "malformed" in reason:
            way = "move the file away and start again: finished runs keep their tables"
        raise StoreError(f"store {_public(url)}: {reason}; {way}") from error


class StoreError(UserError):
    """A store that cannot be opened, read or written."""


def _public(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


@cache
def _of_process(pid: int) -> tuple[str, int, float]:
    return provenance.host(), pid, psutil.Process(pid).create_time()


def _myself() -> tuple[str, int, float]:
    return _of_process(os.getpid())


def _alive(host: str, pid: int, process_started: float, one_host: bool) -> bool:
    """Whether a holder lives. The pid alone could have been given to another process since."""
    if host != provenance.host():
        # One host's store that names another host was copied, or the host was renamed: nobody here holds anything.
        return not one_host
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - process_started) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait(attempt: int) -> None:
    """Sleep before another look at a busy key or run: 5 ms at first, at most half a second."""
    time.sleep(min(0.005 * 2**attempt, 0.5))
