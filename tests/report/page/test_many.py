"""A report of many problems, in its folder and in a real Chromium: an overview that leads to a page for each."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import trials
from browser import Browser
from selenium.webdriver import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from bench.report import check
from bench.report.build import build
from bench.report.contents import FEW
from bench.report.runs import selection
from bench.results import RunId

PROBLEMS = [f"set_{i}" for i in range(FEW + 2)]
WANTED = selection.selection(["many"])


def put(results: Path, problems: list[str]) -> None:
    """Random search has 1 in every trial and the best known loss is 0: a score is then the median loss itself."""
    for place, name in enumerate(problems):
        for seed, final in enumerate((0.0, 0.1 * place, 1.0)):
            trials.put(results, RunId("many", name, "m", "random", seed), [1.0, 1.0])
            trials.put(results, RunId("many", name, "m", "tpe", seed), [1.0, final])
            trials.put(results, RunId("many", name, "m", "worse", seed), [5.0, 1.5])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("many")
    put(place / "results", PROBLEMS)
    return build(place / "results", place / "reports", WANTED)


@pytest.fixture
def opened(chromium: Browser, folder: Path) -> Iterator[Browser]:
    chromium.complaints()
    chromium.requests()
    chromium.open(folder / "report.html")
    yield chromium
    assert chromium.complaints() == []
    assert [url for url in chromium.requests() if not url.startswith(("file:", "data:", "blob:"))] == []
    chromium.media()
    chromium.size(1280, 900)


def test_every_page_is_reached_and_every_link_leads_to_a_file(folder: Path) -> None:
    pages = [folder / "report.html", *(folder / f"problems/{name}-m.html" for name in PROBLEMS)]
    for page in pages:
        text = page.read_text()
        links = re.findall(r'(?:href|src)="([^"#][^"]*)"', text)
        beside = [link for link in links if not link.startswith("data:")]
        assert [link for link in beside if not (page.parent / unquote(link)).is_file()] == []
        assert "application/pdf" not in text
        assert page.stat().st_size < 1_000_000  # neither Plotly's script nor a picture is in it
    for before, page, after in zip(pages[1:], pages[2:], pages[3:], strict=False):
        way = re.findall(r'rel="(?:up|prev|next)" href="([^"]*)"', page.read_text())
        assert way == ["../report.html", before.name, after.name]
    for page in [folder / "report.md", *(folder / f"problems/{name}-m.md" for name in PROBLEMS)]:
        links = re.findall(r"\]\(([^)]*)\)", page.read_text())
        assert [link for link in links if not (page.parent / link).is_file()] == []
    assert sorted(path.name for path in (folder / "figures").glob("set_0-m*")) == [
        "set_0-m-final.svg",
        "set_0-m-validation.svg",
    ]


def test_it_is_checked_with_or_without_its_pages_and_leaves_none_behind(
    folder: Path, tmp_path: Path, undrawn: None
) -> None:
    reports, results = tmp_path / "reports", folder.parent.parent / "results"
    made = build(results, reports, WANTED)
    for page in (made / "report.html", made / "problems/set_1-m.html", made / "problems/plotly.min.js"):
        page.unlink()
    checked = check.check(results, reports, WANTED)
    assert checked.holds
    assert checked.left_out == ("report.html", "problems/plotly.min.js", "problems/set_1-m.html")
    beside = ("figures/set_1-m-final.svg", "tables/set_1-m.tex")
    for path in (*beside, "tables/all-ranks.csv"):
        (made / path).unlink()
    (made / "problems/set_2-m.html").write_text("changed")
    (made / "problems/set_3-m.md").unlink()
    checked = check.check(results, reports, WANTED)
    assert checked.differing == ("problems/set_2-m.html",)
    assert checked.missing == ("problems/set_3-m.md", "tables/all-ranks.csv")
    assert set(checked.left_out) > set(beside)
    build(results, reports, selection.selection(["many"], problems="set_0/m"))
    assert [path.name for path in (made / "problems").iterdir()] == ["set_2-m.html"]  # someone changed it


def test_the_heat_map_has_the_scores_and_leads_to_the_problems(opened: Browser) -> None:
    heads = opened.run("[...document.querySelectorAll('.matrix thead th')].map(head => head.textContent)")
    assert heads == ["Problem", "tpe", "random", "worse"]
    rows = opened.run(
        "[...document.querySelectorAll('.matrix tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    for place, row in enumerate(rows):
        assert row == [f"set_{place} · m", f"{0.1 * place:.2f}", "1.00", "1.50"]
    opened.find(".matrix tbody tr:nth-child(3) td").click()
    assert opened.driver.current_url.endswith("problems/set_2-m.html")
    drawn = opened.run(
        "document.getElementById('plot').data.filter(trace => trace.meta === 'median' && trace.name === 'tpe')"
        ".map(({x, y}) => [[...x], [...y]])"
    )
    assert drawn == [[[1, 2], [1, pytest.approx(0.2)]]]
    assert opened.run("[...document.querySelectorAll('figure img')].filter(image => !image.naturalWidth).length") == 0
    opened.find("a[rel=next]").click()
    assert opened.find("h1").text == "set_3 · m"
    opened.find("a[rel=up]").click()
    assert opened.driver.current_url.endswith("report.html")


def test_keys_reach_each_row_once_and_scores_sort(opened: Browser) -> None:
    reached = opened.run("[...document.querySelectorAll('.matrix tbody a')].filter(link => link.tabIndex === 0).length")
    assert reached == len(PROBLEMS)
    for _ in range(2):
        opened.find(".matrix thead th:nth-child(2) button").click()
    assert opened.find(".matrix tbody th").text == f"{PROBLEMS[-1]} · m"


def test_without_scripts_and_on_a_phone_the_overview_still_stands(chromium: Browser, folder: Path) -> None:
    chromium.size(390, 844, mobile=True)
    with chromium.without_scripts():
        chromium.driver.get((folder / "report.html").as_uri())
        assert chromium.find(".matrix td").text == "0.00"
        assert "problems" in chromium.find("#verdict .lead").text
    chromium.open(folder / "report.html")
    assert chromium.run("document.documentElement.scrollWidth") == 390
    chromium.size(1280, 900)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_paper_has_every_row_of_the_heat_map(opened: Browser, tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(opened.pdf())
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout
    assert all(re.search(rf"set_{place} · m +{0.1 * place:.2f} ", text) for place in range(len(PROBLEMS)))


def test_a_point_says_the_configuration_of_the_best_trial(opened: Browser, folder: Path) -> None:
    opened.open(folder / "problems/set_4-m.html")
    plot = opened.find("#plot")
    opened.run("arguments[0].scrollIntoView({ block: 'center' })", plot)
    x, y = opened.run(
        "(({ _fullLayout: { xaxis, yaxis } }) => [xaxis._offset + xaxis.d2p(2), yaxis._offset + yaxis.d2p(0.4)])"
        "(arguments[0])",
        plot,
    )
    pointer = ActionChains(opened.driver, duration=20)
    pointer.move_to_element_with_offset(plot, x - plot.size["width"] / 2 - 6, y - plot.size["height"] / 2)
    pointer.move_by_offset(6, 0).perform()
    WebDriverWait(opened.driver, 5, 0.02).until(lambda _: opened.find("#trial span").text)
    assert opened.find("#trial span").text == "tpe, seed 1, evaluation 2: 0.4000"
    assert opened.find("#trial code").text == '{"x":1}'
    pointer.click().perform()
    WebDriverWait(opened.driver, 5, 0.02).until(lambda _: opened.find("#trial button").text == "Copied")
