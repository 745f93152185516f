"""Rows of a table as the numbers that a model was trained on."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|INF|[iI]nfinity)")
TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


class UnusableRows(ValueError):
    """A column that the model needs is missing, or holds what it cannot take; the message is one line."""


def read(path: Path, dialect: Mapping[str, Any]) -> pd.DataFrame:
    """The table in a parquet file, or in one of text, written as the training data was."""
    if path.name.lower().endswith((".parquet", ".pq")):
        return pd.read_parquet(path)
    separator = dialect["separator"] if dialect["separator"] != " " else r"\s+"
    encoding: str = dialect["encoding"]
    return pd.read_csv(
        path, sep=separator, encoding=encoding, dtype=str, keep_default_na=False, na_filter=False, index_col=False
    )


def numbers(frame: pd.DataFrame, description: Mapping[str, Any], unknown: str = "error") -> np.ndarray:
    """The columns that the model knows: numbers, NaN where missing; the codes of categories, -1 where missing.

    Other columns are passed over. `unknown` says what a category is that the model does not know: an error, or missing.
    """
    names = [str(name) for name in frame.columns]
    table = np.empty((len(frame), len(description["columns"])))
    for place, column in enumerate(description["columns"]):
        if names.count(column["name"]) != 1:
            known = ", ".join(repr(each["name"]) for each in description["columns"][:20])
            what = "is missing" if column["name"] not in names else "stands there more than once"
            raise UnusableRows(f"column {column['name']!r} {what}; the model needs {known}")
        values = frame.iloc[:, names.index(column["name"])]
        if column["kind"] == "category":
            table[:, place] = _codes(values, column, description["dialect"], unknown)
        else:
            table[:, place] = _numbers(values, column, description["dialect"])
    return table


def _numbers(values: pd.Series, column: Mapping[str, Any], dialect: Mapping[str, Any]) -> np.ndarray:
    """A column of numbers, each as exactly as it is written."""
    if pd.api.types.is_numeric_dtype(values) and (column["truth"] or not pd.api.types.is_bool_dtype(values)):
        plain = values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        plain[np.isin(plain, _marks(dialect))] = np.nan
        if not np.isinf(plain).any():
            return np.asarray(plain)
    places, distinct = _distinct(values, dialect)
    values_of = np.full(max(distinct, default=-1) + 2, np.nan)  # the last is that of what is missing
    for place, value in distinct.items():
        number = _number(value, dialect)
        if number is None and column["truth"]:
            number = TRUTH.get(str(value).strip())
        if number is None or np.isinf(number):
            row = int(np.flatnonzero(places == place)[0]) + 1
            raise UnusableRows(f"column {column['name']!r} has {str(value)[:100]!r} in row {row}; expected a number")
        values_of[place] = number
    return np.asarray(values_of[places])


def _codes(values: pd.Series, column: Mapping[str, Any], dialect: Mapping[str, Any], unknown: str) -> np.ndarray:
    """A column of categories, by the places of their labels."""
    codes = {label: code for code, label in enumerate(column["categories"])}
    written = all(_number_label(label) == label for label in codes)
    truth = codes.keys() <= {"True", "False"}
    places, distinct = _distinct(values, dialect)
    codes_of = np.full(max(distinct, default=-1) + 2, -1)
    for place, value in distinct.items():
        label: object = value if isinstance(value, str) else _number_label(str(value), str(value))
        if label not in codes and written and isinstance(value, str):
            number = _number(value, dialect)
            label = label if number is None else _number_label(str(number))
        if label not in codes and truth and isinstance(value, str):
            label = str(TRUTH.get(value.strip()))
        if label in codes:
            codes_of[place] = codes[str(label)]
        elif unknown == "error":
            row, few = int(np.flatnonzero(places == place)[0]) + 1, list(codes)[:10]
            more = ", ..." if len(codes) > len(few) else ""
            raise UnusableRows(
                f"column {column['name']!r} has {str(value)[:100]!r} in row {row}, a category that the model does not "
                f"know; known: {', '.join(map(repr, few))}{more}; mend it, or take such for missing (--unknown missing)"
            )
    return np.asarray(codes_of[places])


def _distinct(values: pd.Series, dialect: Mapping[str, Any]) -> tuple[np.ndarray, dict[int, Any]]:
    """The number of each row's value, -1 where it is missing, and the values by their numbers."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        places, distinct = values.cat.codes.to_numpy(), values.cat.categories
    else:
        places, distinct = pd.factorize(values)
    words, marks, used = [word.strip() for word in dialect["missing"]], _marks(dialect), set(np.unique(places))

    def is_missing(value: Any) -> bool:
        if isinstance(value, str):
            return value == "" or value.strip() in words
        return not isinstance(value, bool | np.bool_) and value in marks

    missing = {place for place, value in enumerate(distinct) if is_missing(value)}
    used -= missing
    known = {place: value for place, value in enumerate(distinct) if place in used}
    return np.where(np.isin(places, list(missing)), -1, places), known


def _marks(dialect: Mapping[str, Any]) -> list[float]:
    """The numbers that stand for a missing value."""
    return [float(word) for word in map(str.strip, dialect["missing"]) if NUMBER.fullmatch(word)]


def _number(value: Any, dialect: Mapping[str, Any]) -> float | None:
    """A value as a number; None where it is none."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    text, thousands, decimal = value.strip(), dialect["thousands"], dialect["decimal"]
    if thousands is not None or decimal != ".":
        between = f"(?:{re.escape(thousands)}\\d{{3}})*" if thousands else ""
        point = re.escape(decimal)
        if not re.fullmatch(rf"[+-]?(?:(?:\d{{1,3}}{between}|\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", text):
            return None
        text = text.replace(thousands or "\0", "").replace(decimal, ".")
    return float(text) if NUMBER.fullmatch(text) else None


def _number_label(text: str, otherwise: str | None = None) -> str | None:
    """What a number is called as a category: whole ones without a fraction; `otherwise` where it is none."""
    if not NUMBER.fullmatch(text):
        return otherwise
    number = float(text)
    return str(int(number)) if number.is_integer() else repr(number)
