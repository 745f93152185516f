"""The features of a problem's data as a table, from the metadata of its runs."""

from collections.abc import Mapping
from typing import Any

from bench.report.tables.formats import NOTHING
from bench.report.tables.table import Cell, Head, Table
from bench.wording import one_line, plural


def features(data: Mapping[str, Any]) -> Table | None:
    """Each feature with its kind, levels, missing values and range; None where none is recorded."""
    columns = data.get("columns") or []
    if not columns:
        return None
    every = (data.get("numbers") or 0) + (data.get("categories") or 0)
    note = f"{plural(every - len(columns), 'feature')} more." if every > len(columns) else ""
    heads = (
        *(Head("feature", numeric=False), Head("kind", numeric=False)),
        *(Head("levels"), Head("missing"), Head("lowest"), Head("highest")),
    )
    rows = tuple(
        (
            Cell(one_line(column.get("name"))),
            Cell(one_line(column.get("kind"))),
            *(_cell(column.get(key)) for key in ("levels", "missing", "low", "high")),
        )
        for column in columns
    )
    return Table("Features", heads, rows, note)


def _cell(value: float | None) -> Cell:
    return Cell(NOTHING, float("nan")) if value is None else Cell(f"{value:g}", float(value))
