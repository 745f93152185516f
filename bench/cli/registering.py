"""`bench fit --register`: the model that was fitted, made a version of a registered model in MLflow."""

import pandas as pd

from bench.errors import UserError
from bench.models.saved import FittedModel
from bench.problems.data import DataProblem
from bench.running import confusion
from bench.tracking.registering import Registration
from bench.wording import command


class Registering:
    """What `fit` shows its model to; `register` then sends it."""

    def __init__(self, experiment: str, name: str, alias: str | None, uri: str) -> None:
        """Raises `UserError` where it could not be registered, before anything is trained."""
        self._registration = Registration(experiment, name, alias, uri)
        self._features = pd.DataFrame()
        self._artefacts: dict[str, bytes] = {}

    def look(self, model: FittedModel, problem: DataProblem) -> None:
        """Keep what is sent with the model: example rows, and what it takes the classes of the test part for."""
        self._features = problem.dataset.features
        names = ("card.md", "card.json", "best.yaml")
        self._artefacts = {name: (model.folder / name).read_bytes() for name in names}
        self._artefacts |= confusion.files(model, problem)

    def register(self, model: FittedModel) -> str:
        """Send it; what became of it, in a line. Raises `UserError`, with which the saved model stays as it is."""
        try:
            return self._registration.register(model, self._features, self._artefacts)
        except UserError as error:
            reason = getattr(error, "reason", error)
            again = command("bench", "fit", "...", "--out", str(model.folder), "--overwrite")
            raise UserError(f"MLflow: not registered ({reason}); the model is saved: {again} tries again") from None
