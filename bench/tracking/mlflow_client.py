"""MLflow, by its client: one experiment there, whose runs are known by their keys."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic.util.exc import CommandError
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from bench import texts
from bench.errors import UserError
from bench.tracking.database import made_whole
from bench.tracking.records import Point, Record

KEY, CONTENT, MORE = "bench.key", "bench.content", "bench.confusion"
_METRICS, _OTHERS = 1000, 100
"""What one request may hold of metrics, and of parameters or tags."""


class TrackerError(UserError):
    """MLflow cannot do what it was asked; `reason` says why, in a few words."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(
            f"--tracking-uri={texts.without_passwords(uri)}: MLflow cannot be used ({reason}); what was sent stays, "
            "and the same command sends the rest"
        )
        self.reason = reason


@contextmanager
def refused(uri: str) -> Iterator[None]:
    """Raise `TrackerError` of one line where MLflow cannot do what it was asked."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:  # the third is Alembic's, of tables
        reason = texts.line(str(error).strip().partition("\n")[0] or type(error).__name__, 300)
        raise TrackerError(uri, reason) from None


class Tracker:
    """An experiment of MLflow and the runs of the suite that it holds.

    `send` makes a run once: one of the same key and content is left alone, one of other content is replaced with
    those under it. The content's hash is written last, so that a run that was cut short is sent again. A run that is
    under way has `begin`, then `add`; `send` then adds what is left, or replaces it where its record says otherwise.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri = uri
        with refused(uri):
            with made_whole(uri):
                self._client = MlflowClient(tracking_uri=uri)
            known = self._client.get_experiment_by_name(experiment)
            if known is not None and known.lifecycle_stage != "active":
                raise UserError(
                    f"experiment {experiment!r}: was deleted in MLflow at {texts.without_passwords(uri)}; "
                    f"restore it there ('mlflow experiments restore -x {known.experiment_id}'), or remove it "
                    "with 'mlflow gc'"
                )
            self._experiment = self._client.create_experiment(experiment) if known is None else known.experiment_id
            self._runs, self._contents = dict[str, str](), dict[str, str | None]()
            self._begun: dict[str, tuple[Record, set[Point]]] = {}
            for run in sorted(self._every(), key=lambda run: CONTENT not in run.data.tags):
                key = run.data.tags.get(KEY)
                if key in self._runs:  # made twice, as where a server ended before it could answer
                    self._client.delete_run(run.info.run_id)
                elif key is not None:
                    self._runs[key], self._contents[key] = run.info.run_id, run.data.tags.get(CONTENT)

    def has(self, key: str, content: str) -> bool:
        """Whether a run of that key is there, whole and the same."""
        return self._contents.get(key) == content

    def open(self, key: str, name: str, start: int) -> None:
        """Have a run of that key to hang others under; it is whole when `close` was called."""
        if key not in self._runs:
            with refused(self.uri):
                self._create(key, name, start, None)

    def close(self, key: str, content: str, tags: Mapping[str, str], files: Mapping[str, bytes], end: int) -> None:
        """Give the run of that key its tags and artefacts, in the place of those that it had."""
        run = self._runs[key]
        with refused(self.uri):
            self._log_files(run, files)
            for name, value in tags.items():
                self._client.set_tag(run, name, value)
            self._client.set_terminated(run, "FINISHED", end)
            self._client.set_tag(run, CONTENT, content)
        self._contents[key] = content

    def made_more_of(self, key: str) -> str | None:
        """The content of a run when `attach` was given it; None where it was not."""
        with refused(self.uri):
            content: str | None = self._client.get_run(self._runs[key]).data.tags.get(MORE)
        return content

    def attach(self, key: str, files: Mapping[str, bytes], content: str | None = None) -> None:
        """Give a run further artefacts; `content` is that of the run, where they are all that belong to it."""
        with refused(self.uri):
            self._log_files(self._runs[key], files)
            if content is not None:
                self._client.set_tag(self._runs[key], MORE, content)

    def identity(self, key: str) -> str | None:
        """MLflow's own id of the run of a key; None where it is not there."""
        return self._runs.get(key)

    def begin(self, record: Record) -> None:
        """Have a run that is under way, in the place of any of its key, with the record's parameters and tags."""
        with refused(self.uri):
            self._delete(record.key)
            run = self._create(record.key, record.name, record.start, record.parent)
            self._log(run, record, ())
        self._begun[record.key] = (record, set())

    def add(self, key: str, points: Sequence[Point]) -> None:
        """Add to the curves of a run that was begun."""
        with refused(self.uri):
            self._log_points(self._runs[key], points)
        self._begun[key][1].update(points)

    def leave(self, status: str) -> None:
        """End the runs that were begun and not sent, with a status of MLflow's: they are sent anew when they go on."""
        for key in list(self._begun):
            with refused(self.uri):
                self._client.set_terminated(self._runs[key], status)
            del self._begun[key]

    def send(self, record: Record) -> bool:
        """Make the run of a record, or end that which was begun; False where it was there, whole and the same."""
        if self.has(record.key, record.content):
            return False
        begun, points = self._begun.pop(record.key, (None, set[Point]()))
        with refused(self.uri):
            if begun is None or not _is_beginning(begun, record) or not points <= set(record.points):
                self._delete(record.key)
                self._create(record.key, record.name, record.start, record.parent)
                points = set()
            run = self._runs[record.key]
            self._log(run, record, [point for point in record.points if point not in points])
            self._log_files(run, {path: text.encode() for path, text in record.texts.items()})
            self._client.set_terminated(run, record.status, record.end)
            self._client.set_tag(run, CONTENT, record.content)
        self._contents[record.key] = record.content
        return True

    def _log(self, run: str, record: Record, points: Sequence[Point]) -> None:
        parameters = [Param(name, value) for name, value in record.parameters.items()]
        tags = [RunTag(name, value) for name, value in record.tags.items()]
        self._log_points(run, points)
        for first in range(0, max(len(parameters), len(tags)), _OTHERS):
            part = slice(first, first + _OTHERS)
            self._client.log_batch(run, params=parameters[part], tags=tags[part])

    def _log_points(self, run: str, points: Sequence[Point]) -> None:
        metrics = [Metric(point.name, point.value, point.time, point.step) for point in points]
        for first in range(0, len(metrics), _METRICS):
            self._client.log_batch(run, metrics=metrics[first : first + _METRICS])

    @property
    def experiment(self) -> str:
        """MLflow's own id of the experiment."""
        return str(self._experiment)

    def _every(self) -> Iterator:  # type: ignore[type-arg]
        token = None
        while True:
            page = self._client.search_runs([self._experiment], "", ViewType.ACTIVE_ONLY, 1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _create(self, key: str, name: str, start: int, parent: str | None) -> str:
        tags = {KEY: key, "mlflow.source.name": "bench", "mlflow.source.type": "LOCAL"}
        if parent is not None:
            tags["mlflow.parentRunId"] = self._runs[parent]
        run: str = self._client.create_run(self._experiment, start, tags, name).info.run_id
        self._runs[key] = run
        return run

    def _delete(self, key: str) -> None:
        """Delete the run of a key and those under it."""
        for old in [each for each in self._runs if each == key or each.startswith(f"{key}/")]:
            self._client.delete_run(self._runs.pop(old))
            self._contents.pop(old, None)
            self._begun.pop(old, None)

    def _log_files(self, run: str, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with tempfile.TemporaryDirectory() as folder:
            for path, content in files.items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            self._client.log_artifacts(run, folder)


def _is_beginning(begun: Record, record: Record) -> bool:
    """Whether what a run was begun with is a part of what it ended as: nothing of it can be taken back."""
    same = (begun.start, begun.parent, begun.name) == (record.start, record.parent, record.name)
    return same and begun.parameters.items() <= record.parameters.items()
