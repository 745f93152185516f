"""Trial logs from elsewhere, as they come: from files of other libraries to ordinary trial tables.

`recognition` says which reader a file is for, by its content. There is one reader a source: `csv_tables` (and `cells`),
`optuna_storages`, `hyperopt_trials`, `ray_tune`, `nni_experiments`, `carps_logs`; each gives plain `logs`. `naming`
says which runs they are of, `spaces` what was searched, `vouching` holds them against an experiment's problem, and
`writing` makes tables of them. Nothing is unpickled, and nothing is written where a log lies.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import results, texts
from bench.errors import UserError, allowed
from bench.metrics import METRICS
from bench.results.imports import naming, recognition, vouching, writing
from bench.results.imports.cells import PARAMETER
from bench.results.imports.csv_tables import OPTIONAL, REQUIRED
from bench.results.imports.logs import Asked, Log
from bench.results.imports.naming import Given, Run
from bench.results.imports.writing import Meaning, Spaces
from bench.wording import listed, plural, shortened

_OF_LOSSES = ("CSV", "Hyperopt's trials")
"""Sources whose values are losses by their name, or always."""
_METRIC = re.compile(r"[A-Za-z0-9][\w .-]{0,79}", re.ASCII)


@dataclass(frozen=True)
class Options:
    """What the command says besides the files."""

    given: Given = field(default_factory=Given)
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names in the files, each with ours."""
    metric: str | None = None
    maximize: bool = False
    same_problem_as: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Imported:
    """What was imported."""

    folder: Path
    runs: int
    trials: int
    failed: int
    sources: tuple[str, ...]
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""
    remarks: tuple[str, ...] = ()
    """What was left out or taken for granted."""
    same_problem_as: str | None = None

    def __str__(self) -> str:
        runs, trials = plural(self.runs, "run"), plural(self.trials, "trial")
        message = f"{self.folder}: {runs} imported, {trials}, {self.failed} of them failed"
        if self.ignored:
            message += f"; columns not imported: {listed((texts.line(name)[:40] for name in self.ignored), 12)}"
        lines = [message, f"read as {listed(self.sources)}", *self.remarks]
        if any(source.startswith("CSV") for source in self.sources) and self.ignored:
            column = texts.line(self.ignored[0])[:40]
            lines.append(f"--map '{column}={PARAMETER}{column}' imports a column as a hyperparameter")
        also = f"{self.same_problem_as} " if self.same_problem_as else ""
        return "\n".join([*lines, f"'bench report {also}{self.folder.name}' shows them", ""])


def read_columns(pairs: Sequence[str]) -> dict[str, str]:
    """`--map`'s pairs THEIRS=OURS; raises `UserError` where one is none."""
    columns: dict[str, str] = {}
    ours_all = (*REQUIRED, *OPTIONAL)
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        shown = shortened(texts.line(pair))
        if not theirs or not (ours in ours_all or (ours.startswith(PARAMETER) and ours != PARAMETER)):
            raise UserError(f"--map={shown!r}: expected COLUMN=OURS; {allowed(ours, [*ours_all, f'{PARAMETER}NAME'])}")
        name = "value" if ours == "loss" else ours
        if theirs in columns or name in columns.values():
            raise UserError(f"--map={shown!r}: {'the column' if theirs in columns else ours} is named twice")
        columns[theirs] = name
    return columns


def import_logs(paths: Sequence[Path], experiment: str, results_dir: Path, options: Options) -> Imported:
    """Write the runs of files and folders as trial tables of an experiment.

    Raises `UserError` where one is not as expected, and, before anything is written, where a run is there already and
    not to be overwritten. The hash of the problem covers the names, the metric and the content of all files: what is
    imported together is compared with one another and never with others, unless a person vouches for it.
    """
    results.check_experiment("--name", experiment)
    if options.metric is not None and not _METRIC.fullmatch(options.metric):
        metrics = ", ".join(list(METRICS)[:3])
        raise UserError(f"--metric={shortened(options.metric)!r}: expected a name, such as {metrics}")
    asked, given, problem = Asked(options.columns, options.metric), options.given, None
    if options.same_problem_as is not None:
        name = results.check_name("--same-problem-as", options.same_problem_as)
        problem = vouching.problem(results_dir, name, given)
    logs = [log for path in paths for log in recognition.read(path, asked, given.names)]
    _check_map(logs, options.columns)
    if problem and not any({"dataset", "model"} & log.columns for log in logs):
        given = Given(problem.dataset, problem.model, given.optimizers, given.seeds, given.pattern)
    named = naming.named(logs, experiment, given)
    used = list({id(run.log): run.log for run in named.runs}.values())
    if problem:
        metric = vouching.metric(problem, options.metric, [log.metric for log in used])
        runs = vouching.checked(named.runs, problem, named.counted)
    else:
        metric, runs = options.metric or _metric(used), named.runs
    meaning = Meaning(metric, _maximized(used, options.maximize), problem)
    tables, remarks = _tables(runs, meaning, writing.shared(used))
    _write(tables, results_dir, options.overwrite)
    every = [row for rows, _ in tables.values() for row in rows]
    sources = dict.fromkeys(f"{log.source} ({log.file})" for log in used)
    meant = [remark for log in logs for remark in log.remarks]
    vouched = f"on the problem of {problem.experiment}, as you vouch; the report says so" if problem else None
    taken = _taken(used, maximized=meaning.maximized)
    notes = [*meant, *named.remarks, *remarks, *taken, *filter(None, [meaning.said, vouched])]
    return Imported(
        results_dir / experiment,
        len(tables),
        len(every),
        sum(row["status"] != "ok" for row in every),
        tuple(sources),
        tuple(dict.fromkeys(name for log in used for name in log.ignored)),
        tuple(dict.fromkeys(notes)),
        options.same_problem_as,
    )


