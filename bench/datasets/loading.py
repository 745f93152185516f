"""From a dataset's YAML to a checked `Dataset`: its source called, its columns typed, its content hashed."""

import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.checks import whole
from bench.config import extras
from bench.config.components import raised, raised_at_import
from bench.datasets import columns, dealing, leaks, remarks, roles
from bench.datasets import table as source
from bench.datasets.roles import ROLES
from bench.datasets.table import OF_COLUMNS, Table
from bench.errors import UserError, allowed
from bench.metrics import TASKS

__all__ = ["Dataset", "Table", "cut", "load"]

OWN_KEYS = ("name", "description", "load", "task", "rows", "source", "licence", "citation")
"""The keys of a dataset's YAML that every one has, and that are not passed to its source; nor are `ROLES`."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A checked table, the same for every model.

    `features`: numbers and booleans as float64 (NaN where missing), text as `category` with sorted categories (code -1
    where missing). `target`: for classification int64 codes 0..k-1 into `classes`, which are in their sorted order, or
    in the order of numbers; for regression and counts float64. `content` is the SHA-256 of all that models and metrics
    see, whatever the index was and whatever kind of file it came from.
    """

    name: str
    features: pd.DataFrame
    target: NDArray[Any]
    task: str
    classes: tuple[str, ...]
    content: str
    weights: NDArray[np.float64] | None = None
    """(n,) numbers >= 0, not all 0; None: all rows weigh the same. A part of `content`."""
    groups: NDArray[np.int64] | None = None
    """(n,) codes 0..g-1 of what rows belong together."""
    times: NDArray[np.int64] | NDArray[np.float64] | None = None
    """(n,) numbers, larger is later."""
    parts: NDArray[np.str_] | None = None
    """(n,) each one of train, stop, valid and test."""
    said: str = ""
    """How the file was read, in a few words; no part of `content`, nor are `notes`."""
    notes: tuple[str, ...] = ()
    """What a person should know of what was made of the table."""
    target_name: str = ""
    """What the table calls its target."""


def load(config: Mapping[str, Any], datasets_dir: Path) -> Dataset:
    """The dataset that a YAML describes; raises `UserError` where it cannot be had or cannot be used."""
    name = str(config["name"])
    task = config.get("task")
    if task is not None and task not in (*TASKS, "classification"):
        choices = allowed(task, [*TASKS, "classification"])
        raise UserError(f"dataset.task: {task!r} is not a task; {choices}, or null to infer it")
    named = roles.named(config)
    keys = {str(key): config[key] for key in config if key not in (*OWN_KEYS, *ROLES, *OF_COLUMNS)}
    table = source.counted(_loaded(config.get("load"), _source(config.get("load"), keys, datasets_dir)))
    where = f"dataset {name} ({keys['path']})" if keys.get("path") else f"dataset {name}"
    wanted = columns.kinds(config.get("types"), where)
    table, notes = source.kept_rows(source.without_ignored(table, wanted, where), config, task, wanted, where)
    kept, had = _parted(table, named, keys.get("drop") or (), where)
    features = columns.typed(kept, where, wanted)
    target, task, classes = columns.encoded_target(table.target, task, where, wanted.get(str(table.target.name)))
    notes += remarks.of(kept, features, wanted)
    notes += remarks.of_target(table.target, classes, task, stated=config.get("task") is not None)
    notes += leaks.of(features, target, classes)
    chosen = _sample(config.get("rows"), target, classes)
    if chosen is not None:
        features, target, had = features.iloc[chosen].reset_index(drop=True), target[chosen], had.of(chosen)
    content = _content(features, target, classes, had.weights)
    dataset = Dataset(name, features, target, task, classes, content, **vars(had))
    target_name = "" if table.target.name is None else str(table.target.name)
    return replace(dataset, said=table.said, notes=tuple(notes), target_name=target_name)


def cut(frame: pd.DataFrame, target: str | None, drop: Sequence[str], where: str, others: Sequence[str] = ()) -> Table:
    """For sources: the column `target` of a frame, and all its other columns but those in `drop` and `others`."""
    names = [str(name) for name in frame.columns]
    for key, name in [*(("drop", name) for name in drop), ("target", str(target))]:
        if name not in names:
            near = [*get_close_matches(name, names, n=3), *names]  # of a thousand columns, the nearest and the first
            raise UserError(f"dataset.{key}: no column {name!r} in {where}; {allowed(name, dict.fromkeys(near[:30]))}")
    if target in drop:
        raise UserError(f"dataset.drop: names the target {target!r}; drop other columns only")
    apart = [name in others and name != target and name not in drop for name in names]
    features = [name != target and name not in drop and not other for name, other in zip(names, apart, strict=True)]
    column = frame.loc[:, [name == target for name in names]].iloc[:, 0]
    return Table(frame.loc[:, features], column, frame.loc[:, apart] if any(apart) else None)


