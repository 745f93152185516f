"""What the numbers are: quartiles over seeds, and the final values of a comparison."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

QUARTILES = {"lower": 0.25, "median": 0.5, "upper": 0.75}
KINDS = ("validation", "test")
"""The two losses that are shown: best validation loss, and the incumbent's test loss."""


def quartiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower quartile, median and upper quartile over the first axis: (runs, ...) -> (3, ...).

    With x_(0) <= ... <= x_(n-1) the sorted values of n runs, h = p (n - 1), i = floor(h) and g = h - i,

        Q(p) = x_(i)                          where g = 0 or x_(i) = x_(i+1)
        Q(p) = x_(i) + g (x_(i+1) - x_(i))    otherwise,

    which is the linear rule (type 7 of Hyndman and Fan, 1996; the default of NumPy, pandas and R) extended to
    infinities. A run without any success yet, or whose loss is unknown, stands at +inf (a NaN is taken as +inf): it
    counts as worse than every other and is never left out, so Q(p) is infinite as soon as an infinite value takes
    part in it. Without runs, NaN.
    """
    count = len(values)
    if count == 0:
        return np.full((len(QUARTILES), *values.shape[1:]), np.nan)
    ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
    quantiles = []
    for p in QUARTILES.values():
        i, g = place(p, count)
        quantiles.append(between(ordered[i], ordered[min(i + 1, count - 1)], g))
    return np.stack(quantiles)


def place(p: float, count: int) -> tuple[int, float]:
    """The i and g of `quartiles`: Q(p) of `count` values is x_(i) and the share g of the way to x_(i+1)."""
    h = p * (count - 1)
    return int(h), h - int(h)


def between(low: NDArray[np.float64], high: NDArray[np.float64], g: float) -> NDArray[np.float64]:
    """The share g of the way from `low` to `high`, infinite as soon as an infinity takes part; see `quartiles`."""
    with np.errstate(invalid="ignore", over="ignore"):
        interpolated: NDArray[np.float64] = np.where((low == high) | (g == 0), low, low + g * (high - low))
        too_far = np.isinf(high - low) & np.isfinite(low) & np.isfinite(high)
        if too_far.any():
            interpolated = np.where(too_far, (1 - g) * low + g * high, interpolated)
    return interpolated


def final(runs: pd.DataFrame, curves: pd.DataFrame, evaluations: int, by: str = "validation") -> pd.DataFrame:
    """One row per curve of one comparison, the least median loss of the kind `by` first (its quartiles, the name).

    `runs` and `curves` are those of `curves.Comparison`. Columns:
    - `label`; `runs`, their number; `trials` and `failed`, counts over all trials of all runs, beyond
      `evaluations` too; `without_success`, the number of runs in which no trial succeeded; `most`, how much of the
      budget the longest run spent, in trials or full evaluations;
    - `evaluations`: after how many of them the losses stand, the same for all curves; `exhausted` and `stopped`, the
      numbers of runs that were exhausted, or spent their seconds, before the end of the curve: carried on to it;
    - `validation_lower`, `_median`, `_upper` and `test_...`: quartiles over runs (see `quartiles`), +inf where
      undefined, NaN where the problem has no test part;
    - `optimizer_seconds`, `evaluation_seconds`: median over runs with trials of (sum over trials) / (number of
      trials), of ask + tell as charged, and of (sum over trials) / (their cost in full evaluations), of evaluations.
    """
    counts = (
        runs.assign(spent=runs["trials"] // runs["factor"])
        .groupby("label")
        .agg(
            runs=("seed", "size"),
            trials=("made", "sum"),
            failed=("failed", "sum"),
            without_success=("barren", "sum"),
            most=("spent", "max"),
        )
    )
    shown = runs["label"].map(curves.groupby("label")["evaluations"].max()) * runs["factor"]
    early = runs[runs["trials"] < shown]
    counts["exhausted"] = early[early["exhausted"]].groupby("label").size().reindex(counts.index, fill_value=0)
    counts["stopped"] = early[~early["exhausted"]].groupby("label").size().reindex(counts.index, fill_value=0)
    ran = runs[runs["trials"] > 0]
    for name, count in (("optimizer_seconds", "made"), ("evaluation_seconds", "cost")):
        counts[name] = (ran[name] / ran[count]).groupby(ran["label"]).median()
    at = curves[curves["evaluations"] == evaluations].set_index("label")
    losses = at[[f"{kind}_{name}" for kind in KINDS for name in QUARTILES]]
    table = counts.join(losses).assign(evaluations=evaluations).reset_index()
    order = [*(f"{by}_{name}" for name in ("median", "upper", "lower")), "label"]
    columns = ["label", "runs", "trials", "failed", "without_success", "most", "evaluations", "exhausted", "stopped"]
    columns += [*losses.columns, "optimizer_seconds", "evaluation_seconds"]
    return table.sort_values(order, ignore_index=True)[columns]
