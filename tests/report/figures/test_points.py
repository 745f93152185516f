"""Figures of runs and of comparisons: every seed, every pair and every group is there, and every text can be read."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from boxes import all_seen, texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.report import figures
from bench.report.figures.points import swarm
from bench.report.look import style
from bench.report.look.paper import paper
from bench.report.statistics import designs
from bench.report.statistics import pairs as comparing
from bench.report.statistics.designs import Design, Relation

KINDS = ("final", "generalisation", "improvement", "critical_difference")
FEW = ["optuna_tpe", "skopt_gp", "random", "grid"]
MANY = [*list(style.KNOWN)[:28], "a_name_that_is_much_longer_than_any_of_the_others", "another name, with spaces"]


@dataclass(frozen=True)
class Ranks:
    ranks: dict[str, float]
    groups: list[tuple[str, ...]] = field(default_factory=list)
    tested: bool = True
    problems: int = 12
    p: float = 0.003


def runs(names: list[str], count: int = 10) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {"label": name, "seed": seed, "loss": 1 + 0.1 * place + rng.random(), "test": 1.2 + 0.1 * place + rng.random()}
        for place, name in enumerate(names)
        for seed in range(count)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(validation=frame["loss"])


def pairs(frame: pd.DataFrame) -> pd.DataFrame:
    losses = {str(label): part["loss"].to_numpy() for label, part in frame.groupby("label", sort=False)}
    seeds = {str(label): part["seed"].to_numpy() for label, part in frame.groupby("label", sort=False)}
    relations: dict[frozenset[str], Relation] = {frozenset(two): "paired" for two in combinations(losses, 2)}
    design = Design({label: frozenset(own.tolist()) for label, own in seeds.items()}, frozenset(), relations)
    return comparing.compare(losses, seeds, design, designs.family(design, losses))


def data(kind: str, names: list[str]) -> Any:
    if kind == "improvement":
        return pairs(runs(names))
    if kind == "critical_difference":
        ranks = {name: 1 + 0.9 * place for place, name in enumerate(names)}
        return Ranks(ranks, [tuple(names[place : place + 3]) for place in range(max(0, len(names) - 2))])
    return runs(names)


def drawn(kind: str, given: Any, names: list[str]) -> Figure:
    make: Callable[..., Figure] = getattr(figures, kind)
    figure = make(given, style.styles(names), "iris · lightgbm")
    figure.draw_without_rendering()
    return figure


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def color_of(line: Line2D) -> Any:
    return matplotlib.colors.to_hex(line.get_color())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("venue", [None, "icml2024", "ieee", "neurips2024"])
def test_thirty_optimisers_or_two_every_text_is_seen(kind: str, venue: str | None) -> None:
    for names in (MANY, FEW[:2]):
        with figures.look(paper(venue) if venue else None):
            figure = drawn(kind, data(kind, names), names)
            assert all_seen(figure) == []
            shown = "".join(words(figure).split())
            assert [name for name in names if "".join(name.split()) not in shown] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_gives_the_same_bytes(kind: str) -> None:
    files = []
    for _ in range(2):
        with figures.look():
            files.append(figures.render(drawn(kind, data(kind, FEW), FEW)))
    assert files[0] == files[1]


# --- runs as points --------------------


def test_every_seed_is_a_point_and_the_bar_is_the_median() -> None:
    frame = runs(FEW, 9)
    with figures.look():
        figure = drawn("final", frame, FEW)
    (axes,) = figure.axes
    for name, look in style.styles(FEW).items():
        losses = frame.loc[frame["label"] == name, "loss"]
        points = [line for line in axes.lines if color_of(line) == look.color]
        assert sorted(value for line in points for value in line.get_xdata()) == sorted(losses)
    bars = [line.get_xdata()[0] for line in axes.lines if color_of(line) == style.INK]
    assert sorted(bars) == sorted(frame.groupby("label")["loss"].median())


def test_the_least_median_is_the_first_row() -> None:
    frame = runs(FEW)
    with figures.look():
        figure = drawn("final", frame, FEW)
    height = {text.get_text(): text.get_position()[1] for text in figure.texts}
    medians = frame.groupby("label")["loss"].median()
    for one, other in itertools.combinations(FEW, 2):
        assert (medians[one] < medians[other]) == (height[one] > height[other])


@pytest.mark.parametrize("kind", ["final", "generalisation"])
def test_failures_and_points_beyond_the_axes_are_said(kind: str) -> None:
    frame = runs(FEW)
    frame.loc[(frame["label"] == "grid") & (frame["seed"] < 6), ["loss", "validation", "test"]] = [
        np.nan,
        np.inf,
        np.inf,
    ]
    frame.loc[(frame["label"] == "random") & (frame["seed"] == 3), ["loss", "validation", "test"]] = 1000.0
    frame = frame[(frame["label"] != "skopt_gp") | (frame["seed"] < 7)]
    with figures.look():
        figure = drawn(kind, frame, FEW)
        assert all_seen(figure) == []
    shown = words(figure)
    for text in ("6 of 10 without a loss, no median", "1 beyond, to 1e+03", "n = 7"):
        assert shown.count(text) == 1
    assert figure.axes[0].get_xlim()[1] < 10


@pytest.mark.parametrize("kind", ["final", "generalisation"])
def test_one_run_of_one_optimiser_and_no_success_at_all_are_drawn(kind: str) -> None:
    for loss in (1.0, math.inf):
        frame = runs(["random"], 1).assign(loss=loss, validation=loss, test=loss)
        with figures.look():
            figure = drawn(kind, frame, ["random"])
            assert all_seen(figure) == []
        assert "One run each." in words(figure)
        assert ("no median" in words(figure)) == math.isinf(loss)


def test_incumbents_stand_at_their_two_losses_on_axes_of_one_range() -> None:
    frame = runs(FEW)
    with figures.look():
        figure = drawn("generalisation", frame, FEW)
    (axes,) = figure.axes
    assert axes.get_xlim() == axes.get_ylim()
    for name, look in style.styles(FEW).items():
        part = frame[frame["label"] == name]
        small, large = (line for line in axes.lines if color_of(line) == look.color)
        expected = set(zip(part["validation"], part["test"], strict=True))
        assert set(zip(small.get_xdata(), small.get_ydata(), strict=True)) == expected
        assert list(large.get_xdata()) == [part["validation"].median()]
        assert list(large.get_ydata()) == [part["test"].median()]


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted), st.floats(1, 10))
def test_a_swarms_points_do_not_cover_each_other_while_there_is_room(places: list[float], size: float) -> None:
    free = swarm(np.array(places), size, 1e9)
    for (x, y), (other_x, other_y) in itertools.combinations(zip(places, free, strict=True), 2):
        assert abs(x - other_x) >= size or abs(y - other_y) >= 0.99 * size
    assert np.abs(swarm(np.array(places), size, 7.0)).max(initial=0) <= 7 + 1e-9


# --- pairs --------------------


def test_the_matrix_says_how_often_the_row_wins() -> None:
    frame = runs(FEW)
    frame.loc[frame["label"] == "grid", "loss"] += 50
    compared = pairs(frame)
    with figures.look():
        figure = drawn("improvement", compared, FEW)
    rows = {text.get_text(): text.get_position()[1] for text in figure.texts if text.get_rotation() == 0}
    columns = {text.get_text(): text.get_position()[0] for text in figure.texts if text.get_rotation() == 90}
    (axes,) = figure.axes
    seen = axes.transData + figure.transFigure.inverted()
    cells = {tuple(seen.transform(text.get_position())): text for text in axes.texts}
    assert len(cells) == len(FEW) * (len(FEW) - 1)
    for a, b in itertools.permutations(FEW, 2):
        row = compared[
            ((compared["a"] == a) & (compared["b"] == b)) | ((compared["a"] == b) & (compared["b"] == a))
        ].iloc[0]
        share = row["improvement"] if row["a"] == a else 1 - row["improvement"]
        (cell,) = (text for (x, y), text in cells.items() if math.isclose(y, rows[a]) and math.isclose(x, columns[b]))
        assert cell.get_text() == f"{100 * share:.0f}"
        assert (cell.get_fontweight() == "bold") == bool(row["better"])
    assert min(rows, key=lambda name: rows[name] if name in FEW else math.inf) == "grid"


def test_a_cell_is_darker_the_more_often_its_row_wins_and_its_number_stands_out_in_grey() -> None:
    frame = runs(MANY[:12])
    with figures.look():
        figure = drawn("improvement", pairs(frame), MANY[:12])
    (axes,) = figure.axes
    (mesh,) = axes.collections
    shades = mesh.get_facecolors().reshape(12, 12, 4)
    cells = []
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        shade = grey(shades[row, column])
        cells.append((int(text.get_text()), shade))
        assert contrast(shade, grey(text.get_color())) > 4.5
    assert len(cells) == 12 * 11
    for (one, a), (other, b) in itertools.combinations(cells, 2):
        assert not (one > other and a > b + 1e-9)


def grey(color: Any) -> float:
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in matplotlib.colors.to_rgb(color)]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def contrast(one: float, other: float) -> float:
    """Of WCAG 2, of two luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_a_pair_that_was_not_compared_has_a_question_mark() -> None:
    frame = pairs(runs(FEW))
    frame.loc[0, ["improvement", "better"]] = [np.nan, ""]
    with figures.look():
        figure = drawn("improvement", frame, FEW)
    assert words(figure).count("?") == 2


