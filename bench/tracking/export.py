"""From stored results to a tracker: what is new is sent, what is there is left alone."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from bench import __version__, results
from bench.config import extras
from bench.errors import UserError, allowed
from bench.provenance import digest
from bench.report import build
from bench.report.runs import selection
from bench.report.tables import escaping
from bench.report.words import verdict
from bench.results import UnreadableTable
from bench.tracking import records
from bench.wording import plural


def export(experiment: str, results_dir: Path, uri: str, trials: str) -> Iterator[str]:
    """Send the finished runs of an experiment to MLflow at `uri`; what was done, in lines.

    One run there for the experiment, with verdict, tables and figures; under it one for each optimiser and seed, and
    under those the `trials` of `records.TRIALS`. What is there already and the same is not sent. Raises `UserError`
    where there is nothing to send, or MLflow cannot be used.
    """
    if trials not in records.TRIALS:
        raise UserError(f"--trials={trials}: {allowed(trials, records.TRIALS)}")
    runs = results.find_some(results_dir, experiment)
    try:
        client = importlib.import_module("bench.tracking.mlflow_client")
    except ModuleNotFoundError as error:
        raise UserError(f"bench export mlflow {extras.missing(str(error.name), 'mlflow')}") from None
    tracker = client.Tracker(uri, experiment)
    contents, sent, sent_trials, first, last = list[str](), 0, 0, 0, 0
    for run in runs:
        try:
            table, metadata = results.read_run(results_dir, run)
        except UnreadableTable as error:
            yield f"left out: {error}"
            continue
        rows = table.to_pylist()
        record = records.of_run(run, rows, metadata)
        contents.append(record.content)
        first, last = min(first or record.start, record.start), max(last, record.end)
        tracker.open(experiment, experiment, first)
        sent += tracker.send(record)
        sent_trials += sum(tracker.send(each) for each in records.of_trials(run, rows, metadata, trials))
    if not contents:
        raise UserError(f"experiment {experiment!r}: none of its tables can be read; nothing was sent")
    whole = digest([__version__, contents])
    if not tracker.has(experiment, whole):
        tags, files = _report(experiment, results_dir)
        tracker.close(experiment, whole, tags, files, last)
    known = len(contents) - sent
    of_trials = f", {plural(sent_trials, 'trial')}" if trials != "none" else ""
    yield f"{experiment}: {plural(sent, 'run')} sent{of_trials}; {plural(known, 'run')} there before and the same"


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
