"""What an optimiser that knows fidelities has open, and where each configuration has succeeded."""

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

from bench.optimizers import Proposal
from bench.space import Configuration, to_json

Asked = TypeVar("Asked")
"""What the library asked for, and is to be told with."""


class Open(Generic[Asked]):
    """The proposals that are not told yet, each by the object itself, since two of them may be equal."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Proposal, Asked]] = {}
        """By the id of the proposal, which is held here so that no other object has it."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, proposal: Proposal, asked: Asked) -> Proposal:
        """The proposal, with what belongs to it."""
        self._open[id(proposal)] = proposal, asked
        return proposal

    def of(self, proposal: Proposal) -> Asked:
        """What belongs to it; raises `ValueError` where it is not open."""
        if id(proposal) not in self._open:
            raise ValueError(f"{proposal} is not open: it was told already, or is not the object that was asked for")
        return self._open[id(proposal)][1]

    def close(self, proposal: Proposal) -> Asked:
        """The same, once: it is open no longer."""
        asked = self.of(proposal)
        del self._open[id(proposal)]
        return asked


class Rungs(Generic[Asked]):
    """The resources of a run, of which a library asks by numbers that it computes itself."""

    def __init__(self, resources: Sequence[int]) -> None:
        self.eta = resources[1] // resources[0]
        self.lowest = resources[0] * (1 - 1e-9)
        """For a library that counts its rungs by logarithms, and has one too few where log(243) / log(3) is below 5."""
        self.highest = resources[-1]
        self._resources = tuple(resources)
        self._open = Open[Asked]()
        self._succeeded: dict[str, list[int]] = {}

    def propose(self, configuration: Configuration, fidelity: float, asked: Asked) -> Proposal:
        """At the resource that `fidelity` is, going on from the highest below it where the configuration succeeded."""
        resource = min(self._resources, key=lambda resource: abs(resource - fidelity))
        assert math.isclose(resource, fidelity, rel_tol=1e-9), f"{fidelity} is none of {self._resources}"
        below = [done for done in self._succeeded.get(to_json(configuration), ()) if done < resource]
        return self._open.add(Proposal(configuration, resource, max(below, default=0)), asked)

    def close(self, proposal: Proposal, failed: bool) -> Asked:
        """What was asked for with `proposal`; where it has not failed, its configuration may go on from there."""
        asked = self._open.close(proposal)
        if not failed:
            self._succeeded.setdefault(to_json(proposal.configuration), []).append(proposal.fidelity)
        return asked
