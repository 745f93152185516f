"""The trials of one run: ask, look up or evaluate, tell, until the budget is spent."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from bench import store as stores
from bench import texts
from bench.errors import UserError
from bench.optimizers import Exhausted, Optimizer, Told
from bench.problems import Evaluation, Problem
from bench.results import RunId
from bench.running.child_process import NO_LIMITS, Limits
from bench.running.evaluating import drawn_baseline, evaluate
from bench.running.surroundings import Surroundings
from bench.space import Configuration, InvalidConfiguration, to_json
from bench.store import Busy, Claimed, Journal, Journalled, Progress, Store, Stored, Unstored

AHEAD = 64
"""How many points beyond a busy one a run may take on early, where they do not depend on losses."""


class RunFailed(Exception):
    """A run that could not go on; the message names the run and the reason. What it evaluated is in the store."""


@dataclass
class Asked:
    """A point of the space, on its way to an evaluation."""

    configuration: Configuration
    text: str
    """The configuration as canonical JSON."""
    key: str
    """The store's key of the evaluation."""
    seconds: float
    """What it took to ask for it."""
    started_at: str
    initial: bool = False
    """Whether it is part of a shared initial design, and was not asked for by the optimiser."""
    known: bool = False
    apart: bool = False
    """Whether it is evaluated in a child whatever the run says."""
    rung: int | None = None
    """The rung at which it is evaluated; None: at full fidelity."""


def _unobserved(_row: dict[str, Any]) -> None:
    """Nobody looks on."""


