"""my_optimizer: say here what the method is, and cite it."""

import numpy as np

from bench.space import Configuration, Space


class MyOptimizer:
    """Random search, for a start: put your method into `ask` and `tell`.

    What else an optimiser may say of itself is in the docstrings of bench/optimizers/__init__.py: `Declaration`, where
    its library cannot express the space exactly; `Exhausted`, raised by `ask` when nothing is left to ask for.
    """

    revision = 1  # raise it when the same seed gives another sequence
    libraries = ("numpy",)  # the distributions whose versions decide the sequence

    def __init__(self, space: Space, seed: int, budget: int | None, keep: int = 10) -> None:
        """`budget` is in trials, None where time is the limit; what follows is set by `settings` in the YAML."""
        self.space, self.keep = space, keep
        self.rng = np.random.default_rng(seed)  # all chance comes from here, so that a seed gives one sequence
        self.best: list[tuple[float, Configuration]] = []

    def ask(self) -> Configuration:
        """The next configuration: one value for each active parameter."""
        # Begin here: use what self.best knows. The parameters, in order, are self.space.parameters; each has a
        # `kind`, a range (`low`, `high`, `scale`, `step`) or `choices`, and perhaps `when`, what it rests on.
        return self.space.sample(self.rng)

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Its loss, always finite: smaller is better; of a failed trial the worst so far."""
        if not failed:
            self.best = sorted([*self.best, (loss, configuration)], key=lambda pair: pair[0])[: self.keep]
