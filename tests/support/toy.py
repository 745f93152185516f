"""A model that costs nothing and does what a test tells it to, and optimisers that misbehave.

Its loss is the log loss of a constant prediction: a smooth function of `x` in 0..1, least at the share of class 0.
Every fit is written as one line to the file named by TOY_LOG, before it starts. Fit number TOY_HANGS_AT of a process
never ends; an optimiser `Doomed` ends its worker and the command with its result number TOY_DOOM. Neither is part of
what a run is, so that the same run goes on without them.
"""

import ctypes
import itertools
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.optimizers.random_search import RandomSearch

_FITS = itertools.count(1)


class Toy:
    revision = 1
    libraries = ("numpy",)
    threads_matter = False

    def __init__(
        self, task: str, classes: int, sleep: float = 0.0, fail_above: float = 2.0, die_above: float = 2.0, how="kill"
    ):
        """`how` it dies: one of the ways of `misbehave`, or several, by how far above `die_above` its `x` is."""
        self.classes, self.sleep, self.fail_above, self.die_above = classes, sleep, fail_above, die_above
        self.how = how

    def fit(self, configuration, train, stop, seed, threads, step=None):
        x = configuration["x"]
        if log := os.environ.get("TOY_LOG"):
            with Path(log).open("a") as file:
                file.write(f"{x!r}\n")
        if os.environ.get("TOY_HANGS_AT") == str(next(_FITS)):
            time.sleep(600)
        time.sleep(self.sleep)
        if x > self.die_above:
            ways = [self.how] if isinstance(self.how, str) else self.how
            misbehave(ways[int((x - self.die_above) / (1 - self.die_above) * len(ways))])
        if x > self.fail_above:
            raise ValueError(f"x={x:.3f} is too much\nfor this model")
        return ToyFitted(x, self.classes)


def misbehave(how: str) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "segfault":
        ctypes.string_at(0)
    elif how == "exit":
        os._exit(3)
    elif how == "loop":
        while True:
            pass
    elif how == "stuck":  # in code that lets no other thread of Python run
        ctypes.PyDLL(None).sleep(600)
    elif how == "memory":
        taken = []
        while len(taken) < 40:
            taken.append(np.ones(2**23))  # 64 MiB
            time.sleep(0.01)


class ToyFitted:
    def __init__(self, x: float, classes: int):
        self.curve, self._x, self._classes = [1.0, 0.5], x, classes

    def predict(self, features):
        x = min(max(self._x, 1e-6), 1 - 1e-6)
        return np.tile([x] + [(1 - x) / (self._classes - 1)] * (self._classes - 1), (len(features), 1))

    def details(self) -> dict[str, Any]:
        return {"rounds": 2}


class Recorder(RandomSearch):
    """Random search that remembers what it was told."""

    told: list[tuple[float, bool]] = []  # noqa: RUF012

    def tell(self, configuration, loss, failed=False):
        self.told.append((loss, failed))


class Raising(RandomSearch):
    """Raises in `ask` at its `at`-th call."""

    def __init__(self, space, seed, budget, at=3):
        super().__init__(space, seed, budget)
        self._left = at

    def ask(self):
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("no more ideas")
        return super().ask()


class Dying(RandomSearch):
    """Kills its process in `ask` at its second call."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self._asks = 0

    def ask(self):
        self._asks += 1
        if self._asks == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().ask()


class Doomed(RandomSearch):
    """Kills the command and its own worker where it is told its result number TOY_DOOM, which the store has by then."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self._results = 0

    def tell(self, configuration, loss, failed=False):
        self._results += 1
        if os.environ.get("TOY_DOOM") == str(self._results):
            command = psutil.Process().parent()
            if command is not None and "bench" in command.cmdline():  # else another worker was quicker
                command.kill()
            os.kill(os.getpid(), signal.SIGKILL)


class Invalid:
    def __init__(self, space, seed, budget): ...

    def ask(self):
        return {"x": 7.0}

    def tell(self, configuration, loss, failed=False): ...


class Unseeded:
    """Asks something else each time."""

    def __init__(self, space, seed, budget): ...

    def ask(self):
        return {"x": random.random()}

    def tell(self, configuration, loss, failed=False): ...


class Stubborn:
    """Asks the same few points again and again, known in advance."""

    independent = True

    def __init__(self, space, seed, budget, points=5):
        self._i, self._points = 0, points

    def ask(self):
        self._i += 1
        return {"x": (self._i % self._points + 0.5) / self._points}

    def tell(self, configuration, loss, failed=False): ...


class Hanging(RandomSearch):
    """Never answers its fourth question."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self._asked = 0

    def ask(self):
        self._asked += 1
        while self._asked > 3:
            time.sleep(0.1)
        return super().ask()
