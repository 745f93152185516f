"""Figures of a comparison: step curves with bands and labels at their ends, as PDF, SVG and PNG.

`view` decides what is shown, as plain data; `draw` and `render` only draw it.
"""

import io
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from bench.report import statistics, style
from bench.report.curves import Comparison
from bench.report.style import Style

FORMATS = ("pdf", "svg", "png")

_AXIS = {"validation": "best validation loss", "test": "test loss of the incumbent"}
_AXIS_OF_FUNCTION = {"validation": "best value", "test": "value of the incumbent without noise"}
_WITHOUT_DATE: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
_INCH = 72.0
_NAME_SIZE, _NOTE_SIZE = 8.0, 6.3
_NAME_HEIGHT, _NOTE_HEIGHT = 10.5, 8.0
_LEADER = 27.0
_LARGER = {"P": 5.2, "*": 6.6, "X": 5.2, "+": 5.2}


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


def view(comparison: Comparison, kind: str, styles: Mapping[str, Style]) -> View:
    """What the figure of one kind (validation, test) of loss shows, in the order of the table."""
    curves = comparison.curves
    bottom, top = limits(curves, kind)
    lines = []
    for row in comparison.final.to_dict("records"):
        part = curves[curves["label"] == row["label"]]
        median = part[f"{kind}_median"].to_numpy()
        line = Line(
            label=row["label"],
            remark=", ".join(_remarks(row, part, kind, comparison, top)),
            evaluations=part["evaluations"].to_numpy(),
            lower=part[f"{kind}_lower"].to_numpy(),
            median=median,
            upper=part[f"{kind}_upper"].to_numpy(),
            runs=row["runs"],
            made=row["most"],
            style=styles[row["label"]],
        )
        lines.append(line)
    return View(
        title=f"{comparison.dataset} · {comparison.model}",
        axis=_axis(comparison, kind),
        lines=tuple(lines),
        longest=comparison.longest,
        bottom=bottom,
        top=top,
        remarks=tuple(_caption(comparison, lines, top)),
    )


def _axis(comparison: Comparison, kind: str) -> str:
    if comparison.without_data:
        return _AXIS_OF_FUNCTION[kind]
    return f"{_AXIS[kind]}{' ' if len(comparison.metric) < 12 else chr(10)}({comparison.metric})"


