"""Reports without their figures, for tests of a report's words, tables and files."""

import pytest

from bench.report import figures
from bench.report.figures import canvas, catalogue
from bench.report.figures.catalogue import Picture, Sketch
from bench.report.look.paper import Paper


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each figure's files hold its description alone: drawing is nine tenths of what a report takes.

    What figures show is tested in figures/; test_folder.py and page/test_report_page.py make whole reports with them.
    """

    def described(sketch: Sketch, _: Paper | None) -> Picture:
        files = {kind: f"{kind}: {sketch.alt}".encode() for kind in canvas.FORMATS}
        return Picture(sketch.name, sketch.title, sketch.alt, files)

    monkeypatch.setattr(catalogue, "_rendered", described)


@pytest.fixture
def unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each figure is drawn, so that what cannot be drawn raises, and its files hold its description alone."""

    def drawn(sketch: Sketch, paper: Paper | None) -> Picture:
        with figures.look(paper):
            sketch.draw().draw_without_rendering()
        return Picture(sketch.name, sketch.title, sketch.alt, {kind: sketch.alt.encode() for kind in canvas.FORMATS})

    monkeypatch.setattr(catalogue, "_rendered", drawn)
