"""A report of somebody else's results: names of folders and metadata are text in every file that it writes."""

import csv
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import trials
import yaml
from commands import bench
from markdown_it import MarkdownIt

from bench.report import build, checksums
from bench.results import RunId

DATASET = "=cmd|'x'!A1\n\\input{secret}\n[a](javascript:b)"
MODEL = "<img src=x onerror=alert(1)> `c` **d** &lt;"
OPTIMIZERS = ("random", "-1+2\x1b[31m", "[2cm]|x|\n- e", "`f`\u202e_g_ $h$")
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = "`<script>alert(1)</script>` [i](http://j)\n\n# k\r\n![l](m) ${n}"


def hostile(results_dir: Path = Path("results"), **changed: Any) -> None:
    entry = {"metric": HOSTILE, "computed_by": {HOSTILE: HOSTILE}, "task": HOSTILE}
    entry["declared"] = {"laws": {HOSTILE: {"expression": HOSTILE}}, "fallback": HOSTILE, "inactive": HOSTILE}
    entry["provenance"] = {"cpu": HOSTILE, "versions": {HOSTILE: HOSTILE}, "optimizer_versions": {HOSTILE: HOSTILE}}
    entry["imported"] = {"file": HOSTILE, "sha256": HOSTILE, "unknown": [HOSTILE]}
    for optimizer in OPTIMIZERS:
        for seed in range(3):
            losses = [1.0, 0.5 + seed / 10 + len(optimizer) / 100]
            trials.put(results_dir, RunId("e", DATASET, MODEL, optimizer, seed), losses, losses, **(entry | changed))


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None) -> Path:
    monkeypatch.chdir(tmp_path)
    hostile()
    left_out = RunId("e", DATASET, MODEL, "`f`\u202e_g_ $h$", 9)
    left_out.path(Path("results")).write_text("no table")
    published = {
        "problem": f"{DATASET}/{MODEL}",
        "source": "=1 <b>`x`</b> [a](b)",
        "losses": {"random": [0.5], "`<i>` [a](b)": [0.25]},
        "remarks": {"random": "<u>![y](z)"},
    }
    Path("results/e/_published.yaml").write_text(yaml.safe_dump(published))
    assert bench("report", "e") == 0
    return Path("reports/e")


def test_markdown_holds_our_links_and_marks_alone(report: Path) -> None:
    for path in report.rglob("*.md"):
        text = path.read_text()
        assert "\x1b" not in text
        assert "\u202e" not in text
        tokens = [child for token in MARKDOWN.parse(text) for child in token.children or [token]]
        for token in tokens:
            assert token.type != "html_block"
            assert token.type != "html_inline" or token.content in ("<u>", "</u>")
            target = token.attrs.get("href") or token.attrs.get("src")
            assert target is None or target == "report.html" or (report / str(target)).is_file()
        assert not any(token.type in ("fence", "code_block", "hr") for token in tokens)
    page = (report / "report.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert len(headings) == 2
    assert headings[1].endswith(r"&lt;img src=x onerror=alert(1)> \x60c\x60 \x2a\x2ad\x2a\x2a &amp;lt;")


def test_latex_has_no_line_that_is_not_ours(report: Path) -> None:
    paths = list(report.glob("tables/*.tex"))
    assert len(paths) > 3
    for path in paths:
        for line in path.read_text().splitlines():
            assert re.match(r"% |\\(begin|end)\{tabular\}|\\(top|mid|bottom)rule$|.* \\\\$", line), line
            assert line.startswith("%") or "\\input" not in line


def test_no_cell_of_a_csv_table_is_a_formula(report: Path) -> None:
    for path in report.glob("tables/*.csv"):
        rows = list(csv.reader(path.open(newline="")))
        assert len({len(row) for row in rows}) == 1
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!\d|inf)", cell) and len(cell) > 1]
        assert f"'{DATASET}" in cells or path.name.startswith("all")


def test_html_and_svg_hold_no_element_of_theirs(report: Path) -> None:
    for path in [*report.glob("tables/*.html"), report / "report.html"]:
        text = path.read_text()
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "<i>" not in text


def test_names_of_files_are_plain_and_the_sums_hold(report: Path) -> None:
    paths = [path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", path) for path in paths)
    assert set(checksums.read(report)) == set(paths) - {checksums.FILE}
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=report, check=False)
    assert done.returncode == 0
    assert bench("report", "e", "--check") == 0


def test_figures_of_such_names_can_be_drawn(tmp_path: Path) -> None:
    space = {
        "x": {"type": "float", "low": 0.0, "high": 9.0},
        "<b>&$y_": {"type": "categorical", "choices": ["\x1b[31m\n", "<i>"]},
    }
    config = trials.metadata(RunId("e", "d", "m", "o", 0), 2)["config"] | {"model": {"space": space}}
    hostile(tmp_path, config=config)
    folder = build.build(tmp_path, tmp_path / "reports", ["e"])
    pictures = sorted(folder.glob("figures/*.svg"))
    assert len(pictures) > 8
    for path in pictures:
        tree = ET.fromstring(path.read_text())  # what is no XML, as a control character is none, raises
        assert not [element for element in tree.iter() if str(element.tag).endswith(("script", "img", "foreignObject"))]


def test_what_stderr_and_terminals_get_is_one_printable_line(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for verb in ("report", "best", "status", "verify"):
        bench(verb, "e")
        bench(verb, "\x1b[31me\nf")
        captured = capsys.readouterr()
        for line in (captured.out + captured.err).splitlines():
            assert line.isprintable(), line


def test_two_names_that_would_look_the_same_are_two_curves(tmp_path: Path, undrawn: None) -> None:
    for optimizer in ("a`b", r"a\x60b"):
        trials.put(tmp_path, RunId("e", "d", "m", optimizer, 0), [1.0, 0.5])
    folder = build.build(tmp_path, tmp_path / "reports", ["e"])
    rows = list(csv.DictReader((folder / "tables/d-m.csv").open()))
    assert [row["runs"] for row in rows] == ["1", "1"]
    assert all(row["label"].startswith(r"a\x60b (") for row in rows)


def test_a_name_that_is_no_text_and_a_long_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None) -> None:
    monkeypatch.chdir(tmp_path)
    long = "d" * 200
    trials.put(Path("results"), RunId("e", long, "m" * 200, "o", 0), [1.0])
    trials.put(Path("results"), RunId("e", "d", "m", "o", 0), [1.0])
    Path("results/e/d").rename(os.fsdecode(b"results/e/d\xff"))
    assert bench("report", "e") == 0
    page = Path("reports/e/report.md").read_text()
    assert "- left out: e/d\\udcff/m/o/0.parquet: not a readable trial table" in page
    assert all(len(path.name) < 120 for path in Path("reports/e").rglob("*"))
