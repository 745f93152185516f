"""What the pages show of Python: the notebook is executed as a reader does, the calls of README and page are sound."""

import inspect
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from commands import ROOT
from notebooks import executed

from bench import api
from bench.api import components
from bench.api.handing import Hands

NOTEBOOK = ROOT / "docs/take_home.ipynb"
LARGEST = 200_000


def outputs(notebook: Any, call: str) -> list[Any]:
    """What the first cell shows whose source holds `call`."""
    return next(cell.outputs for cell in notebook.cells if call in cell.source)


@pytest.mark.slow
def test_the_notebook_of_the_docs_runs_and_shows_verdict_and_figure(tmp_path: Path) -> None:
    stored, notebook = nbformat.read(NOTEBOOK, as_version=4), executed(NOTEBOOK, tmp_path)
    *shown, result = outputs(notebook, "question = {")
    assert "runs 12/12, trials 96/96" in str(shown)
    html = result["data"]["text/html"]
    assert re.match(r"<div><p>\w.*optuna_tpe.*</p><img [^>]*src=\"data:image/png;base64,[\w+/]{1000}", html)
    assert [cell for cell in notebook.cells if "12 of 12 runs are done; nothing to do" in str(cell.get("outputs"))]
    assert "image/png" in outputs(notebook, 'result.plot("final")')[-1]["data"]
    assert "yes" in outputs(notebook, "result.fit(")[-1]["data"]["text/html"]
    losses = json.loads((tmp_path / "churn-model/card.json").read_text())["losses"]
    trials = pd.read_parquet(tmp_path / "results/churn")
    assert len(trials) == 96
    assert ((trials["loss"] == losses["validation"]) & (trials["test_loss"] == losses["test"])).any()

    for cell, kept in zip(notebook.cells, stored.cells, strict=True):
        assert [each.output_type for each in cell.get("outputs", ())][-1:] == [
            each.output_type for each in kept.get("outputs", ())
        ][-1:]
    assert NOTEBOOK.stat().st_size < LARGEST
    assert str(Path.home()) + "/" not in NOTEBOOK.read_text()
    assert "/tmp/" not in NOTEBOOK.read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_calls_of_a_page_are_sound(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    signature = inspect.signature(api.compare)

    def compare(*arguments: Any, **named: Any) -> Any:
        calls.append(signature.bind(*arguments, **named).arguments)
        return SimpleNamespace(verdict="", best=dict)

    monkeypatch.setattr(api, "compare", compare)
    text = (ROOT / page).read_text()
    code = re.search(r"```python\n(.*?)```", text[text.index("# From Python") :], re.DOTALL)[1]
    exec(code, {"frame": pd.DataFrame({"churned": ["yes", "no"]})})
    (call,) = calls
    assert call["target"] in call["data"].columns
    assert components.model(call["model"], call.get("space"), Hands()).group == "model"


def test_the_page_names_every_argument_and_what_a_result_has() -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs/python.md").read_text()))
    assert set(inspect.signature(api.compare).parameters) <= words
    public = {name for name, value in vars(api.Comparison).items() if not name.startswith("_") and callable(value)}
    assert public - {"of"} <= words
