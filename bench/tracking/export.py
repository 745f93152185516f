"""From stored results to a tracker: what is new is sent, what is there is left alone."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import __version__, results
from bench.config import extras
from bench.errors import UserError, allowed
from bench.provenance import digest
from bench.report import build
from bench.report.runs import selection
from bench.report.tables import escaping
from bench.report.words import verdict
from bench.results import UnreadableTable
from bench.tracking import queue, records
from bench.wording import plural

if TYPE_CHECKING:
    from bench.tracking.mlflow_client import Tracker

More = Callable[[], Iterator[tuple[str, Mapping[str, bytes] | None]]]
"""Makes lines about artefacts and these, by path; None in the place of those that could not be made."""


@dataclass(frozen=True)
class Sent:
    """What became of an experiment's finished runs."""

    runs: int
    known: int
    """Runs that were there before, whole and the same."""
    trials: int
    content: str
    """A hash of all runs."""


def export(
    experiment: str,
    results_dir: Path,
    uri: str,
    trials: str,
    more: More | None = None,
) -> Iterator[str]:
    """Send the finished runs of an experiment to MLflow at `uri`; what was done, in lines.

    One run there for the experiment, with verdict, tables and figures; under it one for each optimiser and seed, and
    under those the `trials` of `records.TRIALS`. What is there already and the same is not sent. `more` makes further
    artefacts of the experiment, each with a line about it, where the runs are not those that it made them of before.
    Raises `UserError` where there is nothing to send, or MLflow cannot be used.
    """
    if trials not in records.TRIALS:
        raise UserError(f"--trials={trials}: {allowed(trials, records.TRIALS)}")
    results.find_some(results_dir, experiment)
    client = client_module("bench export mlflow")
    with queue.locked(results_dir, experiment) as alone:
        if not alone:
            raise UserError(
                f"experiment {experiment!r}: a sweep sends it now (tracking=mlflow); export it when that has ended"
            )
        tracker = client.Tracker(uri, experiment)
        notes = list[str]()
        sent = send(tracker, experiment, results_dir, trials, notes.append)
        yield from notes
        if more is not None:
            yield from _send_more(tracker, experiment, sent.content, more)
    of_trials = f", {plural(sent.trials, 'trial')}" if trials != "none" else ""
    there = plural(sent.known, "run")
    yield f"{experiment}: {plural(sent.runs, 'run')} sent{of_trials}; {there} there before and the same"


def client_module(who: str) -> Any:
    """`bench.tracking.mlflow_client`; raises `UserError` where the extra is missing, which `who` needs."""
    try:
        return importlib.import_module("bench.tracking.mlflow_client")
    except ModuleNotFoundError as error:
        raise UserError(f"{who} {extras.missing(str(error.name), 'mlflow')}") from None


def send(tracker: "Tracker", experiment: str, results_dir: Path, trials: str, say: Callable[[str], None]) -> Sent:
    """Send what is new of an experiment's finished runs, then its report; `say` is given a line for each left out."""
    contents, sent, sent_trials, first, last = list[str](), 0, 0, 0, 0
    for run in results.find_some(results_dir, experiment):
        try:
            table, metadata = results.read_run(results_dir, run)
        except UnreadableTable as error:
            say(f"left out: {error}")
            continue
        rows = table.to_pylist()
        record = records.of_run(run, rows, metadata)
        contents.append(record.content)
        first, last = min(first or record.start, record.start), max(last, record.end)
        tracker.open(experiment, experiment, first)
        sent += tracker.send(record)
        sent_trials += sum(tracker.send(each) for each in records.of_trials(run, rows, metadata, trials))
        queue.remove(results_dir, run)
    if not contents:
        raise UserError(f"experiment {experiment!r}: none of its tables can be read; nothing was sent")
    whole = digest([__version__, contents])
    if not tracker.has(experiment, whole):
        tags, files = _report(experiment, results_dir)
        tracker.close(experiment, whole, tags, files, last)
    return Sent(sent, len(contents) - sent, sent_trials, whole)


def _send_more(tracker: "Tracker", experiment: str, content: str, more: More) -> Iterator[str]:
    """Further artefacts of the experiment, made once for the same runs where all of them could be."""
    if tracker.made_more_of(experiment) == content:
        yield "confusion matrices: there before, of the same runs"
        return
    files, whole = dict[str, bytes](), True
    for line, made in more():
        files |= made or {}
        whole = whole and made is not None
        yield line
    tracker.attach(experiment, files, content if whole else None)


def _report(experiment: str, results_dir: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """The verdict of each problem as a tag, and the report's files; why there are none, where it cannot be drawn."""
    try:
        report, used = build.collect(results_dir, selection.selection([experiment], figures="main"), {})
    except UserError as error:
        return {"bench.report": str(error)[: records.LONGEST]}, {}
    lines = {}
    for problem in report.problems:
        sentences = " ".join(verdict.verdict(problem.analysis))
        lines[str(problem.comparison)] = escaping.prose(sentences, str, str, str)
    note = "\n\n".join(f"{title}: {text}" for title, text in lines.items())
    tags = {"bench.verdict": note[: records.LONGEST], "mlflow.note.content": note[: records.LONGEST]}
    return tags, {**dict(build.rendered(report, used)), "verdict.txt": f"{note}\n".encode()}
