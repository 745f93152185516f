"""Step lines of a frame, one a label: loss against seconds, regret, rank over the budget, targets reached, overhead.

A frame has one row a point, the points of a label in ascending order of x. A step holds its value until the next point;
nothing stands between. Where there are `lower` and `upper` they are a band, where there are `runs` a label says that it
has fewer than others. `more` ends the caption. Each function returns a figure; call it within `look`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.report.figures.curves import evaluations, limits, logarithmic
from bench.report.figures.steps import LOGARITHMIC, Axis, Line, View, baseline_of, cut_off, draw, of_runs, unpaid
from bench.report.look.style import Style
from bench.report.runs.curves import EVALUATIONS

Styles = Mapping[str, Style]
Values = NDArray[np.float64]

_TINY = 1e-300
"""Where a logarithmic axis begins at the earliest; its inverse is where it ends at the latest."""
_DECADES = 12
"""A logarithmic axis has no more: what is less than that is rounding."""


def seconds(
    frame: pd.DataFrame, styles: Styles, title: str, axis: str = "best validation loss", more: str = ""
) -> Figure:
    """Best loss against charged seconds: label, seconds, lower, median, upper, runs.

    Charged are the seconds of the optimiser and of its evaluations. They are on a logarithmic axis where the
    longest curve lasts 8 times the shortest or more.
    """
    ends = frame.groupby("label", sort=False)["seconds"].max()
    positive = frame.loc[frame["seconds"] > 0, "seconds"]
    log = bool(len(positive)) and float(ends.max()) >= 8 * float(ends.min())
    low, high = (float(positive.min()), float(ends.max()) * 1.06) if log else (0.0, float(ends.max()) * 1.012)
    shares = np.ceil(100 * frame["seconds"] / frame["label"].map(ends).replace(0, 1)).astype(int)
    renamed = _renamed(frame.assign(evaluations=shares))
    log_loss = logarithmic(renamed, "loss")
    bottom, top = limits(renamed, "loss", log_loss)
    view = View(
        title,
        Axis("charged seconds", low, high if high > low else low + 1, log),
        Axis(axis, bottom, top, log_loss),
        _lines(frame, "seconds", styles, top),
        (),
    )
    remarks = (*_caption(frame), *([LOGARITHMIC] if log_loss else []), cut_off(view), *unpaid(view.lines), more)
    return draw(replace(view, remarks=tuple(each for each in remarks if each)))


def regret(
    frame: pd.DataFrame,
    styles: Styles,
    title: str,
    axis: str = "regret: loss above the best known",
    baseline: pd.DataFrame | None = None,
    remark: str = "",
    against: str = EVALUATIONS,
    more: str = "",
) -> Figure:
    """Regret against evaluations on logarithmic axes: label, evaluations, lower, median, upper, runs.

    A median of 0 leaves the axis at its bottom, and its label says so. `baseline` (evaluations, median) lies under.
    """
    bottom, top = _positive(frame)
    lines = _lines(frame, "evaluations", styles, top, log=True)
    return draw(
        View(
            title,
            evaluations(int(frame["evaluations"].max()), log=True, against=against),
            Axis(axis, bottom, top, log=True),
            (*lines, *baseline_of(baseline)),
            (*_caption(frame), *(each for each in (remark, *unpaid(lines), more) if each)),
        )
    )


def rank(
    frame: pd.DataFrame,
    styles: Styles,
    title: str,
    axis: str = "average rank (1 is best)",
    against: str = EVALUATIONS,
) -> Figure:
    """Average rank over the budget: label, evaluations, rank, problems."""
    ranks = frame["rank"].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(ranks)), float(np.nanmax(ranks))
    margin = 0.05 * (high - low) or 0.5
    return draw(
        View(
            title,
            evaluations(int(frame["evaluations"].max()), against=against),
            Axis(axis, low - margin, high + margin),
            _lines(frame.assign(median=frame["rank"]), "evaluations", styles, math.inf),
            (_problems(frame),),
        )
    )


_PROFILE = "The share of all runs with at most that score, higher is better. 0: the best loss known; 1: random search."


def profiles(frame: pd.DataFrame, styles: Styles, title: str, axis: str = "share of runs") -> Figure:
    """Performance profiles of `aggregates.profiles`: label, tau, share, low, high; higher is better."""
    banded = bool(frame["low"].notna().all())
    shown = frame.assign(median=frame["share"])
    if banded:
        shown = shown.assign(lower=frame["low"], upper=frame["high"], runs=2)
    highest = max(0.05, float(shown[["share", *(["high"] if banded else [])]].to_numpy().max()))
    band = " Bands: 95 %, at each score by itself." if banded else ""
    return draw(
        View(
            title,
            Axis("score", *_span(frame["tau"])),
            Axis(axis, -0.015 * highest, 1.03 * highest),
            _lines(shown, "tau", styles, math.inf),
            (f"{_PROFILE}{band}",),
        )
    )


def _span(values: pd.Series) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def ecdf(
    frame: pd.DataFrame,
    styles: Styles,
    title: str,
    axis: str = "share of targets reached",
    remark: str = "Targets are losses that single draws of random search reach, from one in two to the lowest of all.",
    against: str = EVALUATIONS,
    more: str = "",
) -> Figure:
    """Share of (run, target) pairs reached, against evaluations on a logarithmic axis: label, evaluations, share."""
    highest = min(1.0, max(0.05, 1.08 * float(frame["share"].max())))
    lines = _lines(frame.assign(median=frame["share"]), "evaluations", styles, math.inf)
    return draw(
        View(
            title,
            evaluations(int(frame["evaluations"].max()), log=True, against=against),
            Axis(axis, -0.015 * highest, 1.015 * highest),
            lines,
            tuple(each for each in (remark, *unpaid(lines), more) if each),
        )
    )


def overhead(
    frame: pd.DataFrame, styles: Styles, title: str, axis: str = "optimiser's seconds a trial", more: str = ""
) -> Figure:
    """Seconds of ask and tell, on a logarithmic axis, against trials made: label, evaluations, lower, median, upper.

    `trials`, where it is there, says of how many trials each point is the mean.
    """
    bottom, top = _positive(frame)
    every = int(frame["trials"].max()) if "trials" in frame else 1
    if every > 1:  # the last window goes on to its last trial
        ends = frame.groupby("label", sort=False).tail(1)
        ends = ends.assign(evaluations=ends["evaluations"] + ends["trials"] - 1)
        frame = pd.concat([frame, ends[ends["trials"] > 1]]).sort_values("evaluations", kind="stable")
    return draw(
        View(
            title,
            replace(evaluations(int(frame["evaluations"].max())), label="trials"),
            Axis(axis, bottom, top, log=True),
            _lines(frame, "evaluations", styles, top, log=True),
            (
                *_caption(frame),
                *([f"A point is the mean of {every} trials."] if every > 1 else []),
                *([more] if more else []),
            ),
        )
    )


def _lines(frame: pd.DataFrame, x: str, styles: Styles, top: float, log: bool = False) -> tuple[Line, ...]:
    most = int(frame["runs"].max()) if "runs" in frame else 1
    lines = []
    for label, part in frame.groupby("label", sort=False):
        median = part["median"].to_numpy(dtype=np.float64)
        band = "lower" in part and most > 1
        runs = int(part["runs"].max()) if "runs" in part else most
        fewer = [f"n = {runs}"] if runs < most else []
        line = Line(
            label=str(label),
            remark=", ".join([*_remarks(median, top, log), *fewer]),
            x=part[x].to_numpy(dtype=np.float64),
            lower=part["lower"].to_numpy(dtype=np.float64) if band else median,
            median=np.where(np.isnan(median), np.inf, median),
            upper=part["upper"].to_numpy(dtype=np.float64) if band else median,
            band=band and runs > 1,
            end=math.inf,
            style=styles[str(label)],
            paid=float(part["paid"].iloc[0]) if "paid" in part else 0.0,
        )
        lines.append(line)
    return tuple(lines)


def _remarks(median: Values, top: float, log: bool) -> Iterator[str]:
    """What a curve's label must not hide of its end."""
    last = median[-1]
    if not math.isfinite(last):
        yield "no median"
    elif last > top:
        yield f"above, at {last:.4g}"
    elif log and last <= 0:
        yield "reaches 0" if last == 0 else "better than the best known"


