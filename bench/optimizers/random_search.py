"""Random search: independent draws from the space's reference law."""

import numpy as np

from bench.optimizers import Declaration
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
