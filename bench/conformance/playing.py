"""One optimiser asked and told in a plain loop, and what it did written down."""

import copy
import json
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import texts
from bench.config.components import Raised
from bench.config.components import build as build_component
from bench.conformance.spaces import LOSSES, Case, bowl
from bench.errors import UserError
from bench.optimizers import Exhausted, Optimizer, Told
from bench.space import Configuration, InvalidConfiguration, Space, to_json

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

    def build(self, space: Space, seed: int, budget: int | None) -> Optimizer:
        optimizer: Optimizer = build_component("optimizer", self.path, (space, seed, budget), self.settings)
        return optimizer


@dataclass(frozen=True)
class Way:
    """How a loop is played."""

    losses: str = "bowl"
    budget: int | None = TRIALS
    trials: int = TRIALS
    tell: bool = True
    """Whether anything is told; without, the loop asks only."""


@dataclass(frozen=True)
class Played:
    """What an optimiser did."""

    asked: tuple[str, ...] = ()
    """Canonical JSON, one a trial; the last is the plain `repr` where it is invalid."""
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
        optimizer = subject.build(case.space, case.seed, way.budget)
    except Raised as error:
        return Played(wrong=f"building it raised {_one_line(error.reason)}")
    except UserError as error:
        return Played(refused=str(error))
    return loop(optimizer, case.space, way)


def loop(optimizer: Optimizer, space: Space, way: Way) -> Played:
    """Ask and tell an optimiser that is there already."""
    asked: list[str] = []
    results: list[Told] = []
    kept: list[tuple[Any, Any]] = []
    wrong, exhausted = "", False
    seconds = [0.0, 0.0]
    worst: float | None = None
    for number in range(way.trials):
        start = time.perf_counter()
        try:
            proposal = optimizer.ask()
            seconds[0] += time.perf_counter() - start
            kept.append((proposal, copy.deepcopy(proposal)))
            configuration = space.canonical(proposal)
        except Exhausted:
            exhausted = True
            break
        except InvalidConfiguration as error:
            asked.append(repr(proposal))
            wrong = f"trial {number}: proposed {proposal!r}, which is invalid: {error}"
            break
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a contributor's class raises is the finding
            wrong = f"trial {number}: ask raised {_one_line(error)}"
            break
        asked.append(to_json(configuration))
        if not way.tell:
            continue
        loss = LOSSES[way.losses](bowl(space, configuration), number)
        if loss is not None:
            worst = loss if worst is None else max(worst, loss)
        result = Told(configuration, (BASELINE if worst is None else worst) if loss is None else loss, loss is None)
        given = dict(configuration)
        start = time.perf_counter()
        try:
            optimizer.tell(given, result.loss, failed=result.failed)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001
            wrong = f"trial {number}: tell({to_json(configuration)}, {result.loss!r}, failed={result.failed}) raised "
            wrong += _one_line(error)
            break
        seconds[1] += time.perf_counter() - start
        results.append(result)
        kept.append((given, dict(configuration)))
    return Played(tuple(asked), wrong, "", exhausted, _changed(kept), tuple(results), seconds[0], seconds[1])


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
