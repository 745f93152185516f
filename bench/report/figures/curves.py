"""Loss against evaluations, validation and test: what the main figures of a comparison show."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.report.figures.steps import Axis, Line, View, baseline_of
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.statistics import quartiles

_AXIS = {"validation": "best validation loss", "test": "test loss of the incumbent"}
_AXIS_OF_FUNCTION = {"validation": "best value", "test": "value of the incumbent without noise"}


def view(comparison: Comparison, kind: str, styles: Mapping[str, Style], baseline: pd.DataFrame | None = None) -> View:
    """What the figure of one kind (validation, test) of loss shows, in the order of the table.

    `baseline` (evaluations, median), random search's exact median curve, lies thin and grey under the others.
    """
    curves = comparison.curves
    bottom, top = limits(curves, kind)
    lines = []
    for row in comparison.final.to_dict("records"):
        part = curves[curves["label"] == row["label"]]
        median = part[f"{kind}_median"].to_numpy()
        line = Line(
            label=row["label"],
            remark=", ".join(_remarks(row, part, kind, comparison, top)),
            x=part["evaluations"].to_numpy(dtype=np.float64),
            lower=part[f"{kind}_lower"].to_numpy(),
            median=median,
            upper=part[f"{kind}_upper"].to_numpy(),
            band=row["runs"] > 1,
            end=row["most"],
            style=styles[row["label"]],
        )
        lines.append(line)
    return View(
        title=comparison.title,
        x=evaluations(comparison.longest),
        y=Axis(_axis(comparison, kind), bottom, top),
        lines=(*lines, *baseline_of(baseline)),
        remarks=tuple(_caption(comparison, lines, top)),
    )


def evaluations(longest: int, log: bool = False) -> Axis:
    """The axis of evaluations: to a little after the last, so that its step is seen."""
    high = longest + max(0.5, 0.012 * longest)
    return Axis("evaluations", 1 if longest > 1 else 0.5, high, log=log, counts=True)


def _axis(comparison: Comparison, kind: str) -> str:
    if comparison.without_data:
        return _AXIS_OF_FUNCTION[kind]
    return f"{_AXIS[kind]}{' ' if len(comparison.metric) < 12 else chr(10)}({comparison.metric})"


def limits(curves: pd.DataFrame, kind: str) -> tuple[float, float]:
    """The range of losses in which curves differ, so that neither a bad start nor a diverged run hides it.

    What counts are the points after the first quarter of the evaluations (at least two, where there are more), and the
    last point of each curve. Let b be the least lower quartile there, and u_c, of curve c, the largest finite upper
    quartile, or median where there is none. In ascending order of the u_c - b, d is the first positive one from their
    lower median on, of two curves the larger. The axis reaches from b to the largest u_c that is at most b + 5 d, and
    on to each curve's last median that is at most b + 15 d. A margin of 4 % is added on both sides; what is above is
    outside.
    """
    lower, median, upper = (f"{kind}_{name}" for name in quartiles.QUARTILES)
    longest = int(curves["evaluations"].max())
    early = min(max(2, math.ceil(longest / 4)), longest - 1)
    last = ~curves.duplicated("label", keep="last")
    finite = curves[(curves["evaluations"] > early) | last].replace(np.inf, np.nan)
    bottom = finite[lower].min()
    highest = finite.groupby("label")[[upper, median]].max()
    above = np.sort((highest[upper].fillna(highest[median]) - bottom).dropna().to_numpy())
    usual = above[min(max(1, (len(above) - 1) // 2), len(above) - 1) :] if len(above) else above
    if math.isnan(bottom) or not (usual > 0).any():
        middle = 0.0 if math.isnan(bottom) else float(bottom)
        margin = abs(middle) * 0.05 or 0.05
        return middle - margin, middle + margin
    d = usual[usual > 0][0]
    ends = curves.loc[last, median].to_numpy() - bottom
    height = float(max(above[above <= 5 * d].max(), ends[ends <= 15 * d].max(initial=0.0)))
    return float(bottom - 0.04 * height), float(bottom + 1.04 * height)


def _remarks(
    row: Mapping[Any, Any], curve: pd.DataFrame, kind: str, comparison: Comparison, top: float
) -> Iterator[str]:
    """What a curve's label must not hide."""
    last, end = curve[f"{kind}_median"].iloc[-1], curve["evaluations"].iloc[-1]
    if end < comparison.longest:
        yield f"ends at {end}"
    if not math.isfinite(last):
        yield "no median"
    elif last > top:
        yield f"above, at {last:.4g}"
    if row["runs"] < comparison.final["runs"].max():
        yield f"n = {row['runs']}"
    if row["failed"]:
        yield f"{row['failed']} of {row['trials']} failed"


def _caption(comparison: Comparison, lines: Sequence[Line], top: float) -> Iterator[str]:
    """The lines under a figure: what is drawn, what is cut off, what is carried on."""
    most, least = int(comparison.final["runs"].max()), int(comparison.final["runs"].min())
    if most == 1:
        yield "One run each."
    else:
        fewer = " (fewer where n is given)" if least < most else ""
        yield f"Median and quartiles of {most} runs{fewer}."
    shown = np.concatenate([values for line in lines for values in (line.median, line.upper)])
    highest = float(shown[np.isfinite(shown)].max(initial=-np.inf))
    if highest > top:
        yield f"Loss axis cut off at {top:.3g}; curves and bands reach {highest:.3g}."
    for row in comparison.final.to_dict("records"):
        for reason in ("exhausted", "stopped"):
            if row[reason]:
                why = "exhausted" if reason == "exhausted" else "out of seconds"
                count = "" if row[reason] == row["runs"] else f"{row[reason]} of {row['runs']} runs "
                after = f" after {row['most']}" if not count else ""
                yield f"{row['label']}: {count}{why}{after}, last loss carried on."
