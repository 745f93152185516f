"""Runs as points: the final loss of every seed, and the validation loss of each incumbent against its test loss."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from bench.report.figures import canvas, labels, scales, words
from bench.report.figures.canvas import INCH, sheet
from bench.report.figures.labels import End
from bench.report.look import style
from bench.report.look.style import Style
from bench.report.statistics.quartiles import quartiles

Values = NDArray[np.float64]

_ROW = 17.0
"""The height of an optimiser's row, in points."""


def final(frame: pd.DataFrame, styles: Mapping[str, Style], title: str = "", axis: str = "final loss") -> Figure:
    """The final loss of every seed (label, seed, loss), a row an optimiser, least median first; a bar is the median.

    Points that are far worse than the others are arrows at the edge, and a run without success is none: both are said
    under the name. Call it within `look`.
    """
    losses = {str(label): _worst(part["loss"]) for label, part in frame.groupby("label", sort=False)}
    medians = {label: float(quartiles(values)[1]) for label, values in losses.items()}
    order = sorted(losses, key=lambda label: medians[label])
    low, high = scales.robust(np.concatenate(list(losses.values())))
    figure = canvas.blank()
    axes = figure.add_axes((0.3, 0.2, 0.6, 0.7))
    names = _row_names(figure, {label: _remark(losses[label], losses, high, medians[label]) for label in order}, styles)
    heights = [max(_ROW * sheet().scale, _height(name) + 4) for name in names]
    edges = [0.0, *np.cumsum(heights).tolist()]
    scales.set_x(axes, low, high)
    axes.set_ylim(edges[-1], 0)
    axes.set_yticks(edges[1:-1], labels=[""] * (len(order) - 1))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(axis)
    axes.set_title(title, pad=8)
    beside = max(words.width(text) for name in names for texts in name for text in texts) + 4
    labels.frame(figure, axes, 10, edges[-1], (_caption(losses),), beside=beside)
    box = axes.get_position()
    width, height = figure.get_size_inches() * INCH
    for number, label in enumerate(order):
        middle = (edges[number] + edges[number + 1]) / 2
        _row(axes, losses[label], medians[label], (middle, heights[number]), box.width * width, styles[label])
        y = box.y1 * height - middle + _height(names[number]) / 2
        for texts, line in zip(names[number], (words.name_height(), words.note_height()), strict=True):
            for text in texts:
                words.move(text, box.x0 * width - 6, y - line / 2)
                y -= line
    return figure


def generalisation(
    frame: pd.DataFrame, styles: Mapping[str, Style], title: str = "", axis: str = "loss of the incumbent"
) -> Figure:
    """Each run's incumbent as a point, validation loss against test loss (label, seed, validation, test).

    The large marker is an optimiser's median in both, named at the right edge at the height of its test loss; above the
    diagonal the test loss is the greater. Both axes have one range, beyond which nothing is drawn but said. Call it
    within `look`.
    """
    points = {
        str(label): (_worst(part["validation"]), _worst(part["test"]))
        for label, part in frame.groupby("label", sort=False)
    }
    worst = {label: np.maximum(*pair) for label, pair in points.items()}
    low, high = scales.robust(np.concatenate([values for pair in points.values() for values in pair]))
    figure = canvas.blank()
    axes = figure.add_axes((0.1, 0.2, 0.6, 0.7))
    ends = []
    for place, (label, (validation, test)) in enumerate(points.items()):
        look = styles[label]
        x, y = (float(quartiles(values)[1]) for values in (validation, test))
        drawn = np.isfinite(worst[label])
        dot: dict[str, Any] = {"color": look.color, "linestyle": ""}
        if len(drawn) > 1:
            axes.plot(validation[drawn], test[drawn], alpha=0.45, zorder=3, **dot, **canvas.marker(look, 0.7))
        if math.isfinite(x) and math.isfinite(y):
            axes.plot([x], [y], zorder=5 + 0.01 * place, **dot, **canvas.marker(look, 1.5))
        ends.append(End(label, _remark(worst[label], worst, high, max(x, y)), look, x, y))
    axes.axline((low, low), slope=1, color=style.MUTED, linewidth=0.7, zorder=1.5)
    scales.set_x(axes, low, high)
    scales.set_y(axes, low, high)
    axes.set_xlabel(f"validation {axis}")
    axes.set_ylabel(f"test {axis}")
    axes.set_title(title, pad=8)
    remark = "Small: each run; large: medians. On the line both losses are equal."
    several = max(len(values) for values in worst.values()) > 1
    labels.arrange(figure, axes, ends, -math.inf, (remark if several else "One run each.",))
    return figure


