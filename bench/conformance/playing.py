"""One optimiser asked and told in a plain loop, and what it did written down."""

import copy
import json
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import texts
from bench.config.components import Raised
from bench.config.components import build as build_component
from bench.conformance import rungs
from bench.conformance.spaces import Case, bowl
from bench.errors import UserError
from bench.optimizers import Exhausted, Optimizer, Told
from bench.space import Configuration, Space, to_json

TRIALS = 25
"""Enough for the methods here to leave their random start."""

BASELINE = 10.0
"""What is told of a failed trial before any has succeeded; else it is the worst loss so far, as the runner has it."""


@dataclass(frozen=True)
class Subject:
    """The optimiser under test, by what its config says."""

    name: str
    path: str
    """The dotted path of its class."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    multi_fidelity: bool = False

    @property
    def ladder(self) -> tuple[int, ...]:
        """The resources that it is built with; none where it knows full fidelity alone."""
        return rungs.resources(self.path) if self.multi_fidelity else ()

    def build(self, space: Space, seed: int, budget: int | None, workers: int = 1, objectives: int = 1) -> Optimizer:
        """As the runner builds it, with what of a run its class asks for by name; `objectives` where it takes them."""
        settings = dict(self.settings)
        if objectives > 1:
            settings["objectives"] = objectives
        if self.multi_fidelity:
            settings["resources"] = self.ladder
        if workers > 1:
            from bench.running import ladders  # noqa: PLC0415 - of the runner, which few processes need

            settings |= {"workers": workers} if "workers" in ladders.wanted(self.path) else {}
        optimizer: Optimizer = build_component("optimizer", self.path, (space, seed, budget), settings)
        return optimizer


@dataclass(frozen=True)
class Way:
    """How a loop is played."""

    losses: str = "bowl"
    budget: int | None = TRIALS
    trials: int = TRIALS
    tell: bool = True
    """Whether anything is told; without, the loop asks only."""
    workers: int = 1
    """How many proposals are open at a time; of several the one told next is seldom the one asked first."""
    objectives: int = 1
    """How many losses each trial has; of several they are told as a tuple, and the first decides which trials fail."""


@dataclass(frozen=True)
class Played:
    """What an optimiser did."""

    asked: tuple[str, ...] = ()
    """Canonical JSON, of a ladder with the resource, one a trial; the last is the plain `repr` where it is invalid."""
    wrong: str = ""
    """Why the loop ended early: it raised, or asked for an invalid configuration."""
    refused: str = ""
    """The message with which it refused the space before anything was asked."""
    exhausted: bool = False
    changed: str = ""
    """How it changed a configuration that it had asked for or was told."""
    told: tuple[Told, ...] = ()
    ask_seconds: float = 0.0
    tell_seconds: float = 0.0


def play(subject: Subject, case: Case, way: Way) -> Played:
    """Build the optimiser, and ask and tell it as `way` says; what it raises is written down, never raised."""
    try:
        optimizer = subject.build(case.space, case.seed, way.budget, way.workers, way.objectives)
    except Raised as error:
        return Played(wrong=f"building it raised {_one_line(error.reason)}")
    except UserError as error:
        return Played(refused=str(error))
    return loop(optimizer, case.space, way, subject.ladder)


def loop(optimizer: Any, space: Space, way: Way, ladder: Sequence[int] = ()) -> Played:
    """Ask and tell an optimiser that is there already; `ladder` are the resources that it was built with, if any."""
    game = _Game(optimizer, space, way, ladder)
    try:
        exhausted = game.play()
    except _Wrong as wrong:
        return game.played(wrong=str(wrong))
    return game.played(exhausted=exhausted)


class _Wrong(Exception):
    """What an optimiser must not do, in words."""


@dataclass
class _Open:
    """What was asked and is not told yet."""

    number: int
    proposal: Any
    configuration: Configuration


class _Game:
    """One loop, and what is written down of it."""

    def __init__(self, optimizer: Any, space: Space, way: Way, ladder: Sequence[int]) -> None:
        self._optimizer, self._space, self._way, self._ladder = optimizer, space, way, ladder
        self._report = getattr(optimizer, "report", None) if ladder else None
        self._folds = bool(getattr(optimizer, "by_fold", False))
        self._asked: list[str] = []
        self._told: list[Told] = []
        self._kept: list[tuple[Any, Any]] = []
        self._seconds = [0.0, 0.0]
        self._worst: dict[int, tuple[float, ...]] = {}
        self._succeeded: set[tuple[str, int]] = set()

    def played(self, wrong: str = "", exhausted: bool = False) -> Played:
        changed = _changed(self._kept)
        return Played(tuple(self._asked), wrong, "", exhausted, changed, tuple(self._told), *self._seconds)

    def play(self) -> bool:
        """Returns whether it was exhausted."""
        waiting: list[_Open] = []
        exhausted = False
        for number in range(self._way.trials):
            try:
                waiting.append(self._ask(number))
            except Exhausted:
                exhausted = True
                break
            if self._way.tell and len(waiting) == self._way.workers:
                self._tell(waiting.pop((2 * number + 1) % len(waiting)))
        for item in reversed(waiting if self._way.tell else []):
            self._tell(item)
        return exhausted

    def _ask(self, number: int) -> _Open:
        start = time.perf_counter()
        try:
            proposal = self._optimizer.ask()
            self._seconds[0] += time.perf_counter() - start
            self._kept.append((proposal, copy.deepcopy(proposal)))
            configuration, text = rungs.read(proposal, self._space, self._ladder)
        except (Exhausted, KeyboardInterrupt):
            raise
        except rungs.Invalid as error:
            self._asked.append(repr(proposal))
            raise _Wrong(f"trial {number}: {error}") from None
        except BaseException as error:  # noqa: BLE001 - whatever a contributor's class raises is the finding
            raise _Wrong(f"trial {number}: ask raised {_one_line(error)}") from None
        self._asked.append(text)
        since = proposal.continues if self._ladder else 0
        if since and (to_json(configuration), since) not in self._succeeded:
            raise _Wrong(f"trial {number}: goes on from {since}, where it has no loss of this configuration")
        return _Open(number, proposal, configuration)

    def _tell(self, item: _Open) -> None:
        """Report the losses of the resources that it passes, if it takes them, and tell the last."""
        values = [bowl(self._space, item.configuration, which) for which in range(self._way.objectives)]
        losses: tuple[float, ...] | None = None
        for resource in rungs.passed(item.proposal, self._ladder, self._report is not None):
            losses = self._losses(values, resource)
            if losses is None:
                break
            self._worst[resource] = tuple(map(max, losses, self._worst.get(resource, losses)))
            self._succeeded.add((to_json(item.configuration), resource))
            if self._ladder and resource < item.proposal.fidelity and self._ends(item, resource, values[0], losses[0]):
                break
        failed = losses is None
        given = item.proposal if self._ladder else dict(item.configuration)
        every = self._worst.get(resource, (BASELINE,) * self._way.objectives) if losses is None else losses
        told: Any = every if self._way.objectives > 1 else every[0]
        what = f"tell({to_json(item.configuration)}, {told!r}, failed={failed})"
        self._timed(item.number, what, lambda: self._optimizer.tell(given, told, failed=failed))
        self._told.append(Told(item.configuration, told, failed))
        if not self._ladder:
            self._kept.append((given, dict(item.configuration)))

    def _losses(self, values: Sequence[float], resource: int) -> tuple[float, ...] | None:
        """The losses at a resource of a configuration whose bowls have `values`; None where it fails there."""
        first = rungs.loss_at(self._way.losses, values[0], resource, self._ladder, self._folds)
        others = (rungs.loss_at("bowl", value, resource, self._ladder, self._folds) for value in values[1:])
        return None if first is None else (first, *(loss for loss in others if loss is not None))

    def _ends(self, item: _Open, resource: int, value: float, loss: float) -> bool:
        assert self._report is not None
        report, of_fold = self._report, loss
        if self._folds:
            *_, last = rungs.fold_losses(self._way.losses, value, resource, self._ladder)
            of_fold = loss if last is None else last
        what = f"report(proposal, {resource}, {of_fold!r})"
        ended = self._timed(item.number, what, lambda: report(item.proposal, resource, of_fold))
        if type(ended) is not bool:
            raise _Wrong(f"trial {item.number}: {what} returned {ended!r}, expected True or False")
        return ended

    def _timed(self, number: int, what: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        try:
            return call()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001
            raise _Wrong(f"trial {number}: {what} raised {_one_line(error)}") from None
        finally:
            self._seconds[1] += time.perf_counter() - start


def _changed(kept: Sequence[tuple[Any, Any]]) -> str:
    """What was changed of the configurations that went to and fro, by whoever else holds them: the first of it."""
    for now, before in kept:
        if now != before:
            return f"{before!r} had become {now!r} by the end of the run"
    return ""


def _one_line(error: BaseException) -> str:
    """An exception in one line, with the place where it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{texts.of_error(error)} ({Path(frame.filename).name}, line {frame.lineno})"


def difference(first: Played, second: Played) -> str:
    """Where two runs part, in one line; empty where they do not."""
    for number, (a, b) in enumerate(zip(first.asked, second.asked, strict=False)):
        if a != b:
            return f"trial {number}: asked {b}, expected {a}"
    if len(first.asked) != len(second.asked) or first.wrong != second.wrong:
        return f"ended {_end(second)}, expected: {_end(first)}"
    return ""


def _end(played: Played) -> str:
    what = "exhausted" if played.exhausted else "going on"
    return f"after {len(played.asked)} trials, {played.wrong or what}"


def from_json(text: str) -> Played:
    """A run as `to_line` wrote it, without what was told."""
    entries = json.loads(text)
    return Played(**entries | {"asked": tuple(entries["asked"])})


def to_line(played: Played) -> str:
    """A run in one line, without what was told."""
    names = ("asked", "wrong", "refused", "exhausted", "changed", "ask_seconds", "tell_seconds")
    return json.dumps({name: getattr(played, name) for name in names})


def unasked(space: Space, seed: int, count: int) -> Iterator[Configuration]:
    """Configurations that no optimiser asked for, drawn from the space's reference law."""
    import numpy as np  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield space.sample(rng)
