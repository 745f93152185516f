"""Data of a call: the name of a dataset, a file, or a table in memory, which is written to a file of its own."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench import files
from bench.config import catalogue
from bench.errors import UserError, allowed
from bench.wording import shortened


def chosen(
    data: Any, target: Any, name: str, datasets_dir: Path, config_dir: Path | None
) -> tuple[str, dict[str, Any]]:
    """The choice of the group `dataset`, and the keys to set in it.

    `data` as `compare` takes it. A table from memory is called `name` and written to a file by its content: the same
    table is the same file. Raises `UserError` where it is none that a model can be trained on.
    """
    if isinstance(data, str) and data in catalogue.names("dataset", config_dir):
        if target is not None:
            raise UserError(f"target={_short(target)}: dataset={data} has a target of its own; leave it out")
        return data, {}
    if isinstance(data, str | Path):
        return "file", _of_file(str(data), target, config_dir)
    frame, column = _table(data, target)
    path = _written(frame, datasets_dir / files.MEMORY)
    return "file", {"dataset.name": name, "dataset.path": str(path), "dataset.target": column}


def _of_file(path: str, target: Any, config_dir: Path | None) -> dict[str, Any]:
    if not Path(path).suffix and not Path(path).exists():
        raise UserError(
            f"data={path!r}: neither the name of a dataset nor a file; "
            f"{allowed(path, catalogue.names('dataset', config_dir))}, or the path of a table"
        )
    if target is not None and not isinstance(target, str):
        raise UserError(f"target={_short(target)}: expected the name of a column of {path}, as text")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(path).name.partition(".")[0]).strip("._-")
    return {"dataset.name": stem or "file", "dataset.path": path, "dataset.target": target}


def _table(data: Any, target: Any) -> tuple[pd.DataFrame, str | None]:
    """A table of features and target, and the name of the target's column."""
    if isinstance(data, tuple) and len(data) == 2:
        if target is not None:
            raise UserError("target: stands beside data=(X, y), which holds one; leave it out")
        data, target = data
        if isinstance(target, str):
            raise UserError(f"data=(X, y): y is {target!r}; give data=X, target={target!r} for a column of X")
    frame = _frame(data)
    if target is None or isinstance(target, str):
        return frame, target
    kinds = pd.DataFrame | pd.Series
    if isinstance(data, kinds) and isinstance(target, kinds) and not target.index.equals(data.index):
        raise UserError(
            "target: has another index than data; give target.reindex(data.index), or target.to_numpy() where rows "
            "stand in the same order"
        )
    if isinstance(target, list | tuple) and len(target) != len(frame):
        raise UserError(f"target: has {len(target)} values, data {len(frame)} rows; give one for each row")
    values = target if isinstance(target, pd.Series) else pd.Series(_one_column(target))
    if len(values) != len(frame):
        raise UserError(f"target: has {len(values)} values, data {len(frame)} rows; give one for each row")
    name = str(values.name) if values.name is not None else "target"
    if name in frame.columns:
        raise UserError(f"target: data has a column {name!r}, too; give target={name!r} if it is meant, or rename one")
    return frame.assign(**{name: values.reset_index(drop=True)}), name


def _one_column(target: Any) -> Any:
    values = np.asarray(target)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise UserError(f"target: has the shape {values.shape}; expected one value for each row")
    return values


def _frame(data: Any) -> pd.DataFrame:
    """A frame with rows 0..n-1; columns without names are x0, x1, ..."""
    if not isinstance(data, pd.DataFrame) and hasattr(data, "to_pandas"):
        data = data.to_pandas()
    if isinstance(data, pd.DataFrame):
        if data.columns.nlevels > 1:
            raise UserError("data: its columns have several levels of names; give each one name")
        frame = data.set_axis([str(name) for name in data.columns], axis=1).reset_index(drop=True)
        twice = next((name for name in frame.columns[frame.columns.duplicated()]), None)
        if twice is not None:
            raise UserError(f"data: has two columns {twice!r}; give each a name of its own")
        return frame
    if not isinstance(data, np.ndarray | Sequence) or isinstance(data, str | bytes):
        raise UserError(
            f"data: is a {type(data).__name__}; expected a pandas DataFrame, an array of rows, (X, y), the name of a "
            "dataset or the path of a file"
        )
    try:
        values = np.asarray(data)
    except ValueError as error:
        raise UserError(f"data: its rows are not of one length ({error})") from None
    if values.ndim != 2:
        raise UserError(f"data: has the shape {values.shape}; expected rows and columns")
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(values.shape[1])]).infer_objects()


def _written(frame: pd.DataFrame, folder: Path) -> Path:
    """The file of the table, named by its content; one that is there and holds the same is left as it is."""
    arrays = []
    for name in frame.columns:
        try:
            arrays.append(_array(frame[name]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"data: column {name!r} cannot be kept in a file ({shortened(reason, 160)}); make numbers, booleans, "
                "text or categories of it"
            ) from None
    table = pa.table(arrays, names=list(frame.columns)).combine_chunks()
    path = (folder / f"{_digest(table)}.parquet").absolute()
    if path.is_file() and _holds(path, table):
        return path
    try:
        with files.replacing(path) as part:
            pq.write_table(table, part)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}); set datasets_dir=...") from None
    return path


def _array(column: pd.Series) -> pa.Array:
    """The column as parquet keeps it; labels of categories as text, as those of numbers would come back as numbers."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return pa.array(column, from_pandas=True)
    named = column.cat.rename_categories([str(label) for label in column.cat.categories])
    codes = pa.array(named.cat.codes, mask=named.isna().to_numpy(), type=pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(named.cat.categories), type=pa.string()))


def _digest(table: pa.Table) -> str:
    """SHA-256 of names, types and values, half of it, as Arrow writes them one after the other."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()[:32]


def _holds(path: Path, table: pa.Table) -> bool:
    try:
        there = pq.read_table(path)
        return bool(there.schema.equals(table.schema) and _plain(there).equals(_plain(table)))
    except (pa.ArrowException, OSError, ValueError):
        return False


def _plain(table: pa.Table) -> pa.Table:
    """The table with categories as text: another order of them is the same table."""
    return pa.table(
        [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table],
        table.column_names,
    )


def _short(value: Any) -> str:
    return shortened(" ".join(repr(value).split()), 60)
