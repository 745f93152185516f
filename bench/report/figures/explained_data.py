"""A run that `bench explain` has recorded, as its figures need it, and what they call things."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bench.report.figures import scales

Values = NDArray[np.float64]
NARROW = 3.9
"""Inches: at 390 pixels its text can be read."""
_TITLE_PER_INCH = 12.5
"""Letters of a title on an inch of a line."""
MODEL, OBJECTIVE, NEXT, GOOD, REST = "#0173b2", "#9a9a9a", "#c23b22", "#029e73", "#5b5b5b"
COLORS = {"EI": "#de8f05", "LCB": "#332288", "PI": "#b0479c", "log l/g": "#de8f05"}
LABELS = {
    "mean": "predicted mean",
    "std": "predicted standard deviation",
    "good": "l(x), good trials",
    "rest": "g(x), the rest",
    "log l/g": "log l(x)/g(x)",
    "EI": "expected improvement (EI)",
    "LCB": "minus lower confidence bound (LCB)",
    "PI": "probability of improvement (PI)",
}
SHORT = {"LCB": "-LCB", "EI": "EI", "PI": "PI", "mean": "mean", "std": "standard deviation"}
"""In a narrow figure."""
_JSON = ("configuration", "asked", "proposals", "gains", "good", "normal", "targets")


@dataclass(frozen=True)
class Explained:
    """A run that `bench explain` has recorded."""

    rows: list[dict[str, Any]]
    metadata: Mapping[str, Any]

    @property
    def axes(self) -> dict[str, Values]:
        return {name: np.asarray(axis["values"], float) for name, axis in self.metadata["axes"].items()}

    @property
    def objective(self) -> Values | None:
        """The function on the grid, where it is known."""
        known = self.metadata["objective"]
        return None if known is None else np.asarray(known, float)

    @property
    def modelled(self) -> list[int]:
        """The trials that were proposed by a model."""
        return [row["trial"] for row in self.rows if row["model"]]

    def acquisitions(self, trial: int) -> list[str]:
        """The curves that are acquisition functions."""
        return [key for key in self.rows[trial]["curves"] if key not in self.metadata["models"]]

    def evaluated(self, trial: int) -> Iterator[tuple[dict[str, Any], bool]]:
        """The trials before this one that have a loss, each with whether it is one of the good."""
        good = self.rows[trial]["good"]
        for each in self.rows[:trial]:
            if each["loss"] is not None:
                yield each, each["configuration"] in good


def read(path: Path) -> Explained:
    """What `bench explain` wrote to `path`."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        row["curves"] = {name: np.asarray(values, float) for name, values in row["curves"]}
        for name in _JSON:
            row[name] = json.loads(row[name])
    return Explained(rows, json.loads(table.schema.metadata[b"explain"]))


def how(row: Mapping[str, Any]) -> str:
    """How a trial's point was found, in short."""
    if row["initial"]:
        return "of the shared initial design"
    if row["normal"]:
        return f"drawn from the normal distribution of generation {row['normal']['generation']}"
    if row["chosen"]:
        return f"chosen by {row['chosen']}"
    return "drawn at random" if row["model"] else ""


def title(explained: Explained, trial: int, width: float) -> str:
    """A figure's title, in lines that fit its width in inches."""
    row, about = explained.rows[trial], explained.metadata
    run = f"{about['optimizer']} on {about['problem']}, seed {about['seed']}:"
    proposal = f"proposal {trial + 1}{', ' * bool(how(row))}{how(row)}"
    letters = int(_TITLE_PER_INCH * width)
    if len(f"{run} {proposal}") <= letters:
        return f"{run} {proposal}"
    return "\n".join([*textwrap.wrap(run, letters), *textwrap.wrap(proposal, letters)])


def title_height(explained: Explained, trial: int, width: float) -> float:
    """Inches that the title takes, with what is free below it."""
    return 0.24 + 0.17 * (1 + title(explained, trial, width).count("\n"))


def scale_axes(explained: Explained, axes: Axes, names: tuple[str, ...]) -> None:
    """Limits and scale of the horizontal axis, and of the vertical one where two are named."""
    for name, set_axis, axis in zip(names, (scales.set_x, scales.set_y), (axes.xaxis, axes.yaxis), strict=False):
        values, log = explained.axes[name], explained.metadata["axes"][name]["log"]
        set_axis(axes, values[0], values[-1], log)
        if not log:
            axis.set_major_locator(MaxNLocator(4, prune="upper" if axis is axes.xaxis else None))
