"""Hyperopt's adaptive TPE: `hyperopt.fmin` with `atpe.suggest`."""

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_OK, atpe
from hyperopt.base import trials_from_docs

from bench.optimizers import inactive
from bench.optimizers.hyperopt_fmin import Fmin
from bench.optimizers.hyperopt_space import encode
from bench.space import Configuration, Parameter, Space


class AdaptiveTPE(Fmin):
    """TPE whose settings, and which parameters to hold, LightGBM models that Hyperopt ships predict at every trial.

    Asks for what the following does, the state of both global generators apart, which is left as it was found:

        random.seed(seed)
        np.random.seed(seed)
        hyperopt.fmin(fn, space, atpe.suggest, max_evals=N, rstate=np.random.default_rng(seed))

    `atpe.suggest` does not use the seed that fmin gives it, but draws from these two. It knows no conditions: it
    draws every parameter, and so is shown all as active. It knows no failures (a trial without a loss is a `KeyError`
    there): it is told the loss it is given. It fails alike while a trial is open, and so is shown those alone that have
    ended. It reads its models anew for every trial, some tenths of a second.

    B. Arsenault, Learning to Optimize, 2018, and the docstring of `hyperopt.atpe`.
    """

    libraries = ("hyperopt", "lightgbm", "numpy", "scipy")
    conditions = False

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        with self._kept():  # its first use imports modules, which draw from the global generators
            atpe.ATPEOptimizer()
        super().__init__(space, seed, self._suggest, "random until 10 trials have a loss other than 0")
        self._random = random.Random(seed).getstate()  # noqa: S311
        self._numpy = np.random.RandomState(seed).get_state()
        if space.conditional:
            self.declared = replace(self.declared, inactive=inactive.SHOWN)

    def result(self, loss: float, failed: bool) -> dict[str, Any]:
        return {"loss": float(loss), "status": STATUS_OK}

    def shown(self, parameter: Parameter, configuration: Configuration) -> list[Any]:
        return [encode(parameter, False, inactive.value(parameter, configuration))]

    def _suggest(self, ids: list[int], domain: Any, trials: Any, seed: int) -> Any:
        finished = trials_from_docs([doc for doc in trials.trials if doc["state"] == JOB_STATE_DONE], validate=False)
        with self._own_random_state(), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of correlations of what is constant, or too large
            return atpe.suggest(ids, domain, finished, seed)

    @contextmanager
    def _own_random_state(self) -> Iterator[None]:
        with self._kept():
            random.setstate(self._random)
            np.random.set_state(self._numpy)  # noqa: NPY002
            yield
            self._random, self._numpy = random.getstate(), np.random.get_state()  # noqa: NPY002

    @staticmethod
    @contextmanager
    def _kept() -> Iterator[None]:
        """Leaves both global generators as they were found."""
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
