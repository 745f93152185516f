"""Random search: draws from the space's reference distribution, independent or without replacement."""

from collections.abc import Sequence

import numpy as np

from bench.errors import UserError
from bench.optimizers import Declaration, Exhausted, Proposal
from bench.space import Configuration, Space, to_json

PATIENCE = 10_000
"""After so many draws in a row that were all drawn before, a space counts as exhausted."""


class RandomSearch:
    """Draws each configuration with `space.sample`, whatever the losses are: the baseline of every comparison.

    J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.

    Settings:
        replace: whether a configuration may be drawn again; without replacement one that was drawn before is drawn
            anew, so that on a continuous space both are the same sequence.
    """

    revision = 1
    independent = True
    libraries = ("numpy",)
    declared = Declaration()

    def __init__(self, space: Space, seed: int, budget: int | None, replace: bool = True) -> None:
        if not isinstance(replace, bool):
            raise UserError(f"optimizer.settings.replace={replace!r}: expected true or false")
        self._space = space
        self._rng = np.random.default_rng(seed)
        self._drawn: set[str] | None = None if replace else set()

    def ask(self) -> Configuration:
        if self._drawn is None:
            return self._space.sample(self._rng)
        for _ in range(PATIENCE):
            configuration = self._space.sample(self._rng)
            text = to_json(configuration)
            if text not in self._drawn:
                self._drawn.add(text)
                return configuration
        raise Exhausted(f"{PATIENCE} draws in a row were among the {len(self._drawn)} that were drawn before")

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
