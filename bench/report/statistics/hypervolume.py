"""Scores of sets of losses, all minimised: hypervolume, distance from a known front, attainment; by moocore.

`moocore` is imported where it is first needed: a report of one loss starts without it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def missing(losses: Floats, ideal: Floats, reference: Floats) -> float:
    """1 minus the normalised hypervolume of the rows of `losses`, (points, losses).

        1 - |union over rows x of [x, reference]| / |[ideal, reference]|

    At most 1, which it is where no row is below the reference point in every loss: what is beyond it counts for
    nothing. Below 0 where rows cover more than the box, beyond its ideal point. Rows that are not finite count for
    nothing. E. Zitzler and L. Thiele (1998), Multiobjective Optimization Using Evolutionary Algorithms, PPSN V.
    """
    import moocore  # noqa: PLC0415

    finite = losses[np.isfinite(losses).all(axis=1)]
    if not len(finite):
        return 1.0
    return 1.0 - float(moocore.hypervolume((finite - ideal) / (reference - ideal), ref=1.0))


def by_trial(validation: Floats, test: Floats, ideal: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """`missing` of the front after each trial, (trials,): of its validation losses, and of the test losses of the same.

    The front is that of the validation losses of the trials so far, whatever their test losses are. +inf before the
    first trial that has losses; the second +inf throughout where no trial of the front has test losses. The first never
    rises; the second may.
    """
    values, tested = (np.full(len(validation), np.inf) for _ in range(2))
    kept: list[int] = []
    value = after = np.inf
    for trial in range(len(validation)):
        own = validation[trial]
        if np.isfinite(own).all() and not (validation[kept] <= own).all(axis=1).any():
            beaten = (own <= validation[kept]).all(axis=1)
            kept = [other for other, out in zip(kept, beaten, strict=True) if not out] + [trial]
            value = min(value, missing(validation[kept], ideal, reference))
            known = np.isfinite(test[kept]).all(axis=1).any()
            after = missing(test[kept], ideal, reference) if known else np.inf
        values[trial], tested[trial] = value, after
    return values, tested


def distance(losses: Floats, known: Floats) -> float:
    """IGD+ of `losses`, (points, losses), from points of the `known` front, (n, losses); +inf without any.

        1/n sum over z in known of min over x in losses of |max(x - z, 0)|

    H. Ishibuchi, H. Masuda, Y. Tanigaki and Y. Nojima (2015), Modified Distance Calculation in Generational Distance
    and Inverted Generational Distance, EMO.
    """
    import moocore  # noqa: PLC0415

    return float(moocore.igd_plus(losses, ref=known)) if len(losses) else np.inf


def attained(fronts: Sequence[Floats], shares: Sequence[float]) -> list[Floats]:
    """For each share in (0, 1] the corners of the empirical attainment surface of two losses, (corners, 2).

    Of n fronts, (points, 2) each, a place is attained by those that have a point no higher in either loss. The surface
    of a share is the lower edge of what at least ceil(share n) of them attain, in ascending order of the first loss;
    empty where no place is. A front without points attains nothing. V. Grunert da Fonseca, C. M. Fonseca and A. O. Hall
    (2001), Inferential Performance Assessment of Stochastic Optimisers and the Attainment Function, EMO.
    """
    import moocore  # noqa: PLC0415

    there = [points for points in fronts if len(points)]
    needed = [int(np.ceil(share * len(fronts) - 1e-9)) for share in shares]
    if not there:
        return [np.empty((0, 2)) for _ in shares]
    sets = np.repeat(np.arange(len(there)), [len(points) for points in there])
    percents = sorted({100 * count / len(there) for count in needed if count <= len(there)})
    surfaces = moocore.eaf(np.concatenate(there), sets, percentiles=percents)
    of_count = {}
    for percent in percents:
        corners = surfaces[np.isclose(surfaces[:, 2], percent)][:, :2]
        of_count[round(percent * len(there) / 100)] = corners[np.argsort(corners[:, 0], kind="stable")]
    return [of_count.get(count, np.empty((0, 2))) for count in needed]
