"""Nevergrad's optimizers that know the number of workers, asked and told."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from side_by_side import Make, Own


def nevergrad(method: str) -> Make:
    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        from loops_nevergrad import configuration, parametrization
        from nevergrad import optimizers

        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        try:
            native = parametrization()
            native.random_state = np.random.RandomState(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                own = optimizers.registry[method](native, budget=trials, num_workers=workers)

                def ask() -> Any:
                    candidate = own.ask()
                    return candidate, configuration(*candidate.args), 0

                yield Own(ask, lambda candidate, loss, _: own.tell(candidate, loss))
        finally:
            np.random.set_state(state)  # noqa: NPY002

    return made
