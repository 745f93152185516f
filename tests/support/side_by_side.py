"""A run with several workers by the real runner, on a problem whose evaluations take times of their own, and its log.

The log is what an optimiser was asked and told, in order: `Asked`, `Reported` and `Told`, by number of proposal. Played
on another object, it says what that object would have proposed.
"""

import tempfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

from ladder import fold_loss, rung_loss
from loops import failing, loss
from threadpoolctl import threadpool_limits

from bench import provenance
from bench.problems import AtRung, Evaluation
from bench.problems.fidelity import Fidelity
from bench.results import RunId
from bench.running.clock import OnClock
from bench.space import Configuration, Space, to_json
from bench.store import Store

RUNGS = Fidelity("rounds", (1, 3, 9, 27), 3)
LONG = Fidelity("rounds", (1, 2, 4, 8, 16, 32, 64), 2)
"""For what waits for several rungs."""
FOLDS = Fidelity("folds", (1, 2, 3, 4, 5), 1)


class Asked(NamedTuple):
    number: int


class Reported(NamedTuple):
    number: int
    resource: int
    loss: float


class Told(NamedTuple):
    number: int
    loss: float
    failed: bool


Event = Asked | Reported | Told


@dataclass(frozen=True)
class Timed:
    """What the runner needs of a problem; each configuration has a pace of its own, and a third of them fail."""

    space: Space
    ladder: Fidelity | None = None
    hash: str = "timed"
    recipe: Any = field(default_factory=lambda: SimpleNamespace(threads=1))

    def key(self, configuration: Configuration) -> str:
        return provenance.digest(to_json(configuration))

    def rung_key(self, configuration: Configuration, rung: int) -> str:
        assert self.ladder is not None
        return provenance.digest([to_json(configuration), self.ladder.at(rung)])

    def baseline(self, _evaluate: Any) -> float:
        return 10.0

    def evaluate(self, configuration: Configuration) -> Evaluation:
        return self._at(configuration, 1 if self.ladder is None else self.ladder.high)

    def evaluate_rungs(self, configuration: Configuration, rungs: Sequence[int], at: AtRung) -> None:
        for rung in rungs:
            if at(rung, self._at(configuration, rung)):
                return

    def _at(self, configuration: Configuration, rung: int) -> Evaluation:
        share = 1.0 if self.ladder is None else rung / self.ladder.high
        seconds = share * (0.2 + 2 * zlib.crc32(to_json(configuration).encode()) / 2**32)
        if failing(configuration) and rung > 1:
            return Evaluation(None, None, seconds, "failed", "ArithmeticError: it fails here")
        if self.ladder is FOLDS:
            losses = [fold_loss(configuration, fold) for fold in range(1, rung + 1)]
            return Evaluation(sum(losses) / rung, None, seconds, "ok", details={"fold_losses": losses})
        value = loss(configuration) if self.ladder is None else rung_loss(configuration, rung)
        return Evaluation(value, None, seconds, "ok")


class Recorder:
    """An optimiser, and the log of what it was asked and told."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.by_fold = getattr(optimizer, "by_fold", False)
        self.proposals: list[Any] = []
        self.ended: list[bool] = []
        """What each report returned."""
        self.events: list[Event] = []
        self._open: list[int] = []
        if hasattr(optimizer, "report"):
            self.report = self._report

    def ask(self) -> Any:
        self.proposals.append(self._optimizer.ask())
        self._open.append(len(self.proposals) - 1)
        self.events.append(Asked(len(self.proposals) - 1))
        return self.proposals[-1]

    def _report(self, proposal: Any, resource: int, loss: float) -> bool:
        self.events.append(Reported(self._number(proposal), resource, loss))
        self.ended.append(self._optimizer.report(proposal, resource, loss))
        return self.ended[-1]

    def tell(self, proposal: Any, loss: float, failed: bool = False) -> None:
        number = self._number(proposal)
        self._open.remove(number)
        self.events.append(Told(number, loss, failed))
        self._optimizer.tell(proposal, loss, failed=failed)

    def _number(self, proposal: Any) -> int:
        """Of equal open proposals of a ladder by the object, of plain ones the one that was asked first."""
        plain = isinstance(proposal, dict)
        known = ((number, self.proposals[number]) for number in self._open)
        return next(number for number, each in known if each is proposal or (plain and each == proposal))


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    recorder: Recorder
    rows: list[dict[str, Any]]

    @property
    def proposed(self) -> list[tuple[str, int]]:
        """Configurations as JSON with their resource, 0 where there is none, in order of asking."""
        proposals = self.recorder.proposals
        return [(to_json(p), 0) if isinstance(p, dict) else (to_json(p.configuration), p.fidelity) for p in proposals]

    @property
    def overtaken(self) -> int:
        """How many results came after that of a later proposal."""
        told = [event.number for event in self.recorder.events if isinstance(event, Told)]
        return sum(any(later > number for later in told[:place]) for place, number in enumerate(told))


def run(optimizer: Any, space: Space, trials: int, workers: int, ladder: Fidelity | None = None) -> Run:
    """A whole run of so many proposals, with a store of its own that is gone afterwards."""
    recorder, name = Recorder(optimizer), RunId("side_by_side", "none", "timed", "it", 0)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        store = Store(f"sqlite:///{folder}/store.sqlite")
        try:
            journal = store.begin(name, "none")
            problem: Any = Timed(space, ladder)
            on_clock = OnClock(name, problem, recorder, store, journal, ladder=ladder, workers=workers)
            on_clock.spend(trials, None)
        finally:
            store.close()
    return Run(recorder, on_clock.rows)


@dataclass(frozen=True)
class Own:
    """A library's own object behind three functions: what it hands out is given back to it."""

    ask: Callable[[], tuple[Any, Configuration, int]]
    """What it hands out, its configuration, and the resource, 0 where there is none."""
    tell: Callable[[Any, float, bool], None]
    report: Callable[[Any, int, float], bool] | None = None


Make = Callable[[int, int, int], AbstractContextManager[Own]]
"""An object, of seed, number of trials and number of workers."""


def play(own: Own, events: Sequence[Event]) -> tuple[list[tuple[str, int]], list[bool]]:
    """What an object proposes, and how it answers reports, if what happens to it is a log."""
    held: list[Any] = []
    proposed: list[tuple[str, int]] = []
    ended: list[bool] = []
    with threadpool_limits(1):
        for event in events:
            if isinstance(event, Asked):
                handle, configuration, resource = own.ask()
                held.append(handle)
                proposed.append((to_json(configuration), resource))
            elif isinstance(event, Reported):
                assert own.report is not None
                ended.append(own.report(held[event.number], event.resource, event.loss))
            else:
                own.tell(held[event.number], event.loss, event.failed)
    return proposed, ended
