"""From a dataset's YAML to a checked `Dataset`: target found and encoded, columns typed, content hashed."""

import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from bench.errors import UserError, allowed

OWN_KEYS = ("name", "description", "load", "task", "source", "licence", "citation")
"""The keys of a dataset's YAML that are not passed to its source."""
TASKS = ("binary", "multiclass", "regression", "classification")
FEW = 20
"""Whole numbers with at most this many distinct values are class labels, unless `task` says otherwise."""


@dataclass(frozen=True)
class Table:
    """What a source returns: features and target as it found them, row by row."""

    features: pd.DataFrame
    target: pd.Series


@dataclass(frozen=True, eq=False)
class Dataset:
    """A checked table, the same for every model.

    `features`: numbers and booleans as float64 (NaN where missing), text as `category` with sorted categories (code -1
    where missing). `target`: for classification int64 codes 0..k-1 into `classes`, which are in their sorted order, or
    in the order of numbers; for regression float64. `content` is the SHA-256 of all of it, whatever the index was and
    whatever kind of file it came from.
    """

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: str
    classes: tuple[str, ...]
    content: str


def load(config: Mapping[str, Any], datasets_dir: Path) -> Dataset:
    """The dataset that a YAML describes; raises `UserError` where it cannot be had or cannot be used."""
    name = str(config["name"])
    task = config.get("task")
    if task is not None and task not in TASKS:
        raise UserError(f"dataset.task: {task!r} is not a task; {allowed(task, TASKS)}, or null to infer it")
    keys = {str(key): config[key] for key in config if key not in OWN_KEYS}
    table = _source(config.get("load"), keys, datasets_dir)()
    where = f"dataset {name} ({keys['path']})" if keys.get("path") else f"dataset {name}"
    features = _features(table.features, where)
    target, found, classes = _target(table.target, task, where)
    content = _content(features, target, classes)
    return Dataset(name, features, target, found, classes, content)


def cut(frame: pd.DataFrame, target: str | None, drop: Sequence[str], where: str) -> Table:
    """For sources: the column `target` of a frame, and all its other columns but those in `drop`."""
    names = [str(name) for name in frame.columns]
    for key, name in [*(("drop", name) for name in drop), ("target", str(target))]:
        if name not in names:
            near = [*get_close_matches(name, names, n=3), *names]  # of a thousand columns, the nearest and the first
            raise UserError(f"dataset.{key}: no column {name!r} in {where}; {allowed(name, dict.fromkeys(near[:30]))}")
    if target in drop:
        raise UserError(f"dataset.drop: names the target {target!r}; drop other columns only")
    features = frame.loc[:, [name != target and name not in drop for name in names]]
    return Table(features, frame.loc[:, [name == target for name in names]].iloc[:, 0])


def _source(path: object, keys: Mapping[str, Any], datasets_dir: Path) -> Callable[[], Table]:
    """The function that `load` names with its keys, once it is known to take them; `datasets_dir` where it wants it."""
    module, _, function = str(path).rpartition(".")
    try:
        source: Callable[..., Table] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f"dataset.load: no function {path!r} ({error}); give its dotted path, module.function"
        ) from None
    parameters = inspect.signature(source).parameters
    names = [name for name in parameters if name != "datasets_dir"]
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for key in keys:
        if key not in names and not open_ended:
            raise UserError(f"dataset.{key}: {path} takes no such key; {allowed(key, [*names, *OWN_KEYS])}")
    for name in names:
        if name not in keys and parameters[name].default is inspect.Parameter.empty and not open_ended:
            raise UserError(f"dataset.{name}: missing; {path} needs it")
    place = {"datasets_dir": Path(datasets_dir)} if "datasets_dir" in parameters or open_ended else {}
    return partial(source, **place, **keys)


def _features(features: pd.DataFrame, where: str) -> pd.DataFrame:
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
    kind = _kind(values)
    if kind == "text":
        known = values.notna().to_numpy()
        labels, codes = _encoded(values[known])
        every = np.full(len(values), -1, dtype=np.int64)
        every[known] = codes
        return pd.Categorical.from_codes(every, categories=pd.Index(labels, dtype="str"))
    if kind != "number":
        way = "turn it into numbers or text, or leave it out (dataset.drop)"
        raise UserError(f"{where}: column {name!r} holds {kind} values; {way}")
    return _finite(_numbers(values), f"{where}: column {name!r}")


