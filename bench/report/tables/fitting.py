r"""LaTeX of tables for a venue's paper: as wide as its column, or its page, and no wider.

No LaTeX is run: the width of a table is estimated. Text is measured with the outlines of STIX, which has the widths of
Times, the text of most venues, in the size that LaTeX gives it where text is of 10 points (`\small` 9, `\scriptsize`
7); to it come the spaces between columns (`\tabcolsep` on both sides of each, none at the table's ends). 3 % stay free;
where a venue sets text in wider letters than Times, `\footnotesize` in the place of `\small` makes up for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from bench.report.look.paper import Paper
from bench.report.tables import escaping
from bench.report.tables.table import Cell, Table
from bench.wording import one_line

_SMALL, _SCRIPT = 9.0, 7.0
_FREE = 0.97
_STRETCHED = 0.8
"""Of the width there is: a table that takes less is not stretched to it."""
_FORMS = {"best": r"\textbf{{{}}}", "tied": r"\underline{{{}}}"}
_TO_PATH = TextToPath()

NOTHING = "-"


@dataclass(frozen=True)
class Layout:
    """How a table is set: which columns, how intervals, how far apart, how wide it may be."""

    whole: bool = True
    """Whether it has the columns that may stand aside."""
    intervals: str = "beside"
    """`beside` their number, `smaller` beside it, or `below` it."""
    gap: float = 6.0
    """LaTeX's `\\tabcolsep`, in its points."""
    page: bool = False
    """Whether it is as wide as the page, for `table*`."""


_LAYOUTS = (
    Layout(),
    Layout(intervals="smaller", gap=3.0),
    Layout(whole=False),
    Layout(whole=False, intervals="smaller", gap=3.0),
    Layout(whole=False, intervals="below", gap=3.0),
)
"""The first that fits a column is taken, else the first that fits the page."""


def latex(table: Table, paper: Paper) -> dict[str, str]:
    """The table by the endings of its files' names: `` alone, or with `-details`, of the columns that had no room."""
    chosen = layout(table, paper)
    files = {"": _set(_part(table, chosen.whole, aside=False), chosen, paper)}
    if not chosen.whole:
        details = _part(table, whole=False, aside=True)
        files["-details"] = _set(details, layout(details, paper), paper)
    return files


def layout(table: Table, paper: Paper) -> Layout:
    """The first of the layouts in which the table fits; the narrowest where none does."""
    some = [one for one in _LAYOUTS if one.whole or any(head.aside for head in table.heads)]
    tried = [replace(one, page=page) for page in (False, True) for one in some]
    return next((one for one in tried if _fits(table, one, paper)), tried[-1])


def width(table: Table, layout: Layout) -> float:
    """About how wide the table is, in LaTeX's points."""
    shown = _part(table, layout.whole, aside=False)
    columns = zip(*([Cell(head.text) for head in shown.heads], *shown.rows), strict=True)
    widths = [max(_cell_width(cell, layout.intervals) for cell in column) for column in columns]
    return sum(widths) + 2 * layout.gap * (len(widths) - 1)


def room(paper: Paper, page: bool) -> float:
    """The width of the paper's column or page, in LaTeX's points."""
    return 72.27 * (paper.widest if page else paper.width)


def _fits(table: Table, layout: Layout, paper: Paper) -> bool:
    return width(table, layout) <= _FREE * room(paper, layout.page)


def _part(table: Table, whole: bool, aside: bool) -> Table:
    """The table without the columns that may stand aside, or with its first and those alone."""
    kept = [place for place, head in enumerate(table.heads) if whole or place == 0 or head.aside == aside]
    heads = tuple(table.heads[place] for place in kept)
    return replace(
        table,
        heads=tuple(replace(head, aside=False) for head in heads) if aside else heads,
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
    )


def _set(table: Table, layout: Layout, paper: Paper) -> str:
    columns = "".join("r" if head.numeric else "l" for head in table.heads)
    natural, there = width(table, replace(layout, whole=True)), room(paper, layout.page)
    length = r"\textwidth" if layout.page else r"\linewidth"
    stretched = natural >= _STRETCHED * there
    begin = (
        rf"\begin{{tabular*}}{{{length}}}{{@{{\extracolsep{{\fill}}}}{columns}@{{}}}}"
        if stretched
        else rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    )
    where = f"for {'table*, ' if layout.page else ''}{length}"
    lines = [
        *(f"% {one_line(line)}" for line in (table.caption, table.note) if line),
        f"% About {natural:.0f} pt wide, {where} of {there:.0f} pt.",
        rf"{{\small\setlength{{\tabcolsep}}{{{layout.gap:g}pt}}%",
        begin,
        r"\toprule",
        _line([escaping.latex(head.text) for head in table.heads]),
        r"\midrule",
        *(line for row in table.rows for line in _rows(row, layout.intervals)),
        r"\bottomrule",
        rf"\end{{tabular{'*' if stretched else ''}}}}}",
    ]
    return "\n".join(lines) + "\n"


def _rows(row: Sequence[Cell], intervals: str) -> Iterator[str]:
    """A row's line, and one under it where its intervals stand below."""
    parts = [_parted(cell.text) for cell in row]
    if intervals == "below" and any(interval for _, interval in parts):
        yield _line([_number(cell, number) for cell, (number, _) in zip(row, parts, strict=True)])
        yield _line([rf"\scriptsize {escaping.latex(interval)}" if interval else "" for _, interval in parts])
        return
    small = r"{{\scriptsize {}}}" if intervals == "smaller" else "{}"
    yield _line(
        [
            f"{_number(cell, number)} {small.format(escaping.latex(interval))}" if interval else _number(cell, number)
            for cell, (number, interval) in zip(row, parts, strict=True)
        ]
    )


def _number(cell: Cell, number: str) -> str:
    text = "--" if number == NOTHING else escaping.latex(number)
    return _FORMS[cell.mark].format(text) if cell.mark else text


def _parted(text: str) -> tuple[str, str]:
    """A number and its interval: `0.12` and `[0.11, 0.13]`."""
    number, bracket, rest = text.partition(" [")
    return (number, f"[{rest}") if bracket and rest.endswith("]") else (text, "")


def _cell_width(cell: Cell, intervals: str) -> float:
    number, interval = _parted(cell.text)
    weight = "bold" if cell.mark == "best" else "normal"
    first = _measured(number, _SMALL, weight)
    if not interval:
        return first
    second = _measured(interval, _SMALL if intervals == "beside" else _SCRIPT, "normal")
    return max(first, second) if intervals == "below" else first + 0.25 * _SMALL + second


@lru_cache(maxsize=4096)
def _measured(text: str, size: float, weight: str) -> float:
    """The width of a line, in LaTeX's points as `size` is."""
    font = FontProperties(family="STIXGeneral", size=size, weight=weight)
    wide, _, _ = _TO_PATH.get_text_width_height_descent(one_line(text), font, ismath=False)
    return float(wide)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
