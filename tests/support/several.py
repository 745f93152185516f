"""A model of a size of its own that costs nothing, and optimisers of several losses, of the simplest kind."""

from laddered import Choosing
from toy import Toy, ToyFitted

from bench.optimizers.optuna_genetic import NSGA2
from bench.optimizers.random_search import RandomSearch

LOG: list[tuple[object, bool]] = []
"""What an optimiser of this file was told: loss or losses, and whether it had failed."""


class Sized(Toy):
    """The toy, the larger the smaller its `x`."""

    def fit(self, configuration, train, stop, seed, threads, step=None):
        super().fit(configuration, train, stop, seed, threads, step)
        return SizedFitted(configuration["x"], self.classes)


class SizedFitted(ToyFitted):
    def size(self):
        return round(1000 / (0.1 + self._x))


class SizedRounds(Sized):
    """The same, of 9 rounds, of which the first see another `x`."""

    rounds = 9

    def fit_rungs(self, configuration, train, stop, seed, threads, rungs, at):
        for rung in rungs:
            if at(rung, self.fit({"x": configuration["x"] * (8 + rung / 9) / 9}, train, stop, seed, threads)):
                return


class Told(RandomSearch):
    """Random search that notes what it is told of several losses."""

    independent = False

    def __init__(self, space, seed, budget, objectives=1):
        super().__init__(space, seed, budget)
        self.objectives = objectives

    def tell(self, configuration, loss, failed=False):
        assert len(loss) == self.objectives
        LOG.append((loss, failed))


class OfOne(RandomSearch):
    """The same of one loss."""

    independent = False

    def tell(self, configuration, loss, failed=False):
        LOG.append((loss, failed))


class Both(Choosing):
    """Knows fidelities and several losses."""

    def __init__(self, space, seed, budget, resources, objectives=1):
        super().__init__(space, seed, budget, resources)
        self.objectives = objectives

    def tell(self, proposal, loss, failed=False):
        assert len(loss) == self.objectives
        LOG.append((loss, failed))
        super().tell(proposal, loss, failed)


class Ending(NSGA2):
    """Optuna's NSGA-II, which raises at an ask for as long as `raises` is set."""

    raises = True

    def __init__(self, space, seed, budget, objectives=1, raise_at=10**9, **settings):
        super().__init__(space, seed, budget, objectives=objectives, **settings)
        self._left = raise_at

    def ask(self):
        self._left -= 1
        if self._left < 0 and Ending.raises:
            raise RuntimeError("no more ideas")
        return super().ask()
