"""How optimisers look: one colour, line and marker each, the same in every figure; and the look of the page."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

from bench.config.folders import conf_dir
from bench.report.look.font import FAMILY

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Dash = str | tuple[float, tuple[float, ...]]
Choice = TypeVar("Choice")

SOLID: Dash = "-"
DASHED: Dash = (0, (4, 1.4))
DOTTED: Dash = (0, (1, 1.1))
DASH_DOT: Dash = (0, (5, 1.3, 1, 1.3))
LONG: Dash = (0, (8, 1.8))
DOUBLE_DOT: Dash = (0, (5, 1.3, 1, 1.3, 1, 1.3))
SPARSE: Dash = (0, (2.4, 2.6))


@dataclass(frozen=True)
class Style:
    """One optimiser's look; told apart by colour, and in grey by line and marker."""

    color: str
    dash: Dash
    marker: str
    called: str = ""
    """What sentences call it, where it is not its label."""


BASELINE = Style("#9a9a9a", SOLID, "")
"""Random search's exact median: a thin grey line without a marker."""

_LINES = {
    "solid": SOLID,
    "dashed": DASHED,
    "dotted": DOTTED,
    "dash_dot": DASH_DOT,
    "long": LONG,
    "double_dot": DOUBLE_DOT,
    "sparse": SPARSE,
}


def _of_configs() -> dict[str, Style]:
    """The `look` of each of the suite's own optimiser configs."""
    looks = {}
    for path in sorted((conf_dir() / "optimizer").glob("*.yaml")):
        look = yaml.load(path.read_text(), Loader=_LOADER).get("look")  # noqa: S506 - a safe loader, in C where there is one
        if look is not None:
            looks[path.stem] = Style(look["color"], _LINES[look["line"]], look["marker"], look.get("called", ""))
    return looks


KNOWN = _of_configs()
"""By name, each look its own: a library keeps its colour, and in grey no two share both line and marker.

The colours are close to those of seaborn's palette "colorblind", some of them darker, to be read on white.
"""

_GREY = "#5b5b5b"
_COLORS = (
    "#0173b2", "#de8f05", "#029e73", "#c23b22", "#b0479c", "#a8703a",
    "#332288", "#7a8b00", "#4aa3df", "#882255", "#e0679f", _GREY,
)  # fmt: skip
"""The palette; grey, which stands for random search and its like, comes last."""
_DASHES = (LONG, DASHED, DASH_DOT, DOTTED, SOLID, DOUBLE_DOT, SPARSE)
_MARKERS = ("p", "d", "8", "<", ">", "h", "H")


def styles(labels: Iterable[str]) -> dict[str, Style]:
    """The style of each label.

    Known names have their own, whoever else is there. Any other begins at the colour that its name's SHA-256 points to,
    and takes from there the first one that fewest of `labels` have: two share a colour only when all are in use. Of
    that colour it has a line that neither a known name nor another has, and a marker that no other has with that line
    while one is free. Others choose in alphabetical order: an own optimiser may get another colour when one is added.
    """
    given = sorted(set(labels))
    looks = {label: KNOWN[label] for label in given if label in KNOWN}
    reserved = {(style.color, style.dash) for style in KNOWN.values()}
    for label in given:
        if label not in looks:
            looks[label] = _free(label, list(looks.values()), reserved)
    return {label: looks[label] for label in given}


def _free(label: str, shown: Sequence[Style], reserved: AbstractSet[tuple[str, Dash]]) -> Style:
    """The look that an optimiser without one of its own gets beside those that are `shown`."""
    start = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    used = Counter(style.color for style in shown)
    lines, grey = Counter((style.color, style.dash) for style in shown), Counter((s.dash, s.marker) for s in shown)
    color = min(_from(_COLORS, start), key=lambda color: used[color] + 0.5 * (color == _GREY))
    dash = min(_from(_DASHES, start), key=lambda dash: lines[color, dash] + ((color, dash) in reserved))
    marker = min(_from(_MARKERS, start), key=lambda marker: grey[dash, marker])
    return Style(color, dash, marker)


def _from(choices: Sequence[Choice], start: int) -> list[Choice]:
    """The choices in their order, from one on."""
    first = start % len(choices)
    return [*choices[first:], *choices[:first]]


def darker(color: str, share: float = 0.25) -> str:
    """The colour with a share of black, for text."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * (1 - share)):02x}" for part in parts)


INK, MUTED, GRID = "#222222", "#666666", "#e6e6e6"

RC: dict[str, Any] = {
    "font.family": FAMILY,
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#888888",
    "axes.facecolor": "none",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": "#888888",
    "ytick.color": "#888888",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "butt",
    "text.color": INK,
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "savefig.dpi": 220,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "hpo-compare",
}
"""Over Matplotlib's own defaults: the user's matplotlibrc has no say, so that a figure is the same everywhere."""
