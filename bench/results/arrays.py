"""Arrow arrays of Python values, made without pandas.

`pyarrow.array`, and all that converts Python values with it, imports pandas where that is installed, to ask of each
value whether it is one of pandas' own. That is a third of what a short run takes, and no value here is.
"""

from array import array as packed
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODES = {pa.int32(): "i", pa.int64(): "q", pa.float64(): "d"}
"""Of numbers the type code of `array.array`, which refuses what is none of its type."""
_LONGEST = 2**31 - 1
"""How many bytes the texts of one Arrow array of strings may have together."""


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """The table that `pyarrow.Table.from_pylist(rows, schema)` makes, for a schema of the types that `array` takes."""
    columns = [array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def array(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """The array that `pyarrow.array(values, type_)` makes; None is null.

    `type_` is int32, int64, float64, bool, string, timestamp in microseconds of UTC, or a dictionary of such values.
    Raises `TypeError` or `OverflowError` where a number is none of the type.
    """
    if pa.types.is_dictionary(type_):
        codes = {value: code for code, value in enumerate(dict.fromkeys(v for v in values if v is not None))}
        indices = array([None if value is None else codes[value] for value in values], type_.index_type)
        return pa.DictionaryArray.from_arrays(indices, array(list(codes), type_.value_type))
    known = [value is not None for value in values]
    if pa.types.is_string(type_):
        texts = [value.encode() if there else b"" for value, there in zip(values, known, strict=True)]
        if sum(map(len, texts)) > _LONGEST:
            return pa.array(values, type_)
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        data = [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    elif pa.types.is_boolean(type_):
        data = [_bits([bool(value) for value in values])]
    elif pa.types.is_timestamp(type_):
        since = [(value - _EPOCH) // timedelta(microseconds=1) if value is not None else 0 for value in values]
        data = [pa.py_buffer(packed("q", since))]
    else:
        data = [pa.py_buffer(packed(_CODES[type_], [0 if value is None else value for value in values]))]
    return pa.Array.from_buffers(type_, len(values), [None if all(known) else _bits(known), *data])


def _bits(flags: Sequence[bool]) -> pa.Buffer:
    """A bit a flag, the first the least of the first byte."""
    return pa.py_buffer(np.packbits(np.array(flags, dtype=bool), bitorder="little"))
