"""Rows dealt into parts: by class, by whole groups, along time. Each function returns ascending row numbers."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

Rows = NDArray[np.int64]


def by_class(
    strata: Mapping[str, Rows], fractions: Sequence[float], least: Sequence[int], rng: np.random.Generator
) -> list[Rows]:
    """Each class's rows shuffled and cut by `fractions`, with no fewer than `least` rows of a class in a part.

    Within a class, and in all, a part's rows are its exact fraction rounded up or down, in so far as `least` leaves a
    choice. A class must have `sum(least)` rows.
    """
    counts = _counts([len(rows) for rows in strata.values()], fractions, least)
    cuts = [
        np.split(rng.permutation(rows), np.cumsum(count)[:-1])
        for rows, count in zip(strata.values(), counts, strict=True)
    ]
    return [np.sort(np.concatenate(part)) for part in zip(*cuts, strict=True)]


def by_group(
    rows: Rows, groups: NDArray[np.int64], target: NDArray[Any] | None, parts: int, rng: np.random.Generator
) -> list[Rows]:
    """`rows` in `parts` parts of about the same size, every group in one part alone.

    With a `target` of classes their shares are kept as well as whole groups allow (scikit-learn's StratifiedGroupKFold,
    otherwise its GroupKFold). There must be as many groups as parts; a part may lack a class.
    """
    seed = int(rng.integers(2**31 - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer rows than parts: nothing else could be done with them
        if target is None or np.unique(target[rows], return_counts=True)[1].max() < parts:
            folds = list(GroupKFold(parts, shuffle=True, random_state=seed).split(rows, groups=groups[rows]))
        else:
            stratified = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
            folds = list(stratified.split(rows, target[rows], groups[rows]))
    return [np.sort(rows[chosen]) for _, chosen in folds]


def by_scikit_learn(
    rows: Rows, classes: NDArray[Any] | None, test: float, k: int, seed: int
) -> tuple[list[tuple[Rows, Rows]], Rows | None]:
    """Train and valid of `k` folds, and a share for `test`, as `train_test_split` and `cross_val_score` deal them.

    `classes` are the codes of all rows; None where there are none. Raises `ValueError` where they cannot be dealt so.
    """
    rest, held = train_test_split(rows, test_size=test, random_state=seed) if test else (rows, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class with fewer rows than folds
        folds = list(KFold(k).split(rest) if classes is None else StratifiedKFold(k).split(rest, classes[rest]))
    dealt = [(np.sort(rest[train]), np.sort(rest[valid])) for train, valid in folds]
    return dealt, None if held is None else np.sort(held)


def along_time(rows: Rows, times: NDArray[Any], fractions: Sequence[float]) -> list[Rows]:
    """`rows` in the order of time, cut by `fractions`; rows of one time stay together.

    A cut is moved to the nearest place between two times that leaves no part empty; there are empty parts only where
    there are fewer different times than parts.
    """
    ordered = rows[np.argsort(times[rows], kind="stable")]
    sorted_times = times[ordered]
    between = np.flatnonzero(sorted_times[1:] != sorted_times[:-1]) + 1
    wanted = np.cumsum(fractions)[:-1] / sum(fractions) * len(ordered)
    cuts: list[int] = []
    for number, place in enumerate(wanted, start=1):
        free = between[between > cuts[-1]] if cuts else between
        free = free[: max(0, len(free) - (len(wanted) - number))]  # each later cut needs a place of its own
        cuts.append(int(free[np.abs(free - place).argmin()]) if len(free) else len(ordered))
    return [np.sort(part) for part in np.split(ordered, cuts)]


def _counts(sizes: Sequence[int], fractions: Sequence[float], least: Sequence[int]) -> list[Rows]:
    """How many rows of each class go to each part: the fractions, rounded, and no fewer than `least`.

    A row that is left over goes to the part that is furthest behind over the classes so far. Were it to go by its own
    class alone, a hundred classes of seven rows would all give their odd row to the same part.
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
