"""Tables: numbers against plain loops, the same in every form, and names that are no markup anywhere."""

import io
import math
import re
import statistics
from pathlib import Path

import pandas as pd
import pytest
import trials

from bench.report.analysis.comparison import Analysis, analyse
from bench.report.look import style
from bench.report.runs import curves, selection
from bench.report.tables import cells as table_cells
from bench.report.tables import formats, tables
from bench.report.tables.formats import Tabled
from bench.report.tables.table import Cell, Head, Table
from bench.results import RunId


def analyses(folder: Path, experiment: str = "e") -> list[Analysis]:
    reading = selection.read(folder, selection.selection([experiment]))
    return [analyse(comparison, reading) for comparison in curves.comparisons(reading.results)]


def tables_of(analysis: Analysis) -> dict[str, Tabled]:
    return {tabled.name: tabled for tabled in tables.tables(analysis, style.styles(analysis.samples))}


def cells(tabled: Tabled) -> dict[str, list[str]]:
    """The text of each row, by its first cell."""
    return {row[0].text: [cell.text for cell in row[1:]] for row in tabled.shown.rows}


def read_csv(tabled: Tabled) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(formats.csv(tabled.frame)), keep_default_na=True)


def demo(folder: Path) -> Analysis:
    trials.write_comparison(folder, "e")
    (only,) = analyses(folder)
    return only


# --- numbers --------------------


def test_csv_has_every_number_of_the_frame_exactly(tmp_path: Path) -> None:
    analysis = demo(tmp_path)
    frame = read_csv(tables_of(analysis)[""])
    assert frame["label"].tolist() == analysis.final["label"].tolist()
    for name in ("validation_lower", "test_median", "optimizer_seconds", "validation_median_low", "score_iqm"):
        assert frame[name].tolist() == analysis.final[name].tolist()
    assert set(frame["metric"]) == {"log_loss"}


def test_final_losses_are_medians_of_the_last_trials_with_order_statistics_around(tmp_path: Path) -> None:
    levels = {"random": 0.3, "optuna_tpe": 0.25}
    for name, level in levels.items():
        for seed in range(9):
            trials.put(tmp_path, RunId("e", "iris", "lightgbm", name, seed), [1.0, level + seed / 100])
    (analysis,) = analyses(tmp_path)
    shown = cells(tables_of(analysis)[""])
    for name, level in levels.items():  # of 9 runs the interval is from the 2nd to the 8th: 2 P(K < 2) = 0.039
        assert shown[name][0] == f"{level + 0.04:.4f} [{level + 0.01:.4f}, {level + 0.07:.4f}]"


def test_the_best_is_marked_where_it_is_alone_and_else_all_that_are_level(tmp_path: Path) -> None:
    for seed in range(10):
        for name, loss in (("random", 0.9), ("optuna_tpe", 0.2), ("grid", 0.201)):
            trials.put(tmp_path, RunId("e", "iris", "lightgbm", name, seed), [loss + seed / 1000])
    (analysis,) = analyses(tmp_path)
    marks = {row[0].text: row[1].mark for row in tables_of(analysis)[""].shown.rows}
    assert marks == {"optuna_tpe": "tied", "grid": "tied", "random": ""}
    assert r"\underline{0.2055" in formats.latex(tables_of(analysis)[""].shown)
    for seed in range(10):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "grid", seed), [0.3 + seed / 1000])
    (analysis,) = analyses(tmp_path)
    marks = {row[0].text: row[1].mark for row in tables_of(analysis)[""].shown.rows}
    assert marks == {"optuna_tpe": "best", "grid": "", "random": ""}
    assert "**0.2045" in formats.markdown(tables_of(analysis)[""].shown)
    assert "<strong>0.2045" in formats.html(tables_of(analysis)[""].shown)


def test_failures_are_counted_and_runs_without_success_are_infinite(tmp_path: Path) -> None:
    for seed in range(3):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), [0.25 + seed / 100, None])
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [None, None])
    (analysis,) = analyses(tmp_path)
    main = tables_of(analysis)[""]
    assert cells(main)["optuna_tpe"][:3] == ["0.2600", "3", "3 of 6"]
    assert cells(main)["random"][:3] == ["∞", "3", "6 of 6 (3 runs without success)"]
    assert "Fewer than 6 runs have no such interval." in main.shown.note
    assert "1 pair have" not in tables_of(analysis)["pairs"].shown.note
    assert "1 pair has too few seeds for a test: 6 each are needed." in tables_of(analysis)["pairs"].shown.note
    assert r"$\infty$" in formats.latex(main.shown)
    assert "test loss" not in formats.latex(main.shown)


