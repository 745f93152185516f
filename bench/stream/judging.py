"""How good models are on rows that none of them has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench import metrics
from bench.errors import UserError
from bench.metrics import METRICS, Metric
from bench.models.saved import FittedModel
from bench.stream.messages import Row, frame
from bench.wording import listed


@dataclass(frozen=True)
class Judgement:
    """The losses of a model on rows."""

    loss: float
    """By the metric that it was tuned by."""
    error: float | None
    """The share of rows whose class is not the predicted one; of numbers 1 - R², None where all are the same."""


def judge(models: Sequence[FittedModel], rows: Sequence[Row], label: str) -> list[Judgement]:
    """The losses of each model on the same rows, which have targets; `label` is what the metric's loss is called.

    A class that a model does not know has probability 0 there. Raises `UserError` where a row has what a model cannot
    take, or the metric has no value on these rows.
    """
    task = models[0].description["task"]
    if any(model.description["task"] != task for model in models):
        raise UserError(f"{models[0].folder} and the others do not predict the same kind of target")
    metric = next((each for each in METRICS.values() if each.label == label), metrics.get("auto", task))
    short = METRICS["error" if models[0].description["classes"] else "r2"]
    classes = list(dict.fromkeys(label for model in models for label in model.description["classes"]))
    classes += sorted({str(row.target) for row in rows} - set(classes)) if classes else []
    target = _targets(rows, classes)
    judged = []
    for model in models:
        predicted = _aligned(model, rows, classes)
        constant = not classes and target.min() == target.max()
        judged.append(Judgement(_loss(metric, target, predicted), None if constant else short.loss(target, predicted)))
    return judged


def answers(model: FittedModel, rows: Sequence[Row]) -> list[Mapping[str, object]]:
    """What a model predicts of each row: of classes the most probable and its probability, else a number.

    Raises `UserError` where a row has what the model cannot take; an unknown category is missing.
    """
    predicted = _predicted(model, rows)
    values = predicted.to_numpy(dtype=np.float64)
    if not model.description["classes"]:
        return [{"prediction": float(value)} for value in values.reshape(len(rows))]
    places = values.argmax(axis=1)
    names = [str(name) for name in predicted.columns]
    return [
        {"prediction": names[place], "probability": round(float(row[place]), 6)}
        for place, row in zip(places, values, strict=True)
    ]


def _predicted(model: FittedModel, rows: Sequence[Row]) -> pd.DataFrame:
    """As `FittedModel.predict`; a column that a row is without is missing there, whatever the others have."""
    names = [column["name"] for column in model.description["columns"]]
    strange = next((row for row in rows if row.features.keys().isdisjoint(names)), None)
    if strange is not None:
        raise UserError(f"has none of the model's columns, but {listed(map(repr, strange.features))}")
    table = frame(rows)
    absent = {name: None for name in names if name not in table.columns}
    return model.predict(pd.concat([table, pd.DataFrame(absent, index=table.index)], axis=1), unknown="missing")


def _targets(rows: Sequence[Row], classes: Sequence[str]) -> NDArray[np.float64] | NDArray[np.int64]:
    if not classes:
        return np.array([row.target for row in rows], dtype=np.float64)
    codes = {label: code for code, label in enumerate(classes)}
    return np.array([codes[str(row.target)] for row in rows], dtype=np.int64)


def _aligned(model: FittedModel, rows: Sequence[Row], classes: Sequence[str]) -> NDArray[np.float64]:
    predicted = _predicted(model, rows)
    if not classes:
        return predicted.to_numpy(dtype=np.float64).reshape(len(rows))
    known = predicted.set_axis([str(name) for name in predicted.columns], axis=1)
    return known.reindex(columns=list(classes), fill_value=0.0).to_numpy(dtype=np.float64)


def _loss(metric: Metric, target: NDArray[np.float64] | NDArray[np.int64], predicted: NDArray[np.float64]) -> float:
    try:
        return metric.loss(target, predicted)
    except ValueError as failure:
        raise UserError(f"the newest rows have no {metric.name} ({failure}); keep more of them (--newest)") from None
