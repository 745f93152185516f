"""Step lines: what a figure draws is what its frame says, at no point between, and every label can be read."""

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from boxes import all_seen, texts
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.report import figures
from bench.report.look import style
from bench.report.look.paper import paper

KINDS = ("seconds", "regret", "rank", "ecdf", "overhead")
X = {"seconds": "seconds", "regret": "evaluations", "rank": "evaluations", "ecdf": "evaluations"}
Y = {"rank": "rank", "ecdf": "share"}
MANY = [*list(style.KNOWN)[:28], "a_name_that_is_much_longer_than_any_of_the_others", "another name, with spaces"]


def frame(kind: str, names: list[str], length: int = 12, runs: int = 10, seed: int = 0) -> pd.DataFrame:
    """Something to draw of each kind; the lines differ and fall, those of ecdf rise."""
    rng = np.random.default_rng(seed)
    parts = []
    for place, name in enumerate(names):
        steps = 1 + 9 * np.sort(rng.random(length))[::-1]
        x = np.cumsum(rng.random(length) * (1 + place % 3)) if kind == "seconds" else np.arange(1, length + 1)
        part = pd.DataFrame({X.get(kind, "evaluations"): x, "label": name})
        part[Y.get(kind, "median")] = steps[::-1] / 10 if kind == "ecdf" else steps
        if kind not in Y:
            part = part.assign(lower=steps * 0.9, upper=steps * 1.2, runs=runs)
        parts.append(part.assign(problems=7) if kind == "rank" else part)
    return pd.concat(parts, ignore_index=True)


def drawn(kind: str, data: pd.DataFrame, **more: object) -> Figure:
    make: Callable[..., Figure] = getattr(figures, kind)
    return make(data, style.styles(data["label"]), "iris · lightgbm", **more)


def curves(figure: Figure) -> list[Line2D]:
    (axes,) = figure.axes
    return list(axes.lines)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("kind", KINDS)
def test_steps_hold_every_point_of_the_frame_and_none_between(kind: str) -> None:
    data = frame(kind, ["random", "optuna_tpe", "skopt_gp"])
    with figures.look():
        figure = drawn(kind, data)
    for line, (_, part) in zip(curves(figure), data.groupby("label", sort=False), strict=True):
        assert line.get_drawstyle() == "steps-post"
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        shown = y < figure.axes[0].get_ylim()[1]
        points = set(zip(part[X.get(kind, "evaluations")], part[Y.get(kind, "median")], strict=True))
        held = {(a, b) for a, b in zip(x[:-1], y[:-1], strict=True) if b < figure.axes[0].get_ylim()[1]}
        assert held <= points
        assert {point for point in points if point[1] < figure.axes[0].get_ylim()[1]} == held
        assert y[-1] == y[-2]
        assert shown.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("venue", [None, "icml2024", "ieee", "neurips2024"])
def test_thirty_optimisers_or_one_every_text_is_seen(kind: str, venue: str | None) -> None:
    for names in (MANY, ["random"]):
        with figures.look(paper(venue) if venue else None):
            figure = drawn(kind, frame(kind, names))
            figure.draw_without_rendering()
            assert all_seen(figure) == []
            shown = "".join(words(figure).split())
            assert [name for name in names if "".join(name.split()) not in shown] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_frame_gives_the_same_bytes(kind: str) -> None:
    files = []
    for _ in range(2):
        with figures.look(paper("icml2024")):
            files.append(figures.render(drawn(kind, frame(kind, ["random", "optuna_tpe"]))))
    assert files[0] == files[1]


@pytest.mark.parametrize("kind", ["seconds", "regret", "overhead"])
def test_a_missing_median_is_said_and_drawn_nowhere(kind: str) -> None:
    data = frame(kind, ["random", "optuna_tpe"])
    data.loc[data["label"] == "random", ["median", "upper"]] = np.inf
    data.loc[(data["label"] == "optuna_tpe") & (data.index % 12 < 3), ["lower", "median", "upper"]] = np.inf
    with figures.look():
        figure = drawn(kind, data)
        figure.draw_without_rendering()
    assert words(figure).count("no median") == 1
    missing, other = curves(figure)
    assert np.isnan(np.asarray(missing.get_ydata(), dtype=float)).all()
    assert np.isnan(np.asarray(other.get_ydata(), dtype=float)).sum() == 3
    assert all(np.isfinite(figure.axes[0].get_ylim()))


@pytest.mark.parametrize("kind", ["seconds", "regret", "overhead"])
def test_nothing_finite_at_all_still_gives_a_figure(kind: str) -> None:
    data = frame(kind, ["random"]).assign(lower=np.inf, median=np.inf, upper=np.inf)
    with figures.look():
        figure = drawn(kind, data)
        assert figures.render(figure)["svg"]
    assert "no median" in words(figure)


