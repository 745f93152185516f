"""How rows are dealt to the parts of a problem: train, stop (early stopping), valid (the loss) and test."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.loading import Dataset
from bench.errors import UserError, allowed

KEYS = ("name", "description", "train", "valid", "test", "stop", "inner")


@dataclass(frozen=True, eq=False)
class Split:
    """The row numbers of each part, ascending; `stop` is `valid` itself, or rows held out of train.

    `content` is the SHA-256 of all the row numbers. It belongs in a problem's hash: whatever would split otherwise,
    another seed or another library, can then never mix its results with these.
    """

    train: NDArray[np.int64]
    stop: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64] | None
    content: str


def split(dataset: Dataset, config: Mapping[str, Any], seed: int) -> Split:
    """Deal the rows of `dataset` by the fractions in `config`, at random by `seed`.

    For classification each class is dealt by itself, and every part has at least one row of every class: scikit-learn's
    stratified splitters can leave a rare class out of a part. A part's rows of a class, and its rows in all, are its
    exact fraction rounded, up or down, in so far as rare classes leave a choice. For regression the rows are one class.
    With `stop: inner`, valid and test are the same rows as with `stop: valid`, unless a rare class needs another row in
    train to be shared out. Raises `UserError` naming the key, or
    the class that has too few rows.
    """
    fractions, inner = _checked(config)
    rng = np.random.default_rng(seed)
    groups = _groups(dataset)
    least = [1 if inner is None else 2, *[1] * (len(fractions) - 1)]  # of each class in each part
    for label, rows in groups.items():
        if len(rows) < sum(least):
            what = f"class {label!r} has" if label else "there are"
            raise UserError(
                f"dataset {dataset.name}: {what} {len(rows)} rows, and each of {sum(least)} parts of it needs one; "
                + ("add rows of this class, or leave it out" if label else "add rows")
            )
    train, valid, *rest = _deal(list(groups.values()), fractions, least, rng)
    stop = [np.empty(0, dtype=np.int64)] if inner is not None else valid
    if inner is not None:
        train, stop = _deal(train, [1 - inner, inner], [1, 1], rng)
    parts = [np.sort(np.concatenate(part)) for part in (train, stop, valid, *rest)]
    return Split(parts[0], parts[1], parts[2], parts[3] if rest else None, _content(parts))


def _checked(config: Mapping[str, Any]) -> tuple[list[float], float | None]:
    """The fractions of train, valid and (where there is one) test; and of train's rows that are held out to stop on."""
    for key in config:
        if key not in KEYS:
            raise UserError(f"resampling.{key}: unknown key; {allowed(key, KEYS)}")
    if config.get("name", "holdout") != "holdout":
        raise UserError(f"resampling.name: {config['name']!r} is not known; {allowed(config['name'], ['holdout'])}")
    stop = config.get("stop", "valid")
    if stop not in ("valid", "inner"):
        raise UserError(f"resampling.stop: {stop!r} is not known; {allowed(stop, ['valid', 'inner'])}")
    fractions = [_fraction(config, key) for key in ("train", "valid", "test")]
    if not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        shown = " + ".join(f"{fraction:g}" for fraction in fractions)
        raise UserError(f"resampling: train + valid + test = {shown} = {sum(fractions):g}; they must sum to 1")
    return [fraction for fraction in fractions if fraction], _fraction(config, "inner") if stop == "inner" else None


def _fraction(config: Mapping[str, Any], key: str) -> float:
    """A number in (0, 1); for test 0 too, which says that there is no test part."""
    value = config.get(key)
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (0 < value < 1 or (key == "test" and value == 0))
    ):
        return float(value)
    expected = "0 (no test part) or a fraction below 1" if key == "test" else "a fraction above 0 and below 1"
    raise UserError(f"resampling.{key}: {'missing' if value is None else f'found {value!r}'}; expected {expected}")


def _groups(dataset: Dataset) -> dict[str, NDArray[np.int64]]:
    """The rows of each class; for regression, all rows under no name."""
    if dataset.task == "regression":
        return {"": np.arange(len(dataset.target), dtype=np.int64)}
    return {label: np.flatnonzero(dataset.target == code) for code, label in enumerate(dataset.classes)}


def _deal(
    groups: Sequence[NDArray[np.int64]], fractions: Sequence[float], least: Sequence[int], rng: np.random.Generator
) -> list[list[NDArray[np.int64]]]:
    """Each group's rows shuffled and cut by `fractions`: for each part, its rows of each group."""
    counts = _counts([len(rows) for rows in groups], fractions, least)
    cuts = [np.split(rng.permutation(rows), np.cumsum(count)[:-1]) for rows, count in zip(groups, counts, strict=True)]
    return [list(part) for part in zip(*cuts, strict=True)]


def _counts(sizes: Sequence[int], fractions: Sequence[float], least: Sequence[int]) -> list[NDArray[np.int64]]:
    """How many rows of each group go to each part: the fractions, rounded, and no fewer than `least`.

    A row that is left over goes to the part that is furthest behind over the groups so far. Were it to go by its own
    group alone, a hundred classes of seven rows would all give their odd row to the same part.
    """
    behind = np.zeros(len(fractions))
    counts = []
    for size in sizes:
        exact = size * np.asarray(fractions) / sum(fractions)
        count = np.maximum(np.floor(exact).astype(np.int64), least)
        behind += exact - count
        while count.sum() != size:
            step = 1 if count.sum() < size else -1
            part = int(behind.argmax()) if step == 1 else int(np.where(count > least, behind, np.inf).argmin())
            count[part] += step
            behind[part] -= step
        counts.append(count)
    return counts


def _content(parts: Sequence[NDArray[np.int64]]) -> str:
    digest = hashlib.sha256()
    for rows in parts:
        digest.update(f"{len(rows)}:".encode())
        digest.update(rows.astype("<i8").tobytes())
    return digest.hexdigest()