def _caption(frame: pd.DataFrame) -> Iterator[str]:
    if "runs" in frame:
        runs = frame.groupby("label")["runs"].max()
        yield of_runs(int(runs.max()), int(runs.min()), int((runs > 1).sum()) if "lower" in frame else 0)


def _problems(frame: pd.DataFrame) -> str:
    counts = frame["problems"]
    several = f"{counts.min()} to {counts.max()}" if counts.min() < counts.max() else f"{counts.max()}"
    return f"Mean rank over {several} problem{'s' if counts.max() > 1 else ''} that every optimiser was run on."


def _positive(frame: pd.DataFrame) -> tuple[float, float]:
    """The range of what is above 0: of all medians, and of the bands to a tenth of the least and ten times the largest.

    With a median at or below 0 at a curve's end it goes on a little below the least, so that the fall is seen.
    """
    median = frame["median"].to_numpy(dtype=np.float64)
    shown = median[np.isfinite(median) & (median > 0)]
    if len(shown) == 0:
        return 0.1, 1.0
    least, most = float(shown.min()), float(shown.max())
    for name in ("lower", "upper"):
        if name in frame:
            band = frame[name].to_numpy(dtype=np.float64)
            within = band[(band > 0) & (band >= least / 10) & (band <= most * 10)]
            least, most = min(least, float(within.min(initial=least))), max(most, float(within.max(initial=most)))
    least = max(least, most * 10.0**-_DECADES, 2 * _TINY)
    most = max(most, least)
    margin = (most / least) ** 0.04 if most > least else 2.0
    fall = (most / least) ** 0.06 if (median <= 0).any() else 1.0
    return max(least / margin / fall, _TINY), min(most, 1 / _TINY) * margin


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """As `limits` takes it; a curve without a band is its own."""
    names: Sequence[str] = ("lower", "median", "upper")
    return frame.assign(**{f"loss_{name}": frame[name if name in frame else "median"] for name in names})
