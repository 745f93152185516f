"""An objective at several fidelities, failures among them, and the plain loop that drives `MultiFidelity`."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import loops
from loops import loss

from bench.optimizers import Exhausted, Proposal
from bench.space import Configuration, Space, to_json

RESOURCES = (1, 3, 9, 27)
FOLDS = (1, 2, 3, 4, 5, 6, 7)


def build(name: str, space: Space, resources: tuple[int, ...], seed: int = 0, **overrides: Any) -> Any:
    """The optimiser of a config, as the runner builds it."""
    return loops.build(name, space, seed, resources=resources, **overrides)


def rung_loss(values: Configuration, resource: int) -> float:
    """Comes nearer to `loss` at higher resources, each configuration at a pace of its own and not without rises.

    So that rungs rank configurations differently.
    """
    final = loss(values)
    return (
        final + 6 * resource ** (0.6 * math.sin(40 * final) - 0.6) + 2 * math.sin(30 * final + 2 * math.log(resource))
    )


def fold_loss(values: Configuration, fold: int) -> float:
    """The loss on one fold: some folds are harder, and each configuration has some of its own."""
    final = loss(values)
    return final + 0.5 * math.sin(5.0 * fold) + 0.4 * math.sin(60 * final + 3 * fold)


def fails(values: Configuration, resource: int) -> bool:
    """One in ten of configurations, at some resource each."""
    place = math.sin(1e3 * float(values["rate"]) + 5 * float(values.get("depth", 0)))  # type: ignore[arg-type]
    return place > 0.95 or (place < -0.95 and resource > 3)


@dataclass
class Objective:
    """Gives the loss of a configuration at a resource, None where it fails, and notes what it was called with."""

    of: Callable[[Configuration, int], float] = rung_loss
    fails: Callable[[Configuration, int], bool] = fails
    calls: list[tuple[str, int]] = field(default_factory=list)
    _worst: dict[int, float] = field(default_factory=dict)

    def __call__(self, configuration: Configuration, resource: int) -> float | None:
        self.calls.append((to_json(configuration), resource))
        if self.fails(configuration, resource):
            return None
        value = self.of(configuration, resource)
        self._worst[resource] = max(value, self._worst.get(resource, value))
        return value

    def worst(self, resource: int) -> float:
        """Of the losses so far at a resource; what an optimiser is told of a failure."""
        return self._worst.get(resource, 10.0)


@dataclass(frozen=True)
class Ended:
    """How an evaluation ended."""

    proposal: Proposal
    resource: int
    """The last one that it was evaluated at."""
    loss: float
    failed: bool = False
    pruned: bool = False


def evaluate(optimizer: Any, proposal: Proposal, resources: tuple[int, ...], objective: Objective) -> Ended:
    """One evaluation as the runner makes it, without telling of it."""
    loss = 0.0
    for resource in resources:
        full = resource == proposal.fidelity
        if resource > proposal.fidelity or resource <= proposal.continues:
            continue
        if not full and not hasattr(optimizer, "report"):
            continue
        value = objective(proposal.configuration, resource)
        if value is None:
            return Ended(proposal, resource, objective.worst(resource), failed=True)
        loss = value
        ends = not full and optimizer.report(proposal, resource, value)
        assert isinstance(ends, bool)
        if ends:
            return Ended(proposal, resource, value, pruned=True)
    return Ended(proposal, proposal.fidelity, loss)


def play(
    optimizer: Any, resources: tuple[int, ...], trials: int, objective: Objective | None = None, workers: int = 1
) -> list[Ended]:
    """Asks for so many proposals, of which `workers` are open at a time; those that were asked last are told first."""
    objective, ended, begun = objective or Objective(), [], 0
    while begun < trials:
        proposals = []
        try:
            while len(proposals) < workers and begun < trials:
                proposals.append(optimizer.ask())
                begun += 1
        except Exhausted:
            trials = begun
        results = [evaluate(optimizer, proposal, resources, objective) for proposal in proposals]
        for result in reversed(results):
            optimizer.tell(result.proposal, result.loss, failed=result.failed)
            ended.append(result)
    return ended
