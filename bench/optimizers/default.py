"""The baseline that does nothing: the model's default configuration, once."""

from bench.optimizers import Declaration, Exhausted
from bench.space import Configuration, Space


class Default:
    """Asks for the space's default configuration, then is exhausted; what it found is held for the rest of the budget.

    What an optimiser must beat to have been worth its evaluations. Raises `UserError` where a parameter has no default.
    """

    revision = 1
    independent = True
    initial = False
    libraries = ()
    declared = Declaration(deterministic=True, fallback="proposes one configuration only, the defaults of the space")

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        self._left: list[Configuration] = [space.default()]

    def ask(self) -> Configuration:
        if not self._left:
            raise Exhausted("the default configuration was asked")
        return self._left.pop()

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Learns nothing."""
