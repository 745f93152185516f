"""The registry of models between trainer and predictor: MLflow's, whose alias `champion` says which version answers.

A version is a model of MLflow's around the folder that `bench fit` writes (no pickle in it) with the keys of the rows
that it has seen. The alias may also be moved to one that `bench fit --register` has made, of which no keys are known.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.tracking import MlflowClient
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bench import texts
from bench.errors import UserError
from bench.models.saved import FittedModel, load
from bench.tracking import mlflow_format
from bench.tracking.database import made_whole
from bench.tracking.mlflow_client import TrackerError, refused

CHAMPION = "champion"
SEEN = "rows.json"
"""The file of a version with the keys of the rows that it was trained or chosen on."""
ROWS = "bench.rows"
"""The tag of a version that says how many rows there were when it was tuned."""
_MODEL = "model"
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class RegistryAway(UserError):
    """The registry does not answer; what is asked of it can be asked again."""


class Registry:
    """The versions of one model. Raises `RegistryAway` where MLflow cannot be asked."""

    def __init__(self, uri: str, name: str, artifacts: Path) -> None:
        """`artifacts`: where the folders of versions are kept, of a registry in a database; a server has a place."""
        self.uri, self.name = uri, name
        with self._asked(), made_whole(uri):
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._place = None if uri.startswith("http") else artifacts.absolute().as_uri()

    def champion(self) -> int | None:
        """The version that the alias stands at; None where there is none."""
        with self._asked():
            try:
                return int(self._client.get_model_version_by_alias(self.name, CHAMPION).version)
            except MlflowException as error:
                if error.error_code not in _ABSENT:
                    raise
                return None

    def register(self, folder: Path, tags: Mapping[str, str]) -> int:
        """Make the model in a folder the next version; returns its number. No row of the stream goes with it."""
        with self._asked(), mlflow_format.quiet(), tempfile.TemporaryDirectory() as temporary:
            known = self._client.get_experiment_by_name(self.name)
            experiment = (
                self._client.create_experiment(self.name, self._place) if known is None else known.experiment_id
            )
            run = self._client.create_run(experiment, tags={"mlflow.source.name": "bench"})
            place = Path(temporary, _MODEL)
            mlflow_format.write(load(folder), place, Model(artifact_path=_MODEL, run_id=run.info.run_id))
            self._client.log_artifacts(run.info.run_id, str(place), _MODEL)
            self._client.set_terminated(run.info.run_id)
            with suppress(MlflowException):  # it is there
                self._client.create_registered_model(self.name)
            source = f"{run.info.artifact_uri}/{_MODEL}"
            version = self._client.create_model_version(self.name, source, run.info.run_id, dict(tags))
            return int(version.version)

    def promote(self, version: int) -> None:
        """Move the alias to a version."""
        with self._asked():
            self._client.set_registered_model_alias(self.name, CHAMPION, str(version))

    def versions(self) -> dict[int, dict[str, str]]:
        """The tags of each version, by its number."""
        with self._asked():
            found, token = dict[int, dict[str, str]](), None
            while True:
                page = self._client.search_model_versions(f"name = '{self.name}'", 200, page_token=token)
                found |= {int(each.version): dict(each.tags) for each in page}
                token = page.token
                if not token:
                    return dict(sorted(found.items()))

    def fetch(self, version: int, folder: Path) -> Path:
        """The saved model of a version, copied to a place in `folder` unless it is there.

        Of a version that is none of ours it is the whole, and loading it says so.
        """
        place = folder / str(version)
        if not place.is_dir():
            with self._asked():
                uri = self._client.get_model_version_download_uri(self.name, str(version))
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=folder) as part:
                    found = download_artifacts(artifact_uri=uri, dst_path=part, tracking_uri=self.uri)
                    Path(found).replace(place)
        return mlflow_format.saved_model_in(place) or place

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            with refused(self.uri):
                yield
        except TrackerError as error:
            raise RegistryAway(
                f"--tracking-uri={texts.without_passwords(self.uri)}: MLflow cannot be used ({error.reason})"
            ) from None


def default_uri(folder: Path) -> str:
    """A database of SQLite in a folder."""
    return f"sqlite:///{folder.absolute() / 'mlflow.db'}"


def checked_uri(uri: str) -> str:
    """The URI; `UserError` where it is none that a registry can be at."""
    if uri.startswith(("http://", "https://")):
        return uri
    try:
        database = make_url(uri)
    except SQLAlchemyError:
        raise UserError(
            f"--tracking-uri={uri}: expected a database or a server: sqlite:///mlflow.db, http://..."
        ) from None
    if database.drivername.startswith("sqlite") and database.database:
        Path(database.database).parent.mkdir(parents=True, exist_ok=True)
    return uri


def seen(folder: Path) -> frozenset[str] | None:
    """The keys of the rows that a version in a folder was trained or chosen on; None where they are not known."""
    path = folder / SEEN
    return frozenset(json.loads(path.read_bytes())) if path.is_file() else None


def model_of(folder: Path) -> FittedModel:
    """The model of a version in a folder; nothing in it is run or unpickled."""
    return load(folder)
