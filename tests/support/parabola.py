"""A function of two parameters, and of a fidelity, as cheap as can be."""

from typing import Any


def parabola(values: dict[str, Any], fidelity: int = 9) -> float:
    """The square of x, and k; 100 more for each rung below the ninth."""
    return float(values["x"] ** 2 + values["k"] + 100 * (9 - fidelity))
