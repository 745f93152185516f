"""Columns as every model takes them: features as numbers or categories, the target encoded, both checked."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from bench.errors import UserError

FEW = 20
"""Whole numbers with at most this many distinct values are class labels, unless `task` says otherwise."""
EXACT = 2**53
"""Double precision holds every whole number up to this one, and not all beyond."""


def typed(features: pd.DataFrame, where: str) -> pd.DataFrame:
    """The same columns as float64 or sorted `category`, on rows 0..n-1."""
    names = [str(name) for name in features.columns]
    if not names:
        raise UserError(f"{where}: no feature columns; give at least one besides the target")
    if not len(features):
        raise UserError(f"{where}: no rows; give data below the column names")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{where}: column {twice!r} occurs {names.count(twice)} times; give each column its own name")
    columns = {name: _column(features.iloc[:, place], name, where) for place, name in enumerate(names)}
    return pd.DataFrame(columns, copy=False)


def _column(values: pd.Series, name: str, where: str) -> NDArray[np.float64] | pd.Categorical:
    """One feature column, typed; its missing values stay missing."""
    kind = kind_of(values)
    if kind == "text":
        known = values.notna().to_numpy()
        labels, codes = encoded(values[known])
        _are_labels(labels, name, where)
        every = np.full(len(values), -1, dtype=np.int64)
        every[known] = codes
        return pd.Categorical.from_codes(every, categories=pd.Index(labels, dtype="str"))
    if kind != "number":
        way = "turn it into numbers, or leave it out (dataset.drop)"
        raise UserError(f"{where}: column {name!r} holds {kind} values; {way}")
    return _finite(as_numbers(values), f"{where}: column {name!r}")


def encoded_target(values: pd.Series, task: str | None, where: str) -> tuple[NDArray[Any], str, tuple[str, ...]]:
    """The target encoded, its task, and its classes.

    Where `task` is null, text, categories and booleans are class labels, and so are whole numbers with at most `FEW`
    distinct values, whether they are written 1 or 1.0; every other number is a quantity, for regression.
    """
    where = f"{where}: target {str(values.name)!r}"
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(
            f"{where} has {missing.sum()} missing values, the first in {first_row(missing)}; remove such rows"
        )
    kind = kind_of(values)
    if kind not in ("number", "text"):
        raise UserError(f"{where} holds {kind} values; expected class labels or numbers")
    numbers = _finite(as_numbers(values), where) if kind == "number" else None
    if task is None:
        labels = numbers is None or types.is_bool_dtype(values) or _few(numbers)
        task = "classification" if labels else "regression"
    if task in ("regression", "counts"):
        if types.is_integer_dtype(values) and ((values > EXACT) | (values < -EXACT)).any():
            raise UserError(f"{where} has whole numbers beyond 2**53, where double precision has gaps; scale it down")
        return _quantity(numbers, task, where), task, ()
    classes, codes = encoded(values)
    if len(classes) < 2:
        raise UserError(f"{where} has one class only, {classes[0]!r}; at least two are needed")
    if task == "binary" and len(classes) > 2:
        raise UserError(f"dataset.task: binary, but {where} has {len(classes)} classes; set it to multiclass, or null")
    if task == "multiclass" and len(classes) == 2:
        raise UserError(f"dataset.task: multiclass, but {where} has 2 classes; set it to binary, or null")
    return codes, "binary" if len(classes) == 2 else "multiclass", tuple(classes)


def _quantity(numbers: NDArray[np.float64] | None, task: str, where: str) -> NDArray[np.float64]:
    """The target of a regression, or of counts."""
    if numbers is None:
        raise UserError(f"dataset.task: {task}, but {where} holds text; expected numbers")
    no_count = (numbers < 0) | (numbers != np.floor(numbers))
    if task == "counts" and no_count.any():
        raise UserError(
            f"dataset.task: counts, but {where} has {numbers[no_count][0]:g} in {first_row(no_count)}; expected whole "
            "numbers from 0"
        )
    if numbers.min() == numbers.max():
        raise UserError(f"{where} is {numbers[0]:g} in every row; a constant leaves nothing to learn")
    return numbers


_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")


def _are_labels(labels: list[str], name: str, where: str) -> None:
    """Refuse text that is dates or numbers with decimal commas: as categories they would say nothing of new rows."""
    if len(labels) <= FEW:
        return
    for pattern, what, way in (
        (_DATE, "dates as text", "turn it into numbers, leave it out (dataset.drop), or name it as dataset.time"),
        (_COMMA, "numbers with decimal commas", "write them with points, or leave it out (dataset.drop)"),
    ):
        if all(pattern.fullmatch(label) for label in labels):
            raise UserError(f"{where}: column {name!r} holds {what}, such as {labels[0]!r}; {way}")


def kind_of(values: pd.Series) -> str:
    """Number (booleans and an empty column too), text (categories too), or what else pandas takes the values for."""
    inferred = types.infer_dtype(values, skipna=True)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"):
        return "number"
    return "text" if inferred in ("string", "categorical") else inferred


def as_numbers(values: pd.Series) -> NDArray[np.float64]:
    """The values as float64, NaN where missing."""
    # -0.0 + 0.0 is 0.0: equal values have equal bytes, and so equal hashes.
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0)


def _few(numbers: NDArray[np.float64]) -> bool:
    return bool((numbers == np.floor(numbers)).all()) and len(np.unique(numbers)) <= FEW


def encoded(values: pd.Series) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values as sorted text, and each row's place among them; numbers sort as numbers, even in text."""
    codes, distinct = pd.factorize(values)
    labels = [_label(value) for value in distinct]
    try:
        order = sorted(range(len(labels)), key=lambda i: (float(labels[i]), labels[i]))
    except ValueError:
        order = sorted(range(len(labels)), key=labels.__getitem__)
    places = np.empty(len(labels), dtype=np.int64)
    places[order] = np.arange(len(labels))
    return [labels[i] for i in order], places[codes]


def _label(value: object) -> str:
    """A class label as text, whole numbers without a fraction."""
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if value == int(value) else repr(float(value))
    return str(value)


def _finite(numbers: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    infinite = np.isinf(numbers)
    if infinite.any():
        raise UserError(
            f"{where} has {infinite.sum()} infinite values, the first in {first_row(infinite)}; mend or remove them"
        )
    return numbers


def first_row(marked: NDArray[np.bool_]) -> str:
    """Where the first one is, as a person counts."""
    return f"data row {int(marked.argmax()) + 1}"
