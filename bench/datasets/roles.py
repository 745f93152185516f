"""Columns that are not features: what a row weighs, its group, its time, and its part in the user's own split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from bench.datasets.columns import as_numbers, encoded, first_row, kind_of
from bench.errors import UserError, allowed

ROLES = ("weight", "group", "time", "split")
"""The keys of a dataset's YAML that name such a column; absent or null: there is none."""
PARTS = ("train", "stop", "valid", "test")
"""What a split column may say."""


@dataclass(frozen=True, eq=False)
class Roles:
    """One entry a row, or None where no column has the role."""

    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | NDArray[np.float64] | None = None
    parts: NDArray[np.str_] | None = None

    def of(self, rows: NDArray[np.int64]) -> "Roles":
        """Those of some rows."""
        return Roles(**{name: None if values is None else values[rows] for name, values in vars(self).items()})


def named(config: Mapping[str, Any]) -> dict[str, str]:
    """The column that each role's key names, where it names one; no column may have two roles."""
    columns: dict[str, str] = {}
    for role in ROLES:
        column = config.get(role)
        if column is None:
            continue
        if not isinstance(column, str):
            raise UserError(f"dataset.{role}: found {column!r}; expected the name of a column")
        other = next((taken for taken, name in columns.items() if name == column), None)
        if other is not None:
            raise UserError(f"dataset.{role}: names {column!r}, and so does dataset.{other}; a column has one role")
        columns[role] = column
    return columns


def take(
    frame: pd.DataFrame, columns: Mapping[str, str], target: str, drop: Sequence[str], where: str
) -> tuple[pd.DataFrame, Roles]:
    """The frame without the columns that have a role, and what those hold, checked."""
    names = [str(name) for name in frame.columns]
    for role, column in columns.items():
        if column == target:
            raise UserError(f"dataset.{role}: names the target {column!r}; name another column")
        if column in drop:
            raise UserError(f"dataset.{role}: names {column!r}, which dataset.drop leaves out; take it out of drop")
        if column not in names:
            raise UserError(f"dataset.{role}: no column {column!r} in {where}; {allowed(column, names[:30])}")
    values = {
        _READ[role][0]: _READ[role][1](_whole(frame, names.index(column), role, where), f"dataset.{role}", where)
        for role, column in columns.items()
    }
    return frame.loc[:, [name not in columns.values() for name in names]], Roles(**values)


def _whole(frame: pd.DataFrame, place: int, role: str, where: str) -> pd.Series:
    """A column without missing values."""
    values = frame.iloc[:, place]
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(
            f"dataset.{role}: column {str(values.name)!r} of {where} has {missing.sum()} missing values, the first in "
            f"{first_row(missing, values)}; fill them in, or remove such rows"
        )
    return values


def _weights(values: pd.Series, key: str, where: str) -> NDArray[np.float64]:
    """Finite numbers >= 0, not all 0."""
    numbers = _numeric(values, key, where, "numbers from 0")
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    if wrong.any():
        raise _bad(values, key, where, f"{numbers[wrong][0]:g} in {first_row(wrong, values)}", "finite numbers from 0")
    if not numbers.any():
        raise _bad(values, key, where, "0 in every row", "some weight above 0")
    return numbers


def _groups(values: pd.Series, key: str, where: str) -> NDArray[np.int64]:
    """Codes 0..g-1 in the order of the groups' names, or numbers."""
    kind = kind_of(values)
    if kind not in ("number", "text"):
        raise _bad(values, key, where, f"{kind} values", "numbers or text")
    return encoded(values)[1]


def _times(values: pd.Series, key: str, where: str) -> NDArray[np.int64] | NDArray[np.float64]:
    """Numbers as they are; dates and times as whole numbers of one unit, counted from 1970 (UTC where none is said)."""
    kind, expected = kind_of(values), "numbers, or dates and times as ISO 8601 writes them (2024-12-31T23:59)"
    if types.is_integer_dtype(values):
        return np.asarray(values, dtype=np.int64)
    if kind == "number":
        numbers = as_numbers(values)
        wrong = ~np.isfinite(numbers)
        if wrong.any():
            raise _bad(values, key, where, f"{numbers[wrong][0]:g} in {first_row(wrong, values)}", expected)
        return numbers
    if kind not in ("text", "datetime", "datetime64", "date"):
        raise _bad(values, key, where, f"{kind} values", expected)
    texts = values.astype("str") if kind == "text" else values
    dates = pd.to_datetime(texts, format="ISO8601" if kind == "text" else None, utc=True, errors="coerce")
    wrong = dates.isna().to_numpy()
    if wrong.any():
        raise _bad(values, key, where, f"{values.iloc[int(wrong.argmax())]!r} in {first_row(wrong, values)}", expected)
    return np.asarray(dates.astype("int64"), dtype=np.int64)


def _parts(values: pd.Series, key: str, where: str) -> NDArray[np.str_]:
    """Each one of `PARTS`, with train and valid among them."""
    if kind_of(values) != "text":
        raise _bad(values, key, where, f"{kind_of(values)} values", f"the words {', '.join(PARTS)}")
    words = [str(word) for word in values.unique()]
    for word in words:
        if word not in PARTS:
            raise UserError(f"{key}: column {str(values.name)!r} of {where} holds {word!r}; {allowed(word, PARTS)}")
    for word in ("train", "valid"):
        if word not in words:
            raise _bad(values, key, where, f"no row of {word}", "rows of train and of valid at least")
    return np.asarray(values.astype("str"), dtype=np.str_)


def _numeric(values: pd.Series, key: str, where: str, expected: str) -> NDArray[np.float64]:
    kind = kind_of(values)
    if kind != "number":
        raise _bad(values, key, where, f"{kind} values", expected)
    return as_numbers(values)


def _bad(values: pd.Series, key: str, where: str, content: str, expected: str) -> UserError:
    return UserError(f"{key}: column {str(values.name)!r} of {where} has {content}; expected {expected}")


_READ: dict[str, tuple[str, Callable[[pd.Series, str, str], NDArray[Any]]]] = {
    "weight": ("weights", _weights),
    "group": ("groups", _groups),
    "time": ("times", _times),
    "split": ("parts", _parts),
}
