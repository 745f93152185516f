"""Average ranks on one axis, and bars that join neighbours which do not differ significantly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.report.figures import canvas, words
from bench.report.figures.canvas import INCH, sheet, stroke
from bench.report.figures.scales import ticks
from bench.report.look import style
from bench.report.look.style import Style

_BAR = 5.5
"""Between two bars, in points."""
_EDGE = 6.0


class Ranked(Protocol):
    """Average ranks and what tests say of them; as `bench.report.statistics.ranks.friedman` gives it."""

    @property
    def problems(self) -> int: ...
    @property
    def p(self) -> float: ...
    @property
    def ranks(self) -> Mapping[str, float]:
        """Average rank by label, 1 the best."""

    @property
    def groups(self) -> Sequence[Sequence[str]]:
        """Neighbours of which no two differ significantly."""

    @property
    def tested(self) -> bool:
        """Whether a test of two of them could reject at all."""


@dataclass(frozen=True)
class _Side:
    """The labels of one side, from the top row down."""

    labels: tuple[str, ...]
    texts: tuple[tuple[Text, ...], ...]
    width: float


def critical_difference(ranked: Ranked, styles: Mapping[str, Style], title: str = "") -> Figure:
    """The diagram of Demšar (2006), joined by Wilcoxon's signed-rank tests with Holm's correction in the place of one
    critical difference (Benavoli et al., 2016): the better half of the optimisers named at the left, the others at the
    right.

    Each name stands with its average rank. Call it within `look`.
    """
    paper = sheet()
    figure = canvas.blank()
    ranks = {str(label): float(rank) for label, rank in dict(ranked.ranks).items()}
    order = sorted(ranks, key=lambda label: (ranks[label], label))
    half = (len(order) + 1) // 2
    room = 1000.0 if paper.grows else 0.3 * paper.width * INCH
    left = _side(figure, order[:half], ranks, styles, room)
    right = _side(figure, order[half:][::-1], ranks, styles, room)
    beside = _EDGE + 12 * paper.scale
    width = max(paper.width * INCH, left.width + right.width + 2 * beside + 190) if paper.grows else paper.width * INCH
    x0, x1 = left.width + beside, width - right.width - beside

    def x(rank: float) -> float:
        return x0 + (x1 - x0) * (rank - 1) / max(1, len(order) - 1)

    bars = _rows([(min(spans), max(spans)) for spans in _spans(ranked, ranks)])
    remark = _remark(ranked, len(bars) > 0)
    caption = words.caption(figure, [remark], width - 2 * _EDGE)
    heading = words.heading(title, width - 2 * _EDGE)
    line = words.name_height()
    heights = [max(_height(side), line) for side in (left, right)]
    below = _EDGE + len(caption) * words.note_height() + 4
    axis = below + max(heights) + 4 + _BAR * paper.scale * (1 + max((row for row, _, _ in bars), default=-1)) + 4
    over = axis + 3 * paper.scale + line + 8
    height = over + words.heading_height(heading)
    figure.set_size_inches(width / INCH, height / INCH)
    _axis(figure, x, axis, len(order))
    for row, low, high in bars:
        y = axis - _BAR * paper.scale * (row + 1)
        ends = [(x(low) - 2 * paper.scale, y), (x(high) + 2 * paper.scale, y)]
        stroke(figure, ends, color=style.INK, linewidth=2.6 * paper.scale, solid_capstyle="butt", zorder=1)
    top = below + max(heights)
    _draw_names(figure, left, x, ranks, styles, (axis, top), (left.width + _EDGE, -1))
    _draw_names(figure, right, x, ranks, styles, (axis, top), (width - right.width - _EDGE, 1))
    words.under(figure, caption, _EDGE)
    words.over(figure, heading, _EDGE)
    return figure


def _side(
    figure: Figure, labels: Sequence[str], ranks: Mapping[str, float], styles: Mapping[str, Style], room: float
) -> _Side:
    texts = tuple(
        tuple(words.lines(figure, f"{label} {ranks[label]:.2f}", room, color=style.darker(styles[label].color)))
        for label in labels
    )
    widest = max((words.width(text) for lines in texts for text in lines), default=0.0)
    return _Side(tuple(labels), texts, widest + _EDGE)


def _height(side: _Side) -> float:
    return sum(len(lines) for lines in side.texts) * words.name_height()


def _spans(ranked: Ranked, ranks: Mapping[str, float]) -> list[list[float]]:
    """The ranks that each bar joins: those of a group of two or more."""
    return [[ranks[str(label)] for label in group] for group in ranked.groups if len(group) > 1]


def _rows(spans: Sequence[tuple[float, float]]) -> list[tuple[int, float, float]]:
    """Bars with the row of each: the first in which it covers no other."""
    ends: list[float] = []
    placed = []
    for low, high in sorted(spans):
        row = next((row for row, end in enumerate(ends) if end < low), len(ends))
        ends[row:] = [high, *ends[row + 1 :]]
        placed.append((row, low, high))
    return placed


def _axis(figure: Figure, x: Callable[[float], float], y: float, count: int) -> None:
    scale = sheet().scale
    stroke(figure, [(x(1), y), (x(count), y)], color=style.INK, linewidth=0.8)
    for rank in ticks(count, 6 if sheet().width > 4 else 4):
        stroke(figure, [(x(rank), y), (x(rank), y + 3 * scale)], color=style.INK, linewidth=0.8)
        place = y + 3 * scale + words.name_height() / 2
        words.put(figure, str(rank), x(rank), place, size=sheet().label, ha="center", color=style.INK)


def _draw_names(
    figure: Figure,
    side: _Side,
    x: Callable[[float], float],
    ranks: Mapping[str, float],
    styles: Mapping[str, Style],
    heights: tuple[float, float],
    edge: tuple[float, int],
) -> None:
    """Each name with its line: from the axis down and out to `edge`, a place and the direction outwards."""
    axis, y = heights
    out, way = edge
    scale, line = sheet().scale, words.name_height()
    for label, texts in zip(side.labels, side.texts, strict=True):
        look = styles[label]
        middle = y - line / 2
        path = [(x(ranks[label]), axis), (x(ranks[label]), middle), (out, middle)]
        stroke(figure, path, color=look.color, linewidth=0.9 * scale, markevery=[0, 2], **canvas.marker(look), zorder=2)
        for number, text in enumerate(texts):
            text.set_horizontalalignment("left" if way > 0 else "right")
            words.move(text, out + way * 5 * scale, middle - line * number)
        y -= line * len(texts)


def _remark(ranked: Ranked, joined: bool) -> str:
    test = "Wilcoxon's signed-rank test over problems, Holm's correction, 5 %"
    if not ranked.tested:
        bars = f"The problems are too few to separate any two ({test})"
    elif joined:
        bars = f"Bars join neighbours that do not differ significantly ({test})"
    else:
        bars = f"Any two neighbours differ significantly ({test})"
    p = "p < 0.001" if ranked.p < 0.001 else f"p = {ranked.p:.2g}"
    return f"Average ranks over {ranked.problems} problems, 1 is best; Friedman's test: {p}. {bars}."
