"""Which hyperparameters matter: a bar each, with its interval."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.report.figures import canvas, labels, scales, words
from bench.report.figures.canvas import INCH, sheet
from bench.report.look import style

_ROW = 15.0
MOST = 20
"""Of more hyperparameters only the most important are shown."""


def importance(bars: pd.DataFrame, remarks: Sequence[str], title: str, axis: str = "importance") -> Figure:
    """Bars of `importance.Importance`: parameter, importance, lower, upper; the most important first.

    Call it within `look`.
    """
    shown = bars.head(MOST)
    names = shown["parameter"].tolist()
    values = shown[["importance", "lower", "upper"]].to_numpy(dtype=np.float64)
    paper = sheet()
    figure = canvas.blank()
    axes = figure.add_axes((0.3, 0.2, 0.6, 0.7))
    room = 1000.0 if paper.grows else 0.4 * paper.width * INCH
    texts = [words.lines(figure, str(name), room, ha="right", color=style.INK) for name in names]
    heights = [max(_ROW * paper.scale, len(lines) * words.name_height() + 3) for lines in texts]
    edges = [0.0, *np.cumsum(heights).tolist()]
    middles = np.array([(a + b) / 2 for a, b in pairwise(edges)])
    low, high = min(0.0, float(values.min())), max(float(values.max()), 1e-3)
    axes.barh(middles, values[:, 0], height=0.62 * np.array(heights), color="#6baed6", linewidth=0, zorder=2)
    axes.hlines(middles, values[:, 1], values[:, 2], color=style.INK, linewidth=1.1 * paper.scale, zorder=3)
    axes.axvline(0.0, color=style.MUTED, linewidth=0.7, zorder=3)
    scales.set_x(axes, low - 0.02 * (high - low), high + 0.04 * (high - low))
    axes.set_ylim(edges[-1], 0)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(axis)
    axes.set_title(title, pad=8)
    beside = max(words.width(text) for lines in texts for text in lines) + 6
    more = [f"The {MOST} most important of {len(bars)}."] if len(bars) > MOST else []
    labels.frame(figure, axes, 12, edges[-1], [*remarks, *more], beside=beside)
    box = axes.get_position()
    width, height = figure.get_size_inches() * INCH
    for lines, middle in zip(texts, middles, strict=True):
        words.stack(lines, box.x0 * width - 6, box.y1 * height - middle)
    return figure
