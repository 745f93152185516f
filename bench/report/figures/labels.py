"""Direct labels: names at the right ends of what they name, never on each other and never cut off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.report.figures import words
from bench.report.figures.canvas import INCH, marker, renderer, sheet, stroke
from bench.report.look import style
from bench.report.look.style import Style

_LEADER = 27.0
_SHARE = 0.42
"""Of a paper's width, that labels may take."""


@dataclass(frozen=True)
class End:
    """What stands at a curve's end: its label, a remark under it (or none), and the point it ends in."""

    label: str
    remark: str
    style: Style
    x: float
    y: float
    """+inf where undefined: above the axes."""


@dataclass(frozen=True)
class _Block:
    """The lines of one label, from its top down."""

    names: tuple[Text, ...]
    notes: tuple[Text, ...]

    @property
    def height(self) -> float:
        return len(self.names) * words.name_height() + len(self.notes) * words.note_height()


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

    A curve that ends before `reach` is led on to the edge by dots. On a screen the figure is as wide as it has to be;
    on paper it has the paper's width, and names are folded.
    """
    paper = sheet()
    leader = _LEADER * paper.scale
    room = 1000.0 if paper.grows else _SHARE * paper.width * INCH - leader - 4
    blocks = _blocks(figure, ends, room)
    right = max(words.width(text) for block in blocks for text in (*block.names, *block.notes)) + leader + 6
    tall = max(2.35 * INCH * (paper.scale if not paper.grows else 1), sum(block.height for block in blocks) + 4)
    frame(figure, axes, right, tall, remarks)
    _label(axes, ends, reach, blocks, leader)


def frame(figure: Figure, axes: Axes, right: float, tall: float, remarks: Sequence[str], beside: float = 0.0) -> None:
    """Give axes `tall` points high their place, the caption under and the title over them.

    `right` and `beside` points stay free at their right and left.

    The axis label and the title are folded where they are longer than there is room.
    """
    paper = sheet()
    scale = INCH / figure.dpi
    size = float(axes.yaxis.label.get_fontsize())
    axes.set_ylabel("\n".join(line for part in axes.get_ylabel().split("\n") for line in words.fold(part, tall, size)))
    box = axes.get_tightbbox(renderer(figure))
    assert box is not None
    left = (axes.bbox.x0 - min(box.x0, axes.bbox.x0)) * scale + 6 + beside
    below = (axes.bbox.y0 - box.y0) * scale + 5
    width = max(paper.width * INCH, left + right + 2.7 * INCH) if paper.grows else paper.width * INCH
    lines = words.caption(figure, remarks, width - left - 6)
    title = words.heading(axes.get_title(loc="left"), width - left - 6)
    axes.set_title("\n".join(title), pad=8)
    below += words.note_height() * len(lines) + 4
    height = tall + below + (17 + paper.title + 1.2 * paper.title * (len(title) - 1) if title else 8)
    figure.set_size_inches(width / INCH, height / INCH)
    axes.set_position((left / width, below / height, (width - left - right) / width, tall / height))
    words.under(figure, lines, left)


def _blocks(figure: Figure, ends: Sequence[End], room: float) -> list[_Block]:
    names = [words.lines(figure, end.label, room, color=style.darker(end.style.color)) for end in ends]
    notes = [words.lines(figure, end.remark, room, size=sheet().note, color=style.MUTED) for end in ends]
    return [_Block(tuple(above), tuple(under)) for above, under in zip(names, notes, strict=True)]


def _label(axes: Axes, ends: Sequence[End], reach: float, blocks: Sequence[_Block], leader: float) -> None:
    """Names at the right ends of their curves, each with a thin line to it."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * INCH
    box = axes.get_position()
    edge, lowest, tall = box.x1 * width, box.y0 * height, box.height * height
    up_to = [tall * share(axes, "y", end.y) for end in ends]
    inside = [min(max(place, 0.0), tall) for place in up_to]
    order = sorted(range(len(ends)), key=lambda i: (inside[i], up_to[i], i))
    heights = [blocks[i].height for i in order]
    places = spread([inside[i] for i in order], heights, 0.0, max(tall, sum(heights)))
    line, note, scale = words.name_height(), words.note_height(), sheet().scale
    for i, place in zip(order, places, strict=True):
        end, block = ends[i], blocks[i]
        first = place + block.height / 2 - line / 2
        if end.x < reach:
            start = box.x0 * width + box.width * width * share(axes, "x", end.x)
            dots = [(start, lowest + inside[i]), (edge, lowest + inside[i])]
            stroke(figure, dots, color=style.MUTED, linestyle=(0, (1, 4)))
        path = [
            (edge + 1.5 * scale, lowest + inside[i]),
            (edge + 4 * scale, lowest + inside[i]),
            (edge + leader - 12 * scale, lowest + first),
            (edge + leader - 8 * scale, lowest + first),
        ]
        stroke(figure, path, color=end.style.color, markevery=[3], **marker(end.style))
        for number, text in enumerate(block.names):
            words.move(text, edge + leader, lowest + first - line * number)
        last = first - line * len(block.names) + 1
        for number, text in enumerate(block.notes):
            words.move(text, edge + leader, lowest + last - note * number)


def share(axes: Axes, which: str, value: float) -> float:
    """How far along an axis a value is: 0 at its start, 1 at its end, linear or logarithmic as the axis is."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    if axis.get_scale() != "log":
        return (value - low) / (high - low)
    return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) if value > 0 else -math.inf
