"""Rows of values that have types already: JSON lines, Excel, and what pandas stored of an index."""

import importlib
import io
import json
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from bench.config import extras
from bench.datasets import cells
from bench.datasets.cells import Notation
from bench.errors import UserError

_HALVES = re.compile("[\ud800-\udfff]")
"""What an escape of JSON can stand for alone, and no text can hold: half of a letter beyond the first 65,536."""


def json_lines(text: str, notation: Notation, path: object) -> pd.DataFrame:
    """One JSON object a line, whose keys are the columns; a key that an object lacks is missing there."""
    columns: dict[str, list[Any]] = {}
    rows = 0
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        if not rows and line.lstrip().startswith("["):
            way = "write one object a line, as pandas does by to_json(path, orient='records', lines=True)"
            raise UserError(f"dataset.path: {path} holds a JSON array, not JSON lines; {way}")
        try:
            entry = json.loads(line.strip(), object_pairs_hook=_once, parse_constant=_constant)
            if "\\u" in line and (half := _HALVES.search(json.dumps(entry, ensure_ascii=False))):
                raise ValueError(rf"\u{ord(half[0]):04x} is half of a letter")
        except (ValueError, RecursionError) as error:
            raise _unreadable(path, "JSON lines", f"line {number}: {error}") from None
        if not isinstance(entry, dict):
            raise _unreadable(path, "JSON lines", f"line {number} holds no object, {{...}}")
        for name in entry:
            values = columns.setdefault(name, [])
            values.extend([None] * (rows - len(values)))
            values.append(entry[name])
        rows += 1
    if not rows:
        raise UserError(f"dataset.path: {path} is empty; expected a JSON object a line")
    for values in columns.values():
        values.extend([None] * (rows - len(values)))
    return _frame(list(columns), columns.values(), notation)


def without_index(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The frame without the index that pandas stored of it, which is no column, and a note of what it is called."""
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return frame, []
    named = [repr(str(name)) for name in frame.index.names if name is not None]
    called = f", {', '.join(named)}," if named else ""
    way = "; write the file after reset_index() where it is a feature" if named else ""
    return frame.reset_index(drop=True), [f"the index that pandas stored{called} is left out{way}"]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} occurs twice")
    return entry


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


def excel(content: bytes, notation: Notation, path: object) -> tuple[pd.DataFrame, str]:
    """The first sheet, with column names in its first row, and how it was read.

    A formula's value is what Excel saved of it.
    """
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ModuleNotFoundError as error:
        raise UserError(f"dataset.path: {path}: Excel {extras.missing(error.name or 'openpyxl')}") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = book.worksheets
        rows = [list(row) for row in sheets[0].iter_rows(values_only=True)] if sheets else []
        titles = [sheet.title for sheet in sheets]
    except Exception as error:  # noqa: BLE001 - what zipfile, parsers of XML and openpyxl raise has no common class
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _unreadable(path, "an Excel file", reason) from None
    while rows and all(value is None for value in rows[-1]):
        rows.pop()
    while rows and all(value is None for value in rows[0]):
        rows.pop(0)
    if not rows:
        raise UserError(f"dataset.path: {path} is empty; expected column names and rows in its first sheet")
    width = max(max((place for place, value in enumerate(row, 1) if value is not None), default=0) for row in rows)
    rows = [[*row[:width], *[None] * (width - len(row))] for row in rows]
    names = ["" if value is None else str(value) for value in rows[0]]
    frame = _frame(names, (list(column) for column in zip(*rows[1:], strict=True)) if rows[1:] else None, notation)
    others = f" (the first of {len(titles)} sheets)" if len(titles) > 1 else ""
    return frame, f"Excel, sheet {titles[0]!r}{others}"


def _frame(names: list[str], columns: Iterable[list[Any]] | None, notation: Notation) -> pd.DataFrame:
    """Each column by what it holds; names may repeat, or be empty."""
    if columns is None:
        return pd.DataFrame({place: [] for place in range(len(names))}).set_axis(names, axis=1)
    series = [cells.of_objects(values, notation) for values in columns]
    return pd.DataFrame(dict(enumerate(series)), copy=False).set_axis(names, axis=1)


def _unreadable(path: object, kind: str, reason: str) -> UserError:
    short = reason if len(reason) <= 200 else f"{reason[:197]}..."
    return UserError(f"dataset.path: {path} cannot be read as {kind} ({short}); write it again")