def limits(curves: pd.DataFrame, kind: str) -> tuple[float, float]:
    """The range of losses in which curves differ, so that neither a bad start nor a diverged run hides it.

    What counts are the points after the first quarter of the evaluations (at least two, where there are more), and the
    last point of each curve. Let b be the least lower quartile there, and u_c, of curve c, the largest finite upper
    quartile, or median where there is none. In ascending order of the u_c - b, d is the first positive one from their
    lower median on, of two curves the larger. The axis reaches from b to the largest u_c that is at most b + 5 d, and
    on to each curve's last median that is at most b + 15 d. A margin of 4 % is added on both sides; what is above is
    outside.
    """
    lower, median, upper = (f"{kind}_{name}" for name in statistics.QUARTILES)
    longest = int(curves["evaluations"].max())
    early = min(max(2, math.ceil(longest / 4)), longest - 1)
    last = ~curves.duplicated("label", keep="last")
    finite = curves[(curves["evaluations"] > early) | last].replace(np.inf, np.nan)
    bottom = finite[lower].min()
    highest = finite.groupby("label")[[upper, median]].max()
    above = np.sort((highest[upper].fillna(highest[median]) - bottom).dropna().to_numpy())
    usual = above[min(max(1, (len(above) - 1) // 2), len(above) - 1) :] if len(above) else above
    if math.isnan(bottom) or not (usual > 0).any():
        middle = 0.0 if math.isnan(bottom) else float(bottom)
        margin = abs(middle) * 0.05 or 0.05
        return middle - margin, middle + margin
    d = usual[usual > 0][0]
    ends = curves.loc[last, median].to_numpy() - bottom
    height = float(max(above[above <= 5 * d].max(), ends[ends <= 15 * d].max(initial=0.0)))
    return float(bottom - 0.04 * height), float(bottom + 1.04 * height)


def spread(targets: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Places for labels of the given heights, near their targets, in their order, without overlap, within low..high.

    Minimises the sum of (place - target)^2 subject to place[i+1] - place[i] >= (height[i] + height[i+1]) / 2, which
    is isotonic regression of the targets less their stacked distances (pool adjacent violators). `targets` ascend.
    The labels must fit: sum(heights) <= high - low.
    """
    distances = [(a + b) / 2 for a, b in pairwise(heights)]
    stacked = [sum(distances[:i]) for i in range(len(heights))]
    pools: list[list[float]] = []
    for target, offset in zip(targets, stacked, strict=True):
        pools.append([target - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * count) / (pools[-1][1] + count), pools[-1][1] + count]
    flat = [mean for mean, count in pools for _ in range(int(count))]
    least, most = low + heights[0] / 2, high - heights[-1] / 2 - stacked[-1]
    return [max(least, min(place, most)) + offset for place, offset in zip(flat, stacked, strict=True)]


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
    _arrange(figure, axes, view)
    return figure


def render(figure: Figure) -> dict[str, bytes]:
    """The figure's files by format; the same figure gives the same bytes. Call it within `look`."""
    files = {}
    for kind in FORMATS:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=_WITHOUT_DATE[kind])
        files[kind] = buffer.getvalue()
    return files


@contextmanager
def look() -> Iterator[None]:
    """Draw with this report's style alone, whatever the user's own settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style.RC)  # type: ignore[arg-type]
        yield


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
    axes.plot(x[:cut], median[:cut], linestyle=line.style.dash, markevery=marks, **_marker(line.style), **look)
    if cut < len(x):
        axes.plot(x[made:], median[made:], linestyle="-", linewidth=0.8, alpha=0.55, **look)


def _marker(style: Style) -> dict[str, Any]:
    """Filled markers stand out of their line by a white edge; those made of strokes have none to give away."""
    strokes = style.marker in "x+"
    return {
        "marker": style.marker,
        "markersize": _LARGER.get(style.marker, 4.2),
        "markeredgewidth": 1.0 if strokes else 0.4,
        "markeredgecolor": style.color if strokes else "white",
    }


def _arrange(figure: Figure, axes: Axes, view: View) -> None:
    """Give axes, labels and caption their places, measured in points, so that nothing overlaps or is cut off."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = _INCH / figure.dpi
    names = [_text(figure, line.label, size=_NAME_SIZE, color=style.darker(line.style.color)) for line in view.lines]
    notes = [_text(figure, line.remark, size=_NOTE_SIZE, color=style.MUTED) for line in view.lines]
    right = max(text.get_window_extent(renderer).width * scale for text in [*names, *notes]) + _LEADER + 6
    box = axes.get_tightbbox(renderer)
    assert box is not None
    left = (axes.bbox.x0 - box.x0) * scale + 6
    below = (axes.bbox.y0 - box.y0) * scale + 5
    width = max(5.6 * _INCH, left + right + 2.7 * _INCH)
    wrapped = textwrap.wrap(" ".join(view.remarks), int((width - left) / (_NOTE_SIZE * 0.52)))
    heights = [_NAME_HEIGHT + (_NOTE_HEIGHT if line.remark else 0) for line in view.lines]
    tall = max(2.35 * _INCH, sum(heights) + 4)
    below += _NOTE_HEIGHT * len(wrapped) + 4
    height = tall + below + 26
    figure.set_size_inches(width / _INCH, height / _INCH)
    axes.set_position((left / width, below / height, (width - left - right) / width, tall / height))
    for place, text in enumerate(wrapped):
        y = (_NOTE_HEIGHT * (len(wrapped) - place - 1) + 6) / height
        figure.text(left / width, y, text, size=_NOTE_SIZE, color=style.MUTED, va="bottom")
    _label(axes, view, names, notes, heights, tall)


def _label(axes: Axes, view: View, names: list[Any], notes: list[Any], heights: list[float], tall: float) -> None:
    """Names at the right ends of their curves, each with a thin line to it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * _INCH
    box = axes.get_position()
    edge = box.x1 * width
    lowest = box.y0 * height
    ends = [tall * (line.median[-1] - view.bottom) / (view.top - view.bottom) for line in view.lines]
    inside = [min(max(end, 0.0), tall) for end in ends]
    order = sorted(range(len(ends)), key=lambda i: (inside[i], ends[i], i))
    places = spread([inside[i] for i in order], [heights[i] for i in order], 0.0, max(tall, sum(heights)))
    x0, x1 = axes.get_xlim()
    for i, place in zip(order, places, strict=True):
        line = view.lines[i]
        up = _NOTE_HEIGHT / 2 if line.remark else 0
        path = [
            (edge + 1.5, inside[i]),
            (edge + 4, inside[i]),
            (edge + _LEADER - 12, place + up),
            (edge + _LEADER - 8, place + up),
        ]
        if line.evaluations[-1] < view.longest:
            start = (box.x0 + box.width * (line.evaluations[-1] - x0) / (x1 - x0)) * width
            dots = mpl.lines.Line2D(
                [start / width, edge / width],
                [(lowest + inside[i]) / height] * 2,
                color=style.MUTED,
                linewidth=0.6,
                linestyle=(0, (1, 4)),
            )
            figure.add_artist(dots)
        leader = mpl.lines.Line2D(
            [x / width for x, _ in path],
            [(lowest + y) / height for _, y in path],
            color=line.style.color,
            linewidth=0.6,
            markevery=[len(path) - 1],
            **_marker(line.style),
        )
        figure.add_artist(leader)
        names[i].set_position(((edge + _LEADER) / width, (lowest + place + up) / height))
        notes[i].set_position(((edge + _LEADER) / width, (lowest + place + up - _NAME_HEIGHT + 1) / height))


def _text(figure: Figure, text: str, **look: Any) -> Any:
    return figure.text(0, 0, text, va="center_baseline", ha="left", parse_math=False, **look)


def _remarks(
    row: Mapping[Any, Any], curve: pd.DataFrame, kind: str, comparison: Comparison, top: float
) -> Iterator[str]:
    """What a curve's label must not hide."""
    last, end = curve[f"{kind}_median"].iloc[-1], curve["evaluations"].iloc[-1]
    if end < comparison.longest:
        yield f"ends at {end}"
    if not math.isfinite(last):
        yield "no median"
    elif last > top:
        yield f"above, at {last:.4g}"
    if row["runs"] < comparison.final["runs"].max():
        yield f"n = {row['runs']}"
    if row["failed"]:
        yield f"{row['failed']} of {row['trials']} failed"


def _caption(comparison: Comparison, lines: Sequence[Line], top: float) -> Iterator[str]:
    """The lines under a figure: what is drawn, what is cut off, what is carried on."""
    most, least = max(line.runs for line in lines), min(line.runs for line in lines)
    if most == 1:
        yield "One run each."
    else:
        fewer = " (fewer where n is given)" if least < most else ""
        yield f"Median and quartiles of {most} runs{fewer}."
    shown = np.concatenate([values for line in lines for values in (line.median, line.upper)])
    highest = float(shown[np.isfinite(shown)].max(initial=-np.inf))
    if highest > top:
        yield f"Loss axis cut off at {top:.3g}; curves and bands reach {highest:.3g}."
    for row in comparison.final.to_dict("records"):
        for reason in ("exhausted", "stopped"):
            if row[reason]:
                why = "exhausted" if reason == "exhausted" else "out of seconds"
                count = "" if row[reason] == row["runs"] else f"{row[reason]} of {row['runs']} runs "
                after = f" after {row['most']}" if not count else ""
                yield f"{row['label']}: {count}{why}{after}, last loss carried on."
