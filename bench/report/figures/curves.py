"""Loss against evaluations, validation and test: what the main figures of a comparison show."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.report.figures import scales
from bench.report.figures.steps import LOGARITHMIC, Axis, Line, View, baseline_of, cut_off, of_runs, unpaid
from bench.report.look.style import Style
from bench.report.runs.curves import EVALUATIONS, Comparison
from bench.report.statistics import quartiles


def view(
    comparison: Comparison,
    kind: str,
    styles: Mapping[str, Style],
    baseline: pd.DataFrame | None = None,
    more: str = "",
) -> View:
    """What the figure of one kind (validation, test) of loss shows, in the order of the table.

    `baseline` (evaluations, median), random search's exact median curve, lies thin and grey under the others.
    `more` ends the caption.
    """
    curves = comparison.curves
    log = logarithmic(curves, kind)
    bottom, top = limits(curves, kind, log)
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
            paid=comparison.paid(str(row["label"])),
        )
        lines.append(line)
    view = View(
        title=comparison.title,
        x=evaluations(comparison.longest, against=comparison.against),
        y=Axis(_axis(comparison, kind), bottom, top, log),
        lines=(*lines, *baseline_of(baseline)),
        remarks=(),
    )
    return replace(view, remarks=(*_caption(comparison, view), *([more] if more else [])))


def evaluations(longest: int, log: bool = False, against: str = EVALUATIONS) -> Axis:
    """The axis of evaluations: to a little after the last, so that its step is seen."""
    high = longest + max(0.5, 0.012 * longest)
    return Axis(against, 1 if longest > 1 else 0.5, high, log=log, counts=True)


def _axis(comparison: Comparison, kind: str) -> str:
    if comparison.without_data or comparison.objectives is not None:
        return comparison.named(kind)
    return f"{comparison.named(kind)}{' ' if len(comparison.metric) < 12 else chr(10)}({comparison.metric})"


def logarithmic(curves: pd.DataFrame, kind: str) -> bool:
    """Whether losses are drawn on a logarithmic axis: all are positive, and their `limits` there over two decades.

    Of three curves or more that must hold without the one that ends worst too: one that diverges makes no decades.
    """
    values = curves[[f"{kind}_{name}" for name in quartiles.QUARTILES]].to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    if len(finite) == 0 or finite.min() < scales.LEAST or finite.max() > 1 / scales.LEAST:
        return False
    ends = curves.groupby("label")[f"{kind}_median"].last()
    parts = [curves, *([curves[curves["label"] != ends.idxmax()]] if len(ends) > 2 else [])]
    spans = [limits(part, kind, log=True) for part in parts]
    return all(math.log10(high / low) / 1.08 > scales.MOST_LINEAR for low, high in spans)


def limits(curves: pd.DataFrame, kind: str, log: bool = False) -> tuple[float, float]:
    """The range of losses in which curves differ, so that neither a bad start nor a diverged run hides it.

    What counts are the points after the first quarter of the evaluations (at least two, where there are more), and the
    last point of each curve. Let b be the least lower quartile there, and u_c, of curve c, the largest finite upper
    quartile, or median where there is none. In ascending order of the u_c - b, d is the first positive one from their
    lower median on, of two curves the larger. The axis reaches from b to the largest u_c that is at most b + 5 d, and
    on to each curve's last median that is at most b + 15 d. A margin of 4 % is added on both sides; what is above is
    outside. With `log` all this holds of their logarithms; losses must be positive.
    """
    lower, median, upper = (f"{kind}_{name}" for name in quartiles.QUARTILES)
    if log:
        logs = {name: np.log10(curves[name].to_numpy(dtype=np.float64)) for name in (lower, median, upper)}
        low, high = limits(curves.assign(**logs), kind)
        return 10.0**low, 10.0**high
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
    if comparison.paid(str(row["label"])) > end:
        yield "no full evaluation"
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


def _caption(comparison: Comparison, view: View) -> Iterator[str]:
    """The lines under a figure: what is drawn, what is cut off, what is carried on."""
    most, least = int(comparison.final["runs"].max()), int(comparison.final["runs"].min())
    yield of_runs(most, least, sum(line.band for line in view.lines))
    if view.y.log:
        yield LOGARITHMIC
    if beyond := cut_off(view):
        yield beyond
    yield from unpaid(view.lines)
    for row in comparison.final.to_dict("records"):
        for reason in ("exhausted", "stopped"):
            if row[reason]:
                why = "exhausted" if reason == "exhausted" else "out of seconds"
                count = "" if row[reason] == row["runs"] else f"{row[reason]} of {row['runs']} runs "
                after = f" after {row['most']}" if not count else ""
                yield f"{row['label']}: {count}{why}{after}, last loss carried on."
