"""The page in a real Chromium: controls, keys, files, a phone, print, no script, no network."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import documents
import numpy as np
import pytest
from browser import Browser
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from bench.report import page


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("report") / "report.html"
    written.write_text(page.render(documents.document()), encoding="utf-8")
    return written


@pytest.fixture
def opened(chromium: Browser, path: Path) -> Iterator[Browser]:
    """The page as it is first seen; whatever a test does with it, it asks no network and breaks no rule of its own."""
    chromium.complaints()
    chromium.requests()
    chromium.open(path)
    yield chromium
    assert chromium.complaints() == []
    foreign = [url for url in chromium.requests() if not url.startswith(("file:", "data:", "blob:"))]
    assert foreign == []
    chromium.media()
    chromium.size(1280, 900)


def lines(opened: Browser, what: str = "median") -> list[dict[str, Any]]:
    """What Plotly draws."""
    script = (
        "document.getElementById('plot').data.filter(trace => trace.meta === arguments[0])"
        ".map(({name, x, y, line, mode}) => ({name, x: [...x], y: [...y], line, mode}))"
    )
    drawn: list[dict[str, Any]] = opened.run(script, what)
    return drawn


def curve(label: str, x: str, y: str, problem: int = 0) -> page.Curve:
    drawn = documents.document().problems[problem].chart
    assert drawn is not None
    return next(series for series in drawn.series if series.label == label).curves[x, y]


def held(values: Any, curve: page.Curve, x: float) -> float:
    return float(np.asarray(values)[np.searchsorted(curve.x, x, side="right") - 1])


def layout(opened: Browser, axis: str) -> dict[str, Any]:
    of_axis: dict[str, Any] = opened.run(f"document.getElementById('plot').layout.{axis}axis")
    return of_axis


def until(condition: Callable[[], Any]) -> Any:
    for _ in range(200):
        if outcome := condition():
            return outcome
        time.sleep(0.02)
    pytest.fail("did not come to be within four seconds")


# The chart


def test_curves_are_steps_of_the_document_s_values(opened: Browser) -> None:
    drawn = lines(opened)
    assert [line["name"] for line in drawn] == list(documents.LABELS)
    assert {line["line"]["shape"] for line in drawn} == {"hv"}
    assert len(opened.all("#plot .scatterlayer .trace")) == 12
    for line in drawn:
        wanted = curve(line["name"], "evaluations", "validation")
        for x in wanted.x:
            place = [place for place in line["x"] if place <= x]
            value = line["y"][len(place) - 1]
            assert (np.inf if value is None else value) == pytest.approx(held(wanted.median, wanted, x), rel=1e-6)


def test_drawn_lines_and_bands_have_no_slope(opened: Browser) -> None:
    drawn = opened.run(
        "[...document.querySelectorAll('#plot .js-line, #plot .js-fill')].map(path => path.getAttribute('d'))"
    )
    drawn = [path for path in drawn if path]
    assert len(drawn) >= 12
    for path in drawn:
        x = y = None
        for command, numbers in re.findall(r"([A-Z])([^A-Z]*)", path):
            ends = [float(number) for number in numbers.split(",") if number]
            then = {"H": [*ends, y], "V": [x, *ends], "Z": [x, y]}.get(command, ends)
            assert command == "M" or then[0] == x or then[1] == y, path
            x, y = then


def test_axes_and_problem_change_what_is_drawn(opened: Browser) -> None:
    opened.choose("x", "seconds")
    opened.choose("y", "test")
    assert opened.find("#x-title").text == "charged seconds"
    assert opened.find("#y-title").text == "test loss of the incumbent (log loss)"
    first = lines(opened)[0]
    wanted = curve("skopt_gp", "seconds", "test")
    assert (first["x"][-1], first["y"][-1]) == pytest.approx((wanted.x[-1], wanted.median[-1]), rel=1e-6)
    opened.choose("problem", "1")
    assert (opened.find("#x").get_property("value"), opened.find("#y").get_property("value")) == ("seconds", "test")
    other = curve("skopt_gp", "seconds", "test", problem=1)
    assert lines(opened)[0]["x"][-1] == pytest.approx(other.x[-1], rel=1e-6)


def test_an_axis_comes_with_its_scale_and_takes_the_reader_s(opened: Browser) -> None:
    assert (layout(opened, "x")["type"], layout(opened, "y")["type"]) == ("linear", "linear")
    opened.choose("y", "regret")
    assert opened.find("#logy").is_selected()
    assert layout(opened, "y")["type"] == "log"
    opened.find("#logx").click()
    assert layout(opened, "x")["type"] == "log"
    opened.find("#logy").click()
    assert layout(opened, "y")["type"] == "linear"


def test_bands_and_optimisers_go_and_come_back(opened: Browser) -> None:
    assert len(lines(opened, "band")) == 6
    opened.find("#band").click()
    assert lines(opened, "band") == []
    opened.find("li[data-label=random] input").click()
    assert "random" not in [line["name"] for line in lines(opened)]
    assert "random" not in [end.text for end in opened.all(".end")]
    opened.find("#none").click()
    assert lines(opened) == []
    opened.find("#all").click()
    assert len(lines(opened)) == 6
    assert all(box.is_selected() for box in opened.all("#legend input"))


def test_the_band_reaches_beyond_the_chart_where_a_quartile_is_infinite(opened: Browser) -> None:
    band = lines(opened, "band")[0]
    top = layout(opened, "y")["range"][1]
    assert max(y for x, y in zip(band["x"], band["y"], strict=True) if x <= 3) > top
    corners = list(zip(band["x"], band["y"], strict=True))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))


def test_the_slider_reads_every_curve_by_keys(opened: Browser) -> None:
    slider = opened.find("#cursor-at")
    assert opened.find("#at").text == "100 evaluations"
    slider.send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 22)
    assert opened.find("#at").text == slider.get_attribute("aria-valuetext") == "23 evaluations"
    for label in documents.LABELS:
        wanted = curve(label, "evaluations", "validation")
        parts = (wanted.median, wanted.lower, wanted.upper)
        median, lower, upper = (f"{held(values, wanted, 23):#.4g}" for values in parts)
        assert opened.find(f"li[data-label={label}] output").text == f"{median} [{lower}, {upper}]"
    slider.send_keys(Keys.HOME)
    assert opened.find("li[data-label=random] output").text.startswith("∞ [1.")


def test_the_pointer_reads_where_it_is(opened: Browser) -> None:
    plot = opened.find("#plot")
    opened.run("arguments[0].scrollIntoView()", plot)
    ActionChains(opened.driver).move_to_element_with_offset(plot, -100, 0).perform()
    reading = until(lambda: opened.find("#at").text != "100 evaluations" and opened.find("#at").text)
    cursor = opened.run("document.getElementById('cursor').getBoundingClientRect().left")
    assert 20 < int(reading.split()[0]) < 50
    assert cursor == pytest.approx(plot.rect["x"] + plot.rect["width"] / 2 - 100, abs=6)


def test_labels_stand_beside_the_ends_and_not_over_another(opened: Browser) -> None:
    ends = opened.all(".end")
    assert sorted(end.text for end in ends) == sorted(documents.LABELS)
    order = sorted(documents.LABELS, key=lambda label: curve(label, "evaluations", "validation").median[-1])
    assert [end.text for end in ends] == order[::-1]
    tops = [end.rect["y"] for end in ends]
    assert all(b - a >= 13.9 for a, b in pairwise(tops))


def test_pointing_at_a_name_lets_the_other_curves_step_back(opened: Browser) -> None:
    strength = "[...document.querySelectorAll('#plot .scatterlayer > .trace')].map(it => getComputedStyle(it).opacity)"
    before = opened.run(strength)
    opened.run("document.querySelector('li[data-label=optuna_tpe] input').focus()")
    bands_and_lines = [place for place, now in enumerate(opened.run(strength)) if now == before[place]]
    assert bands_and_lines == [1, 7]
    opened.run("document.activeElement.blur()")
    assert opened.run(strength) == before


def test_zero_regret_ends_a_curve_on_a_logarithmic_axis(chromium: Browser, tmp_path: Path) -> None:
    looks = documents.LOOKS["random"]
    regret = page.Curve([1, 5, 10], [0.5, 0.1, 0.0])
    drawn = page.Chart(
        (page.Series("random", looks, {("evaluations", "regret"): regret}),),
        (documents.evaluations(),),
        (documents.REGRET,),
    )
    chromium.open(written(tmp_path, page.Section("one", chart=drawn)))
    (line,) = lines(chromium)
    assert (line["x"], line["y"]) == ([1, 5, 10, 10], [0.5, 0.1, 0.1, None])
    assert "no place on a logarithmic axis" in chromium.find("#said").text
    assert not chromium.find("#problem").is_displayed()


def test_what_one_problem_lacks_cannot_be_chosen(chromium: Browser, tmp_path: Path) -> None:
    looks = documents.LOOKS["random"]
    curves = {("evaluations", "validation"): page.Curve([1], [1]), ("seconds", "test"): page.Curve([2], [1])}
    drawn = page.Chart(
        (page.Series("random", looks, curves),),
        (documents.evaluations(), documents.evaluations("seconds")),
        (documents.VALIDATION, documents.TEST),
    )
    chromium.open(written(tmp_path, page.Section("one", chart=drawn)))
    assert [option.is_enabled() for option in chromium.all("#y option")] == [True, False]
    chromium.choose("x", "seconds")
    assert [option.is_enabled() for option in chromium.all("#y option")] == [False, True]
    assert lines(chromium)[0]["x"] == [2]


def written(folder: Path, *sections: page.Section) -> Path:
    path = folder / "report.html"
    path.write_text(page.render(replace(documents.document(), problems=sections)), encoding="utf-8")
    return path


def test_names_are_shown_and_never_run(chromium: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.title='run'></script><b>"
    looks = documents.LOOKS["random"]
    series = page.Series(evil, looks, {("evaluations", "validation"): page.Curve([1, 2], [2, 1])}, evil)
    drawn = page.Chart((series,), (documents.evaluations(),), (page.Axis("validation", evil, evil),), evil)
    chromium.open(written(tmp_path, page.Section(evil, (evil,), drawn)))
    assert chromium.driver.title == "Default experiment"
    assert chromium.find(".end").text == evil
    assert chromium.find("#y-title").text == evil
    assert not chromium.all("img, #plot b")


def test_reading_begins_where_every_curve_is_known_and_says_which_has_ended(chromium: Browser, tmp_path: Path) -> None:
    ends = {"random": 4, "skopt_gp": 9}
    drawn = page.Chart(
        tuple(
            page.Series(label, documents.LOOKS[label], {("evaluations", "validation"): page.Curve([1, end], [3, 2])})
            for label, end in ends.items()
        ),
        (documents.evaluations(),),
        (documents.VALIDATION,),
    )
    chromium.open(written(tmp_path, page.Section("one", chart=drawn)))
    assert chromium.find("#at").text == "4 evaluations"
    assert [output.text for output in chromium.all("#legend output")] == ["2.000", "3.000"]
    chromium.find("#cursor-at").send_keys(Keys.END)
    assert [output.text for output in chromium.all("#legend output")] == ["ended", "2.000"]
    left = {end.text: end.rect["x"] for end in chromium.all(".end")}
    assert left["random"] < left["skopt_gp"] - 100


def test_a_logarithmic_axis_has_plain_ticks_at_any_zoom(opened: Browser) -> None:
    opened.find("#logx").click()
    assert [tick.text for tick in opened.all("#plot .xtick text")] == ["1", "2", "5", "10", "20", "50", "100"]
    opened.run("Plotly.relayout('plot', {'xaxis.range': [1.2, 1.4]})")
    assert layout(opened, "x")["tickmode"] == "auto"
    assert len(opened.all("#plot .xtick")) >= 3
    assert opened.all(".end")
    opened.find("#reset").click()
    assert layout(opened, "x")["range"] == [0, 2]


# Tables


def column(opened: Browser, place: int) -> list[str]:
    return [row.text for row in opened.all(f"#section0 tbody tr > :nth-child({place})")]


def test_a_table_sorts_by_click(opened: Browser) -> None:
    assert column(opened, 1) == list(documents.LABELS)
    heads = opened.all("#section0 thead th")
    heads[4].find_element("tag name", "button").click()
    assert heads[4].get_attribute("aria-sort") == "ascending"
    assert column(opened, 5) == ["0.4321", "0.4387", "0.4402", "0.4633", "0.4719", "-"]
    heads[4].find_element("tag name", "button").click()
    assert heads[4].get_attribute("aria-sort") == "descending"
    assert column(opened, 5) == ["0.4719", "0.4633", "0.4402", "0.4387", "0.4321", "-"]
    heads[0].find_element("tag name", "button").click()
    assert [head.get_attribute("aria-sort") for head in heads] == ["ascending"] + [None] * 5
    assert column(opened, 1) == sorted(documents.LABELS)


def test_a_table_sorts_by_keys_and_infinity_is_the_largest(opened: Browser) -> None:
    opened.run("document.querySelector('#section0 .frame').focus()")
    keys = ActionChains(opened.driver)
    keys.send_keys(*[Keys.TAB] * 4, Keys.ENTER, Keys.SPACE).perform()
    assert opened.all("#section0 thead th")[3].get_attribute("aria-sort") == "descending"
    assert column(opened, 4)[0].startswith("∞")
    assert column(opened, 4)[-1].startswith("0.4021")


# Files


@pytest.mark.parametrize(
    "name",
    ["digits-lightgbm.csv", "digits-validation.svg", "digits-validation.pdf", "digits-validation.png", "all.csv"],
)
def test_files_arrive_whole(name: str, opened: Browser) -> None:
    section = documents.document().problems[0]
    figure = section.figures[0]
    files = [*section.downloads, figure.shown, *figure.files, *documents.document().downloads]
    saved = opened.downloads / name
    saved.unlink(missing_ok=True)
    opened.run("arguments[0].click()", opened.find(f"a[download='{name}']"))
    content = next(file.content for file in files if file.name == name)
    until(lambda: saved.exists() and saved.stat().st_size >= len(content))
    assert saved.read_bytes() == content


def test_a_file_beyond_the_length_of_addresses_arrives(chromium: Browser, tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    chromium.open(written(tmp_path, page.Section("one", downloads=(page.Download("large.csv", content, "text/csv"),))))
    chromium.find("a[download='large.csv']").click()
    saved = chromium.downloads / "large.csv"
    until(lambda: saved.exists() and saved.stat().st_size >= len(content))
    assert saved.read_bytes() == content


# Screens, paper, keys


def test_a_phone_never_scrolls_sideways_and_its_tables_do_inside(opened: Browser, path: Path) -> None:
    opened.size(360, 740, mobile=True)
    opened.open(path)
    assert opened.run("[innerWidth, document.documentElement.scrollWidth]") == [360, 360]
    wide = opened.run(
        "[...document.querySelectorAll('body *')].filter(part => !part.closest('.frame, .skip, svg')"
        " && part.getBoundingClientRect().right > 360.5).map(part => part.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert opened.run("(frame => frame.scrollWidth > frame.clientWidth)(document.querySelector('.frame'))")
    opened.run("document.querySelector('.frame').scrollLeft = 200")
    assert opened.find("tbody th").rect["x"] == pytest.approx(opened.find(".frame").rect["x"], abs=1)
    assert opened.all(".end") == []


def test_paper_has_figures_and_tables_in_the_place_of_the_chart(opened: Browser) -> None:
    opened.media("print", prefers_color_scheme="dark")
    assert not opened.find("#curves").is_displayed()
    assert not opened.find("nav").is_displayed()
    assert all(part.is_displayed() for part in opened.all(".verdict, figure img, table, #made dl, #audit"))
    assert opened.run("getComputedStyle(document.documentElement).getPropertyValue('--ink')").strip() == "#1c1c1c"
    assert opened.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("scripts", [True, False])
def test_paper_unfolds_what_is_folded(scripts: bool, chromium: Browser, tmp_path: Path) -> None:
    tables = tuple(page.Table(f"word{place}", (page.Head("a"),), ((page.Cell(f"cell{place}"),),)) for place in range(3))
    report = written(tmp_path, page.Section("one", tables=tables))
    if scripts:
        chromium.open(report)
        assert "cell2" not in chromium.find("main").text
        pdf = chromium.pdf()
    else:
        with chromium.without_scripts():
            chromium.open(report)
            pdf = chromium.pdf()
    assert all(f"cell{place}" in words(pdf) for place in range(3))
    assert not chromium.all("details[open]")


def words(pdf: bytes) -> str:
    """The text of a PDF, by Debian's poppler-utils."""
    if not shutil.which("pdftotext"):
        pytest.skip("no pdftotext here (Debian: poppler-utils)")
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def test_without_scripts_everything_but_the_chart_is_there(chromium: Browser, path: Path) -> None:
    with chromium.without_scripts():
        chromium.open(path)
    assert not chromium.find("#curves").is_displayed()
    assert not chromium.find("a[data-shown]").is_displayed()
    assert chromium.find("noscript p").is_displayed()
    assert chromium.find("a[download='digits-validation.pdf']").is_displayed()
    assert all(part.is_displayed() for part in chromium.all("figure img, table, #audit"))
    assert chromium.all("thead button") == []


