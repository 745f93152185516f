"""Runs as points: the final loss of every seed, and the validation loss of each incumbent against its test loss."""

import math
from collections.abc import Mapping, Sequence
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
from bench.wording import plural

Values = NDArray[np.float64]

_ROW = 17.0
"""The least height of an optimiser's row, in points."""
_MOST_ROWS = 2.6
"""How many times as high a row may be, for points that would cover each other."""
_POINT = 0.85
_LOGARITHMIC = "Logarithmic: losses span more than two decades."


def final(frame: pd.DataFrame, styles: Mapping[str, Style], title: str = "", axis: str = "final loss") -> Figure:
    """The final loss of every seed (label, seed, loss), a row an optimiser, least median first; a bar is the median.

    Points that are far worse than the others are arrows at the edge, and a run without success is none: both are said
    under the name. Call it within `look`.
    """
    losses = {str(label): _worst(part["loss"]) for label, part in frame.groupby("label", sort=False)}
    medians = {label: float(quartiles(values)[1]) for label, values in losses.items()}
    order = sorted(losses, key=lambda label: medians[label])
    every = np.concatenate(list(losses.values()))
    low, high, log = _range(losses, order)
    figure = canvas.blank()
    axes = figure.add_axes((0.3, 0.2, 0.6, 0.7))
    scales.set_x(axes, low, high, log=log)
    wide = 0.6 * sheet().width * INCH  # about: the names' widths are known only with their remarks
    needed = {label: _needed(axes, losses[label], wide, styles[label]) for label in order}
    most = _MOST_ROWS * _ROW * sheet().scale
    remarks = {
        label: _remark(losses[label], losses, losses[label] > high, medians[label], ties=needed[label] > most)
        for label in order
    }
    names = _name_texts(figure, remarks, styles)
    heights = [
        max(_ROW * sheet().scale, _height(name) + 4, min(needed[label], most))
        for label, name in zip(order, names, strict=True)
    ]
    edges = [0.0, *np.cumsum(heights).tolist()]
    axes.set_ylim(edges[-1], 0)
    axes.set_yticks(edges[1:-1], labels=[""] * (len(order) - 1))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(axis)
    axes.set_title(title, pad=8)
    beside = max(words.width(text) for name in names for texts in name for text in texts) + 4
    beyond = int((np.isfinite(every) & (every > high)).sum())
    if beyond:
        scales.cut(axes, "x")
    captions = (_caption(losses), *([_LOGARITHMIC] if log else []), *([_cut_off(high, beyond)] if beyond else []))
    labels.frame(figure, axes, 10, edges[-1], captions, beside=beside)
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
    frame: pd.DataFrame,
    styles: Mapping[str, Style],
    title: str = "",
    axis: str = "loss of the incumbent",
    more: str = "",
) -> Figure:
    """Each run's incumbent as a point, validation loss against test loss (label, seed, validation, test).

    The large marker is an optimiser's median in both, named at the right edge at the height of its test loss; above the
    diagonal the test loss is the greater. Both axes have one range where those of the two losses have a third of it in
    common, else each its own; beyond it nothing is drawn but said. `more` ends the caption. Call it within `look`.
    """
    points = {
        str(label): (_worst(part["validation"]), _worst(part["test"]))
        for label, part in frame.groupby("label", sort=False)
    }
    worst = {label: np.maximum(*pair) for label, pair in points.items()}
    across, up, log = _ranges(*(np.concatenate([pair[kind] for pair in points.values()]) for kind in (0, 1)))
    figure = canvas.blank()
    axes = figure.add_axes((0.1, 0.2, 0.6, 0.7))
    scales.set_x(axes, *across, log=log)
    scales.set_y(axes, *up, log=log)
    off = {label: (pair[0] > across[1]) | (pair[1] > up[1]) for label, pair in points.items()}
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
        ends.append(End(label, _remark(worst[label], worst, off[label], max(x, y)), look, x, y))
    equal = [max(across[0], up[0]), min(across[1], up[1])]
    if equal[0] < equal[1]:
        axes.plot(equal, equal, color=style.MUTED, linewidth=0.7, zorder=1.5, gid="equal")
    beyond = sum(int((np.isfinite(worst[label]) & off[label]).sum()) for label in points)
    for which in ("x", "y") if beyond else ():
        scales.cut(axes, which)
    axes.set_xlabel(f"validation {axis}")
    axes.set_ylabel(f"test {axis}")
    axes.set_title(title, pad=8)
    several = max(len(values) for values in worst.values()) > 1
    remarks = [
        "Small: each run; large: medians." if several else "One run each.",
        *(["On the line both losses are equal."] if equal[0] < equal[1] else []),
        *(["The two axes have different ranges."] if across != up else []),
        *([_LOGARITHMIC] if log else []),
        *([f"Axes cut off: {plural(beyond, 'point')} beyond."] if beyond else []),
        *([more] if more else []),
    ]
    labels.arrange(figure, axes, ends, -math.inf, remarks)
    return figure


