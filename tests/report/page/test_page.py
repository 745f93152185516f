"""The page as text: what it says, in which order, escaped, always the same, and small where nothing changes."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import documents
import numpy as np
import pandas as pd
import pytest

from bench.report import page
from bench.report.look import style
from bench.report.page import chart, look, markup, rendering

VOID = {"meta", "link", "input", "img", "br"}


class Reader(HTMLParser):
    """The elements of a page with what stands in them; says so where one is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[dict[str, Any]] = []
        self.elements: list[dict[str, Any]] = []
        self.feed(source)
        self.close()
        assert not self.open, [element["tag"] for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "text": "", "within": [outer["tag"] for outer in self.open], **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()["tag"]
        assert closed == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element["text"] += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, Any]]:
        return [
            element
            for element in self.elements
            if element["tag"] == tag and all(element.get(name) == value for name, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def source() -> str:
    return page.render(documents.document())


@pytest.fixture(scope="module")
def reader(source: str) -> Reader:
    return Reader(source)


def charts(reader: Reader) -> list[dict[str, Any]]:
    (element,) = reader.all("script", id="charts")
    drawn: list[dict[str, Any]] = json.loads(element["text"])
    return drawn


# What it says


def test_the_verdict_comes_before_everything_else(reader: Reader) -> None:
    (main,) = reader.all("main")
    assert re.sub(r"\s+", " ", main["text"]).startswith(
        " optuna_tpe reaches what random search finds in 50 evaluations"
    )
    titles = [element["text"] for element in reader.all("h2")]
    assert titles == ["Curves", "digits · lightgbm", "wine · keras_mlp", "How the runs were made", "Audit"]
    assert reader.all("code")[0]["text"] == "bench report default"


def test_every_link_inside_the_page_and_every_reference_has_its_element(reader: Reader) -> None:
    ids = [element["id"] for element in reader.elements if "id" in element]
    assert len(ids) == len(set(ids))
    wanted = {element["href"][1:] for element in reader.all("a") if element["href"].startswith("#")} - {""}
    for name in ("aria-labelledby", "aria-describedby", "for"):
        wanted |= {element[name] for element in reader.elements if element.get(name)}
    assert wanted <= set(ids)
    assert {"curves", "audit", "made", "section0", "section1"} <= wanted


def test_every_control_has_a_name(reader: Reader) -> None:
    for tag in ("select", "input"):
        for control in reader.all(tag):
            assert "label" in control["within"]
    assert all(button["text"] for button in reader.all("button"))


def test_a_table_has_heads_and_names_its_rows(reader: Reader) -> None:
    heads = [head["text"] for head in reader.all("th", scope="col")]
    assert heads[:6] == ["optimizer", "runs", "failed", "validation loss", "test loss", "optimizer s/trial"]
    rows = reader.all("th", scope="row")
    assert [row["text"].strip() for row in rows[:6]] == list(documents.LABELS)
    best, missing = reader.all("td")[2], reader.all("td")[5 * 5 + 3]
    assert (best["text"], best["data-sort"], best["class"]) == ("0.4021 [0.3921, 0.4121]", "0.4021", "number")
    assert (missing["text"], missing["data-sort"]) == ("-", "")
    assert [strong["text"] for strong in reader.all("strong") if "td" in strong["within"]][:1] == [best["text"]]
    assert reader.all("td")[5 * 5 + 2]["data-sort"] == "Infinity"


def test_the_audit_says_the_worst_first_and_the_top_counts_it(reader: Reader) -> None:
    levels = [item["class"] for item in reader.all("li") if item.get("class") in {"error", "warning", "note", "ok"}]
    assert levels == ["error", "warning", "note", "ok"]
    assert any(paragraph["text"] == "Audit: 1 error, 1 warning, 1 note, 1 in order." for paragraph in reader.all("p"))


def test_files_are_in_the_page(reader: Reader) -> None:
    saved = {link["download"]: link["href"] for link in reader.all("a") if link.get("download")}
    csv = documents.document().problems[0].downloads[0]
    assert saved["digits-lightgbm.csv"] == "data:text/csv;base64," + base64.b64encode(csv.content).decode()
    assert {"digits-validation.pdf", "digits-validation.png", "digits-validation.svg", "all.csv"} <= set(saved)
    image = reader.all("img")[0]
    assert base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")) == documents.SVG
    assert image["alt"] == "Curves of six optimisers that fall in steps"


# One file, whose own scripts alone may run


def test_the_policy_lets_the_page_s_own_scripts_and_sheet_run_and_nothing_else(reader: Reader) -> None:
    (policy,) = [meta["content"] for meta in reader.all("meta") if "http-equiv" in meta]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    scripts = [script["text"] for script in reader.all("script") if "type" not in script]
    assert rules["script-src"].split() == [f"'sha256-{digest(script)}'" for script in scripts]
    assert rules["style-src"].split()[0] == f"'sha256-{digest(reader.all('style')[0]['text'])}'"
    assert not [element for element in reader.elements if any(name.startswith("on") for name in element)]
    assert not [element for element in reader.elements if "style" in element]


def digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_nothing_but_plotly_s_script_speaks_of_a_network(source: str, reader: Reader) -> None:
    plotly = reader.all("script")[1]["text"]
    assert plotly.startswith("/**\n* plotly.js")
    rest = source.replace(plotly, "")
    assert len(rest) < 200_000
    assert re.findall("[a-z]+://.{9}", rest) == []


def test_the_same_document_gives_the_same_bytes(source: str) -> None:
    same = page.render(documents.document()) == source
    assert same


def test_without_charts_there_is_no_plotly() -> None:
    plain = replace(documents.document(), problems=(page.Section("words only"),))
    source = page.render(plain)
    assert len(source) < 40_000
    assert not Reader(source).all("select")


def test_what_follows_the_first_table_and_two_figures_is_folded_under_its_titles() -> None:
    tables = tuple(page.Table(f"table {place}", (page.Head("a"),), ()) for place in range(3))
    shown = page.Download("a.svg", documents.SVG, "image/svg+xml")
    figures = tuple(page.Figure(f"figure {place}", f"seen {place}", shown) for place in range(3))
    reader = Reader(
        page.render(replace(documents.document(), problems=(page.Section("x", tables=tables, figures=figures),)))
    )
    assert ["details" in table["within"] for table in reader.all("table")] == [False, True, True]
    assert ["details" in image["within"] for image in reader.all("img")] == [False, False, True]
    assert [" ".join(part["text"].split()) for part in reader.all("summary")] == [
        "2 more tables table 1 · table 2",
        "1 more figure figure 2",
    ]


def test_a_chart_without_curves_is_not_shown() -> None:
    empty = page.Series("random", documents.LOOKS["random"], {("evaluations", "validation"): page.Curve([], [])})
    for series in ((), (empty,)):
        drawn = page.Chart(series, (documents.evaluations(),), (documents.VALIDATION,))
        plain = replace(documents.document(), problems=(page.Section("nothing yet", chart=drawn),))
        assert not Reader(page.render(plain)).all("section", id="curves")


# What comes from data cannot become markup

EVIL = '</script><script>alert("1")</script><!-- &amp; \u2028 \'"'


def test_no_name_becomes_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "plotly", lambda: "/* Plotly */")  # its megabytes make a failure slow to show
    looks = style.styles([EVIL])[EVIL]
    curve = page.Curve([1, 2], [0.2, 0.1])
    axis, other = page.Axis(EVIL, EVIL, EVIL), page.Axis("y", EVIL, EVIL)
    file = page.Download(EVIL, EVIL.encode(), f"text/{EVIL}")
    section = page.Section(
        EVIL,
        (EVIL,),
        page.Chart((page.Series(EVIL, looks, {(EVIL, "y"): curve}, EVIL),), (axis,), (other,), EVIL),
        (page.Table(EVIL, (page.Head(EVIL, help=EVIL),), ((page.Cell(EVIL, EVIL, "best", looks),),), EVIL),),
        (page.Figure(EVIL, EVIL, file, (file,)),),
        (file,),
        (EVIL,),
        (page.Fact(EVIL, EVIL),),
    )
    document = page.Document(
        EVIL,
        EVIL,
        (EVIL,),
        (section,),
        (section,),
        (page.Fact(EVIL, EVIL),),
        (page.Finding("note", EVIL, EVIL),),
        (file,),
    )
    source = page.render(document)
    reader = Reader(source)
    assert len(reader.all("script")) == 3
    (inside,) = reader.all("script", id="charts")
    assert not set("<>&\u2028") & set(inside["text"])
    assert not [element for element in reader.elements if "alert" in " ".join(map(str, element))]
    (first, _) = charts(reader)
    assert first["name"] == first["series"][0]["label"] == first["x"][0]["key"] == EVIL
    assert len({element["id"] for element in reader.all("section")}) == len(reader.all("section")) == 6
    assert reader.all("h1")[0]["text"] == EVIL
    assert reader.all("option")[0]["text"] == EVIL


def test_only_what_is_the_pages_own_is_shown_unescaped() -> None:
    templates = [markup.own(name) for name in ("page.html", "parts.html", "chart.html", "matrix.html")]
    shown = [name for text in templates for name in re.findall(r"([\w.|]+)\|safe", text)]
    assert set(shown) == {"sheet", "script", "charts|data", "cell.style|swatch", "series.style|swatch"}
    assert sum(text.count("safe") for text in templates) == len(shown)


def test_data_cannot_leave_its_script() -> None:
    value = {"</script>": ["<!--", "\u2028", "&"]}
    shown = markup.data(value)
    assert not set("<>&\u2028") & set(shown)
    assert json.loads(shown) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        markup.data(math.nan)


def test_code_and_bold_are_marked_after_escaping() -> None:
    assert (
        markup.prose("`<b>` and **`x`** 2*3*4 `open") == "<code>&lt;b&gt;</code> and <strong>`x`</strong> 2*3*4 `open"
    )


# Curves


def test_steps_that_change_nothing_are_dropped_and_no_other() -> None:
    random = np.random.default_rng(1)
    for length in (1, 2, 3, *[60] * 20):
        losses = np.minimum.accumulate(random.choice([*np.arange(20) / 10, np.inf], (3, length)), axis=1)
        losses.sort(axis=0)
        x = np.sort(random.choice(np.arange(1, 2 * length + 1), length, replace=False))
        got = chart.steps(page.Curve(x.tolist(), losses[1].tolist(), losses[0].tolist(), losses[2].tolist()))
        for place in np.arange(x[0], x[-1] + 1):
            for values, name in zip(losses, ("lower", "median", "upper"), strict=True):
                wanted = values[x <= place][-1]
                held = [value for at, value in zip(got["x"], got[name], strict=True) if at is not None and at <= place][
                    -1
                ]
                assert (math.inf if held is None else held) == wanted
        assert len(got["x"]) <= len(np.unique(losses, axis=1).T) + 1


def test_of_steps_at_one_place_the_last_holds() -> None:
    assert chart.steps(page.Curve([0.5, 0.5, 1.25], [3, 2, 2])) == {"x": [0.5, 1.25], "median": [2, 2]}
    assert chart.steps(page.Curve([], [])) == {"x": [], "median": []}


def test_what_is_missing_counts_as_infinite() -> None:
    got = chart.steps(page.Curve([1, 2, 3], [math.inf, math.nan, 1e-20]))
    assert got == {"x": [1, 3], "median": [None, 1e-20]}


def test_a_curve_has_its_own_axes_and_as_many_values_as_places() -> None:
    curve = page.Curve([1, 2], [0.2, 0.1])
    with pytest.raises(ValueError, match="as many medians"):
        page.Curve([1, 2], [1])
    with pytest.raises(ValueError, match="lower and upper"):
        page.Curve([1, 2], [1, 1], lower=[1, 1])
    with pytest.raises(ValueError, match="ascending"):
        page.Curve([2, 1], [1, 1])
    with pytest.raises(ValueError, match="does not have"):
        page.Chart((page.Series("a", documents.LOOKS["random"], {("x", "z"): curve}),), (documents.evaluations(),), ())
    with pytest.raises(ValueError, match="as many cells"):
        page.Table("t", (page.Head("a"),), ((),))


def test_a_curve_is_read_from_a_frame_with_or_without_a_band() -> None:
    frame = pd.DataFrame({"seconds": [0.5, 2.0], "test_lower": [1, 0], "test_median": [3, 2], "test_upper": [5, 4]})
    assert page.Curve.of(frame, "seconds", "test") == page.Curve([0.5, 2.0], [3, 2], [1, 0], [5, 4])
    plain = frame.rename(columns={"test_median": "median"})
    assert page.Curve.of(plain, "seconds") == page.Curve([0.5, 2.0], [3, 2])


# Looks


def test_every_style_has_a_swatch_and_a_marker_of_its_own_name(reader: Reader) -> None:
    markers = {known.marker for known in style.KNOWN.values()} | set(style._MARKERS)
    assert len({look.symbol(marker) for marker in markers}) == len(markers)
    assert {series["look"] for series in charts(reader)[0]["series"]} == {f"look{place}" for place in range(6)}
    sheet = reader.all("style")[0]["text"]
    assert f".look0{{color:{documents.LOOKS['skopt_gp'].color}}}" in sheet
    assert look.symbol("") == ""
    assert look.swatch(style.Style("#123456", "-", ""), "look0").count('d=""') == 1
    for known in style.KNOWN.values():
        drawn = look.swatch(known, "look0")
        assert drawn.count("<path") == 2
        assert "nan" not in drawn
        assert ("stroke-dasharray" in drawn) == (known.dash != "-")
