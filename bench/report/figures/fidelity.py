"""What a ladder of fidelities was used for: bars of where the cost went, and how well each rung ranks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.report.analysis.fidelity import of
from bench.report.figures import canvas, labels, scales, words
from bench.report.figures.canvas import INCH, sheet
from bench.report.look import style
from bench.report.look.style import Style
from bench.wording import measured

Key = tuple[bool, str, int, float]
"""A part of a bar: whether it failed, and the unit, highest rung and rung of the ladder."""
_TOP: Key = (False, "", 1, 1.0)

_ROW = 17.0
_LOWEST, _FULL, _FAILED = (0xDB, 0xE9, 0xF4), (0x1B, 0x4F, 0x7F), "#c9a08f"
"""The colours of the lowest rung and of full fidelity, and of failures."""
_DARK = 0.5
"""The share of the way to full fidelity from which on a bar takes light text."""


def spending(frame: pd.DataFrame, styles: Mapping[str, Style], title: str) -> Figure:
    """A bar for each label of `analysis.fidelity`'s `spending`, in its order: shares of cost by rung. Within `look`."""
    order = list(dict.fromkeys(frame["label"]))
    keys = sorted({_key(row) for row in frame.to_dict("records")})
    figure, axes = _sheet()
    names = _names(figure, order, {label: style.darker(styles[label].color) for label in order})
    row = _height(names)
    scales.set_x(axes, 0.0, 1.0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25 %", "50 %", "75 %", "100 %"])
    for place, label in enumerate(order):
        at = 0.0
        parts = {_key(part): part["share"] for part in frame[frame["label"] == label].to_dict("records")}
        for key in (key for key in keys if parts.get(key, 0.0) > 0):
            axes.barh((place + 0.5) * row, parts[key], 0.66 * row, at, color=_color(key), linewidth=0, zorder=2)
            if parts[key] >= 0.08:
                dark = not key[0] and _share(key) > _DARK
                axes.text(
                    at + parts[key] / 2,
                    (place + 0.5) * row,
                    f"{parts[key]:.0%}".replace("%", " %"),
                    ha="center",
                    va="center_baseline",
                    size=sheet().note,
                    color="white" if dark else style.INK,
                )
            at += parts[key]
    _finish(figure, axes, names, row, "share of the cost", title, _SPENT, legend=keys)
    return figure


_SPENT = (
    "By the highest fidelity that a configuration reached in its run, with all that it cost until then: what ended "
    "before the last was pruned, or not promoted."
)


def agreement(frame: pd.DataFrame, basis: str, title: str) -> Figure:
    """A row for each rung of `analysis.fidelity`'s `agreement`, the highest first: tau and its interval.

    `basis` says of whose configurations it is. Call it within `look`.
    """
    shown = frame[frame["tau"].notna()].sort_values(["unit", "of", "rung"], ascending=[True, True, False])
    figure, axes = _sheet()
    rows = shown.to_dict("records")
    texts = [of(row["rung"], row["of"], row["unit"]) for row in rows]
    names = _names(figure, texts, dict.fromkeys(texts, style.INK))
    row = _height(names)
    values = shown[["tau", "low", "high"]].to_numpy(dtype=np.float64)
    low = min(0.0, float(np.nanmin(values)))
    scales.set_x(axes, low - 0.03 * (1 - low), 1 + 0.03 * (1 - low))
    for place, (tau, start, end) in enumerate(values):
        y = (place + 0.5) * row
        if math.isfinite(start):
            axes.hlines(y, start, end, color=_color(_TOP), linewidth=1.6 * sheet().scale, zorder=2)
        axes.plot([tau], [y], "o", color=_color(_TOP), markersize=4.6 * sheet().scale, zorder=3)
    for mark in (0.0, 1.0):
        axes.axvline(mark, color=style.MUTED, linewidth=0.7, zorder=1)
    known = bool(np.isfinite(values[:, 1]).any())
    lines = "Lines: 95 % confidence intervals over runs." if known else "Without intervals: of few runs."
    remark = f"1: configurations rank there as at full fidelity; 0: at random. {basis} {lines}"
    _finish(figure, axes, names, row, "Kendall's tau with the losses at full fidelity", title, remark)
    return figure


def _key(row: Mapping[Any, Any]) -> Key:
    """By which parts are ordered and coloured: failures last."""
    failed = math.isnan(float(row["rung"]))
    return failed, str(row["unit"]), int(row["of"]), 0.0 if failed else float(row["rung"])


def _color(key: Key) -> str:
    if key[0]:
        return _FAILED
    share = _share(key)
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(_LOWEST, _FULL, strict=True))


def _share(key: Key) -> float:
    """How far up its ladder a rung is, on a logarithmic scale: 0 at a hundredth, 1 at full fidelity."""
    return max(0.0, 1 + math.log10(float(key[-1]) / float(key[-2])) / 2)


def _sheet() -> tuple[Figure, Axes]:
    figure = canvas.blank()
    return figure, figure.add_axes((0.3, 0.2, 0.6, 0.7))


def _names(figure: Figure, texts: Sequence[str], colors: Mapping[str, str]) -> list[list[Text]]:
    room = 1000.0 if sheet().grows else 0.4 * sheet().width * INCH
    return [words.lines(figure, text, room, ha="right", color=colors[text]) for text in texts]


def _height(names: Sequence[Sequence[Text]]) -> float:
    return max(_ROW * sheet().scale, *(len(lines) * words.name_height() + 3 for lines in names))


def _finish(
    figure: Figure,
    axes: Axes,
    names: Sequence[Sequence[Text]],
    row: float,
    axis: str,
    title: str,
    remark: str,
    legend: Sequence[Key] = (),
) -> None:
    """Axes, names and caption in their places; a legend of colours stands over the first row."""
    above = row if legend else 0.0
    axes.set_ylim(len(names) * row, -above)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(axis)
    axes.set_title(title, pad=8)
    beside = max(words.width(text) for lines in names for text in lines) + 6
    labels.frame(figure, axes, 20, len(names) * row + above, [remark], beside=beside)
    box = axes.get_position()
    width, height = figure.get_size_inches() * INCH
    for place, lines in enumerate(names):
        words.stack(lines, box.x0 * width - 6, box.y1 * height - above - (place + 0.5) * row)
    x, y = box.x0 * width + 4, box.y1 * height - 0.5 * row
    several = len({key[1:3] for key in legend}) > 1
    for key in legend:
        text = _named(key, several)
        canvas.stroke(figure, [(x, y)], color=_color(key), linestyle="none", marker="s", markersize=6 * sheet().scale)
        words.put(figure, text, x + 7 * sheet().scale, y, size=sheet().note, color=style.INK)
        x += words.measure(text, sheet().note) + 20 * sheet().scale


def _named(key: Key, several: bool) -> str:
    if key[0]:
        return "failed"
    rung, high = float(key[-1]), int(key[-2])
    if rung == high:
        return f"{measured(str(high), key[1])}, full"
    return of(rung, high, str(key[1])) if several else f"{rung:.0f}"
