"""One table in every form: CSV in full precision from its frame; Markdown, LaTeX and HTML from its cells."""

import html as markup
from dataclasses import dataclass

import pandas as pd
from pandas.api import types

from bench.report.look.paper import Paper
from bench.report.tables import escaping, fitting
from bench.report.tables.table import Cell, Head, Table
from bench.wording import one_line

_LATEX = {"best": r"\textbf{{{}}}", "tied": r"\underline{{{}}}"}
_HTML = {"best": "<strong>{}</strong>", "tied": "<u>{}</u>"}
_MARKDOWN = {"best": "**{}**", "tied": "<u>{}</u>"}

NOTHING = "-"
"""In the place of a number that is not defined."""


@dataclass(frozen=True)
class Tabled:
    """A table with the frame that it was made of."""

    name: str
    """Of its files, such as `speed-up`; empty for a problem's main table."""
    frame: pd.DataFrame
    shown: Table

    def files(self, stem: str, paper: Paper | None = None) -> dict[str, bytes]:
        """Its files by name, LaTeX for the paper; see `fitting.latex`."""
        base = f"{stem}-{self.name}" if self.name else stem
        tex = {"": latex(self.shown)} if paper is None else fitting.latex(self.shown, paper)
        contents = {
            ".csv": csv(self.frame),
            ".md": markdown(self.shown),
            **{f"{part}.tex": content for part, content in tex.items()},
            ".html": html(self.shown),
        }
        return {f"{base}{ending}": content.encode() for ending, content in contents.items()}


def csv(frame: pd.DataFrame) -> str:
    """The frame, floats by their shortest exact form; no text is a formula (`escaping.csv`)."""
    texts = {str(name): _inert(frame[name]) for name in frame if not types.is_numeric_dtype(frame[name])}
    text: str = frame.assign(**texts).to_csv(index=False, lineterminator="\n")
    return text


def markdown(table: Table) -> str:
    """Columns of text to the left, of numbers to the right; the best in bold, what equals it underlined."""
    rule = ["--:" if head.numeric else ":--" for head in table.heads]
    rows = [[escaping.cell(head.text) for head in table.heads], rule]
    rows += [[_marked(cell, escaping.cell(cell.text), _MARKDOWN) for cell in row] for row in table.rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def latex(table: Table) -> str:
    """A `tabular` for a paper that uses booktabs, its caption and note as comments."""
    columns = "".join("r" if head.numeric else "l" for head in table.heads)
    lines = [
        *(f"% {one_line(line)}" for line in (table.caption, table.note) if line),
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([escaping.latex(head.text) for head in table.heads]),
        r"\midrule",
        *(_line([_marked(cell, _dashed(cell.text), _LATEX) for cell in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def html(table: Table) -> str:
    """A `table` element without styles, to be put into another page."""
    heads = "".join(_element("th", head, markup.escape(head.text)) for head in table.heads)
    lines = ["<table>", f"<caption>{markup.escape(table.caption)}</caption>", f"<thead><tr>{heads}</tr></thead>"]
    lines.append("<tbody>")
    for row in table.rows:
        pairs = zip(table.heads, row, strict=True)
        cells = (_element("td", head, _marked(cell, markup.escape(cell.text), _HTML)) for head, cell in pairs)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines += ["</tbody>", "</table>"]
    return "\n".join(lines) + "\n"


def _inert(column: pd.Series) -> pd.Series:
    written = {value: escaping.csv(value) for value in column.unique() if isinstance(value, str)}
    return column if all(value == text for value, text in written.items()) else column.map(lambda v: written.get(v, v))


def _dashed(text: str) -> str:
    return "--" if text == NOTHING else escaping.latex(text)


def _marked(cell: Cell, text: str, forms: dict[str, str]) -> str:
    return forms[cell.mark].format(text) if cell.mark else text


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _element(tag: str, head: Head, content: str) -> str:
    return f'<{tag} align="right">{content}</{tag}>' if head.numeric else f"<{tag}>{content}</{tag}>"
