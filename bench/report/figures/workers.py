"""What several workers gain and lose, a panel an optimiser: losses against the clock, speed-up, blind proposals."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from bench.report.figures import canvas, scales, words
from bench.report.figures.canvas import sheet
from bench.report.figures.panels import Marks, Panel, panels
from bench.report.look import style
from bench.report.look.style import Style

Styles = Mapping[str, Style]

_BELOW = 13.0
_ONE, _MOST = (0xA9, 0xC4, 0xDC), (0x12, 0x35, 0x5B)
"""The colours of one worker and of the most."""
_TALL = 92.0


def clock(frame: pd.DataFrame, unit: str, styles: Styles, title: str) -> Figure:
    """Median best loss against the clock, a line for each number of workers: `analysis.workers`' `clock`.

    Call it within `look`.
    """
    numbers = sorted(set(frame["workers"]))
    medians = frame["median"].to_numpy(dtype=np.float64)
    log = scales.spans_decades(medians)
    bottom, top = scales.shown(medians[np.isfinite(medians)], log)
    positive = frame.loc[frame["clock"] > 0, "clock"]
    low, high = float(positive.min()) / 1.15, float(positive.max()) * 1.45

    def draw(axes: Axes, part: pd.DataFrame) -> None:
        for number, line in part.groupby("workers"):
            x, y = (line[name].to_numpy(dtype=np.float64) for name in ("clock", "median"))
            known = np.isfinite(y)
            color = _color(numbers.index(number) / max(len(numbers) - 1, 1))
            axes.plot(x[known], y[known], drawstyle="steps-post", color=color, linewidth=1.1 * sheet().scale, zorder=2)
            if known.any():
                axes.annotate(
                    str(number),
                    (x[known][-1], y[known][-1]),
                    (2, 3 if numbers.index(number) % 2 else -3),
                    textcoords="offset points",
                    va="center",
                    size=sheet().note,
                    color=color,
                )

    remark = (
        f"To the right: the clock of the workers, in {unit}, on a logarithmic axis. Upwards: best validation loss, "
        f"median over runs{', on a logarithmic axis' if log else ''}. Numbers of workers stand at the ends of their "
        "lines."
    )
    y = _marks(bottom, top, log)
    return _drawn(frame, styles, title, remark, draw, _Range(low, high, True), _Range(bottom, top, log), y)


def speed_up(frame: pd.DataFrame, styles: Styles, title: str) -> Figure:
    """Speed-up against the number of workers, with intervals: `analysis.workers`' `gains`. Call it within `look`."""
    shown = frame[(frame["workers"] > 1) & np.isfinite(frame["speed_up"]) & (frame["speed_up"] > 0)]
    most = float(shown["workers"].max())
    ends = shown[["speed_up", "speed_up_low", "speed_up_high"]].to_numpy(dtype=np.float64)
    ends = ends[np.isfinite(ends) & (ends > 0)]
    across = _Range(1 / 1.15, most * 1.2, True)
    up = _Range(max(min(float(ends.min()), 1.0), 0.125) / 1.15, min(max(float(ends.max()), most), 4 * most) * 1.2, True)

    def draw(axes: Axes, part: pd.DataFrame) -> None:
        axes.plot([1, most], [1, most], color=style.MUTED, linewidth=0.7, zorder=1.5, gid="ideal")
        _points(axes, part, "speed_up", styles[str(part["label"].iloc[0])], up)

    remark = (
        "To the right: the number of workers; upwards: how many times as soon they have the loss that a run with one "
        "worker of the same seed has, the higher of their two final ones. Median over seeds and its 95 % confidence "
        "interval. Grey: as many times as there are workers."
    )
    return _drawn(shown, styles, title, remark, draw, across, up, _doublings(up))


