"""A configuration as numbers that trees can part: an ordered parameter by its place on its scale, others by choice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.optimizers.unit_cube import place
from bench.space import Categorical, Configuration, Parameter, Space

INACTIVE = -1.0
"""The place of a parameter that is not active; those that are lie in 0..1."""


@dataclass(frozen=True)
class Encoding:
    """The columns of a space: one for each ordered parameter, one for each choice of a categorical one."""

    space: Space

    @property
    def names(self) -> list[str]:
        """What each column is of: `rate`, or of a choice `kind=0`, its number."""
        return [
            f"{parameter.name}={number}" if number is not None else parameter.name
            for parameter in self.space.parameters
            for number in _numbers(parameter)
        ]

    def row(self, configuration: Configuration) -> NDArray[np.float64]:
        """The numbers of a configuration of the space, (columns,), as exact as trees take them (single precision)."""
        numbers: list[float] = []
        for parameter in self.space.parameters:
            active = parameter.name in configuration
            if isinstance(parameter, Categorical):
                value = configuration.get(parameter.name)
                at = parameter.choices.index(value) if active else None
                numbers += [float(number == at) for number in range(len(parameter.choices))]
            else:
                numbers.append(place(parameter, configuration[parameter.name]) if active else INACTIVE)
        return np.array(numbers, dtype=np.float32).astype(np.float64)


def _numbers(parameter: Parameter) -> list[int | None]:
    return list(range(len(parameter.choices))) if isinstance(parameter, Categorical) else [None]
