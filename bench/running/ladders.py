"""Which fidelities and losses of its problem a run's optimiser is given, by what its class asks for."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from bench.config.components import locate
from bench.errors import UserError
from bench.problems.fidelity import Fidelity


def wanted(path: str) -> frozenset[str]:
    """The names of what the constructor of an optimiser's class takes after space, seed and budget."""
    try:
        return frozenset(list(inspect.signature(locate("optimizer.class", path)).parameters)[3:])
    except (TypeError, ValueError):  # of some in C nobody can tell
        return frozenset()


def told(optimizer: Mapping[str, Any], objectives: Sequence[str]) -> Sequence[str]:
    """Which of a problem's several losses the optimiser of a config is told: all, or the first alone."""
    return objectives if "objectives" in wanted(optimizer["class"]) else objectives[:1]


def of_run(optimizer: Mapping[str, Any], problem: Any) -> Fidelity:
    """The ladder of a run whose optimiser's config has `multi_fidelity`.

    Raises `UserError` where its class knows none, or needs each fold of a cross-validation and the ladder is another.
    """
    path = optimizer["class"]
    if "resources" not in wanted(path):
        raise UserError(
            f"optimizer.multi_fidelity=true: {path} has no argument `resources`; give it one, or set it to false"
        )
    ladder: Fidelity = problem.fidelity
    if not getattr(locate("optimizer.class", path), "by_fold", False):
        return ladder
    if ladder.unit != "folds":
        raise UserError(
            f"model.fidelity.unit={ladder.unit}: {optimizer['name']} compares evaluations fold by fold; set "
            "model.fidelity.unit=folds and resampling=kfold"
        )
    return Fidelity("folds", tuple(range(1, ladder.high + 1)), 1)
