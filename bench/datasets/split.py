"""Which rows are in which part of a problem: folds of train, stop (early stopping) and valid (the loss), and test."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.checks import is_number, whole
from bench.datasets import dealing
from bench.datasets.dealing import Rows
from bench.datasets.loading import Dataset
from bench.datasets.table import RARE
from bench.errors import UserError, allowed
from bench.wording import plural

KEYS = {
    "holdout": ("train", "valid", "test", "stop", "inner"),
    "kfold": ("k", "repeats", "test", "refit", "stop", "inner"),
    "group": ("k", "repeats", "test", "refit", "stop", "inner"),
    "time": ("k", "test", "refit", "stop", "inner"),
    "sklearn": ("k", "test", "refit", "stop", "inner"),
    "column": ("stop", "inner"),
}
"""The keys of each method."""

_ANY = ("name", "description", "method")


@dataclass(frozen=True, eq=False)
class Fold:
    """Ascending row numbers: a model trains on `train`, stops early on `stop`, and its loss is that on `valid`.

    `stop` is `valid` itself, or rows held out of train.
    """

    train: Rows
    stop: Rows
    valid: Rows


@dataclass(frozen=True, eq=False)
class Split:
    """One fold or several, and the test rows, which are in none of them.

    `content` is the SHA-256 of all the row numbers. It belongs in a problem's hash: whatever would split otherwise,
    another seed or another library, can then never mix its results with these.
    """

    folds: tuple[Fold, ...]
    test: Rows | None
    content: str
    refit: bool = False
    """Whether the test loss is that of one more model, trained on all rows outside test."""

    @property
    def stops_on_valid(self) -> bool:
        """Whether rounds or epochs are chosen on the rows that the loss is taken on."""
        return any(np.array_equal(fold.stop, fold.valid) for fold in self.folds)


@dataclass(frozen=True)
class _Keys:
    """The checked keys of a resampling config."""

    method: str
    fractions: tuple[float, ...]
    """Of train, valid and (where there is one) test."""
    k: int
    repeats: int
    test: float
    inner: float | None
    """Of train's rows, those that are held out to stop on; None where stop is valid."""
    refit: bool
    seed: int


_Deal = Callable[[Rows, Sequence[float]], list[Rows]]
"""Cuts rows into parts of these fractions."""


def split(dataset: Dataset, config: Mapping[str, Any], seed: int) -> Split:
    """Deal the rows of `dataset` as `config` says, at random by `seed`; `config` is a file of conf/resampling.

    - holdout: one fold, by the fractions train, valid and test.
    - kfold: test is held out; the other rows are cut into k parts, each of which is valid once; `repeats` times anew.
    - group: the same with all rows of a group (the dataset's key `group`) in one part.
    - time: test is the latest rows (the dataset's key `time`); the others are cut into k + 1 parts along time, and each
      but the first is valid once, after training on all before it. Rows of one time stay together.
    - sklearn: test by scikit-learn's `train_test_split(test_size, random_state=seed)`, the k folds by the `KFold`, of
      classes the `StratifiedKFold`, of its `cross_val_score`, which leave the rows in the order drawn.
    - column: one fold, by the dataset's own column (its key `split`) of train, stop, valid and test.

    In holdout and kfold each class is dealt by itself: scikit-learn's stratified splitters can leave a rare class out
    of a part. Every part of a holdout has at least one row of every class, and so has every train and stop part of
    kfold, and its test part. By other methods, too, no train part may lack a class. With `stop: inner`, valid and test
    are the same rows as with `stop: valid`, unless a rare class needs another row in train to be shared out. Raises
    `UserError` naming the key, or the class that has too few rows.
    """
    keys = _checked(config, seed)
    rng = np.random.default_rng(seed)
    folds, test = _METHODS[keys.method](dataset, keys, rng)
    _no_part_empty(dataset, keys, folds, test)
    _every_class_trained(dataset, keys, folds)
    parts = [rows for fold in folds for rows in (fold.train, fold.stop, fold.valid)]
    return Split(tuple(folds), test, _content(parts if test is None else [*parts, test]), keys.refit)


