"""The sheet that every figure is drawn on: its look, its measures, its markers, its files."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bench.report.look import font, style
from bench.report.look.paper import SCREEN, Paper
from bench.report.look.style import Style
from bench.wording import one_line

FORMATS = ("pdf", "svg", "png")

INCH = 72.0
"""Points in it."""

_WITHOUT_DATE: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
_LARGER = {"P": 5.2, "*": 6.6, "X": 5.2, "+": 5.2}
_SHEET: ContextVar[Paper] = ContextVar("sheet", default=SCREEN)


@contextmanager
def look(paper: Paper | None = None) -> Iterator[None]:
    """Draw with this report's style alone, whatever the user's own settings; for a venue's paper, with its sizes."""
    font.register()
    chosen = paper or SCREEN
    token = _SHEET.set(chosen)
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(style.RC)  # type: ignore[arg-type]
            mpl.rcParams.update(chosen.rc)  # type: ignore[arg-type]
            yield
    finally:
        _SHEET.reset(token)


def sheet() -> Paper:
    """The paper that is drawn on: that of the `look` around."""
    return _SHEET.get()


def blank(width: float | None = None, height: float = 3.2) -> Figure:
    """An empty figure, inches; its width is the sheet's unless given."""
    figure = Figure(figsize=(width or sheet().width, height))
    FigureCanvasAgg(figure)
    return figure


def renderer(figure: Figure) -> RendererAgg:
    """What measures the figure's text."""
    agg: RendererAgg = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return agg


def render(figure: Figure, detail: float = 1.0, formats: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """The figure's files by format; the same figure gives the same bytes. Call it within `look`.

    The PNG has a share `detail` of the dots: a picture of many fine lines would else be of more than a megabyte.
    """
    for text in figure.findobj(Text):
        shown = text.get_text()
        if not shown.replace("\n", "").isprintable():
            text.set_text("\n".join(map(one_line, shown.split("\n"))))
    dots = detail * mpl.rcParams["savefig.dpi"]
    files = {}
    for kind in formats:
        buffer = io.BytesIO()
        faster: dict[str, Any] = (
            {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
        )  # than 6, for as many bytes
        figure.savefig(
            buffer, format=kind, metadata=_WITHOUT_DATE[kind], dpi=dots if kind == "png" else "figure", **faster
        )
        files[kind] = buffer.getvalue()
    return files


def marker(look: Style, scale: float = 1.0) -> dict[str, Any]:
    """Filled markers stand out of their line by a white edge; those made of strokes have none to give away."""
    strokes = look.marker in "x+"
    scale *= sheet().scale
    return {
        "marker": look.marker or "None",
        "markersize": _LARGER.get(look.marker, 4.2) * scale,
        "markeredgewidth": 1.0 * scale if strokes else 0.4,
        "markeredgecolor": look.color if strokes else "white",
    }


def stroke(figure: Figure, path: Sequence[tuple[float, float]], **look: Any) -> None:
    """A line through places of the figure, in points from its lower left corner; thin unless it is said how wide."""
    width, height = figure.get_size_inches() * INCH
    x, y = [x / width for x, _ in path], [y / height for _, y in path]
    figure.add_artist(Line2D(x, y, **{"linewidth": 0.6, **look}))


def see_through(svg: bytes) -> bytes:
    """The SVG of a figure without its white sheet, for a page that may be dark.

    Turned by CSS (`filter: invert(.92) hue-rotate(180deg)`), ink is then light and every hue what it was.
    """
    sheet_of_paper = re.compile(rb'(<g id="patch_1">\s*<path d="[^"]*" style="fill: )#ffffff')
    return sheet_of_paper.sub(rb"\1none", svg, count=1)
