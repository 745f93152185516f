"""Tables for a paper fit its column, by the widths of another reader of the same font, and lose no number."""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import trials
from PIL import ImageFont

from bench.report.analysis.comparison import analyse
from bench.report.look import style
from bench.report.look.paper import paper, papers
from bench.report.runs import curves, selection
from bench.report.tables import fitting, tables
from bench.report.tables.table import Cell, Head, Table

FONTS = Path(mpl.get_data_path()) / "fonts/ttf"
LETTERS = {r"\textgreater{}": ">", r"\textless{}": "<", r"$\infty$": "∞", "$-$": "\N{MINUS SIGN}", r"$\leq$": "≤"}
COMMANDS = re.compile(r"\\(?:textbf|underline)\{((?:[^{}]|\{\})*)\}")


def long(columns: int = 2) -> Table:
    """Eight optimisers with the columns of a report's main table."""
    losses = [Head(f"{kind} loss") for kind in ("validation", "test")[:columns]]
    aside = [Head(text, aside=True) for text in ("runs", "failed")]
    ends = [Head("score"), Head("optimizer s/trial", aside=True), Head("evaluation s/trial", aside=True)]
    heads = (Head("optimizer", numeric=False), *aside, *losses, *ends)
    rows = tuple(
        (
            Cell(f"optuna_tpe_multi_{row}"),
            Cell("10"),
            Cell("0"),
            *(Cell(f"0.49{row}7 [0.4898, 0.49{row}1]", mark="tied" if row else "best") for _ in losses),
            Cell("0.38"),
            Cell("0.175"),
            Cell(f"8.0{row}"),
        )
        for row in range(8)
    )
    return Table("c", heads, rows, "n")


def measured(tex: str) -> float:
    r"""The width of a table by Pillow: the widest of each column, and \tabcolsep on both sides but at the ends."""
    gap = float(re.search(r"tabcolsep\}\{([\d.]+)pt", tex)[1])  # type: ignore[index]
    columns: dict[int, float] = {}
    lines = [line.removesuffix(r" \\").split(" & ") for line in tex.splitlines() if line.endswith(r" \\")]
    for line in lines:
        for place, cell in enumerate(line):
            columns[place] = max(columns.get(place, 0.0), sum(length(part) for part in parts(cell)))
    return sum(columns.values()) + 2 * gap * (len(columns) - 1)


def parts(cell: str) -> list[tuple[Any, ...]]:
    """The texts of a cell with their sizes and weights."""
    for command, letter in LETTERS.items():
        cell = cell.replace(command, letter)
    plain, _, small = cell.partition(r"\scriptsize ")
    bold = r"\textbf" in plain
    texts = [(COMMANDS.sub(r"\1", plain).rstrip("{"), 9.0, "Bol" if bold else ""), (small.rstrip("}"), 7.0, "")]
    return [
        (text.replace("{}", "").replace("\\", ""), size, weight) for text, size, weight in texts if text.strip("{} ")
    ]


def length(part: tuple[Any, ...]) -> float:
    text, size, weight = part
    font = ImageFont.truetype(str(FONTS / f"STIXGeneral{weight}.ttf"), 1000)
    return font.getlength(text) * size / 1000


@pytest.mark.parametrize("venue", ["neurips2024", "icml2024", "iclr2024", "aaai2024", "ieee"])
@pytest.mark.parametrize("columns", [1, 2])
def test_the_main_table_fits_the_text_of_its_venue(venue: str, columns: int) -> None:
    chosen, table = paper(venue), long(columns)
    files = fitting.latex(table, chosen)
    for tex in files.values():
        where = chosen.widest if r"\textwidth" in tex else chosen.width
        assert measured(tex) <= 72.27 * where
    assert r"\textwidth" not in files[""]  # one column holds it
    everything = "".join(files.values())
    for row in table.rows:
        for cell in row:
            for piece in re.findall(r"[\d.]+", cell.text):
                assert piece in everything


def test_a_wide_paper_keeps_every_column_and_a_narrow_one_sets_the_others_aside() -> None:
    table = long()
    assert set(fitting.latex(table, paper("ieee"))) == {"", "-details"}
    wide = fitting.latex(table, paper("ieee_full"))
    assert set(wide) == {""}
    assert "evaluation s/trial" in wide[""]
    assert {layout.whole for layout in (fitting.layout(table, paper(name)) for name in papers())} == {True, False}


def test_the_estimate_is_what_another_reader_of_the_font_measures() -> None:
    for venue in ("neurips2024", "icml2024", "ieee_full"):
        chosen = fitting.layout(long(), paper(venue))
        tex = fitting.latex(long(), paper(venue))[""]
        assert fitting.width(long(), chosen) == pytest.approx(measured(tex), rel=0.02)


def test_the_reports_own_tables_name_what_may_stand_aside(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path, "e")
    reading = selection.read(tmp_path, selection.selection(["e"]))
    (compared,) = curves.comparisons(reading.results)
    analysis = analyse(compared, reading)
    for tabled in tables.tables(analysis, style.styles(analysis.samples)):
        for name, content in tabled.files("s", paper("neurips2024")).items():
            if name.endswith(".tex"):
                tex = content.decode()
                assert measured(tex) <= 72.27 * paper("neurips2024").width, name
    main = tables.final(analysis, style.styles(analysis.samples)).shown
    assert [head.text for head in main.heads if not head.aside][:2] == ["optimizer", "validation loss"]
