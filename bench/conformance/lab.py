"""One optimiser on the bench: its runs, each made once, and what a rule may say of one."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench import texts
from bench.config.components import Raised
from bench.conformance.elsewhere import Elsewhere, elsewhere
from bench.conformance.playing import TRIALS, Played, Subject, Way, play
from bench.conformance.running import Finished, run
from bench.conformance.spaces import REFERENCE, Case, case
from bench.conformance.watching import Traces, watched
from bench.errors import UserError
from bench.optimizers import Declaration, Optimizer


class Broken(Exception):
    """A case breaks the rule; the message says which trial, what was asked and what was expected."""


class NotApplicable(Exception):
    """The rule says nothing about this case; the message says why."""


REFUSES = "refused: "
"""How the reason begins where an optimiser does not take a space, and says so with a `UserError` when it is built."""


class Lab:
    """One optimiser on the bench: each run is made once, however many rules look at it."""

    def __init__(self, subject: Subject, stack: ExitStack, trials: int = TRIALS, processes: bool = True) -> None:
        self.subject, self.way = subject, Way(budget=trials, trials=trials)
        self._runs: dict[Any, Any] = {}
        self._stack, self._elsewhere = stack, dict[int, Elsewhere]()
        if processes:
            self._process(2)  # it starts meanwhile
        # What a library does when it is first used, such as importing a part of itself, is not the runs' doing.
        self.first = watched(lambda: play(subject, case(REFERENCE, 0), self.way))[1]

    def played(self, tried: Case, **other: Any) -> Played:
        """A run in this process, in the plain way but for `other` fields of it."""
        way = Way(**{**vars(self.way), **other})
        if not other:
            return self._base(tried)[0]
        played: Played = self._once(("played", tried, way), lambda: play(self.subject, tried, way))
        return _unless_refused(played)

    def again(self, tried: Case, **other: Any) -> Played:
        """The same run once more."""
        return _unless_refused(play(self.subject, tried, Way(**{**vars(self.way), **other})))

    def traces(self, tried: Case) -> Traces:
        """What the plain run left behind."""
        return self._base(tried)[1]

    def elsewhere(self, tried: Case, threads: int, **other: Any) -> Played:
        """The plain run but for `other` in a process whose BLAS would use `threads` threads, and is limited to one."""
        there, way = self._process(threads), Way(**{**vars(self.way), **other})
        played: Played = self._once(("elsewhere", tried, threads, way), lambda: there.play(tried, way))
        return _unless_refused(played)

    def needs_blas_threads(self, threads: int) -> None:
        """Raise `NotApplicable` where the BLAS of the process elsewhere has fewer."""
        there = self._process(threads)
        if there.blas_threads < threads and there.lives:
            raise NotApplicable(f"BLAS has no {threads} threads here")

    def _process(self, threads: int) -> Elsewhere:
        if threads not in self._elsewhere:
            self._elsewhere[threads] = self._stack.enter_context(elsewhere(self.subject, threads))
        return self._elsewhere[threads]

    def finished(self, tried: Case, **other: Any) -> Finished:
        """A run by the real runner."""
        way = Way(**{**vars(self.way), "losses": "some_failed", **other})
        _unless_refused(self.played(tried))
        finished: Finished = self._once(("run", tried, way), lambda: run(self.subject, tried, way))
        return finished

    def build(self, tried: Case) -> Optimizer:
        """The optimiser of the plain run, new."""
        try:
            return self.subject.build(tried.space, tried.seed, self.way.budget)
        except Raised as error:
            raise Broken(f"building it raised {texts.of_error(error.reason)}") from error
        except UserError as error:
            raise NotApplicable(REFUSES + str(error)) from None

    def declared(self, tried: Case) -> Declaration:
        return getattr(self.build(tried), "declared", None) or Declaration()

    def seconds(self) -> tuple[float, float]:
        """Mean seconds a trial of ask and of tell, over all plain runs."""
        runs = [base[0] for key, base in self._runs.items() if key[0] == "base"]
        count = max(sum(len(played.asked) for played in runs), 1)
        return sum(p.ask_seconds for p in runs) / count, sum(p.tell_seconds for p in runs) / count

    def _base(self, tried: Case) -> tuple[Played, Traces]:
        base: tuple[Played, Traces] = self._once(
            ("base", tried), lambda: watched(lambda: play(self.subject, tried, self.way))
        )
        _unless_refused(base[0])
        broken_if(base[0].wrong)  # the rule `valid` says so first; others may come to cases for which it had no time
        return base

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._runs:
            self._runs[key] = make()
        return self._runs[key]


def _unless_refused(played: Played) -> Played:
    if played.refused:
        raise NotApplicable(REFUSES + played.refused)
    return played


def broken_if(words: str) -> None:
    """Raise `Broken` with the words, if there are any."""
    if words:
        raise Broken(words)