def _parted(
    table: Table, named: Mapping[str, str], drop: str | Sequence[str], where: str
) -> tuple[pd.DataFrame, roles.Roles]:
    """The features alone, and what the columns with a role hold."""
    if not named or not len(table.features):
        return table.features, roles.Roles()
    frame = table.features if table.others is None else pd.concat([table.features, table.others], axis=1)
    dropped = [drop] if isinstance(drop, str) else drop
    left, had = roles.take(frame, named, str(table.target.name), dropped, where)
    unused = () if table.others is None else [str(name) for name in table.others.columns]
    return left.loc[:, [str(name) not in unused for name in left.columns]], had


def _sample(rows: Any, target: NDArray[Any], classes: tuple[str, ...]) -> NDArray[np.int64] | None:
    """About as many row numbers as `rows` says, the same for everyone, classes keeping their shares; None for all."""
    if rows is None:
        return None
    if whole("dataset.rows", rows, 1, otherwise=", or null for all rows") >= len(target):
        return None
    strata = {label: np.flatnonzero(target == code) for code, label in enumerate(classes)}
    share = rows / len(target)
    every = strata or {"": np.arange(len(target))}
    return dealing.by_class(every, [share, 1 - share], [1, 0], np.random.default_rng(0))[0]


def _loaded(path: object, source: Callable[[], Any]) -> Table:
    """What a source returns, where it is a sound `Table`; what somebody's own raises is one line."""
    where = f"dataset.load={path}"
    try:
        table = source()
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            raise UserError(f"{where}: {extras.missing(error.name, str(path))}") from None
        if str(path).startswith("bench.") and not isinstance(error, OSError):
            raise  # a fault of the suite
        raise UserError(f"{where}: {raised(error)}") from error
    if not isinstance(table, Table):
        way = "bench.datasets.Table(features, target)"
        raise UserError(f"{where}: returned a {type(table).__name__}; expected {way}, as 'bench new dataset' shows")
    for name, kind in (("features", pd.DataFrame), ("target", pd.Series)):
        if not isinstance(getattr(table, name), kind):
            other = type(getattr(table, name)).__name__
            raise UserError(f"{where}: the table's {name} are a {other}; expected a pandas {kind.__name__}")
    if len(table.features) != len(table.target):
        rows = f"{len(table.features)} rows of features and {len(table.target)} of the target"
        raise UserError(f"{where}: returned {rows}; expected as many of both")
    return table


def _source(path: object, keys: Mapping[str, Any], datasets_dir: Path) -> Callable[[], Table]:
    """The function that `load` names with its keys, once it is known to take them; `datasets_dir` where it wants it."""
    module, _, function = str(path).rpartition(".")
    nowhere = f"dataset.load: no function {path!r}%s; give its dotted path, module.function"
    if not module:
        raise UserError(nowhere % "")
    try:
        source: Callable[..., Table] | None = getattr(importlib.import_module(module), function, None)
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise UserError(nowhere % f" ({error})") from None
        raise UserError(f"dataset.load={path}: {raised_at_import(module, error)}") from error
    if source is None:
        raise UserError(nowhere % f" (module {module!r} has no attribute {function!r})")
    if not callable(source):
        raise UserError(f"dataset.load={path}: expected a function, found {source!r}")
    parameters = inspect.signature(source).parameters
    names = [name for name in parameters if name != "datasets_dir"]
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for key in keys:
        if key == "datasets_dir":
            raise UserError("dataset.datasets_dir: is no key of a dataset; datasets_dir=FOLDER says where data goes")
        if key not in names and not open_ended:
            raise UserError(f"dataset.{key}: {path} takes no such key; {allowed(key, [*names, *OWN_KEYS])}")
    for name in names:
        if name not in keys and parameters[name].default is inspect.Parameter.empty and not open_ended:
            raise UserError(f"dataset.{name}: missing; {path} needs it")
    place = {"datasets_dir": Path(datasets_dir)} if "datasets_dir" in parameters or open_ended else {}
    return partial(source, **place, **keys)


def _content(
    features: pd.DataFrame, target: NDArray[Any], classes: tuple[str, ...], weights: NDArray[np.float64] | None
) -> str:
    """SHA-256 of names, types, categories, classes, values, target and weights, column by column."""
    series = [features.iloc[:, place] for place in range(features.shape[1])]
    categories = [list(c.cat.categories) if isinstance(c.dtype, pd.CategoricalDtype) else None for c in series]
    head = {"columns": list(features.columns), "categories": categories, "classes": classes, "rows": len(features)}
    digest = hashlib.sha256(json.dumps(head).encode())
    for column, known in zip(series, categories, strict=True):
        values = column.to_numpy() if known is None else column.cat.codes.to_numpy()
        digest.update(_bytes(np.where(np.isnan(values), np.nan, values) if known is None else values))
    digest.update(_bytes(target))
    if weights is not None:
        digest.update(b"weights" + _bytes(weights))
    return digest.hexdigest()


def _bytes(values: NDArray[Any]) -> bytes:
    """The values in one byte order, on every machine."""
    kind = "<f8" if values.dtype.kind == "f" else "<i8"
    return np.ascontiguousarray(values, dtype=kind).tobytes()
