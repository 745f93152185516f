"""CSV files: our own columns, Optuna's `trials_dataframe().to_csv(...)` and NNI's export; any other by `--map`."""

import io
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bench import results, texts
from bench.errors import UserError, allowed
from bench.results.imports import cells as cells_of
from bench.results.imports import logs
from bench.results.imports.cells import PARAMETER
from bench.results.imports.logs import NAMES, Asked, Log, Trial
from bench.wording import shortened

REQUIRED = ("optimizer", "seed", "trial", "loss")
OPTIONAL = ("test_loss", "seconds", "status", "dataset", "model", "configuration")
_SEPARATED = r"\b(optimizer|seed|trial|loss)\b"
_ALL = frozenset({"*"})
_FRAME = ("number", "state")
_TIMES = ("datetime_start", "datetime_complete", "duration")
_EXPORT = "trialJobId"
_RAY = {"training_iteration", "trial_id"}
_LARGEST = {"seed": results.SEEDS, "trial": 2**31 - 1}


def read(path: Path, asked: Asked, content: bytes, given: Sequence[str] = ()) -> list[Log]:
    """The runs of a CSV file; `given` are the names of runs that options say, for which no column is needed."""
    cells = _cells(path, content)
    header = list(cells.columns)
    for theirs in asked.columns:
        if theirs not in header:
            raise UserError(f"--map {shortened(theirs)}=...: {path.name} has no such column; {_listed(theirs, header)}")
    cells = cells.rename(columns=_renamed(header, asked.columns))
    sha256 = logs.hashed(content)
    if set(_FRAME) <= set(header) and "loss" not in header:
        if "loss" in cells:
            cells = cells.rename(columns={"value": "value (of the file)", "loss": "value"})
        return [_frame(path, sha256, _doubled(path, cells))]
    if _EXPORT in header and "loss" not in header:
        cells = _exported(path, cells)
        source = "NNI's export"
    else:
        source = "CSV"
        _check_header(path, header, cells, [name for name in REQUIRED if name not in (*given, "trial")])
    return [_log(path, sha256, _doubled(path, cells), source)]


