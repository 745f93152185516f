"""Probability of improvement: how often one optimiser's loss is less than another's, as a matrix with its numbers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bench.report.figures import canvas, words
from bench.report.figures.canvas import INCH, sheet, stroke
from bench.report.look import style
from bench.report.look.style import Style

Values = NDArray[np.float64]

_SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"])
_NOTHING = "#eeeeee"
_EDGE = 6.0
_CELL, _LEAST_CELL, _LEAST_ON_PAPER = 25.0, 15.0, 10.5
_REMARK = (
    "Row against column: comparisons of runs that the row wins, in %, a tie counting half; bold where the two can be "
    "told apart."
)


def improvement(pairs: pd.DataFrame, styles: Mapping[str, Style], title: str = "") -> Figure:
    """The matrix of `significance.compare`'s pairs: a number in each cell, darker the more often its row wins.

    The best is first, by its mean over the others. A pair without comparisons (no seed in common) has a question mark.
    Where a column of a paper would leave cells too small to be read, the figure is as wide as the page. Call it within
    `look`.
    """
    names, wins, apart = _matrix(pairs)
    paper = sheet()
    figure = canvas.blank()
    room = 1000.0 if paper.grows else 0.3 * paper.width * INCH
    rows = [words.lines(figure, name, room, ha="right", color=style.darker(styles[name].color)) for name in names]
    heads = [words.put(figure, name, size=paper.label, color=style.darker(styles[name].color)) for name in names]
    gap = 13 * paper.scale
    left = max(words.width(text) for texts in rows for text in texts) + _EDGE + gap
    width, cell = _widths(len(names), left)
    heights = [max(cell, len(texts) * words.name_height()) for texts in rows]
    above = max(words.width(text) for text in heads) + gap + 2
    caption = words.fold(_REMARK, width - 2 * _EDGE, paper.note)
    heading = words.fold(title, width - 2 * _EDGE, paper.title, "bold")
    below = _EDGE + len(caption) * words.note_height() + 6
    top = below + sum(heights)
    figure.set_size_inches(width / INCH, (top + above + _EDGE + words.heading_height(heading)) / INCH)
    y = top
    for row, (name, texts, height) in enumerate(zip(names, rows, heights, strict=True)):
        y -= height
        _dot(figure, (left - gap / 2, y + height / 2), styles[name])
        _dot(figure, (left + (row + 0.5) * cell, top + gap / 2), styles[name])
        words.stack(texts, left - gap, y + height / 2)
        heads[row].set(rotation=90, ha="center", va="bottom")
        words.move(heads[row], left + (row + 0.5) * cell, top + gap)
        for column in range(len(names)):
            box = (left + column * cell, y, cell, height)
            _cell(figure, box, wins[row, column], bool(apart[row, column]), row == column)
    words.under(figure, caption, _EDGE)
    words.over(figure, heading, _EDGE)
    return figure


def _matrix(pairs: pd.DataFrame) -> tuple[list[str], Values, NDArray[np.bool_]]:
    """Labels from best to worst; how often the row wins, NaN where unknown; whether the two are told apart."""
    given = list(dict.fromkeys([*pairs["a"], *pairs["b"]]))
    place = {label: i for i, label in enumerate(given)}
    wins = np.full((len(given), len(given)), np.nan)
    apart = np.zeros(wins.shape, dtype=bool)
    for row in pairs.to_dict("records"):
        a, b = place[row["a"]], place[row["b"]]
        wins[a, b], wins[b, a] = row["improvement"], 1 - row["improvement"]
        apart[a, b] = apart[b, a] = bool(row["distinguishable"])
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


def _cell(figure: Figure, box: tuple[float, float, float, float], value: float, apart: bool, same: bool) -> None:
    width, height = figure.get_size_inches() * INCH
    x, y, wide, tall = box
    known = not np.isnan(value)
    shade = _SHADES(value) if known else to_rgba(_NOTHING)
    figure.add_artist(
        Rectangle(
            (x / width, y / height),
            wide / width,
            tall / height,
            facecolor=shade,
            edgecolor="white",
            linewidth=0.6,
            transform=figure.transFigure,
        )
    )
    if same:
        return
    words.put(
        figure,
        f"{100 * value:.0f}" if known else "?",
        x + wide / 2,
        y + tall / 2,
        size=min(sheet().label, 0.46 * wide),
        weight="bold" if apart else "normal",
        color=_on(shade),
        ha="center",
        zorder=4,
    )


def _on(shade: tuple[float, ...]) -> str:
    """Black or white, whichever stands out more: a contrast of 4.5 (WCAG 2) at least."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shade[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if (luminance + 0.05) ** 2 < 0.05 * 1.05 else "black"


def _dot(figure: Figure, place: tuple[float, float], look: Style) -> None:
    stroke(figure, [place], color=look.color, **canvas.marker(look))
