"""The trial table: its schema, writing one run, reading an experiment."""

import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from bench import files
from bench.checks import is_whole
from bench.errors import UserError, allowed
from bench.results import arrays, soundness
from bench.results.columns import SCHEMA_2, VERSIONS, completed
from bench.wording import one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

SEEDS = 2**31 - 1
"""The largest seed that every library here takes."""
LONGEST_NAME = 150
"""Characters of a name: files that are named after it have more, and file systems hold 255."""

_SEED = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, order=True)
class RunId:
    """What names a run in its experiment, and where its table stands."""

    experiment: str
    dataset: str
    model: str
    optimizer: str
    seed: int

    @property
    def parts(self) -> list[str]:
        """The folders from results_dir to its table, and the table's name."""
        return f"{self}.parquet".split("/")

    def path(self, results_dir: Path) -> Path:
        """results_dir/EXPERIMENT/DATASET/MODEL/OPTIMIZER/SEED.parquet."""
        return results_dir / f"{self}.parquet"

    def __str__(self) -> str:
        return f"{self.experiment}/{self.dataset}/{self.model}/{self.optimizer}/{self.seed}"


_BROKEN = (OSError, LookupError, ValueError, TypeError, RecursionError, pa.ArrowException)
_LARGEST = 2**24
"""The bytes that a table's metadata may have; a run writes some thousands."""


class UnreadableTable(UserError):
    """A file that cannot be read as a trial table; `reason` says why, and what to do, without the path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class DamagedTable(UnreadableTable):
    """A parquet file that cannot be read as a trial table of any version."""

    def __init__(self, path: Path, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error).replace(str(path), path.name) or type(error).__name__
        super().__init__(
            path,
            f"not a readable trial table ({reason.splitlines()[0]}); delete it and run its experiment again: "
            "what the store holds is not evaluated again",
        )


def check_name(key: str, name: object) -> str:
    """The name of a dataset, model, optimiser or experiment; raises `UserError` where it cannot name a folder."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(f"{key}={name!r}: expected letters, digits, '.', '_' and '-', as it names a folder")
    if len(name) > LONGEST_NAME:
        raise UserError(f"{key}={shortened(name)}: expected at most {LONGEST_NAME} characters, as it names a folder")
    return name


def check_experiment(key: str, name: object) -> str:
    """The name of an experiment, whose folder must not be where the store is."""
    if check_name(key, name).startswith("store.sqlite"):
        raise UserError(f"{key}={name!r}: is the store's file in results_dir; choose another")
    return str(name)


def write_run(path: Path, rows: Sequence[Mapping[str, Any]], metadata: Mapping[str, Any], version: int = 1) -> None:
    """Write one run's table whole, then rename it into place, so that no reader ever sees a part of it.

    `rows` have the columns of `columns.VERSIONS[version]`; `metadata` is stored as JSON under the key `bench`.
    """
    schema = VERSIONS[version].with_metadata({"bench": json.dumps({"schema": version, **metadata})})
    table = arrays.table(rows, schema)
    with files.replacing(path) as part, part.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def read_metadata(path: Path) -> dict[str, Any]:
    """The `bench` metadata of one run's table, read from the file's footer alone; raises `UnreadableTable`."""
    try:
        with pq.ParquetFile(files.regular(path)) as file:
            return _metadata(path, file)
    except _BROKEN as error:
        raise DamagedTable(path, error) from None


def _metadata(path: Path, file: pq.ParquetFile) -> dict[str, Any]:
    stored = file.metadata.metadata or {}
    if b"bench" not in stored:
        raise ValueError("its metadata have no key 'bench'")
    text = stored[b"bench"]
    if len(text) > _LARGEST:
        raise ValueError(f"its metadata have {len(text) / 1e6:.0f} MB")
    metadata = json.loads(text)
    if not isinstance(metadata, dict):
        raise ValueError(f"its metadata are a {type(metadata).__name__}, not a mapping")
    if not is_whole(metadata.get("schema"), 1) or metadata["schema"] not in VERSIONS:
        raise UnreadableTable(
            path,
            f"has schema {one_line(metadata.get('schema'))[:40]}, this version reads {', '.join(map(str, VERSIONS))}; "
            "run its experiment again with overwrite=true",
        )
    if b"\\ud" in text or b"\\uD" in text:
        json.dumps(metadata, ensure_ascii=False).encode()  # half a pair is no text, and could be written nowhere
    fault = soundness.fault_of_metadata(metadata)
    if fault:
        raise ValueError(fault)
    return metadata


@dataclass(frozen=True)
class Results:
    """The trial tables of one or more experiments."""

    trials: "pd.DataFrame"
    """The rows of all runs in order of (experiment, dataset, model, optimizer, seed, trial); names as categories."""
    runs: dict[RunId, dict[str, Any]]
    """Each run's metadata."""


def read(results_dir: Path, experiments: Iterable[str], columns: Sequence[str] | None = None) -> Results:
    """Read every run of the named experiments, all columns or only those named.

    Raises `UserError` where an experiment is unknown or empty, `UnreadableTable` where a table cannot be read.
    """
    tables: list[pa.Table] = []
    runs: dict[RunId, dict[str, Any]] = {}
    for experiment in experiments:
        for run, path in find_some(results_dir, experiment).items():
            table, runs[run] = read_run(path, columns)
            tables.append(table)
    return combined(tables, runs)


