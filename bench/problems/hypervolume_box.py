"""The box in which the hypervolume of several losses is measured, frozen: it follows from random draws of the problem.

Its lower corner is the ideal point, its upper one the reference point; a loss beyond the latter counts for nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.results.losses import front as rows_of_front

Floats = NDArray[np.float64]

DRAWS, SEED = 200, 0
"""How many configurations are drawn from the space's reference distribution, and the seed of the draws and of the
problem that they are evaluated on, where its split and its model follow the repetition's seed."""
MARGIN = 0.1
"""By how much the reference point is beyond the nadir, as a share of its distance from the ideal point."""


@dataclass(frozen=True)
class Box:
    """Two corners, each with a number for every loss, all minimised."""

    ideal: tuple[float, ...]
    reference: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the metadata of a run hold it."""
        return {"ideal": list(self.ideal), "reference": list(self.reference)}


def of_draws(losses: Floats, known_front: Floats | None = None) -> Box | None:
    """The box of validation losses, (draws, losses), without those that failed; None without any.

    With F the draws that no other dominates, the ideal point is min F and the nadir max F, by loss; the reference point
    is nadir + `MARGIN` (nadir - ideal). The nadir is that of the front, so that a draw that diverged does not move it.
    Where a loss is the same all over F, its nadir is the median of all draws in place of that, their highest where that
    is the same too, and else ideal + 1. Where the problem's own front is known, the ideal is no higher than its ideal,
    and the nadir no lower than its nadir: then nothing lies below the box.

    Nadir and reference point: Ishibuchi et al. (2018), How to Specify a Reference Point in Hypervolume Calculation for
    Fair Performance Comparison, Evolutionary Computation 26(3).
    """
    if not len(losses):
        return None
    front = losses[rows_of_front(losses)]
    ideal = front.min(axis=0)
    nadir = ideal.copy()
    for upper in (front.max(axis=0), np.median(losses, axis=0), losses.max(axis=0), ideal + 1):
        nadir = np.where(nadir > ideal, nadir, upper)
    if known_front is not None:
        ideal = np.minimum(ideal, known_front.min(axis=0))
        nadir = np.maximum(nadir, known_front.max(axis=0))
    reference = nadir + MARGIN * (nadir - ideal)
    return Box(tuple(ideal.tolist()), tuple(reference.tolist()))
