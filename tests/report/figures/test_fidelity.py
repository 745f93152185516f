"""Figures of runs with a ladder of fidelities: bars are the frame's shares, dotted is what was charged nothing."""

import math

import numpy as np
import pandas as pd
import pytest
from boxes import all_seen, texts
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.report import figures
from bench.report.analysis.fidelity import AGREEMENT, SPENDING
from bench.report.figures import Axis, Line, View
from bench.report.look import style
from bench.report.look.paper import paper

LABELS = ["random", "optuna_tpe", "a_name_that_is_much_longer_than_any_of_the_others"]
RUNGS = (4.0, 11.0, 33.0, 100.0, math.nan)


def spent(labels: list[str] = LABELS, unit: str = "rounds", high: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(len(labels))
    rows = []
    for label in labels:
        shares = rng.dirichlet(np.ones(len(RUNGS)))
        rows += [
            (label, unit, high, rung * high / 100, 5, 5, 0, 10 * share, share)
            for rung, share in zip(RUNGS, shares, strict=True)
        ]
    return pd.DataFrame(rows, columns=list(SPENDING))


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("venue", [None, "icml2024"])
def test_bars_are_the_shares_in_order_of_rungs_and_everything_is_seen(venue: str | None) -> None:
    frame = spent()
    with figures.look(paper(venue) if venue else None):
        figure = figures.spending(frame, style.styles(LABELS), "digits · lightgbm")
        all_seen(figure)
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    starts = [patch.get_x() for patch in figure.axes[0].patches]
    assert widths == pytest.approx(frame["share"].tolist())
    assert starts == pytest.approx(frame.groupby("label", sort=False)["share"].cumsum().sub(frame["share"]).tolist())
    colors = [to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches]
    assert len(set(colors[:5])) == 5
    assert colors[:5] == colors[5:10] == colors[10:]
    assert all(text in words(figure) for text in ("4", "33", "100 rounds, full", "failed"))


def test_rungs_of_several_ladders_say_which() -> None:
    frame = pd.concat([spent(["random"]), spent(["optuna_tpe"], "rows", 500)], ignore_index=True)
    with figures.look():
        figure = figures.spending(frame, style.styles(LABELS), "digits · lightgbm")
        all_seen(figure)
    assert "11 of 100 rounds" in words(figure)
    assert "55 of 500 rows" in words(figure)


def test_a_rungs_agreement_is_a_point_with_its_interval() -> None:
    rows = [
        ("rounds", 100, 4, 0.2, 0.1, 0.4, 60, 7, False),
        ("rounds", 100, 33, 0.9, np.nan, np.nan, 60, 7, False),
    ]
    frame = pd.DataFrame(rows, columns=list(AGREEMENT))
    with figures.look():
        figure = figures.agreement(frame, "All of random_rungs.", "digits · lightgbm")
        all_seen(figure)
    (axes,) = figure.axes
    points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert points == [0.9, 0.2]
    assert [segment[:, 0].tolist() for lines in axes.collections for segment in lines.get_segments()] == [[0.1, 0.4]]
    assert "All of random_rungs. Lines: 95 %" in figure.get_label()


def curve(paid: float) -> Line:
    x = np.arange(1.0, 9.0)
    return Line("random", "", x, 8 / x, 9 / x, 10 / x, True, 8.0, style.styles(["random"])["random"], paid=paid)


def drawn(paid: float) -> list[Line2D]:
    with figures.look():
        figure = figures.draw(View("t", Axis("cost", 1, 8.5, counts=True), Axis("loss", 0, 10), (curve(paid),), ()))
    return list(figure.axes[0].lines)


def test_what_was_charged_nothing_is_dotted_and_the_rest_is_not() -> None:
    dotted, solid = drawn(4.0)
    assert np.asarray(dotted.get_xdata()).tolist() == [1, 2, 3, 4]
    assert np.asarray(dotted.get_ydata()).tolist() == [9, 9 / 2, 9 / 3, 9 / 4]
    assert np.asarray(solid.get_xdata())[:5].tolist() == [4, 5, 6, 7, 8]
    assert dotted.get_linestyle() == "--"
    assert dotted._unscaled_dash_pattern != solid._unscaled_dash_pattern
    assert dotted.get_marker() == "None"


@pytest.mark.parametrize(("paid", "lines"), [(0.0, 1), (1.0, 1), (math.inf, 2)])
def test_only_a_run_that_paid_later_has_dots(paid: float, lines: int) -> None:
    assert len(drawn(paid)) == lines


@pytest.mark.parametrize(("paid", "said"), [(0.0, False), (3.0, True)])
def test_the_caption_explains_dots_where_there_are_any(paid: float, said: bool) -> None:
    frame = pd.DataFrame({"label": "random", "evaluations": range(1, 6), "median": [5.0, 4, 3, 2, 1], "paid": paid})
    with figures.look():
        figure = figures.regret(frame, style.styles(["random"]), "t", against="cost (full evaluations)")
    assert ("Dotted" in figure.get_label()) is said
    assert figure.axes[0].get_xlabel() == "cost (full evaluations)"
