"""Step curves with bands, and labels at their ends: what is shown as plain data, and how it is drawn."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.report.figures import canvas, labels, scales
from bench.report.figures.labels import End
from bench.report.look.style import BASELINE, Style

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One curve as it is drawn; arrays of one length, +inf where undefined."""

    label: str
    remark: str
    """What the label must say besides its name: fewer runs than others, failures, a value outside the axis."""
    x: Values
    lower: Values
    median: Values
    upper: Values
    band: bool
    end: float
    """Where its longest run ends; what stands beyond is carried on."""
    style: Style
    baseline: bool = False
    """Thin and under the others, without a marker."""
    paid: float = 0.0
    """Before it most runs have evaluated nothing fully, and the line is dotted."""


@dataclass(frozen=True)
class Axis:
    """One axis: what it measures, from where to where."""

    label: str
    low: float
    high: float
    log: bool = False
    counts: bool = False
    """Whether its values are whole numbers of evaluations, from 1."""


_UNPAID = (0, (0.8, 2.2))
"""The dashes of what was charged nothing: dots further apart than those of any optimiser's line."""
BANDS = 5
"""How many bands one figure has at most; of more curves the quartiles are thin lines at some places."""


@dataclass(frozen=True)
class View:
    """What one figure shows."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    remarks: tuple[str, ...]

    @property
    def bottom(self) -> float:
        return self.y.low

    @property
    def top(self) -> float:
        return self.y.high

    @property
    def thinned(self) -> bool:
        """Whether quartiles are thin lines instead of bands."""
        return sum(line.band for line in self.lines) > BANDS

    @property
    def beyond(self) -> tuple[int, int, float]:
        """How many medians lie above the axis, of how many; how far the medians and upper quartiles reach that do."""
        drawn = [line for line in self.lines if not line.baseline]
        medians = np.concatenate([line.median[line.x <= line.end] for line in drawn])
        values = np.concatenate([medians, *(line.upper for line in drawn if line.band)])
        above = values[np.isfinite(values) & (values > self.y.high)]
        finite = medians[np.isfinite(medians)]
        return int((finite > self.y.high).sum()), len(finite), float(above.max(initial=-np.inf))

    @property
    def reach(self) -> float:
        """Where the longest curve ends."""
        return max(float(line.x[-1]) for line in self.lines if not line.baseline)


def baseline_of(frame: pd.DataFrame | None) -> tuple[Line, ...]:
    """Random search's exact median (evaluations, median) as a line under the others; none without a frame or values."""
    known = frame if frame is None else frame[frame["median"].notna()]
    if known is None or known.empty:
        return ()
    x, median = known["evaluations"].to_numpy(dtype=np.float64), known["median"].to_numpy(dtype=np.float64)
    return (Line("random, exact median", "", x, median, median, median, False, math.inf, BASELINE, baseline=True),)


def of_runs(most: int, least: int, bands: int) -> str:
    """What is drawn of so many runs, with so many bands asked for, as a caption says it."""
    if most <= 1:
        return "One run each."
    fewer = " (fewer where n is given)" if least < most else ""
    if bands > BANDS:
        return f"Median of {most} runs{fewer}; thin vertical lines: quartiles at some places."
    return f"Median and quartiles of {most} runs{fewer}."


def cut_off(view: View) -> str:
    """What a caption says of an axis that is cut off; empty where nothing lies above it."""
    count, total, highest = view.beyond
    if not math.isfinite(highest):
        return ""
    name = "Loss axis" if "loss" in view.y.label else "Axis"
    if count:
        return f"{name} cut off at {view.y.high:.3g}: {count} of {total} medians lie beyond, up to {highest:.3g}."
    return f"{name} cut off at {view.y.high:.3g}: upper quartiles reach {highest:.3g}."


def unpaid(lines: Sequence[Line]) -> Iterator[str]:
    """What a caption says of dotted lines, where there are any."""
    if any(line.paid > line.x[0] for line in lines if len(line.x)):
        yield (
            "Dotted: before most runs had evaluated anything fully; those losses were found when the runs had ended, "
            "and charged nothing."
        )


LOGARITHMIC = "Logarithmic loss axis: losses span more than two decades."


def draw(view: View) -> Figure:
    """The figure; call it within `look`."""
    figure = canvas.blank()
    axes = figure.add_axes((0.1, 0.2, 0.6, 0.7))
    for place, line in enumerate(view.lines):
        _curve(axes, line, view, place)
    scales.set_x(axes, view.x.low, view.x.high, log=view.x.log, longest=view.reach if view.x.counts else None)
    scales.set_y(axes, view.y.low, view.y.high, log=view.y.log)
    if math.isfinite(view.beyond[2]):
        scales.cut(axes, "y")
    axes.set_xlabel(view.x.label)
    axes.set_ylabel(view.y.label)
    axes.set_title(view.title, pad=8)
    ends = [End(line.label, line.remark, line.style, line.x[-1], line.median[-1]) for line in view.lines]
    labels.arrange(figure, axes, ends, view.reach, view.remarks)
    return figure


