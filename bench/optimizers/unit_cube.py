"""Ordered values as points of 0..1 that follow the reference distribution: of whole numbers and steps a bin each."""

import math
from typing import Any

from bench.space import Int, Ordered, Value, steps
from bench.space.scales import BACK, FORWARD


def ends(parameter: Ordered) -> tuple[float, float]:
    """What 0 and 1 stand for, on the parameter's scale: half a step beyond both ends where it has steps."""
    if parameter.stepped:
        return -0.5, steps(parameter) + 0.5
    half = 0.5 if isinstance(parameter, Int) else 0.0
    low, high = parameter.low - half, parameter.high + half
    on_scale = FORWARD[parameter.scale]
    return on_scale(low), on_scale(high)


def value(parameter: Ordered, x: float) -> Value:
    """The parameter's value at `x` of 0..1."""
    low, high = ends(parameter)
    place = low + x * (high - low)
    if parameter.stepped:
        return parameter.at(min(max(round(place), 0), steps(parameter)))
    number = BACK[parameter.scale](place)
    if isinstance(parameter, Int):
        return min(max(math.floor(number + 0.5), parameter.low), parameter.high)
    return min(max(number, parameter.low), parameter.high)


def place(parameter: Ordered, number: Any) -> float:
    """The point of 0..1 where `value` gives `number`: of a bin the middle, on the parameter's scale."""
    low, high = ends(parameter)
    if parameter.stepped:
        on_scale: float = parameter.place(number)
    else:
        on_scale = FORWARD[parameter.scale](number)
    return min(max((on_scale - low) / (high - low), 0.0), 1.0) if high > low else 0.5
