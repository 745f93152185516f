"""What was understood of the data, in the page and in Markdown, from metadata alone; of older tables nothing."""

from pathlib import Path

import pytest
import trials
from pictures import leave_undrawn

from bench.report.build import build
from bench.results import RunId

DATA = {
    "rows": 1234,
    "numbers": 2,
    "categories": 79,
    "missing": 7,
    "read_as": "CSV, **UTF-8**",
    "folds": 3,
    "target": {"name": "churn|ed", "task": "binary", "classes": 2, "counts": [["<b>no", 900], ["yes", 334]]},
    "columns": [
        {"name": "<i>age", "kind": "number", "missing": 7, "low": 18.0, "high": 90.5},
        {"name": "town", "kind": "category", "missing": 0, "levels": 12},
    ],
    "parts": {"train": {"rows": 617, "counts": [450, 167]}, "test": {"rows": 308, "counts": [225, 83]}},
    "notes": ["column 'id': whole numbers from 1 to 1234, each once, as row numbers are"],
}


def pages(folder: Path, **changed: object) -> tuple[str, str]:
    for seed in range(2):
        run = RunId("e", "churn", "lightgbm", "random", seed)
        trials.put(folder / "results", run, [0.5, 0.4], **changed)
    report = build(folder / "results", folder / "reports", ["e"])
    return (report / "report.md").read_text(), (report / "report.html").read_text()


def test_it_is_shown_as_metadata_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_undrawn(monkeypatch)
    markdown, page = pages(tmp_path / "new", data=DATA)
    after = markdown.split("**What was understood of the data**")[1].split("**Audit**")
    assert after[0].split("\n\n")[1].splitlines() == [
        r"- read as: CSV, \x2a\x2aUTF-8\x2a\x2a",
        "- rows: 1,234, 7 values of the features missing",
        "- features: 2 numeric, 79 categorical",
        "- target: churn|ed, binary, 2 classes: &lt;b>no 900, yes 334",
        "- parts: train 617 rows: &lt;b>no 450, yes 167; test 308 rows: &lt;b>no 225, yes 83 (of 3 folds the first)",
        "- remark: column 'id': whole numbers from 1 to 1234, each once, as row numbers are",
    ]
    assert "| &lt;i>age | number | - | 7 | 18 | 90.5 |" in after[0]
    assert "79 features more." in after[0]
    assert "- note: data: column 'id': whole numbers from 1 to 1234" in after[1]
    shown = page.split("What was understood of the data</summary>")[1].split("</details>")[0]
    assert "<dt>rows</dt><dd>1,234, 7 values of the features missing</dd>" in shown
    assert "&lt;i&gt;age" in shown
    assert "<i>age" not in page
    old = pages(tmp_path / "old")
    assert not any("What was understood" in text for text in old)
    assert "data:" not in old[0].split("**Audit**")[1]
