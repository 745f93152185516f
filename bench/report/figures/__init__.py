"""Figures, as PDF, SVG and PNG: each decides what is shown, as plain data, then draws it.

`canvas` has the look and the files, `words` measures text, `labels` gives direct labels their places, `scales` marks
axes, `steps` draws the step curves that most figures are made of; `curves` shows loss against evaluations, `lines`
any other frame of step lines. Draw and render within `look`, which takes a venue's paper.
"""

from bench.report.figures.canvas import FORMATS, look, render
from bench.report.figures.curves import limits, view
from bench.report.figures.labels import spread
from bench.report.figures.lines import ecdf, overhead, rank, regret, seconds
from bench.report.figures.scales import ticks
from bench.report.figures.steps import Axis, Line, View, draw

__all__ = [
    "FORMATS",
    "Axis",
    "Line",
    "View",
    "draw",
    "ecdf",
    "limits",
    "look",
    "overhead",
    "rank",
    "regret",
    "render",
    "seconds",
    "spread",
    "ticks",
    "view",
]
