"""Small panels of one size, one an optimiser, under its name: for what cannot share axes."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import style
from bench.report.figures import canvas, words
from bench.report.figures.canvas import INCH, sheet, stroke
from bench.report.style import Style

_EDGE = 6.0
_GAP = 10.0
_LEAST, _TALL = 118.0, 78.0
"""A panel's least width and its height on a screen, in points."""


def panels(
    labels: Sequence[str],
    styles: Mapping[str, Style],
    title: str,
    remarks: Sequence[str],
    room: tuple[float, float],
    tall: float = _TALL,
) -> tuple[Figure, list[Axes]]:
    """A figure with an empty panel for each label, in rows; `room` is left free at its left and below, in points.

    As many stand beside each other as can be read on the sheet. The remarks are folded under all of them.
    """
    paper = sheet()
    left, below = _EDGE + room[0], room[1]
    width = paper.width * INCH
    if paper.grows and len(labels) > 9:
        width = paper.widest * INCH
    gap = _GAP * paper.scale
    columns = max(1, min(len(labels), int((width - left - _EDGE + gap) // (_LEAST * paper.scale + gap)), 5))
    wide = (width - left - _EDGE - gap * (columns - 1)) / columns
    tall *= paper.scale
    rows = -(-len(labels) // columns)
    figure = canvas.blank()
    dot = 12 * paper.scale
    names = [
        words.lines(figure, label, wide - dot, color=style.darker(styles[label].color), va="bottom") for label in labels
    ]
    head = max(len(lines) for lines in names) * words.name_height() + 3
    caption = words.fold(" ".join(remarks), width - 2 * _EDGE, paper.note)
    heading = words.fold(title, width - 2 * _EDGE, paper.title, "bold")
    foot = _EDGE + len(caption) * words.note_height() + 5
    height = foot + below + rows * (tall + head) + (rows - 1) * gap / 2 + _EDGE + words.heading_height(heading)
    figure.set_size_inches(width / INCH, height / INCH)
    top = height - words.heading_height(heading) - _EDGE / 2
    found = []
    for place, (label, lines) in enumerate(zip(labels, names, strict=True)):
        row, column = divmod(place, columns)
        x, y = left + column * (wide + gap), top - (row + 1) * (head + tall) - row * gap / 2
        axes = figure.add_axes((x / width, y / height, wide / width, tall / height))
        axes.tick_params(length=2 * paper.scale, pad=2, labelsize=paper.note)
        axes.tick_params(labelleft=column == 0, labelbottom=place + columns >= len(labels))
        stroke(figure, [(x + dot / 3, y + tall + head / 2)], color=styles[label].color, **canvas.marker(styles[label]))
        for number, text in enumerate(reversed(lines)):
            words.move(text, x + dot, y + tall + 3 + number * words.name_height())
        found.append(axes)
    words.under(figure, caption, _EDGE)
    words.over(figure, heading, _EDGE)
    return figure, found
