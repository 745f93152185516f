"""Which trade-offs of two losses the runs of each optimiser attain, a panel an optimiser."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from bench.metrics import label as label_of
from bench.report.analysis.fronts import SHARES, OfFronts
from bench.report.figures import scales, words
from bench.report.figures.canvas import sheet
from bench.report.figures.panels import Marks, panels
from bench.report.look import style
from bench.report.look.style import Style
from bench.wording import unmarked

Values = NDArray[np.float64]

_BELOW = 13.0
_TALL = 104.0
_LOW, _MIDDLE, _HIGH = SHARES


class _Range(NamedTuple):
    """An axis of all panels."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, corners: pd.Series, reference: float, known: Values) -> Self:
        """From the lowest corner, or point of the known front, to the highest of all; at most to the reference point,

        beyond which nothing counts.
        """
        values = np.append(corners.to_numpy(dtype=np.float64), known)
        low, high = float(values.min()), float(min(values.max(), reference))
        if not high > low:
            high = max(reference, low + (abs(low) or 1.0))
        log = scales.spans_decades(np.array([low, high]))
        if log:
            margin = (high / low) ** 0.05
            return cls(low / margin, high * margin, log)
        return cls(low - 0.05 * (high - low), high + 0.05 * (high - low), log)

    @property
    def marks(self) -> Marks:
        if self.log:
            places = scales.decades(self.low, self.high, 4)
            return list(zip(places, scales.alike(places), strict=True))
        steps = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10])
        places = [float(value) for value in steps.tick_values(self.low, self.high) if self.low <= value <= self.high]
        return list(zip(places, scales.even(places), strict=True))


def attainment(account: OfFronts, styles: Mapping[str, Style], title: str) -> Figure:
    """The median attainment surface of each label, and the quartiles as a band; others' medians are grey.

    Call it within `look`.
    """
    surfaces = account.surfaces
    labels = [str(label) for label in account.table["label"]]
    right, top = account.objectives.reference
    known = np.array(account.objectives.known).reshape(-1, 2)
    across, up = _Range.of(surfaces["first"], right, known[:, 0]), _Range.of(surfaces["second"], top, known[:, 1])
    lines = {
        (str(part["label"].iloc[0]), float(part["share"].iloc[0])): part[["first", "second"]].to_numpy(dtype=np.float64)
        for _, part in surfaces.groupby(["label", "share"])
    }
    first, second = (unmarked(label_of(name)).replace("_", " ") for name in account.objectives.names)
    kind = "Test losses of fronts of validation losses. " if account.kind == "test" else ""
    logs = [name for name, axis in ((first, across), (second, up)) if axis.log]
    remark = (
        f"{kind}To the right: {first}; upwards: {second}. Line: lower edge of what half of the runs attain; band: of "
        "what a quarter and three quarters do. Grey: the lines of the other panels."
        f"{' Dotted: the known front.' if len(known) else ''}"
        f"{' Logarithmic: ' + ' and '.join(logs) + '.' if logs else ''}"
    )
    left = max(words.measure(mark, sheet().note) for _, mark in up.marks) + 6
    figure, grid = panels(labels, styles, title, [remark], (left, _BELOW), _TALL)
    for label, panel in zip(labels, grid, strict=True):
        axes = panel.axes
        for axis, limits, scaled in ((across, axes.set_xlim, axes.set_xscale), (up, axes.set_ylim, axes.set_yscale)):
            if axis.log:
                scaled("log")
            limits(axis.low, axis.high)
        for other in labels:
            if other != label and (other, _MIDDLE) in lines:
                x, y = _edge(lines[other, _MIDDLE], across.high, up.high)
                axes.plot(x, y, color=style.MUTED, linewidth=0.6 * sheet().scale, alpha=0.55, zorder=1.5)
        if len(known):
            axes.plot(*known.T, color=style.INK, linestyle="", marker=".", markersize=1.6 * sheet().scale, zorder=1.6)
        color = styles[label].color
        band = [_heights(lines.get((label, share)), across, up) for share in (_LOW, _HIGH)]
        places = np.unique(np.concatenate([x for x, _ in band]))
        low, high = (y[np.searchsorted(x, places, side="right") - 1] for x, y in band)
        axes.fill_between(places, low, high, step="post", color=color, alpha=0.2, linewidth=0, zorder=2)
        if (label, _MIDDLE) in lines:
            x, y = _edge(lines[label, _MIDDLE], across.high, up.high)
            axes.plot(x, y, color=color, linewidth=1.3 * sheet().scale, zorder=3)
        panel.mark(across.marks, up.marks)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
    return figure


def _edge(corners: Values, right: float, top: float) -> tuple[Values, Values]:
    """The line along a surface: down from the top at its first corner, and on to the right after its last."""
    x, y = corners.T
    return np.append(np.repeat(x, 2), max(right, x[-1])), np.concatenate([[max(top, y[0])], np.repeat(y, 2)])


def _heights(corners: Values | None, across: _Range, up: _Range) -> tuple[Values, Values]:
    """Where a surface changes its height, from the left end of the axis to its right, and the height from there on."""
    corners = np.empty((0, 2)) if corners is None else corners
    x, y = (np.clip(values, axis.low, axis.high) for values, axis in zip(corners.T, (across, up), strict=True))
    ends = y[-1:] if len(y) else [up.high]
    return np.concatenate([[across.low], x, [across.high]]), np.concatenate([[up.high], y, ends])
