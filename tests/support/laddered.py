"""A model of rounds that costs nothing, and optimisers that know fidelities, of the simplest kind.

Training number LADDER_HANGS_AT of a process hangs after its first rung, and says so by a file beside TOY_LOG.
"""

import itertools
import os
import time
from pathlib import Path

import numpy as np
from toy import Toy, ToyFitted

from bench.optimizers import Proposal
from bench.optimizers.random_search import RandomSearch

_TRAININGS = itertools.count(1)
LADDER = "+model.fidelity={unit: rounds, low: 1, high: 9, eta: 3}"
"""Rungs of 1, 3 and 9 rounds."""


class Rounds(Toy):
    """The toy, of 9 rounds, of which the first see another `x`: the fewer, the farther off."""

    rounds = 9

    def fit(self, configuration, train, stop, seed, threads, step=None):
        fitted = super().fit(configuration, train, stop, seed, threads, step)
        _fail_after_one(9, configuration["x"])
        return fitted

    def fit_rungs(self, configuration, train, stop, seed, threads, rungs, at):
        x = configuration["x"]
        whole = super().fit(configuration, train, stop, seed, threads)
        hangs = os.environ.get("LADDER_HANGS_AT") == str(next(_TRAININGS))
        for place, rung in enumerate(rungs):
            if hangs and place == 1:
                Path(os.environ["TOY_LOG"] + ".hangs").touch()
                time.sleep(600)
            _fail_after_one(rung, x)
            off = (1 - rung / 9) * np.sin(50 * x) * 0.3
            if at(rung, whole if rung == 9 else ToyFitted(x + off, self.classes)):
                return


def _fail_after_one(rung, x):
    if rung > 1 and int(1000 * x) % 3 == 0:
        raise ValueError("it fails after a round")


class Raising:
    """Whether optimisers raise at the ask that they are told to."""

    raises = True


class _Random:
    last = []  # noqa: RUF012
    """What the optimiser that was made last was told."""

    def __init__(self, space, seed, budget, resources, raise_at=None):
        self._random, self._resources = RandomSearch(space, seed, budget), resources
        self._left = raise_at
        self.told = _Random.last = []

    def configuration(self):
        if self._left is not None and Raising.raises:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("no more ideas")
        return self._random.ask()

    def tell(self, proposal, loss, failed=False):
        self.told.append((proposal, loss, failed))


class Halving(_Random):
    """A pruner: ends what is worse than the median of all that has been reported at the resource."""

    def __init__(self, space, seed, budget, resources, raise_at=None):
        super().__init__(space, seed, budget, resources, raise_at)
        self._reported = {resource: [] for resource in resources}

    def ask(self):
        return Proposal(self.configuration(), self._resources[-1])

    def report(self, proposal, resource, loss):
        self._reported[resource].append(loss)
        return loss > np.median(self._reported[resource])


class Choosing(_Random):
    """Begins three at the lowest fidelity, and goes on with the best of them, resource by resource."""

    def __init__(self, space, seed, budget, resources, raise_at=None):
        super().__init__(space, seed, budget, resources, raise_at)
        self._asked = 0

    def ask(self):
        place = self._asked % (2 + len(self._resources))
        self._asked += 1
        if place < 3:
            return Proposal(self.configuration(), self._resources[0])
        best = min(self.told[-place:], key=lambda told: (told[2], told[1]))[0] if place == 3 else self.told[-1][0]
        goes_on = 0 if self.told[-1][2] else self._resources[place - 3]
        return Proposal(best.configuration, self._resources[place - 2], goes_on)


class Folded(Halving):
    """A pruner that compares fold by fold, and notes what it is told of each."""

    by_fold = True
    reports: list[tuple[int, float]] = []  # noqa: RUF012

    def report(self, proposal, resource, loss):
        self.reports.append((resource, loss))
        return super().report(proposal, resource, loss)


class Astray(_Random):
    """Asks for a fidelity that there is not, or goes on from where it has not been."""

    def __init__(self, space, seed, budget, resources, continues=0):
        super().__init__(space, seed, budget, resources)
        self._continues = continues

    def ask(self):
        return Proposal(self.configuration(), 3 if self._continues else 5, self._continues)


class Noting:
    """Random search that notes what it was asked and told, by number; played by itself, it asks for numbers alone."""

    log: list[tuple[str, int]] = []  # noqa: RUF012

    def __init__(self, space, seed, budget, texts=None):
        self._random = None if space is None else RandomSearch(space, seed, budget)
        self.texts, self.asked, self.events = texts or [], 0, []
        if space is not None:
            Noting.log = self.events

    def ask(self):
        self.events.append(("ask", self.asked))
        self.asked += 1
        if self._random is None:
            return self.asked - 1
        configuration = self._random.ask()
        self.texts.append(configuration)
        return configuration

    def tell(self, configuration, loss=0.0, failed=False):
        number = configuration if self._random is None else self.texts.index(configuration)
        self.events.append(("tell", number))