def test_a_matrix_too_large_for_a_column_is_as_wide_as_the_page() -> None:
    for names, width in ((FEW, 3.25), (MANY, 6.75)):
        with figures.look(paper("icml2024")):
            figure = drawn("improvement", data("improvement", names), names)
        assert figure.get_size_inches()[0] == pytest.approx(width)


# --- ranks --------------------


def paths(figure: Figure) -> list[np.ndarray]:
    return [line.get_xydata() for line in figure.findobj(Line2D)]


def test_ranks_stand_in_proportion_and_bars_span_their_groups() -> None:
    ranks = Ranks({"optuna_tpe": 1.25, "skopt_gp": 2.0, "random": 3.5, "grid": 3.75}, [("optuna_tpe", "skopt_gp")])
    with figures.look():
        figure = drawn("critical_difference", ranks, FEW)
        names = style.styles(FEW)
    at = {
        name: line.get_xdata()[0]
        for name, look in names.items()
        for line in figure.findobj(Line2D)
        if color_of(line) == look.color
    }
    for a, b, c in itertools.permutations(FEW, 3):
        whole, part = ranks.ranks[c] - ranks.ranks[a], ranks.ranks[b] - ranks.ranks[a]
        assert (at[b] - at[a]) / (at[c] - at[a]) == pytest.approx(part / whole)
    (bar,) = (line for line in figure.findobj(Line2D) if line.get_linewidth() > 2)
    start, end = bar.get_xdata()
    between = [name for name in FEW if start <= at[name] <= end]
    assert between == ["optuna_tpe", "skopt_gp"]
    shown = words(figure)
    for text in ("optuna_tpe 1.25", "grid 3.75", "Wilcoxon's signed-rank test", "over 12 problems", "p = 0.003"):
        assert text in shown


