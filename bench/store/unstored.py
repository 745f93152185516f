"""In the place of the store, for a problem whose evaluations take less time to make again than to store."""

import time

from bench.problems import Evaluation
from bench.store.journal import Journal
from bench.store.store import Claimed, Serves, Store, Stored

SECONDS = 1.0
"""How often a run that takes longer writes how far it is."""


class Unstored:
    """What a run asks of the store, answered for evaluations that are not kept: each is this run's own to make.

    So none is served, none is waited for, and no trial is journalled; a run that is killed begins anew.
    """

    def __init__(self, store: Store) -> None:
        """`store` keeps the journal, which is written at most once in `SECONDS`."""
        self._store = store
        self._next = time.monotonic() + SECONDS

    def claim(self, key: str, journal: Journal, serves: Serves) -> Claimed:
        if time.monotonic() > self._next:
            self._store.note(journal)
            self._next = time.monotonic() + SECONDS
        return Claimed(0)

    def put(
        self, key: str, problem: str, configuration: str, evaluation: Evaluation, run: str, serves: Serves
    ) -> Stored:
        return Stored(evaluation, run)

    def release(self, key: str) -> None:
        """There is no claim to give back."""
