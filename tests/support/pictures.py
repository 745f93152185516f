"""Reports without their figures, for tests of a report's words, tables and files: drawing is nine tenths of one.

What figures show is tested in tests/report/figures; tests/report/test_folder.py and page/test_report_page.py make whole
reports with them.
"""

from collections.abc import Sequence

import pytest

from bench.report import figures
from bench.report.figures import canvas, catalogue
from bench.report.figures.catalogue import Picture, Sketch
from bench.report.look.paper import Paper


def leave_undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each figure's files hold its description alone."""
    monkeypatch.setattr(catalogue, "_rendered", lambda sketch, _, formats=canvas.FORMATS: _described(sketch, formats))


def leave_unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each figure, so that what cannot be drawn raises; its files hold its description alone."""

    def drawn(sketch: Sketch, paper: Paper | None, formats: Sequence[str] = canvas.FORMATS) -> Picture:
        with figures.look(paper):
            sketch.draw().draw_without_rendering()
        return _described(sketch, formats)

    monkeypatch.setattr(catalogue, "_rendered", drawn)


def _described(sketch: Sketch, formats: Sequence[str]) -> Picture:
    files = {kind: f"{kind}: {sketch.alt}".encode() for kind in formats}
    return Picture(sketch.name, sketch.title, sketch.alt, files)
