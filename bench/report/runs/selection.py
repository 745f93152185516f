"""Which runs a report is of: those asked for, without those whose tables cannot be relied on, which are named."""

import gc
import marshal
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bench import results
from bench.errors import UserError, allowed
from bench.report.look import paper
from bench.report.runs import curves, fronts, ladders, naming, proposals
from bench.report.runs.fronts import Fronts
from bench.report.runs.ladders import Ladder, Measured
from bench.report.runs.proposals import Proposals
from bench.results import SCHEMA, RunId, UnreadableTable, losses, soundness
from bench.wording import one_line, unmarked

FIGURES = ("main", "all")
"""Which figures of each problem can be asked for."""

_MOSTLY: dict[str, Any] = {"status": "ok", "initial": False}
"""What a column of nearly every run holds alone, so that it need not be read."""
_TOGETHER = 200
"""How many tables are read between two looks for cycles among what is new."""
_COLUMNS = list(dict.fromkeys([*curves.COLUMNS, *proposals.COLUMNS]))
_MEASURED = pa.schema([SCHEMA.field(name) for name in curves.COLUMNS if name not in RunId.__dataclass_fields__])


@dataclass(frozen=True)
class Selection:
    """What a report is asked for: experiments, and of them some optimisers and problems, or all where none is named."""

    experiments: tuple[str, ...]
    optimizers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """As DATASET/MODEL."""
    paper: str = ""
    """The venue that figures are drawn for; empty for a screen."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What figures and tables call optimisers, by label, where it is not their label."""
    names_file: str = ""
    """Where those names were read."""
    figures: str = ""
    """`all` or `main`; empty where the number of problems decides."""

    @property
    def command(self) -> str:
        """The command that makes this report."""
        venue = (self.paper,) if self.paper else ()
        named = (self.names_file,) if self.names_file else ()
        figures = (self.figures,) if self.figures else ()
        filters = {
            "--optimizers": self.optimizers,
            "--problems": self.problems,
            "--paper": venue,
            "--names": named,
            "--figures": figures,
        }
        options = [part for option, names in filters.items() if names for part in (option, ",".join(names))]
        return shlex.join(["bench", "report", *self.experiments, *options])

    def main_figures_only(self, many: bool) -> bool:
        """Whether of each problem only the main figures are drawn: of many, unless all are asked for, or a paper's."""
        return self.figures == "main" or (many and not self.figures and not self.paper)

    def takes(self, run: RunId) -> bool:
        """Whether the run is among those asked for."""
        return (not self.optimizers or run.optimizer in self.optimizers) and (
            not self.problems or _problem(run) in self.problems
        )


def selection(
    experiments: Sequence[str],
    optimizers: str | None = None,
    problems: str | None = None,
    venue: str | None = None,
    names: Path | None = None,
    figures: str | None = None,
) -> Selection:
    """From the command's arguments, in which commas part names.

    Raises `UserError` for a value that is not known, and for a file of names that is not as it must be.
    """
    if figures not in (None, *FIGURES):
        raise UserError(f"--figures={figures}: {allowed(figures, FIGURES)}")
    return Selection(
        tuple(dict.fromkeys(experiments)),
        _parted("--optimizers", optimizers),
        _parted("--problems", problems),
        paper.paper(venue).name if venue else "",
        naming.read(names) if names is not None else {},
        "" if names is None else str(names),
        figures or "",
    )


@dataclass(frozen=True)
class Reading:
    """What was read, and what could not be."""

    results: Measured
    proposals: dict[RunId, Proposals]
    """What is kept of the configurations of each run that is in `results`."""
    left_out: dict[RunId, str]
    """Why each run that is not in `results` is left out."""
    results_dir: Path

    @property
    def warnings(self) -> list[str]:
        """One line for each run that is left out."""
        return [unmarked(f"left out: {_table(run)}: {reason}") for run, reason in self.left_out.items()]


