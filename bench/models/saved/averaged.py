"""The predictions of the models of all folds, averaged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.models.saved.rows import numbers


def predictions(
    models: Sequence[Any],
    predict_one: Callable[..., np.ndarray],
    frame: pd.DataFrame,
    description: Mapping[str, Any],
    unknown: str = "error",
) -> pd.DataFrame:
    """A column of probabilities for each class, or one of numbers under the target's name; the rows of `frame`.

    `unknown` says what a category is that the model does not know: an error, or missing.
    """
    table = numbers(frame, description, unknown)
    total: Any = 0.0
    for number, model in enumerate(models):
        total = total + predict_one(model, table, description, number)
    columns = description["classes"] or [description["target"]]
    return pd.DataFrame(np.asarray(total) / len(models), index=frame.index, columns=columns)
