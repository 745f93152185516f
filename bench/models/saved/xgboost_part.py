"""Boosted trees of XGBoost, from its own JSON format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb


def load(folder: Path, description: Mapping[str, Any]) -> list[Any]:
    """The models, as many as there are folds."""
    return [xgb.Booster(model_file=str(folder / name)) for name in description["models"]]


def predict_one(model: Any, table: np.ndarray, description: Mapping[str, Any], number: int) -> np.ndarray:
    """What model `number` predicts: class probabilities, shape (rows, classes), or (rows,) numbers.

    Of categories that it has not seen in training XGBoost knows nothing: they are missing.
    """
    table = table.copy()
    for place, known in description["known"][number].items():
        codes = table[:, int(place)]
        table[:, int(place)] = np.where((codes >= 0) & np.isin(codes, known), codes, np.nan)
    predicted = np.asarray(model.inplace_predict(table), dtype=np.float64)
    return np.column_stack([1 - predicted, predicted]) if description["task"] == "binary" else predicted