# --- methods ----------------------------------------------------------------------------------------------------------


def _holdout(dataset: Dataset, keys: _Keys, rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    least = [1 if keys.inner is None else 2, *[1] * (len(keys.fractions) - 1)]  # of each class in each part
    train, valid, *rest = _stratified(dataset, _all(dataset), keys.fractions, least, rng)
    return [_fold(train, valid, keys, _with_every_class(dataset, rng))], rest[0] if rest else None


def _kfold(dataset: Dataset, keys: _Keys, rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    rows, test = _all(dataset), None
    if keys.test:
        least = [2 if keys.inner is None else 3, 1]
        rows, test = _stratified(dataset, rows, [1 - keys.test, keys.test], least, rng)
    folds: list[Fold] = []
    for _ in range(keys.repeats):
        parts = dealing.by_class(_strata(dataset, rows), [1 / keys.k] * keys.k, [0] * keys.k, rng)
        folds += [
            _fold(_without(parts, i), valid, keys, _with_every_class(dataset, rng)) for i, valid in enumerate(parts)
        ]
    return folds, test


def _group(dataset: Dataset, keys: _Keys, rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    groups = _column(dataset, "group", dataset.groups)

    def deal(rows: Rows, parts: int, way: str = "set a smaller resampling.k") -> list[Rows]:
        distinct = len(np.unique(groups[rows]))
        if distinct < parts:
            raise UserError(
                f"dataset {dataset.name}: {distinct} groups are left to be dealt into {parts} parts, each of which "
                f"needs one; {way if distinct > 1 else 'one group cannot be split: choose another resampling'}"
            )
        return dealing.by_group(rows, groups, dataset.target if dataset.classes else None, parts, rng)

    def deal_two(rows: Rows, fractions: Sequence[float]) -> list[Rows]:
        """As near to the second fraction as one of n equal parts comes."""
        way = "set a larger resampling.test (or resampling.inner), which takes fewer parts"
        second, *first = deal(rows, max(2, round(1 / fractions[1])), way)
        return [np.sort(np.concatenate(first)), second]

    rows, test = deal_two(_all(dataset), [1 - keys.test, keys.test]) if keys.test else (_all(dataset), None)
    folds: list[Fold] = []
    for _ in range(keys.repeats):
        parts = deal(rows, keys.k)
        folds += [_fold(_without(parts, i), valid, keys, deal_two) for i, valid in enumerate(parts)]
    return folds, test


def _time(dataset: Dataset, keys: _Keys, _rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    times = _column(dataset, "time", dataset.times)

    def cut(rows: Rows, fractions: Sequence[float]) -> list[Rows]:
        return dealing.along_time(rows, times, fractions)

    rows, test = cut(_all(dataset), [1 - keys.test, keys.test]) if keys.test else (_all(dataset), None)
    parts = cut(rows, [1.0] * (keys.k + 1))
    before = [np.sort(np.concatenate(parts[: i + 1])) for i in range(keys.k)]
    return [_fold(train, valid, keys, cut) for train, valid in zip(before, parts[1:], strict=True)], test


def _sklearn(dataset: Dataset, keys: _Keys, rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    classes = dataset.target if dataset.classes else None
    try:
        folds, test = dealing.by_scikit_learn(_all(dataset), classes, keys.test, keys.k, keys.seed)
    except ValueError as error:
        raise UserError(f"resampling.k={keys.k}: {error}; set a smaller resampling.k") from None
    return [_fold(train, valid, keys, _with_every_class(dataset, rng)) for train, valid in folds], test


def _own_column(dataset: Dataset, keys: _Keys, rng: np.random.Generator) -> tuple[list[Fold], Rows | None]:
    marks = np.asarray(_column(dataset, "split", dataset.parts))
    train, stop, valid, test = (np.flatnonzero(marks == part) for part in ("train", "stop", "valid", "test"))
    fold = Fold(train, stop, valid) if len(stop) else _fold(train, valid, keys, _with_every_class(dataset, rng))
    return [fold], test if len(test) else None


_METHODS = {
    "holdout": _holdout,
    "kfold": _kfold,
    "group": _group,
    "time": _time,
    "sklearn": _sklearn,
    "column": _own_column,
}


def _fold(train: Rows, valid: Rows, keys: _Keys, deal: _Deal) -> Fold:
    """A fold whose stop part is valid, or held out of train by `deal`."""
    if keys.inner is None:
        return Fold(train, valid, valid)
    train, stop = deal(train, [1 - keys.inner, keys.inner])
    return Fold(train, stop, valid)


def _with_every_class(dataset: Dataset, rng: np.random.Generator) -> _Deal:
    return lambda rows, fractions: _stratified(dataset, rows, fractions, [1] * len(fractions), rng)


def _stratified(
    dataset: Dataset, rows: Rows, fractions: Sequence[float], least: Sequence[int], rng: np.random.Generator
) -> list[Rows]:
    strata = _strata(dataset, rows)
    for label, members in strata.items():
        if len(members) < sum(least):
            raise _too_few(dataset, label, len(members), f"each of {sum(least)} parts of it needs one")
    return dealing.by_class(strata, fractions, least, rng)


def _strata(dataset: Dataset, rows: Rows) -> dict[str, Rows]:
    """The rows of each class; where there are no classes, all rows under no name."""
    if not dataset.classes:
        return {"": rows}
    return {label: rows[dataset.target[rows] == code] for code, label in enumerate(dataset.classes)}


def _all(dataset: Dataset) -> Rows:
    return np.arange(len(dataset.target), dtype=np.int64)


def _without(parts: Sequence[Rows], i: int) -> Rows:
    return np.sort(np.concatenate([*parts[:i], *parts[i + 1 :]]))


def _content(parts: Sequence[Rows]) -> str:
    digest = hashlib.sha256()
    for rows in parts:
        digest.update(f"{len(rows)}:".encode())
        digest.update(rows.astype("<i8").tobytes())
    return digest.hexdigest()


# --- checks -----------------------------------------------------------------------------------------------------------


def _checked(config: Mapping[str, Any], seed: int) -> _Keys:
    method = config.get("method")
    if method not in KEYS:
        raise UserError(f"resampling.method: {method!r} is not known; {allowed(str(method), KEYS)}")
    for key in config:
        if key not in (*KEYS[method], *_ANY):
            raise UserError(f"resampling.{key}: unknown key of method {method}; {allowed(key, KEYS[method])}")
    stop = config.get("stop", "valid")
    if stop not in ("valid", "inner"):
        raise UserError(f"resampling.stop: {stop!r} is not known; {allowed(stop, ['valid', 'inner'])}")
    fractions = [_fraction(config, key) for key in ("train", "valid", "test")] if method == "holdout" else []
    if fractions and not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        shown = " + ".join(f"{fraction:g}" for fraction in fractions)
        raise UserError(f"resampling: train + valid + test = {shown} = {sum(fractions):g}; they must sum to 1")
    test, refit = _fraction(config, "test") if "test" in KEYS[method] else 0.0, bool(config.get("refit"))
    if refit and not test:
        raise UserError("resampling.refit=true: there is no test part (resampling.test=0); set one of the two")
    return _Keys(
        method,
        tuple(fraction for fraction in fractions if fraction),
        whole("resampling.k", config.get("k"), 1 if method == "time" else 2) if "k" in KEYS[method] else 1,
        whole("resampling.repeats", config.get("repeats"), 1) if "repeats" in KEYS[method] else 1,
        test,
        _fraction(config, "inner") if stop == "inner" else None,
        refit,
        seed,
    )


def _fraction(config: Mapping[str, Any], key: str) -> float:
    """A number in (0, 1); for test 0 too, which says that there is no test part."""
    value = config.get(key)
    if is_number(value) and (0 < value < 1 or (key == "test" and value == 0)):
        return float(value)
    expected = "0 (no test part) or a fraction below 1" if key == "test" else "a fraction above 0 and below 1"
    raise UserError(f"resampling.{key}: {'missing' if value is None else f'found {value!r}'}; expected {expected}")


def _column(dataset: Dataset, key: str, values: Any) -> Any:
    """What the dataset's column for this method holds."""
    if values is None:
        method = "column" if key == "split" else key
        raise UserError(
            f"resampling.method: {method} needs a column that dataset.{key} names, and dataset {dataset.name} names "
            f"none; set dataset.{key}=COLUMN, or another resampling"
        )
    return values


def _every_class_trained(dataset: Dataset, keys: _Keys, folds: Sequence[Fold]) -> None:
    """Refuse a fold that trains without a class: its model would never have seen what it is scored on."""
    for number, fold in enumerate(folds):
        for label, members in _strata(dataset, fold.train).items():
            if len(members) and (dataset.weights is None or dataset.weights[members].any()):
                continue
            if len(members):
                raise UserError(
                    f"dataset {dataset.name}: class {label!r} has rows of weight 0 alone in fold {number}'s train "
                    "part; mend dataset.weight"
                )
            if keys.method in ("kfold", "sklearn"):
                rows = len(_strata(dataset, np.union1d(fold.train, fold.valid))[label])
                raise _too_few(dataset, label, rows, "they are all in one fold")
            ways = {
                "time": "a smaller resampling.k gives the first fold more of the past",
                "group": "its rows are in too few groups; choose another dataset.group or resampling",
                "column": "mend the column that dataset.split names",
            }
            rare = len(_strata(dataset, _all(dataset))[label]) < RARE
            leave = ", or leave this rare class out (dataset.rare_classes=drop)" if rare else ""
            raise UserError(
                f"dataset {dataset.name}: class {label!r} has no row in fold {number}'s train part; "
                f"{ways.get(keys.method, 'add rows of this class')}, or choose another resampling{leave}"
            )


def _too_few(dataset: Dataset, label: str, count: int, why: str) -> UserError:
    what = f"class {label!r} has" if label else "there are"
    way = "add rows of this class, or leave it out (dataset.rare_classes=drop)" if label else "add rows"
    if dataset.classes and all(re.fullmatch(r"\d+", each) for each in dataset.classes):
        way += "; whole numbers that are no classes are for dataset.task=counts or regression"
    elif dataset.classes and all(re.fullmatch(r"-?\d+", each) for each in dataset.classes):
        way += "; numbers that are no classes are for dataset.task=regression"
    return UserError(f"dataset {dataset.name}: {what} {plural(count, 'row')}, and {why}; {way}")


def _no_part_empty(dataset: Dataset, keys: _Keys, folds: Sequence[Fold], test: Rows | None) -> None:
    parts = [(f"fold {i}'s {name}", getattr(fold, name)) for i, fold in enumerate(folds) for name in vars(fold)]
    for name, rows in parts if test is None else [*parts, ("the test", test)]:
        weighs = dataset.weights is None or dataset.weights[rows].any()
        if len(rows) and weighs:
            continue
        if len(rows):
            raise UserError(f"dataset {dataset.name}: {name} part has rows of weight 0 alone; mend dataset.weight")
        ways = {
            "time": "there are too few different times; set a smaller resampling.k",
            "kfold": "set a smaller resampling.k",
            "sklearn": "set a smaller resampling.k",
        }
        raise UserError(f"dataset {dataset.name}: {name} part has no rows; {ways.get(keys.method, 'add rows')}")