def read_run(
    path: Path, columns: Sequence[str] | None = None, expected: Mapping[str, object] | None = None
) -> tuple[pa.Table, dict[str, Any]]:
    """One run's rows, all columns or only those named, and its metadata; raises `UnreadableTable`.

    All are those of the table's own version; those of `SCHEMA_2` can be asked of any. A column that holds nothing but
    the value `expected` of it, as the file's own statistics say, is left out unread; where it is given, even empty,
    configurations are not looked into.
    """
    try:
        # Opened once: an experiment has many files.
        with pa.OSFile(str(files.regular(path))) as opened, pq.ParquetFile(opened) as file:
            metadata = _metadata(path, file)
            own = VERSIONS[metadata["schema"]].names
            names = own if columns is None else [name for name in columns if name in own]
            left_out = _as_expected(file.metadata, expected or {})
            schema = _schema(tuple(name for name in names if name not in left_out))
            table = file.read(columns=schema.names, use_threads=False).select(schema.names)
        table.validate(full=True)  # a reader takes a file's word for its texts being such
        table = table.replace_schema_metadata(None)  # what it says to pandas is not heard
        if not table.schema.equals(schema):
            kinds = soundness.fault_of_types(table.schema, schema)
            if kinds:
                raise ValueError(kinds)
            table = table.cast(schema)
        if expected is None and "configuration" in schema.names:
            _check_configurations(table["configuration"])
    except _BROKEN as error:
        raise DamagedTable(path, error) from None
    fault = soundness.fault_of_rows(table, metadata["schema"])
    if fault:
        raise UnreadableTable(path, f"{fault}; delete it and run its experiment again")
    if columns is not None and len(names) < len(columns):
        table = completed(table, [name for name in columns if name not in left_out])
    return table, metadata


def read_end(path: Path, columns: Sequence[str]) -> tuple[dict[str, float | None], dict[str, Any]]:
    """The named columns of a run's last row, which are numbers or null, and its metadata; raises `UnreadableTable`.

    pandas is not imported for it.
    """
    try:
        with pq.ParquetFile(files.regular(path)) as file:
            metadata = _metadata(path, file)
            table = file.read(columns=list(columns), use_threads=False)
            return {name: table[name].cast(pa.float64())[-1].as_py() for name in columns}, metadata
    except _BROKEN as error:
        raise DamagedTable(path, error) from None


def _check_configurations(column: pa.ChunkedArray) -> None:
    """Raise `ValueError` where one is no JSON object of plain values."""
    for number, text in enumerate(column.to_pylist()):
        configuration = json.loads(text)
        if not isinstance(configuration, dict) or any(isinstance(v, dict | list) for v in configuration.values()):
            raise ValueError(f"the configuration of trial {number} is no mapping of plain values")


@lru_cache(maxsize=64)
def _schema(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([SCHEMA_2.field(name) for name in names])


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


def find(results_dir: Path, experiment: str) -> dict[RunId, Path]:
    """The tables of an experiment that exist, in order of (dataset, model, optimizer, seed).

    Raises `UserError` where a folder of it, or a table, is a link: see `refuse_links`.
    """
    refuse_links(results_dir, experiment)
    folders = [results_dir / experiment]
    for _ in ("dataset", "model", "optimizer"):
        folders = [inner for folder in folders for inner in _folders(folder, results_dir)]
    paths = {}
    for folder in folders:
        for entry in _entries(folder):
            path = Path(entry.path)
            if path.suffix == ".parquet" and _SEED.fullmatch(path.stem) and int(path.stem) <= SEEDS:
                if entry.is_symlink():
                    _refuse(path, results_dir)
                dataset, model, optimizer = path.parts[-4:-1]
                paths[RunId(experiment, dataset, model, optimizer, int(path.stem))] = path
    return dict(sorted(paths.items()))


_OPTION = "--results-dir (of a run: results_dir=...)"


def refuse_links(root: Path, *below: str, option: str = _OPTION) -> None:
    """Raise `UserError` where one of the folders, or the file, that `below` names one inside the other is a link.

    `root` may be one: its owner chose it. Inside it a link would have a run written elsewhere, or a table counted under
    two names. `option` names the folder on the command line.
    """
    place = root
    for name in below:
        place /= name
        if os.path.islink(place):  # noqa: PTH114 - pathlib's raises where a name is too long
            _refuse(place, root, option)


def _refuse(link: Path, root: Path, option: str = _OPTION) -> NoReturn:
    target = str(link.readlink())
    raise UserError(
        f"{link}: is a link to {target!r}, and links inside {root} are not followed; put what it leads to there, "
        f"or give the folder that holds it with {option}"
    )


def _folders(folder: Path, root: Path) -> Iterator[Path]:
    """The folders in a folder of `root`; raises `UserError` for a link that is not one to a file."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif entry.is_symlink() and not entry.is_file():
            _refuse(Path(entry.path), root)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: of a name that no folder can have
        return []
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return []
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from None


def find_some(results_dir: Path, experiment: str) -> dict[RunId, Path]:
    """As `find`; raises `UserError`, which names the experiments there are, where this one has no table."""
    paths = find(results_dir, experiment)
    if not paths:
        where = results_dir / experiment
        raise UserError(f"experiment {experiment!r}: no finished run in {where}; {_way_on(results_dir, experiment)}")
    return paths


def others(results_dir: Path, experiment: str) -> list[str]:
    """The experiments with a finished run, but this one."""
    names = (entry.name for entry in _entries(results_dir) if entry.is_dir(follow_symlinks=False))
    return sorted(name for name in names if name != experiment and _has_runs(results_dir, name))


def _has_runs(results_dir: Path, experiment: str) -> bool:
    try:
        return bool(find(results_dir, experiment))
    except UserError:  # a link, which is told of where it is asked for
        return True


def _way_on(results_dir: Path, experiment: str) -> str:
    known = others(results_dir, experiment)
    if _is_folder(results_dir / experiment):
        more = f"; experiments with finished runs: {', '.join(known)}" if known else ""
        return f"'bench status {experiment}' shows where its runs stand{more}"
    return allowed(experiment, known) if known else f"'bench run name={experiment}' makes some"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
