"""Figures, as PDF, SVG and PNG: each decides what is shown, as plain data, then draws it.

`canvas` has the look and the files, `labels` the places of direct labels, `steps` the step curves that most figures
are made of; `curves` shows loss against evaluations. Draw and render within `look`.
"""

from bench.report.figures.canvas import FORMATS, look, render
from bench.report.figures.curves import limits, view
from bench.report.figures.labels import spread
from bench.report.figures.steps import Line, View, draw, ticks

__all__ = ["FORMATS", "Line", "View", "draw", "limits", "look", "render", "spread", "ticks", "view"]
