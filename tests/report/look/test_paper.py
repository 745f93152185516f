"""Figures for a venue's paper: its width and sizes, the fonts that Matplotlib brings along, the same bytes."""

import re
from importlib.resources import files

import matplotlib as mpl
import numpy as np
import pytest
from boxes import all_seen
from matplotlib import font_manager
from matplotlib.figure import Figure

from bench.errors import UserError
from bench.report import figures
from bench.report.look import style
from bench.report.look.paper import SCREEN, paper, papers

NAMES = ["random", "optuna_tpe", "a_name_that_is_much_longer_than_any_of_the_others", "skopt_gp"]
X = np.arange(1.0, 21.0)


def line(name: str, level: float) -> figures.Line:
    median = level + 1 / X
    return figures.Line(name, "n = 9", X, median - 0.01, median, median + 0.02, True, 20, style.styles(NAMES)[name])


def drawn() -> Figure:
    x, y = figures.Axis("evaluations", 1, 20.5, counts=True), figures.Axis("best validation loss (log_loss)", 0.1, 1.2)
    lines = tuple(line(name, 0.1 + 0.02 * place) for place, name in enumerate(NAMES))
    remark = "Median and quartiles of 10 runs (fewer where n is given). Loss axis cut off at 1.2; curves reach 3.4."
    return figures.draw(figures.View("a_long_name_of_a_dataset · a_long_name_of_a_model", x, y, lines, (remark,)))


def width_of(pdf: bytes) -> float:
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf)
    assert box
    return float(box[1]) / 72


@pytest.mark.parametrize(
    ("name", "width", "label", "text"),
    [
        ("neurips2024", 5.5, 9, 7),
        ("icml2024", 3.25, 8, 6),
        ("icml2024_full", 6.75, 8, 6),
        ("iclr2024", 5.5, 9, 7),
        ("aaai2024", 3.3, 9, 7),
        ("ieee", 3.5, 8, 7),
        ("ieee_full", 7.16, 8, 7),
    ],
)
def test_a_figure_has_the_width_and_the_sizes_of_its_venue(name: str, width: float, label: float, text: float) -> None:
    assert name in papers()
    with figures.look(paper(name)):
        figure = drawn()
        files = figures.render(figure)
        assert all_seen(figure) == []
        assert figure.axes[0].xaxis.label.get_fontsize() == pytest.approx(label)
        assert {tick.label1.get_fontsize() for tick in figure.axes[0].yaxis.get_major_ticks()} == {text}
        assert {float(entry.get_fontsize()) for entry in figure.texts} <= {text, 6.0}
    assert width_of(files["pdf"]) == pytest.approx(width, abs=0.01)


def test_every_paper_gives_a_whole_figure_and_none_outlives_its_look() -> None:
    different = {(chosen.width, chosen.label, chosen.title): chosen for chosen in map(paper, papers())}
    assert len(different) > 8
    for chosen in different.values():
        with figures.look(chosen):
            figure = drawn()
            figure.draw_without_rendering()
            assert all_seen(figure) == []
            assert figure.get_size_inches()[0] == pytest.approx(chosen.width)
    with figures.look():
        assert drawn().get_size_inches()[0] >= SCREEN.width
        assert mpl.rcParams["font.family"] == ["Report Sans", "DejaVu Sans"]


def test_an_unknown_paper_is_refused_in_one_line_with_those_there_are() -> None:
    with pytest.raises(UserError) as refused:
        paper("icml2042")
    message = str(refused.value)
    assert "\n" not in message
    assert "'icml2042'" in message
    for name in ("ieee", "neurips2024", "icml2024_full", "did you mean icml2024?"):
        assert name in message
    assert not {"beamer", "tue_ai_thesis"} & set(papers())


def test_only_fonts_that_come_with_the_suite_or_matplotlib_are_used_and_no_latex() -> None:
    own = str(files("bench.report.look") / "fonts")
    for chosen in (None, *map(paper, papers())):
        with figures.look(chosen):
            assert mpl.rcParams["text.usetex"] is False
            for family in mpl.rcParams["font.family"]:
                font = font_manager.findfont(family, fallback_to_default=False)
                assert font.startswith((mpl.get_data_path(), own))


def test_the_suites_font_has_the_letters_of_names_and_numbers_and_others_are_found_elsewhere() -> None:
    with figures.look():
        own = font_manager.get_font(font_manager.findfont("Report Sans", fallback_to_default=False))
        letters = set(own.get_charmap())
        assert {ord(letter) for letter in "aZ09 äßçøŁñ_·–−∞≤≥≈⁻⁸%…'\"()[]{}"} <= letters  # noqa: RUF001
        assert ord("漢") not in letters


def test_the_same_data_gives_the_same_bytes_whatever_the_users_settings() -> None:
    for chosen in (None, paper("icml2024")):
        files = []
        for size in (10, 30):
            with mpl.rc_context({"font.size": size, "lines.linewidth": size}), figures.look(chosen):
                files.append(figures.render(drawn()))
        assert files[0] == files[1]
        assert set(files[0]) == set(figures.FORMATS)


def test_a_figure_for_paper_has_neither_title_nor_remark_and_keeps_its_caption() -> None:
    shown = []
    for chosen in (None, paper("icml2024")):
        with figures.look(chosen):
            figure = drawn()
            texts = [figure.axes[0].get_title(loc="left"), *(text.get_text() for text in figure.texts)]
            shown.append(texts)
            assert figure.get_label().startswith("Median and quartiles of 10 runs")
    screen, printed = shown
    assert any("Median and quartiles" in text for text in screen)
    assert any(screen[0])
    assert not any("Median" in text or "cut off" in text for text in printed)
    assert not printed[0]


def test_the_svg_of_a_page_has_no_white_sheet_and_is_else_the_same() -> None:
    with figures.look():
        svg = figures.render(drawn())["svg"]
    seen = figures.see_through(svg)
    assert len(seen) == len(svg) - len("#ffffff") + len("none")
    sheet = re.search(rb'<g id="patch_1">.*?</g>', seen, re.DOTALL)
    assert sheet
    assert b"fill: none" in sheet[0]
    assert seen[sheet.end() :] == svg[len(svg) - len(seen) + sheet.end() :]
