"""Trained models in formats that hold no code, and what predicts with them.

`writing` saves them. `rows`, `averaged`, `command`, `preparation_part` and a `*_part` for each library import nothing
else of the suite: `standalone` makes of them the `predict.py` that a saved model has beside it, and `fitted_model`
reads it back by the same functions.
"""

from bench.models.saved.fitted_model import FittedModel, load

__all__ = ["FittedModel", "load"]
