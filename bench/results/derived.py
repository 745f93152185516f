"""Columns of a trial table that follow from its others, and are left out where tables are packed."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.results import configurations


def best_losses(losses: pa.Array) -> pa.Array:
    """`best_loss` of a run: the lowest of its losses so far, null before the first."""
    best = np.fmin.accumulate(_numbers(losses)) if len(losses) else _numbers(losses)
    return _nullable(best, np.isnan(best))


def incumbent_test_losses(losses: pa.Array, test_losses: pa.Array) -> pa.Array:
    """`incumbent_test_loss` of a run: the test loss of the first trial that has the lowest loss so far."""
    values, tests = _numbers(losses), _numbers(test_losses)
    if not len(values):
        return _nullable(tests, np.isnan(tests))
    best = np.fmin.accumulate(values)
    before = np.concatenate([[np.inf], np.where(np.isnan(best[:-1]), np.inf, best[:-1])])
    places = np.maximum.accumulate(np.where(values < before, np.arange(len(values)), -1))
    unknown = (places < 0) | np.isnan(tests[places])
    return _nullable(tests[places], unknown)


def keys(prefix: str, parameters: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """`evaluation` of a run: the store's keys of its configurations, given what is hashed before them."""
    first = hashlib.sha256(prefix.encode())
    texts: Sequence[str] = configurations.joined(dict(sorted(parameters.items())), rows).to_pylist()
    hexadecimal = []
    for text in texts:
        digest = first.copy()
        digest.update(text.encode())
        hexadecimal.append(digest.hexdigest())
    return pa.array(np.array(hexadecimal, dtype=str), pa.string())


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    """The values, NaN where one is null."""
    numbers: NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers


def _nullable(values: NDArray[np.float64], unknown: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=unknown)
