"""Styles in a browser: classes for optimisers' colours, Plotly's names of dashes and markers, swatches, shades."""

import math
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from matplotlib.markers import MarkerStyle

from bench.report.look.style import Dash, Style, darker

WIDTH = 1.8
"""Of a line, in pixels; dashes are multiples of it, as Matplotlib's are."""

_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "d": "diamond-tall",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "p": "pentagon",
    "h": "hexagon",
    "H": "hexagon2",
    "8": "octagon",
    "*": "star",
    "P": "cross",
    "X": "x",
    "+": "cross-thin-open",
    "x": "x-thin-open",
}


def symbol(marker: str) -> str:
    """Plotly's name of a marker, empty where there is none; a circle where it has none like it."""
    return _SYMBOLS.get(marker, "circle") if MarkerStyle(marker) else ""


def dash(pattern: Dash) -> str:
    """Plotly's name of a dash: lengths in pixels.

    >>> dash("-"), dash((0, (4, 1.5)))
    ('solid', '7.2px,2.7px')
    """
    return "solid" if isinstance(pattern, str) else ",".join(f"{length * WIDTH:.4g}px" for length in pattern[1])


def classes(styles: Iterable[Style]) -> dict[Style, str]:
    """A class for each style, in the order in which they are first met."""
    return {style: f"look{place}" for place, style in enumerate(dict.fromkeys(styles))}


def sheet(names: Mapping[Style, str]) -> str:
    """The colours of the classes, darker in text; on black paper they are mixed with white instead."""
    plain = "".join(
        f".{name}{{color:{style.color}}}.end.{name}{{color:{darker(style.color)}}}" for style, name in names.items()
    )
    dark = "".join(f".{name},.end.{name}{{color:{_lighter(style.color)}}}" for style, name in names.items())
    return f"{plain}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


def _lighter(color: str, share: float = 0.38) -> str:
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)


STEPS = 10
"""Shades of the heat map between 0, the best loss known, and 1, random search."""
_WORSE = (1.25, 2.0)
"""Scores above 1 that end a shade; the last has all beyond them."""
_LIGHT = ("#0b5c8f", "#f6f6f1", "#c4581a")
_DARK = ("#7cc0f0", "#24272a", "#e08a4a")
"""The colours of 0, of 1 and of the worst."""


def shade(value: float) -> str:
    """The class of a score; none where there is none.

    >>> shade(-0.1), shade(0.04), shade(0.96), shade(1.04), shade(1.1), shade(1.3), shade(math.inf), shade(math.nan)
    ('s0', 's0', 's10', 's10', 's11', 's12', 's13', '')
    """
    if math.isnan(value):
        return ""
    if value < 1 + 0.5 / STEPS:
        return f"s{max(0, round(value * STEPS))}"
    return f"s{STEPS + 1 + sum(value > end for end in _WORSE)}"


def shades() -> str:
    """The colours of those classes, with ink that can be read on each, on white and on black paper."""

    def rules(best: str, middle: str, worst: str) -> str:
        colors = [_mixed(best, middle, step / STEPS) for step in range(STEPS + 1)]
        colors += [_mixed(middle, worst, share) for share in (0.35, 0.65, 1.0)]
        return "".join(f".s{i}{{background:{color};color:{_ink(color)}}}" for i, color in enumerate(colors))

    return f"{rules(*_LIGHT)}\n@media screen and (prefers-color-scheme:dark){{{rules(*_DARK)}}}\n"


def _mixed(one: str, other: str, share: float) -> str:
    parts = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _ink(color: str) -> str:
    """Black or white, whichever has the greater contrast with a colour, as WCAG measures it."""
    light = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in light]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#fff"


@cache
def swatch(style: Style, name: str) -> str:
    """A piece of the line with its marker, in the colour of class `name`."""
    pattern = "" if isinstance(style.dash, str) else " ".join(f"{length * WIDTH:.4g}" for length in style.dash[1])
    dashes = f' stroke-dasharray="{pattern}"' if pattern else ""
    marker = MarkerStyle(style.marker)
    path = marker.get_path().transformed(marker.get_transform())
    lines = [
        "M" + "L".join(f"{17 + 8 * x:.2f} {7 - 8 * y:.2f}" for x, y in np.asarray(polygon))
        for polygon in path.to_polygons(closed_only=False)
    ]
    fill = "currentColor" if marker.is_filled() else "none"
    return (
        f'<svg class="swatch {name}" viewBox="0 0 34 14" width="34" height="14" aria-hidden="true">'
        f'<path d="M1 7H33" stroke="currentColor" stroke-width="{WIDTH}"{dashes}/>'
        f'<path d="{"".join(lines)}" stroke="currentColor" stroke-width="1.2" fill="{fill}"/></svg>'
    )