def test_black_paper_has_light_ink_and_lighter_lines(opened: Browser) -> None:
    plain = lines(opened)[0]["line"]["color"]
    opened.media(prefers_color_scheme="dark")
    until(lambda: lines(opened)[0]["line"]["color"] != plain)
    assert sum(channels(lines(opened)[0]["line"]["color"])) > sum(channels(plain))
    ink, paper = opened.run(
        "(style => [style.color, style.backgroundColor])(getComputedStyle(document.documentElement))"
    )
    assert contrast(ink, paper) > 7
    muted = opened.find(".quiet").value_of_css_property("color")
    assert contrast(muted, paper) > 4.5


def test_ink_on_white_can_be_read(opened: Browser) -> None:
    paper = opened.find("html").value_of_css_property("background-color")
    for css in ("html", ".quiet", "a", ".error .level", ".warning .level", ".ok .level"):
        assert contrast(opened.find(css).value_of_css_property("color"), paper) > 4.5


def channels(color: str) -> list[float]:
    return [float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]


def contrast(one: str, other: str) -> float:
    """Of WCAG 2: the ratio of relative luminances."""

    def luminance(color: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(channels(color)) / 255]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_keys_reach_everything_and_show_where_they_are(opened: Browser) -> None:
    keys = ActionChains(opened.driver)
    keys.send_keys(Keys.TAB).perform()
    skip = opened.driver.switch_to.active_element
    assert skip.text == "Skip to the verdict"
    assert skip.rect["x"] >= 0
    reached = set()
    for _ in range(60):
        ActionChains(opened.driver).send_keys(Keys.TAB).perform()
        active = opened.driver.switch_to.active_element
        reached.add(active.get_attribute("id") or active.tag_name)
        if active.tag_name in {"select", "input", "button", "a"}:
            assert active.value_of_css_property("outline-style") == "solid", active.get_attribute("outerHTML")
    controls = {"problem", "x", "y", "logx", "logy", "band", "cursor-at", "all", "none", "reset"}
    assert controls | {"a", "button", "div"} <= reached


def test_nothing_moves_for_those_who_ask_for_it(opened: Browser) -> None:
    opened.media(prefers_reduced_motion="reduce")
    assert opened.find("html").value_of_css_property("scroll-behavior") == "auto"
    opened.media(prefers_reduced_motion="no-preference")
    assert opened.find("html").value_of_css_property("scroll-behavior") == "smooth"