def _target(values: pd.Series, task: str | None, where: str) -> tuple[NDArray[Any], str, tuple[str, ...]]:
    """The target encoded, its task, and its classes.

    Where `task` is null, text, categories and booleans are class labels, and so are whole numbers with at most `FEW`
    distinct values, whether they are written 1 or 1.0; every other number is a quantity, for regression.
    """
    where = f"{where}: target {str(values.name)!r}"
    missing = values.isna().to_numpy()
    if missing.any():
        raise UserError(f"{where} has {missing.sum()} missing values, the first in {_row(missing)}; remove such rows")
    kind = _kind(values)
    if kind not in ("number", "text"):
        raise UserError(f"{where} holds {kind} values; expected class labels or numbers")
    numbers = _finite(_numbers(values), where) if kind == "number" else None
    if task is None:
        labels = numbers is None or types.is_bool_dtype(values) or _few(numbers)
        task = "classification" if labels else "regression"
    if task == "regression":
        return _quantity(numbers, where), task, ()
    classes, codes = _encoded(values)
    if len(classes) < 2:
        raise UserError(f"{where} has one class only, {classes[0]!r}; at least two are needed")
    if task == "binary" and len(classes) > 2:
        raise UserError(f"dataset.task: binary, but {where} has {len(classes)} classes; set it to multiclass, or null")
    if task == "multiclass" and len(classes) == 2:
        raise UserError(f"dataset.task: multiclass, but {where} has 2 classes; set it to binary, or null")
    return codes, "binary" if len(classes) == 2 else "multiclass", tuple(classes)


def _quantity(numbers: NDArray[np.float64] | None, where: str) -> NDArray[np.float64]:
    """The target of a regression."""
    if numbers is None:
        raise UserError(f"dataset.task: regression, but {where} holds text; expected numbers")
    if numbers.min() == numbers.max():
        raise UserError(f"{where} is {numbers[0]:g} in every row; a constant leaves nothing to learn")
    return numbers


def _kind(values: pd.Series) -> str:
    """Number (booleans and an empty column too), text (categories too), or what else pandas takes the values for."""
    found = types.infer_dtype(values, skipna=True)
    if found in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"):
        return "number"
    return "text" if found in ("string", "categorical") else found


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    """The values as float64, NaN where missing."""
    # -0.0 + 0.0 is 0.0: equal values have equal bytes, and so equal hashes.
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0)


def _few(numbers: NDArray[np.float64]) -> bool:
    return bool((numbers == np.floor(numbers)).all()) and len(np.unique(numbers)) <= FEW


def _encoded(values: pd.Series) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values as sorted text, and each row's place among them; numbers sort as numbers, even in text."""
    codes, found = pd.factorize(values)
    labels = [_label(value) for value in found]
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
            f"{where} has {infinite.sum()} infinite values, the first in {_row(infinite)}; mend or remove them"
        )
    return numbers


def _row(found: NDArray[np.bool_]) -> str:
    """Where the first one is, as a person counts."""
    return f"data row {int(found.argmax()) + 1}"


def _content(features: pd.DataFrame, target: NDArray[Any], classes: tuple[str, ...]) -> str:
    """SHA-256 of names, types, categories, classes, values and target, column by column."""
    columns = [features.iloc[:, place] for place in range(features.shape[1])]
    categories = [list(c.cat.categories) if isinstance(c.dtype, pd.CategoricalDtype) else None for c in columns]
    head = {"columns": list(features.columns), "categories": categories, "classes": classes, "rows": len(features)}
    digest = hashlib.sha256(json.dumps(head).encode())
    for column, known in zip(columns, categories, strict=True):
        values = column.to_numpy() if known is None else column.cat.codes.to_numpy()
        digest.update(_bytes(np.where(np.isnan(values), np.nan, values) if known is None else values))
    digest.update(_bytes(target))
    return digest.hexdigest()


def _bytes(values: NDArray[Any]) -> bytes:
    """The values in one byte order, on every machine."""
    kind = "<f8" if values.dtype.kind == "f" else "<i8"
    return np.ascontiguousarray(values, dtype=kind).tobytes()
