"""The store itself: evaluations looked up, claimed and kept; runs begun and ended."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from bench.errors import UserError
from bench.problem import Evaluation
from bench.processes import Process
from bench.results import RunId
from bench.store import tables
from bench.store.database import Database
from bench.store.journal import Journal, Journalled, Progress, now


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


class Store:
    """A connection to a store, for one process and thread.

    `url` is an SQLAlchemy URL such as `sqlite:///results/store.sqlite`. Raises `StoreError`, which names the store and
    what to do, where the database cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._me = Process.this()
        with self._database.connection() as connection:
            tables.METADATA.create_all(connection)
            version = connection.scalar(sa.select(tables.VERSION.c.version))
            if version is None:
                connection.execute(sa.insert(tables.VERSION).values(version=tables.SCHEMA_VERSION))
        if version not in (None, tables.SCHEMA_VERSION):
            raise UserError(
                f"store={self._database.public_url}: has version {version}, this program needs "
                f"{tables.SCHEMA_VERSION}; name another one with store="
            )

    @property
    def url(self) -> str:
        return self._database.url

    def close(self) -> None:
        self._database.close()

    # --- evaluations and claims ---

    def claim(self, key: str, journal: Journal | None = None) -> Stored | Claimed | Busy:
        """The stored evaluation of `key`, or the right to evaluate it, or that another process does so now.

        What `journal` holds is written in the same transaction.
        """
        by_key = {"by_key": key}
        with self._database.transaction() as transaction:
            if journal is not None:
                journal.write(transaction)
            found = transaction.first(tables.FIND_EVALUATION, by_key)
            if found is not None:
                return _stored(found)
            claim = transaction.first(tables.FIND_CLAIM, by_key)
            if claim is None:
                transaction.execute(tables.ADD_CLAIM, {"key": key, "deaths": 0, **asdict(self._me)})
                return Claimed(0)
            *holder, deaths = claim
            if self._holds(Process(*holder)):
                return Busy()
            transaction.execute(tables.TAKE_CLAIM, {**by_key, "deaths": deaths + 1, **asdict(self._me)})
            return Claimed(deaths + 1)

    def put(self, key: str, problem: str, configuration: str, evaluation: Evaluation, run: str) -> None:
        """Commit the evaluation of a claimed key and give the claim back; one that is there already stays."""
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
            "host": self._me.host,
            "created_at": now(),
        }
        with self._database.transaction() as transaction:
            if transaction.first(tables.FIND_EVALUATION, {"by_key": key}) is None:
                transaction.execute(tables.ADD_EVALUATION, row)
            transaction.execute(tables.DROP_CLAIM, {"by_key": key})

    def release(self, key: str) -> None:
        """Give a claim back without an evaluation."""
        with self._database.transaction() as transaction:
            transaction.execute(tables.DROP_CLAIM, {"by_key": key})

    # --- the journal of runs ---

    def begin(self, run: RunId, config_hash: str, anew: bool = False) -> Journal | None:
        """Open the journal of a run; None where another living process holds it.

        The journal holds what an earlier attempt under the same `config_hash` recorded; nothing where `anew`.
        """
        name = str(run)
        trials, runs = tables.TRIALS, tables.RUNS
        with self._database.connection() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.run == name)).first()
            if row is not None and row.state == "running" and self._holds(_holder(row._mapping)):  # noqa: SLF001
                return None
            if row is not None and (anew or row.config_hash != config_hash):
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
        return Journal(name, {entry.trial: entry for entry in entries})

    def end(self, journal: Journal, state: str, error: str | None = None, traceback: str | None = None) -> None:
        """Write what the journal still holds, and the state that the run ended in: done or failed."""
        with self._database.transaction() as transaction:
            journal.write(transaction)
        runs = tables.RUNS
        values = {"state": state, "error": error, "traceback": traceback, "updated_at": now()}
        with self._database.connection() as connection:
            connection.execute(sa.update(runs).where(runs.c.run == journal.run).values(values))

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """The runs of an experiment as the journal knows them; `alive` says whether a running one's process lives."""
        query = sa.select(tables.RUNS).where(tables.RUNS.c.experiment == experiment)
        with self._database.connection() as connection:
            rows = connection.execute(query).mappings().all()
        one_host = self._database.one_host
        return [{**row, "alive": row["state"] == "running" and _holder(row).lives(one_host)} for row in rows]

    def barren(self, experiment: str) -> dict[str, str]:
        """The runs whose trials have all failed, each with a line that has the error that most of them had."""
        runs, trials, evaluations = tables.RUNS, tables.TRIALS, tables.EVALUATIONS
        count = sa.func.count().label("count")
        query = (
            sa.select(runs.c.run, runs.c.trials, evaluations.c.error, count)
            .join_from(runs, trials, runs.c.run == trials.c.run)
            .join(evaluations, evaluations.c.key == trials.c.key)
            .where(runs.c.experiment == experiment, runs.c.trials > 0, runs.c.failures == runs.c.trials)
            .group_by(runs.c.run, runs.c.trials, evaluations.c.error)
            .order_by(runs.c.run, count.desc())
        )
        with self._database.connection() as connection:
            rows = connection.execute(query).all()
        most = {row.run: row for row in reversed(rows)}  # of each run the first
        return {
            run: f"{run}: all {row.trials} trials failed, most with: {row.error}" for run, row in sorted(most.items())
        }

    def mean_seconds(self, dataset: str, model: str) -> float | None:
        """The mean seconds of the evaluations made for a dataset and model; None where there are none."""
        evaluations, runs = tables.EVALUATIONS, tables.RUNS
        query = (
            sa.select(sa.func.avg(evaluations.c.seconds))
            .join_from(evaluations, runs, evaluations.c.run == runs.c.run)
            .where(runs.c.dataset == dataset, runs.c.model == model)
        )
        with self._database.connection() as connection:
            mean: float | None = connection.scalar(query)
        return mean

    def _holds(self, holder: Process) -> bool:
        """Whether somebody else who still lives holds something. This process does one thing at a time."""
        return holder != self._me and holder.lives(self._database.one_host)


def wait(attempt: int) -> None:
    """Sleep before another look at a busy key or run: 5 ms at first, at most half a second."""
    time.sleep(min(0.005 * 2**attempt, 0.5))


def _stored(row: Sequence[Any]) -> Stored:
    loss, test_loss, seconds, status, error, details, run = row
    return Stored(Evaluation(loss, test_loss, seconds, status, error, json.loads(details)), run)


def _holder(row: Mapping[Any, Any]) -> Process:
    return Process(*(row[name] for name in tables.HOLDER))
