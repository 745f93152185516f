"""The report of runs with several losses: what they are judged by, and that it depends on no other run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from boxes import all_seen, texts
from several_tables import BOX, Trial, put_several
from trials import put, rewrite

from bench.errors import UserError
from bench.report import build, figures
from bench.report.analysis import renamed
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.figures import catalogue
from bench.report.look import style
from bench.report.look.paper import paper
from bench.report.runs import curves, selection
from bench.report.runs.selection import Selection
from bench.report.tables import tables
from bench.report.words import notes, verdict
from bench.results import RunId

SEEDS = range(8)
KNOWN = [[0.0, 1.0], [1.0, 0.0]]


def run(optimizer: str, seed: int) -> RunId:
    return RunId("e", "iris", "lightgbm", optimizer, seed)


def better_on_validation(seed: int) -> list[Trial]:
    """Two trials on the front, which cover 9.25 of 16 of the box; the test losses of the one 1, of the other none."""
    low = 1 + seed / 100
    return [None, ((low, low), (3.0, 3.0)), ((3.5, 0.5), (5.0, 0.1))]


def better_on_test(seed: int) -> list[Trial]:
    return [((2 + seed / 100, 2.0), (1.0 + seed / 100, 1.0)), ((2.5, 2.5), (0.0, 0.0)), None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in SEEDS:
        put_several(tmp_path, run("a_validation", seed), better_on_validation(seed))
        put_several(tmp_path, run("b_test", seed), better_on_test(seed))
    return tmp_path


def analysed(folder: Path, *optimizers: str) -> Analysis:
    reading = selection.read(folder, Selection(("e",), optimizers))
    (comparison,) = curves.comparisons(reading.results)
    return analyse(comparison, reading)


def test_the_verdict_goes_by_the_test_losses_of_the_front_of_validation_losses(folder: Path) -> None:
    analysis = analysed(folder)
    first = analysis.runs[analysis.runs["seed"] == 0].set_index("label")
    assert first.loc["a_validation", "validation"] == pytest.approx(1 - 9.25 / 16)
    assert first.loc["a_validation", "test"] == pytest.approx(15 / 16)
    assert first.loc["b_test", "validation"] == pytest.approx(12 / 16)
    assert first.loc["b_test", "test"] == pytest.approx(7 / 16)  # that of the dominated trial would be 0
    assert list(analysis.final["label"]) == ["b_test", "a_validation"]
    assert analysis.groups["test"].best == "b_test"
    assert analysis.groups["validation"].best == "a_validation"
    said = " ".join(verdict.verdict(analysis))
    assert said.startswith("**b_test** is best: its final test 1 - hypervolume is significantly lower than that of a_v")
    assert "Its test 1 - hypervolume is 0.4" in said
    assert "Compared is 1 - hypervolume of log loss and size" in said
    assert "By validation losses a_validation alone is significantly worse than no other." in said
    (one,) = [
        line
        for line in notes.notes(analysis.comparison, selection.read(folder, Selection(("e",))).results)
        if "box" in line
    ]
    assert "log loss from 0 to 4 and size from 0 to 4" in one


def test_a_run_is_judged_alike_whatever_others_there_are(folder: Path) -> None:
    alone = tables.runs(analysed(folder, "b_test"))
    both = tables.runs(analysed(folder))
    pd.testing.assert_frame_equal(both[both["label"] == "b_test"].reset_index(drop=True), alone)


def test_other_losses_another_box_or_one_loss_share_no_figure(folder: Path) -> None:
    put_several(folder, run("c", 0), better_on_test(0), {**BOX, "reference": [4.0, 5.0]})
    with pytest.raises(UserError, match=r"judged by other losses .*\(log_loss and size, within 0 to 4, 0 to 5\)"):
        analysed(folder)
    put_several(folder, run("c", 0), better_on_test(0), {**BOX, "reference": [4.0, 4.0 + 1e-12]})  # another library
    assert "c" in analysed(folder).samples
    put(folder, run("c", 0), [0.3, 0.2, 0.1])
    with pytest.raises(UserError, match=r"c/0 \(one loss\)"):
        analysed(folder)


def test_without_a_test_part_validation_losses_are_judged_and_without_a_box_the_first_loss(tmp_path: Path) -> None:
    plain: list[Trial] = [((2.0, 2.0), None), ((1.0, 3.0), None)]
    put_several(tmp_path, run("a", 0), plain, front=KNOWN)
    analysis = analysed(tmp_path)
    assert analysis.judged == "validation"
    assert list(analysis.samples["a"].validation[0]) == pytest.approx([12 / 16, 11 / 16])
    assert analysis.fronts is not None
    assert analysis.fronts.table["distance"].iloc[0] == pytest.approx((np.hypot(1, 2) + np.hypot(1, 2)) / 2)
    put_several(tmp_path, run("a", 0), plain, None)
    analysis = analysed(tmp_path)
    assert analysis.fronts is None
    assert list(analysis.samples["a"].validation[0]) == [2.0, 1.0]
    reading = selection.read(tmp_path, Selection(("e",)))
    assert any("other losses besides (size)" in line for line in notes.notes(analysis.comparison, reading.results))


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        ({"log_loss": [2.1, 1.0], "size": [2.0, 1.0]}, "the first of the losses of trial 0 is not its loss"),
        ({"log_loss": [2.0, 1.1], "size": [2.0, 1.0]}, "the first of the losses of trial 0 is not its test_loss"),
        ({"size": [2.0, 1.0], "log_loss": [2.0, 1.0]}, "are not those of its objectives, log_loss, size"),
        ({"log_loss": [2.0, 1.0], "size": [None, 1.0]}, "the losses of trial 0 are no pairs"),
        (None, "the first of the losses of trial 0 is not its loss"),
    ],
)
def test_losses_that_contradict_the_trial_are_left_out(folder: Path, losses: object, reason: str) -> None:
    kept = ['{"log_loss": [2.5, 0.0], "size": [2.5, 0.0]}', None]
    rewrite(run("b_test", 0).path(folder), losses=[None if losses is None else json.dumps(losses), *kept])
    left_out = selection.read(folder, Selection(("e",))).left_out
    assert reason in left_out[run("b_test", 0)]


@pytest.mark.parametrize("venue", ["", "icml2024"])
def test_attainment_is_drawn_with_all_its_text_in_sight(folder: Path, venue: str) -> None:
    analysis = renamed.renamed(analysed(folder), {"b_test": "A name of its own"})
    looks = style.styles(analysis.samples)
    (sketch,) = [each for each in catalogue.sketches(analysis, looks) if each.name == "attainment"]
    with figures.look(paper(venue) if venue else None):
        figure = sketch.draw()
        figures.render(figure)
        assert all_seen(figure) == []
    assert "A name of its own" in [text.get_text() for text in texts(figure)]
    color = looks["A name of its own"].color
    (median,) = (line for axes in figure.axes for line in axes.get_lines() if line.get_color() == color)
    assert [1.03, 1.0] in np.round(median.get_xydata(), 2).tolist()  # of eight, four have at most that


@pytest.mark.usefixtures("undrawn")
def test_the_pages_say_what_is_compared(folder: Path, tmp_path: Path) -> None:
    report = build.build(folder, tmp_path / "reports", ["e"])
    page = (report / "report.md").read_text()
    assert "| optimizer | 1 - hypervolume, validation losses | 1 - hypervolume, test losses |" in page
    assert "fronts of log_loss and size" in page
    points = pd.read_csv(report / "tables/iris-lightgbm-points.csv")
    assert list(points.columns[3:]) == ["label", "seed", "trial", "log_loss", "size", "log_loss_test", "size_test"]
    assert len(points) == 3 * len(SEEDS)
    assert "1 - hypervolume, test losses" in (report / "report.html").read_text()
