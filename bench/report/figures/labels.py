"""Direct labels: names at the right ends of what they name, never on each other and never cut off."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bench.report import style
from bench.report.figures.canvas import INCH, marker, text
from bench.report.style import Style

_NAME_SIZE, _NOTE_SIZE = 8.0, 6.3
_NAME_HEIGHT, _NOTE_HEIGHT = 10.5, 8.0
_LEADER = 27.0


@dataclass(frozen=True)
class End:
    """What stands at a curve's end: its label, a remark under it (or none), and the point it ends in."""

    label: str
    remark: str
    style: Style
    x: float
    y: float
    """+inf where undefined: above the axes."""


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


def arrange(figure: Figure, axes: Axes, ends: Sequence[End], reach: float, remarks: Sequence[str]) -> None:
    """Give axes, labels and caption their places, measured in points, so that nothing overlaps or is cut off.

    A curve that ends before `reach` is led on to the edge by dots.
    """
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = INCH / figure.dpi
    names = [text(figure, end.label, size=_NAME_SIZE, color=style.darker(end.style.color)) for end in ends]
    notes = [text(figure, end.remark, size=_NOTE_SIZE, color=style.MUTED) for end in ends]
    right = max(words.get_window_extent(renderer).width * scale for words in [*names, *notes]) + _LEADER + 6
    box = axes.get_tightbbox(renderer)
    assert box is not None
    left = (axes.bbox.x0 - box.x0) * scale + 6
    below = (axes.bbox.y0 - box.y0) * scale + 5
    width = max(5.6 * INCH, left + right + 2.7 * INCH)
    wrapped = textwrap.wrap(" ".join(remarks), int((width - left) / (_NOTE_SIZE * 0.52)))
    heights = [_NAME_HEIGHT + (_NOTE_HEIGHT if end.remark else 0) for end in ends]
    tall = max(2.35 * INCH, sum(heights) + 4)
    below += _NOTE_HEIGHT * len(wrapped) + 4
    height = tall + below + 26
    figure.set_size_inches(width / INCH, height / INCH)
    axes.set_position((left / width, below / height, (width - left - right) / width, tall / height))
    for place, words in enumerate(wrapped):
        y = (_NOTE_HEIGHT * (len(wrapped) - place - 1) + 6) / height
        figure.text(left / width, y, words, size=_NOTE_SIZE, color=style.MUTED, va="bottom")
    _label(axes, ends, reach, names, notes, heights)


def _label(
    axes: Axes,
    ends: Sequence[End],
    reach: float,
    names: Sequence[Text],
    notes: Sequence[Text],
    heights: Sequence[float],
) -> None:
    """Names at the right ends of their curves, each with a thin line to it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * INCH
    box = axes.get_position()
    edge, lowest, tall = box.x1 * width, box.y0 * height, box.height * height
    (x0, x1), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    up_to = [tall * (end.y - bottom) / (top - bottom) for end in ends]
    inside = [min(max(place, 0.0), tall) for place in up_to]
    order = sorted(range(len(ends)), key=lambda i: (inside[i], up_to[i], i))
    places = spread([inside[i] for i in order], [heights[i] for i in order], 0.0, max(tall, sum(heights)))
    for i, place in zip(order, places, strict=True):
        end = ends[i]
        up = _NOTE_HEIGHT / 2 if end.remark else 0
        path = [
            (edge + 1.5, inside[i]),
            (edge + 4, inside[i]),
            (edge + _LEADER - 12, place + up),
            (edge + _LEADER - 8, place + up),
        ]
        if end.x < reach:
            start = (box.x0 + box.width * (end.x - x0) / (x1 - x0)) * width
            dots = Line2D(
                [start / width, edge / width],
                [(lowest + inside[i]) / height] * 2,
                color=style.MUTED,
                linewidth=0.6,
                linestyle=(0, (1, 4)),
            )
            figure.add_artist(dots)
        leader = Line2D(
            [x / width for x, _ in path],
            [(lowest + y) / height for _, y in path],
            color=end.style.color,
            linewidth=0.6,
            markevery=[len(path) - 1],
            **marker(end.style),
        )
        figure.add_artist(leader)
        names[i].set_position(((edge + _LEADER) / width, (lowest + place + up) / height))
        notes[i].set_position(((edge + _LEADER) / width, (lowest + place + up - _NAME_HEIGHT + 1) / height))
