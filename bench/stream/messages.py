"""What is sent: a row as a message, and a message as a row again."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.datasets import Dataset
from bench.errors import UserError, allowed

ORDERS = ("auto", "shuffled", "given", "time")
EXACT = 2**53
"""Whole numbers below it are written without a fraction."""
Cell = float | int | str | bool | None


class NoRow(ValueError):
    """A message that holds no row; says why."""


@dataclass(frozen=True)
class Row:
    """The features of a row by column, and its target where it is known: text of a class, else a number."""

    features: Mapping[str, Cell]
    target: str | float | None


def read(value: bytes | None) -> Row:
    """The row in a message: JSON such as `{"features": {"x": 1.5, "colour": "red"}, "target": "yes"}`.

    Raises `NoRow` where it is none.
    """
    try:
        content = json.loads(value or b"", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NoRow("is no JSON") from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, dict) or not features:
        raise NoRow('has no "features", a mapping from columns to values')
    cells = {name: _cell(name, cell) for name, cell in features.items()}
    target = content.get("target")
    if isinstance(target, bool) or not isinstance(target, str | int | float | None):
        raise NoRow("has a target that is neither number nor text")
    known = None if target == "" else _cell("target", target)
    assert not isinstance(known, bool)
    return Row(cells, known)


def _cell(name: str, cell: Any) -> Cell:
    """The value as a table can hold it: whole numbers beyond those that double precision holds become floats."""
    if isinstance(cell, int) and abs(cell) > EXACT:
        cell = float(cell) if abs(cell) < sys.float_info.max else math.inf
    if not isinstance(cell, Cell) or (isinstance(cell, float) and not math.isfinite(cell)):
        raise NoRow(f"has neither number nor text in column {name!r}")
    try:
        f"{name}{cell}".encode()
    except UnicodeEncodeError:
        raise NoRow("has text with half a character") from None
    return cell


def _no_number(word: str) -> Any:
    raise ValueError(word)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The features of rows as a table: columns in the order in which they first come, None where a row has none.

    A column is of text where one of its cells is.
    """
    names = dict.fromkeys(name for row in rows for name in row.features)
    columns = {name: [row.features.get(name) for row in rows] for name in names}
    for name, cells in columns.items():
        if any(isinstance(cell, str) for cell in cells):
            columns[name] = [_text(cell) for cell in cells]
    return pd.DataFrame(columns)


def _text(cell: Cell) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell)


class Source:
    """The rows of a dataset as messages, in an order; number n is also row n modulo their count, sent anew."""

    def __init__(self, dataset: Dataset, order: str = "auto", seed: int = 0) -> None:
        """`order`: shuffled by the seed, as given, along the dataset's time; auto is time where there is some."""
        if order not in ORDERS:
            raise UserError(f"--order={order}: {allowed(order, ORDERS)}")
        if order == "time" and dataset.times is None:
            raise UserError("--order=time: the dataset has no time; name its column with dataset.time=COLUMN")
        count = len(dataset.target)
        if dataset.times is not None and order in ("auto", "time"):
            self._order = np.argsort(dataset.times, kind="stable")
        elif order == "given":
            self._order = np.arange(count)
        else:
            self._order = np.random.default_rng(seed).permutation(count)
        self._names = [str(name) for name in dataset.features]
        series = [dataset.features.iloc[:, place] for place in range(dataset.features.shape[1])]
        categories = [each.cat if isinstance(each.dtype, pd.CategoricalDtype) else None for each in series]
        self._labels = [None if each is None else [*map(str, each.categories), None] for each in categories]
        self._values = [
            each.to_numpy() if codes is None else codes.codes.to_numpy()
            for each, codes in zip(series, categories, strict=True)
        ]
        self._target, self._classes = dataset.target, dataset.classes

    def __len__(self) -> int:
        return len(self._order)

    def message(self, number: int) -> tuple[str, bytes]:
        """The key of message `number`, which is the number itself, and its value."""
        row = self._order[number % len(self._order)]
        cells = (
            _plain(values[row]) if labels is None else labels[values[row]]
            for values, labels in zip(self._values, self._labels, strict=True)
        )
        target = self._target[row]
        content = {
            "features": dict(zip(self._names, cells, strict=True)),
            "target": self._classes[target] if self._classes else _plain(target),
        }
        return str(number), json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> float | int | None:
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < EXACT else number
