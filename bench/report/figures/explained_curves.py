"""What an optimiser's model said of one dimension before a proposal: losses, densities, acquisition functions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from bench.report.figures import scales
from bench.report.figures.canvas import blank
from bench.report.figures.explained_data import (
    COLORS,
    GOOD,
    LABELS,
    MODEL,
    NARROW,
    NEXT,
    OBJECTIVE,
    REST,
    Explained,
    Values,
    scale_axes,
    title_height,
)
from bench.report.look.style import INK, MUTED

_LEGEND: dict[str, Any] = {"fontsize": 6.3, "frameon": False}


def curves(explained: Explained, trial: int, narrow: bool) -> Figure:
    """Panels one above the other: the losses, then what the model says, then what each acquisition function does."""
    ((name, x),) = explained.axes.items()
    row = explained.rows[trial]
    acquisitions = explained.acquisitions(trial)
    between = [
        draw
        for draw, wanted in (
            (_scaled, bool(row["scale"])),
            (_densities, "good" in row["curves"]),
            (_normal, bool(row["normal"])),
        )
        if wanted
    ]
    panels = 1 + len(between) + len(acquisitions)
    figure = blank(width=NARROW if narrow else None, height=2.5 + 1.0 * (panels - 1))
    grid = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=[2.2] + [1.0] * (panels - 1))[:, 0]
    _losses(grid[0], explained, trial, name, x, narrow)
    for axes, draw in zip(grid[1:], between, strict=False):
        draw(axes, row, name, x)
    for axes, key in zip(grid[1 + len(between) :], acquisitions, strict=True):
        _acquisition(axes, row, key, name, x)
    for axes in grid:
        axes.axvline(row["configuration"][name], color=NEXT, linewidth=0.8, linestyle=":")
        if row["asked"]:
            axes.axvline(row["asked"][name], color=MUTED, linewidth=0.8, linestyle=":")
    scale_axes(explained, grid[-1], (name,))
    grid[-1].set_xlabel(name)
    width, height = figure.get_size_inches()
    top, bottom = 1 - title_height(explained, trial, width) / height, 0.6 / height
    figure.subplots_adjust(left=0.15 + 0.05 * narrow, right=0.96, top=top, bottom=bottom, hspace=0.22)
    figure.align_ylabels(grid)
    return figure


def _losses(axes: Axes, explained: Explained, trial: int, name: str, x: Values, narrow: bool) -> None:
    """What was evaluated, what the function is, and what the model predicts."""
    row = explained.rows[trial]
    if explained.objective is not None:
        axes.plot(x, explained.objective, color=OBJECTIVE, linestyle="--", linewidth=1.0, label="the function")
    if "mean" in row["curves"] and not row["scale"]:
        _band(axes, row["curves"], x)
    before = list(explained.evaluated(trial))
    for chosen, color, marker, label in (
        (False, INK, "o", "evaluated, the rest" if row["good"] else "evaluated"),
        (True, GOOD, "D", "evaluated, good"),
    ):
        shown = [each for each, of_good in before if of_good is chosen]
        if shown:
            places = [each["configuration"][name] for each in shown]
            losses = [each["loss"] for each in shown]
            axes.plot(places, losses, color=color, marker=marker, markersize=4, linestyle="", label=label)
    axes.plot([], [], color=NEXT, linewidth=0.8, linestyle=":", label="next point")
    if row["asked"]:
        axes.plot([], [], color=MUTED, linewidth=0.8, linestyle=":", label="asked for here, not in the run")
    axes.set_ylabel("loss")
    axes.legend(**_LEGEND, ncols=2 if narrow else 3, loc="upper center")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (0.6 if narrow else 0.35) * (high - low))  # for the legend


def _band(axes: Axes, values: Mapping[str, Values], x: Values) -> None:
    mean, std = values["mean"], values["std"]
    band: dict[str, Any] = {"color": MODEL, "alpha": 0.16, "linewidth": 0}
    axes.fill_between(x, mean - 1.96 * std, mean + 1.96 * std, label="mean ± 1.96 standard deviations", **band)
    axes.plot(x, mean, color=MODEL, label=LABELS["mean"])


def _scaled(axes: Axes, row: Mapping[str, Any], name: str, x: Values) -> None:
    """What the model predicts and what it was fitted to, on a scale of its own."""
    _band(axes, row["curves"], x)
    places = [configuration[name] for configuration, _ in row["targets"]]
    axes.plot(places, [value for _, value in row["targets"]], color=INK, marker="o", markersize=3, linestyle="")
    axes.set_ylabel(row["scale"], fontsize=7.5)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))
    axes.legend(**_LEGEND, ncols=2, loc="upper center")


def _densities(axes: Axes, row: Mapping[str, Any], name: str, x: Values) -> None:
    """Both densities of TPE."""
    del name
    for key, color, dash in (("good", GOOD, "-"), ("rest", REST, "--")):
        axes.plot(x, row["curves"][key], color=color, linestyle=dash, label=LABELS[key])
    axes.set_ylabel("density")
    axes.set_ylim(bottom=0)
    axes.legend(**_LEGEND)


def _normal(axes: Axes, row: Mapping[str, Any], name: str, x: Values) -> None:
    """The density of CMA-ES in its own coordinates, and its mean."""
    del name
    normal = row["normal"]
    (mean,), ((variance,),), (places,) = normal["mean"], normal["covariance"], normal["coordinates"]
    density = norm.pdf(places, mean, np.sqrt(variance))
    axes.fill_between(x, 0, density, color=MODEL, alpha=0.16, linewidth=0)
    axes.plot(x, density, color=MODEL, label="normal density that points are drawn from")
    axes.plot(np.interp(mean, places, x), norm.pdf(mean, mean, np.sqrt(variance)), "P", color=MODEL, ms=6, label="mean")
    axes.set_ylabel("density")
    axes.set_ylim(0, 1.35 * density.max())
    axes.legend(**_LEGEND, ncols=2, loc="upper center")


def _acquisition(axes: Axes, row: Mapping[str, Any], key: str, name: str, x: Values) -> None:
    chosen = key == row["chosen"]
    values = row["curves"][key]
    axes.plot(x, values, color=COLORS.get(key, MODEL), linewidth=1.8 if chosen else 1.0)
    if row["proposals"].get(key):
        place = row["proposals"][key][name]
        look: dict[str, Any] = {"color": NEXT if chosen else "white", "mec": NEXT if chosen else MUTED}
        axes.plot(place, np.interp(place, x, values), marker="v", ms=5.5, clip_on=False, zorder=9, **look)
    axes.set_ylabel("-LCB" if key == "LCB" else key)
    scales.set_y(axes, *axes.get_ylim())  # its numbers in few letters
    axes.yaxis.set_major_locator(MaxNLocator(3))
    notes = [f"gain {row['gains'][key]:.3g}"] if key in row["gains"] else []
    notes += ["chosen"] * chosen
    if notes:
        look = {"ha": "right", "va": "top", "color": NEXT if chosen else MUTED, "fontsize": 6.8}
        look["bbox"] = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}  # over the curve
        axes.text(0.995, 0.93, ", ".join(notes), transform=axes.transAxes, **look)