def _ranges(validation: Values, test: Values) -> tuple[tuple[float, float], tuple[float, float], bool]:
    """The range of each axis, and whether both are logarithmic."""
    positive = all(values[np.isfinite(values)].min(initial=np.inf) > 0 for values in (validation, test))
    log = positive and (scales.spans_decades(validation) or scales.spans_decades(test))
    together = np.concatenate([validation, test])
    if log and not (np.isfinite(validation).any() and np.isfinite(test).any()):
        log = False
    across, up, both = (scales.shown(values, log) for values in (validation, test, together))
    size = math.log if log else float
    common = size(min(across[1], up[1])) - size(max(across[0], up[0]))
    whole = size(max(across[1], up[1])) - size(min(across[0], up[0]))
    known = np.isfinite(validation).any() and np.isfinite(test).any()
    return (both, both, log) if not known or common >= whole / 3 else (across, up, log)


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


def _range(losses: Mapping[str, Values], order: Sequence[str]) -> tuple[float, float, bool]:
    """The range of `final`, and whether it is logarithmic.

    Of three optimisers or more that of all but the worst, where it is less than a fifth of that of all: one that
    diverges hides nothing of the others, and its points are arrows at the edge.
    """
    ranges = []
    for some in (order, order[:-1]) if len(order) > 2 else (order,):
        values = np.concatenate([losses[label] for label in some])
        log = scales.spans_decades(values)
        ranges.append((*scales.shown(values, log), log))
    every, rest = ranges[0], ranges[-1]
    if not any(np.isfinite(losses[label]).any() for label in order[:-1]):
        return every
    if every[2] and rest[2]:
        return every
    return rest if rest[1] - rest[0] < 0.2 * (every[1] - every[0]) else every


def _needed(axes: Axes, values: Values, wide: float, look: Style) -> float:
    """The height of a row, in points, in which no point of a swarm covers another."""
    size = float(canvas.marker(look, _POINT)["markersize"])
    return 2 * float(np.abs(_swarm(axes, values, wide, size, math.inf)[1]).max(initial=0.0)) + 1.6 * size


def _swarm(axes: Axes, values: Values, wide: float, size: float, most: float) -> tuple[Values, Values]:
    """The values within the axes, in ascending order, and how far up each is moved, in points."""
    inside = np.sort(values[values <= axes.get_xlim()[1]])
    places = np.array([labels.share(axes, "x", value) * wide for value in inside])
    return inside, swarm(places, 0.95 * size, most)


def _cut_off(high: float, beyond: int) -> str:
    return f"Axis cut off at {high:.3g}: {plural(beyond, 'point')} beyond, as arrows."


def _remark(
    values: Values, all_values: Mapping[str, Values], off: NDArray[np.bool_], median: float, ties: bool = False
) -> str:
    """What a name must say besides: fewer runs than others have, those that are not seen, an undefined median.

    With `ties` also how many runs are equal, at most: they have not room beside each other.
    """
    parts = []
    if len(values) < max(len(others) for others in all_values.values()):
        parts.append(f"n = {len(values)}")
    if failed := int(np.isinf(values).sum()):
        parts.append(f"{failed} of {len(values)} without a loss")
    beyond = values[np.isfinite(values) & off]
    if len(beyond):
        parts.append(f"{len(beyond)} beyond, to {beyond.max():.3g}")
    if not math.isfinite(median):
        parts.append("no median")
    same, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if ties and counts.max(initial=0) > 1:
        parts.append(f"{counts.max()} equal at {same[counts.argmax()]:.4g}")
    return ", ".join(parts)


def _caption(losses: Mapping[str, Values]) -> str:
    counts = [len(values) for values in losses.values()]
    if max(counts) == 1:
        return "One run each."
    fewer = " (fewer where n is given)" if min(counts) < max(counts) else ""
    return f"Each of {max(counts)} runs{fewer} is a point; the bar is their median."


def _name_texts(
    figure: Figure, remarks: Mapping[str, str], styles: Mapping[str, Style]
) -> list[tuple[list[Text], ...]]:
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
    high, (middle, height) = axes.get_xlim()[1], row
    mark = canvas.marker(look, _POINT)
    size = float(mark["markersize"])
    shown, up = _swarm(axes, values, wide, size, (height - size) / 2 - 1)
    axes.plot(shown, middle + up, color=look.color, alpha=0.8, linestyle="", zorder=3, **mark)
    if (np.isfinite(values) & (values > high)).any():
        axes.plot([high], [middle], ">", color=look.color, markersize=size, clip_on=False, zorder=4)
    if median <= high:
        bar = [middle - 0.46 * height, middle + 0.46 * height]
        axes.plot([median, median], bar, color=style.INK, linewidth=1.6 * sheet().scale, zorder=2.5)
