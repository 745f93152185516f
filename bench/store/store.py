"""The store itself: evaluations looked up, claimed and kept; runs begun and ended."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bench import texts
from bench.errors import UserError
from bench.problems import Evaluation, are_losses
from bench.results import RunId
from bench.store import tables
from bench.store.database import Database, StoreError, Transaction, without_password
from bench.store.journal import Journal, Journalled, Progress, now
from bench.store.living import STILL_SECONDS, Heart, Watch
from bench.store.process import Process
from bench.wording import shortened


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


Serves = Callable[[Evaluation], bool]
"""Whether a stored evaluation is what one made now would be: none that was cut short by a limit that is lifted."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def compact(details: Mapping[str, Any]) -> str:
    """The JSON of details or losses, without blanks; a function has no details."""
    return _ENCODER.encode(details) if details else "{}"


def _any(_evaluation: Evaluation) -> bool:
    return True


class Store:
    """A connection to a store, for one process and thread.

    `url` is an SQLAlchemy URL such as `sqlite:///results/store.sqlite`. Raises `StoreError`, which names the store and
    what to do, where the database cannot be opened, read or written. Who is `patient` waits for a server that is not
    there, as it was before.
    """

    def __init__(self, url: str, patient: bool = False) -> None:
        self._database = self.database = Database(url, patient)
        self._me = Process.this()
        self._watch = Watch(self._database.one_host)
        self._heart = Heart(self._database)
        version = self._database.read(_version)
        if version != tables.SCHEMA_VERSION:
            raise UserError(
                f"store={self._database.public_url}: has version {version}, this program needs "
                f"{tables.SCHEMA_VERSION}; name another one with store="
            )

    @property
    def url(self) -> str:
        return self._database.url

    @property
    def one_host(self) -> bool:
        """Whether only processes of one host may use it."""
        return self._database.one_host

    def close(self) -> None:
        self._heart.stop(self._me)
        self._database.close()

    # --- evaluations and claims ---

    def claim(self, key: str, journal: Journal | None = None, serves: Serves = _any) -> Stored | Claimed | Busy:
        """The stored evaluation of `key`, or the right to evaluate it, or that another process does so now.

        One that does not serve counts as none. What `journal` holds is written in the same transaction.
        """
        self._heart.start(self._me)

        def work(transaction: Transaction) -> Stored | Claimed | Busy:
            if journal is not None:
                journal.write(transaction)
            return _find(transaction, key, serves) or self._claim(transaction, key, serves)

        answer = self._database.transact(work)
        if journal is not None:
            journal.written()
        return answer

    def _claim(self, transaction: Transaction, key: str, serves: Serves) -> Stored | Claimed | Busy:
        claim = transaction.first(tables.FIND_CLAIM, {"by_key": key})
        deaths = 0
        if claim is None:
            mine = transaction.execute(tables.ADD_CLAIM, {"key": key, "deaths": 0, **tables.holder(self._me)})
        else:
            *fields, before, beat = claim
            holder = Process(*fields)
            if self._holds(holder, beat):
                return Busy()
            deaths = before + 1
            values = {"by_key": key, "deaths": deaths, **tables.holder(self._me), **tables.holder(holder, "from_")}
            mine = transaction.execute(tables.TAKE_CLAIM, values)
        if not mine:
            return Busy()  # on a server another process may act between two statements, as here
        if not self.one_host and (stored := _find(transaction, key, serves)) is not None:
            transaction.execute(tables.DROP_CLAIM, {"by_key": key, **tables.holder(self._me, "from_")})
            return stored
        return Claimed(deaths)

    def put(
        self, key: str, problem: str, configuration: str, evaluation: Evaluation, run: str, serves: Serves = _any
    ) -> Stored:
        """Commit the evaluation of a claimed key and give the claim back; one that is there already stays if it serves.

        Returns what is there then.
        """
        row = {
            "key": key,
            "problem": problem,
            "configuration": configuration,
            "loss": evaluation.loss,
            "test_loss": evaluation.test_loss,
            "seconds": evaluation.seconds,
            "status": evaluation.status,
            "error": None if evaluation.error is None else texts.stored(evaluation.error),
            "details": compact(evaluation.details),
            "run": run,
            "host": self._me.host,
            "created_at": now(),
            "losses": None if evaluation.losses is None else compact(evaluation.losses),
        }

        def work(transaction: Transaction) -> Stored | None:
            stored = None
            if not transaction.execute(tables.ADD_EVALUATION, row):
                stored = _find(transaction, key, serves)
                if stored is None:
                    transaction.execute(tables.REPLACE_EVALUATION, {"by_key": key, **row})
            transaction.execute(tables.DROP_CLAIM, {"by_key": key, **tables.holder(self._me, "from_")})
            return stored

        return self._database.transact(work) or Stored(evaluation, run)

    def release(self, key: str) -> None:
        """Give a claim back without an evaluation."""
        values = {"by_key": key, **tables.holder(self._me, "from_")}
        self._database.transact(lambda transaction: transaction.execute(tables.DROP_CLAIM, values))

    # --- the journal of runs ---

    def begin(
        self, run: RunId, config_hash: str, anew: bool = False, extends: str | None = None, each_trial: bool = True
    ) -> Journal | None:
        """Open the journal of a run; None where another living process holds it.

        The journal holds what an earlier attempt under the same `config_hash` recorded, or under that of the run which
        this one `extends`; nothing where `anew`. `each_trial`: whether each is to be recorded.
        """
        self._heart.start(self._me)
        name = str(run)
        trials, runs, beats = tables.TRIALS, tables.RUNS, tables.BEATS
        find = (
            sa.select(runs, beats.c.beat)
            .join_from(runs, beats, tables.beating(runs), isouter=True)
            .where(runs.c.run == name)
            .with_for_update(of=runs)
        )

        def work(connection: sa.Connection) -> Journal | None:
            row = connection.execute(find).mappings().first()
            if row is not None and row["state"] == "running" and self._holds(_holder(row), row["beat"]):
                return None
            if row is not None and (anew or row["config_hash"] not in (config_hash, extends)):
                connection.execute(sa.delete(trials).where(trials.c.run == name))
            recorded = connection.execute(sa.select(trials).where(trials.c.run == name)).all()
            fields = {
                **asdict(run),
                **asdict(self._me),
                **asdict(Progress(0, 0, 0, None)),
                "config_hash": config_hash,
                "state": "running",
                "error": None,
                "traceback": None,
                "started_at": now(),
                "updated_at": now(),
            }
            change = sa.insert(runs) if row is None else sa.update(runs).where(runs.c.run == name)
            connection.execute(change.values(run=name, **fields))
            entries = (
                Journalled(row.trial, row.key, row.ask_seconds, row.tell_seconds, row.started_at) for row in recorded
            )
            return Journal(name, {entry.trial: entry for entry in entries}, each_trial)

        return self._database.read(work)

    def note(self, journal: Journal) -> None:
        """Write what the journal of a run under way holds."""
        self._database.transact(journal.write)
        journal.written()

    def end(self, journal: Journal, state: str, error: str | None = None, traceback: str | None = None) -> None:
        """Write what the journal still holds, and the state that the run ended in: done or failed."""
        runs = tables.RUNS
        error = None if error is None else texts.stored(error)
        traceback = None if traceback is None else texts.stored(traceback, texts.TRACEBACK)
        values = {"state": state, "error": error, "traceback": traceback, "updated_at": now()}
        self.note(journal)
        self._database.read(
            lambda connection: connection.execute(sa.update(runs).where(runs.c.run == journal.run).values(values))
        )

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """The runs of an experiment as the journal knows them; `alive` says whether a running one's process lives.

        Of a process elsewhere that is told by how long ago it beat, by the server's clock.
        """
        runs, beats = tables.RUNS, tables.BEATS
        fresh: Any = sa.literal(False)
        if not self.one_host:
            fresh = beats.c.beat > sa.func.clock_timestamp() - timedelta(seconds=STILL_SECONDS)
        query = (
            sa.select(runs, fresh.label("fresh"))
            .join_from(runs, beats, tables.beating(runs), isouter=True)
            .where(runs.c.experiment == experiment)
        )
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        journalled = []
        for row in rows:
            holder, fields = _holder(row), {name: value for name, value in row.items() if name != "fresh"}
            alive = row["state"] == "running" and (bool(row["fresh"]) if holder.elsewhere else holder.lives())
            journalled.append({**fields, "alive": alive})
        return journalled

    def barren(self, experiment: str) -> dict[str, str]:
        """The runs whose trials have all failed, each with a line that has the error that most of them had.

        Where what they evaluated is not stored, it says where the errors are.
        """
        runs, trials, evaluations = tables.RUNS, tables.TRIALS, tables.EVALUATIONS
        count = sa.func.count().label("count")
        query = (
            sa.select(runs.c.run, runs.c.trials, evaluations.c.error, count)
            .join_from(runs, trials, runs.c.run == trials.c.run, isouter=True)
            .join(evaluations, evaluations.c.key == trials.c.key, isouter=True)
            .where(runs.c.experiment == experiment, runs.c.trials > 0, runs.c.failures == runs.c.trials)
            .group_by(runs.c.run, runs.c.trials, evaluations.c.error)
            .order_by(runs.c.run, count.desc())
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        most = {row.run: row for row in reversed(rows)}  # of each run the first
        lines = {}
        for run, row in sorted(most.items()):
            why = "its table has their errors" if row.error is None else f"most with: {row.error}"
            lines[run] = f"{run}: all {row.trials} trials failed{';' if row.error is None else ','} {why}"
        return lines

    def errors(self, experiment: str, most: int = 5) -> list[tuple[str, str, int]]:
        """What went wrong in the trials of an experiment: (status, error, how many), the most frequent first."""
        runs, trials, evaluations = tables.RUNS, tables.TRIALS, tables.EVALUATIONS
        count = sa.func.count().label("count")
        query = (
            sa.select(evaluations.c.status, evaluations.c.error, count)
            .join_from(runs, trials, runs.c.run == trials.c.run)
            .join(evaluations, evaluations.c.key == trials.c.key)
            .where(runs.c.experiment == experiment, evaluations.c.status != "ok")
            .group_by(evaluations.c.status, evaluations.c.error)
            .order_by(count.desc(), evaluations.c.error)
            .limit(most)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [(str(status), str(error), int(number)) for status, error, number in rows]

    def mean_seconds(self, dataset: str, model: str) -> float | None:
        """The mean seconds of the evaluations made for a dataset and model; None where there are none."""
        evaluations, runs = tables.EVALUATIONS, tables.RUNS
        query = (
            sa.select(sa.func.avg(evaluations.c.seconds))
            .join_from(evaluations, runs, evaluations.c.run == runs.c.run)
            .where(runs.c.dataset == dataset, runs.c.model == model)
        )
        mean: float | None = self._database.read(lambda connection: connection.scalar(query))
        return mean

    def _holds(self, holder: Process, beat: Any) -> bool:
        """Whether somebody else who still lives holds something. This process does one thing at a time."""
        return holder != self._me and self._watch.lives(holder, beat)


def wait(attempt: int) -> None:
    """Sleep before another look at a busy key or run: 5 ms at first, at most half a second."""
    time.sleep(min(0.005 * 2**attempt, 0.5))


def _version(connection: sa.Connection) -> int:
    """Make what is missing; the version of what is there. Raises `UserError` for a database that is none of a store.

    A store of version 1 is made one of version 2; what it holds stays as it is.
    """
    if connection.dialect.name == "sqlite":
        _refuse_foreign(connection)
    tables.METADATA.create_all(connection)
    there = sa.select(tables.VERSION.c.version).with_for_update()  # on a server two processes may migrate at once
    version: int | None = connection.scalar(there)
    if version is None:
        version = tables.SCHEMA_VERSION
        connection.execute(sa.insert(tables.VERSION).values(version=version))
    if version == 1:
        connection.execute(sa.text("ALTER TABLE evaluations ADD COLUMN losses TEXT"))
        version = 2
        connection.execute(sa.update(tables.VERSION).values(version=version))
    return version


def _refuse_foreign(connection: sa.Connection) -> None:
    """Refuse a file of SQLite with other tables alone, with tables of our names that lack our columns, or triggers.

    A trigger may change or delete what is stored at any of our statements, and no statement tells of it.
    """
    names = _named(connection, "table")
    ours = [table for table in tables.METADATA.sorted_tables if table.name in names]
    if names and tables.VERSION not in ours:
        raise UserError(f"{_file(connection)}: a database of another program, not a store; name another with store=")
    for table in ours:
        there = {row[1] for row in connection.execute(sa.text(f"PRAGMA table_info({table.name})"))}
        missing = [column.name for column in table.c if column.name not in there | _ADDED.get(table.name, set())]
        if missing:
            raise UserError(
                f"{_file(connection)}: not a store of this program: its table {table.name!r} has no column "
                f"{missing[0]!r}; name another with store="
            )
    for name in _named(connection, "trigger"):
        raise UserError(
            f"{_file(connection)}: has the trigger {shortened(name)!r}, which may change or delete what is stored; "
            "drop it, or name another store with store="
        )


def _named(connection: sa.Connection, kind: str) -> list[str]:
    """The names of SQLite's objects of a kind, sorted."""
    query = sa.text("SELECT name FROM sqlite_master WHERE type = :kind ORDER BY name")
    return list(connection.scalars(query, {"kind": kind}))


_ADDED = {"evaluations": {"losses"}}
"""Columns by table that a store of an earlier version is given when it is opened."""


def _file(connection: sa.Connection) -> str:
    return f"store={without_password(connection.engine.url.render_as_string(hide_password=True))}"


def _find(transaction: Transaction, key: str, serves: Serves) -> Stored | None:
    row = transaction.first(tables.FIND_EVALUATION, {"by_key": key})
    if row is None:
        return None
    loss, test_loss, seconds, status, error, details, run, losses = row
    try:
        kept = json.loads(details)
        several = None if losses is None else json.loads(losses)
        sound = isinstance(kept, dict) and (several is None or are_losses(several))
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound or any(isinstance(value, str | bytes) for value in (loss, test_loss, seconds)):
        raise StoreError(
            f"the store's evaluation {key[:12]!r} holds what no evaluation does: the store is damaged or another "
            "program's; name another one with store="
        )
    error = None if error is None else texts.stored(error)  # an earlier version kept it as it was
    evaluation = Evaluation(loss, test_loss, seconds, status, error, kept, several)
    return Stored(evaluation, run) if serves(evaluation) else None


def _holder(row: Mapping[Any, Any]) -> Process:
    return Process(*(row[name] for name in tables.HOLDER))
