"""A configuration of numbers as a point of a space, for functions that are formulas."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError
from bench.space import Value

Point = Mapping[str, Value]


def vector(configuration: Point, least: int) -> NDArray[np.float64]:
    """Its values in their order; raises `UserError` where there are fewer than `least`."""
    if len(configuration) < least:
        raise UserError(f"model.dimension={len(configuration)}: this function needs {least} or more")
    return np.array(list(configuration.values()), dtype=np.float64)


def numbered(configuration: Point, dimension: int) -> NDArray[np.float64]:
    """The values of x1, ..., x`dimension`."""
    return np.array([configuration[f"x{j}"] for j in range(1, dimension + 1)], dtype=np.float64)