def read(results_dir: Path, wanted: Selection, unsound: Mapping[RunId, str] | None = None) -> Reading:
    """The columns that a report needs, of every run that is wanted and sound, and none of those known as `unsound`.

    A table that cannot be read, or whose content contradicts itself (see `fault`), is left out. Raises `UserError`
    where an experiment, an optimiser or a problem is unknown, where nothing is wanted, or where nothing is left.
    """
    paths: dict[RunId, Path] = {}
    for experiment in wanted.experiments:
        paths |= results.find_some(results_dir, experiment)
    _refuse_unknown("--optimizers", wanted.optimizers, sorted({run.optimizer for run in paths}))
    _refuse_unknown("--problems", wanted.problems, sorted({_problem(run) for run in paths}))
    tables: list[pa.Table] = []
    runs: dict[RunId, dict[str, Any]] = {}
    left_out: dict[RunId, str] = {}
    proposed: dict[RunId, Proposals] = {}
    known: dict[RunId, Ladder] = {}
    of_several: dict[RunId, Fronts] = {}
    parts: dict[bytes, Any] = {}
    with _no_cycles_collected():
        for number, (run, path) in enumerate(paths.items()):
            if number % _TOGETHER == 0:
                gc.collect(0)  # what is new alone: Arrow's readers hold themselves, and 50 kilobytes each
            if not wanted.takes(run):
                continue
            if run in (unsound or {}):
                left_out[run] = (unsound or {})[run]
                continue
            try:
                table, metadata, proposed[run], ladder, several = _run(results_dir, run, path)
            except UnreadableTable as error:
                left_out[run] = error.reason
                continue
            tables.append(table)
            runs[run] = _shared(metadata, parts)
            if ladder is not None:
                known[run] = ladder
            if several is not None:
                of_several[run] = several
    if not runs and not left_out:
        raise UserError(f"{wanted.command}: no run is of both; 'bench report' without the one or the other shows which")
    if not runs:
        run, reason = next(iter(left_out.items()))
        more = f" (and {len(left_out) - 1} more tables)" if len(left_out) > 1 else ""
        raise UserError(f"nothing is left to report: {_table(run)}: {reason}{more}")
    trials = results.combined(tables, runs).trials
    for place, (name, column) in enumerate(_named(runs, [len(table) for table in tables])):
        trials.insert(place, name, column)
    return Reading(Measured(trials, runs, known, of_several), proposed, left_out, results_dir)


@contextmanager
def _no_cycles_collected() -> Iterator[None]:
    """Python's collector looks through all metadata again and again while they are read, and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _run(
    results_dir: Path, run: RunId, path: Path
) -> tuple[pa.Table, dict[str, Any], Proposals, Ladder | None, Fronts | None]:
    """What is kept of one run: the columns that do not name it, its metadata, its configurations in short, its ladder,

    and its losses, where it is judged by several: the best so far, validation and test, are then those of its front.

    With a ladder of fidelities its rows are one for each unit of cost. Raises `UnreadableTable` where the table cannot
    be relied on.
    """
    table, metadata = results.read_run(results_dir, run, _COLUMNS, {**vars(run), **_MOSTLY})
    ladder = several = None
    if metadata["schema"] == 2:
        table, ladder, several = _of_schema_2(results_dir, run, path, metadata)
    reason = fault(run, table, metadata, ladder)
    if reason:
        raise UnreadableTable(path, reason, run)
    plain = proposals.of(table) if ladder is None else ladders.proposed(table, ladder)
    if several is not None:
        plain = replace(plain, incumbent=None)
        best, tested = several.missing
        if ladder is None:
            table = fronts.with_best(table, best, tested)
        else:
            ladder = replace(ladder, best=best, tested=tested)
    if ladder is None:
        return _measured(table), metadata, plain, None, several
    return ladders.by_cost(ladder, metadata, _MEASURED), metadata, plain, ladder, several


def _of_schema_2(
    results_dir: Path, run: RunId, path: Path, metadata: Mapping[str, Any]
) -> tuple[pa.Table, Ladder | None, Fronts | None]:
    """The trials of a run of schema 2, its ladder of fidelities, if it has one, and its losses, if it has several.

    Raises `UnreadableTable` where they contradict its metadata, or each other.
    """
    columns = list(dict.fromkeys([*_COLUMNS, *ladders.COLUMNS, *losses.COLUMNS]))
    table, _ = results.read_run(results_dir, run, columns, vars(run))
    reason = soundness.fault_of_ladder(table, metadata)
    if reason:
        raise UnreadableTable(path, f"{reason}; delete it and run its experiment again", run)
    ladder = ladders.ladder(table, metadata) if metadata.get("fidelity") else None
    try:
        return table, ladder, fronts.fronts(table, metadata, None if ladder is None else ladder.ended_in)
    except ValueError as error:
        raise UnreadableTable(path, f"{error}; delete it and run its experiment again", run) from None


def fault(run: RunId, table: pa.Table, metadata: Mapping[str, Any], ladder: Ladder | None = None) -> str | None:
    """Why a table that could be read cannot be relied on, and what to do; None where nothing speaks against it.

    It must be the run whose place it has; its trials, or their cost, be those of its budget, unless it was exhausted or
    limited by time; its problem be named.
    """
    place = soundness.fault_of_place(vars(run), table)
    if place:
        return place
    reason = _fault_of_metadata(len(table), metadata, ladder)
    return reason and f"{reason}; delete it and run its experiment again"


def _shared(value: Any, parts: dict[bytes, Any]) -> Any:
    """The same metadata, with `parts` that runs have alike held once: of 20,000 runs they are most of the memory."""
    if not isinstance(value, dict):
        return value
    name = marshal.dumps(value, 2)  # the fastest; in version 2 the same value has the same bytes
    if name not in parts:
        parts[name] = {key: _shared(part, parts) for key, part in value.items()}
    return parts[name]


def _measured(table: pa.Table) -> pa.Table:
    """The columns of a run's table that do not name it, those that were left out unread among them."""
    there = dict(zip(table.column_names, table.columns, strict=True))
    columns = [there[name] if name in there else _constant(name, len(table)) for name in _MEASURED.names]
    return pa.Table.from_arrays(columns, schema=_MEASURED)


