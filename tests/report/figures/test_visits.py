"""Figures of where optimisers looked: every optimiser has its panel, every trial its place, every text can be read."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from asked import SPACE, comparison, put, read
from boxes import all_seen, texts
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from PIL import Image

from bench.report import figures
from bench.report.analysis.comparison import analyse
from bench.report.analysis.importance import importance
from bench.report.figures import Scale, canvas, catalogue
from bench.report.look import style
from bench.report.look.paper import paper
from bench.space import parsing

SCALES = [catalogue.scale(parameter) for parameter in parsing.parse(SPACE).searched]
MANY = [*list(style.KNOWN)[:28], "a_name_that_is_much_longer_than_any_of_the_others", "another name, with spaces"]
VENUES = [None, "icml2024", "ieee", "neurips2024"]


def looked(names: list[str], runs: int = 2, length: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials with their places, the second hyperparameter inactive in every third."""
    rng = np.random.default_rng(0)
    rows = [
        {"label": name, "run": place * runs + run, "evaluation": trial + 1, "loss": rng.random()}
        for place, name in enumerate(names)
        for run in range(runs)
        for trial in range(length)
    ]
    trials = pd.DataFrame(rows)
    trials["rank"] = trials["loss"].rank(pct=True)
    places = pd.DataFrame(rng.random((len(trials), len(SCALES))), columns=[scale.name for scale in SCALES])
    places.iloc[::3, 1] = np.nan
    return trials, places


def coordinates(trials: pd.DataFrame, places: pd.DataFrame) -> Figure:
    return figures.coordinates(trials, places, SCALES, style.styles(trials["label"]), "iris · lightgbm")


def slices(trials: pd.DataFrame, places: pd.DataFrame) -> Figure:
    return figures.slices(trials, places, (SCALES[0], SCALES[1]), style.styles(trials["label"]), "iris · lightgbm")


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("draw", [coordinates, slices])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("names", [MANY, MANY[-2:], MANY[:1]], ids=["thirty", "two", "one"])
def test_every_optimiser_has_a_panel_and_every_text_is_seen(draw, venue, names) -> None:
    with figures.look(paper(venue) if venue else None):
        figure = draw(*looked(names))
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    assert len(figure.axes) == len(names)
    shown = "".join(words(figure).split())
    assert [name for name in names if "".join(name.split()) not in shown] == []


def test_each_trial_is_a_line_through_its_places_and_the_best_is_the_darkest_and_on_top() -> None:
    trials, places = looked(["random", "grid"])
    with figures.look():
        figure = coordinates(trials, places)
    for axes, label in zip(figure.axes, ["random", "grid"], strict=True):
        lines = axes.collections[0]
        assert isinstance(lines, LineCollection)
        drawn = np.array([segment[:, 1] for segment in lines.get_segments()])
        mine = places[trials["label"] == label].to_numpy()
        order = np.argsort(-trials.loc[trials["label"] == label, "rank"].to_numpy())
        known = ~np.isnan(mine[order])
        assert np.allclose(drawn[known], mine[order][known])
        assert (drawn[~known] < 0).all()
        light = [float(np.dot(color[:3], (0.3, 0.59, 0.11))) for color in lines.get_colors()]
        assert light == sorted(light, reverse=True)


def test_rings_are_the_best_of_each_run_and_none_is_of_a_run_without_success() -> None:
    trials, places = looked(["random", "grid"])
    trials.loc[trials["run"] == 0, "loss"] = np.inf
    with figures.look():
        figure = slices(trials, places)
    for axes, label in zip(figure.axes, ["random", "grid"], strict=True):
        points, rings = (part for part in axes.collections if isinstance(part, PathCollection))
        assert len(points.get_offsets()) == 12
        mine = trials[(trials["label"] == label) & np.isfinite(trials["loss"])]
        best = mine.loc[mine.groupby("run")["loss"].idxmin()].index
        ringed = np.sort(np.asarray(rings.get_offsets())[:, 0])
        assert np.allclose(ringed, np.sort(places.loc[best, "x"]))


def test_of_many_trials_some_are_drawn_and_that_is_said() -> None:
    trials, places = looked(["random"], runs=2, length=400)
    with figures.look():
        for draw, most in ((coordinates, 60), (slices, 200)):
            figure = draw(trials, places)
            drawn = figure.axes[0].collections[0]
            count = len(drawn.get_segments()) if isinstance(drawn, LineCollection) else len(drawn.get_offsets())
            assert count == most
            assert "Some trials" in words(figure)
            assert "Every trial" in words(draw(*looked(["random"])))