def test_bars_that_share_a_rank_stand_in_rows_of_their_own() -> None:
    names = MANY[:10]
    with figures.look():
        figure = drawn("critical_difference", data("critical_difference", names), names)
    bars = [line for line in figure.findobj(Line2D) if line.get_linewidth() > 2]
    assert len(bars) == 8
    for one, other in itertools.combinations(bars, 2):
        (a, b), (c, d) = sorted(one.get_xdata()), sorted(other.get_xdata())
        assert one.get_ydata()[0] != other.get_ydata()[0] or b < c or d < a


def test_the_remark_says_by_which_test_neighbours_differ_or_that_there_are_too_few_problems() -> None:
    with figures.look():
        figure = drawn("critical_difference", Ranks({"optuna_tpe": 1.0, "random": 2.0}), FEW)
        assert all_seen(figure) == []
        few = drawn("critical_difference", Ranks({"optuna_tpe": 1.0, "random": 2.0}, tested=False), FEW)
        assert all_seen(few) == []
    assert "Any two neighbours differ significantly" in words(figure)
    assert "too few" in words(few)
    assert "differ significantly" not in words(few)


def test_equal_points_stand_beside_each_other_over_the_bar_of_their_median() -> None:
    frame = runs(FEW)
    frame.loc[frame["label"] == "grid", "loss"] = 1.7
    with figures.look():
        figure = drawn("final", frame, FEW)
        assert all_seen(figure) == []
    (axes,) = figure.axes
    (row,) = (line for line in axes.lines if color_of(line) == style.KNOWN["grid"].color)
    heights = np.sort(row.get_ydata())
    assert np.diff(heights).min() > 0.9 * row.get_markersize()
    (bar,) = (line for line in axes.lines if color_of(line) == style.INK and line.get_xdata()[0] == 1.7)
    assert bar.get_zorder() < row.get_zorder()
    frame = pd.concat([frame.assign(seed=frame["seed"] + 10 * turn) for turn in range(5)])
    with figures.look():
        assert "50 equal at 1.7" in words(drawn("final", frame, FEW))


def test_axes_of_incumbents_are_equal_only_where_losses_have_a_range_in_common() -> None:
    frame = runs(FEW)
    frame = frame.assign(validation=0.05 + 0.01 * frame["loss"], test=0.4 + 0.01 * frame["test"])
    with figures.look():
        figure = drawn("generalisation", frame, FEW)
        assert all_seen(figure) == []
    (axes,) = figure.axes
    assert axes.get_xlim()[1] < 0.1
    assert axes.get_ylim()[0] > 0.3
    assert "The two axes have different ranges." in words(figure)
    assert "On the line" not in words(figure)


def test_points_beyond_the_axis_are_counted_in_the_caption() -> None:
    frame = runs(FEW)
    frame.loc[frame["seed"] == 3, ["loss"]] = 1e6
    with figures.look():
        figure = drawn("final", frame, FEW)
    assert ": 4 points beyond, as arrows." in words(figure)
    assert figure.axes[0].get_xlim()[1] < 10


def test_one_optimiser_that_diverges_hides_nothing_of_the_others() -> None:
    frame = runs(FEW[:3])
    far = frame["label"] == "random"
    frame = frame.assign(loss=np.where(far, 100 + frame["loss"], 0.1 + 0.01 * frame["loss"]))
    with figures.look():
        figure = drawn("final", frame, FEW[:3])
        assert all_seen(figure) == []
    assert figure.axes[0].get_xscale() == "linear"
    assert figure.axes[0].get_xlim()[1] < 0.2
    assert "10 beyond, to 1" in words(figure)
