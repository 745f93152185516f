"""Writing a pack: which columns it stores, and how each is encoded."""

import json
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.results import configurations, derived, metadata
from bench.results.columns import SCHEMA_2
from bench.results.packs import DERIVED, KEY_PREFIX, PARAMETER, PLACE, Layout, stored_field

LEVEL = 19
"""Of zstd's compression: packs are written once."""
_VARIED = 0.5
"""The share of different values from which on a column is not stored as a dictionary of them."""

Content = tuple[pa.Table, Mapping[str, Any]]
Columns = dict[str, list[pa.Array]]
"""Columns by name, one array a run."""


def write(path: Path, place: Mapping[str, str], runs: Mapping[int, Content]) -> None:
    """Write the runs of one optimiser, by seed, into one file, and flush it to the disk.

    The same runs make the same file, however they have come together. `place` names experiment, dataset, model and
    optimiser, which all rows have. Raises `OSError` as the system does.
    """
    ordered = dict(sorted(runs.items()))
    contents = list(ordered.values())
    layout, columns = _laid_out(place, contents)
    common = contents[0][1]
    patches = {str(seed): metadata.difference(common, about) for seed, (_, about) in ordered.items()}
    content = {**layout.describe(), "common": common, "runs": patches}
    schema = pa.schema([_field(name, arrays) for name, arrays in columns.items()])
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema, **_encoding(columns)) as writer:
            writer.add_key_value_metadata({metadata.KEY.decode(): json.dumps(content, separators=(",", ":"))})
            for number, (table, _) in enumerate(contents):
                group = pa.Table.from_arrays([arrays[number] for arrays in columns.values()], schema=schema)
                writer.write_table(group, row_group_size=max(1, len(table)))
        file.flush()
        os.fsync(file.fileno())


def _laid_out(place: Mapping[str, str], contents: Sequence[Content]) -> tuple[Layout, Columns]:
    """What is stored of runs, and what is not."""
    names = max((table.column_names for table, _ in contents), key=len)
    every = {name: [_stored(table, name) for table, _ in contents] for name in names if name not in (*PLACE, "seed")}
    parameters = _parameters(every["configuration"])
    followed = [name for name in DERIVED if _follows(name, every, parameters, contents)]
    left = {name: arrays for name, arrays in every.items() if name not in followed}
    constant = {name: value for name, arrays in left.items() for value in _only_values(name, arrays)}
    columns = {name: arrays for name, arrays in left.items() if name not in constant}
    return Layout(place, constant, followed), columns | ({} if parameters is None else _named(parameters))


def _stored(table: pa.Table, name: str) -> pa.Array:
    """A column of a run as a pack stores it; nulls where its version has none."""
    type_ = stored_field(name).type
    if name not in table.column_names:
        return pa.nulls(len(table), type_)
    array = table[name].combine_chunks()
    return array.cast(type_)


def _named(parameters: Columns) -> Columns:
    return {f"{PARAMETER}{name}": arrays for name, arrays in parameters.items()}


def _parameters(texts: Sequence[pa.Array]) -> Columns | None:
    """The columns of the parameters of configurations; None where these cannot be made of such again."""
    ends = np.cumsum([0, *map(len, texts)])
    columns = configurations.parted([text for array in texts for text in array.to_pylist()])
    if columns is None:
        return None
    return {name: [column[start:end] for start, end in pairwise(ends)] for name, column in columns.items()}


def _follows(name: str, every: Columns, parameters: Columns | None, contents: Sequence[Content]) -> bool:
    """Whether a column follows from others in every run, to the bit."""
    if name == "configuration":
        return parameters is not None
    for number, (_, about) in enumerate(contents):
        run = {key: arrays[number] for key, arrays in every.items()}
        of_run = None if parameters is None else {key: arrays[number] for key, arrays in parameters.items()}
        expected = _derived(name, run, of_run, about)
        if expected is None or not same(expected, run[name]):
            return False
    return True


def _derived(
    name: str, run: Mapping[str, pa.Array], parameters: Mapping[str, pa.Array] | None, about: Mapping[str, Any]
) -> pa.Array | None:
    """What a column would be if it followed from others; None where it cannot."""
    rows = len(run["loss"])
    if name == "trial":
        return pa.array(np.arange(rows, dtype=np.int32))
    if name == "best_loss":
        return derived.best_losses(run["loss"])
    if name == "incumbent_test_loss":
        return derived.incumbent_test_losses(run["loss"], run["test_loss"])
    if parameters is None or not isinstance(about.get(KEY_PREFIX), str):
        return None
    return derived.keys(about[KEY_PREFIX], parameters, rows)


def _only_values(name: str, arrays: Sequence[pa.Array]) -> list[Any]:
    """The value that a column has in all rows of all runs, if it has one that JSON keeps as it is."""
    values = pa.chunked_array(arrays).unique()
    if len(values) != 1:
        return []
    value = values[0].as_py()
    kept = isinstance(value, str | bool | int) or (value is None and SCHEMA_2.field(name).nullable)
    return [value] if kept else []


def _field(name: str, arrays: Sequence[pa.Array]) -> pa.Field:
    """A stored column; one without nulls takes some bytes less of each run."""
    return pa.field(name, arrays[0].type, nullable=any(array.null_count for array in arrays))


def _encoding(columns: Columns) -> dict[str, Any]:
    """How columns are written: those of few values as dictionaries, numbers of many by their differences or bytes."""
    varied = {name: arrays[0].type for name, arrays in columns.items() if _is_varied(arrays)}
    encodings = {}
    for name, type_ in varied.items():
        if pa.types.is_floating(type_):
            encodings[name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(type_) or pa.types.is_timestamp(type_):
            encodings[name] = "DELTA_BINARY_PACKED"
    return {
        "compression": "zstd",
        "compression_level": LEVEL,
        "use_dictionary": [name for name in columns if name not in varied],
        "column_encoding": encodings,
        "write_statistics": False,
        "store_schema": False,
    }


def _is_varied(arrays: Sequence[pa.Array]) -> bool:
    """Whether most values of a run are different from each other."""
    if pa.types.is_boolean(arrays[0].type):
        return True
    rows = sum(map(len, arrays))
    return sum(len(array.unique()) for array in arrays) > _VARIED * rows


def same(one: pa.Array | pa.ChunkedArray, other: pa.Array | pa.ChunkedArray) -> bool:
    """Whether two columns of a type are the same to the bit: also NaN, and the sign of 0."""
    first, second = (_bits(column) for column in (one, other))
    return bool(first.equals(second))


def _bits(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        return array.cast(array.type.value_type)
    return array.view(pa.int64()) if pa.types.is_floating(array.type) else array
