"""What a store holds: how much of which problem; taken out to parquet, brought in from another store, pruned."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from bench import files
from bench.errors import UserError, allowed
from bench.problems import are_losses
from bench.store import tables
from bench.store.database import StoreError
from bench.store.store import Store

STATUSES = ("ok", "failed", "timeout", "crashed")
_BATCH = 10_000
_DAYS = 100_000
_KINDS = {sa.Double: pa.float64(), sa.Integer: pa.int64()}
_SCHEMA = pa.schema(
    [
        pa.field(column.name, _KINDS.get(type(column.type), pa.string()), nullable=bool(column.nullable))
        for column in tables.EVALUATIONS.c
    ]
)


@dataclass(frozen=True)
class Held:
    """The evaluations of one problem; its dataset and model where a run that made some is still journalled."""

    problem: str
    dataset: str | None
    model: str | None
    evaluations: int
    not_ok: int
    seconds: float


def held(store: Store) -> list[Held]:
    """What the store holds, the problem that took most time first."""
    evaluations, runs = tables.EVALUATIONS, tables.RUNS
    not_ok = sa.func.sum(sa.case((evaluations.c.status == "ok", 0), else_=1))
    seconds = sa.func.sum(evaluations.c.seconds).label("seconds")
    query = (
        sa.select(
            evaluations.c.problem, sa.func.min(runs.c.dataset), sa.func.min(runs.c.model),
            sa.func.count(), not_ok, seconds,
        )
        .join_from(evaluations, runs, evaluations.c.run == runs.c.run, isouter=True)
        .group_by(evaluations.c.problem)
        .order_by(seconds.desc(), evaluations.c.problem)
    )  # fmt: skip
    return [Held(*row) for row in store.database.read(lambda connection: connection.execute(query).all())]


def size(store: Store) -> int:
    """The bytes that the store takes on its disk."""
    if store.one_host:
        path = sa.make_url(store.url).database or ""
        files = (Path(path + end) for end in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    names = [table.name for table in tables.METADATA.sorted_tables]
    query = sa.select(sa.func.sum(sa.func.pg_total_relation_size(sa.column("name")))).select_from(
        sa.values(sa.column("name", sa.Text), name="names").data([(name,) for name in names])
    )
    return int(store.database.read(lambda connection: connection.scalar(query)) or 0)


def export(store: Store, path: Path) -> int:
    """Write every evaluation to one parquet file, in order of their keys, whole or not at all; returns how many."""
    count = 0
    try:
        with files.replacing(path) as part, pq.ParquetWriter(part, _SCHEMA, compression="zstd") as writer:
            for rows in _batches(store):
                writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
                count += len(rows)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}); make room or name another") from None
    return count


def take(store: Store, other: Store) -> tuple[int, int]:
    """Add the evaluations of `other` that `store` lacks; returns how many were added, and how many were there."""
    added = there = 0
    for rows in _batches(other):

        def add(connection: sa.Connection, rows: Sequence[dict[str, Any]] = rows) -> int:
            keys = [row["key"] for row in rows]
            known = set[str]()
            for i in range(0, len(keys), 500):
                query = sa.select(tables.EVALUATIONS.c.key).where(tables.EVALUATIONS.c.key.in_(keys[i : i + 500]))
                known.update(connection.scalars(query))
            new = [row for row in rows if row["key"] not in known]
            if new:
                connection.execute(tables.ADD_EVALUATION, new)
            return len(new)

        new = store.database.read(add)
        added, there = added + new, there + len(rows) - new
    return added, there


def prune(
    store: Store, statuses: Sequence[str] = (), problem: str | None = None, days: float | None = None, dry: bool = False
) -> int:
    """Remove the evaluations that meet all conditions given, at least one; returns how many.

    `problem` is how a problem's hash begins; `days` is how old an evaluation is at least. Finished runs keep their
    tables; one that is begun again evaluates anew what it needs of what was removed.
    """
    evaluations = tables.EVALUATIONS
    for status in statuses:
        if status not in STATUSES:
            raise UserError(f"--status={status}: unknown; {allowed(status, STATUSES)}")
    conditions: list[sa.ColumnElement[bool]] = [evaluations.c.status.in_(statuses)] if statuses else []
    if problem is not None:
        conditions.append(evaluations.c.problem.startswith(problem, autoescape=True))
    if days is not None:
        if not 0 <= days <= _DAYS:
            raise UserError(f"--older-than={days:g}: expected a number of days from 0 to {_DAYS:,}")
        before = datetime.now(UTC) - timedelta(days=days)
        conditions.append(evaluations.c.created_at < before.isoformat(timespec="microseconds"))
    if not conditions:
        raise UserError("prune: say which evaluations, with --status, --problem or --older-than")
    if dry:
        query = sa.select(sa.func.count()).select_from(evaluations).where(*conditions)
        return int(store.database.read(lambda connection: connection.scalar(query)) or 0)
    gone = store.database.read(
        lambda connection: connection.execute(sa.delete(evaluations).where(*conditions)).rowcount
    )
    if store.one_host:
        store.database.give_back()
    return gone


def _batches(store: Store) -> Iterator[list[dict[str, Any]]]:
    """Every evaluation in order of the keys, some thousands at a time, so that memory stays flat."""
    last = ""
    key = tables.EVALUATIONS.c.key
    while True:
        query = sa.select(tables.EVALUATIONS).where(key > last).order_by(key).limit(_BATCH)
        rows = store.database.read(lambda connection, query=query: connection.execute(query).mappings().all())  # type: ignore[misc]
        if not rows:
            return
        yield [_sound(store, dict(row)) for row in rows]
        last = rows[-1]["key"]


def _sound(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    """The row itself; raises `StoreError` where it holds what no evaluation does: SQLite keeps values of any type."""
    for column in tables.EVALUATIONS.c:
        value = row[column.name]
        kind = (int, float) if isinstance(column.type, sa.Double) else (str,)
        if not isinstance(value, kind) and not (value is None and column.nullable):
            raise _unsound(store, row, column.name, value)
        if isinstance(value, float) and not math.isfinite(value):
            raise _unsound(store, row, column.name, value)
    if row["status"] not in STATUSES:
        raise _unsound(store, row, "status", row["status"])
    for name in ("configuration", "details"):
        try:
            entry = json.loads(row[name])
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            raise _unsound(store, row, name, row[name])
    if row["losses"] is not None and not _are_losses(row["losses"]):
        raise _unsound(store, row, "losses", row["losses"])
    return row


def _are_losses(text: str) -> bool:
    try:
        return are_losses(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _unsound(store: Store, row: Mapping[str, Any], name: str, value: object) -> StoreError:
    return StoreError(
        f"store={store.database.public_url}: the evaluation {str(row['key'])[:12]!r} has {name}={str(value)[:40]!r}, "
        "which no evaluation has; mend or remove it there"
    )
