"""What an optimiser's model said before each of its proposals: figures of one dimension and of two.

Drawn from the parquet file that `bench explain` writes, which holds the values as the optimiser's library gave them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bench.report.figures.canvas import blank
from bench.report.look.style import INK, MUTED

Values = NDArray[np.float64]
NARROW = 3.9
"""Inches: at 390 pixels its text can be read."""
_TITLE = {False: 0.4, True: 0.58}
MODEL, OBJECTIVE, NEXT, GOOD, REST = "#0173b2", "#9a9a9a", "#c23b22", "#029e73", "#5b5b5b"
_OF_MODEL = ("mean", "std", "good", "rest")
_LABELS = {"mean": "predicted mean", "std": "predicted standard deviation", "good": "l(x), good trials"} | {
    "rest": "g(x), the rest",
    "log l/g": "log l(x)/g(x)",
    "EI": "expected improvement (EI)",
    "LCB": "minus lower confidence bound (LCB)",
    "PI": "probability of improvement (PI)",
}
_COLORS = {"EI": "#de8f05", "LCB": "#332288", "PI": "#b0479c", "log l/g": "#de8f05"}


@dataclass(frozen=True)
class Explained:
    """A run that `bench explain` has recorded."""

    rows: list[dict[str, Any]]
    metadata: Mapping[str, Any]

    @property
    def axes(self) -> dict[str, Values]:
        return {name: np.asarray(axis["values"], float) for name, axis in self.metadata["axes"].items()}

    @property
    def modelled(self) -> list[int]:
        """The trials that were proposed by a model."""
        return [row["trial"] for row in self.rows if row["model"]]


def read(path: Path) -> Explained:
    """What `bench explain` wrote to `path`."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        row["curves"] = {name: np.asarray(values, float) for name, values in row["curves"]}
        for name in ("configuration", "proposals", "good"):
            row[name] = json.loads(row[name])
    return Explained(rows, json.loads(table.schema.metadata[b"explain"]))


def draw(explained: Explained, trial: int, narrow: bool = False) -> Figure:
    """The model before one proposal; a trial without a model shows the evaluations alone. Call it within `look`.

    A `narrow` figure is for the width of a phone.
    """
    one = len(explained.metadata["axes"]) == 1
    figure = (_one if one else _two)(explained, trial, narrow)
    row, about = explained.rows[trial], explained.metadata
    how = f"chosen by {row['chosen']}" if row["chosen"] else "drawn at random"
    title = f"{about['optimizer']} on {about['model']}, seed {about['seed']}:"
    title += f"{chr(10) if narrow else ' '}proposal {trial + 1}, {how}"
    height = figure.get_size_inches()[1]
    figure.suptitle(title, x=0.02, y=1 - 0.09 / height, ha="left", va="top", fontsize=9, fontweight="bold")
    notes = [] if one else _legend(row)
    if about["held"]:
        notes.append(f"Held at the proposal's values: {', '.join(about['held'])}.")
        notes.append("Evaluations are projected.")
    figure.text(0.02, 0.05 / height, (chr(10) if narrow else " ").join(notes), fontsize=6.3, color=MUTED, va="bottom")
    return figure


def _legend(row: Mapping[str, Any]) -> list[str]:
    """What colours and markers mean."""
    notes = ["Star: the next point. Circles: evaluated."]
    if row["good"]:
        notes.append("Diamonds: evaluated, good.")
    if len(row["proposals"]) > 1:
        notes.append("Triangles: what each function would choose.")
    notes.append("Yellow: lower losses, larger values elsewhere.")
    return notes


