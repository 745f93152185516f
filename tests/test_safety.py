"""What is data is never code: tables, store and reports are read without unpickling anything; markup stays text."""

import subprocess
import sys
from pathlib import Path

import pytest
import trials
from commands import ROOT, SUPPORT, TOY, bench

from bench.results import RunId

PROGRAM = """
import pickle, sys

def refuse(*_arguments, **_keywords):
    raise AssertionError("something was unpickled")

pickle.load = pickle.loads = pickle._load = pickle._loads = refuse
pickle._Unpickler.load = refuse
pickle.Unpickler = pickle._Unpickler
from bench import cli
for command in sys.argv[1:]:
    sys.argv = ["bench", *command.split()]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code, command
"""

READING = ("report e", "report e --check", "status e", "best e", "store show", "store export all.parquet")


def test_tables_store_and_reports_are_read_without_unpickling(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *TOY, "budget.trials=3", "name=e") == 0
    environment = {"PYTHONPATH": f"{SUPPORT}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, *READING]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "all.parquet").exists()


HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "..", "a b", "a\nb", "ä"])
def test_no_name_leads_out_of_the_results(name, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *TOY, "budget.trials=1", f"name='{name}'") == 2
    assert bench("run", *TOY, "budget.trials=1", f"optimizer.name='{name}'") == 2
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_a_table_holds_is_text_in_every_page(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = RunId("e", "iris", "lightgbm", "random", 0)
    entry = {"metric": HOSTILE, "provenance": {"cpu": HOSTILE, "versions": {HOSTILE: "$x_1$ & \\input{/etc/passwd}"}}}
    entry["declared"] = {"laws": {HOSTILE: {"expression": HOSTILE}}, "fallback": HOSTILE}
    trials.put(Path("results"), run, [1.0, None, 0.5], [1.0, None, 0.5], **entry)
    assert bench("report", "e") == 0
    assert HOSTILE not in Path("reports/e/report.html").read_text()
    for path in Path("reports/e/tables").glob("*.html"):
        assert "<script" not in path.read_text()
    for path in Path("reports/e/tables").glob("*.tex"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("%")]
        assert "<script" not in "\n".join(lines)
        assert "\\input" not in "\n".join(lines)
    for path in Path("reports/e/figures").glob("*.svg"):
        assert "<script" not in path.read_text()
