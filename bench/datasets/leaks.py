"""Features that alone determine the target, as one does that is computed from it, or known only after it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.datasets import doubts

LEAST = 50
"""In fewer rows a feature may determine the target by chance."""
_EACH = 10
"""Categories count where each stands for so many rows, on average: a name for each row determines anything."""
_FIRST = 500
"""About so many rows, evenly spread, are looked at before all are."""


def of(features: pd.DataFrame, target: NDArray[Any], classes: tuple[str, ...]) -> Iterator[str]:
    """A remark for each feature that determines the target in every row (of a quantity: every row that has it).

    A number determines classes where each class is one interval of it, or the rows that lack it; it determines a
    quantity where the one rises or falls with the other throughout. Categories do so where all rows of each have the
    same target. `features`: as `Dataset` has them. `target`: (n,) codes or numbers.
    """
    some = np.linspace(0, len(target) - 1, min(_FIRST, len(target))).astype(np.int64)
    for name, column in features.items():
        category = isinstance(column.dtype, pd.CategoricalDtype)
        values = column.cat.codes.to_numpy() if category else column.to_numpy()
        check = _of_categories if category else _intervals if classes else _monotone
        known = np.ones(len(target), dtype=np.bool_) if classes or category else ~np.isnan(values)
        first = some[known[some]]
        if not check(values[first], target[first]):
            continue
        rows = np.flatnonzero(known)
        if len(rows) < LEAST or (category and len(column.cat.categories) * _EACH > len(rows)):
            continue
        if check(values[rows], target[rows]):
            where = "every row" if len(rows) == len(target) else f"the {len(rows)} rows that have it"
            yield (
                f"column {str(name)!r} alone determines the target in {where}; where it is known only with the "
                f"target, {doubts.key(str(name), 'ignore')} leaves it out"
            )


def _of_categories(codes: NDArray[Any], target: NDArray[Any]) -> bool:
    """Whether all rows of a category have the same target, the rows without one too."""
    order = np.lexsort((target, codes))
    same = codes[order][1:] == codes[order][:-1]
    return bool((target[order][1:][same] == target[order][:-1][same]).all())


def _intervals(numbers: NDArray[Any], target: NDArray[Any]) -> bool:
    """Whether each class is one interval of the numbers, the rows without a number being of one class, too."""
    lacking = np.isnan(numbers)
    if len(np.unique(target[lacking])) > 1:
        return False
    known, of_known = numbers[~lacking], target[~lacking]
    order = np.lexsort((of_known, known))
    changes = of_known[order][1:] != of_known[order][:-1]
    if changes.sum() != len(np.unique(of_known)) - 1:
        return False
    return bool((known[order][1:][changes] > known[order][:-1][changes]).all())


def _monotone(numbers: NDArray[Any], target: NDArray[Any]) -> bool:
    """Whether the target never falls, or never rises, with the numbers, and equal numbers have equal targets."""
    order = np.argsort(numbers, kind="stable")
    steps = np.diff(target[order])
    equal = np.diff(numbers[order]) == 0
    return bool((steps >= 0).all() or (steps <= 0).all()) and not steps[equal].any()
