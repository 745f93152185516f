"""What an optimiser's model said of two dimensions before a proposal: a field for each of its curves."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from bench.report.figures.canvas import blank
from bench.report.figures.explained_data import (
    LABELS,
    MODEL,
    NARROW,
    NEXT,
    SHORT,
    Explained,
    Values,
    scale_axes,
    title_height,
)
from bench.report.look.style import INK

OBJECTIVE, LOSSES = "objective", "losses"
"""Fields beside the curves: the function where it is known, else the losses of what was evaluated."""
_TURN = np.linspace(0, 2 * np.pi, 181)


def fields(explained: Explained, trial: int, narrow: bool) -> Figure:
    """A panel for the function, or for the losses, and one for each curve."""
    row = explained.rows[trial]
    known, about = explained.objective, explained.metadata
    shown: dict[str, Values] = {LOSSES: np.zeros(0)} if known is None else {OBJECTIVE: known}
    shown |= row["curves"]
    columns = min(2 if narrow or len(shown) == 4 else 3, len(shown))
    lines = -(-len(shown) // columns)
    notes = 0.5 if narrow else 0.3
    width = NARROW if narrow else max(5.6, 2.6 * columns + 0.4)
    panel = min(3.4 if len(shown) == 1 else 2.35, (width - 0.6) / columns)
    above = 0.2 + title_height(explained, trial, width)
    figure = blank(width=width, height=panel * lines + above + notes)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (key, values) in zip(grid, shown.items(), strict=False):
        _field(axes, explained, trial, key, values)
        axes.set_title(
            _title(row, key, narrow), fontsize=7.2, fontweight="normal", pad=None if about["shows_model"] else 9
        )
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    names = list(explained.axes)
    for place, axes in enumerate(grid[: len(shown)]):
        if place + columns >= len(shown):
            axes.set_xlabel(names[0])
            axes.tick_params(labelbottom=True)
        if place % columns == 0:
            axes.set_ylabel(names[1])
    height = figure.get_size_inches()[1]
    top, bottom = 1 - above / height, (0.42 + notes) / height
    figure.subplots_adjust(left=0.6 / width, right=1 - 0.2 / width, top=top, bottom=bottom, wspace=0.1, hspace=0.3)
    if _labels_meet(figure, list(grid[len(shown) - columns : len(shown)])):
        figure.subplots_adjust(wspace=0.32 if narrow else 0.2)
    return figure


def _labels_meet(figure: Figure, row: Sequence[Axes]) -> bool:
    """Whether the last number below a panel runs into the first one below the next."""
    figure.draw_without_rendering()
    for left, right in pairwise(row):
        ends = [[label.get_window_extent() for label in axes.get_xticklabels()] for axes in (left, right)]
        seen = [[box for box in boxes if box.width > 1] for boxes in ends]
        if all(seen) and max(box.x1 for box in seen[0]) > min(box.x0 for box in seen[1]) - 2:
            return True
    return False


def _field(axes: Axes, explained: Explained, trial: int, key: str, values: Values) -> None:
    (first, x), (second, y) = explained.axes.items()
    row = explained.rows[trial]
    axes.grid(visible=False)
    scale_axes(explained, axes, (first, second))
    if len(values):
        surface = values.reshape(len(x), len(y)).T
        if key == OBJECTIVE:
            surface = np.log1p(surface - surface.min())  # levels near the minima are seen, whatever the range
        better = "viridis_r" if key in (OBJECTIVE, "mean") else "viridis"
        axes.contourf(x, y, surface, levels=14, cmap=better)
    _evaluated(axes, explained, trial, by_loss=key == LOSSES)
    if row["normal"]:
        _ellipses(axes, explained, row["normal"], light=key == OBJECTIVE)
    if not explained.metadata["shows_model"]:
        _projections(axes, explained, trial)
    own = row["proposals"].get(key)
    if own and key != row["chosen"]:
        axes.plot(own[first], own[second], marker="v", color="white", mec=INK, ms=6, clip_on=False)
    look: dict[str, Any] = {"marker": "*", "ms": 10, "clip_on": False, "zorder": 9}
    for point, inside, edge in ((row["asked"], "white", NEXT), (row["configuration"], NEXT, "white")):
        if point:
            axes.plot(point[first], point[second], color=inside, mec=edge, **look)


def _evaluated(axes: Axes, explained: Explained, trial: int, by_loss: bool) -> None:
    """Circles, and diamonds for the good; in the panel of losses darker where the loss is higher."""
    first, second = explained.axes
    before = list(explained.evaluated(trial))
    losses = [each["loss"] for each, _ in before]
    for chosen, color, marker in ((False, "white", "o"), (True, "#ffd54a", "D")):
        shown = [each for each, of_good in before if of_good is chosen]
        places = [each["configuration"][first] for each in shown], [each["configuration"][second] for each in shown]
        look: dict[str, Any] = {"marker": marker, "edgecolors": INK, "linewidths": 0.5}
        if by_loss:
            look |= {"c": [each["loss"] for each in shown], "cmap": "viridis_r", "s": 24}
            look["norm"] = Normalize(min(losses, default=0), max(losses, default=1))
        else:
            look |= {"c": color, "s": 13}
        axes.scatter(*places, zorder=5, clip_on=False, **look)


def _ellipses(axes: Axes, explained: Explained, normal: Mapping[str, Any], light: bool) -> None:
    """The mean, and one and two standard deviations around it, from the library's coordinates to values."""
    mean, covariance = np.array(normal["mean"]), np.array(normal["covariance"])
    spread, turned = np.linalg.eigh(covariance)
    circle = turned @ np.diag(np.sqrt(np.maximum(spread, 0))) @ np.array([np.cos(_TURN), np.sin(_TURN)])
    color = "white" if light else MODEL
    known = list(zip(explained.axes, normal["coordinates"], strict=True))

    def values(places: Values) -> list[Values]:
        return [_value(explained, name, own, each) for (name, own), each in zip(known, places, strict=True)]

    for deviations, width in ((1, 1.6), (2, 0.9)):
        axes.plot(*values(mean[:, None] + deviations * circle), color=color, linewidth=width, zorder=6)
    axes.plot(*values(mean[:, None]), marker="P", color=color, mec=INK, mew=0.5, ms=6.5, zorder=7)


