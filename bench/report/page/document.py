"""What a page shows, as plain data: words, curves, tables, figures, files, facts and findings; no number is made here.

Text may hold `code` between backticks and **bold** between two asterisks; everything else in it is shown as it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import pandas as pd

from bench.report.audit import Finding
from bench.report.look.style import Style
from bench.report.tables.table import Table
from bench.report.words.notes import Fact


@dataclass(frozen=True)
class Axis:
    """One choice for an axis of a chart."""

    key: str
    """By which curves name it, such as "evaluations" or "validation"."""
    name: str
    """In the list of choices, such as "validation loss"."""
    title: str
    """Along the axis, such as "best validation loss (log loss)"."""
    log: bool = False
    """Whether it is logarithmic until the reader says otherwise."""


@dataclass(frozen=True)
class Curve:
    """A step function and its band: right-continuous steps, each value held from its x until the next.

    All of one length, x ascending. Infinity (and NaN) is a run's loss before its first success. Without a band, `lower`
    and `upper` are empty.
    """

    x: Sequence[float]
    median: Sequence[float]
    lower: Sequence[float] = ()
    upper: Sequence[float] = ()

    def __post_init__(self) -> None:
        sizes = {len(self.x), len(self.median)} | {len(side) for side in (self.lower, self.upper) if len(side)}
        if len(sizes) > 1 or bool(len(self.lower)) != bool(len(self.upper)):
            raise ValueError("a curve needs as many medians, and lower and upper ends or none, as it has places x")
        if any(not math.isfinite(x) for x in self.x) or any(b < a for a, b in zip(self.x, self.x[1:], strict=False)):
            raise ValueError("a curve needs finite, ascending places x")

    @classmethod
    def of(cls, frame: pd.DataFrame, x: str, kind: str = "") -> Self:
        """From columns `x`, `KIND_median` and, for a band, `KIND_lower`, `KIND_upper`; without `kind`, `median`, ..."""
        prefix = f"{kind}_" if kind else ""
        sides = [f"{prefix}{side}" for side in ("lower", "upper") if f"{prefix}{side}" in frame]
        return cls(*(frame[name].tolist() for name in (x, f"{prefix}median", *sides)))


@dataclass(frozen=True)
class Series:
    """An optimiser in a chart."""

    label: str
    style: Style
    curves: Mapping[tuple[str, str], Curve]
    """By the keys of the x axis and the y axis; where a pair is missing, the chart has no such curve."""
    note: str = ""
    """What follows the label, such as "10 runs" or "exact"."""
    help: str = ""
    """What it is, where the label does not say it."""
    incumbents: tuple["Incumbent", ...] = ()
    """Over the first x and y axis."""


@dataclass(frozen=True)
class Incumbent:
    """The best trial of a run, as a point of the chart."""

    x: float
    y: float
    seed: int
    configuration: str
    """As JSON."""


@dataclass(frozen=True)
class Chart:
    """The interactive chart of one problem; its first axes are shown first."""

    series: tuple[Series, ...]
    x: tuple[Axis, ...]
    y: tuple[Axis, ...]
    band: str = "interquartile range"
    """What lies between the lower and the upper ends."""

    def __post_init__(self) -> None:
        known = {(x.key, y.key) for x in self.x for y in self.y}
        for series in self.series:
            if set(series.curves) - known:
                raise ValueError(f"{series.label} has curves over axes that its chart does not have")


@dataclass(frozen=True)
class Download:
    """A file: inside the page, or beside it."""

    name: str
    content: bytes
    mime: str
    path: str = ""
    """Where it is, relative to the page; empty where the page holds it."""


@dataclass(frozen=True)
class Figure:
    """A figure as it is printed: shown from `shown`, offered in all of `files`."""

    title: str
    alt: str
    """What is seen, for those who do not see it."""
    shown: Download
    """An SVG or PNG."""
    files: tuple[Download, ...] = ()
    """The same in other formats."""
    size: tuple[int, int] | None = None
    """Width and height in pixels, so that the page does not move when it is loaded."""


@dataclass(frozen=True)
class Section:
    """One problem, or what is said across problems; tables after the first, figures after two are folded."""

    title: str
    verdict: tuple[str, ...] = ()
    chart: Chart | None = None
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    downloads: tuple[Download, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know to read the numbers."""
    facts: tuple[Fact, ...] = ()
    """The setting of this problem's runs."""
    data: tuple[Fact, ...] = ()
    """What was understood of its data."""
    features: Table | None = None
    """Of that data."""


@dataclass(frozen=True)
class Link:
    """Another page of the report."""

    title: str
    path: str
    """Relative to the page."""


@dataclass(frozen=True)
class Way:
    """From the page of a problem to the others: back to the overview, to the problems before and after it."""

    back: Link
    previous: Link | None = None
    following: Link | None = None


@dataclass(frozen=True)
class Scores:
    """One row of a heat map."""

    problem: Link
    values: tuple[float, ...]
    """0 is the best loss known, 1 random search; infinity where there is no success, NaN where there is no score."""


@dataclass(frozen=True)
class Matrix:
    """A heat map of problems (rows) and optimisers (columns); each row leads to its problem."""

    caption: str
    labels: tuple[str, ...]
    rows: tuple[Scores, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row.values) != len(self.labels) for row in self.rows):
            raise ValueError(f"heat map {self.caption!r}: each row needs as many values as there are optimisers")


@dataclass(frozen=True)
class Document:
    """The whole page, in the order in which it is read."""

    title: str
    command: str
    """What made the page."""
    verdict: tuple[str, ...]
    """The first sentence stands out."""
    problems: tuple[Section, ...]
    overall: tuple[Section, ...] = ()
    """Across problems."""
    facts: tuple[Fact, ...] = ()
    """How all runs were made."""
    findings: tuple[Finding, ...] = ()
    downloads: tuple[Download, ...] = field(default=())
    """Of everything at once."""
    matrix: Matrix | None = None
    """Of many problems, each with a page of its own."""
    way: Way | None = None
    """On the page of one of many problems."""
    plotly: str = ""
    """Where the chart's script is, relative to the page; empty where the page holds it."""
