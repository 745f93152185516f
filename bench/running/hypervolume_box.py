"""What a run of several losses records for their hypervolume: the frozen box, from random draws of its problem."""

from dataclasses import replace
from typing import Any

import numpy as np

from bench import problems
from bench.optimizers.random_search import RandomSearch
from bench.problems import Problem
from bench.problems.hypervolume_box import DRAWS, SEED, of_draws
from bench.results import RunId
from bench.running.child_process import Limits
from bench.running.trial_loop import Trials
from bench.store import Journal, Store, Unstored


def recorded(
    run: RunId, problem: Problem, store: Store | Unstored, journal: Journal, limits: Limits | None = None
) -> dict[str, Any] | None:
    """The box with how it was drawn, as plain data; None where every draw failed.

    The draws are those of random search with seed `SEED`, on the problem as a run of that seed has it: runs on other
    splits have the same box. They are evaluated through the store, once for all runs, and charged to none.
    """
    first = problems.shared(replace(problem.recipe, seed=SEED))
    drawn = Trials(run, first, RandomSearch(first.space, SEED, DRAWS), store, journal, limits=limits).draw(DRAWS)
    known = [[each.losses[name][0] for name in problem.objectives] for each in drawn if each.losses is not None]
    box = of_draws(np.array(known, dtype=np.float64), front_of(problem))
    if box is None:
        return None
    return {**box.to_dict(), "draws": DRAWS, "failed": DRAWS - len(known), "seed": SEED, "problem": first.hash}


def front_of(problem: Problem) -> Any:
    """Points of the problem's front, (points, losses), in the order of its objectives; None where it is not known."""
    return getattr(problem, "front", None)
