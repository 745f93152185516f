"""One table in every form: CSV in full precision from its frame; Markdown, LaTeX and HTML from its cells."""

import html as markup
from dataclasses import dataclass

import pandas as pd

from bench.report.tables.table import Cell, Head, Table

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "∞": r"$\infty$", "≥": r"$\geq$", "≤": r"$\leq$", "\N{MINUS SIGN}": r"$-$", "·": r"\textperiodcentered{}",
}  # fmt: skip
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

    def files(self, stem: str) -> dict[str, bytes]:
        """Its files by name."""
        base = f"{stem}-{self.name}" if self.name else stem
        by_name = {
            "csv": csv(self.frame),
            "md": markdown(self.shown),
            "tex": latex(self.shown),
            "html": html(self.shown),
        }
        return {f"{base}.{ending}": content.encode() for ending, content in by_name.items()}


def csv(frame: pd.DataFrame) -> str:
    """The frame, floats by their shortest exact form."""
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text


def markdown(table: Table) -> str:
    """Columns of text to the left, of numbers to the right; the best in bold, what equals it underlined."""
    rule = ["--:" if head.numeric else ":--" for head in table.heads]
    rows = [[head.text for head in table.heads], rule]
    rows += [[_marked(cell, _piped(cell.text), _MARKDOWN) for cell in row] for row in table.rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def latex(table: Table) -> str:
    """A `tabular` for a paper that uses booktabs, its caption and note as comments."""
    columns = "".join("r" if head.numeric else "l" for head in table.heads)
    lines = [
        *(f"% {line}" for line in (table.caption, table.note) if line),
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line([escape(head.text) for head in table.heads]),
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


def escape(text: str) -> str:
    r"""Text for LaTeX: `a_b` becomes `a\_b`."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _dashed(text: str) -> str:
    return "--" if text == NOTHING else escape(text)


def _piped(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(cell: Cell, text: str, forms: dict[str, str]) -> str:
    return forms[cell.mark].format(text) if cell.mark else text


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _element(tag: str, head: Head, content: str) -> str:
    return f'<{tag} align="right">{content}</{tag}>' if head.numeric else f"<{tag}>{content}</{tag}>"