def swarm(places: Values, size: float, most: float) -> Values:
    """Offsets of points at ascending places, in their unit, so that those closer than `size` do not cover each other.

    Each takes the first free one of 0, size, -size, 2 size, ...; where that is further than `most`, all are drawn
    together to fit.
    """
    rows: list[float] = []
    offsets = np.zeros(len(places))
    for i, place in enumerate(places):
        row = next((row for row, last in enumerate(rows) if place - last >= size), len(rows))
        rows[row : row + 1] = [float(place)]
        offsets[i] = (row + 1) // 2 * size * (1 if row % 2 else -1)
    furthest = float(np.abs(offsets).max(initial=0.0))
    return offsets * min(1.0, most / furthest) if furthest > 0 else offsets


def _worst(values: pd.Series) -> Values:
    losses = values.to_numpy(dtype=np.float64)
    return np.where(np.isnan(losses), np.inf, losses)


def _remark(values: Values, all_values: Mapping[str, Values], high: float, median: float) -> str:
    """What a name must say besides: fewer runs than others have, those that are not seen, an undefined median."""
    parts = []
    if len(values) < max(len(others) for others in all_values.values()):
        parts.append(f"n = {len(values)}")
    if failed := int(np.isinf(values).sum()):
        parts.append(f"{failed} of {len(values)} without a loss")
    beyond = values[np.isfinite(values) & (values > high)]
    if len(beyond):
        parts.append(f"{len(beyond)} beyond, to {beyond.max():.3g}")
    if not math.isfinite(median):
        parts.append("no median")
    return ", ".join(parts)


def _caption(losses: Mapping[str, Values]) -> str:
    counts = [len(values) for values in losses.values()]
    if max(counts) == 1:
        return "One run each."
    fewer = " (fewer where n is given)" if min(counts) < max(counts) else ""
    return f"Each of {max(counts)} runs{fewer} is a point; the bar is their median."


def _row_names(figure: Figure, remarks: Mapping[str, str], styles: Mapping[str, Style]) -> list[tuple[list[Text], ...]]:
    """The lines of each name and of its remark."""
    paper = sheet()
    room = 1000.0 if paper.grows else 0.34 * paper.width * INCH
    return [
        (
            words.lines(figure, label, room, ha="right", color=style.darker(styles[label].color)),
            words.lines(figure, remark, room, size=paper.note, ha="right", color=style.MUTED),
        )
        for label, remark in remarks.items()
    ]


def _height(name: tuple[list[Text], ...]) -> float:
    return len(name[0]) * words.name_height() + len(name[1]) * words.note_height()


def _row(axes: Axes, values: Values, median: float, row: tuple[float, float], wide: float, look: Style) -> None:
    """An optimiser's points, moved apart where they would cover each other; `wide` is the axes' width in points."""
    (low, high), (middle, height) = axes.get_xlim(), row
    mark = canvas.marker(look, 0.85)
    size = float(mark["markersize"])
    shown = np.sort(values[values <= high])
    up = swarm((shown - low) / (high - low) * wide, 0.9 * size, (height - size) / 2)
    axes.plot(shown, middle + up, color=look.color, alpha=0.8, linestyle="", zorder=3, **mark)
    if (np.isfinite(values) & (values > high)).any():
        axes.plot([high], [middle], ">", color=look.color, markersize=size, clip_on=False, zorder=4)
    if median <= high:
        bar = [middle - 0.42 * height, middle + 0.42 * height]
        axes.plot([median, median], bar, color=style.INK, linewidth=1.6 * sheet().scale, zorder=5)
