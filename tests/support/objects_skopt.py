"""scikit-optimize's `Optimizer`, asked and told."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from side_by_side import Make, Own


def skopt(*arguments: Any, **settings: Any) -> Make:
    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        import skopt
        from loops_skopt import NAMES, native

        own = skopt.Optimizer(native(), *arguments, random_state=seed, **settings)

        def ask() -> Any:
            point = own.ask()
            plainly = [value.item() if isinstance(value, np.generic) else value for value in point]
            return point, dict(zip(NAMES, plainly, strict=True)), 0

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Own(ask, lambda point, loss, _: own.tell(point, loss))

    return made
