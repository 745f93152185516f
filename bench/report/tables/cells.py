"""Cells of tables: how losses, bounds, shares and seconds are written."""

import math
from collections.abc import Iterable, Mapping, Sequence

from bench.report.analysis.comparison import Analysis
from bench.report.look.style import Style
from bench.report.statistics.intervals import LEVEL
from bench.report.statistics.targets import Bound
from bench.report.tables.formats import NOTHING
from bench.report.tables.table import Cell, Mark

Styles = Mapping[str, Style]

MINUS = "\N{MINUS SIGN}"
PERCENT = f"{LEVEL:.0%}".replace("%", " %")
"""`95 %`."""


def decimals(medians: Sequence[float], widths: Sequence[float]) -> int:
    """Digits after the point for one column of losses, at most 10.

    Enough for four significant digits of the least finite median (by size), and for two of the least width that is not
    zero, so that a width can be seen.
    """
    needed = [0]
    for values, digits in ((medians, 4), (widths, 2)):
        sizes = [abs(value) for value in values if math.isfinite(value) and value != 0]
        if sizes:
            needed.append(digits - 1 - math.floor(math.log10(min(sizes))))
    return min(max(needed), 10)


def loss(value: float, digits: int) -> str:
    """A loss as it is shown."""
    if math.isfinite(value):
        return _minus(f"{value:.{digits}f}")
    return "∞" if value > 0 else NOTHING


def names(labels: Iterable[str], styles: Styles) -> list[Cell]:
    """A column of optimisers, each with its look."""
    return [Cell(str(label), style=styles[str(label)]) for label in labels]


def failed(failed: int, trials: int, barren: int) -> Cell:
    """How many trials failed, of how many, and in how many runs none succeeded: `3 of 200`."""
    text = f"{failed} of {trials}" if failed else "0"
    return Cell(f"{text} ({barren} runs without success)" if barren else text, failed / trials if trials else 0.0)


def losses(analysis: Analysis, kind: str) -> list[Cell]:
    """Cells such as `0.0812 [0.0790, 0.0851]`; without the interval where there are too few runs for one."""
    table, groups = analysis.final, analysis.groups[kind]
    middle, low, high = (table[f"{kind}_median{end}"].tolist() for end in ("", "_low", "_high"))
    widths = [b - a for a, b in zip(low, high, strict=True) if math.isfinite(a) and math.isfinite(b)]
    digits = decimals(middle, widths)
    cells = []
    for label, value, lower, upper in zip(table["label"], middle, low, high, strict=True):
        bounds = f" [{loss(lower, digits)}, {loss(upper, digits)}]" if lower > -math.inf else ""
        mark: Mark = "best" if label == groups.best else "tied" if label in groups.level else ""
        cells.append(Cell(loss(value, digits) + bounds, value, mark if math.isfinite(value) else ""))
    return cells


def interval(value: float, low: float, high: float, digits: int) -> Cell:
    """A number and its interval, of either sign: `0.0012 [0.0003, 0.0030]`; without one that is the whole line."""
    if math.isnan(value) or low == -math.inf:
        return number(value, f"{value:.{digits}f}")
    ends = ", ".join(loss(end, digits) for end in (low, high))
    return Cell(f"{number(value, f'{value:.{digits}f}').text} [{ends}]", value)


def number(value: float, text: str) -> Cell:
    """A number as it is written; a dash where it is not defined."""
    if math.isnan(value):
        return Cell(NOTHING, math.nan)
    return Cell(_minus(text) if math.isfinite(value) else ("∞" if value > 0 else f"{MINUS}∞"), float(value))


def _minus(number: str) -> str:
    return number.replace("-", MINUS, 1) if number.startswith("-") else number


def seconds(value: float) -> Cell:
    """Seconds in three digits."""
    return number(value, f"{value:.3g}" if value < 1000 else f"{value:.0f}")


def fixed(value: float) -> str:
    """A rank or score in two digits after the point."""
    return NOTHING if math.isnan(value) else f"{value:.2f}"


def p_value(value: float) -> str:
    """A p-value in two digits."""
    return "< 0.001" if value < 0.001 else f"{value:.2g}" if value < 0.0995 else f"{value:.2f}"


def rank(bound: Bound) -> tuple[float, float]:
    """By which a number of evaluations is sorted: a bound behind the same number."""
    return (math.inf if math.isnan(bound.value) else bound.value + (0.5 if bound.relation == ">" else 0.0), bound.value)