def _one(explained: Explained, trial: int, narrow: bool) -> Figure:
    ((name, x),) = explained.axes.items()
    row = explained.rows[trial]
    curves = row["curves"]
    acquisitions = [key for key in curves if key not in _OF_MODEL]
    densities = "good" in curves
    panels = 1 + densities + len(acquisitions)
    figure = blank(width=NARROW if narrow else None, height=2.5 + 1.0 * (panels - 1))
    grid = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=[2.2] + [1.0] * (panels - 1))[:, 0]
    _losses(grid[0], explained, trial, name, x, narrow)
    if densities:
        for key, color, dash in (("good", GOOD, "-"), ("rest", REST, "--")):
            grid[1].plot(x, curves[key], color=color, linestyle=dash, label=_LABELS[key])
        grid[1].set_ylabel("density")
        grid[1].set_ylim(bottom=0)
        grid[1].legend(fontsize=6.3, frameon=False)
    for axes, key in zip(grid[1 + densities :], acquisitions, strict=True):
        _acquisition(axes, row, key, name, x)
    for axes in grid:
        axes.axvline(row["configuration"][name], color=NEXT, linewidth=0.8, linestyle=":")
    if explained.metadata["axes"][name]["log"]:
        grid[-1].set_xscale("log")
    grid[-1].set_xlim(x[0], x[-1])
    grid[-1].set_xlabel(name)
    height = figure.get_size_inches()[1]
    figure.subplots_adjust(
        left=0.13 + 0.05 * narrow, right=0.96, top=1 - _TITLE[narrow] / height, bottom=0.6 / height, hspace=0.22
    )
    figure.align_ylabels(grid)
    return figure


def _losses(axes: Axes, explained: Explained, trial: int, name: str, x: Values, narrow: bool) -> None:
    """What was evaluated, what the function is, and what the model predicts."""
    row = explained.rows[trial]
    curves = row["curves"]
    if explained.metadata["objective"]:
        objective = np.asarray(explained.metadata["objective"], float)
        axes.plot(x, objective, color=OBJECTIVE, linestyle="--", linewidth=1.0, label="the function")
    if "mean" in curves:
        mean, std = curves["mean"], curves["std"]
        band: dict[str, Any] = {"color": MODEL, "alpha": 0.16, "linewidth": 0}
        axes.fill_between(x, mean - 1.96 * std, mean + 1.96 * std, label="mean ± 1.96 standard deviations", **band)
        axes.plot(x, mean, color=MODEL, label=_LABELS["mean"])
    before = [each for each in explained.rows[:trial] if each["loss"] is not None]
    good = [each["configuration"] in row["good"] for each in before]
    for chosen, color, marker, label in (
        (False, INK, "o", "evaluated, the rest" if row["good"] else "evaluated"),
        (True, GOOD, "D", "evaluated, good"),
    ):
        shown = [each for each, of_good in zip(before, good, strict=True) if of_good is chosen]
        if shown:
            places = [each["configuration"][name] for each in shown]
            losses = [each["loss"] for each in shown]
            axes.plot(places, losses, color=color, marker=marker, markersize=4, linestyle="", label=label)
    axes.plot([], [], color=NEXT, linewidth=0.8, linestyle=":", label="next point")
    axes.set_ylabel("loss")
    axes.legend(fontsize=6.3, frameon=False, ncols=2 if narrow else 3, loc="upper center")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (0.6 if narrow else 0.35) * (high - low))  # for the legend


def _acquisition(axes: Axes, row: Mapping[str, Any], key: str, name: str, x: Values) -> None:
    chosen = key == row["chosen"]
    values = row["curves"][key]
    axes.plot(x, values, color=_COLORS.get(key, MODEL), linewidth=1.8 if chosen else 1.0)
    if key in row["proposals"] and row["proposals"][key]:
        place = row["proposals"][key][name]
        color = NEXT if chosen else "white"
        edge = NEXT if chosen else MUTED
        axes.plot(
            place, np.interp(place, x, values), marker="v", color=color, mec=edge, ms=5.5, clip_on=False, zorder=9
        )
    axes.set_ylabel("-LCB" if key == "LCB" else key)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    if chosen:
        axes.text(0.995, 0.93, "chosen", transform=axes.transAxes, ha="right", va="top", color=NEXT, fontsize=6.8)


