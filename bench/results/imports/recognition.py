"""Which reader a file or folder is for: its content says it, never its name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import files
from bench.errors import UserError
from bench.results.imports import (
    carps_logs,
    csv_tables,
    hyperopt_trials,
    logs,
    nni_experiments,
    optuna_storages,
    ray_tune,
    sqlite,
)
from bench.results.imports.logs import Asked, Log
from bench.wording import listed

_HEAD = 4096
_PROTOCOLS = [bytes([version]) for version in range(2, 6)]
_SOURCES = "docs/report.md, 'Logs from elsewhere', lists what can be imported"


def read(path: Path, asked: Asked, given: Sequence[str] = ()) -> list[Log]:
    """The logs of a file or folder; raises `UserError`, without any of its content, where it is none that is known."""
    if path.is_dir():
        return _folder(path, asked)
    try:
        with files.regular(path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if head.startswith(sqlite.MAGIC):
        return _database(path, asked)
    if head.startswith(b"PAR1"):
        return carps_logs.read_parquet(path)
    _refuse_pickle(path, head)
    if b"\0" in head:
        raise UserError(f"{path}: not text, nor SQLite or parquet; {_SOURCES}")
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"{":
        return _json_lines(path, asked, head)
    content = logs.content(path)
    if first == b"[":
        return _json_list(path, asked, content)
    return csv_tables.read(path, asked, content, given)


def _folder(path: Path, asked: Asked) -> list[Log]:
    if any((path / name).is_file() for name in ray_tune.FILES):
        raise UserError(f"{path}: the folder of one trial of Ray Tune's; import {path.parent}, its experiment")
    experiments = ray_tune.experiments(path)
    if experiments:
        return [log for each in experiments for log in ray_tune.read(each, asked)]
    runs = carps_logs.run_files(path)
    if runs:
        return [log for each in runs for log in carps_logs.read_run(each)]
    if (path / "nni.sqlite").is_file() or (path / "db" / "nni.sqlite").is_file():
        return _database(
            next(each for each in (path / "nni.sqlite", path / "db" / "nni.sqlite") if each.is_file()), asked
        )
    raise UserError(
        f"{path}: a folder without Ray Tune's trials ({' or '.join(ray_tune.FILES)} in folders of it), CARP-S's "
        f"({carps_logs.FILE}) or NNI's nni.sqlite; of other logs give the files"
    )


def _database(path: Path, asked: Asked) -> list[Log]:
    tables = set(sqlite.tables(path))
    if tables >= optuna_storages.TABLES:
        return optuna_storages.read_sqlite(path, asked)
    if tables >= nni_experiments.TABLES:
        return nni_experiments.read_sqlite(path, asked)
    if tables >= {"evaluations", "claims", "runs"}:
        raise UserError(f"{path}: a store of this suite; 'bench store import' adds what it holds to another")
    shown = listed(sorted(f"'{name[:40]}'" for name in tables if name.isprintable())) or "none"
    raise UserError(f"{path}: a SQLite database of neither Optuna nor NNI; its tables: {shown}")


def _json_lines(path: Path, asked: Asked, head: bytes) -> list[Log]:
    try:
        entry: Any = logs.loads(head.splitlines()[0])
    except ValueError:
        entry = None
    keys = set(entry) if isinstance(entry, dict) else set()
    if keys >= {"op_code", "worker_id"}:
        return optuna_storages.read_journal(path, asked)
    if keys >= {"trial_info", "trial_value"} or b'"trial_info"' in head.splitlines()[0]:
        return carps_logs.read_run(path)
    if keys & {"training_iteration", "time_total_s"}:
        raise UserError(f"{path}: the reports of one trial of Ray Tune's; import the folder of its experiment")
    raise UserError(f"{path}: JSON, but no journal of Optuna's nor trial log of CARP-S's; {_SOURCES}")


def _json_list(path: Path, asked: Asked, content: bytes) -> list[Log]:
    try:
        entries = logs.loads(content)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"{path}: begins as JSON does, but is none{where}; {_SOURCES}") from None
    first = entries[0] if isinstance(entries, list) and entries else None
    keys = set(first) if isinstance(first, dict) else set()
    if keys >= {"misc", "state"}:
        return hyperopt_trials.read(path, asked, content, entries)
    if keys >= {"parameter", "value"}:
        return nni_experiments.read_json(path, asked, content, entries)
    raise UserError(f"{path}: a list in JSON, but neither of Hyperopt's trials nor of NNI's; {_SOURCES}")


def _refuse_pickle(path: Path, head: bytes) -> None:
    """A pickle may run code when it is read, so that none is."""
    binary = head[:1] == b"\x80" and head[1:2] in _PROTOCOLS
    if binary or (head and path.suffix in (".pkl", ".pickle", ".joblib")):
        raise UserError(
            f"{path}: a pickle, which is not read, as reading it may run code; where it was written: "
            f"{hyperopt_trials.WAY} for Hyperopt's trials, study.trials_dataframe().to_csv('trials.csv') for Optuna's"
        )