def _cells(path: Path, content: bytes) -> pd.DataFrame:
    """The cells as text without spaces around them, under their names, by row; the header is row 1."""
    try:
        content.decode("utf-8-sig")
        text = pd.read_csv(
            io.BytesIO(content), header=None, dtype=str, na_filter=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except UnicodeDecodeError:
        raise UserError(f"{path}: not text in UTF-8; expected a CSV file") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; expected a header with the columns {', '.join(REQUIRED)}") from None
    except ValueError as error:  # pandas raises its ParserError, which is one, and plain ones
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{path}: not a CSV file with as many cells in each row as in the first ({reason})") from None
    text = text.fillna("").apply(lambda column: column.str.strip())
    text.index = pd.RangeIndex(1, len(text) + 1)
    cells: pd.DataFrame = text.iloc[1:].set_axis(text.iloc[0].tolist(), axis=1)
    filled = (cells != "").any(axis=1)
    return cells.loc[filled]


def _renamed(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The columns' names in ours; one of ours that another column is to be gives way."""
    ours = {theirs: "loss" if name == "value" else name for theirs, name in columns.items()}
    aside = {name: f"{name} (of the file)" for name in header if name in ours.values() and name not in ours}
    return aside | ours


def _check_header(path: Path, header: Sequence[str], cells: pd.DataFrame, needed: Sequence[str]) -> None:
    """Refuse a file without the columns needed; a first line that is no header of a log is not shown."""
    names = [str(name) for name in cells.columns]
    missing = [name for name in needed if name not in names]
    if not missing:
        return
    if set(header) >= _RAY:
        raise UserError(f"{path}: the reports of one trial of Ray Tune's; import the folder of its experiment")
    known = {part.strip() for name in names for part in re.split(r"[,;\t|]", name)} & {*REQUIRED, *OPTIONAL}
    if not known:
        raise UserError(
            f"{path}: row 1: none of its columns is {', '.join(REQUIRED)}; expected a CSV file with these, or --map "
            "COLUMN=loss for what is called otherwise"
        )
    hint = "; are its cells parted by commas?" if len(names) == 1 else ""
    way = (
        ""
        if hint
        else f"; --map COLUMN={missing[0]} names one" + (f", or --{missing[0]} says it" if missing[0] in NAMES else "")
    )
    raise UserError(f"{path}: row 1: no column {missing[0]!r}; {_listed(missing[0], names)}{hint}{way}")


def _listed(wanted: str, names: Sequence[str]) -> str:
    """The names of columns, in short, and the nearest; a first line that is one cell is no header, and not shown."""
    if len(names) == 1 and not re.search(_SEPARATED, names[0]):
        return "its first row is one cell, and no header of a log"
    short = [shortened(texts.line(name), 40) for name in names[:20]]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    nearest = allowed(wanted, short).partition(" (")[2]
    return f"found: {', '.join(short)}{more}" + (f" ({nearest}" if nearest else "")


def _doubled(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """The cells; raises `UserError` where two columns that are read have one name, or there is no row."""
    names = [str(name) for name in cells.columns]
    read_ones = {*REQUIRED, *OPTIONAL, *_FRAME, *_TIMES, "value"}
    for name in names:
        if names.count(name) > 1 and (name in read_ones or name.startswith(PARAMETER)):
            shown = shortened(texts.line(name), 40)
            raise UserError(f"{path}: row 1, column {shown}: stands there {names.count(name)} times; expected once")
    if cells.empty:
        raise UserError(f"{path}: no rows; expected one for each trial, under the header")
    return cells


def _log(path: Path, sha256: str, cells: pd.DataFrame, source: str) -> Log:
    """A table with our columns."""
    places = cells.index.tolist()
    columns: dict[str, Sequence[Any]] = {}
    for name in ("dataset", "model", "optimizer"):
        if name in cells:
            columns[name] = cells_of.parsed(path, cells, name, partial(results.check_name, name))
    for name in ("seed", "trial"):
        if name in cells:
            columns[name] = cells_of.parsed(path, cells, name, partial(cells_of.whole, most=_LARGEST[name]))
    values = cells_of.parsed(path, cells, "loss", cells_of.loss)
    tests = cells_of.parsed(path, cells, "test_loss", cells_of.number)
    seconds = cells_of.parsed(path, cells, "seconds", cells_of.seconds)
    status = cells_of.parsed(path, cells, "status", cells_of.status)
    configurations = cells_of.configurations(path, cells)
    named = [name for name in NAMES if name in columns]
    trials = [
        Trial(
            place=f"row {place}",
            value=values[i][0],
            why=values[i][1],
            status=status[i],
            number=columns["trial"][i] if "trial" in columns else None,
            test=tests[i],
            seconds=seconds[i],
            configuration=configurations[i],
            names={name: columns[name][i] for name in named},
        )
        for i, place in enumerate(places)
    ]
    known = (*REQUIRED, *OPTIONAL)
    ignored = [str(name) for name in cells if name not in known and not str(name).startswith(PARAMETER)]
    remarks = ("the order of rows is taken for that of trials",) if "trial" not in columns else ()
    title = path.stem if source != "CSV" else ""
    return Log(
        path.name,
        sha256,
        source,
        trials,
        title,
        columns=frozenset(named),
        takes=_ALL,
        remarks=remarks,
        ignored=tuple(ignored),
    )


def _frame(path: Path, sha256: str, cells: pd.DataFrame) -> Log:
    """What `study.trials_dataframe().to_csv(...)` writes: one study's trials, without its space and its direction."""
    if "value" not in cells:
        several = [str(name) for name in cells if str(name).startswith("values_")]
        if several:
            return Log(
                path.name,
                sha256,
                "Optuna's trials_dataframe",
                (),
                path.stem,
                objectives=max(2, len(several)),
                takes=_ALL,
            )
        raise UserError(f"{path}: row 1: no column 'value', which trials_dataframe writes; --map COLUMN=loss names one")
    values, tests = (cells_of.parsed(path, cells, name, cells_of.loss) for name in ("value", "test_loss"))
    numbers = cells_of.parsed(path, cells, "number", partial(cells_of.whole, most=_LARGEST["trial"]))
    configurations = cells_of.configurations(path, cells)
    states = cells["state"].str.removeprefix("TrialState.").tolist()
    starts, ends = (
        [logs.moment(text) for text in (cells[name] if name in cells else [""] * len(cells))]
        for name in ("datetime_start", "datetime_complete")
    )
    lasted = cells["duration"].tolist() if "duration" in cells else [""] * len(cells)
    trials, left = [], 0
    for i, place in enumerate(cells.index.tolist()):
        if states[i] in ("RUNNING", "WAITING"):
            left += 1
            continue
        if states[i] not in ("COMPLETE", "PRUNED", "FAIL"):
            raise logs.wrong(
                path.name, f"row {place}", "state", states[i], "COMPLETE, PRUNED, FAIL, RUNNING or WAITING"
            )
        value, why = values[i] if states[i] == "COMPLETE" else (None, f"state is {states[i]}")
        trials.append((numbers[i], Trial(
            place=f"row {place}",
            value=value,
            why=why,
            test=tests[i][0],
            seconds=cells_of.lasted(lasted[i]) if lasted[i] else logs.seconds_between(starts[i], ends[i]),
            started_at=starts[i],
            configuration=configurations[i],
        )))  # fmt: skip
    read_ones = {*_FRAME, *_TIMES, "", "value", "test_loss"}
    ignored = [str(name) for name in cells if name not in read_ones and not str(name).startswith(PARAMETER)]
    ordered = [trial for _, trial in sorted(trials, key=lambda pair: pair[0])]
    remarks = logs.left_out(left, "not finished")
    source = "Optuna's trials_dataframe"
    return Log(path.name, sha256, source, ordered, path.stem, takes=_ALL, remarks=remarks, ignored=tuple(ignored))


def _exported(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """NNI's columns as ours: `reward` (or `default`) is the value, and what it did not measure are hyperparameters."""
    value = next((name for name in ("loss", "reward", "default") if name in cells), None)
    if value is None:
        raise UserError(
            f"{path}: row 1: no column 'reward' or 'default', as NNI's export has; --map COLUMN=loss names one"
        )
    measured = {value, _EXPORT, "intermediate", *REQUIRED, *OPTIONAL}
    others = [name for name in map(str, cells) if name not in measured and not name.startswith(PARAMETER)]
    renamed = {value: "loss"} | {name: f"{PARAMETER}{name}" for name in others}
    return cells.rename(columns=renamed)
