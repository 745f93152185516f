"""What is done to which sweep, when: drawn from a seed, each case by its number alone."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from killing.works import WORKS

T = TypeVar("T")

LOCAL, RAY, CLUSTER, SLURM = "local", "ray", "ray cluster", "slurm"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Strike:
    """One thing that is done to a sweep under way."""

    target: str
    """main, worker, child, group, job (by Slurm's own means) or server (of the store)."""
    how: str
    """Signals with a plus between them, as STOP+CONT; of a server fast, immediate or KILL; of a job cancel."""
    share: float | None
    """After what share of the evaluations that are left; None: `delay` after the start, whatever is begun."""
    delay: float
    """Seconds after that."""
    clock: str | None = None
    """By what the clock of the processes is set off just before."""

    @property
    def is_kill(self) -> bool:
        """Whether processes of the sweep are signalled; a server's end is counted apart."""
        return self.target != "server"

    def __str__(self) -> str:
        clock = "" if self.clock is None else f", the clock by {self.clock}"
        return f"{self.target} {self.how}{clock}"


@dataclass(frozen=True)
class Case:
    """A sweep, where it runs, and what is done to it."""

    number: int
    work: str
    engine: str
    store: str
    strikes: tuple[Strike, ...] = ()
    starved: str | None = None
    """Of what the first start has too little: see `killing.starved`."""

    @property
    def clocked(self) -> bool:
        return any(strike.clock is not None for strike in self.strikes)


_MAIN = [("main", how) for how in ("KILL", "TERM", "HUP", "INT", "STOP+CONT", "STOP+KILL")]
_WORKER = [("worker", how) for how in ("KILL", "TERM", "HUP", "STOP+CONT", "STOP+KILL")]
_GROUP = [("group", how) for how in ("KILL", "TERM", "HUP", "INT", "STOP+CONT", "STOP+KILL")]
_CHILD = [("child", how) for how in ("KILL", "TERM", "STOP+CONT", "STOP+KILL")]
_JOB = [("job", how) for how in ("cancel", "requeue")]
_SERVER = [("server", how) for how in ("fast", "immediate", "KILL")]
CLOCKS = {"1 day": 86400, "-1 day": -86400, "400 days": 400 * 86400, "-3 hours": -10800}
"""By what a clock is set off, in seconds."""

_PLAN: Sequence[tuple[str, str, str, str, int]] = [
    # work, engine, store, what strikes, how many of them
    ("toy", LOCAL, SQLITE, "any", 3),
    ("workers", LOCAL, SQLITE, "any", 3),
    ("halving", LOCAL, POSTGRESQL, "any", 3),
    ("toy", SLURM, POSTGRESQL, "slurm", 2),
    ("lightgbm", LOCAL, SQLITE, "any", 3),
    ("single", LOCAL, SQLITE, "single", 3),
    ("isolated", LOCAL, SQLITE, "child", 3),
    ("toy", CLUSTER, POSTGRESQL, "worker or main", 2),
    ("packed", LOCAL, SQLITE, "any", 3),
    ("pruned", LOCAL, SQLITE, "any", 3),
    ("halving by workers", LOCAL, POSTGRESQL, "any", 3),
    ("toy", LOCAL, POSTGRESQL, "server", 3),
    ("objectives", LOCAL, SQLITE, "any", 3),
    ("function", LOCAL, POSTGRESQL, "any", 3),
    ("workers", SLURM, POSTGRESQL, "slurm", 2),
    ("unstored", LOCAL, SQLITE, "any", 3),
    ("toy", LOCAL, SQLITE, "clock", 3),
    ("shared design", LOCAL, SQLITE, "any", 3),
    ("raised", LOCAL, SQLITE, "any", 3),
    ("halving", CLUSTER, POSTGRESQL, "worker or main", 2),
    ("knn", LOCAL, POSTGRESQL, "any", 3),
    ("k-fold", LOCAL, SQLITE, "any", 3),
    ("keras", LOCAL, SQLITE, "any", 2),
    ("xgboost", LOCAL, POSTGRESQL, "any", 3),
    ("pruned", SLURM, POSTGRESQL, "slurm", 2),
    ("boosted rungs", LOCAL, SQLITE, "any", 3),
    ("toy", RAY, SQLITE, "any", 2),
    ("halving by workers", LOCAL, POSTGRESQL, "server", 2),
    ("packed", LOCAL, POSTGRESQL, "any", 3),
    ("isolated", LOCAL, POSTGRESQL, "any", 3),
    ("workers", LOCAL, SQLITE, "clock", 3),
    ("lightgbm", CLUSTER, POSTGRESQL, "worker or main", 2),
    ("function", LOCAL, SQLITE, "any", 3),
    ("halving by workers", SLURM, POSTGRESQL, "slurm", 2),
    ("workers", LOCAL, POSTGRESQL, "any", 3),
    ("toy", SLURM, POSTGRESQL, "server", 1),
    ("halving", LOCAL, SQLITE, "any", 3),
    ("objectives", LOCAL, POSTGRESQL, "any", 3),
    ("workers", CLUSTER, POSTGRESQL, "worker or main", 2),
    ("raised", LOCAL, POSTGRESQL, "any", 3),
    ("lightgbm", SLURM, POSTGRESQL, "slurm", 2),
    ("halving", LOCAL, POSTGRESQL, "clock", 3),
    ("isolated", LOCAL, SQLITE, "child", 3),
    ("pruned", RAY, SQLITE, "any", 2),
    ("toy", LOCAL, SQLITE, "start", 3),
    ("halving", LOCAL, SQLITE, "start", 3),
]
_STARVED = [
    *(("toy", f"disk {megabytes}") for megabytes in ("0", "0.3", "0.6")),
    ("packed", "disk 0.5"),
    ("halving by workers", "disk 0.4"),
    *(("toy", f"descriptors {number}") for number in (10, 20, 30, 45)),
    *(("toy", f"address space {megabytes}") for megabytes in (150, 400, 800, 1500)),
]


def drawn(seed: int) -> list[Case]:
    """Every case of a seed. What strikes is dealt from shuffled decks, so that each way comes up."""
    rng = random.Random(seed)
    decks = {
        "any": _deck(rng, [*_MAIN, *_WORKER, *_GROUP]),
        "single": _deck(rng, _MAIN),
        "slurm": _deck(rng, [*_MAIN, *_WORKER, *_JOB]),
        "worker or main": _deck(rng, [*_MAIN, *_WORKER]),
        "child": _deck(rng, _CHILD),
        "server": _deck(rng, _SERVER),
        "clock": _deck(rng, [("main", "KILL"), ("worker", "KILL"), ("group", "STOP+CONT"), ("main", "TERM")]),
        "start": _deck(rng, [*_MAIN, *_GROUP]),
    }
    clocks = _deck(rng, list(CLOCKS))
    cases = []
    for number, (work, engine, store, way, count) in enumerate(_PLAN):
        own = random.Random(f"{seed}/{number}")  # so that a case added behind changes none before it
        strikes = []
        for place, (target, how) in enumerate(islice(decks[way], count)):
            at_start = way == "start"
            share = None if at_start else own.uniform(0.0, 0.7) / (count - place)
            delay = own.uniform(0.0, 4.0) if at_start else own.uniform(0.0, 0.2)
            strikes.append(Strike(target, how, share, delay, next(clocks) if way == "clock" else None))
        cases.append(Case(number, work, engine, store, tuple(strikes)))
    for work, starved in _STARVED:
        cases.append(Case(len(cases), work, LOCAL, SQLITE, starved=starved))
    assert all(case.work in WORKS for case in cases)
    return cases


def _deck(rng: random.Random, cards: Sequence[T]) -> Iterator[T]:
    """The cards shuffled, again and again."""
    while True:
        yield from rng.sample(list(cards), len(cards))
