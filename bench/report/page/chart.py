"""What the page's script draws: the curves of every problem, as small as they can be without another step anywhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bench.report.page import look
from bench.report.page.document import Chart, Curve, Section, Series
from bench.report.style import Style

DIGITS = 7
"""Of a number in the chart; the files for download have all."""


def payload(sections: Sequence[Section], names: Mapping[Style, str]) -> list[dict[str, Any]]:
    """The charts of the sections that have one, as plain data for JSON."""
    return [{"name": section.title} | _chart(section.chart, names) for section in sections if section.chart is not None]


def _chart(chart: Chart, names: Mapping[Style, str]) -> dict[str, Any]:
    return {
        "band": chart.band,
        "x": [asdict(axis) for axis in chart.x],
        "y": [asdict(axis) for axis in chart.y],
        "series": [_series(series, names) for series in chart.series],
    }


def _series(series: Series, names: Mapping[Style, str]) -> dict[str, Any]:
    curves: dict[str, dict[str, Any]] = {}
    for (x, y), curve in series.curves.items():
        curves.setdefault(x, {})[y] = steps(curve)
    return {
        "label": series.label,
        "note": series.note,
        "look": names[series.style],
        "dash": look.dash(series.style.dash),
        "symbol": look.symbol(series.style.marker),
        "curves": curves,
    }


def steps(curve: Curve) -> dict[str, list[float | int | None]]:
    """The curve where it changes, and its end: `x`, `median` and, with a band, `lower` and `upper`.

    Of several steps at one x the last holds, as right-continuous steps say. Numbers have 7 significant digits, None is
    infinity or NaN.
    """
    x = _rounded(curve.x)
    parts = {
        name: _rounded(values)
        for name, values in (("median", curve.median), ("lower", curve.lower), ("upper", curve.upper))
        if name == "median" or len(values)
    }
    if len(x):
        last = np.append(x[1:] != x[:-1], True)
        x, parts = x[last], {name: values[last] for name, values in parts.items()}
        changes = np.zeros(len(x), bool)
        changes[[0, -1]] = True
        for values in parts.values():
            changes[1:] |= values[1:] != values[:-1]
        x, parts = x[changes], {name: values[changes] for name, values in parts.items()}
    return {"x": _plain(x)} | {name: _plain(values) for name, values in parts.items()}


def _rounded(values: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    rounded = np.array([float(f"{value:.{DIGITS}g}") for value in values])
    return np.where(np.isfinite(rounded), rounded, np.inf)


def _plain(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | int | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if abs(value) < 10**DIGITS and value == int(value) else value