@lru_cache(maxsize=256)
def _constant(name: str, rows: int) -> pa.Array:
    return pa.array([_MOSTLY[name]] * rows, pa.string() if name == "status" else None).cast(SCHEMA.field(name).type)


def _named(runs: Iterable[RunId], lengths: Sequence[int]) -> Iterator[tuple[str, Any]]:
    """The columns that name the run of each row, given how many rows each run has; texts as categories."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    frame = pd.DataFrame([vars(run) for run in runs])
    for name in frame:
        if name == "seed":
            yield name, frame[name].to_numpy()[rows]
        else:
            codes, categories = pd.factorize(frame[name])
            yield str(name), pd.Categorical.from_codes(codes[rows], categories)


def _fault_of_metadata(trials: int, metadata: Mapping[str, Any], ladder: Ladder | None) -> str | None:
    config = metadata.get("config") or {}
    if not isinstance(metadata.get("problem_family") or metadata.get("problem"), str):
        return "its metadata do not say which problem it is on"
    budget = config.get("budget") or {}
    if ladder is not None and (reason := ladders.fault(ladder, metadata)):
        return reason
    units = curves.budgeted(metadata) if ladder is None else budget.get("trials")
    factor = (config.get("optimizer") or {}).get("budget_factor") or 1
    if units is None:
        return None
    most = units * factor
    early = metadata.get("ended") == "exhausted" or budget.get("seconds") is not None
    early |= ladder is not None and budget.get("cost") is not None
    return None if (0 if early else most) <= trials <= most else f"has {trials} of the {most} trials of its budget"


def warn(lines: Iterable[str]) -> None:
    """Say on stderr what also stands in the report."""
    for line in lines:
        sys.stderr.write(f"bench report: warning: {one_line(line)}\n")


def _parted(option: str, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    if not names:
        raise UserError(f"{option}={value}: names nothing; expected names with commas between them")
    return names


def _refuse_unknown(option: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UserError(f"{option}={name}: no run of these experiments is of it; {allowed(name, known)}")


def _problem(run: RunId) -> str:
    return f"{run.dataset}/{run.model}"


def _table(run: RunId) -> str:
    """Where the run's table stands within the folder of results."""
    return f"{run}.parquet"