def _curve(axes: Axes, line: Line, view: View, place: int) -> None:
    x = np.append(line.x, _beyond(view) if line.x[-1] == view.reach else line.x[-1]).astype(float)
    below, above = _outside(view.y)
    lower, median, upper = (
        np.where(np.isfinite(values), np.clip(values, below, above), otherwise)
        for values, otherwise in (
            (np.append(line.lower, line.lower[-1]), np.nan),
            (np.append(line.median, line.median[-1]), np.nan),
            (np.append(line.upper, line.upper[-1]), above),
        )
    )
    if line.baseline:
        axes.plot(x, median, color=line.style.color, linewidth=0.9, drawstyle="steps-post", zorder=1.5)
        return
    look: dict[str, Any] = {"color": line.style.color, "drawstyle": "steps-post", "zorder": 3 + 0.01 * place}
    observed = int(np.searchsorted(line.x, line.end, side="right"))
    cut = len(x) if observed == len(line.x) else observed + 1
    marks = _marks(line.x[: cut - 1], view, place)
    if line.band and view.thinned:
        _quartiles(axes, (x, lower, upper), marks, view, place, line.style)
    elif line.band:
        new = _changes(lower, upper)
        band: dict[str, Any] = {
            "color": line.style.color,
            "alpha": 0.11,
            "linewidth": 0,
            "zorder": 2,
        }
        axes.fill_between(x[new], lower[new], upper[new], step="post", **band)
    begin = int(np.searchsorted(line.x, line.paid))
    if begin:
        few: dict[str, Any] = {"linestyle": _UNPAID, "linewidth": 0.9 * canvas.sheet().scale}
        axes.plot(x[: begin + 1], median[: begin + 1], **few, **look)
        marks = [place - begin for place in marks if place >= begin]
    axes.plot(
        x[begin:cut],
        median[begin:cut],
        linestyle=line.style.dash,
        markevery=marks,
        **canvas.marker(line.style),
        **look,
    )
    if cut < len(x):
        axes.plot(x[observed:], median[observed:], linestyle="-", linewidth=0.8, alpha=0.55, **look)


def _changes(*curves: Values) -> NDArray[np.bool_]:
    """The points of steps where one begins, and the last: a band is drawn by these alone."""
    new = np.ones(len(curves[0]), dtype=bool)
    new[1:-1] = False
    for curve in curves:
        new[1:-1] |= (curve[1:-1] != curve[:-2]) & ~(np.isnan(curve[1:-1]) & np.isnan(curve[:-2]))
    return new


def _quartiles(
    axes: Axes, curves: tuple[Values, Values, Values], marks: Sequence[int], view: View, place: int, look: Style
) -> None:
    """Thin lines from the lower to the upper quartile, each within the step of a marker, beside those of other curves.

    They stand in the part of the step that belongs to the curve, so that those of one step do not cover each other.
    """
    x, lower, upper = curves
    at = np.array([i for i in marks if np.isfinite(lower[i])], dtype=np.int64)
    share = (place + 0.5) / len(view.lines)
    width = np.minimum(x[at + 1], view.reach) - x[at]
    axes.vlines(
        x[at] + share * width, lower[at], upper[at], color=look.color, alpha=0.6, linewidth=0.9 * canvas.sheet().scale,
        zorder=2,
    )  # fmt: skip


def _beyond(view: View) -> float:
    """Where a curve goes on to that has the last point of all: past the axes, so that its last step is seen."""
    return 2 * view.reach if view.x.log else view.reach + max(1.0, 0.02 * view.reach)


def _outside(axis: Axis) -> tuple[float, float]:
    """Places well off the axes for what is off them: a distance that a file can hold."""
    if axis.log:
        return axis.low * (axis.low / axis.high) ** 2, axis.high * (axis.high / axis.low) ** 2
    return axis.low - 2 * (axis.high - axis.low), axis.high + 2 * (axis.high - axis.low)


def _marks(x: Values, view: View, place: int) -> list[int]:
    """Points of a curve that have its marker: about eight, and not those that its neighbours have."""
    first, last = float(min(line.x[0] for line in view.lines)), view.reach
    if view.x.counts and not view.x.log:
        every = max(1, math.ceil(last / 8))
        wanted = np.arange(1 + place % every, last + 1, every)
    else:
        share = (np.arange(8) + (0.05 + 0.382 * place) % 1) / 8
        wanted = first * (last / first) ** share if view.x.log and first > 0 else first + share * (last - first)
    indices = np.searchsorted(x, wanted[wanted <= x[-1]], side="right") - 1 if len(x) else np.array([], dtype=np.int64)
    return sorted({int(i) for i in indices if i >= 0})
