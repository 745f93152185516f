"""Cells by what they hold, whatever file they stood in: numbers, booleans, missing values, and else text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|Inf|INF|[iI]nfinity)"
"""A number with a decimal point."""
LEADING_ZERO = r"[+-]?0\d.*"
"""What a code has before its first digit, and no number that was written as one."""
TOO_LONG = r"[+-]?[1-9]\d{20,}"
"""A whole number that no type of 64 bits holds, as identifiers of other programs may be."""
_WHOLE = r"[+-]?\d+"
_ALIKE = {" ": "\u00a0\u2009\u202f", "'": "\u2019"}
"""What else is written for a mark between thousands."""
_BOOLEAN = r"(?:True|TRUE|true|False|FALSE|false)"


@dataclass(frozen=True)
class Notation:
    """How numbers and missing values are written; an empty cell is missing in any case."""

    decimal: str = "."
    thousands: str | None = None
    missing: tuple[str, ...] = ()


def of_text(texts: Any, notation: Notation = Notation()) -> pd.Series:
    """A column of text as int64, float64, booleans or, unless every known cell is such a one, as text.

    `texts`: (n,) `str` or missing. A column with a cell such as 007 stays text: as a number it would lose its zeros;
    and so does one with a whole number of more than 20 digits, which would lose its last ones.
    """
    cells = pa.array(texts, type=pa.large_string(), from_pandas=True)
    trimmed = pc.utf8_trim_whitespace(cells)
    missing = [word.strip() for word in notation.missing]
    empty = pc.or_(pc.equal(cells, ""), pc.is_in(trimmed, pa.array(missing, type=pa.large_string())))
    cells, trimmed = (pc.if_else(empty, None, each) for each in (cells, trimmed))
    plain = pointed(trimmed, notation)
    if not _all(trimmed, f"{LEADING_ZERO}|{TOO_LONG}", some=True) and _all(plain, NUMBER):
        return without(_numbers(plain), notation)
    if _all(trimmed, _BOOLEAN):
        truth = pc.equal(pc.utf8_lower(trimmed), "true")
        return pd.Series(truth.to_pandas()) if truth.null_count == 0 else truth.to_pandas(types_mapper=_nullable)
    return pd.Series(pd.array(cells.to_pylist(), dtype="str"))


def of_objects(values: Sequence[Any], notation: Notation = Notation()) -> pd.Series:
    """A column of Python's values, as JSON and Excel have them; with text among them by `of_text`."""
    kinds = {type(value) for value in values if value is not None}
    if str in kinds and kinds <= {str, int, float, bool}:
        return of_text([None if value is None else _written(value) for value in values], notation)
    if kinds <= {int, float} and any(type(value) is int and abs(value) >= 10**20 for value in values):
        return of_text([None if value is None else _written(value) for value in values], notation)
    if kinds <= {int, float}:
        whole = kinds == {int} and None not in values and all(-(2**63) <= value < 2**63 for value in values)
        numbers = np.asarray(
            [np.nan if value is None else value for value in values], np.int64 if whole else np.float64
        )
        return without(pd.Series(numbers), notation)
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    return pd.Series(list(values), dtype="object")


def of_typed(column: pd.Series, notation: Notation = Notation()) -> pd.Series:
    """A column of a file that states types; its text is read by `of_text`, its categories stay."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        missing = [label for label in column.cat.categories if str(label) == "" or str(label) in notation.missing]
        return column.cat.remove_categories(missing) if missing else column
    known = column.dropna()
    if len(known) and pd.api.types.infer_dtype(known) == "string":
        return of_text(column, notation)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return without(column, notation)
    return column


def without(numbers: pd.Series, notation: Notation) -> pd.Series:
    """The numbers, missing where `missing` names their value: -999 does so for -999.0, too."""
    marks = [float(word) for word in notation.missing if _is_number(word)]
    marked = numbers.isin(marks)
    return numbers.astype("float64").mask(marked) if marks and marked.any() else numbers


def pointed(texts: pa.Array, notation: Notation) -> pa.Array:
    """The texts with a decimal point, and without thousands separators where those stand in their places.

    A text that is no number in this notation becomes an empty one.
    """
    if notation.decimal == "." and notation.thousands is None:
        return texts
    if notation.thousands in _ALIKE:
        texts = pc.replace_substring_regex(texts, f"[{_ALIKE[notation.thousands]}]", notation.thousands)
    point, between = (_quoted(mark) for mark in (notation.decimal, notation.thousands or ""))
    whole = rf"\d{{1,3}}(?:{between}\d{{3}})+|\d+" if between else r"\d+"
    fits = rf"^[+-]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$"
    bare = texts if notation.thousands is None else pc.replace_substring(texts, notation.thousands, "")
    written = pc.replace_substring(bare, notation.decimal, ".")
    return pc.if_else(pc.match_substring_regex(texts, fits), written, pa.scalar("", pa.large_string()))


def is_number(texts: Sequence[str], notation: Notation = Notation()) -> NDArray[np.bool_]:
    """Which of the texts are numbers."""
    plain = pointed(pc.utf8_trim_whitespace(pa.array(texts, type=pa.large_string())), notation)
    return np.asarray(pc.match_substring_regex(plain, f"^{NUMBER}$").to_numpy(zero_copy_only=False), dtype=np.bool_)


def _numbers(plain: pa.Array) -> pd.Series:
    """int64 where every cell is a whole number that it holds, otherwise float64, NaN where missing."""
    if plain.null_count == 0 and _all(plain, _WHOLE):
        for kind in (pa.int64(), pa.uint64()):
            try:
                return pd.Series(pc.cast(pc.replace_substring_regex(plain, r"^\+", ""), kind).to_pandas())
            except pa.ArrowInvalid:
                continue
    numbers = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return pd.Series(np.asarray(numbers, dtype=np.float64))


def _all(texts: pa.Array, pattern: str, some: bool = False) -> bool:
    """Whether every known text (or some of them) is as the pattern says; where none is known, they are numbers."""
    matches = pc.match_substring_regex(texts, f"^(?:{pattern})$")
    answer = (pc.any if some else pc.all)(matches, min_count=0).as_py()
    return bool(answer)


def _nullable(kind: pa.DataType) -> Any:
    return pd.BooleanDtype() if pa.types.is_boolean(kind) else None


def _is_number(word: str) -> bool:
    return bool(is_number([word])[0])


def _quoted(mark: str) -> str:
    return rf"\x{{{ord(mark):x}}}" if mark else ""


def _written(value: float | bool | str) -> str:
    """A value as a CSV file would have it, whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
