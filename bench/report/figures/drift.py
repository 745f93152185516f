"""Losses over a stream, a panel an optimiser and policy, with the rows of known drifts and the times of tuning."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.report.analysis.drift import Drift
from bench.report.figures import scales, words
from bench.report.figures.canvas import sheet
from bench.report.figures.panels import panels
from bench.report.look import style
from bench.report.look.style import Style

_BELOW = 13.0
_TALL = 74.0
_FOOT = 0.13
"""The share of a panel's height that the marks of tuning have."""
_DRIFT = "#c23b22"


def over_time(account: Drift, styles: Mapping[str, Style], title: str, metric: str) -> Figure:
    """Median loss of each block with its quartiles: `analysis.drift`'s `blocks`. Call it within `look`."""
    frame, scale = account.blocks, sheet().scale
    labels = [str(label) for label in dict.fromkeys(frame["label"])]
    low, high = scales.shown(frame[["lower", "median", "upper"]].to_numpy(dtype=np.float64).ravel(), log=False)
    bottom = low - _FOOT / (1 - _FOOT) * (high - low)
    places = [float(place) for place in MaxNLocator(nbins=4).tick_values(low, high) if low <= place <= high]
    y = list(zip(places, scales.even(places), strict=True))
    first = int(frame["row"].min())
    rows = [
        row for row in MaxNLocator(nbins=3, integer=True).tick_values(first, account.end) if first < row < account.end
    ]
    x = [(float(row), f"{row / 1000:g}k" if row % 100 == 0 and row >= 1000 else f"{row:g}") for row in rows]
    best = frame[frame["label"] == labels[0]]
    remark = (
        f"To the right: rows of the stream; upwards: the loss ({metric}) of each block, which its model had not seen, "
        "median over runs and, shaded, quartiles. Ticks at the foot: before this block hyperparameters were tuned, "
        "darker in more of the runs. "
        f"{'Red: rows at which the stream is known to drift. ' if account.positions else ''}"
        f"Thin grey: {labels[0]}, which has the lowest median loss."
    )
    left = max(words.measure(mark, sheet().note) for _, mark in y) + 6
    figure, grid = panels(labels, styles, title, [remark], (left, _BELOW), _TALL)
    for label, panel in zip(labels, grid, strict=True):
        axes, part = panel.axes, frame[frame["label"] == label]
        axes.set_xlim(first - 0.01 * (account.end - first), account.end)
        axes.set_ylim(bottom, high)
        panel.mark(x, y)
        axes.vlines(account.positions, low, high, color=_DRIFT, linewidth=0.8 * scale, zorder=1.2, gid="drifts")
        _steps(axes, best["row"], best["median"], account.end, color=style.MUTED, linewidth=0.6 * scale, zorder=1.6)
        color = styles[label].color
        ends = np.append(part["row"].to_numpy(), account.end)
        lower, upper = (np.append(part[name].to_numpy(), part[name].iloc[-1]) for name in ("lower", "upper"))
        axes.fill_between(ends, lower, upper, step="post", color=color, alpha=0.18, linewidth=0, zorder=1.8)
        _steps(axes, part["row"], part["median"], account.end, color=color, linewidth=1.2 * scale, zorder=2)
        for row, share in zip(part["row"], part["tuned"], strict=True):
            if share > 0:
                foot = (bottom, low - 0.2 * (low - bottom))
                axes.vlines(
                    row, *foot, color=style.INK, alpha=0.15 + 0.85 * float(share), linewidth=1.6 * scale, zorder=3
                )
    return figure


def _steps(axes: object, rows: object, values: object, end: int, **look: object) -> None:
    """A line that holds each block's loss over all of its rows."""
    x, y = np.append(np.asarray(rows), end), np.asarray(values, dtype=np.float64)
    axes.plot(x, np.append(y, y[-1]), drawstyle="steps-post", **look)  # type: ignore[attr-defined]
