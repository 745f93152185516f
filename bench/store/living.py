"""Who lives: on this host a process is looked at, on another its heartbeat, which stands still when it has died."""

import threading
import time
from typing import Any

from bench.store import tables
from bench.store.database import Database, StoreError
from bench.store.process import Process

BEAT_SECONDS = 5.0
STILL_SECONDS = 60.0
"""For how long a heartbeat has stood still when its process passes for dead, by the clock of who waits."""


class Watch:
    """What one process has seen of the heartbeats of others. Clocks of other hosts do not matter to it."""

    def __init__(self, one_host: bool) -> None:
        self._one_host = one_host
        self._seen: dict[Process, tuple[Any, float]] = {}

    def lives(self, holder: Process, beat: Any) -> bool:
        """Whether a holder whose last heartbeat is `beat` (None: it has none) is still there.

        One host's store that names another was copied, or the host was renamed: nobody there holds anything here.
        """
        if not holder.elsewhere:
            return holder.lives()
        if self._one_host or beat is None:
            return False
        now = time.monotonic()
        before, since = self._seen.get(holder, (None, now))
        if before != beat:
            self._seen[holder] = beat, now
            return True
        return now - since < STILL_SECONDS


class Heart:
    """A thread that beats for this process from its first claim until it is stopped; none where all are on one host."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, me: Process) -> None:
        """Beat once now, and from now on; does nothing where it beats already."""
        if self._thread is not None or self._database.one_host:
            return
        self._database.transact(lambda transaction: transaction.execute(tables.DROP_OLD_BEATS, {}))
        beat(self._database, me)
        self._thread = threading.Thread(target=self._beat_on, args=(me,), daemon=True, name="heartbeat")
        self._thread.start()

    def _beat_on(self, me: Process) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                beat(self._database, me)
            except StoreError:  # the run meets it too, and tells it
                continue

    def stop(self, me: Process) -> None:
        """Beat no more; what this process still holds is free at once."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        self._database.transact(lambda transaction: transaction.execute(tables.DROP_BEAT, tables.holder(me, "from_")))


def beat(database: Database, me: Process) -> None:
    """One heartbeat."""
    database.transact(lambda transaction: transaction.execute(tables.BEAT, tables.holder(me)))
