"""The format of MLflow that a saved model is registered in: `pyfunc` with a loader of ours, no code and no pickle."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

from bench import __version__
from bench.config.extras import DISTRIBUTION
from bench.models.saved import FittedModel

LOADER = "bench.models.saved.mlflow_loader"


def write(model: FittedModel, place: Path, about: Model, example: pd.DataFrame | None = None) -> None:
    """Write a folder of MLflow's around that of a saved model; `about` says where MLflow keeps it, and its run.

    `example` has a few rows as a user has them, which are then kept beside the model.
    """
    versions = {DISTRIBUTION: __version__, **model.card["versions"], "mlflow-skinny": mlflow.__version__}
    pyfunc.save_model(
        path=str(place),
        loader_module=LOADER,
        data_path=str(model.folder.resolve()),
        mlflow_model=about,
        signature=signature_of(model),
        input_example=example,
        pip_requirements=[f"{library}=={version}" for library, version in sorted(versions.items())],
        metadata={"card": f"data/{model.folder.resolve().name}/card.md"},
    )


def saved_model_in(folder: Path) -> Path | None:
    """The folder of the saved model in one that `write` wrote; None in one of anything else."""
    try:
        flavor = Model.load(str(folder)).flavors[pyfunc.FLAVOR_NAME]
        place = Path(folder, flavor[pyfunc.DATA]).resolve()
        ours = flavor[pyfunc.MAIN] == LOADER and place.is_relative_to(folder.resolve())
    except Exception:  # noqa: BLE001 - what a foreign file makes MLflow raise has no common class
        return None
    return place if ours else None


def signature_of(model: FittedModel) -> ModelSignature:
    """The columns that the model takes and returns.

    Each column may hold anything that the model itself takes, which checks it: MLflow would refuse whole numbers where
    a signature says `double`, and numbers where it says `string`, as a few rows of a file may well be read.
    """
    anything: Any = AnyType
    inputs: list[Any] = [ColSpec(anything(), column["name"]) for column in model.description["columns"]]
    outputs = model.description["classes"] or [model.description["target"]]
    parameters = ParamSchema([ParamSpec("unknown", DataType.string, "error")])
    return ModelSignature(
        inputs=Schema(inputs), outputs=Schema([ColSpec(DataType.double, name) for name in outputs]), params=parameters
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Without MLflow's own remarks, as on a package of another version in a checkout."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
