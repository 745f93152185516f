"""Figures, as PDF, SVG and PNG: each decides what is shown, as plain data, then draws it.

`canvas` has the look and the files, `words` measures text, `labels` gives direct labels their places, `scales` marks
axes, `steps` draws the step curves that most figures are made of. `curves` shows loss against evaluations, `lines` any
other frame of step lines, `points` runs as points, `aggregate` scores over problems, `critical` and `improvement` how
optimisers compare, `attainment` which trade-offs of two losses they reach, `fidelity` where cost went and how well low
fidelities rank, `workers` what several of them gain,
`visits` where they looked, in `panels`, `importance` what matters there. Draw and render within `look`, which takes a
venue's paper.
"""

from bench.report.figures.aggregate import scores
from bench.report.figures.attainment import attainment
from bench.report.figures.canvas import FORMATS, look, render, see_through
from bench.report.figures.critical import critical_difference
from bench.report.figures.curves import limits, view
from bench.report.figures.fidelity import agreement, spending
from bench.report.figures.importance import importance
from bench.report.figures.improvement import improvement
from bench.report.figures.labels import spread
from bench.report.figures.lines import ecdf, overhead, profiles, rank, regret, seconds
from bench.report.figures.points import final, generalisation
from bench.report.figures.scales import ticks
from bench.report.figures.steps import Axis, Line, View, draw
from bench.report.figures.visits import Scale, coordinates, slices

__all__ = [
    "FORMATS",
    "Axis",
    "Line",
    "Scale",
    "View",
    "agreement",
    "attainment",
    "coordinates",
    "critical_difference",
    "draw",
    "ecdf",
    "final",
    "generalisation",
    "importance",
    "improvement",
    "limits",
    "look",
    "overhead",
    "profiles",
    "rank",
    "regret",
    "render",
    "scores",
    "seconds",
    "see_through",
    "slices",
    "spending",
    "spread",
    "ticks",
    "view",
]
