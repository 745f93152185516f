"""An estimator of scikit-learn behind its preparation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from bench.models.saved.preparation_part import load_safely, prepared


def load(folder: Path, description: Mapping[str, Any]) -> list[Any]:
    """Preparation and estimator, as many as there are folds."""
    pairs = zip(description["preparations"], description["models"], strict=True)
    return [(load_safely(folder / before), load_safely(folder / name)) for before, name in pairs]


def predict_one(model: Any, table: np.ndarray, description: Mapping[str, Any], number: int) -> np.ndarray:
    """What model `number` predicts: class probabilities, shape (rows, classes), or (rows,) numbers."""
    transformer, estimator = model
    inputs = prepared(table, transformer, description, number)
    # In one thread: a forest sums its trees in the order in which threads end, so that the last bits would vary.
    with joblib.parallel_config(backend="threading", n_jobs=1):
        if not description["classes"]:
            values = np.asarray(estimator.predict(inputs), dtype=np.float64).reshape(len(inputs))
            return np.maximum(values, description["least"]) if description["task"] == "counts" else values
        shares = np.zeros((len(inputs), len(description["classes"])))
        shares[:, estimator.classes_] = estimator.predict_proba(inputs)
        return shares
