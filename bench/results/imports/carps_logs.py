"""CARP-S: the `trial_logs.jsonl` of each run, with its `.hydra/config.yaml`, and the gathered `logs.parquet`."""

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from bench import texts
from bench.errors import UserError
from bench.results.imports import logs, spaces
from bench.results.imports.logs import Log, Trial

FILE = "trial_logs.jsonl"
COLUMNS = {"n_trials", "trial_value__cost", "optimizer_id", "task_id", "seed"}
"""What the gathered table has at least."""
_STATUS = {0: "running", 1: "ok", 2: "crashed", 3: "timeout", 4: "crashed"}
_LARGEST_CONFIG = 2**20
_POSITIONS = "configurations are recorded without names: hyperparameters are numbered, p0, p1, ..."
_CONDITIONAL = "configurations of different lengths are recorded without names: they were left out"


def run_files(folder: Path) -> list[Path]:
    """The logs of all runs below a folder."""
    return sorted(folder.rglob(FILE), key=lambda path: spaces.natural(str(path)))


def read_run(path: Path) -> list[Log]:
    """One run; what it is called stands in the configuration beside it, where that is there."""
    content, entries = logs.content(path), []
    lines = content.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            entry = logs.loads(line)
            info, value = entry["trial_info"], entry["trial_value"]
            rows = {f"trial_info__{key}": each for key, each in info.items()}
            rows |= {f"trial_value__{key}": each for key, each in value.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            if number == len(lines) and not content.endswith(b"\n"):
                break  # it is being written
            raise UserError(f"{path}: line {number} is no trial of CARP-S's") from None
        entries.append((f"line {number}", rows))
    names = _config(path.parent / ".hydra" / "config.yaml")
    return [_log(f"{path.parent.name}/{path.name}", logs.hashed(content), "CARP-S's trial logs", entries, names)]


def read_parquet(path: Path) -> list[Log]:
    """Every run of a gathered table, in order of task, optimiser and seed."""
    content = logs.content(path)
    try:
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
        rows = table.replace_schema_metadata(None).to_pylist()
    except (pa.ArrowException, OSError, ValueError, RecursionError, OverflowError) as error:
        raise UserError(f"{path}: a parquet file that cannot be read ({type(error).__name__})") from None
    missing = COLUMNS - set(table.column_names)
    if missing:
        raise UserError(
            f"{path}: a parquet file without the columns of CARP-S's logs.parquet ({', '.join(sorted(missing))}); "
            "of another table, write a CSV file"
        )
    groups: dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]] = {}
    keys = [key for key in ("benchmark_id", "task_id", "optimizer_id", "seed") if key in table.column_names]
    for number, row in enumerate(rows):
        groups.setdefault(tuple(str(row[key]) for key in keys), []).append((f"row {number}", row))
    ordered = sorted(groups.items(), key=lambda group: [spaces.natural(part) for part in group[0]])
    sha256 = logs.hashed(content)
    return [
        _log(
            path.name,
            sha256,
            "CARP-S's gathered table",
            entries,
            _names(dict(zip(keys, key, strict=True))),
            "/".join(key),
        )
        for key, entries in ordered
    ]


def _log(
    file: str,
    sha256: str,
    source: str,
    entries: Sequence[tuple[str, Mapping[str, Any]]],
    names: Mapping[str, Any],
    title: str = "",
) -> Log:
    budgets = [budget for _, row in entries if (budget := logs.finite(row.get("trial_info__budget"))) is not None]
    several = any(isinstance(_literal(row.get("trial_value__cost")), list) for _, row in entries)
    trials = [] if several else list(_trials(file, entries, max(budgets, default=math.inf)))
    lengths = {len(trial.configuration) for trial in trials if trial.configuration is not None}
    remarks: tuple[str, ...] = logs.left_out(len(entries) - len(trials), "not finished") if not several else ()
    if len(lengths) > 1:
        trials = [_without_configuration(trial) for trial in trials]
    if lengths:
        remarks += (_CONDITIONAL if len(lengths) > 1 else _POSITIONS,)
    if len(set(budgets)) > 1:
        remarks += (
            f"trials at less than the budget {max(budgets):g} have no loss that compares: they count as failed",
        )
    return Log(
        file,
        sha256,
        source,
        trials,
        title,
        names=names,
        objectives=2 if several else 1,
        remarks=remarks,
        maximized=False,
        takes=frozenset(),
    )


def _trials(file: str, entries: Sequence[tuple[str, Mapping[str, Any]]], full: float) -> Iterator[Trial]:
    for place, row in entries:
        status = _status(row.get("trial_value__status"))
        if status == "running":
            continue
        raw = row.get("trial_value__cost_raw", row.get("trial_value__cost"))
        try:
            value, why = logs.observed(raw)
        except ValueError:
            raise logs.wrong(file, place, "cost", "other than a number", "a number") from None
        budget = logs.finite(row.get("trial_info__budget"))
        if budget is not None and budget < full:
            value, why = None, f"evaluated at budget {budget:g} of {full:g}"
        seconds = logs.finite(row.get("trial_value__time"))
        config = _literal(row.get("trial_info__config"))
        yield Trial(
            place=place,
            value=value,
            why=why,
            status="" if status == "ok" else status,
            seconds=math.nan if seconds is None or seconds < 0 else seconds,
            started_at=logs.moment(logs.finite(row.get("trial_value__starttime"))),
            configuration={f"p{i}": logs.plain(part) for i, part in enumerate(config)}
            if isinstance(config, list)
            else None,
        )


def _without_configuration(trial: Trial) -> Trial:
    return Trial(**{**vars(trial), "configuration": None})


def _status(value: Any) -> str:
    """A status as its number, or as text with the number or the name in it."""
    match = re.search(r"\d{1,9}", str(value))
    return _STATUS.get(int(match[0]), "ok") if match else "ok"


def _literal(value: Any) -> Any:
    """A list that was written as text into a table."""
    if isinstance(value, str) and value.startswith("[") and len(value) < 10_000:
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return value
    return value


def _config(path: Path) -> Mapping[str, Any]:
    """What the configuration of a run calls it; empty where there is none."""
    if not path.is_file():
        return {}
    content = logs.content(path)
    try:
        if len(content) > _LARGEST_CONFIG:
            raise ValueError
        config = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UserError(f"{path}: not YAML that can be read") from None
    return _names(config) if isinstance(config, Mapping) else {}


def _names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Our names of a run: CARP-S's task is the dataset, its benchmark the model."""
    names: dict[str, Any] = {}
    for ours, theirs in (("dataset", "task_id"), ("model", "benchmark_id"), ("optimizer", "optimizer_id")):
        if isinstance(config.get(theirs), str | int):  # else it could be anything, aliases that unfold among it
            names[ours] = re.sub(r"[^A-Za-z0-9._-]+", "-", texts.line(config[theirs])).strip("-._")
    seed = logs.finite(config.get("seed"))
    return names | ({"seed": int(seed)} if seed is not None and seed == int(seed) else {})
