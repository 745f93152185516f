"""The several losses of a run's trials, from the column in which its table has them as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.checks import is_number

Floats = NDArray[np.float64]

COLUMNS = ("loss", "test_loss", "losses")
"""The columns that `of` needs."""


@dataclass(frozen=True)
class Losses:
    """One row a trial, one column a loss, both arrays of one shape; +inf where a trial has none."""

    names: tuple[str, ...]
    validation: Floats
    test: Floats
    """+inf also where there is no test part."""


def of(table: pa.Table, metadata: Mapping[str, Any]) -> Losses | None:
    """The losses of a run of several, by its `metadata`; None of a run of one.

    Raises `ValueError`, whose text says why, where they are not what the run's objectives are, or the first of them is
    another than the trial's loss. Losses of trials that have none, failed ones among them, are not there.
    """
    names = tuple((metadata.get("objectives") or {}).get("names") or ())
    if len(names) < 2:
        if "losses" in table.column_names and table["losses"].null_count < len(table):
            raise ValueError("has several losses of a trial, and its run has one")
        return None
    losses = {name: table[name].to_numpy().astype(np.float64) for name in ("loss", "test_loss")}  # null is NaN
    validation, test = (np.full((len(table), len(names)), np.nan) for _ in range(2))
    for row, each in enumerate(_parsed(table["losses"].to_pylist())):
        if each is not None:
            validation[row], test[row] = _pairs(each, names, row)
    for name, several in (("loss", validation), ("test_loss", test)):
        wrong = np.flatnonzero(~((several[:, 0] == losses[name]) | (np.isnan(several[:, 0]) & np.isnan(losses[name]))))
        if len(wrong):
            raise ValueError(f"the first of the losses of trial {wrong[0]} is not its {name}")
    return Losses(names, *(np.where(np.isnan(several), np.inf, several) for several in (validation, test)))


def front(losses: Floats) -> NDArray[np.int64]:
    """The rows of `losses`, (trials, losses), that no other row dominates, ascending; of equal ones the first.

    A row dominates another that is nowhere lower and somewhere higher. Rows that are not finite are none.
    """
    rows = np.flatnonzero(np.isfinite(losses).all(axis=1))
    kept: list[int] = []
    for row in rows[np.lexsort(losses[rows].T[::-1])]:  # what dominates a row comes before it
        if not (losses[kept] <= losses[row]).all(axis=1).any():
            kept.append(int(row))
    return np.array(sorted(kept), dtype=np.int64)


def _parsed(texts: Sequence[str | None]) -> list[Any]:
    try:
        parsed: list[Any] = json.loads(f"[{','.join('null' if text is None else text for text in texts)}]")
    except (ValueError, RecursionError):
        raise ValueError("its losses are no JSON") from None
    return parsed


def _pairs(losses: Any, names: tuple[str, ...], row: int) -> tuple[list[float], list[float]]:
    """The losses and the test losses, NaN where there is no test part."""
    if not isinstance(losses, dict) or tuple(losses) != names:
        raise ValueError(f"the losses of trial {row} are not those of its objectives, {', '.join(names)}")
    pairs = list(losses.values())
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and is_number(pair[0]) and _is_test(pair[1])):
            raise ValueError(f"the losses of trial {row} are no pairs of a loss and a test loss")
    return [pair[0] for pair in pairs], [np.nan if pair[1] is None else pair[1] for pair in pairs]


def _is_test(value: Any) -> bool:
    return value is None or is_number(value)
