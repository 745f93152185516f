"""One evaluation of a problem, in the process and within the limits of a run; and its baseline by such evaluations."""

from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache, partial
from typing import Any

from bench.problems import AtRung, Evaluation, Problem, at_rung
from bench.running.child_process import Limits, evaluate_in_child
from bench.running.surroundings import Surroundings
from bench.running.thread_pools import limited
from bench.space import Configuration


def evaluate(
    problem: Problem,
    configuration: Configuration,
    limits: Limits | None,
    surroundings: Surroundings | None = None,
    rung: int | None = None,
) -> Evaluation:
    """The evaluation in a child process within `limits`; in this one, without any, where they are None.

    At `rung` of the problem's ladder, or at full fidelity. Where it is made here, what the evaluated code changes of
    this process is put back, to `surroundings` if given.
    """
    if limits is not None:
        return evaluate_in_child(problem.recipe, configuration, limits, rung)
    if surroundings is None:
        with closing(Surroundings()) as own:
            return evaluate(problem, configuration, None, own, rung)
    surroundings.before()
    try:
        with limited(problem.recipe.threads):
            return problem.evaluate(configuration) if rung is None else at_rung(problem, configuration, rung)
    finally:
        surroundings.restore()


def evaluate_rungs(
    problem: Any, configuration: Configuration, rungs: Sequence[int], at: AtRung, surroundings: Surroundings
) -> None:
    """The evaluations at `rungs` in this process, until `at` returns True, which is called as if outside of them."""

    def outside(rung: int, evaluation: Evaluation) -> bool:
        surroundings.restore()
        with limited(1):
            ended = at(rung, evaluation)
        surroundings.before()
        return ended

    surroundings.before()
    try:
        with limited(problem.recipe.threads):
            problem.evaluate_rungs(configuration, rungs, outside)
    finally:
        surroundings.restore()


def drawn_baseline(problem: Problem, limits: Limits | None) -> float | None:
    """The baseline loss of a problem whose config says from how many points, computed once in a process; else None."""
    drawn = drawn_baselines(problem, limits)
    return None if drawn is None else drawn[0]


def drawn_baselines(problem: Problem, limits: Limits | None) -> tuple[float, ...] | None:
    """The same of each of its losses."""
    by_identity: Any = getattr(problem, "plain", None) or problem  # of a control the same, which is not one
    return _drawn(by_identity, limits) if getattr(problem, "drawn", 0) else None


@lru_cache(maxsize=4)
def _drawn(problem: Any, limits: Limits | None) -> tuple[float, ...]:
    with closing(Surroundings()) as surroundings:
        losses: tuple[float, ...] = problem.baselines(
            partial(evaluate, problem, limits=limits, surroundings=surroundings)
        )
        return losses
