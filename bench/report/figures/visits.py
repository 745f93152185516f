"""Where each optimiser looked: parallel coordinates, and two hyperparameters over the evaluations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.report.figures import words
from bench.report.figures.canvas import INCH, sheet
from bench.report.figures.panels import panel_width, panels
from bench.report.look.style import Style

Values = NDArray[np.float64]

LINES, POINTS = 60, 200
"""How many trials a panel shows at most; of more than ten panels each shows the fewer, the smaller its share is."""
_OFF = -0.16
"""Where an inactive hyperparameter is drawn, below the low end of all others."""
_SHARES = (0.7548776662466927, 0.5698402909980532)
"""Of a sequence of low discrepancy in two dimensions, from the plastic number (Roberts 2018)."""
_GOOD = LinearSegmentedColormap.from_list("good", ["#08306b", "#2171b5", "#9ecae1", "#d9d9d9", "#ececec"])
_LATE = LinearSegmentedColormap.from_list("late", ["#dadada", "#9ecae1", "#3f8fc5", "#08306b"])


@dataclass(frozen=True)
class Scale:
    """A searched hyperparameter: its name and what stands at places between 0, its low end, and 1."""

    name: str
    marks: tuple[tuple[float, str], ...]
    """The low end, places between the two, the high end; all of the choices of a categorical one."""
    levels: int = 0
    """How many values it has, where they are few; 0 where it is continuous."""
    named: bool = False
    """Whether its marks are choices."""

    @property
    def ends(self) -> str:
        """`0.01 to 0.3`, or `relu, tanh, gelu`."""
        names = [text for _, text in self.marks]
        return ", ".join(names) if self.named and len(names) <= 6 else f"{names[0]} to {names[-1]}"

    def fitting(self, room: float, size: float, across: bool = True) -> tuple[tuple[float, str], ...]:
        """Both ends, and between them as many evenly chosen marks as can be read along so many points."""
        first, *inner, last = self.marks
        for every in range(1, len(inner) + 1):
            some = [first, *inner[every - 1 :: every], last]
            spans = [_span(place, text, room, size, across) for place, text in some]
            kept = [some[0], *(m for m, s in zip(some[1:-1], spans[1:-1], strict=True) if _between(s, spans)), some[-1]]
            spans = [_span(place, text, room, size, across) for place, text in kept]
            if len(kept) > 2 and all(a[1] <= b[0] for a, b in pairwise(spans)):
                return tuple(kept)
        return (first, last)


def coordinates(
    trials: pd.DataFrame,
    places: pd.DataFrame,
    scales: Sequence[Scale],
    styles: Mapping[str, Style],
    title: str,
    thinned: bool = False,
    trial: str = "trial",
) -> Figure:
    """Each trial a line over all hyperparameters, a panel an optimiser; the darker, the better its loss.

    `trials` and `places` are those of `visits.Visits`, row by row: of `trials`, `label` and `rank` are used. Of many
    trials of an optimiser, some are drawn (see `LINES`), evenly chosen by rank; `trial` is what each is called. Call it
    within `look`.
    """
    labels = list(dict.fromkeys(trials["label"]))
    rows = {label: np.flatnonzero((trials["label"] == label).to_numpy()) for label in labels}
    most = _most(LINES, len(labels))
    some = thinned or any(len(drawn) > most for drawn in rows.values())
    listed = ", ".join(f"{scale.name} ({scale.ends})" for scale in scales)
    inactive = bool(places.isna().to_numpy().any())
    remarks = [
        f"{_shown(trial, some)} of all runs; the stronger a line's colour, the better its loss.",
        f"From low to high, left to right: {listed}.",
        *(["An inactive hyperparameter stands at off."] if inactive else []),
    ]
    marks = {**({_OFF: "off"} if inactive else {}), 0.0: "low", 1.0: "high"}
    beside = max(words.measure(mark, sheet().note) for mark in marks.values()) + 8
    names, upright = _axis_names(scales, panel_width(len(labels), beside))
    deep = max(words.measure(name, sheet().note) for name in names) if upright else words.note_height()
    figure, drawn = panels(labels, styles, title, remarks, (beside, deep + words.note_height()))
    ranks, values = trials["rank"].to_numpy(), places[[scale.name for scale in scales]].to_numpy(dtype=np.float64)
    for panel, label in zip(drawn, labels, strict=True):
        axes = panel.axes
        at = rows[label][np.argsort(-ranks[rows[label]], kind="stable")]
        at = _evenly(at, most)
        _lines(axes, np.where(np.isnan(values[at]), _OFF, values[at]), ranks[at])
        axes.set_xlim(0.75, len(scales) + 0.25)
        axes.set_ylim((_OFF if inactive else 0.0) - 0.06, 1.06)
        panel.mark(list(enumerate(names, start=1)), list(marks.items()), across=False)
        if upright:
            axes.tick_params(axis="x", labelrotation=90)
        else:
            _inwards(axes, inactive=False)
    return figure


def _shown(trial: str, some: bool) -> str:
    return f"Some {trial}s" if some else f"Every {trial}"


def slices(
    trials: pd.DataFrame,
    places: pd.DataFrame,
    scales: tuple[Scale, Scale],
    styles: Mapping[str, Style],
    title: str,
    thinned: bool = False,
    trial: str = "trial",
) -> Figure:
    """Two hyperparameters over the evaluations: each trial a point, the later the darker, a panel an optimiser.

    A ring is the best trial of a run. `trials` and `places` are those of `visits.Visits`: of `trials`, `label`, `run`,
    `evaluation` and `loss` are used. Of many trials, some are drawn (see `POINTS`), evenly chosen; `trial` is what each
    is called. Call it within `look`.
    """
    labels = list(dict.fromkeys(trials["label"]))
    rows = {label: np.flatnonzero((trials["label"] == label).to_numpy()) for label in labels}
    most = _most(POINTS, len(labels))
    some = thinned or any(len(drawn) > most for drawn in rows.values())
    x, y = scales if scales[1].named or not scales[0].named else (scales[1], scales[0])
    inactive = bool(places[[x.name, y.name]].isna().to_numpy().any())
    remarks = [
        f"{_shown(trial, some)} of all runs; the later, the stronger in colour.",
        "Rings: the best of each run.",
        *(["A hyperparameter that is inactive stands at off."] if inactive else []),
        *(["Points of few values are spread a little."] if x.levels or y.levels else []),
    ]
    across = max(words.measure(mark, sheet().note) for _, mark in (*y.marks, (0.0, "off")))
    room = (across + words.name_height() + 10, 2 * words.note_height() + words.name_height())
    figure, drawn = panels(labels, styles, title, remarks, room)
    values = places[[x.name, y.name]].to_numpy(dtype=np.float64)
    values = np.where(np.isnan(values), _OFF, _spread(values, (x.levels, y.levels)))
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
        box = axes.get_position()
        wide, high = box.width * figure.get_figwidth() * INCH, box.height * figure.get_figheight() * INCH
        note = sheet().note
        panel.mark((*off, *x.fitting(wide / 1.3, note)), (*off, *y.fitting(high / 1.3, note, across=False)))
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


def _axis_names(scales: Sequence[Scale], wide: float) -> tuple[list[str], bool]:
    """What is written under each axis of a panel so wide, and whether upright: its name, of many axes some."""
    size = sheet().note
    names = [scale.name if len(scale.name) <= 20 else f"{scale.name[:19]}…" for scale in scales]
    each = wide / max(1.0, len(scales) - 0.5)
    widths = [words.measure(name, size) for name in names]
    widths[0], widths[-1] = 2 * widths[0], 2 * widths[-1]  # which are turned inwards
    if all((a + b) / 2 + 4 <= each for a, b in pairwise(widths)):
        return names, False
    every = math.ceil(1.15 * size / each)
    return [name if place % every == 0 else "" for place, name in enumerate(names)], True


def _span(place: float, text: str, room: float, size: float, across: bool) -> tuple[float, float]:
    """Where a mark's text begins and ends along its axis; across, those of both ends are turned inwards."""
    length = words.measure(text, size) + 8 if across else 1.3 * size
    share = place if across else 0.5
    return room * place - share * length, room * place + (1 - share) * length


def _between(span: tuple[float, float], spans: Sequence[tuple[float, float]]) -> bool:
    return spans[0][1] <= span[0] and span[1] <= spans[-1][0]


def _spread(values: Values, levels: tuple[int, int]) -> Values:
    """Places moved a little along axes of few values, each by its row, by less than a quarter of a step."""
    rows = np.arange(len(values))
    moved = values.copy()
    for column, count in enumerate(levels):
        if count > 1:
            moved[:, column] += min(0.4 / (count - 1), 0.1) * ((rows * _SHARES[column]) % 1 - 0.5)
    return moved


def _inwards(axes: Axes, inactive: bool) -> None:
    """Turn the marks at both ends of the horizontal axis inwards, so that those of neighbours do not meet."""
    labels = [text for text in axes.get_xticklabels() if text.get_text()]
    if labels:
        labels[-1].set_horizontalalignment("right")
        labels[1 if inactive else 0].set_horizontalalignment("left")
