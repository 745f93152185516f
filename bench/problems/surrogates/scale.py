"""How what trees predict is turned back into losses."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """How a loss is fitted: along `scores` and `losses`, ascending; as it is where there are none."""

    scores: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()

    def back(self, fitted: Any) -> Any:
        """The losses of fitted values, within those that were seen."""
        return np.interp(fitted, self._scores, self._losses) if self.scores else fitted

    @cached_property
    def _scores(self) -> Floats:
        return np.array(self.scores)

    @cached_property
    def _losses(self) -> Floats:
        return np.array(self.losses)
