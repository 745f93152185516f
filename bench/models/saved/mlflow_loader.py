"""A saved model as MLflow's `pyfunc` loads it: named as the loader by the models that `bench fit --register` makes."""

from typing import TYPE_CHECKING, Any

from bench.models.saved.fitted_model import FittedModel, load

if TYPE_CHECKING:
    import pandas as pd


class Predicting:
    """What MLflow calls."""

    def __init__(self, model: FittedModel) -> None:
        self.model = model

    def predict(self, frame: "pd.DataFrame", params: dict[str, Any] | None = None) -> "pd.DataFrame":
        """As `FittedModel.predict`; `params` may have its argument `unknown`."""
        return self.model.predict(frame, **(params or {}))


def _load_pyfunc(path: str) -> Predicting:
    """The model in a folder, by the name that MLflow looks for; nothing in it is run or unpickled."""
    return Predicting(load(path))
