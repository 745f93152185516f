"""MLflow's registry: a saved model as a version there, and a run that it comes from."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import LoggedModelOutput
from mlflow.environment_variables import MLFLOW_TRACKING_URI
from mlflow.exceptions import MlflowException, RestException
from mlflow.models import Model
from mlflow.tracking import MlflowClient

from bench.models.saved import FittedModel
from bench.tracking import mlflow_format
from bench.tracking.mlflow_client import Tracker, refused
from bench.tracking.records import Record

CONTENT = "bench.model_content"


class Registry:
    """The registered models of MLflow, and an experiment of it for the runs that they come from."""

    def __init__(self, uri: str, experiment: str) -> None:
        self._uri, self._experiment = uri, experiment
        self._tracker = Tracker(uri, experiment)
        with refused(uri):
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def register(
        self, name: str, record: Record, model: FittedModel, example: pd.DataFrame, artefacts: Mapping[str, bytes]
    ) -> tuple[str, bool]:
        """Make a version of the registered model `name`; its number, and False where it was there before.

        `record` is the run that it comes from, with the tags of both; `artefacts` go to that run.
        """
        with refused(self._uri):
            self._have(name)
            known = self._known(name, record.tags[CONTENT])
        if known is not None:
            return known, False
        self._tracker.open(self._experiment, self._experiment, record.start)
        self._tracker.send(record)
        self._tracker.attach(record.key, artefacts)
        run = self._tracker.identity(record.key)
        assert run is not None  # it was sent
        came_from = self._tracker.identity(record.tags["bench.run"])
        tags = {**record.tags, **({"bench.run_id": came_from} if came_from else {})}
        note = tags.pop("mlflow.note.content")
        with refused(self._uri), mlflow_format.quiet(), _looked_up_at(self._uri):
            logged = self._client.create_logged_model(
                self._tracker.experiment, name, source_run_id=run, tags=tags, params=dict(record.parameters)
            )
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder, "model")
                about = Model(
                    artifact_path=logged.artifact_location,
                    model_uuid=logged.model_id,
                    model_id=logged.model_id,
                    run_id=run,
                )
                mlflow_format.write(model, place, about, example)
                self._client.log_model_artifacts(logged.model_id, str(place))
            self._client.finalize_logged_model(logged.model_id, "READY")
            self._client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
            version = self._client.create_model_version(
                name, f"models:/{logged.model_id}", run, tags=tags, description=note, model_id=logged.model_id
            )
        return str(version.version), True

    def alias(self, name: str, alias: str, version: str) -> None:
        """Give a version an alias, which no other of that model then has."""
        with refused(self._uri):
            self._client.set_registered_model_alias(name, alias, version)

    def _have(self, name: str) -> None:
        try:
            self._client.get_registered_model(name)
        except (MlflowException, RestException) as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._client.create_registered_model(name)

    def _known(self, name: str, content: str) -> str | None:
        """The version of a model that is the same: its configuration, data, rows, losses and versions are."""
        quoted = name.replace("'", "''")
        versions = self._client.search_model_versions(f"name='{quoted}' and tags.`{CONTENT}` = '{content}'")
        return next((str(version.version) for version in versions), None)


@contextmanager
def _looked_up_at(uri: str) -> Iterator[None]:
    """MLflow asks for models at the process's own tracking URI, whatever the client's: that one for a while."""
    before, variable = mlflow.get_tracking_uri(), os.environ.get(MLFLOW_TRACKING_URI.name)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        os.environ.pop(MLFLOW_TRACKING_URI.name, None)  # which that sets as well, unless it was the same
        if variable is not None:
            os.environ[MLFLOW_TRACKING_URI.name] = variable
