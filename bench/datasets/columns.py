"""Columns as every model takes them: features as numbers or categories, the target encoded, both checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from bench.datasets import cells, doubts
from bench.datasets.doubts import FEW
from bench.errors import UserError, allowed
from bench.wording import plural

KINDS = ("number", "category", "ignore")
"""What `types` may make of a column."""
CLASSES = ("classification", "binary", "multiclass")
"""Tasks whose target is class labels."""
EXACT = 2**53
"""Double precision holds every whole number up to this one, and not all beyond."""


def kinds(types_: Any, where: str) -> dict[str, str]:
    """The key `types`: a kind for each column that it names, in a mapping or in texts such as "zip: category"."""
    entries = [each.rpartition(":")[::2] for each in types_] if _is_list_of_text(types_) else types_ or {}
    if not isinstance(entries, Mapping | list):
        raise UserError(f"dataset.types={types_!r}: expected kinds by column, as in 'dataset.types={{zip: category}}'")
    wanted = {
        str(name).strip() if isinstance(entries, list) else str(name): kind for name, kind in dict(entries).items()
    }
    for name, kind in wanted.items():
        word = kind.strip() if isinstance(kind, str) else kind
        if word not in KINDS:
            raise UserError(f"dataset.types: column {name!r} is to be {word!r} in {where}; {allowed(word, KINDS)}")
        wanted[name] = word
    return wanted


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and ":" in each for each in value)


def typed(features: pd.DataFrame, where: str, wanted: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The same columns as float64 or sorted `category`, on rows 0..n-1; `wanted` names the kinds of some."""
    names = [str(name) for name in features.columns]
    if not names:
        raise UserError(f"{where}: no feature columns; give at least one besides the target")
    if not len(features):
        raise UserError(f"{where}: no rows; give data below the column names")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{where}: column {twice!r} occurs {names.count(twice)} times; give each column its own name")
    wanted = wanted or {}
    columns = {
        name: _column(features.iloc[:, place], name, where, wanted.get(name)) for place, name in enumerate(names)
    }
    return pd.DataFrame(columns, copy=False)


def _column(values: pd.Series, name: str, where: str, wanted: str | None) -> NDArray[np.float64] | pd.Categorical:
    """One feature column, typed; its missing values stay missing."""
    kind = kind_of(values)
    if kind == "text" and wanted == "number":
        values, kind = numbers_of(values, f"{where}: column {name!r}"), "number"
    if kind == "text" or (kind == "number" and wanted == "category"):
        known = np.asarray(values.notna())
        labels, codes = encoded(values[known])
        stated = wanted == "category" or isinstance(values.dtype, pd.CategoricalDtype)
        doubt = None if stated else doubts.of_text(labels, codes, rows_of(values[known]), name)
        if doubt is not None:
            raise UserError(f"{where}: column {name!r} {doubt}")
        every = np.full(len(values), -1, dtype=np.int64)
        every[known] = codes
        return pd.Categorical.from_codes(every, categories=pd.Index(labels, dtype="str"))
    if kind != "number":
        raise UserError(f"{where}: column {name!r} {doubts.of_values(values, kind, name)}")
    return _finite(as_numbers(values), f"{where}: column {name!r}", values)


def numbers_of(values: pd.Series, where: str) -> pd.Series:
    """A column of text as numbers, leading zeros or not; refuses the first value that is none."""
    known = values.notna().to_numpy()
    texts = [str(value) for value in values[known]]
    marked = cells.is_number(texts)
    if not marked.all():
        first = int((~marked).argmax())
        raise UserError(
            f"{where} is to be a number, and holds {texts[first]!r} in data row {rows_of(values[known])[first]}; name "
            "what stands for a missing value in dataset.missing, or mend it"
        )
    numbers = np.full(len(values), np.nan)
    numbers[known] = np.asarray(texts, dtype=np.float64) if texts else []
    return pd.Series(numbers, index=values.index, name=values.name)