def test_the_ends_of_every_kind_of_hyperparameter() -> None:
    assert [scale.ends for scale in SCALES] == ["−1 to 3", "0.001 to 1", "1 to 64", "hinge, None, 3", "0 to 1"]  # noqa: RUF001
    assert SCALES[3] == Scale("loss", ((0.0, "hinge"), (0.5, "None"), (1.0, "3")), 3, named=True)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("count", [1, 2, 30])
def test_bars_of_importance_have_their_lengths_and_names(venue: str | None, count: int) -> None:
    names = [f"a_hyperparameter_with_a_long_name_{place}" if place % 2 else f"x{place}" for place in range(count)]
    values = np.linspace(0.5, -0.02, count)
    bars = pd.DataFrame({"parameter": names, "importance": values, "lower": values - 0.1, "upper": values + 0.1})
    with figures.look(paper(venue) if venue else None):
        figure = figures.importance(bars, ["A remark."], "iris · lightgbm")
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    (axes,) = figure.axes
    assert np.allclose([bar.get_width() for bar in axes.patches], values[:20])
    shown = "".join(words(figure).split())
    assert [name for name in names[:20] if name not in shown] == []
    assert ("The 20 most important of 30." in figure.get_label()) == (count == 30)


def test_the_report_draws_them_from_the_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("random", "optuna_tpe"):
        for seed in range(2):
            asked = [(parsing.parse(SPACE).sample(rng), float(rng.random())) for _ in range(20)]
            put(tmp_path, name, seed, asked)
    only, reading = comparison(tmp_path)
    analysis = analyse(only, reading)
    looks, looked_at = style.styles(analysis.samples), read(tmp_path)
    assert looked_at is not None
    sketches = {sketch.name: sketch for sketch in catalogue.looking(analysis, looked_at, importance(looked_at), looks)}
    assert list(sketches) == ["coordinates", "slices", "importance"]
    with figures.look():
        for sketch in sketches.values():
            figure = sketch.draw()
            figure.draw_without_rendering()
            assert all_seen(figure) == []
    assert list(catalogue.looking(analysis, None, None, looks)) == []


def test_a_png_may_have_fewer_dots_and_every_other_file_stays_the_same() -> None:
    with canvas.look():
        figure = canvas.blank(4.0, 2.0)
        full, fewer = canvas.render(figure), canvas.render(figure, 0.5)
    sizes = [Image.open(io.BytesIO(files["png"])).size for files in (full, fewer)]
    assert sizes == [(880, 440), (440, 220)]
    assert (full["pdf"], full["svg"]) == (fewer["pdf"], fewer["svg"])


def test_axes_have_the_names_of_hyperparameters_and_choices_and_marks_between_their_ends() -> None:
    trials, places = looked(["random", "grid"])
    with figures.look():
        figure = coordinates(trials, places)
        shown = words(figure).split("\n")
        assert [scale.name for scale in SCALES if scale.name not in shown] == []
        assert "loss (hinge, None, 3)" in figure.get_label()
        figure = figures.slices(trials, places, (SCALES[3], SCALES[1]), style.styles(trials["label"]), "t")
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    (first, *_) = figure.axes
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["off", "hinge", "None", "3"]
    between = SCALES[1].marks[1:-1]
    assert [text for _, text in between] == ["0.01", "0.1"]
    assert [place for place, _ in between] == pytest.approx([1 / 3, 2 / 3])
    points = first.collections[-2].get_offsets()[:, 1]
    choices = points[points > -0.1]
    assert np.abs(choices - np.round(choices * 2) / 2).max() <= 0.05 + 1e-9  # near their choice
    assert choices.max() <= first.get_ylim()[1]


def test_a_space_of_one_hyperparameter_has_no_figure_of_where_optimisers_looked(tmp_path: Path) -> None:
    space = {"x": SPACE["x"]}
    for name in ("random", "grid"):
        for seed in range(2):
            put(tmp_path, name, seed, [({"x": -1 + place}, 0.5 - 0.1 * place) for place in range(3)], space)
    compared, reading = comparison(tmp_path)
    looks = style.styles(compared.final["label"])
    assert not list(catalogue.looking(analyse(compared, reading), read(tmp_path), None, looks))


@pytest.mark.parametrize("venue", ["ieee", "icml2024", "aaai2024", "neurips2024"])
def test_panels_of_a_paper_fit_one_page(venue: str) -> None:
    with figures.look(paper(venue)):
        for names in (MANY[:8], MANY[:15]):
            figure = slices(*looked(names))
            figure.draw_without_rendering()
            assert all_seen(figure) == []
            assert figure.get_figheight() < 9
