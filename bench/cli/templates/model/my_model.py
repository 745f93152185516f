"""my_model: say here what the model is, and cite it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.models import Part, Step
from bench.space import Value

Numbers = NDArray[np.float64]


class MyModel:
    """The mean of the targets around a row, nearer ones weighing more, for a start: put your model into `fit`.

    E. Nadaraya, On Estimating Regression, Theory of Probability and its Applications 9(1), 1964.
    """

    revision = 1  # raise it when the same arguments give other bits
    libraries = ("numpy", "pandas")  # the distributions whose versions decide the bits
    threads_matter = False  # whether the number of threads decides them too

    def __init__(self, task: str, classes: int, neighbours: int = 200) -> None:
        """`classes` is 0 where there are none; what follows is set by `settings` in the YAML."""
        self.classes, self.neighbours = classes, neighbours

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> "Fitted":
        """Train on `train`; `stop` is for choosing rounds or epochs. All chance comes from `seed`."""
        # Begin here. A part's features are a frame: numbers as float64, NaN where missing; text as categories.
        rows = np.random.default_rng(seed).permutation(len(train.target))[: self.neighbours]
        center, scale = train.features.mean(numeric_only=True), train.features.std(numeric_only=True).replace(0, 1)
        targets = np.eye(self.classes)[train.target[rows]] if self.classes else train.target[rows, None]
        weights = np.ones(len(rows)) if train.weights is None else train.weights[rows]
        fitted = Fitted(configuration, center, scale, targets, weights)
        fitted.places = fitted.numbers(train.features.iloc[rows])
        return fitted


@dataclass
class Fitted:
    """A trained model."""

    configuration: Mapping[str, Value]
    center: "pd.Series[float]"
    scale: "pd.Series[float]"
    targets: Numbers
    weights: Numbers
    places: Numbers = field(default_factory=lambda: np.zeros((0, 0)))
    curve: tuple[float, ...] = ()
    """The loss on the stop part after each round; none here."""

    def predict(self, features: pd.DataFrame) -> Numbers:
        """Class probabilities, shape (rows, classes); for regression values, shape (rows,)."""
        places = self.numbers(features)
        distances = np.stack([np.abs(self.places - place).mean(axis=1) for place in places])
        width, floor = (float(self.configuration[name] or 0) for name in ("width", "floor"))
        near = (np.exp(-((distances / width) ** 2)) + floor) * (self.weights + 1e-12)
        means: Numbers = near @ self.targets / near.sum(axis=1, keepdims=True)
        return means if means.shape[1] > 1 else means[:, 0]

    def details(self) -> dict[str, Any]:
        """What is worth keeping with the trial, as plain data."""
        return {"rows": len(self.places)}

    def numbers(self, features: pd.DataFrame) -> Numbers:
        """The number columns on one scale, the mean where one is missing."""
        scaled: Numbers = ((features[self.center.index] - self.center) / self.scale).fillna(0.0).to_numpy()
        return scaled
