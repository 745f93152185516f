"""The sheet that every figure is drawn on: its look, its measures, its markers, its files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.report import style
from bench.report.style import Style

FORMATS = ("pdf", "svg", "png")

INCH = 72.0
"""Points in it."""

_WITHOUT_DATE: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
_LARGER = {"P": 5.2, "*": 6.6, "X": 5.2, "+": 5.2}


@contextmanager
def look() -> Iterator[None]:
    """Draw with this report's style alone, whatever the user's own settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style.RC)  # type: ignore[arg-type]
        yield


def render(figure: Figure) -> dict[str, bytes]:
    """The figure's files by format; the same figure gives the same bytes. Call it within `look`."""
    files = {}
    for kind in FORMATS:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=_WITHOUT_DATE[kind])
        files[kind] = buffer.getvalue()
    return files


def marker(look: Style) -> dict[str, Any]:
    """Filled markers stand out of their line by a white edge; those made of strokes have none to give away."""
    strokes = look.marker in "x+"
    return {
        "marker": look.marker,
        "markersize": _LARGER.get(look.marker, 4.2),
        "markeredgewidth": 1.0 if strokes else 0.4,
        "markeredgecolor": look.color if strokes else "white",
    }


def text(figure: Figure, words: str, **look: Any) -> Text:
    """Words on the figure that get their place when they have been measured; never read as mathematics."""
    return figure.text(0, 0, words, va="center_baseline", ha="left", parse_math=False, **look)