def test_evaluations_to_randoms_final_loss_are_the_median_over_runs(tmp_path: Path) -> None:
    random_losses = [[0.9, 0.8, 0.7, 0.6], [0.95, 0.5, 0.85, 0.99], [0.91, 0.92, 0.93, 0.94]]
    faster = [[0.7, 0.4, 0.4, 0.4], [0.4, 0.4, 0.4, 0.4], [0.99, 0.98, 0.97, 0.3]]
    for seed in range(3):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), random_losses[seed])
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), faster[seed])
    (analysis,) = analyses(tmp_path)
    pool = sorted(loss for run in random_losses for loss in run)
    beyond = [math.comb(len(pool) - i, 4) / math.comb(len(pool), 4) for i in range(1, len(pool) + 1)]
    target = next(loss for loss, rest in zip(pool, beyond, strict=True) if 1 - rest >= 0.5)
    needed = [next(t for t, loss in enumerate(run, 1) if loss <= target) for run in faster]
    assert statistics.median(needed) == 2
    assert cells(tables_of(analysis)["speed-up"])["optuna_tpe"][:5] == ["3 of 3", "2", "-", "0.50", "-"]
    assert "Random search itself needs" in tables_of(analysis)["speed-up"].shown.note
    slower = cells(tables_of(analysis)["speed-up"])["random"]
    reached = sum(min(run) <= target for run in random_losses)
    assert slower[0] == f"{reached} of 3"


def test_without_random_search_there_is_no_speed_up_and_no_score(tmp_path: Path) -> None:
    for seed in range(3):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "optuna_tpe", seed), [0.5, 0.4])
    (analysis,) = analyses(tmp_path)
    assert "speed-up" not in tables_of(analysis)
    assert "score" not in [head.text for head in tables_of(analysis)[""].shown.heads]


def test_overtuning_is_what_the_last_incumbent_lost_on_test_data(tmp_path: Path) -> None:
    for seed in range(3):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [0.5, 0.4, 0.3], [0.6, 0.45, 0.55])
    (analysis,) = analyses(tmp_path)
    row = tables_of(analysis)["overtuning"].frame.iloc[0]
    assert row["overtuning"] == pytest.approx(0.1)
    assert row["relative"] == pytest.approx(0.1 / 0.15)
    assert row["gap"] == pytest.approx(0.25)
    assert row["share"] == 1.0


@pytest.mark.parametrize(
    ("medians", "widths", "digits"),
    [
        ([0.08123, 0.1], [0.01], 5),
        ([123.4], [10.0], 1),
        ([0.5], [0.00012], 5),
        ([12345.0], [100.0], 0),
        ([math.inf, 0.0], [0.0], 0),
        ([1e-30], [], 10),
    ],
)
def test_digits_show_four_figures_and_the_width(medians: list[float], widths: list[float], digits: int) -> None:
    assert table_cells.decimals(medians, widths) == digits


# --- forms --------------------

HOSTILE = "a_b|<b>&{x}%$#~^\\"


def hostile() -> Table:
    heads = (Head(HOSTILE, numeric=False), Head("loss"))
    return Table(HOSTILE, heads, ((Cell(HOSTILE), Cell("∞", math.inf, "best")), (Cell("x"), Cell("-", math.nan))))


def test_no_name_is_markup() -> None:
    assert formats.markdown(hostile()).count(r"a_b\|&lt;b>&{x}%\$#\~^\\ ") == 2
    text = formats.html(hostile())
    assert set(re.findall(r"<(\w+)", text)) == {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong"}
    assert "&lt;b&gt;&amp;{x}" in text
    tex = formats.latex(hostile()).split("\n", 1)[1]
    assert r"a\_b|\textless{}b\textgreater{}\&\{x\}\%\$\#\textasciitilde{}\textasciicircum{}\textbackslash{}" in tex
    assert r"\textbf{$\infty$}" in tex
    assert "x & -- " in tex


def test_csv_gives_every_name_back() -> None:
    names = [HOSTILE, 'a,b "c"\n"d"', "'", "  spaces ", "\\,"]
    frame = pd.DataFrame({"label": names, 'loss, "median"': [0.1, 1e-300, math.inf, 2.0, -0.0]})
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(formats.csv(frame))), frame)


def test_every_row_of_every_form_has_as_many_cells(tmp_path: Path) -> None:
    for tabled in tables_of(demo(tmp_path)).values():
        files = tabled.files("stem")
        width = len(tabled.shown.heads)
        latex = [
            line for line in files[next(n for n in files if n.endswith("tex"))].decode().splitlines() if " & " in line
        ]
        assert {line.count(" & ") + 1 for line in latex if not line.startswith("%")} == {width}
        markdown = files[next(name for name in files if name.endswith(".md"))].decode().splitlines()
        assert {line.count("|") - 1 for line in markdown} == {width}
        page = files[next(name for name in files if name.endswith(".html"))].decode()
        assert page.count("<td") == width * len(tabled.shown.rows)
