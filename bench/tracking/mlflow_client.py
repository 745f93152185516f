"""MLflow, by its client: one experiment there, whose runs are known by their keys."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before the import: nothing is sent but to the server that is named
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # else a server that is down is asked for minutes

from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from bench import texts
from bench.errors import UserError
from bench.tracking.records import Record

KEY, CONTENT = "bench.key", "bench.content"
_METRICS, _OTHERS = 1000, 100
"""What one request may hold of metrics, and of parameters or tags."""


@contextmanager
def _refused(uri: str) -> Iterator[None]:
    """Raise `UserError` of one line where MLflow cannot do what it was asked."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = texts.line(str(error).strip().partition("\n")[0] or type(error).__name__, 300)
        raise UserError(
            f"--tracking-uri={texts.without_passwords(uri)}: MLflow cannot be used ({reason}); what was sent stays, "
            "and the same command sends the rest"
        ) from None


class Tracker:
    """An experiment of MLflow and the runs of the suite that it holds.

    `send` makes a run once: one of the same key and content is left alone, one of other content is replaced with
    those under it. The content's hash is written last, so that a run that was cut short is sent again.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri = uri
        with _refused(uri):
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
            for run in self._every():
                key = run.data.tags.get(KEY)
                if key is not None:
                    self._runs[key], self._contents[key] = run.info.run_id, run.data.tags.get(CONTENT)

    def has(self, key: str, content: str) -> bool:
        """Whether a run of that key is there, whole and the same."""
        return self._contents.get(key) == content

    def open(self, key: str, name: str, start: int) -> None:
        """Have a run of that key to hang others under; it is whole when `close` was called."""
        if key not in self._runs:
            with _refused(self.uri):
                self._create(key, name, start, None)

    def close(self, key: str, content: str, tags: Mapping[str, str], files: Mapping[str, bytes], end: int) -> None:
        """Give the run of that key its tags and artefacts, in the place of those that it had."""
        run = self._runs[key]
        with _refused(self.uri):
            self._log_files(run, files)
            for name, value in tags.items():
                self._client.set_tag(run, name, value)
            self._client.set_terminated(run, "FINISHED", end)
            self._client.set_tag(run, CONTENT, content)
        self._contents[key] = content

    def send(self, record: Record) -> bool:
        """Make the run of a record; False where it was there, whole and the same."""
        if self.has(record.key, record.content):
            return False
        with _refused(self.uri):
            self._delete(record.key)
            run = self._create(record.key, record.name, record.start, record.parent)
            metrics = [Metric(p.name, p.value, p.time, p.step) for p in record.points]
            parameters = [Param(name, value) for name, value in record.parameters.items()]
            tags = [RunTag(name, value) for name, value in record.tags.items()]
            for first in range(0, len(metrics), _METRICS):
                self._client.log_batch(run, metrics=metrics[first : first + _METRICS])
            for first in range(0, max(len(parameters), len(tags)), _OTHERS):
                part = slice(first, first + _OTHERS)
                self._client.log_batch(run, params=parameters[part], tags=tags[part])
            self._log_files(run, {path: text.encode() for path, text in record.texts.items()})
            self._client.set_terminated(run, record.status, record.end)
            self._client.set_tag(run, CONTENT, record.content)
        self._contents[record.key] = record.content
        return True

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

    def _log_files(self, run: str, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with tempfile.TemporaryDirectory() as folder:
            for path, content in files.items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            self._client.log_artifacts(run, folder)
