"""Models, one file each: `fit` a configuration on one part of the data, stop early on another, predict.

A model is built once per process as `cls(task, classes, **settings)` and fitted many times; a fit is the same to the
bit for the same arguments, whatever was fitted before. `task` is one of `bench.metrics.TASKS`, `classes` the number of
classes, 0 where there are none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.space import Value

if TYPE_CHECKING:
    import pandas as pd

Step = Callable[[int, float], bool]
"""`step(number, loss)` is called after each round or epoch, counted from 1, with the loss on the stop part.

Training ends where it returns True. A model without rounds does not call it, and one without the argument cannot be
ended. The same function goes through `Problem.evaluate`, which hands it to each fit.
"""

At = Callable[[int, "Fitted"], bool]
"""`at(rung, fitted)` is called where training has reached a rung: a number of rounds or epochs.

`fitted` is to the bit what `fit` with as many rounds would have returned. It is of use until `at` returns: training may
go on in it. Training ends where `at` returns True.
"""


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a dataset. Two parts are never equal, so that a model can keep what it derives from one."""

    features: "pd.DataFrame"
    """Numbers as float64, NaN where missing; text as `category`, code -1 where missing."""
    target: NDArray[Any]
    """Codes of classes, or numbers."""
    weights: NDArray[np.float64] | None = None
    """One weight a row, above or equal to 0, for training and for losses; None: all rows weigh the same."""


class Fitted(Protocol):
    """A trained model.

    It may have `size() -> int` as well, the same for each prediction: the leaves of the trees that it predicts with, or
    its number of parameters. Without it, and without `rounds` in its details, these are no objectives of a run.
    """

    @property
    def curve(self) -> Sequence[float]:
        """The loss on the stop part after each round or epoch; empty where the model has none."""
        ...

    def predict(self, features: "pd.DataFrame") -> NDArray[np.float64]:
        """Class probabilities, shape (rows, classes); for regression values, for counts expected counts: (rows,)."""
        ...

    def details(self) -> dict[str, Any]:
        """What is worth keeping with the trial, as plain data (rounds, ...)."""
        ...


class Model(Protocol):
    """What can be fitted.

    A model may also have three functions and `preparation`, a mapping that says how it turns features into numbers,
    which is recorded with its runs; and be without them:

    `prepare(train, stop, seed, threads)` is called once before its first fit on these parts: what it does there is
    charged to no trial.

    `check_space(space, features=None)` is called once when the space is read, before anything is fitted. It raises
    `UserError` for a hyperparameter that the model does not read, or has a value that it does not take, and returns a
    list of warnings, one line each, of those that have no effect here; both begin with `space.NAME: `. `features` are
    those of the whole dataset, None where it is not loaded: to see whether there are categories, never to learn from.

    `fit_rungs(configuration, train, stop, seed, threads, rungs, at)` is for a model whose training has rounds or
    epochs. `rungs` are ascending and at most its own number of these. It is one training, which calls `at` (see `At`)
    at each rung, and where early stopping ends it sooner, with its result for each rung that is left. One training then
    gives the evaluations at several fidelities.
    """

    revision: int
    """Raised when the same arguments give other bits."""
    libraries: tuple[str, ...]
    """The distributions whose versions decide the bits."""
    threads_matter: bool
    """Whether the number of threads decides the bits."""

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> Fitted:
        """Train on `train`, choosing the rounds or epochs on `stop`, until the end or where `step` ends it.

        A model may leave `step` out.
        """
        ...
