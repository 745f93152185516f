"""Random search: independent draws from the space's reference law."""

from collections.abc import Sequence

import numpy as np

from bench.optimizers import Declaration, Proposal
from bench.space import Configuration, Space


class RandomSearch:
    """Draws each configuration with `space.sample`, whatever the losses are: the baseline of every comparison.

    J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.
    """

    revision = 1
    independent = True
    libraries = ("numpy",)
    declared = Declaration()

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        self._space = space
        self._rng = np.random.default_rng(seed)

    def ask(self) -> Configuration:
        return self._space.sample(self._rng)

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Learns nothing."""


class RandomRungs:
    """The sequence of `RandomSearch`, each configuration looked at on every rung and none ended.

    It measures how well the losses of low rungs rank those at full fidelity.
    """

    revision = 1
    independent = True
    libraries = ("numpy",)
    declared = Declaration()

    def __init__(self, space: Space, seed: int, budget: int | None, resources: Sequence[int]) -> None:
        self._search, self._full = RandomSearch(space, seed, budget), resources[-1]

    def ask(self) -> Proposal:
        return Proposal(self._search.ask(), self._full)

    def report(self, proposal: Proposal, resource: int, loss: float) -> bool:
        return False

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        """Learns nothing."""
