"""The trial table: writing one run, reading one, from its own file or a pack, and reading an experiment."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from bench import files
from bench.results import arrays, metadata, packs, soundness
from bench.results.columns import VERSIONS, completed, schema_of
from bench.results.finding import find_some
from bench.results.identity import RunId
from bench.results.packs import Pack
from bench.results.unreadable import BROKEN, DamagedTable, UnreadableTable

if TYPE_CHECKING:
    import pandas as pd

Columns = Sequence[str] | None
Content = tuple[pa.Table, dict[str, Any]]
"""A run's rows and its metadata."""
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Results:
    """The trial tables of one or more experiments."""

    trials: "pd.DataFrame"
    """The rows of all runs in order of (experiment, dataset, model, optimizer, seed, trial); names as categories."""
    runs: dict[RunId, dict[str, Any]]
    """Each run's metadata."""


def write_run(path: Path, rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], version: int = 1) -> None:
    """Write one run's table whole, then rename it into place, so that no reader ever sees a part of it.

    `rows` have the columns of `columns.VERSIONS[version]`; `about` is stored as JSON under the key `bench`.
    """
    write_table(path, arrays.table(rows, VERSIONS[version]), {"schema": version, **about})


def write_table(path: Path, table: pa.Table, about: Mapping[str, Any]) -> None:
    """As `write_run`, of the table of a run that has one, and all of its metadata."""
    table = table.replace_schema_metadata({metadata.KEY: json.dumps(about)})
    with files.replacing(path) as part, part.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def read(results_dir: Path, experiments: Iterable[str], columns: Columns = None) -> Results:
    """Read every run of the named experiments, all columns or only those named.

    Raises `UserError` where an experiment is unknown or empty, `UnreadableTable` where a table cannot be read.
    """
    tables: list[pa.Table] = []
    runs: dict[RunId, dict[str, Any]] = {}
    for experiment in experiments:
        for run in find_some(results_dir, experiment):
            table, runs[run] = read_run(results_dir, run, columns)
            tables.append(table)
    return combined(tables, runs)


def read_run(
    results_dir: Path, run: RunId, columns: Columns = None, expected: Mapping[str, object] | None = None
) -> Content:
    """One run's rows, all columns or only those named, and its metadata; raises `UnreadableTable`.

    All are those of the table's own version; those of `SCHEMA_2` can be asked of any. A column that holds nothing but
    the value `expected` of it, as the file itself says, is left out unread; where it is given, even empty,
    configurations are not looked into.
    """
    return _read(
        results_dir,
        run,
        lambda path: read_file(path, columns, expected),
        lambda pack: read_packed(pack, run.seed, columns, expected),
    )


def read_metadata(results_dir: Path, run: RunId) -> dict[str, Any]:
    """The `bench` metadata of one run, from a file's footer alone; raises `UnreadableTable`."""
    return _read(results_dir, run, file_metadata, lambda pack: pack.metadata(run.seed))


def read_end(results_dir: Path, run: RunId, columns: Sequence[str]) -> tuple[dict[str, float | None], dict[str, Any]]:
    """The named columns of a run's last row, which are numbers or null, and its metadata; raises `UnreadableTable`.

    pandas is not imported for it.
    """

    def last(table: pa.Table) -> dict[str, float | None]:
        return {name: table[name].cast(pa.float64())[-1].as_py() for name in columns}

    def of_file(path: Path) -> tuple[dict[str, float | None], dict[str, Any]]:
        try:
            with pq.ParquetFile(files.regular(path)) as file:
                about = metadata.checked(path, metadata.parsed(file.metadata.metadata))
                return last(file.read(columns=list(columns), use_threads=False)), about
        except BROKEN as error:
            raise DamagedTable(path, error) from None

    def of_pack(pack: Pack) -> tuple[dict[str, float | None], dict[str, Any]]:
        about = pack.metadata(run.seed)
        try:
            return last(pack.table(run.seed, columns, about)), about
        except BROKEN as error:
            raise DamagedTable(pack.path, error) from None

    return _read(results_dir, run, of_file, of_pack)


def file_metadata(path: Path) -> dict[str, Any]:
    """As `read_metadata`, of the file of one run."""
    try:
        with pq.ParquetFile(files.regular(path)) as file:
            return metadata.checked(path, metadata.parsed(file.metadata.metadata))
    except BROKEN as error:
        raise DamagedTable(path, error) from None


