"""Axes with few round marks, linear or logarithmic, in one notation without mathematics; where they are cut off."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from bench.report.figures import canvas
from bench.report.look import style

LEAST = 1e-60
"""Losses on a logarithmic axis lie between this and its inverse: what is drawn off the axis must be a number too."""
MOST_LINEAR = 2.0
"""The decades that losses may span on a linear axis; beyond, the axis is logarithmic."""

_MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def set_x(axes: Axes, low: float, high: float, log: bool = False, longest: float | None = None) -> None:
    """The horizontal axis; `longest`, the last evaluation, where it counts evaluations from 1."""
    axes.set_xlim(low, high)
    few = 6 if canvas.sheet().width > 4 else 3
    if log:
        _logarithmic(axes, "x", low, high, few + 1, longest)
    elif longest is not None:
        axes.set_xticks(ticks(int(longest), few))
        axes.xaxis.set_major_formatter(_Alike())
    else:
        _linear(axes, "x", few)


def set_y(axes: Axes, low: float, high: float, log: bool = False) -> None:
    """The vertical axis."""
    axes.set_ylim(low, high)
    if log:
        _logarithmic(axes, "y", low, high, 7)
    else:
        _linear(axes, "y", 6)


def ticks(longest: int, few: int = 6) -> list[int]:
    """Numbers of evaluations to mark: 1, round ones, and the last where it stands free.

    >>> ticks(20)
    [1, 5, 10, 15, 20]
    """
    steps = (factor * 10**power for power in range(12) for factor in (1, 2, 5))
    step = next(step for step in steps if longest / step <= few)
    inner = [place for place in range(step, longest + 1, step) if place - 1 >= step * 0.5]
    if inner and longest - inner[-1] < step * 0.5:
        inner[-1] = longest
    elif not inner or inner[-1] != longest:
        inner.append(longest)
    return [1, *[place for place in inner if place > 1]]


def decades(low: float, high: float, few: int) -> list[float]:
    """Marks of a logarithmic axis: powers of ten, every n-th where there are many, their 2 and 5 where there are few.

    >>> decades(0.5, 120, 6)
    [1.0, 10.0, 100.0]
    >>> decades(0.9, 8, 6)
    [1.0, 2.0, 5.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [power for power in range(first, last + 1) if low <= _ten(power) <= high]
    if len(powers) > 2:
        every = math.ceil(len(powers) / few)
        return [_ten(power) for power in powers if power % every == 0]
    marks = [factor * _ten(power) for power in range(first, last + 1) for factor in (1, 2, 5)]
    marks = [value for value in marks if low <= value <= high]
    if len(marks) > 2:
        return marks
    return [float(value) for value in MaxNLocator(nbins=4).tick_values(low, high) if low <= value <= high]


def written(value: float) -> str:
    """A number in few letters: on a logarithmic axis, or as the end of a range.

    >>> [written(value) for value in (0.002, 50.0, 1e-5, 2e6)]
    ['0.002', '50', '10⁻⁵', '2·10⁶']
    """
    if value < 0:
        return f"{_MINUS}{written(-value)}"
    if value == 0 or 1e-3 <= value < 1e5:
        return f"{value:.4g}" if value < 1e4 else f"{value:.0f}"
    return _raised(value)


def alike(values: Sequence[float]) -> list[str]:
    """Numbers of one logarithmic axis in one notation: all as decimals, or all as powers of ten.

    >>> alike([0.001, 0.01]), alike([0.0001, 0.001, 0.02])
    (['0.001', '0.01'], ['10⁻⁴', '10⁻³', '2·10⁻²'])
    """
    if all(value == 0 or 1e-3 <= abs(value) < 1e5 for value in values):
        return [written(value) for value in values]
    return ["0" if value == 0 else f"{_MINUS if value < 0 else ''}{_raised(abs(value))}" for value in values]


def even(values: Sequence[float]) -> list[str]:
    """Evenly spaced numbers of one linear axis: with as many decimals each, or as multiples of one power of ten.

    >>> even([0, 0.25, 0.5]), even([0, 1e-5, 2e-5]), even([0.5, 1])
    (['0.00', '0.25', '0.50'], ['0', '1·10⁻⁵', '2·10⁻⁵'], ['0.5', '1.0'])
    """
    largest = max((abs(value) for value in values), default=0.0)
    small = largest > 0 and not 1e-3 <= largest < 1e6
    power = math.floor(math.log10(largest) + 1e-9) if small else 0
    shares = [value / _ten(power) if power > -300 else 0.0 for value in values]
    step = min((abs(b - a) for a, b in pairwise(shares)), default=0.0) or largest / _ten(max(power, -300)) or 1.0
    digits = next((digits for digits in range(12) if all(abs(round(x, digits) - x) < 1e-3 * step for x in shares)), 12)
    raised = f"·10{str(power).translate(_RAISED)}" if small else ""
    return [
        "0" if share == 0 and small else f"{share:.{digits}f}{raised}".replace("-", _MINUS, 1)
        for share in (0.0 if abs(share) < 1e-9 * step else share for share in shares)
    ]


def spans_decades(values: NDArray[np.float64]) -> bool:
    """Whether losses are drawn on a logarithmic axis: all positive, in a `robust` range of over two decades."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0 or finite.min() < LEAST or finite.max() > 1 / LEAST:
        return False
    low, high = robust(np.log10(finite))
    return (high - low) / 1.08 > MOST_LINEAR


def shown(values: NDArray[np.float64], log: bool) -> tuple[float, float]:
    """The `robust` range of an axis, linear or logarithmic."""
    if not log:
        return robust(values)
    low, high = robust(np.log10(values[np.isfinite(values)]))
    return 10.0**low, 10.0**high


def cut(axes: Axes, which: str) -> None:
    """Two slanted strokes across the far end of an axis: more lies beyond it."""
    size = 7 * canvas.sheet().scale
    strokes = Path([(-1, -0.7), (1, 0.1), (-1, -0.1), (1, 0.7)], [Path.MOVETO, Path.LINETO] * 2)
    if which == "x":
        strokes = Path(strokes.vertices[:, ::-1], strokes.codes)  # type: ignore[index]
    axes.scatter(
        *(([0], [1]) if which == "y" else ([1], [0])),
        marker=strokes,
        s=size**2,
        facecolors="none",
        edgecolors=style.MUTED,
        linewidths=0.8,
        transform=axes.transAxes,
        clip_on=False,
        zorder=10,
        gid="cut",
    )


def robust(values: NDArray[np.float64], factor: float = 5.0) -> tuple[float, float]:
    """The range of points to show, so that none that is far worse hides how the others differ.

    From the least value b to the largest that is at most b + `factor` (q - b), q being their upper quartile; what is
    not finite does not count. A margin of 4 % is added on both sides. Where all are equal, or none is finite, a range
    around them.
    """
    finite = np.sort(values[np.isfinite(values)])
    if len(finite) == 0:
        return 0.0, 1.0
    low, third = float(finite[0]), float(finite[(3 * (len(finite) - 1) + 3) // 4])
    span = (third - low) or float(finite[-1]) - low
    high = float(finite[finite <= low + factor * span].max())
    if not high > low:
        margin = abs(low) * 0.05 or 0.05
        return low - margin, low + margin
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _linear(axes: Axes, which: str, few: int) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=few, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(_Alike())


def _logarithmic(axes: Axes, which: str, low: float, high: float, few: int, last: float | None = None) -> None:
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    places = decades(low, high, few)
    if last is not None and places and last >= 2 * places[-1]:
        places.append(last)
    axis.set_minor_locator(NullLocator())
    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(alike(places)))
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)


class _Alike(Formatter):
    """Marks of a linear axis; see `even`."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return even([float(value) for value in values])


def _raised(value: float) -> str:
    """A positive number as a multiple of a power of ten."""
    power = math.floor(math.log10(value) + 1e-9)
    raised = f"10{str(power).translate(_RAISED)}"
    factor = value / _ten(power)
    return raised if abs(factor - 1) < 1e-6 else f"{factor:.3g}·{raised}"


def _ten(power: int) -> float:
    """A power of ten, exactly as it is written."""
    return float(f"1e{power}")
