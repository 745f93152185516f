"""Configurations as columns of parameters, and their canonical JSON made of these again, to the byte.

A parameter that is a float in all configurations that have it is a column of such, one that is an int a column of
these, any other a column of texts, its values in JSON. Null is where a configuration is without it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.results import arrays

Columns = dict[str, pa.Array]
"""The values of each parameter, by name, in the order that configurations have them."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_LOW, _HIGH = 1e-4, 1e10
"""Between these Arrow and Python write floats that are no whole numbers alike: in the fewest digits that name them."""


def parted(texts: Sequence[str]) -> Columns | None:
    """The columns that `joined` makes these texts of, one a configuration; None where there are no such columns."""
    try:
        configurations = [json.loads(text) for text in texts]
        names = _order([list(each) for each in configurations])
        columns = {name: _column([each.get(name, _ABSENT) for each in configurations]) for name in names}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return columns if joined(columns, len(texts)).to_pylist() == list(texts) else None


def joined(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """The configurations of columns, as canonical JSON of the parameters in the order of `columns`."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a run that only looks whether others are done is spared it

    if not columns:
        return pa.array(np.full(rows, "{}"), pa.string())
    pieces: list[Any] = []
    present = all(column.null_count == 0 for column in columns.values())
    for name, column in columns.items():
        head = f"{_ENCODER.encode(name)}:"
        if present:
            pieces += ["," + head if pieces else "{" + head, _texts(column)]
        else:
            pieces.append(pc.binary_join_element_wise(pa.scalar("," + head), _texts(column), ""))
    if present:
        return pc.binary_join_element_wise(*pieces, "}", "")
    # Not null_handling="skip", with which Arrow 26 returns no row where all are null.
    within = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise("{", pc.utf8_ltrim(within, ","), "}", "")


_ABSENT = object()


def _order(keys: Sequence[Sequence[str]]) -> list[str]:
    """The names in an order that all of `keys` follow; raises `ValueError` where there is none."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for names in dict.fromkeys(map(tuple, keys)):
        for before, name in zip((None, *names), names, strict=False):
            order.add(name, *([] if before is None else [before]))
    try:
        return list(order.static_order())
    except CycleError:
        raise ValueError("the parameters of configurations are not in one order") from None


def _column(values: Sequence[Any]) -> pa.Array:
    """One parameter's values, null where there is none."""
    kinds = {type(value) for value in values if value is not _ABSENT}
    plain = [None if value is _ABSENT else value for value in values]
    if kinds == {float}:
        return arrays.array(plain, pa.float64())
    if kinds == {int}:
        try:
            return arrays.array(plain, pa.int64())
        except OverflowError:
            pass
    return arrays.array([None if v is _ABSENT else _ENCODER.encode(v) for v in values], pa.string())


def _texts(column: pa.Array) -> pa.Array:
    """The values of a column in JSON."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    values = column.to_numpy(zero_copy_only=False)  # null is NaN
    alike = _alike(values) if _arrow_writes_as_python() else np.zeros(len(values), dtype=bool)
    texts = column.cast(pa.string())
    if alike.all():
        return texts
    others = [None if math.isnan(value) else repr(value) for value in values[~alike].tolist()]
    return pc.replace_with_mask(texts, pa.array(~alike), arrays.array(others, pa.string()))


def _alike(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values Arrow writes as Python's `repr` does."""
    sizes = np.abs(values)
    alike: NDArray[np.bool_] = (sizes >= _LOW) & (sizes < _HIGH) & (values != np.trunc(values))
    return alike


@cache
def _arrow_writes_as_python() -> bool:
    """Whether this version of Arrow does so: of others nothing is known."""
    values = np.geomspace(1.0000001 * _LOW, 0.9999999 * _HIGH, 999)
    values = np.concatenate([values, -values, values.round(5)])
    values = values[_alike(values)]
    written: list[str] = pa.array(values).cast(pa.string()).to_pylist()
    return written == [repr(value) for value in values.tolist()]
