"""The page that `bench report` writes, in a real Chromium: it shows what the tables say, and asks no network."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import trials
from browser import Browser

from bench.report.build import build
from bench.results import RunId


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of something like a real comparison, and of a second problem with little in it."""
    place = tmp_path_factory.mktemp("report")
    trials.write_comparison(place / "results")
    for name, loss in (("random", 0.5), ("grid", None)):
        trials.put(place / "results", RunId("demo", "iris", "lightgbm", name, 0), [loss, loss])
    return build(place / "results", place / "reports", ["demo"])


@pytest.fixture
def opened(chromium: Browser, folder: Path) -> Iterator[Browser]:
    chromium.complaints()
    chromium.requests()
    chromium.open(folder / "report.html")
    yield chromium
    assert chromium.complaints() == []
    assert [url for url in chromium.requests() if not url.startswith(("file:", "data:", "blob:"))] == []


def test_it_opens_with_the_verdict_and_draws_the_curves_of_the_tables(opened: Browser, folder: Path) -> None:
    words = opened.run("document.getElementById('verdict').innerText")
    assert "skopt_gp is best: its final loss is significantly lower than that of every other optimiser" in words
    assert "iris · lightgbm" in words
    drawn = opened.run(
        "document.getElementById('plot').data.filter(trace => trace.meta === 'median')"
        ".map(({name, y}) => [name, y[y.length - 1]])"
    )
    ends = {name: y for name, y in drawn if not name.startswith("random, exact")}
    table = pd.read_csv(folder / "tables/digits-lightgbm.csv").set_index("label")["validation_median"]
    assert ends.keys() == set(table.index)
    for label, value in table.items():
        assert ends[str(label)] == pytest.approx(value, rel=1e-6)


def test_every_figure_is_seen_and_every_file_is_in_it(opened: Browser, folder: Path) -> None:
    broken = opened.run(
        "(() => { document.querySelectorAll('details').forEach(part => part.open = true);"
        "return [...document.querySelectorAll('figure img')].filter(image => !image.naturalWidth).length; })()"
    )
    assert broken == 0
    count = opened.run("document.querySelectorAll('figure img').length")
    assert count == len(list((folder / "figures").glob("*.svg")))
    names = opened.run("[...document.querySelectorAll('a.file')].map(link => link.download)")
    assert {path.name for path in (folder / "tables").glob("*-curves.csv")} < set(names)
    assert {path.name for path in (folder / "figures").glob("*.pdf")} < set(names)