def _value(explained: Explained, name: str, coordinates: list[float], places: Values) -> Values:
    """The values of an axis at places in a library's coordinates, of which those of the grid's values are known.

    Between two of these they lie on the scale of the axis; beyond the ends as the nearest two lead on.
    """
    log = explained.metadata["axes"][name]["log"]
    values, known = explained.axes[name], np.asarray(coordinates)
    scaled = np.log(values) if log else values
    right = np.clip(np.searchsorted(known, places), 1, len(known) - 1)
    share = (places - known[right - 1]) / (known[right] - known[right - 1])
    found: Values = scaled[right - 1] + share * (scaled[right] - scaled[right - 1])
    return np.exp(found) if log else found


def _projections(axes: Axes, explained: Explained, trial: int) -> None:
    """Ticks along both axes, where the points so far are: how many values of each parameter were tried."""
    first, second = explained.axes
    points = [each["configuration"] for each in explained.rows[: trial + 1]]
    look: dict[str, Any] = {"color": NEXT, "linewidth": 0.9, "clip_on": False}
    axes.vlines([each[first] for each in points], 1.0, 1.035, transform=axes.get_xaxis_transform(), **look)
    axes.hlines([each[second] for each in points], 1.0, 1.025, transform=axes.get_yaxis_transform(), **look)


def _title(row: Mapping[str, Any], key: str, narrow: bool) -> str:
    if key == OBJECTIVE:
        return "the function (log scale)"
    if key == LOSSES:
        return "losses so far (darker: higher)"
    label = SHORT.get(key, LABELS.get(key, key)) if narrow else LABELS.get(key, key)
    if row["scale"] and (key == "mean" or (key == "std" and not narrow)):
        label += f", {row['scale']}"
    if key in row["gains"]:
        label = f"{SHORT.get(key, key)}, gain {row['gains'][key]:.3g}"
    return f"{label}: chosen" if key == row["chosen"] else label


def legend(explained: Explained, row: Mapping[str, Any]) -> list[str]:
    """What colours and markers mean."""
    notes = ["Star: the next point. Circles: evaluated."]
    if row["asked"]:
        notes.append("White star: what is asked for here; the run had recorded another.")
    if row["good"]:
        notes.append("Diamonds: evaluated, good.")
    if len(row["proposals"]) > 1:
        notes.append("Triangles: what each function would choose.")
    if row["normal"]:
        notes.append("Cross and ellipses: mean, one and two standard deviations.")
    if not explained.metadata["shows_model"]:
        notes.append("Ticks outside: the values tried.")
    if row["curves"] or explained.objective is not None:
        notes.append("Yellow: lower losses, larger values elsewhere.")
    return notes
