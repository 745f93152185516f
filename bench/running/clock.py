"""The trials of a run whose evaluations end at rungs, or are open side by side, on a simulated clock.

Of `workers` proposals each is open until its end on the clock; then it is told, and the next is asked. The clock is
moved by what evaluations take as recorded, so that with the same store a run is the same whoever makes it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bench import store as stores
from bench.optimizers import Exhausted, Proposal, Told
from bench.problems import Evaluation
from bench.problems.fidelity import Fidelity
from bench.running.evaluating import drawn_baselines, evaluate_rungs
from bench.running.trial_loop import Asked, RunFailed, Trials
from bench.store import Busy, Claimed, Journalled, Stored

_LITTLE = 1e-9
"""Full evaluations: what sums of shares may be off."""


@dataclass
class _Open:
    """What was asked for and is not told yet."""

    number: int
    """In order of asking."""
    asked: Asked
    proposal: Any
    """What the optimiser is told of: the object that it returned, of a plain one the configuration."""
    continues: int
    """The rung that it goes on from; 0: none."""
    left: list[int]
    """The rungs still to be reached, ascending; the last is that of the proposal."""
    most: float
    """What it costs at most, in full evaluations."""
    worker: int
    end: float
    """When, on the clock, the next of its rungs is reached."""
    passed: list[tuple[int, Stored]] = field(default_factory=list)
    tell_seconds: float = 0.0
    """Those that reports took."""

    @property
    def rung(self) -> int:
        """Where it has come to."""
        return self.passed[-1][0]


@dataclass(frozen=True)
class _Incumbent:
    """The lowest loss at the highest rung so far."""

    rung: int
    loss: float
    test_loss: float | None
    asked: Asked


class OnClock(Trials):
    """The trials of one run, in order of ending; see `bench.results.columns.SCHEMA_2` for what a row holds."""

    version = 2

    def __init__(
        self,
        *arguments: Any,
        ladder: Fidelity | None = None,
        workers: int = 1,
        by_cost: bool = False,
        told: Sequence[str] = (),
        **options: Any,
    ) -> None:
        """`ladder` where the optimiser knows fidelities; `by_cost`: the clock counts full evaluations, not seconds.

        `told`: which of several losses the optimiser is told; of one alone it is no tuple.
        """
        super().__init__(*arguments, **options)
        self._ladder, self._workers, self._by_cost = ladder, workers, by_cost
        self._told = told if len(told) > 1 else ()
        self._full = 1 if ladder is None else ladder.high
        self._rungs = {} if ladder is None else dict(zip(ladder.resources, ladder.rungs, strict=True))
        self._resources = {rung: resource for resource, rung in self._rungs.items()}
        optimizer: Any = self.optimizer
        self._report = getattr(optimizer, "report", None) if ladder is not None else None
        self._by_fold = bool(getattr(optimizer, "by_fold", False))
        self._open: list[_Open] = []
        self._clock = 0.0
        self._begun = 0
        self._spent = 0.0
        self._charged = 0.0
        self._known: dict[tuple[str, int], float] = {}  # seconds of what was evaluated with success, by where
        self._worst: dict[int, tuple[float, ...]] = {}  # of what is told, by rung
        self._incumbent: _Incumbent | None = None
        self._incumbents: list[_Incumbent | None] = []

    def _spend(self, trials: int | None, seconds: float | None, cost: float | None) -> str:
        ended = "budget"
        asking = True
        item: _Open | None = None  # asked, and not begun while the open ones may cost too much for it
        while asking or self._open:
            while asking and len(self._open) < self._workers and not self._design_is_open:
                if trials is not None and self._begun >= trials:
                    asking = False
                    break
                try:
                    item = item or self._next()
                except Exhausted:
                    ended, asking = "exhausted", False
                    break
                committed = self._spent + sum(other.most for other in self._open)
                if cost is not None and committed + item.most > cost + _LITTLE:
                    asking = bool(self._open)  # one of them may be pruned, and leave room
                    break
                self._begin(item)
                item = None
            if self._open:
                self._advance(min(self._open, key=lambda item: (item.end, item.number)))
            if seconds is not None and self._charged >= seconds:
                asking = False
        return ended

    @property
    def _design_is_open(self) -> bool:
        """Whether a shared initial design is evaluated that is told together, before the first ask."""
        untold = self._design is not None and len(self._design) < self._initial
        return untold and not (self._ahead and self._ahead[0].initial)

    # --- what is asked ---

    def _next(self) -> _Open:
        """The next proposal, checked."""
        number = self._begun
        if self._ahead:
            asked = self._ahead.popleft()
            plain = self._ladder is None
            proposal: Any = dict(asked.configuration)
            return self._opened(number, asked, proposal if plain else Proposal(proposal, max(self._rungs)))
        started_at = stores.now()
        start = time.perf_counter()
        proposal = self._guarded("ask", number, self.optimizer.ask)
        taken = time.perf_counter() - start
        configuration = proposal
        if self._ladder is not None:
            if not isinstance(proposal, Proposal):
                raise RunFailed(f"trial {number}: the optimizer proposed {type(proposal).__name__}, not a Proposal")
            configuration = proposal.configuration
        asked = self._checked(number, configuration, taken, started_at)
        return self._opened(number, asked, dict(asked.configuration) if self._ladder is None else proposal)

    def _opened(self, number: int, asked: Asked, proposal: Any) -> _Open:
        if self._ladder is None:
            return _Open(number, asked, proposal, 0, [self._full], 1.0, 0, 0.0)
        wanted, since = proposal.fidelity, proposal.continues
        for name, value, among in (
            ("fidelity", wanted, list(self._rungs)),
            ("continues", since, [0, *(resource for resource in self._rungs if resource < wanted)]),
        ):
            if value not in among:
                allowed = ", ".join(map(str, among))
                raise RunFailed(f"trial {number}: the optimizer proposed {name}={value!r}, expected one of {allowed}")
        rung, continues = self._rungs[wanted], self._rungs.get(since, 0)
        if continues and (asked.text, continues) not in self._known:
            raise RunFailed(
                f"trial {number}: the optimizer goes on from {since}, where it has no loss of this configuration"
            )
        between = [each for each in self._ladder.rungs if continues < each < rung] if self._report else []
        most = self._ladder.cost_of([*between, rung], continues)
        asked.key = self._key(asked, rung)
        return _Open(number, asked, proposal, continues, [*between, rung], most, 0, 0.0)

    def _key(self, asked: Asked, rung: int) -> str:
        if self._ladder is None:
            return asked.key
        problem: Any = self.problem
        key: str = problem.rung_key(asked.configuration, rung)
        return key

    def _begin(self, item: _Open) -> None:
        self._begun += 1
        taken = {other.worker for other in self._open}
        item.worker = next(worker for worker in range(self._workers) if worker not in taken)
        recorded = self.journal.recorded.get(item.number)
        if recorded is not None and recorded.key != item.asked.key and self.diverged_at is None:
            self.diverged_at = item.number
        item.end = self._clock
        self._open.append(item)
        if self._workers > 1:
            self._reach(item)

    # --- what is evaluated ---

    def _reach(self, item: _Open) -> None:
        """Evaluate the next rung of an open proposal by itself, and see when it ends."""
        self._note(item, self._evaluation(self._at(item, item.left[0]), 1))

    def _note(self, item: _Open, stored: Stored) -> None:
        """Take what comes of the next rung, and move the proposal's end by what it took beyond the rung before it."""
        rung, since = item.left.pop(0), item.continues
        before = self._known.get((item.asked.text, since), 0.0)
        if item.passed:
            since, before = item.passed[-1][0], item.passed[-1][1].evaluation.seconds
        if self._ladder is not None and self._ladder.unit == "rows":
            before = 0.0
        item.passed.append((rung, stored))
        if self._by_cost:
            item.end += 1.0 if self._ladder is None else self._ladder.cost(rung, since)
        else:
            item.end += max(0.0, stored.evaluation.seconds - before)

    def _at(self, item: _Open, rung: int) -> Asked:
        return replace(item.asked, key=self._key(item.asked, rung), rung=None if rung == self._full else rung)

    def _advance(self, item: _Open) -> None:
        """Let the earliest of the open proposals come to its end on the clock, or to its next rung."""
        if self._workers == 1:
            self._alone(item)
        else:
            self._clock = item.end
            if not self._ends(item):
                self._reach(item)
                return
        self._clock = item.end
        self._open.remove(item)
        self._close(item)

    def _ends(self, item: _Open) -> bool:
        """Whether the evaluation ends where it has come to: no rung is left, it failed, or it is pruned."""
        rung, stored = item.passed[-1]
        evaluation = stored.evaluation
        if evaluation.loss is None:
            return True
        self._known[item.asked.text, rung] = evaluation.seconds
        losses = self._losses(evaluation)
        self._worst[rung] = tuple(map(max, losses, self._worst.get(rung, losses)))
        if not item.left:
            return True
        assert self._report is not None
        loss = evaluation.details["fold_losses"][-1] if self._by_fold else evaluation.loss
        report, resource = self._report, self._resources[rung]
        start = time.perf_counter()
        pruned = self._guarded("report", item.number, lambda: report(item.proposal, resource, loss))
        item.tell_seconds += time.perf_counter() - start
        return bool(pruned)

    def _alone(self, item: _Open) -> None:
        """All rungs of the only open proposal: from the store, then in one training that goes on while it may."""
        attempt = 0
        while True:
            rung = item.left[0]
            at = self._at(item, rung)
            answer = self.store.claim(at.key, self.journal, self._within.serve)
            if isinstance(answer, Busy):
                stores.wait(attempt)
                attempt += 1
                continue
            attempt = 0
            if isinstance(answer, Claimed):
                apart = self.limits is not None or answer.deaths >= 2 or at.apart
                if not apart and self._ladder is not None:
                    if self._train(item, at.key):
                        return
                    continue
                answer = self._evaluate(at, answer.deaths)
            if self._take(item, answer):
                return

    def _take(self, item: _Open, stored: Stored) -> bool:
        """Note what comes of the next rung; whether the evaluation ends there."""
        self._note(item, Stored(self._within.applied(stored.evaluation), stored.run))
        return self._ends(item)

    def _train(self, item: _Open, key: str) -> bool:
        """Evaluate the rungs that are left in one training, the key of the first being claimed.

        It leaves off where another has evaluated, or evaluates, the next. Returns whether the evaluation has ended.
        """
        held: str | None = key
        ended = False

        def at(_rung: int, evaluation: Evaluation) -> bool:
            nonlocal held, ended
            assert held is not None
            put, held = held, None
            stored = self._put(replace(item.asked, key=put), evaluation)
            ended = self._take(item, stored)
            if ended:
                return True
            following = self._key(item.asked, item.left[0])
            if not isinstance(self.store.claim(following, self.journal, self._within.serve), Claimed):
                return True
            held = following
            return False

        assert self._surroundings is not None
        try:
            evaluate_rungs(self.problem, item.asked.configuration, tuple(item.left), at, self._surroundings)
        finally:
            if held is not None:
                self.store.release(held)
        return ended

    # --- what is told ---

    def _close(self, item: _Open) -> None:
        """Tell the optimiser what came of a proposal, and write its row."""
        rung, stored = item.passed[-1]
        evaluation = stored.evaluation
        self._died = evaluation.status == "crashed"
        failed = evaluation.loss is None
        losses: Any = (self._worst.get(rung) or self._baselines) if failed else self._losses(evaluation)
        start = time.perf_counter()
        result = Told(item.proposal, losses if self._told else losses[0], failed)
        self._guarded("tell", item.number, lambda: self._tell(item.asked, result))
        item.tell_seconds += time.perf_counter() - start
        recorded = self.journal.recorded.get(item.number)
        entry = Journalled(item.number, item.asked.key, item.asked.seconds, item.tell_seconds, item.asked.started_at)
        if recorded is not None and recorded.key == item.asked.key:
            entry = recorded
        row = self._row_on_clock(item, entry)
        self.rows.append(row)
        self._charged += row["ask_seconds"] + row["evaluate_seconds"] + row["tell_seconds"]
        self._spent += row["cost"]
        self.journal.note(entry, self.progress)
        self.observe(row)

    def _losses(self, evaluation: Evaluation) -> tuple[float, ...]:
        """What an optimiser is told of a success: the loss, or each of several."""
        if not self._told:
            assert evaluation.loss is not None
            return (evaluation.loss,)
        losses: Any = evaluation.losses
        return tuple(losses[name][0] for name in self._told)

    @cached_property
    def _baselines(self) -> tuple[float, ...]:
        """What it is told of a failure before any success at its rung."""
        if not self._told:
            return (self._baseline,)
        drawn = drawn_baselines(self.problem, self.limits)
        return self.problem.baselines(self.evaluate) if drawn is None else drawn

    def _row_on_clock(self, item: _Open, entry: Journalled) -> dict[str, Any]:
        rung, stored = item.passed[-1]
        evaluation = stored.evaluation
        if evaluation.loss is not None:
            best = self._incumbent
            if best is None or (rung, -evaluation.loss) > (best.rung, -best.loss):
                self._incumbent = _Incumbent(rung, evaluation.loss, evaluation.test_loss, item.asked)
        self._incumbents.append(self._incumbent)
        full = rung == self._full
        passed = [(at, each.evaluation) for at, each in item.passed]
        details = evaluation.details
        if self._report is not None:
            details = details | {"rungs": [[at, each.loss, each.test_loss, each.seconds] for at, each in passed]}
        seconds, cost = evaluation.seconds, 1.0
        if self._ladder is not None:
            cost = self._ladder.cost_of([at for at, _ in passed], item.continues)
            if self._ladder.unit == "rows":
                seconds = sum(each.seconds for _, each in passed)
            else:
                seconds = max(0.0, seconds - self._known.get((item.asked.text, item.continues), 0.0))
        losses = None
        if evaluation.losses is not None:  # in the order of this run, whoever has made it
            losses = {name: evaluation.losses[name] for name in self.problem.objectives}
        if not full and losses is not None:
            details, losses = details | {"losses": losses}, None
        shown = replace(evaluation, seconds=seconds, details=details)
        if not full:
            shown = replace(shown, loss=None, test_loss=None)
        row = self._row(len(self.rows), item.asked, Stored(shown, stored.run), entry)
        pruned = evaluation.status == "ok" and bool(item.left)
        return row | {
            "evaluation": self._key(item.asked, rung),
            "status": "pruned" if pruned else evaluation.status,
            "fidelity": None if self._ladder is None else rung,
            "cost": cost,
            "partial_loss": None if full else evaluation.loss,
            "partial_test_loss": None if full else evaluation.test_loss,
            "proposal": item.number,
            "continues": item.continues,
            "incumbent_uncharged": False,
            "worker": item.worker,
            "clock": self._clock,
            "losses": None if losses is None else stores.compact(losses),
        }

    def finish(self) -> None:
        """Give each row the losses of its incumbent at full fidelity; what lacks them is evaluated, and not charged."""
        known: dict[str, Evaluation] = {}
        for row, incumbent in zip(self.rows, self._incumbents, strict=True):
            self.uncharged = None
            if incumbent is None:
                best = test = None
            elif incumbent.rung == self._full:
                best, test = incumbent.loss, incumbent.test_loss
            else:
                if incumbent.asked.text not in known:
                    known[incumbent.asked.text] = self.evaluate(incumbent.asked.configuration)
                best, test = known[incumbent.asked.text].loss, known[incumbent.asked.text].test_loss
                row["incumbent_uncharged"] = True
                self.uncharged = known[incumbent.asked.text]
            row["best_loss"], row["incumbent_test_loss"] = best, test