def read_file(path: Path, columns: Columns = None, expected: Mapping[str, object] | None = None) -> Content:
    """As `read_run`, of the file of one run."""
    try:
        # Opened once: an experiment has many files.
        with pa.OSFile(str(files.regular(path))) as opened, pq.ParquetFile(opened) as file:
            about = metadata.checked(path, metadata.parsed(file.metadata.metadata))
            left_out = _as_expected(file.metadata, expected or {})
            schema = _own(columns, about, left_out)
            table = file.read(columns=schema.names, use_threads=False).select(schema.names)
        table.validate(full=True)  # a reader takes a file's word for its texts being such
        table = table.replace_schema_metadata(None)  # what it says to pandas is not heard
        if not table.schema.equals(schema):
            kinds = soundness.fault_of_types(table.schema, schema)
            if kinds:
                raise ValueError(kinds)
            table = table.cast(schema)
        _check(path, table, about, looked_into=expected is None)
    except BROKEN as error:
        raise DamagedTable(path, error) from None
    return _completed(table, columns, left_out), about


def read_packed(
    pack: Pack, seed: int, columns: Columns = None, expected: Mapping[str, object] | None = None
) -> Content:
    """As `read_run`, of a run in a pack."""
    about = pack.metadata(seed)
    try:
        left_out = pack.as_expected(seed, expected or {})
        table = pack.table(seed, _own(columns, about, left_out).names, about)
        _check(pack.path, table, about, looked_into=expected is None)
    except BROKEN as error:
        raise DamagedTable(pack.path, error) from None
    return _completed(table, columns, left_out), about


def _read(results_dir: Path, run: RunId, of_file: Callable[[Path], _Read], of_pack: Callable[[Pack], _Read]) -> _Read:
    """What is read of a run: from its own file where there is one, else from the pack that it is in."""
    path = run.path(results_dir)
    try:
        if path.exists():
            try:
                return of_file(path)
            except DamagedTable:
                if path.exists():
                    raise
        pack = packs.at(run.pack(results_dir))  # also where it was packed at this moment
        return of_pack(pack) if pack is not None and run.seed in pack.groups else of_file(path)
    except UnreadableTable as error:
        error.run = run
        raise


def _own(columns: Columns, about: Mapping[str, Any], left_out: set[str]) -> pa.Schema:
    """The schema of the columns to read, of those that a table of this version has."""
    own = VERSIONS[about["schema"]].names
    names = own if columns is None else [name for name in columns if name in own]
    return schema_of(tuple(name for name in names if name not in left_out))


def _check(path: Path, table: pa.Table, about: Mapping[str, Any], looked_into: bool) -> None:
    """Raise `ValueError` or `UnreadableTable` where a run's rows are not what they must be."""
    if looked_into and "configuration" in table.column_names:
        _check_configurations(table["configuration"])
    fault = soundness.fault_of_rows(table, about["schema"])
    if fault:
        raise UnreadableTable(path, f"{fault}; delete it and run its experiment again")


def _check_configurations(column: pa.ChunkedArray) -> None:
    """Raise `ValueError` where one is no JSON object of plain values."""
    for number, text in enumerate(column.to_pylist()):
        configuration = json.loads(text)
        if not isinstance(configuration, dict) or any(isinstance(v, dict | list) for v in configuration.values()):
            raise ValueError(f"the configuration of trial {number} is no mapping of plain values")


def _completed(table: pa.Table, columns: Columns, left_out: set[str]) -> pa.Table:
    """The table with the columns that were asked for and that its version lacks."""
    wanted = None if columns is None else [name for name in columns if name not in left_out]
    return table if wanted is None or wanted == table.column_names else completed(table, wanted)


def _as_expected(file: pq.FileMetaData, expected: Mapping[str, object]) -> set[str]:
    """The columns that hold nothing but the value expected, by the statistics of a file, which may have none."""
    if not expected or not file.num_row_groups:
        return set()
    places = {name: place for place, name in enumerate(file.schema.names)}
    known = {name for name in expected if name in places}
    for number in range(file.num_row_groups):
        group = file.row_group(number)
        for name in list(known):
            bounds = group.column(places[name]).statistics
            if bounds is None or bounds.null_count or not (bounds.min == expected[name] == bounds.max):
                known.discard(name)
    return known


def combined(tables: Sequence[pa.Table], runs: dict[RunId, dict[str, Any]]) -> Results:
    """The rows of runs, at least one, together; `tables` are those of `runs`, in their order."""
    names = max((table.column_names for table in tables), key=len)
    tables = [table if len(table.column_names) == len(names) else completed(table, names) for table in tables]
    return Results(pa.concat_tables(tables).unify_dictionaries().to_pandas(), runs)
