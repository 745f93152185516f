"""The cells of CSV files as values: numbers, losses, configurations; what is wrong is named by row and column."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench import texts
from bench.errors import UserError
from bench.results.imports import logs
from bench.space import Value

PARAMETER = "params_"
"""What the name of a column begins with that holds a hyperparameter."""
STATUS = ("ok", "failed", "timeout", "crashed")
_WHOLE = re.compile(r"(\d+)(\.0*)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def configurations(path: Path, cells: pd.DataFrame) -> list[dict[str, Value] | None]:
    """Each row's configuration, of its hyperparameters' columns and of a column of JSON; None without any."""
    names = [str(name) for name in cells if str(name).startswith(PARAMETER) and str(name) != PARAMETER]
    columns = {texts.line(name.removeprefix(PARAMETER)): values(cells[name].tolist()) for name in names}
    whole = parsed(path, cells, "configuration", _mapping) if "configuration" in cells else None
    if not columns and whole is None:
        return [None] * len(cells)
    rows: list[dict[str, Value] | None] = []
    for i in range(len(cells)):
        row = dict(whole[i]) if whole else {}
        rows.append(row | {name: values[i] for name, values in columns.items() if values[i] is not None})
    return rows


def values(cells: Sequence[str]) -> list[Value]:
    """A column as whole numbers, numbers, booleans or text, whichever all of it is; None where a cell is empty."""
    filled = [cell for cell in cells if cell]
    if all(_INTEGER.fullmatch(cell) for cell in filled):
        return [int(cell) if cell else None for cell in cells]
    if all(logs.NUMBER.fullmatch(cell) and logs.finite(cell) is not None for cell in filled):
        return [float(cell) if cell else None for cell in cells]
    if set(filled) <= {"True", "False"}:
        return [cell == "True" if cell else None for cell in cells]
    return [logs.plain(cell) if cell else None for cell in cells]


def _mapping(text: str) -> dict[str, Value]:
    try:
        values = logs.loads(text) if text else {}
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ValueError("a configuration as JSON, or nothing")
    return logs.flat(values)


def parsed(path: Path, cells: pd.DataFrame, column: str, parse: Callable[[str], Any]) -> list[Any]:
    """A column's values; `parse` raises `ValueError` with what was expected. A column that is missing is empty."""
    if column not in cells:
        return [parse("")] * len(cells)
    values: dict[str, Any] = {}
    for place, text in zip(cells.index, cells[column], strict=True):
        if text not in values:
            try:
                values[text] = parse(text)
            except ValueError as error:
                raise logs.wrong(path.name, f"row {place}", column, text, str(error)) from None
            except UserError:
                expected = "letters, digits, '.', '_' and '-', as it names a folder"
                raise logs.wrong(path.name, f"row {place}", column, text, expected) from None
    return [values[text] for text in cells[column]]


def whole(text: str, most: int) -> int:
    """A whole number from 0 to `most`; raises `ValueError` with what was expected, as those below do."""
    match = _WHOLE.fullmatch(text)
    if not match or len(match[1]) > 19 or int(match[1]) > most:
        raise ValueError(f"a whole number from 0 to {most}")
    return int(match[1])


def number(text: str) -> float | None:
    """A finite number, or None for nothing."""
    if text.lower() in logs.NO_NUMBER:
        return None
    if not logs.NUMBER.fullmatch(text) or logs.finite(text) is None:
        raise ValueError("a finite number such as 0.25 or 1e-3, or nothing")
    return float(text)


def loss(text: str) -> tuple[float | None, str]:
    """The loss, or None and why there is none."""
    if text.lower() in logs.INFINITE:
        return None, f"loss is {text}"
    return number(text), f"loss is {text}" if text else "no loss"


def seconds(text: str) -> float:
    """Seconds from 0, or NaN for nothing."""
    value = number(text)
    if value is not None and value < 0:
        raise ValueError("a number of seconds from 0, or nothing")
    return float("nan") if value is None else value


def lasted(text: str) -> float:
    """A duration as pandas writes it, `0 days 00:00:01.5`; NaN where it is none."""
    try:
        seconds = pd.Timedelta(text).total_seconds()
    except (ValueError, OverflowError):
        return float("nan")
    return float(seconds) if seconds >= 0 else float("nan")


def status(text: str) -> str:
    """One of `STATUS`, or nothing."""
    if text.lower() not in ("", *STATUS):
        raise ValueError(f"{', '.join(STATUS)}, or nothing")
    return text.lower()
