"""Trial logs from elsewhere: from a CSV file to ordinary trial tables, which say from what they were imported."""

import hashlib
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bench import files, results
from bench.errors import UserError, allowed
from bench.metrics import METRICS
from bench.provenance import digest
from bench.results import RunId

REQUIRED = ("optimizer", "seed", "trial", "loss")
OPTIONAL = ("test_loss", "seconds", "status", "dataset", "model")
STATUS = ("ok", "failed", "timeout", "crashed")
UNKNOWN = (
    "the search space and the configurations",
    "how the data was split, and what repetitions share",
    "the settings of the optimizers, and the seconds that they took",
    "the budget (taken to be the trials that a run has)",
    "versions, hardware and threads",
)
"""What no log says. In a table {} stands for such a configuration, NaN for such seconds, 1970 for when."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"(\d+)(\.0*)?", re.ASCII)
_NO_NUMBER = {"", "nan", "na", "null", "none"}
_INFINITE = {"inf", "+inf", "infinity", "+infinity"}
_LARGEST = {"seed": results.SEEDS, "trial": 2**31 - 1}
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Log:
    """A CSV file as text: its columns by name, and where each row stands, the header being row 1."""

    file: str
    """Its name, without the folder."""
    sha256: str
    cells: pd.DataFrame

    def wrong(self, row: int, column: str, value: object, expected: str) -> UserError:
        """The one line that says where something else than expected was found."""
        return UserError(f"{self.file}: row {row}, column {column}: found {value!r}; expected {expected}")


@dataclass(frozen=True)
class Imported:
    """What was imported."""

    folder: Path
    runs: int
    trials: int
    failed: int
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""

    def __str__(self) -> str:
        message = f"{self.folder}: {self.runs} runs imported, {self.trials} trials, {self.failed} of them failed"
        if self.ignored:
            message += f"; columns not imported: {', '.join(self.ignored)}"
        return f"{message}\n'bench report {self.folder.name}' shows them\n"


def import_log(
    path: Path,
    experiment: str,
    results_dir: Path,
    dataset: str | None = None,
    model: str | None = None,
    metric: str = "loss",
    overwrite: bool = False,
) -> Imported:
    """Write the runs of a CSV file as trial tables of an experiment.

    The file has the columns of `REQUIRED`, and may have those of `OPTIONAL`; `dataset` and `model` name what it has no
    column for. `metric` says what the losses are, which are the better the less. A row without a loss, or with another
    status than ok, is a failed trial. Each run's trials must be 0, 1, 2, ..., in any order of rows.

    The hash of the problem covers the names, the metric and the content of the file: its runs are compared with one
    another and never with those of another source. Raises `UserError` where the file is not as expected, and, before
    anything is written, where a run is there already and not to be overwritten.
    """
    results.check_experiment("--name", experiment)
    if not re.fullmatch(r"[A-Za-z0-9][\w .-]*", metric, re.ASCII):
        raise UserError(f"--metric={metric!r}: expected a name, such as {', '.join(list(METRICS)[:3])}")
    log = read(path)
    cells = _with_names(log, {"dataset": dataset, "model": model})
    runs = _runs(log, experiment, cells)
    for run in runs:
        results.refuse_links(results_dir, *run.parts, option="--results-dir")
    there = [run for run in runs if run.path(results_dir).exists()]
    if there and not overwrite:
        more = f" (and {len(there) - 1} more runs)" if len(there) > 1 else ""
        raise UserError(f"{there[0]}{more}: is there already; choose another --name, or --overwrite replaces it")
    with_test = {_problem(run) for run, rows in runs.items() for row in rows if row["test_loss"] is not None}
    with_seconds = {_problem(run) for run, rows in runs.items() for row in rows if row["evaluate_seconds"] >= 0}
    for run, rows in runs.items():
        missing = [] if _problem(run) in with_test else ["test losses"]
        missing += [] if _problem(run) in with_seconds else ["the seconds that evaluations took"]
        try:
            results.write_run(run.path(results_dir), rows, _metadata(log, run, metric, len(rows), missing))
        except OSError as error:
            raise UserError(f"{run.path(results_dir)}: cannot be written ({error.strerror}); make room") from None
    rows = [row for part in runs.values() for row in part]
    failed = sum(row["status"] != "ok" for row in rows)
    ignored = tuple(str(name) for name in log.cells if name not in REQUIRED + OPTIONAL)
    return Imported(results_dir / experiment, len(runs), len(rows), failed, ignored)


def read(path: Path) -> Log:
    """The file's cells as text without spaces around them; raises `UserError` where it is no CSV with these columns."""
    try:
        content = files.regular(path).read_bytes()
        text = pd.read_csv(
            io.BytesIO(content), header=None, dtype=str, na_filter=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except UnicodeDecodeError:
        raise UserError(f"{path}: not text in UTF-8; expected a CSV file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; expected a header with the columns {', '.join(REQUIRED)}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # pandas raises its ParserError, which is one, and plain ones
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{path}: not a CSV file with as many cells in each row as in the first ({reason})") from None
    text = text.fillna("").apply(lambda column: column.str.strip())
    text.index = pd.RangeIndex(1, len(text) + 1)
    names = text.iloc[0].tolist()
    for name in REQUIRED:
        if name not in names:
            hint = "; are its cells parted by commas?" if len(names) == 1 else ""
            nearest = allowed(name, names).partition(" (")[2]
            near = f" ({nearest}" if nearest else ""
            raise UserError(f"{path}: row 1: no column {name!r}; found: {', '.join(names)}{near}{hint}")
    for name in names:
        if names.count(name) > 1 and name in REQUIRED + OPTIONAL:
            raise UserError(f"{path}: row 1, column {name}: stands there {names.count(name)} times; expected once")
    cells = text.iloc[1:].set_axis(names, axis=1)
    cells = cells[(cells != "").any(axis=1)]
    if cells.empty:
        raise UserError(f"{path}: no rows; expected one for each trial, under the header")
    return Log(path.name, hashlib.sha256(content).hexdigest(), cells)


def _with_names(log: Log, given: Mapping[str, str | None]) -> pd.DataFrame:
    """The cells with a dataset and a model in each row."""
    cells = log.cells
    for name, value in given.items():
        if value is None and name not in cells:
            raise UserError(f"{log.file}: has no column {name!r}; expected one, or --{name} NAME")
        if value is not None and name in cells:
            raise UserError(f"--{name}={value}: {log.file} has a column {name!r}, which says it; leave the option out")
        if value is not None:
            cells = cells.assign(**{name: results.check_name(f"--{name}", value)})
    return cells


def _runs(log: Log, experiment: str, cells: pd.DataFrame) -> dict[RunId, list[dict[str, Any]]]:
    """The rows of each run's table, in order of trials."""
    places = cells.index.tolist()
    columns: dict[str, Sequence[Any]] = {}
    for name in ("dataset", "model", "optimizer"):
        columns[name] = _parsed(log, cells, name, partial(results.check_name, name))
    for name in ("seed", "trial"):
        columns[name] = _parsed(log, cells, name, partial(_whole, most=_LARGEST[name]))
    columns["loss"] = _parsed(log, cells, "loss", _loss)
    columns["test_loss"] = _parsed(log, cells, "test_loss", _number)
    columns["seconds"] = _parsed(log, cells, "seconds", _seconds)
    columns["status"] = _parsed(log, cells, "status", _status)
    trials: dict[RunId, dict[int, tuple[int, dict[str, Any]]]] = {}
    for place, *values in zip(places, *columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        run = RunId(experiment, *(row[name] for name in ("dataset", "model", "optimizer", "seed")))
        of_run = trials.setdefault(run, {})
        if row["trial"] in of_run:
            before = of_run[row["trial"]][0]
            raise log.wrong(place, "trial", row["trial"], f"each trial of {run} once, and row {before} has it")
        of_run[row["trial"]] = (place, row)
    return {run: _rows(log, run, trials[run]) for run in sorted(trials)}


def _rows(log: Log, run: RunId, trials: Mapping[int, tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """One run's rows as `results.SCHEMA` has them."""
    rows: list[dict[str, Any]] = []
    best = incumbent = None
    for number, trial in enumerate(sorted(trials)):
        place, cells = trials[trial]
        if trial != number:
            expected = f"{number}, as the trials of {run} count 0, 1, 2, ... (a failed one is a row without a loss)"
            raise log.wrong(place, "trial", trial, expected)
        status, (loss, why) = cells["status"], cells["loss"]
        if status in ("", "ok"):
            status = "ok" if loss is not None else "failed"
        else:
            loss, why = None, f"has status {status}"
        test_loss = None if loss is None else cells["test_loss"]
        if loss is not None and (best is None or loss < best):
            best, incumbent = loss, test_loss
        rows.append({
            **vars(run),
            "trial": trial,
            "configuration": "{}",
            "evaluation": digest({"imported": log.sha256, "run": str(run), "trial": trial}),
            "loss": loss,
            "test_loss": test_loss,
            "best_loss": best,
            "incumbent_test_loss": incumbent,
            "status": status,
            "error": None if status == "ok" else f"{log.file}, row {place}: {why}",
            "initial": False,
            "cached": False,
            "ask_seconds": math.nan,
            "evaluate_seconds": cells["seconds"],
            "tell_seconds": math.nan,
            "started_at": _NEVER,
            "details": "{}",
        })  # fmt: skip
    return rows


def _metadata(log: Log, run: RunId, metric: str, trials: int, missing: Sequence[str]) -> dict[str, Any]:
    problem = digest({"imported": log.sha256, "dataset": run.dataset, "model": run.model, "metric": metric})
    return {
        "imported": {"file": log.file, "sha256": log.sha256, "unknown": [*UNKNOWN, *missing]},
        "config": {name: {"name": getattr(run, name)} for name in ("dataset", "model", "optimizer")}
        | {"metric": {"name": metric}, "budget": {"trials": trials}},
        "config_hash": digest({"problem": problem, "optimizer": run.optimizer, "seed": run.seed, "trials": trials}),
        "problem": problem,
        "problem_family": problem,
        "metric": METRICS[metric].label if metric in METRICS else metric,
        "has_test": "test losses" not in missing,
        "ended": "budget",
    }


def _parsed(log: Log, cells: pd.DataFrame, column: str, parse: Callable[[str], Any]) -> list[Any]:
    """A column's values; `parse` raises `ValueError` with what was expected. A column that is missing is empty."""
    if column not in cells:
        return [parse("")] * len(cells)
    values: dict[str, Any] = {}
    for place, text in zip(cells.index, cells[column], strict=True):
        if text not in values:
            try:
                values[text] = parse(text)
            except ValueError as error:
                raise log.wrong(place, column, text, str(error)) from None
            except UserError:
                expected = "letters, digits, '.', '_' and '-', as it names a folder"
                raise log.wrong(place, column, text, expected) from None
    return [values[text] for text in cells[column]]


def _whole(text: str, most: int) -> int:
    match = _WHOLE.fullmatch(text)
    if not match or int(match[1]) > most:
        raise ValueError(f"a whole number from 0 to {most}")
    return int(match[1])


def _number(text: str) -> float | None:
    if text.lower() in _NO_NUMBER:
        return None
    if not _NUMBER.fullmatch(text) or math.isinf(float(text)):
        raise ValueError("a finite number such as 0.25 or 1e-3, or nothing")
    return float(text)


def _loss(text: str) -> tuple[float | None, str]:
    """The loss, or None and why there is none."""
    if text.lower() in _INFINITE:
        return None, f"loss is {text}"
    return _number(text), f"loss is {text}" if text else "no loss"


def _seconds(text: str) -> float:
    seconds = _number(text)
    if seconds is not None and seconds < 0:
        raise ValueError("a number of seconds from 0, or nothing")
    return math.nan if seconds is None else seconds


def _status(text: str) -> str:
    if text.lower() not in ("", *STATUS):
        raise ValueError(f"{', '.join(STATUS)}, or nothing")
    return text.lower()


def _problem(run: RunId) -> tuple[str, str]:
    return run.dataset, run.model
