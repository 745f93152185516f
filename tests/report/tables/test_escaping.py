"""Text that others wrote is no markup, in no form: random hostile text through each function, read by real parsers."""

import csv
import io
import re

import pandas as pd
import pytest
from drawing import examples
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bench.report.page import markup
from bench.report.tables import escaping, formats
from bench.report.tables.table import Cell, Head, Table
from bench.wording import one_line, unmarked

PARTS = st.sampled_from(
    [
        *"\\`*_{}[]()#+-.!|<>&~$^%=@'\"/:;? \n\r\t\0\x1b\x85\u2028\u202eaZ0ä∞\ud800",
        *(
            "**",
            "](",
            "![",
            "<b>",
            "</",
            "&lt;",
            "[a](b)",
            "<!--",
            "http://x.y",
            "```",
            "---",
            "\\input{x}",
            "^^M",
            "=1+1",
        ),
        *("1. ", "- ", "[x] ", "]: ", "x\n\ny", "{{7*7}}", "${x}", "\N{FULLWIDTH EQUALS SIGN}"),
    ]
)
HOSTILE = st.lists(PARTS, max_size=12).map("".join)
ONES = ["<img src=x onerror=alert(1)>", "[a](javascript:x)", "![a](b)", "[a]: b", "\\[a](b)", "a\\", "\\|", "`b`"]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def inline(text: str) -> list[tuple[str, str]]:
    """The tokens that a line of Markdown is read as, in its one paragraph."""
    blocks = MARKDOWN.parse(text)
    assert [block.type for block in blocks] in ([], ["paragraph_open", "inline", "paragraph_close"]), blocks
    return [(token.type, token.content) for block in blocks for token in block.children or []]


def with_ones(test):
    for one in ONES:
        test = example(one)(test)
    return test


@with_ones
@given(text=HOSTILE)
@examples(300)
def test_markdown_within_a_line_is_its_text_and_nothing_else(text: str) -> None:
    tokens = inline(f"x {escaping.markdown(text)} y")
    assert {kind for kind, _ in tokens} <= {"text", "text_special"}
    shown = "".join(content for _, content in tokens)
    assert shown == f"x {one_line(text)} y"


@with_ones
@given(text=HOSTILE)
@examples(300)
def test_a_paragraph_has_the_marks_that_are_ours_and_no_others(text: str) -> None:
    name = unmarked(text)
    tokens = inline(escaping.paragraph(f"{name} and `{name} `, with {name}"))
    assert sum(kind == "code_inline" for kind, _ in tokens) == 1
    assert {kind for kind, _ in tokens} <= {"text", "text_special", "code_inline"}


@with_ones
@given(text=HOSTILE)
@examples(200)
def test_a_cell_is_one_cell(text: str) -> None:
    table = Table("c", (Head(text, numeric=False), Head("b")), ((Cell(text), Cell(text, mark="tied")),))
    rows = [token for token in MARKDOWN.parse(formats.markdown(table)) if token.type == "inline"]
    assert len(rows) == 4
    ours = {"html_inline"}
    assert {child.type for row in rows[:3] for child in row.children or []} <= {"text", "text_special"}
    assert {child.type for child in rows[3].children or []} <= {"text", "text_special"} | ours
    assert sum(child.type == "html_inline" for child in rows[3].children or []) == 2
    assert "".join(child.content for child in rows[2].children or []).strip() == one_line(text).strip()


SPECIAL = re.compile(r"(?<!\\)(?:\\\\)*[&%$#_{}~^]")


@with_ones
@given(text=HOSTILE)
@examples(300)
def test_latex_has_no_command_but_those_that_write_a_letter(text: str) -> None:
    escaped = escaping.latex(text)
    for known in (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}", r"\textless{}", r"\textgreater{}"):
        escaped = escaped.replace(known, "")
    for known in (r"\textasciigrave{}", r"\textquotedbl{}", r"\textperiodcentered{}", r"$\infty$", r"$\geq$", "-{}"):
        escaped = escaped.replace(known, "")
    escaped = re.sub(r"\\[&%$#_{}]", "", escaped.removeprefix("{}"))
    assert not re.search(r"[\\&%$#_{}~^\n\r]", escaped)
    assert escaping.latex(text)[:1] not in ("[", "*")
    assert "--" not in escaping.latex(text)


@with_ones
@given(text=HOSTILE)
@examples(200)
def test_a_tex_table_has_comments_of_one_line_and_rows_of_two_cells(text: str) -> None:
    tex = formats.latex(Table(text, (Head("a"), Head("b")), ((Cell(text), Cell(text)),), text))
    lines = tex.splitlines()
    comments = [line for line in lines if line.startswith("%")]
    assert len(comments) == (2 if text else 0)
    assert len(lines) == len(comments) + 7
    assert lines[len(comments)] == r"\begin{tabular}{rr}"
    assert len(re.findall(r"(?<!\\)&", lines[-3])) == 1
    assert lines[-3].endswith(r"\\")


@with_ones
@given(text=HOSTILE)
@examples(300)
def test_no_cell_of_a_csv_file_is_a_formula(text: str) -> None:
    written = formats.csv(pd.DataFrame({"label": pd.Series([text, "b"], dtype=object), "loss": [-0.5, float("-inf")]}))
    written.encode()
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert len(rows) == 3
    assert [len(row) for row in rows] == [2, 2, 2]
    assert rows[1][1] == "-0.5"
    cell = rows[1][0]
    number = re.fullmatch(r"[+-]?[0-9.]+", cell)
    assert number or len(cell) == 1 or not re.match("[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}]", cell)
    assert "\r" not in cell
    plain = text if text.replace("\n", "").isprintable() else one_line(text)
    assert cell in (plain, f"'{plain}")


@pytest.mark.parametrize("text", ["-1.5", "+2e-3", "=", "-", "", "a=b", "'quoted'", "1-2"])
def test_numbers_and_signs_alone_stay_as_they_are_in_csv(text: str) -> None:
    assert escaping.csv(text) == text


@with_ones
@given(text=HOSTILE)
@examples(200)
def test_prose_of_the_page_has_no_element_but_ours(text: str) -> None:
    shown = str(markup.prose(f"{unmarked(text)} is **{unmarked(text)} ** and `{unmarked(text)} `"))
    assert set(re.findall(r"<(/?\w*)", shown)) <= {"strong", "/strong", "code", "/code"}


@given(text=HOSTILE)
@examples(300)
def test_one_line_is_printable_and_stays_as_it_is(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    line.encode()
    assert one_line(line) == line
    assert line == text or not text.isprintable()
    assert not re.search(r"`|\*\*", unmarked(text))
