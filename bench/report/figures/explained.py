"""What an optimiser's model said before each of its proposals: figures of one dimension and of two.

Drawn from the parquet file that `bench explain` writes, which holds the values as the optimiser's library gave them.
"""

import textwrap

from matplotlib.figure import Figure

from bench.report.figures.explained_curves import curves
from bench.report.figures.explained_data import LABELS, Explained, how, read, title
from bench.report.figures.explained_fields import fields, legend
from bench.report.look.style import MUTED

__all__ = ["Explained", "draw", "read", "sentence"]

_PER_INCH = 22.5
"""Letters of a note on an inch of a line."""


def draw(explained: Explained, trial: int, narrow: bool = False) -> Figure:
    """The model before one proposal; a trial without a model shows the evaluations alone. Call it within `look`.

    A `narrow` figure is for the width of a phone.
    """
    one = len(explained.metadata["axes"]) == 1
    figure = (curves if one else fields)(explained, trial, narrow)
    row, about = explained.rows[trial], explained.metadata
    width, height = figure.get_size_inches()
    figure.suptitle(
        title(explained, trial, width), x=0.02, y=1 - 0.09 / height, ha="left", va="top", fontsize=9, fontweight="bold"
    )
    notes = [] if one else legend(explained, row)
    if about["held"]:
        notes.append(_held(explained, trial))
    text = "\n".join(textwrap.wrap(" ".join(notes), int(_PER_INCH * width)))
    figure.text(0.02, 0.05 / height, text, fontsize=6.3, color=MUTED, va="bottom")
    return figure


def _held(explained: Explained, trial: int) -> str:
    """What became of the parameters that are not shown."""
    row, held = explained.rows[trial], explained.metadata["held"]
    if row["curves"]:
        return f"Held at the proposal's values: {', '.join(held)}; evaluations are projected."
    ellipses = "the ellipses are of these two alone, and " if row["normal"] else ""
    return f"Not shown: {', '.join(held)}; {ellipses}evaluations are projected."


def sentence(explained: Explained, trial: int) -> str:
    """What a figure shows, in words."""
    row = explained.rows[trial]
    point = ", ".join(f"{name} = {row['configuration'][name]:.4g}" for name in explained.axes)
    loss = "it failed" if row["loss"] is None else f"its loss is {row['loss']:.4g}"
    if row["initial"] or row["normal"]:
        means = f"is {how(row)}"
    elif row["chosen"]:
        means = f"is chosen by {LABELS.get(row['chosen'], row['chosen'])}"
    elif row["model"]:
        means = "is drawn at random, without regard to the model"
    else:
        means = "is drawn without a model" if explained.metadata["shows_model"] else "is made without a model"
    return f"Proposal {trial + 1}, at {point}, {means}; {loss}."
