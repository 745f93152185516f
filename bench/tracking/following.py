"""What runs leave while they are under way, sent to MLflow trial by trial."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import results
from bench.tracking import queue, records
from bench.tracking.mlflow_client import Tracker


@dataclass
class _UnderWay:
    """A run whose file is read."""

    reading: queue.Reading
    curves: records.Curves = field(default_factory=records.Curves)


class Following:
    """An experiment's runs, whatever process does them, as they come to MLflow.

    A run that could not be sent is begun anew when MLflow is there again: its file still has every trial.
    """

    def __init__(self, results_dir: Path, experiment: str, trials: str, connect: Callable[[str], Tracker]) -> None:
        """`connect` makes the tracker of an experiment, when something is to be sent."""
        self.results_dir, self.experiment, self.trials = results_dir, experiment, trials
        self._connect = connect
        self._tracker: Tracker | None = None
        self._runs: dict[Path, _UnderWay] = {}
        self._lock = ExitStack()
        self.alone = False
        """Whether no other process sends the experiment's runs."""

    @property
    def tracker(self) -> Tracker:
        """The connection, made where there is none."""
        if self._tracker is None:
            self._tracker = self._connect(self.experiment)
        return self._tracker

    def step(self) -> None:
        """Send what is new, unless another process does. Raises `UserError` where MLflow cannot be used.

        The next step then sends all of it.
        """
        if not self._is_alone():
            return
        for place in queue.waiting(self.results_dir, self.experiment):
            try:
                known = self._opened(place)
                rows = known.reading.rows()
            except (OSError, ValueError, KeyError, TypeError):  # gone meanwhile, or no run's: tables have it all
                self._forget(place)
                continue
            try:
                self._send(known, rows)
                if known.reading.done:
                    self._finish(place, known.reading.run)
            except BaseException:
                self._forget(place)
                self._tracker = None  # what came of a request without an answer is asked for anew
                raise

    def leave(self, status: str) -> None:
        """End in MLflow, with a status of its own, those runs that are under way, and let others send."""
        try:
            if self._tracker is not None:
                self._tracker.leave(status)
        finally:
            for place in list(self._runs):
                self._forget(place)
            self._lock.close()
            self.alone = False

    def _is_alone(self) -> bool:
        if not self.alone:
            with suppress(OSError):
                queue.folder(self.results_dir, self.experiment).mkdir(parents=True, exist_ok=True)
            self._lock.close()
            self.alone = self._lock.enter_context(queue.locked(self.results_dir, self.experiment))
        return self.alone

    def _opened(self, place: Path) -> _UnderWay:
        """What is read of a file: from its beginning, where a run that was begun again has written another."""
        known = self._runs.get(place)
        if known is not None and not known.reading.is_at(place):
            self._forget(place)
            known = None
        if known is None:
            known = self._runs[place] = _UnderWay(queue.Reading(place))
        return known

    def _send(self, known: _UnderWay, rows: list[dict[str, Any]]) -> None:
        """Send trials that have ended since; with the first of them the run begins."""
        run, metadata = known.reading.run, known.reading.metadata
        if rows and not known.curves.trials:
            start = records.started(rows[0])
            self.tracker.open(self.experiment, self.experiment, start)
            self.tracker.begin(records.begun(run, start, metadata))
        points = [point for row in rows for point in known.curves.add(row, metadata.get("metric"))]
        if points:
            self.tracker.add(str(run), points)
        if self.trials == "all":
            for record in records.of_trials(run, rows, metadata, "all"):
                self.tracker.send(record)

    def _finish(self, place: Path, run: results.RunId) -> None:
        """Send what the table says of a run that has ended: what was not known before, or is otherwise."""
        try:
            table, metadata = results.read_run(self.results_dir, run)
        except results.UnreadableTable:  # which the end of the sweep, and an export, tell of
            pass
        else:
            rows = table.to_pylist()
            self.tracker.open(self.experiment, self.experiment, records.started(rows[0]) if rows else 0)
            self.tracker.send(records.of_run(run, rows, metadata))
            for record in records.of_trials(run, rows, metadata, self.trials):
                self.tracker.send(record)
        self._forget(place)
        queue.remove(self.results_dir, run)

    def _forget(self, place: Path) -> None:
        known = self._runs.pop(place, None)
        if known is not None:
            known.reading.close()