def blind(frame: pd.DataFrame, styles: Styles, title: str, metric: str) -> Figure:
    """What is lost at equal evaluations, against the number of workers: `analysis.workers`' `gains`. Within `look`."""
    shown = frame[(frame["workers"] > 1) & np.isfinite(frame["blind"])]
    ends = shown[["blind", "blind_low", "blind_high"]].to_numpy(dtype=np.float64)
    ends = np.append(ends[np.isfinite(ends)], 0.0)
    low, high = float(ends.min()), float(ends.max())
    margin = 0.08 * (high - low) or 0.5
    across, up = _Range(1 / 1.15, float(shown["workers"].max()) * 1.2, True), _Range(low - margin, high + margin, False)

    def draw(axes: Axes, part: pd.DataFrame) -> None:
        axes.axhline(0, color=style.MUTED, linewidth=0.7, zorder=1.5, gid="equal")
        _points(axes, part, "blind", styles[str(part["label"].iloc[0])], up)

    remark = (
        f"To the right: the number of workers; upwards: final validation loss ({metric}) less that of a run with one "
        "worker of the same seed, after as many evaluations. Median over seeds and its 95 % confidence interval. Above "
        "the grey line workers cost quality."
    )
    return _drawn(shown, styles, title, remark, draw, across, up, _marks(up.low, up.high, log=False))


class _Range(NamedTuple):
    """An axis of all panels."""

    low: float
    high: float
    log: bool


def _drawn(
    frame: pd.DataFrame,
    styles: Styles,
    title: str,
    remark: str,
    draw: Callable[[Axes, pd.DataFrame], None],
    across: _Range,
    up: _Range,
    y: Marks,
) -> Figure:
    """A panel for each label of the frame, in its order."""
    labels = [str(label) for label in dict.fromkeys(frame["label"])]
    left = max(words.measure(mark, sheet().note) for _, mark in y) + 6
    figure, grid = panels(labels, styles, title, [remark], (left, _BELOW), _TALL)
    x = _doublings(across) if across.low > 0.5 and across.high < 10_000 and "speed_up" in frame else _decades(across)
    for label, panel in zip(labels, grid, strict=True):
        _axes(panel, across, up)
        draw(panel.axes, frame[frame["label"] == label])
        panel.mark(x, y)
        panel.axes.xaxis.set_minor_locator(NullLocator())
        panel.axes.yaxis.set_minor_locator(NullLocator())
    return figure


def _axes(panel: Panel, across: _Range, up: _Range) -> None:
    for range_, limits, scaled in (
        (across, panel.axes.set_xlim, panel.axes.set_xscale),
        (up, panel.axes.set_ylim, panel.axes.set_yscale),
    ):
        if range_.log:
            scaled("log")
        limits(range_.low, range_.high)


def _points(axes: Axes, part: pd.DataFrame, name: str, look: Style, up: _Range) -> None:
    """Medians joined by nothing, each with its interval; an end that is not known is the axis's."""
    x, y, low, high = (
        part[each].to_numpy(dtype=np.float64) for each in ("workers", name, f"{name}_low", f"{name}_high")
    )
    axes.vlines(x, np.maximum(low, up.low), np.minimum(high, up.high), color=look.color, linewidth=1.0, zorder=2)
    axes.plot(x, y, linestyle="", color=look.color, zorder=3, **canvas.marker(look))


def _doublings(range_: _Range) -> Marks:
    powers = range(math.ceil(math.log2(range_.low)), math.floor(math.log2(range_.high)) + 1)
    every = max(1, math.ceil(len(powers) / 6))
    return [(2.0**power, f"{2.0**power:g}") for power in powers if power % every == 0]


def _decades(range_: _Range) -> Marks:
    places = scales.decades(range_.low, range_.high, 5)
    return list(zip(places, scales.alike(places), strict=True))


def _marks(low: float, high: float, log: bool) -> Marks:
    if log:
        return _decades(_Range(low, high, True))
    steps = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    places = [float(value) for value in steps.tick_values(low, high) if low <= value <= high]
    return list(zip(places, scales.even(places), strict=True))


def _color(share: float) -> str:
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(_ONE, _MOST, strict=True))
