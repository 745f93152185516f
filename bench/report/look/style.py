"""How optimisers look: one colour, line and marker each, the same in every figure; and the look of the page."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.report.look.font import FAMILY

Dash = str | tuple[float, tuple[float, ...]]

SOLID: Dash = "-"
DASHED: Dash = (0, (4, 1.4))
DOTTED: Dash = (0, (1, 1.1))
DASH_DOT: Dash = (0, (5, 1.3, 1, 1.3))
LONG: Dash = (0, (8, 1.8))
DOUBLE_DOT: Dash = (0, (5, 1.3, 1, 1.3, 1, 1.3))
SPARSE: Dash = (0, (2.4, 2.6))


@dataclass(frozen=True)
class Style:
    """One optimiser's look; told apart by colour, and in grey by line and marker."""

    color: str
    dash: Dash
    marker: str


BASELINE = Style("#9a9a9a", SOLID, "")
"""Random search's exact median: a thin grey line without a marker."""

KNOWN = {
    # what every other is measured against
    "random": Style("#5b5b5b", DASHED, "x"),
    "random_2x": Style("#5b5b5b", LONG, "p"),
    "default": Style("#5b5b5b", SOLID, "d"),
    "sklearn_sampler": Style("#5b5b5b", DASH_DOT, "8"),
    "hyperopt_random": Style("#5b5b5b", DOUBLE_DOT, "<"),
    "optuna_qmc": Style("#5b5b5b", DOTTED, "+"),
    "grid": Style("#a8703a", DOTTED, "s"),
    # scikit-optimize
    "skopt_gp": Style("#0173b2", SOLID, "o"),
    "skopt_gp_ei": Style("#0173b2", DASHED, "s"),
    "skopt_gp_lcb": Style("#0173b2", DASH_DOT, "v"),
    "skopt_gp_pi": Style("#0173b2", DOTTED, "D"),
    "skopt_rf": Style("#4aa3df", DASHED, "v"),
    "skopt_et": Style("#4aa3df", DOTTED, "<"),
    # Hyperopt
    "hyperopt_tpe": Style("#de8f05", SOLID, "^"),
    "hyperopt_atpe": Style("#de8f05", LONG, "D"),
    "hyperopt_anneal": Style("#de8f05", DASH_DOT, ">"),
    # Optuna
    "optuna_tpe": Style("#029e73", SOLID, "D"),
    "optuna_tpe_multivariate": Style("#029e73", DASHED, "^"),
    "optuna_gp": Style("#332288", LONG, "h"),
    # CMA-ES
    "optuna_cmaes": Style("#b0479c", DASH_DOT, "P"),
    "optuna_cmaes_margin": Style("#b0479c", LONG, "s"),
    "cmaes_ipop": Style("#b0479c", DOTTED, "X"),
    "cmaes_bipop": Style("#b0479c", DASHED, "p"),
    "catcma": Style("#b0479c", SOLID, "*"),
    # SMAC
    "smac_rf": Style("#c23b22", LONG, "*"),
    "smac_gp": Style("#c23b22", SOLID, "s"),
    # Nevergrad
    "nevergrad": Style("#7a8b00", DASH_DOT, "X"),
    "nevergrad_de": Style("#7a8b00", SOLID, "<"),
    "nevergrad_pso": Style("#7a8b00", DASHED, "D"),
    # BoTorch and Ax
    "botorch_gp": Style("#332288", SOLID, "v"),
    "botorch_turbo": Style("#332288", DASHED, "P"),
    "ax": Style("#332288", DOTTED, "^"),
}
"""By name, each look its own: a library keeps its colour, and in grey no two share both line and marker.

The colours are close to those of seaborn's palette "colorblind", some of them darker, to be read on white.
"""

_COLORS = ("#0173b2", "#de8f05", "#029e73", "#c23b22", "#b0479c", "#a8703a", "#332288", "#7a8b00", "#4aa3df", "#5b5b5b")
_DASHES = (LONG, DASHED, DASH_DOT, DOTTED, SOLID, DOUBLE_DOT, SPARSE)
_MARKERS = ("p", "d", "8", "<", ">", "h", "H")
_SPARE = tuple(
    Style(color, dash, _MARKERS[(i + j) % len(_MARKERS)])
    for j, dash in enumerate(_DASHES)
    for i, color in enumerate(_COLORS)
    if (color, dash) not in {(style.color, style.dash) for style in KNOWN.values()}
)


def styles(labels: Iterable[str]) -> dict[str, Style]:
    """The style of each label.

    Known names have their own. Any other has the one that its name's SHA-256 points to, whoever else is there; only
    where two of them meet does the later in alphabetical order move on to the next free one.
    """
    looks = {}
    taken = set()
    for label in sorted(set(labels)):
        if label in KNOWN:
            looks[label] = KNOWN[label]
            continue
        start = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
        places = [(start + step) % len(_SPARE) for step in range(len(_SPARE))]
        place = next((place for place in places if place not in taken), places[0])
        taken.add(place)
        looks[label] = _SPARE[place]
    return looks


def darker(color: str, share: float = 0.25) -> str:
    """The colour with a share of black, for text."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * (1 - share)):02x}" for part in parts)


INK, MUTED, GRID = "#222222", "#666666", "#e6e6e6"

RC: dict[str, Any] = {
    "font.family": FAMILY,
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#888888",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": "#888888",
    "ytick.color": "#888888",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "butt",
    "text.color": INK,
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "savefig.dpi": 220,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "hpo-compare",
}
"""Over Matplotlib's own defaults: the user's matplotlibrc has no say, so that a figure is the same everywhere."""