def _two(explained: Explained, trial: int, narrow: bool) -> Figure:
    row = explained.rows[trial]
    fields: dict[str, Values] = dict(row["curves"])
    if explained.metadata["objective"]:
        fields = {"objective": np.asarray(explained.metadata["objective"], float), **fields}
    fields = fields or {"": np.zeros(0)}
    columns = min(2 if narrow or len(fields) == 4 else 3, len(fields))
    lines = -(-len(fields) // columns)
    notes = 0.5 if narrow else 0.18
    width = NARROW if narrow else max(5.6, 2.6 * columns + 0.4)
    panel = min(2.35, (width - 0.6) / columns)
    figure = blank(width=width, height=panel * lines + 0.6 + notes)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (key, values) in zip(grid, fields.items(), strict=False):
        _field(axes, explained, trial, key, values)
    for axes in grid[len(fields) :]:
        axes.set_visible(False)
    names = list(explained.axes)
    for place, axes in enumerate(grid[: len(fields)]):
        if place + columns >= len(fields):
            axes.set_xlabel(names[0])
            axes.tick_params(labelbottom=True)
        if place % columns == 0:
            axes.set_ylabel(names[1])
    height = figure.get_size_inches()[1]
    top, bottom = 1 - (0.2 + _TITLE[narrow]) / height, (0.42 + notes) / height
    figure.subplots_adjust(left=0.5 / width, right=1 - 0.2 / width, top=top, bottom=bottom, wspace=0.1, hspace=0.3)
    return figure


def _field(axes: Axes, explained: Explained, trial: int, key: str, values: Values) -> None:
    (first, x), (second, y) = explained.axes.items()
    row = explained.rows[trial]
    axes.grid(visible=False)
    if len(values):
        surface = values.reshape(len(x), len(y)).T
        if key == "objective":
            surface = np.log1p(surface - surface.min())  # levels near the minima are seen, whatever the range
        better = "viridis_r" if key in ("objective", "mean") else "viridis"
        axes.contourf(x, y, surface, levels=14, cmap=better)
    before = [each["configuration"] for each in explained.rows[:trial]]
    for chosen, color, marker in ((False, "white", "o"), (True, "#ffd54a", "D")):
        shown = [each for each in before if (each in row["good"]) is chosen]
        places = [each[first] for each in shown], [each[second] for each in shown]
        axes.plot(*places, color=color, marker=marker, markersize=3.6, linestyle="", markeredgecolor=INK, mew=0.5)
    if key in row["proposals"] and row["proposals"][key] and key != row["chosen"]:
        own = row["proposals"][key]
        axes.plot(own[first], own[second], marker="v", color="white", mec=INK, ms=6, clip_on=False)
    following = row["configuration"]
    axes.plot(following[first], following[second], marker="*", color=NEXT, mec="white", ms=10, clip_on=False, zorder=9)
    for name, setter in ((first, axes.set_xscale), (second, axes.set_yscale)):
        if explained.metadata["axes"][name]["log"]:
            setter("log")
    if not explained.metadata["axes"][first]["log"]:
        axes.xaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    label = "the function (log scale)" if key == "objective" else _LABELS.get(key, key)
    whole = axes.get_figure(root=True)
    if whole is not None and whole.get_figwidth() <= NARROW and key in ("EI", "LCB", "PI", "std"):
        label = {"LCB": "-LCB", "std": "standard deviation"}.get(key, key)
    axes.set_title(f"{label}: chosen" if key and key == row["chosen"] else label, fontsize=7.2, fontweight="normal")


def sentence(explained: Explained, trial: int) -> str:
    """What a figure shows, in words."""
    row = explained.rows[trial]
    point = ", ".join(f"{name} = {row['configuration'][name]:.4g}" for name in explained.axes)
    loss = "it failed" if row["loss"] is None else f"its loss is {row['loss']:.4g}"
    if not row["model"]:
        how = "is drawn without a model"
    elif row["chosen"]:
        how = f"is chosen by {_LABELS.get(row['chosen'], row['chosen'])}"
    else:
        how = "is drawn at random, in place of one that was evaluated before"
    return f"Proposal {trial + 1}, at {point}, {how}; {loss}."
