"""What the templates ask of a document: sections with a chart, labels, looks, counts, and how a cell is sorted."""

import math
from collections.abc import Iterator, Sequence

from bench.report.audit import Finding
from bench.report.look.style import Style
from bench.report.page.document import Document, Download, Incumbent, Section, Series
from bench.report.tables.formats import NOTHING
from bench.report.tables.table import Cell

LEVELS = {
    "error": ("✕", "Error", "errors"),
    "warning": ("!", "Warning", "warnings"),
    "note": ("i", "Note", "notes"),
    "ok": ("✓", "In order", "in order"),
}
"""The sign, the name and the plural of each, the worst first."""


def best(section: Section) -> list[tuple[Series, Incumbent]]:
    """The best of each optimiser's best trials, the first of equals; none where configurations are not known."""
    series = section.chart.series if section.chart else ()
    return [(one, min(one.incumbents, key=lambda trial: trial.y)) for one in series if one.incumbents]


MINUS = "\N{MINUS SIGN}"
MOST = 99
"""The largest score that the heat map spells out."""


def charted(document: Document) -> list[Section]:
    """The sections that have a chart with something in it."""
    return [
        section
        for section in (*document.problems, *document.overall)
        if section.chart and any(len(curve.x) for series in section.chart.series for curve in series.curves.values())
    ]


def labels(sections: Sequence[Section]) -> list[Series]:
    """The series of all charts, each label once."""
    by_label: dict[str, Series] = {}
    for section in sections:
        for series in section.chart.series if section.chart else ():
            by_label.setdefault(series.label, series)
    return list(by_label.values())


def styles(document: Document) -> Iterator[Style]:
    """Every look in the order in which it is met."""
    for section in (*document.problems, *document.overall):
        yield from (series.style for series in (section.chart.series if section.chart else ()))
        for table in section.tables:
            yield from (cell.style for row in table.rows for cell in row if cell.style is not None)


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """In the order given otherwise."""
    order = list(LEVELS)
    return sorted(findings, key=lambda finding: order.index(finding.level))


def counts(findings: Sequence[Finding]) -> Iterator[str]:
    """`2 warnings`, `1 note`."""
    for level, (_, name, plural) in LEVELS.items():
        count = sum(finding.level == level for finding in findings)
        if count:
            yield f"{count} {name.lower() if count == 1 else plural}"


def key(cell: Cell) -> str:
    """What the script sorts by: a number's shortest form, `inf` after all others, nothing where a value is missing."""
    if cell.sort is None:
        return cell.text
    if isinstance(cell.sort, str):
        return cell.sort
    if math.isnan(cell.sort):
        return ""
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(cell.sort, repr(float(cell.sort)))


def score(value: float) -> str:
    """A cell of the heat map, short: two decimals while there is room.

    >>> score(0.126), score(12.34), score(-0.001), score(math.inf), score(math.nan)
    ('0.13', '12', '0.00', '∞', '-')
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞"
    if abs(value) >= MOST:
        return f"{MINUS if value < 0 else '>'}{MOST}"
    text = f"{value:.2f}" if abs(value) < 9.995 else f"{value:.0f}"
    return "0.00" if text == "-0.00" else text.replace("-", MINUS)


def sortable(value: float) -> str:
    """What the script sorts a score by."""
    return key(Cell("", value))


def ending(file: Download) -> str:
    """`PDF`."""
    return file.name.rpartition(".")[2].upper()
