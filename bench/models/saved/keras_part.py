"""A network of Keras behind its preparation."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.models.saved.preparation_part import load_safely, prepared


def load(folder: Path, description: Mapping[str, Any]) -> list[Any]:
    """Preparation and network, as many as there are folds."""
    os.environ.setdefault("KERAS_BACKEND", description["backend"])
    import keras  # noqa: PLC0415 - its backend is chosen by the line above

    pairs = zip(description["preparations"], description["models"], strict=True)
    return [
        (load_safely(folder / before), keras.saving.load_model(folder / name, compile=False)) for before, name in pairs
    ]


def predict_one(model: Any, table: np.ndarray, description: Mapping[str, Any], number: int) -> np.ndarray:
    """What model `number` predicts: class probabilities, shape (rows, classes), or (rows,) numbers."""
    transformer, network = model
    inputs = prepared(table, transformer, description, number).astype(np.float32)
    with threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        scores = np.asarray(network.predict(inputs, batch_size=1024, verbose=0), dtype=np.float64)
        return of_scores(description["task"], scores, **description["scales"][number])


def of_scores(task: str, scores: np.ndarray, centre: float, spread: float) -> np.ndarray:
    """Predictions from a network's outputs: logits, a standardised number, or the logarithm of a count."""
    if task == "regression":
        return np.asarray(centre + spread * scores[:, 0])
    if task == "counts":
        return np.asarray(np.exp(scores[:, 0]))
    if task == "binary":
        scores = np.column_stack([np.zeros(len(scores)), scores[:, 0]])
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(shares)
