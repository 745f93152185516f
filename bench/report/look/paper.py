"""Where figures go: onto a screen, or into a venue's paper with its column width, fonts and sizes.

Widths and sizes are tueplots' (https://github.com/pnkraemer/tueplots), IEEE's its own. No LaTeX is run and no font is
needed: text is set in STIX, a Times that Matplotlib brings along, so that a figure is the same everywhere. Venues that
set Palatino or Computer Modern get STIX too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tueplots import figsizes, fontsizes

from bench.errors import UserError, allowed
from bench.report.look.font import FAMILY

_NO_PAPERS = {"beamer", "tue_ai_thesis"}
_IEEE = {"axes.labelsize": 8.0, "axes.titlesize": 8.0, "xtick.labelsize": 7.0, "legend.fontsize": 7.0}
"""IEEE's guide asks for text of 8 to 10 points at columns of 21 and 43 picas; ticks are a point less."""
_IEEE_WIDTHS = {"ieee": 3.5, "ieee_full": 7.16}
_LEAST_NOTE = 6.0


@dataclass(frozen=True)
class Paper:
    """What a figure keeps to: its width in inches, the sizes of its text in points, and Matplotlib's settings."""

    name: str
    width: float
    widest: float
    """Of the page, for what cannot be read in one column."""
    label: float
    """Size of names beside what they name."""
    note: float
    """Size of remarks and captions."""
    title: float
    grows: bool = False
    """Whether a figure may be wider where its names are long; else they are folded."""
    captioned: bool = False
    """Whether a figure carries its title and its remarks; a paper has them in its caption."""
    tallest: float = 8.4
    """Of what must fit one page, without its caption."""
    rc: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Over `style.RC`."""

    @property
    def scale(self) -> float:
        """Of lines and markers, against those on a screen."""
        return self.label / SCREEN.label


SCREEN = Paper(name="screen", width=5.6, widest=8.0, label=8.0, note=6.3, title=9.0, grows=True, captioned=True)


def paper(name: str) -> Paper:
    """The paper of a venue: `icml2024` is one column of it, `icml2024_full` the page's width where it has two.

    Raises `UserError` with the names there are.
    """
    known = papers()
    if name not in known:
        raise UserError(f"paper {name!r} is not known; {allowed(name, known)}")
    if name in _IEEE_WIDTHS:
        return _sized(name, _IEEE_WIDTHS[name], max(_IEEE_WIDTHS.values()), _IEEE)
    venue = name.removesuffix("_full")
    widths = {size: _width(size) for size in (f"{venue}_half", f"{venue}_full", venue) if hasattr(figsizes, size)}
    widest = max(widths.values())
    width = widest if name.endswith("_full") else min(widths.values())
    return _sized(name, width, widest, getattr(fontsizes, venue)())


def papers() -> list[str]:
    """The names that `paper` knows, in alphabetical order."""
    names = {*_IEEE_WIDTHS}
    for venue in vars(fontsizes):
        if venue.startswith("_") or venue in _NO_PAPERS:
            continue
        names |= {venue} if hasattr(figsizes, venue) else set()
        names |= {venue, f"{venue}_full"} if hasattr(figsizes, f"{venue}_full") else set()
    return sorted(names)


def _width(size: str) -> float:
    width: float = getattr(figsizes, size)()["figure.figsize"][0]
    return width


def _sized(name: str, width: float, widest: float, sizes: Mapping[str, float]) -> Paper:
    label = round(sizes["legend.fontsize"], 2)
    scale = label / SCREEN.label
    thin = {f"{tick}.major.{key}": size * scale for tick in ("xtick", "ytick") for key, size in _TICK.items()}
    return Paper(
        name=name,
        width=width,
        widest=widest,
        label=label,
        note=max(_LEAST_NOTE, round(0.8 * label, 2)),
        title=round(sizes["axes.titlesize"], 2),
        rc={
            "font.family": ["STIXGeneral", *FAMILY],
            "font.size": label,
            "axes.titlesize": sizes["axes.titlesize"],
            "axes.labelsize": sizes["axes.labelsize"],
            "xtick.labelsize": sizes["xtick.labelsize"],
            "ytick.labelsize": sizes["xtick.labelsize"],
            "axes.labelpad": 2.5,
            "axes.linewidth": 0.5,
            "grid.linewidth": 0.5,
            "lines.linewidth": 1.5 * scale,
            "figure.dpi": 400,
            "savefig.dpi": 400,
            **thin,
        },
    )


_TICK = {"width": 0.6, "size": 3.0}
