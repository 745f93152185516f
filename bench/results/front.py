"""Which trials with several losses are worth taking home: those to which no other is at least equal in all of them."""

import numpy as np
from numpy.typing import NDArray


def front(losses: NDArray[np.float64]) -> list[int]:
    """The places of the Pareto front of losses, (trials, losses), ascending by the first loss, then the others.

    A trial is on it where no other has losses that are all at most its own; of equal ones the first is. Losses are
    finite.

    >>> front(np.array([[2.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.0, 2.0]]))
    [1, 0]
    """
    kept: list[int] = []
    for place in np.lexsort(
        losses.T[::-1]
    ):  # what comes later is no better than what came, and equals keep their order
        if not (losses[kept] <= losses[place]).all(axis=1).any():
            kept.append(int(place))
    return kept
