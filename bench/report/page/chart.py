"""What the page's script draws: the curves of every problem, as small as they can be without another step anywhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.report.look.style import Style
from bench.report.page import look
from bench.report.page.document import Chart, Curve, Section, Series

Values = NDArray[np.float64]

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
        "incumbents": [[point.x, point.y, point.seed, point.configuration] for point in series.incumbents],
        "curves": curves,
    }


def steps(curve: Curve) -> dict[str, list[float | int | None]]:
    """The curve where it changes, and its end: `x`, `median` and, with a band, `lower` and `upper`.

    Of several steps at one x the last holds, as right-continuous steps say. Numbers have 7 significant digits, None is
    infinity or NaN.
    """
    names = ["x", "median", *(["lower", "upper"] if len(curve.lower) else [])]
    values = np.array([getattr(curve, name) for name in names], dtype=np.float64)
    values[~np.isfinite(values)] = np.inf
    values = _changes(values)  # before rounding too, which is slow
    rounded = np.array([[float(f"{value:.{DIGITS}g}") for value in row] for row in values.tolist()])
    return {
        name: [_number(value) for value in row] for name, row in zip(names, _changes(rounded).tolist(), strict=True)
    }


def _changes(values: Values) -> Values:
    """The columns where any but the first row, x, changes, with the last; of columns with one x the last."""
    if not values.size:
        return values
    values = values[:, np.append(values[0, 1:] != values[0, :-1], True)]
    changes = np.append(True, (values[1:, 1:] != values[1:, :-1]).any(axis=0))
    changes[-1] = True
    return values[:, changes]


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if abs(value) < 10**DIGITS and value == int(value) else value
