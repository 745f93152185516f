"""Where each optimiser looked: parallel coordinates, and two hyperparameters over the evaluations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.report.figures import words
from bench.report.figures.canvas import sheet
from bench.report.figures.panels import panels
from bench.report.look.style import Style

Values = NDArray[np.float64]

LINES, POINTS = 60, 200
"""How many trials a panel shows at most; of more than ten panels each shows the fewer, the smaller its share is."""
_OFF = -0.16
"""Where an inactive hyperparameter is drawn, below the low end of all others."""
_GOOD = LinearSegmentedColormap.from_list("good", ["#08306b", "#2171b5", "#9ecae1", "#d9d9d9", "#ececec"])
_LATE = LinearSegmentedColormap.from_list("late", ["#dadada", "#9ecae1", "#3f8fc5", "#08306b"])


@dataclass(frozen=True)
class Scale:
    """A searched hyperparameter: its name and what stands at places between 0, its low end, and 1."""

    name: str
    marks: tuple[tuple[float, str], ...]

    @property
    def ends(self) -> str:
        """`0.01 to 0.3`."""
        return f"{self.marks[0][1]} to {self.marks[-1][1]}"


def coordinates(
    trials: pd.DataFrame,
    places: pd.DataFrame,
    scales: Sequence[Scale],
    styles: Mapping[str, Style],
    title: str,
    thinned: bool = False,
) -> Figure:
    """Each trial a line over all hyperparameters, a panel an optimiser; the darker, the better its loss.

    `trials` and `places` are those of `visits.Visits`, row by row: of `trials`, `label` and `rank` are used. Of many
    trials of an optimiser, some are drawn (see `LINES`), evenly chosen by rank. Call it within `look`.
    """
    labels = list(dict.fromkeys(trials["label"]))
    rows = {label: np.flatnonzero((trials["label"] == label).to_numpy()) for label in labels}
    most = _most(LINES, len(labels))
    some = thinned or any(len(drawn) > most for drawn in rows.values())
    names = ", ".join(f"{place} {scale.name} ({scale.ends})" for place, scale in enumerate(scales, start=1))
    inactive = bool(places.isna().to_numpy().any())
    remarks = [
        f"{'Some trials' if some else 'Every trial'} of all runs; the darker a line, the better its loss.",
        f"From low to high: {names}.",
        *(["An inactive hyperparameter stands at off."] if inactive else []),
    ]
    marks = {**({_OFF: "off"} if inactive else {}), 0.0: "low", 1.0: "high"}
    beside = max(words.measure(mark, sheet().note) for mark in marks.values()) + 8
    figure, drawn = panels(labels, styles, title, remarks, (beside, 2 * words.note_height()))
    ranks, values = trials["rank"].to_numpy(), places[[scale.name for scale in scales]].to_numpy(dtype=np.float64)
    for panel, label in zip(drawn, labels, strict=True):
        axes = panel.axes
        at = rows[label][np.argsort(-ranks[rows[label]], kind="stable")]
        at = _evenly(at, most)
        _lines(axes, np.where(np.isnan(values[at]), _OFF, values[at]), ranks[at])
        axes.set_xlim(0.75, len(scales) + 0.25)
        axes.set_ylim((_OFF if inactive else 0.0) - 0.06, 1.06)
        panel.mark([(place, str(place)) for place in _numbers(len(scales))], list(marks.items()), across=False)
    return figure


def slices(
    trials: pd.DataFrame,
    places: pd.DataFrame,
    scales: tuple[Scale, Scale],
    styles: Mapping[str, Style],
    title: str,
    thinned: bool = False,
) -> Figure:
    """Two hyperparameters over the evaluations: each trial a point, the later the darker, a panel an optimiser.

    A ring is the best trial of a run. `trials` and `places` are those of `visits.Visits`: of `trials`, `label`, `run`,
    `evaluation` and `loss` are used. Of many trials, some are drawn (see `POINTS`), evenly chosen. Call it within
    `look`.
    """
    labels = list(dict.fromkeys(trials["label"]))
    rows = {label: np.flatnonzero((trials["label"] == label).to_numpy()) for label in labels}
    most = _most(POINTS, len(labels))
    some = thinned or any(len(drawn) > most for drawn in rows.values())
    x, y = scales
    inactive = bool(places[[x.name, y.name]].isna().to_numpy().any())
    remarks = [
        f"{'Some trials' if some else 'Every trial'} of all runs; the later, the darker. Rings: the best of each run.",
        *(["A hyperparameter that is inactive stands at off."] if inactive else []),
    ]
    across = max(words.measure(mark, sheet().note) for _, mark in (*y.marks, (0.0, "off")))
    room = (across + words.name_height() + 10, 2 * words.note_height() + words.name_height())
    figure, drawn = panels(labels, styles, title, remarks, room)
    values = places[[x.name, y.name]].to_numpy(dtype=np.float64)
    values = np.where(np.isnan(values), _OFF, values)
    evaluation, loss = trials["evaluation"].to_numpy(dtype=np.float64), trials["loss"].to_numpy(dtype=np.float64)
    best = _best(trials["run"].to_numpy(), loss)
    last = max(float(evaluation.max(initial=1.0)), 2.0)
    for place, (panel, label) in enumerate(zip(drawn, labels, strict=True)):
        axes = panel.axes
        at = _evenly(rows[label][np.argsort(evaluation[rows[label]], kind="stable")], most)
        size = (3.0 * sheet().scale) ** 2
        shade = (evaluation[at] - 1) / (last - 1)
        axes.scatter(values[at, 0], values[at, 1], c=_LATE(shade), s=size, linewidths=0, zorder=3)
        mine = rows[label][np.isin(rows[label], best)]
        ring: dict[str, Any] = {"facecolors": "none", "edgecolors": "#c23b22", "linewidths": 0.9 * sheet().scale}
        axes.scatter(values[mine, 0], values[mine, 1], s=3.2 * size, zorder=4, **ring)
        low = (_OFF if inactive else 0.0) - 0.06
        axes.set_xlim(low, 1.06)
        axes.set_ylim(low, 1.06)
        off = ((_OFF, "off"),) if inactive else ()
        panel.mark((*off, *x.marks), (*off, *y.marks))
        _inwards(axes, inactive)
        if panel.lowest:
            axes.set_xlabel(x.name, fontsize=sheet().label, labelpad=1)
        if place == 0:
            axes.set_ylabel(y.name, fontsize=sheet().label, labelpad=2)
    return figure


def _lines(axes: Axes, values: Values, ranks: Values) -> None:
    x = np.arange(1, values.shape[1] + 1, dtype=np.float64)
    if len(x) == 1:
        axes.scatter(np.ones(len(values)), values[:, 0], c=_GOOD(ranks), s=9 * sheet().scale, linewidths=0, zorder=3)
        return
    segments = np.stack([np.broadcast_to(x, values.shape), values], axis=2)
    lines = LineCollection(list(segments), colors=_GOOD(ranks), linewidths=0.7 * sheet().scale, zorder=3)
    axes.add_collection(lines)


def _most(each: int, panels: int) -> int:
    return min(each, 100 * each // panels**2)


def _evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, the first and the last among them."""
    if len(rows) <= most:
        return rows
    chosen: NDArray[np.int64] = rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]
    return chosen


def _best(runs: NDArray[np.int64], losses: Values) -> NDArray[np.int64]:
    """The row of each run's least loss, the first of equals; none for a run without success."""
    order = np.lexsort((np.arange(len(losses)), losses, runs))
    first = np.append(True, runs[order][1:] != runs[order][:-1])[: len(order)]
    rows: NDArray[np.int64] = order[first]
    return rows[np.isfinite(losses[rows])]


def _numbers(count: int) -> list[int]:
    """Which axes are numbered: all, or every n-th of many."""
    every = -(-count // 12)
    return list(range(1, count + 1, every))


def _inwards(axes: Axes, inactive: bool) -> None:
    """Turn the marks at both ends of the horizontal axis inwards, so that those of neighbours do not meet."""
    labels = [text for text in axes.get_xticklabels() if text.get_text()]
    if labels:
        labels[-1].set_horizontalalignment("right")
        labels[1 if inactive else 0].set_horizontalalignment("left")
