"""What an optimiser's model says at given configurations, as plain data that can be stored and drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.space import Configuration

MODELS = ("mean", "std", "good", "rest")
"""Names of curves that are the model itself; every other one is an acquisition function, of which more is better.

`mean` and `std` are those of the loss that is predicted; `good` and `rest` are the densities l(x) and g(x) of TPE.
"""


@dataclass(frozen=True)
class Normal:
    """The normal distribution that a proposal was drawn from, in the coordinates of its library."""

    parameters: Sequence[str]
    """Which parameter each of the d coordinates is of."""
    mean: NDArray[np.float64]
    """Shape (d,)."""
    covariance: NDArray[np.float64]
    """Shape (d, d), the step size in it."""
    coordinates: NDArray[np.float64]
    """Shape (n, d): those of the n points that were given."""
    generation: int
    """How often the library had changed it, from 0."""


@dataclass(frozen=True)
class Surrogate:
    """The model that a proposal was chosen by."""

    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """By name, the value at each of the points that were given: of `MODELS`, and of acquisition functions."""
    proposals: Mapping[str, Configuration] = field(default_factory=dict)
    """By acquisition function, the point where the library found its maximum, where it tells."""
    chosen: str = ""
    """The acquisition function that chose the proposal; of several that chose the same, the first; empty where none
    did, as where the library proposes a random point in place of one that was evaluated before."""
    good: Sequence[Configuration] = field(default_factory=tuple)
    """The configurations that `good` is a density of."""
    normal: Normal | None = None
    """What the proposal was drawn from, of a method that draws it."""
    scale: str = ""
    """What `mean` and `std` are of, in words, where it is not the loss itself: scaled log loss."""
    targets: Sequence[tuple[Configuration, float]] = field(default_factory=tuple)
    """What the model was fitted to, on that scale."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """By acquisition function, what it has gained so far, where one of several is drawn by that."""


class Explained(Protocol):
    """An optimiser that shows its model: `surrogate` is an optional method of `bench.optimizers.Optimizer`."""

    def ask(self) -> Configuration: ...

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None: ...

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """The model that the last proposal was chosen by, at `points`; None where it was drawn without one.

        Called between `ask` and `tell`. It must change nothing: neither the random state nor what is asked next.
        """
        ...
