"""A run's optimiser, built with what of the run and its problem its class asks for: fidelities, losses, workers."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from bench.config.components import build as build_component
from bench.config.components import locate
from bench.errors import UserError
from bench.optimizers import Optimizer
from bench.problems.fidelity import Fidelity
from bench.space import Space


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


def build(
    config: Mapping[str, Any],
    space: Space,
    seed: int,
    full: int | None,
    *,
    resources: Sequence[int] | None = None,
    workers: int = 1,
    objectives: int | None = None,
) -> Optimizer:
    """The optimiser of a config, given what of the run its class asks for by name.

    `full` is the budget, in trials, or in full evaluations where there are `resources`; `objectives` is None
    where the problem has one loss. Raises `UserError` for settings that cannot be used, and `Raised` for what the class
    raises.
    """
    settings = dict(config.get("settings") or {})
    asked = wanted(config["class"])
    for name, key in (("resources", "model.fidelity"), ("workers", "workers"), ("objectives", "objectives")):
        if name in asked and name in settings:
            raise UserError(f"optimizer.settings.{name}: is given by the run; set {key} in its place")
    if resources is not None:
        settings["resources"] = resources
    if "workers" in asked:
        settings["workers"] = workers
    if "objectives" in asked and objectives is not None:
        settings["objectives"] = objectives
    built: Optimizer = build_component("optimizer", config["class"], (space, seed, full), settings)
    return built