class Trials:
    """The trials of one run as they come."""

    version = 1
    """The schema of its rows."""

    def __init__(
        self,
        run: RunId,
        problem: Problem,
        optimizer: Optimizer,
        store: Store | Unstored,
        journal: Journal,
        initial: Sequence[Configuration] = (),
        limits: Limits | None = None,
    ) -> None:
        """`limits` are those of each evaluation in a child process; None: evaluations are made in this one."""
        self.limits, self._within = limits, limits or NO_LIMITS
        self.run, self.problem, self.optimizer, self.store, self.journal = run, problem, optimizer, store, journal
        self.name, self._pid = str(run), os.getpid()
        self.rows: list[dict[str, Any]] = []
        self.observe: Callable[[dict[str, Any]], None] = _unobserved
        """Is given each row when its trial has ended, on no clock of the run."""
        self.diverged_at: int | None = None
        self.progress = Progress(0, 0, 0, None)
        self.uncharged: Evaluation | None = None
        """That of the last incumbent at full fidelity, where no trial has made it."""
        self._incumbent_test_loss: float | None = None
        self._worst_loss: float | None = None
        self._died = False  # whether the last trial did: what is evaluated for want of its loss may die as well
        self._surroundings: Surroundings | None = None
        self._asked = self._initial = len(initial)
        self._ahead = deque(Asked(c, to_json(c), problem.key(c), 0.0, stores.now(), initial=True) for c in initial)
        self._design: list[Told] | None = [] if initial and hasattr(optimizer, "start") else None
        self._independent = bool(getattr(optimizer, "independent", False))

    def spend(self, trials: int | None, seconds: float | None, cost: float | None = None) -> str:
        """Run trials until the budget is met exactly or nothing is left to ask; says which: budget or exhausted.

        `cost` is a number of full evaluations.
        """
        self._surroundings = Surroundings()
        try:
            return self._spend(trials, seconds, cost)
        finally:
            self._surroundings.close()
            self._surroundings = None

    def finish(self) -> None:
        """Do what is left to do when the budget is spent, before the rows are written."""

    def evaluate(self, configuration: Configuration) -> Evaluation:
        """An evaluation that is no trial of the run, as those of trials are made: within the limits, through the store.

        So what kills or hangs is met once, and not by each run that is done again.
        """
        asked = Asked(configuration, to_json(configuration), self.problem.key(configuration), 0.0, stores.now())
        asked.apart = self._died
        return self._evaluation(asked, 1).evaluation

    def draw(self, count: int) -> list[Evaluation]:
        """The evaluations of so many proposals of its optimiser that are no trials: nothing of them is told or noted.

        Through the store, and as trials within the limits; where other processes draw the same, each does a part.
        """
        self._surroundings = Surroundings()
        try:
            return [self._evaluation(self._drawn(), left).evaluation for left in range(count, 0, -1)]
        finally:
            self._surroundings.close()
            self._surroundings = None

    def _drawn(self) -> Asked:
        return self._ahead.popleft() if self._ahead else self._ask()

    def _spend(self, trials: int | None, seconds: float | None, cost: float | None) -> str:
        assert cost is None, "of plain evaluations it is a number of trials"
        charged = 0.0
        while trials is None or len(self.rows) < trials:
            left = None if trials is None else trials - len(self.rows)
            try:
                asked = self._drawn()
            except Exhausted:
                return "exhausted"
            row = self._trial(asked, left)
            charged += row["ask_seconds"] + row["evaluate_seconds"] + row["tell_seconds"]
            if seconds is not None and charged >= seconds:
                break
        return "budget"

    def _ask(self) -> Asked:
        number = self._asked
        self._asked += 1
        started_at = stores.now()
        start = time.perf_counter()
        proposal = self._guarded("ask", number, self.optimizer.ask)
        return self._checked(number, proposal, time.perf_counter() - start, started_at)

    def _checked(self, number: int, proposal: Any, seconds: float, started_at: str) -> Asked:
        """A proposal of the optimiser as a point of the space; raises `RunFailed` where it is none."""
        try:
            configuration = self.problem.space.canonical(proposal)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # what is no mapping, say, or has a __repr__ that raises
            reason = texts.line(error, 1000) if isinstance(error, InvalidConfiguration) else texts.of_error(error)
            raise RunFailed(f"trial {number}: the optimizer proposed an invalid configuration: {reason}") from error
        return Asked(configuration, to_json(configuration), self.problem.key(configuration), seconds, started_at)

    def _trial(self, asked: Asked, left: int | None) -> dict[str, Any]:
        number = len(self.rows)
        recorded = self.journal.recorded.get(number)
        if recorded is not None and recorded.key != asked.key:
            if self.diverged_at is None:
                self.diverged_at = number
            recorded = None
        stored = self._evaluation(asked, left)
        evaluation = stored.evaluation
        self._died = evaluation.status == "crashed"
        loss = evaluation.loss if evaluation.status == "ok" else None
        result = Told(dict(asked.configuration), self._loss_to_tell(loss), loss is None)
        start = time.perf_counter()
        self._guarded("tell", number, lambda: self._tell(asked, result))
        entry = Journalled(number, asked.key, asked.seconds, time.perf_counter() - start, asked.started_at)
        if recorded is not None:
            entry = recorded
        row = self._row(number, asked, stored, entry)
        self.rows.append(row)
        self.journal.note(entry, self.progress)
        self.observe(row)
        return row

    def _tell(self, asked: Asked, result: Told) -> None:
        """Tell a result; those of an initial design together, to an optimiser that takes them so."""
        if self._design is None or not asked.initial:
            self.optimizer.tell(result.configuration, result.loss, failed=result.failed)
            return
        self._design.append(result)
        if len(self._design) == self._initial:
            self.optimizer.start(self._design)  # type: ignore[attr-defined]

    def _row(self, number: int, asked: Asked, stored: Stored, entry: Journalled) -> dict[str, Any]:
        evaluation, run = stored.evaluation, self.run
        before = self.progress
        best = before.best_loss
        if evaluation.loss is not None and (best is None or evaluation.loss < best):
            best, self._incumbent_test_loss = evaluation.loss, evaluation.test_loss
        cached = stored.run != self.name
        self.progress = Progress(
            before.trials + 1, before.cached + cached, before.failures + (evaluation.status != "ok"), best
        )
        return {
            "experiment": run.experiment,
            "dataset": run.dataset,
            "model": run.model,
            "optimizer": run.optimizer,
            "seed": run.seed,
            "trial": number,
            "configuration": asked.text,
            "evaluation": asked.key,
            "loss": evaluation.loss,
            "test_loss": evaluation.test_loss,
            "best_loss": best,
            "incumbent_test_loss": self._incumbent_test_loss,
            "status": evaluation.status,
            "error": evaluation.error,
            "initial": asked.initial,
            "cached": cached,
            "ask_seconds": entry.ask_seconds,
            "evaluate_seconds": evaluation.seconds,
            "tell_seconds": entry.tell_seconds,
            "started_at": datetime.fromisoformat(entry.started_at),
            "details": stores.compact(evaluation.details),
        }

    def _loss_to_tell(self, loss: float | None) -> float:
        """What an optimiser is told: the loss, or for a failure the worst so far, or the baseline before any."""
        if loss is not None:
            self._worst_loss = loss if self._worst_loss is None else max(loss, self._worst_loss)
            return loss
        if self._worst_loss is not None:
            return self._worst_loss
        return self._baseline

    @cached_property
    def _baseline(self) -> float:
        drawn = drawn_baseline(self.problem, self.limits)
        return self.problem.baseline(self.evaluate) if drawn is None else drawn

    def _evaluation(self, asked: Asked, left: int | None) -> Stored:
        """The evaluation of a point: from the store, or made here; while another process makes it, later points."""
        attempt = 0
        while True:
            stored = self._try(asked)
            if stored is not None:
                return stored
            if not any(self._try(later) for later in self._later(left)):
                stores.wait(attempt)
                attempt += 1

    def _later(self, left: int | None) -> Iterator[Asked]:
        """Points of this budget that are known in advance and not yet evaluated, nearest first."""
        for i in range(AHEAD if left is None else min(AHEAD, left - 1)):
            if i == len(self._ahead):
                if not self._independent:
                    return
                try:
                    self._ahead.append(self._ask())
                except Exhausted:
                    return
            if not self._ahead[i].known:
                yield self._ahead[i]

    def _try(self, asked: Asked) -> Stored | None:
        """The evaluation of a point, unless another living process makes it now."""
        answer = self.store.claim(asked.key, self.journal, self._within.serve)
        if isinstance(answer, Busy):
            return None
        if isinstance(answer, Claimed):
            answer = self._evaluate(asked, answer.deaths)
        asked.known = True
        return Stored(self._within.applied(answer.evaluation), answer.run)

    def _evaluate(self, asked: Asked, deaths: int) -> Stored:
        try:
            # What died twice may be what killed its holders: a crash in a child is an outcome.
            apart = self.limits is not None or deaths >= 2 or asked.apart
            limits = self._within if apart else None
            evaluation = evaluate(self.problem, asked.configuration, limits, self._surroundings, asked.rung)
        except BaseException:
            self.store.release(asked.key)
            raise
        return self._put(asked, evaluation)

    def _put(self, asked: Asked, evaluation: Evaluation) -> Stored:
        return self.store.put(asked.key, self.problem.hash, asked.text, evaluation, self.name, self._within.serve)

    def _guarded(self, what: str, number: int, call: Any) -> Any:
        try:
            return call()
        except (KeyboardInterrupt, Exhausted, UserError):
            raise
        except BaseException as error:
            raise RunFailed(f"trial {number}: the optimizer raised in {what}: {texts.of_error(error)}") from error
        finally:
            if os.getpid() != self._pid:  # a copy of this process that the optimiser has forked
                os._exit(0)
