"""Losses near the ends of what a float holds: differences of such numbers overflow, and no axis is drawn for them."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.report.runs import curves
from bench.report.runs.curves import Comparison
from bench.results import Results

T = TypeVar("T")

LARGEST = 1e150
"""The largest loss, by its size, that figures and tests hold: its square is far from overflowing."""
LEAST = 1e-250
"""The least size but 0 of which nothing need be feared: ratios of greater ones do not overflow."""


def beyond(comparison: Comparison, results: Results) -> str | None:
    """Why a problem cannot be drawn: losses that its runs end with are beyond `LARGEST`; None where none is."""
    ran = comparison.runs[comparison.runs["trials"] > 0]
    last = (ran["first"] + ran["trials"] - 1).to_numpy()
    ends = np.concatenate([results.trials[name].to_numpy()[last] for name in ("best_loss", "incumbent_test_loss")])
    largest = float(_sizes(ends).max(initial=0.0))
    if largest <= LARGEST:
        return None
    return (
        f"its losses reach {largest:.3g} in size, and figures and tests hold numbers up to {LARGEST:g}; "
        "scale its loss down"
    )


def near(comparison: Comparison, results: Results) -> bool:
    """Whether any of its losses is so large, or so near 0, that its figures may not come out."""
    rows = results.trials.iloc[curves.positions(comparison.runs)]
    for name in ("loss", "best_loss", "incumbent_test_loss"):
        sizes = _sizes(rows[name].to_numpy())
        if ((sizes > LARGEST) | ((sizes > 0) & (sizes < LEAST))).any():
            return True
    return False


def guarded(draw: Callable[[], T], comparison: Comparison, results: Results) -> T | str:
    """What `draw` makes of a problem, or why it cannot be drawn.

    Only where its losses are near an end is an error of arithmetic taken for theirs; elsewhere it would be ours.
    """
    reason = beyond(comparison, results)
    if reason is not None:
        return reason
    if not near(comparison, results):
        return draw()
    try:
        with np.errstate(over="raise", under="ignore", divide="ignore", invalid="ignore"):
            return draw()
    except (ArithmeticError, ValueError):
        return (
            f"some of its losses are beyond {LARGEST:g} in size, or nearer to 0 than {LEAST:g}, of which no figure "
            "comes out; scale its loss, or take its logarithm"
        )


def _sizes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes: NDArray[np.float64] = np.abs(values[np.isfinite(values)])
    return sizes
