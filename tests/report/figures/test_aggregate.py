"""Figures of several problems: each optimiser has its row or curve, with the numbers of the frame, to be read."""

import numpy as np
import pandas as pd
import pytest
from boxes import all_seen, texts
from matplotlib.figure import Figure

from bench.report import figures
from bench.report.look import style
from bench.report.look.paper import paper

FEW = ["optuna_tpe", "skopt_gp", "random"]
MANY = [*list(style.KNOWN)[:20], "a_name_that_is_much_longer_than_any_of_the_others"]


def centres(names: list[str]) -> pd.DataFrame:
    middle = 0.2 + 0.1 * np.arange(len(names))
    return pd.DataFrame({"label": names, "iqm": middle, "iqm_low": middle - 0.15, "iqm_high": middle + 0.3})


def profiles(names: list[str], banded: bool = True) -> pd.DataFrame:
    parts = []
    for place, name in enumerate(names):
        tau = np.linspace(0, 2, 21)
        share = np.clip(tau / (1 + 0.2 * place), 0, 1)
        ends = (np.clip(share - 0.1, 0, 1), np.clip(share + 0.1, 0, 1)) if banded else (np.nan, np.nan)
        parts.append(pd.DataFrame({"label": name, "tau": tau, "share": share, "low": ends[0], "high": ends[1]}))
    return pd.concat(parts, ignore_index=True)


def words(figure: Figure) -> str:
    return "".join("".join(text.get_text().split()) for text in texts(figure))


@pytest.mark.parametrize("venue", [None, "icml2024"])
@pytest.mark.parametrize("names", [FEW[:1], MANY], ids=["one", "many"])
def test_every_text_is_seen(venue: str | None, names: list[str]) -> None:
    with figures.look(paper(venue) if venue else None):
        for figure in (
            figures.scores(centres(names), style.styles(names), "Scores"),
            figures.profiles(profiles(names), style.styles(names), "Profiles"),
        ):
            figure.draw_without_rendering()
            assert all_seen(figure) == []
            assert [name for name in names if "".join(name.split()) not in words(figure)] == []


def test_points_and_intervals_are_those_of_the_frame_and_an_infinite_mean_is_said() -> None:
    frame = centres(FEW)
    frame.loc[2, ["iqm", "iqm_low", "iqm_high"]] = [np.inf, 0.7, np.inf]
    with figures.look():
        figure = figures.scores(frame, style.styles(FEW), "Scores")
    (axes,) = figure.axes
    points = [float(line.get_xdata()[0]) for line in axes.lines if line.get_linestyle() == "None"]
    assert points == frame["iqm"].tolist()[:2]
    spans = [collection.get_segments()[0][:, 0].tolist() for collection in axes.collections]
    assert spans == [[row.iqm_low, row.iqm_high] for row in frame.itertuples()][:2]
    assert "random(infinite)" in words(figure)


def test_a_profile_has_its_band_only_where_there_is_one() -> None:
    for banded in (True, False):
        with figures.look():
            figure = figures.profiles(profiles(FEW, banded), style.styles(FEW), "Profiles")
        assert ("Bands:95%" in words(figure)) == banded
        (axes,) = figure.axes
        assert len(axes.collections) == (len(FEW) if banded else 0)
