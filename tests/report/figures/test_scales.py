"""Axes: one notation, logarithmic where losses span decades, and never flattened by what lies far beyond."""

import re

import numpy as np
import pandas as pd
import pytest
from boxes import all_seen
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from bench.report import figures
from bench.report.figures import curves, scales
from bench.report.look import style

DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")  # noqa: RUF001


def read(text: str) -> float:
    """The number that a mark says: `0.25`, `2·10⁻⁵`, `10³`."""
    power = re.fullmatch("(−?)(?:([0-9.]+)·)?10([⁻⁰¹²³⁴-⁹]+)", text)  # noqa: RUF001
    if power is None:
        return float(text.translate(DIGITS))
    sign, factor, raised = power.groups()
    return (-1 if sign else 1) * float(factor or 1) * 10.0 ** int(raised.translate(DIGITS))


@given(st.lists(st.integers(-12, 12), min_size=2, max_size=8, unique=True))
def test_marks_of_a_logarithmic_axis_are_all_decimals_or_all_powers(powers: list[int]) -> None:
    marks = scales.alike([10.0**power for power in powers])
    assert len({bool(re.search("[⁰¹²³⁴-⁹]", mark)) for mark in marks}) == 1
    assert [read(mark) for mark in marks] == pytest.approx([10.0**power for power in powers])


@given(st.floats(-1e8, 1e8), st.sampled_from([1, 2, 2.5, 5]), st.integers(-9, 9), st.integers(2, 7))
def test_marks_of_a_linear_axis_say_their_values_with_as_many_decimals(start, factor, power, count) -> None:
    step = factor * 10.0**power
    first = round(start / step) if abs(start / step) < 1e4 else 0
    values = [(first + place) * step for place in range(count)]
    marks = scales.even(values)
    assert [read(mark) for mark in marks] == pytest.approx(values, abs=1e-6 * step)
    numbers = [mark.partition("·") for mark in marks if mark != "0"]
    assert len({len(number.partition(".")[2]) for number, _, _ in numbers}) <= 1
    assert len({raised for _, _, raised in numbers}) <= 1


def falling(ends: dict[str, float], begin: float = 10.0, length: int = 20, first: float | None = None) -> pd.DataFrame:
    """A curve a label that falls evenly in its logarithm, after one evaluation at `first`, over seconds."""
    parts = []
    for label, end in ends.items():
        median = np.geomspace(begin, end, length)
        if first is not None:
            median[0] = first
        seconds = np.arange(1.0, length + 1)
        parts.append(pd.DataFrame({"label": label, "seconds": seconds, "lower": median * 0.9, "median": median}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(upper=frame["median"] * 1.1, runs=10)


def drawn(frame: pd.DataFrame) -> Figure:
    with figures.look():
        figure = figures.seconds(frame, style.styles(frame["label"]), "iris · lightgbm")
        figure.draw_without_rendering()
        assert all_seen(figure) == []
    return figure


@pytest.mark.parametrize(
    ("ends", "begin", "first", "scale"),
    [
        ({"a": 1e-4, "b": 1e-3, "c": 2e-2}, 10.0, None, "log"),
        ({"a": 0.4, "b": 0.5, "c": 0.6}, 2.0, None, "linear"),
        ({"a": 0.4, "b": 0.5, "c": 0.6}, 0.9, 1e6, "linear"),  # a first evaluation far above
        ({"a": 0.4, "b": 0.5, "c": 0.6, "diverged": 1e6}, 0.9, None, "linear"),
        ({"a": 0.4, "b": 0.5, "below": -0.1}, 0.9, None, "linear"),
    ],
)
def test_losses_are_logarithmic_over_decades_and_outliers_make_no_decades(ends, begin, first, scale) -> None:
    if "below" in ends:
        frame = falling(dict.fromkeys(ends, 0.4), begin)
        frame.loc[frame["label"] == "below", ["lower", "median", "upper"]] -= 0.5
    else:
        frame = falling(ends, begin, first=first)
    (axes,) = drawn(frame).axes
    low, high = axes.get_ylim()
    assert axes.get_yscale() == scale
    seen = [label for label, part in frame.groupby("label") if low < part["median"].iloc[-1] < high]
    assert seen == sorted(set(ends) - {"diverged"})
    lasts = frame.groupby("label")["median"].last().loc[seen]
    size = np.log if scale == "log" else np.asarray
    assert np.ptp(size(lasts.to_numpy())) > 0.1 * (size(np.array(high)) - size(np.array(low)))


def test_a_cut_axis_has_a_mark_and_its_caption_counts_the_medians_beyond() -> None:
    frame = falling({"a": 0.4, "b": 0.5, "c": 0.6}, 0.9, first=1e6)
    figure = drawn(frame)
    (axes,) = figure.axes
    beyond = int((frame["median"] > axes.get_ylim()[1]).sum())
    assert beyond >= 3
    assert f"{beyond} of {len(frame)} medians lie beyond, up to 1.1e+06" in figure.get_label()
    assert [artist.get_gid() for artist in axes.collections].count("cut") == 1
    calm = drawn(frame.assign(lower=0.5, median=0.5, upper=0.5))
    assert "cut" not in [artist.get_gid() for artist in calm.axes[0].collections]


def test_five_bands_are_bands_and_more_are_thin_lines_from_quartile_to_quartile() -> None:
    for count in (5, 6):
        frame = falling({f"own_{place}": 0.4 + 0.03 * place for place in range(count)}, 0.9)
        figure = drawn(frame)
        (axes,) = figure.axes
        bands = [artist for artist in axes.collections if isinstance(artist, PolyCollection)]
        thin = [artist for artist in axes.collections if isinstance(artist, LineCollection)]
        assert (len(bands), len(thin)) == ((5, 0) if count == 5 else (0, 6))
        for lines, (_, part) in zip(thin, frame.groupby("label", sort=False), strict=False):
            for (x, low), (_, high) in lines.get_segments():
                row = part[part["seconds"] <= x].iloc[-1]
                assert (low, high) == pytest.approx((row["lower"], row["upper"]))
        places = [segment[0][0] for lines in thin for segment in lines.get_segments()]
        assert len(set(np.round(places, 6))) == len(places)  # none on another


def test_limits_of_logarithms_are_those_of_the_logarithms() -> None:
    frame = falling({"a": 1e-4, "b": 1e-3, "c": 2e-2}).rename(
        columns={name: f"test_{name}" for name in ("lower", "median", "upper")}
    )
    frame["evaluations"] = frame["seconds"].astype(int)
    names = [f"test_{name}" for name in ("lower", "median", "upper")]
    logs = figures.limits(frame.assign(**{name: np.log10(frame[name]) for name in names}), "test")
    assert curves.limits(frame, "test", log=True) == pytest.approx(tuple(10.0**end for end in logs))
