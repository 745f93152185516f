"""The journal of one run: what a replay charges again, and how far the run is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.store import tables
from bench.store.database import Transaction


@dataclass(frozen=True)
class Journalled:
    """One trial as a run recorded it."""

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


class Journal:
    """What a run has recorded, and what is still to be written with the next transaction."""

    def __init__(self, run: str, recorded: Mapping[int, Journalled], each_trial: bool = True) -> None:
        """`each_trial`: whether each of them is recorded, besides how far the run is."""
        self.run = run
        self.recorded = recorded
        self._each_trial = each_trial
        self._noted: list[Journalled] = []
        self._progress: Progress | None = None

    def note(self, entry: Journalled, progress: Progress) -> None:
        """Keep one finished trial for the next transaction."""
        self._progress = progress
        if self._each_trial:
            self._noted.append(entry)

    def write(self, transaction: Transaction) -> None:
        """Write what is kept, until `written` says that it is there: the same is written again without harm."""
        if self._progress is None:
            return
        for entry in self._noted:
            if self.recorded.get(entry.trial) != entry:
                if entry.trial in self.recorded:
                    transaction.execute(tables.DROP_TRIAL, {"by_run": self.run, "by_trial": entry.trial})
                transaction.execute(tables.ADD_TRIAL, {"run": self.run, **vars(entry)})
        values = {"by_run": self.run, "updated_at": now(), **vars(self._progress)}
        transaction.execute(tables.SET_PROGRESS, values)

    def written(self) -> None:
        """Forget what is kept: the transaction that wrote it is committed."""
        self._noted.clear()
        self._progress = None


def now() -> str:
    """The time in UTC, in the form that the store keeps."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