def _check_map(logs: Sequence[Log], columns: Mapping[str, str]) -> None:
    """Refuse a `--map` that a log has no use for, or that names what none of its trials has."""
    for theirs, ours in columns.items():
        shown = f"--map {shortened(texts.line(theirs))}={'loss' if ours == 'value' else ours}"
        for log in logs:
            if "*" in log.takes:
                continue
            if ours not in log.takes:
                raise UserError(f"{shown}: {log.source} ({log.file}) has no columns to be read as that; leave it out")
            succeeded = [trial for trial in log.trials if trial.value is not None]
            if ours == "test_loss" and succeeded and all(trial.test is None for trial in succeeded):
                raise UserError(f"{shown}: no trial of {log.name} has a number of that name")


def _metric(logs: Sequence[Log]) -> str:
    """What the files call their values, where they agree and it can be a name."""
    names = {log.metric for log in logs}
    name = next(iter(names)) if len(names) == 1 else None
    return name if name is not None and _METRIC.fullmatch(name) else "loss"


def _maximized(logs: Sequence[Log], asked: bool) -> bool:
    """Whether larger values are better; raises `UserError` where logs, or an option, contradict one another."""
    of = {maximized: log for log in logs for maximized in [log.maximized]}
    if asked and False in of:
        raise UserError(f"--maximize: {of[False].name} says that smaller values are better; leave the option out")
    if True in of and (False in of or (None in of and not asked)):
        other = of[False] if False in of else of[None]
        raise UserError(
            f"{of[True].name} was maximised, and {other.name} was not, or does not say so; import them apart"
            + ("" if False in of else ", or say --maximize")
        )
    for log in logs:
        if log.maximized is None and not asked and log.metric is not None and vouching.is_score(log.metric):
            raise UserError(
                f"{log.name}: its values are called {log.metric}, which is better when larger, and nothing says that "
                f"it was maximised; say --maximize, or --map NAME=loss of what was minimised"
            )
    return asked or True in of


def _taken(logs: Sequence[Log], *, maximized: bool) -> Iterator[str]:
    """That values are taken for losses whose log does not say so."""
    silent = dict.fromkeys(log.source for log in logs if log.maximized is None and log.source not in _OF_LOSSES)
    if silent and not maximized:
        yield f"smaller values are taken for better, which {listed(silent)} does not say; --maximize says otherwise"


_Table = tuple[list[dict[str, Any]], dict[str, Any]]


def _tables(runs: Sequence[Run], meaning: Meaning, sha256: str) -> tuple[dict[results.RunId, _Table], list[str]]:
    """The rows and the metadata of each run, and what is to be said of the problems' spaces."""
    problems: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        problems.setdefault((run.id.dataset, run.id.model), []).append(run)
    tables: dict[results.RunId, _Table] = {}
    said: list[str] = []
    for together in problems.values():
        if meaning.problem:
            order = [parameter.name for parameter in meaning.problem.space.parameters]
            known = Spaces({id(run.log): {name: {} for name in order} for run in together}, False, ())
        else:
            known = writing.spaces_of(together)
        unknown = writing.unknown(together, known.derived)
        said += [*known.remarks, *([] if meaning.problem else _of_space(known))]
        for run in together:
            space = known.of[id(run.log)]
            remarks = [*run.log.remarks, *filter(None, [meaning.said])]
            about = writing.metadata(run, meaning, space, known.derived, sha256, unknown, remarks)
            tables[run.id] = (writing.rows(run, meaning, space), about)
    return tables, said


def _of_space(known: Spaces) -> list[str]:
    names = list(dict.fromkeys(name for entries in known.of.values() for name in entries))
    if not names:
        return []
    whence = "taken from the values that were tried" if known.derived else "as recorded"
    return [f"search space of {plural(len(names), 'hyperparameter')}, {whence}: {listed(names, 12)}"]


def _write(tables: Mapping[results.RunId, _Table], results_dir: Path, overwrite: bool) -> None:
    for run in tables:
        results.refuse_links(results_dir, *run.parts, option="--results-dir")
    there = [run for run in tables if results.place(results_dir, run) is not None]
    if there and not overwrite:
        more = f" (and {len(there) - 1} more runs)" if len(there) > 1 else ""
        raise UserError(f"{there[0]}{more}: is there already; choose another --name, or --overwrite replaces it")
    for run, (rows, metadata) in tables.items():
        try:
            results.write_run(run.path(results_dir), rows, metadata)
        except OSError as error:
            raise UserError(f"{run.path(results_dir)}: cannot be written ({error.strerror}); make room") from None
