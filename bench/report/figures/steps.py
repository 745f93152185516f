"""Step curves with bands, and labels at their ends: what is shown as plain data, and how it is drawn."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from bench.report.figures import canvas, labels
from bench.report.figures.labels import End
from bench.report.style import Style


@dataclass(frozen=True)
class Line:
    """One curve as it is drawn; arrays of one length, +inf where undefined."""

    label: str
    remark: str
    """What the label must say besides its name: fewer runs than others, failures, a value outside the axis."""
    evaluations: NDArray[np.int64]
    lower: NDArray[np.float64]
    median: NDArray[np.float64]
    upper: NDArray[np.float64]
    runs: int
    made: int
    """The evaluations of its longest run; what stands beyond is carried on."""
    style: Style


@dataclass(frozen=True)
class View:
    """What one figure shows."""

    title: str
    axis: str
    lines: tuple[Line, ...]
    longest: int
    bottom: float
    top: float
    remarks: tuple[str, ...]


def draw(view: View) -> Figure:
    """The figure; call it within `look`."""
    figure = Figure(figsize=(5.6, 3.2))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.2, 0.6, 0.7))
    for place, line in enumerate(view.lines):
        _curve(axes, line, view, place)
    margin = max(0.5, 0.012 * view.longest)
    axes.set_xlim(1 if view.longest > 1 else 0.5, view.longest + margin)
    axes.set_ylim(view.bottom, view.top)
    axes.set_xticks(ticks(view.longest))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_powerlimits((-4, 6))
    axes.yaxis.set_major_formatter(formatter)
    axes.set_xlabel("evaluations")
    axes.set_ylabel(view.axis)
    axes.set_title(view.title, pad=8)
    ends = [End(line.label, line.remark, line.style, line.evaluations[-1], line.median[-1]) for line in view.lines]
    labels.arrange(figure, axes, ends, view.longest, view.remarks)
    return figure


def ticks(longest: int) -> list[int]:
    """Numbers of evaluations to mark: 1, round ones, and the last where it stands free.

    >>> ticks(20)
    [1, 5, 10, 15, 20]
    """
    steps = (factor * 10**power for power in range(12) for factor in (1, 2, 5))
    step = next(step for step in steps if longest / step <= 6)
    inner = [place for place in range(step, longest + 1, step) if place - 1 >= step * 0.5]
    if inner and longest - inner[-1] < step * 0.5:
        inner[-1] = longest
    elif not inner or inner[-1] != longest:
        inner.append(longest)
    return [1, *[place for place in inner if place > 1]]


def _curve(axes: Axes, line: Line, view: View, place: int) -> None:
    beyond = view.top + 2 * (view.top - view.bottom)
    end = view.longest + max(1.0, 0.02 * view.longest) if line.evaluations[-1] == view.longest else line.evaluations[-1]
    x = np.append(line.evaluations, end).astype(float)
    lower, median, upper = (
        np.where(np.isfinite(values), np.minimum(values, beyond), otherwise)
        for values, otherwise in (
            (np.append(line.lower, line.lower[-1]), np.nan),
            (np.append(line.median, line.median[-1]), np.nan),
            (np.append(line.upper, line.upper[-1]), beyond),
        )
    )
    look: dict[str, Any] = {"color": line.style.color, "drawstyle": "steps-post", "zorder": 3 + 0.01 * place}
    if line.runs > 1:
        axes.fill_between(x, lower, upper, step="post", color=line.style.color, alpha=0.11, linewidth=0, zorder=2)
    made = min(line.made, len(line.evaluations))
    cut = len(x) if made == len(line.evaluations) else made + 1
    every = max(1, math.ceil(view.longest / 8))
    marks = list(range(place % every, cut - 1, every)) if view.longest > 1 else [0]
    axes.plot(x[:cut], median[:cut], linestyle=line.style.dash, markevery=marks, **canvas.marker(line.style), **look)
    if cut < len(x):
        axes.plot(x[made:], median[made:], linestyle="-", linewidth=0.8, alpha=0.55, **look)
