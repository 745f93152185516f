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


def write(model: FittedModel, example: pd.DataFrame, place: Path, about: Model | None = None) -> None:
    """Write a folder of MLflow's around that of a saved model; `example` has a few rows as a user has them.

    `about` is where MLflow keeps it, if that is known by now.
    """
    versions = {DISTRIBUTION: __version__, **model.card["versions"], "mlflow-skinny": mlflow.__version__}
    pyfunc.save_model(
        path=str(place),
        loader_module=LOADER,
        data_path=str(model.folder.resolve()),
        mlflow_model=about,
        signature=signature_of(model, example),
        input_example=example,
        pip_requirements=[f"{library}=={version}" for library, version in sorted(versions.items())],
        metadata={"card": f"data/{model.folder.resolve().name}/card.md"},
    )


def signature_of(model: FittedModel, example: pd.DataFrame) -> ModelSignature:
    """The columns that the model takes and returns.

    Numbers are doubles, labels strings; a column of whole numbers, or of labels that look like numbers, may hold either
    and is `any`: MLflow would refuse the integers that a file is read as. The model itself checks what stands there.
    """
    anything: Any = AnyType
    inputs: list[Any] = []
    for column in model.description["columns"]:
        if column["kind"] == "category":
            kind = anything() if all(map(_looks_like_a_number, column["categories"])) else DataType.string
        else:
            kind = anything() if pd.api.types.is_integer_dtype(example[column["name"]]) else DataType.double
        inputs.append(ColSpec(kind, column["name"]))
    outputs = model.description["classes"] or [model.description["target"]]
    parameters = ParamSchema([ParamSpec("unknown", DataType.string, "error")])
    return ModelSignature(
        inputs=Schema(inputs), outputs=Schema([ColSpec(DataType.double, name) for name in outputs]), params=parameters
    )


def _looks_like_a_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return label in ("True", "False")
    return True


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
