"""Scores over problems: a row for each optimiser, a point and its interval."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.report.figures import canvas, labels, scales, words
from bench.report.figures.canvas import INCH, sheet
from bench.report.look import style
from bench.report.look.style import Style

_ROW = 17.0
_AXIS = "interquartile mean of scores"


def scores(frame: pd.DataFrame, styles: Mapping[str, Style], title: str, axis: str = _AXIS) -> Figure:
    """Interquartile means of `aggregates.centres`, the lowest first: label, iqm, iqm_low, iqm_high.

    An infinite one has no point; its row says so. Call it within `look`.
    """
    paper = sheet()
    figure = canvas.blank()
    axes = figure.add_axes((0.3, 0.2, 0.6, 0.7))
    values = frame[["iqm", "iqm_low", "iqm_high"]].to_numpy(dtype=np.float64)
    names = [str(label) for label in frame["label"]]
    room = 1000.0 if paper.grows else 0.4 * paper.width * INCH
    texts = [
        words.lines(
            figure,
            name if math.isfinite(middle) else f"{name} (infinite)",
            room,
            ha="right",
            color=style.darker(styles[name].color),
        )
        for name, middle in zip(names, values[:, 0], strict=True)
    ]
    row = max(_ROW * paper.scale, *(len(lines) * words.name_height() + 3 for lines in texts))
    known = values[np.isfinite(values)]
    low, high = min(0.0, float(known.min(initial=0.0))), max(1.0, float(known.max(initial=1.0)))
    scales.set_x(axes, low - 0.03 * (high - low), high + 0.04 * (high - low))
    for place, (name, (middle, start, end)) in enumerate(zip(names, values, strict=True)):
        look, y = styles[name], (place + 0.5) * row
        if not math.isfinite(middle):
            continue
        if math.isfinite(start):
            reach = end if math.isfinite(end) else axes.get_xlim()[1]
            axes.hlines(y, start, reach, color=look.color, linewidth=1.6 * paper.scale, zorder=2)
        axes.plot([middle], [y], color=look.color, linestyle="none", zorder=3, **canvas.marker(look))
    for mark in (0.0, 1.0):
        axes.axvline(mark, color=style.MUTED, linewidth=0.7, zorder=1)
    axes.set_ylim(len(names) * row, 0)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(axis)
    axes.set_title(title, pad=8)
    beside = max(words.width(text) for lines in texts for text in lines) + 6
    remark = "0: the best loss known; 1: random search at this budget. Lines: 95 % confidence intervals over seeds."
    labels.frame(figure, axes, 12, len(names) * row, [remark], beside=beside)
    box = axes.get_position()
    width, height = figure.get_size_inches() * INCH
    for place, lines in enumerate(texts):
        words.stack(lines, box.x0 * width - 6, box.y1 * height - (place + 0.5) * row)
    return figure
