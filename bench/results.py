"""The trial table: its schema, writing one run, reading an experiment."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import UserError, allowed

SCHEMA_VERSION = 1

_NAME = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("experiment", _NAME, nullable=False),
        pa.field("dataset", _NAME, nullable=False),
        pa.field("model", _NAME, nullable=False),
        pa.field("optimizer", _NAME, nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("trial", pa.int32(), nullable=False),
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("evaluation", pa.string(), nullable=False),
        pa.field("loss", pa.float64()),
        pa.field("test_loss", pa.float64()),
        pa.field("best_loss", pa.float64()),
        pa.field("incumbent_test_loss", pa.float64()),
        pa.field("status", _NAME, nullable=False),
        pa.field("error", pa.string()),
        pa.field("initial", pa.bool_(), nullable=False),
        pa.field("cached", pa.bool_(), nullable=False),
        pa.field("ask_seconds", pa.float64(), nullable=False),
        pa.field("evaluate_seconds", pa.float64(), nullable=False),
        pa.field("tell_seconds", pa.float64(), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("details", pa.string()),
    ]
)
"""One row a trial; DESIGN.md §4 says what each column means."""


@dataclass(frozen=True, order=True)
class RunId:
    """What names a run in its experiment, and where its table stands."""

    experiment: str
    dataset: str
    model: str
    optimizer: str
    seed: int

    def path(self, results_dir: Path) -> Path:
        """results_dir/EXPERIMENT/DATASET/MODEL/OPTIMIZER/SEED.parquet."""
        return results_dir / self.experiment / self.dataset / self.model / self.optimizer / f"{self.seed}.parquet"

    def __str__(self) -> str:
        return f"{self.experiment}/{self.dataset}/{self.model}/{self.optimizer}/{self.seed}"


_UNREADABLE = (OSError, KeyError, ValueError, pa.ArrowException)


class DamagedTable(UserError):
    """A parquet file that cannot be read as a trial table."""


def write_run(path: Path, rows: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any]) -> None:
    """Write one run's table whole, then rename it into place, so that no reader ever sees a part of it.

    `rows` have the columns of `SCHEMA`; `metadata` is stored as JSON under the key `bench`.
    """
    schema = SCHEMA.with_metadata({"bench": json.dumps({"schema": SCHEMA_VERSION, **metadata})})
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_metadata(path: Path) -> dict[str, Any]:
    """The `bench` metadata of one run's table, read from the file's footer alone; raises `DamagedTable`."""
    try:
        with pq.ParquetFile(path) as file:
            return _metadata(path, file)
    except _UNREADABLE as error:
        raise DamagedTable(_damaged(path, error)) from None


def _metadata(path: Path, file: pq.ParquetFile) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads((file.metadata.metadata or {})[b"bench"])
    if metadata.get("schema") != SCHEMA_VERSION:
        raise UserError(
            f"{path}: has schema {metadata.get('schema')}, this version reads {SCHEMA_VERSION}; "
            "run its experiment again with overwrite=true"
        )
    return metadata


@dataclass(frozen=True)
class Results:
    """The trial tables of one or more experiments."""

    trials: pd.DataFrame
    """The rows of all runs in order of (experiment, dataset, model, optimizer, seed, trial); names as categories."""
    runs: dict[RunId, dict[str, Any]]
    """Each run's metadata."""


def read(results_dir: Path, experiments: Iterable[str], columns: Sequence[str] | None = None) -> Results:
    """Read every run of the named experiments, all columns or only those named.

    Raises `UserError` where an experiment is unknown, empty or damaged.
    """
    schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
    tables: list[pa.Table] = []
    runs: dict[RunId, dict[str, Any]] = {}
    for experiment in experiments:
        files = find(results_dir, experiment)
        if not files:
            known = sorted(entry.name for entry in results_dir.glob("*") if entry.is_dir())
            raise UserError(
                f"experiment {experiment!r}: no finished run in {results_dir / experiment}; "
                + (allowed(experiment, known) if known else f"'bench run name={experiment}' makes some")
            )
        for run, path in files.items():
            try:
                with pq.ParquetFile(path) as file:  # opened once: a large experiment has ten thousand files
                    runs[run] = _metadata(path, file)
                    table = file.read(columns=schema.names, use_threads=False).select(schema.names)
                tables.append(table if table.schema.equals(schema) else table.cast(schema))
            except _UNREADABLE as error:
                raise DamagedTable(_damaged(path, error)) from None
    table = pa.concat_tables(tables).unify_dictionaries()
    return Results(table.to_pandas(), runs)


def find(results_dir: Path, experiment: str) -> dict[RunId, Path]:
    """The tables of an experiment that exist, in order of (dataset, model, optimizer, seed)."""
    found = {}
    for path in (results_dir / experiment).glob("*/*/*/*.parquet"):
        dataset, model, optimizer = path.parts[-4:-1]
        if path.stem.isdecimal():
            found[RunId(experiment, dataset, model, optimizer, int(path.stem))] = path
    return dict(sorted(found.items()))


def _damaged(path: Path, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"{path}: not a readable trial table ({reason}); delete it and run its experiment again: "
        "what the store holds is not evaluated again"
    )