def test_one_run_has_no_band_and_fewer_runs_are_said() -> None:
    with figures.look():
        alone = drawn("regret", frame("regret", ["random", "optuna_tpe"], runs=1))
        data = frame("regret", ["random", "optuna_tpe"])
        data.loc[data["label"] == "random", "runs"] = 7
        fewer = drawn("regret", data)
    assert len(alone.axes[0].collections) == 0
    assert "One run each." in words(alone)
    assert len(fewer.axes[0].collections) == 2
    assert "n = 7" in words(fewer)
    assert "10 runs (fewer where n is given)" in words(fewer)


def test_a_regret_of_zero_is_said_and_leaves_the_logarithmic_axis_at_its_bottom() -> None:
    data = frame("regret", ["random", "optuna_tpe", "skopt_gp"])
    last = data["evaluations"] == 12
    data.loc[last & (data["label"] == "optuna_tpe"), ["lower", "median"]] = 0.0
    data.loc[last & (data["label"] == "skopt_gp"), ["lower", "median"]] = -0.1
    with figures.look():
        figure = drawn("regret", data)
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    low, _ = axes.get_ylim()
    assert 0 < low < data.loc[data["median"] > 0, "median"].min()
    shown = words(figure)
    assert shown.count("reaches 0") == 1
    assert shown.count("better than the best known") == 1
    assert 0 < float(np.asarray(curves(figure)[1].get_ydata())[-1]) < low


@pytest.mark.parametrize(("longest", "scale"), [(2.0, "linear"), (100.0, "log")])
def test_seconds_are_logarithmic_where_curves_last_very_differently(longest: float, scale: str) -> None:
    data = frame("seconds", ["random", "optuna_tpe"])
    for name, end in (("random", 1.0), ("optuna_tpe", longest)):
        of_it = data["label"] == name
        data.loc[of_it, "seconds"] *= end / data.loc[of_it, "seconds"].max()
    with figures.look():
        (axes,) = drawn("seconds", data).axes
    assert axes.get_xscale() == scale
    assert axes.get_xlim()[1] >= longest


def test_lines_that_end_early_are_led_to_their_labels_by_dots() -> None:
    data = frame("seconds", ["random", "optuna_tpe"])
    with figures.look():
        figure = drawn("seconds", data)
    dots = [line for line in figure.findobj(Line2D) if line.get_color() == style.MUTED]
    assert len(dots) == 1


def test_random_searchs_exact_median_lies_under_the_others() -> None:
    data = frame("regret", ["random", "optuna_tpe"])
    exact = pd.DataFrame({"evaluations": np.arange(1, 13), "median": [*np.linspace(9, 2, 11), np.nan]})
    with figures.look():
        figure = drawn("regret", data, baseline=exact)
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    under = curves(figure)[-1]
    assert under.get_zorder() < min(line.get_zorder() for line in curves(figure)[:-1])
    assert under.get_linewidth() < curves(figure)[0].get_linewidth()
    assert np.asarray(under.get_ydata()).tolist()[:11] == exact["median"].tolist()[:11]
    assert "random, exact median" in words(figure)


def test_labels_stand_in_the_order_in_which_lines_end() -> None:
    names = MANY[:12]
    data = frame("regret", names)
    with figures.look():
        figure = drawn("regret", data)
        figure.draw_without_rendering()
    ends = data[data["evaluations"] == 12].set_index("label")["median"]
    heights = {text.get_text(): text.get_position()[1] for text in figure.texts if text.get_text() in names}
    for one, other in itertools.combinations(names, 2):
        assert (ends[one] < ends[other]) == (heights[one] < heights[other])


def test_a_rank_says_over_how_many_problems_and_shares_begin_at_none() -> None:
    with figures.look():
        ranked = drawn("rank", frame("rank", ["random", "optuna_tpe"]))
        share = drawn("ecdf", frame("ecdf", ["random", "optuna_tpe"]))
    assert "Mean rank over 7 problems" in words(ranked)
    low, high = share.axes[0].get_ylim()
    assert low <= 0
    assert high >= 1


def test_a_curve_of_windows_goes_on_to_its_last_trial_and_the_caption_says_how_long_they_are() -> None:
    data = frame("overhead", ["random", "optuna_tpe"], length=4).assign(trials=[10, 10, 10, 7] * 2)
    data["evaluations"] = [1, 11, 21, 31] * 2
    with figures.look():
        figure = drawn("overhead", data)
    assert figure.axes[0].get_xticks()[-1] == 37
    assert "A point is the mean of 10 trials." in words(figure)
    with figures.look():
        assert "A point" not in words(drawn("overhead", data.drop(columns="trials")))