def rows_of(values: pd.Series) -> NDArray[np.int64]:
    """The data rows of some values, as a person counts; what was left out before counts, too."""
    return np.asarray(values.index, dtype=np.int64) + 1


def encoded_target(
    values: pd.Series, task: str | None, where: str, wanted: str | None = None
) -> tuple[NDArray[Any], str, tuple[str, ...]]:
    """The target encoded, its task, and its classes.

    Where `task` is null, text, categories and booleans are class labels, and so are whole numbers with at most `FEW`
    distinct values, whether they are written 1 or 1.0; every other number is a quantity, for regression.
    """
    where = f"{where}: target {str(values.name)!r}"
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(
            f"{where} has {missing.sum()} missing values, the first in {first_row(missing, values)}; "
            "dataset.drop_missing_target=true leaves such rows out"
        )
    kind = kind_of(values)
    if kind == "text" and wanted == "number":
        values, kind = numbers_of(values, where), "number"
    task = "classification" if task is None and wanted == "category" else task
    if kind == "text" and task not in CLASSES:
        _are_classes(values, where)
    if kind not in ("number", "text"):
        raise UserError(f"{where} holds {kind} values; expected class labels or numbers")
    numbers = _finite(as_numbers(values), where, values) if kind == "number" else None
    if task is None:
        labels = numbers is None or types.is_bool_dtype(values) or _few(numbers)
        task = "classification" if labels else "regression"
    if task in ("regression", "counts"):
        if types.is_integer_dtype(values) and ((values > EXACT) | (values < -EXACT)).any():
            raise UserError(f"{where} has whole numbers beyond 2**53, where double precision has gaps; scale it down")
        return _quantity(numbers, task, where, values), task, ()
    classes, codes = encoded(values)
    if len(classes) < 2:
        raise UserError(f"{where} has one class only, {classes[0]!r}; at least two are needed")
    if task == "binary" and len(classes) > 2:
        raise UserError(f"dataset.task: binary, but {where} has {len(classes)} classes; set it to multiclass, or null")
    if task == "multiclass" and len(classes) == 2:
        raise UserError(f"dataset.task: multiclass, but {where} has 2 classes; set it to binary, or null")
    return codes, "binary" if len(classes) == 2 else "multiclass", tuple(classes)


def _are_classes(values: pd.Series, where: str) -> None:
    """Refuse a target of text that was numbers or dates; a file's own categories are classes."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return
    labels, codes = encoded(values)
    doubt = doubts.of_text(labels, codes, rows_of(values), str(values.name), target=True)
    if doubt is not None:
        raise UserError(f"{where} {doubt}")


def _quantity(numbers: NDArray[np.float64] | None, task: str, where: str, values: pd.Series) -> NDArray[np.float64]:
    """The target of a regression, or of counts."""
    if numbers is None:
        raise UserError(f"dataset.task: {task}, but {where} holds text; expected numbers")
    no_count = (numbers < 0) | (numbers != np.floor(numbers))
    if task == "counts" and no_count.any():
        raise UserError(
            f"dataset.task: counts, but {where} has {numbers[no_count][0]:g} in {first_row(no_count, values)}; "
            "expected whole numbers from 0"
        )
    if numbers.min() == numbers.max():
        raise UserError(f"{where} is {numbers[0]:g} in every row; a constant leaves nothing to learn")
    return numbers


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


def _finite(numbers: NDArray[np.float64], where: str, values: pd.Series) -> NDArray[np.float64]:
    infinite = np.isinf(numbers)
    if infinite.any():
        count = plural(int(infinite.sum()), "infinite value")
        raise UserError(f"{where} has {count}, the first in {first_row(infinite, values)}; mend or remove them")
    return numbers


def first_row(marked: NDArray[np.bool_], values: pd.Series) -> str:
    """Where the first one is, as a person counts; `values` are the column on rows that count from 0."""
    return f"data row {int(values.index[int(marked.argmax())]) + 1}"
