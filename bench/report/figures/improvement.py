"""Probability of improvement: how often one optimiser's loss is less than another's, as a matrix with its numbers."""

import importlib
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.report.figures import canvas, words
from bench.report.figures.canvas import INCH, sheet, stroke
from bench.report.look import style
from bench.report.look.style import Style

Values = NDArray[np.float64]

_SHADES = LinearSegmentedColormap.from_list(
    "shades", ["#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"]
).with_extremes(bad="#eeeeee")
_EDGE = 6.0
_CELL, _LEAST_CELL, _LEAST_ON_PAPER = 25.0, 15.0, 10.5
_REMARK = (
    "Row against column: comparisons of runs that the row wins, in %, a tie counting half; bold where the two are "
    "significantly different."
)


def improvement(pairs: pd.DataFrame, styles: Mapping[str, Style], title: str = "") -> Figure:
    """The matrix of `pairs.compare`'s rows: a number in each cell, darker the more often its row wins.

    The best is first, by its mean over the others. A pair without comparisons (no seed in common) has a question mark.
    Where a column of a paper would leave cells too small to be read, the figure is as wide as the page. Call it within
    `look`.
    """
    names, wins, apart = _matrix(pairs)
    paper = sheet()
    figure = canvas.blank()
    axes = figure.add_axes((0, 0, 1, 1))
    _cells(axes, wins, apart)  # before there are names, all of which seaborn would draw
    room = 1000.0 if paper.grows else 0.3 * paper.width * INCH
    rows = [words.lines(figure, name, room, ha="right", color=style.darker(styles[name].color)) for name in names]
    heads = [words.put(figure, name, size=paper.label, color=style.darker(styles[name].color)) for name in names]
    gap = 13 * paper.scale
    left = max(words.width(text) for texts in rows for text in texts) + _EDGE + gap
    width, cell = _widths(len(names), left)
    tall = max(cell, max(map(len, rows)) * words.name_height())
    above = max(words.width(text) for text in heads) + gap + 2
    caption = words.caption(figure, [_REMARK], width - 2 * _EDGE)
    heading = words.heading(title, width - 2 * _EDGE)
    below = _EDGE + len(caption) * words.note_height() + 6
    top = below + len(names) * tall
    height = top + above + _EDGE + words.heading_height(heading)
    figure.set_size_inches(width / INCH, height / INCH)
    across = len(names) * cell
    axes.set_position((left / width, below / height, across / width, (top - below) / height))
    for text in axes.texts:
        text.set_fontsize(min(paper.label, 0.46 * cell))
    for place, (name, texts, head) in enumerate(zip(names, rows, heads, strict=True)):
        x, y = left + (place + 0.5) * cell, top - (place + 0.5) * tall
        _dot(figure, (left - gap / 2, y), styles[name])
        _dot(figure, (x, top + gap / 2), styles[name])
        words.stack(texts, left - gap, y)
        head.set(rotation=90, ha="center", va="bottom")
        words.move(head, x, top + gap)
    words.under(figure, caption, _EDGE)
    words.over(figure, heading, _EDGE)
    return figure


def _matrix(pairs: pd.DataFrame) -> tuple[list[str], Values, NDArray[np.bool_]]:
    """Labels from best to worst; how often the row wins, NaN where unknown; whether the two differ significantly."""
    given = list(dict.fromkeys([*pairs["a"], *pairs["b"]]))
    place = {label: i for i, label in enumerate(given)}
    wins = np.full((len(given), len(given)), np.nan)
    apart = np.zeros(wins.shape, dtype=bool)
    for row in pairs.to_dict("records"):
        a, b = place[row["a"]], place[row["b"]]
        wins[a, b], wins[b, a] = row["improvement"], 1 - row["improvement"]
        apart[a, b] = apart[b, a] = bool(row["better"])
    known = ~np.isnan(wins)
    mean = np.where(known, wins, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    order = np.argsort(-mean, kind="stable")
    return [given[i] for i in order], wins[np.ix_(order, order)], apart[np.ix_(order, order)]


def _widths(count: int, left: float) -> tuple[float, float]:
    """Of the figure and of a cell."""
    paper = sheet()
    if paper.grows:
        cell = min(max((paper.width * INCH - left - _EDGE) / count, _LEAST_CELL), _CELL)
        return max(left + count * cell + _EDGE, 3.6 * INCH), cell
    for width in (paper.width * INCH, paper.widest * INCH):
        cell = (width - left - _EDGE) / count
        if cell >= _LEAST_ON_PAPER:
            break
    return width, min(cell, _CELL * paper.scale)


def _cells(axes: Axes, wins: Values, apart: NDArray[np.bool_]) -> None:
    """The matrix itself: seaborn's heat map, its numbers bold where the two differ."""
    seaborn = importlib.import_module("seaborn")  # here, since no other figure needs it
    digits = mpl.rcParams["font.family"][0]  # alone: each font of a list is looked for at each of 400 numbers
    seaborn.heatmap(
        wins,
        mask=np.isnan(wins),
        vmin=0,
        vmax=1,
        cmap=_SHADES,
        cbar=False,
        annot=np.round(100 * wins),
        fmt=".0f",
        annot_kws={"va": "center_baseline", "parse_math": False, "family": digits},
        linewidths=0.6,
        linecolor="white",
        xticklabels=False,
        yticklabels=False,
        ax=axes,
    )
    axes.grid(visible=False)
    for text, (row, column) in zip(axes.texts, np.argwhere(~np.isnan(wins)), strict=True):
        text.set(weight="bold" if apart[row, column] else "normal", color=_on(_SHADES(wins[row, column])))
    for row, column in np.argwhere(np.isnan(wins) & ~np.eye(len(wins), dtype=bool)):
        axes.text(column + 0.5, row + 0.5, "?", ha="center", va="center_baseline")


def _on(shade: tuple[float, ...]) -> str:
    """Black or white, whichever stands out more: a contrast of 4.5 (WCAG 2) at least."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shade[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if (luminance + 0.05) ** 2 < 0.05 * 1.05 else "black"


def _dot(figure: Figure, place: tuple[float, float], look: Style) -> None:
    stroke(figure, [place], color=look.color, **canvas.marker(look))
