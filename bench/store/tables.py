"""The tables of the store, and the statements that every trial needs."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from bench.store.process import Process

SCHEMA_VERSION = 2
"""Version 1 was without `losses`."""

METADATA = sa.MetaData()

VERSION = sa.Table("store", METADATA, sa.Column("version", sa.Integer, primary_key=True))

EVALUATIONS = sa.Table(
    "evaluations",
    METADATA,
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
    sa.Column("losses", sa.Text),  # JSON as in `Evaluation.losses`; null where there is one loss, or none
)

HOLDER = ("host", "pid", "process_started")


def _holder(primary_key: bool = False) -> tuple[sa.Column[Any], ...]:
    """The columns of a `Process`."""
    types: tuple[Any, ...] = (sa.String(64), sa.Integer(), sa.Double())
    return tuple(
        sa.Column(name, type_, nullable=False, primary_key=primary_key)
        for name, type_ in zip(HOLDER, types, strict=True)
    )


CLAIMS = sa.Table(
    "claims",
    METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    *_holder(),
    sa.Column("deaths", sa.Integer, nullable=False),  # holders that died while they evaluated this key
    sqlite_with_rowid=False,  # one tree to write to instead of two, at every trial
)

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("experiment", "dataset", "model", "optimizer")),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("config_hash", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # running, done, failed
    *_holder(),
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
TRIALS = sa.Table(
    "trials",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("trial", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("ask_seconds", sa.Double, nullable=False),
    sa.Column("tell_seconds", sa.Double, nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sqlite_with_rowid=False,  # as above
)

# Who holds something says so again and again, by the server's clock: only that it changes matters to those who wait.
# Stores of one host have none: there a process is seen to live.
BEATS = sa.Table(
    "beats",
    METADATA,
    *_holder(primary_key=True),
    sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
)

_BY_KEY: sa.BindParameter[str] = sa.bindparam("by_key")
_BY_RUN: sa.BindParameter[str] = sa.bindparam("by_run")


def _set(table: sa.Table, *names: str) -> sa.Update:
    return sa.update(table).values({name: sa.bindparam(name) for name in names})


class _Add(sa.Insert):
    """Add a row where none of its primary key is there.

    The words for it are SQLite's and PostgreSQL's. SQLAlchemy has them in its dialects, of which a process would then
    import both.
    """

    inherit_cache = True


@compiles(_Add)
def _compiled(statement: _Add, compiler: Any, **options: Any) -> str:
    return f"{compiler.visit_insert(statement, **options)} ON CONFLICT DO NOTHING"


def of_holder(table: sa.Table, prefix: str = "") -> sa.ColumnElement[bool]:
    """Whether a row of `table` is of the `Process` whose fields are given, their names after `prefix`."""
    return sa.and_(*(table.c[name] == sa.bindparam(f"{prefix}{name}", type_=table.c[name].type) for name in HOLDER))


@lru_cache(maxsize=64)
def holder(process: Process, prefix: str = "") -> Mapping[str, Any]:
    """The fields of a `Process` as values, their names after `prefix`."""
    return {f"{prefix}{name}": value for name, value in asdict(process).items()}


def beating(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a beat is of the holder of a row of `table`."""
    return sa.and_(*(table.c[name] == BEATS.c[name] for name in HOLDER))


FIND_EVALUATION = sa.select(
    *(EVALUATIONS.c[name] for name in ("loss", "test_loss", "seconds", "status", "error", "details", "run", "losses"))
).where(EVALUATIONS.c.key == _BY_KEY)
ADD_EVALUATION = _Add(EVALUATIONS)
REPLACE_EVALUATION = _set(EVALUATIONS, *(column.name for column in EVALUATIONS.c if column.name != "key")).where(
    EVALUATIONS.c.key == _BY_KEY
)
FIND_CLAIM = (
    sa.select(*(CLAIMS.c[name] for name in (*HOLDER, "deaths")), BEATS.c.beat)
    .join_from(CLAIMS, BEATS, beating(CLAIMS), isouter=True)
    .where(CLAIMS.c.key == _BY_KEY)
)
ADD_CLAIM = _Add(CLAIMS)
TAKE_CLAIM = _set(CLAIMS, *HOLDER, "deaths").where(CLAIMS.c.key == _BY_KEY, of_holder(CLAIMS, "from_"))
DROP_CLAIM = sa.delete(CLAIMS).where(CLAIMS.c.key == _BY_KEY, of_holder(CLAIMS, "from_"))
ADD_TRIAL = _Add(TRIALS)
DROP_TRIAL = sa.delete(TRIALS).where(TRIALS.c.run == _BY_RUN, TRIALS.c.trial == sa.bindparam("by_trial"))
SET_PROGRESS = _set(RUNS, "trials", "cached", "failures", "best_loss", "updated_at").where(RUNS.c.run == _BY_RUN)
BEAT = sa.text(
    """
    INSERT INTO beats (host, pid, process_started, beat) VALUES (:host, :pid, :process_started, clock_timestamp())
    ON CONFLICT (host, pid, process_started) DO UPDATE SET beat = clock_timestamp()
    """
)
DROP_BEAT = sa.delete(BEATS).where(of_holder(BEATS, "from_"))
DROP_OLD_BEATS = sa.delete(BEATS).where(BEATS.c.beat < sa.func.clock_timestamp() - sa.text("INTERVAL '1 day'"))
