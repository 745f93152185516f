"""Boosted trees of LightGBM, from its own text format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np


def load(folder: Path, description: Mapping[str, Any]) -> list[Any]:
    """The models, as many as there are folds."""
    return [lgb.Booster(model_file=str(folder / name)) for name in description["models"]]


def predict_one(model: Any, table: np.ndarray, description: Mapping[str, Any], number: int) -> np.ndarray:
    """What model `number` predicts: class probabilities, shape (rows, classes), or (rows,) numbers."""
    del number
    categories = [place for place, column in enumerate(description["columns"]) if column["kind"] == "category"]
    table = table.copy()
    table[:, categories] = np.where(table[:, categories] < 0, np.nan, table[:, categories])
    predicted = np.asarray(model.predict(table))
    return np.column_stack([1 - predicted, predicted]) if description["task"] == "binary" else predicted
