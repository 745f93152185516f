"""One evaluation of a problem, in the process and within the limits of a run; and its baseline by such evaluations."""

from contextlib import closing
from functools import lru_cache, partial
from typing import Any

from bench.problems import Evaluation, Problem
from bench.running.child_process import Limits, evaluate_in_child
from bench.running.surroundings import Surroundings
from bench.running.thread_pools import limited
from bench.space import Configuration


def evaluate(
    problem: Problem, configuration: Configuration, limits: Limits | None, surroundings: Surroundings | None = None
) -> Evaluation:
    """The evaluation in a child process within `limits`; in this one, without any, where they are None.

    Where it is made here, what the evaluated code changes of this process is put back, to `surroundings` if given.
    """
    if limits is not None:
        return evaluate_in_child(problem.recipe, configuration, limits)
    if surroundings is None:
        with closing(Surroundings()) as own:
            return evaluate(problem, configuration, None, own)
    surroundings.before()
    try:
        with limited(problem.recipe.threads):
            return problem.evaluate(configuration)
    finally:
        surroundings.restore()


def drawn_baseline(problem: Problem, limits: Limits | None) -> float | None:
    """The baseline loss of a problem whose config says from how many points, computed once in a process; else None."""
    by_identity: Any = problem
    return _drawn(by_identity, limits) if getattr(problem, "drawn", 0) else None


@lru_cache(maxsize=4)
def _drawn(problem: Any, limits: Limits | None) -> float:
    with closing(Surroundings()) as surroundings:
        loss: float = problem.baseline(partial(evaluate, problem, limits=limits, surroundings=surroundings))
        return loss
