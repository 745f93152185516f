"""One more model on all rows outside the test part, with the rounds or epochs that the folds' models ended at."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.checks import is_whole
from bench.config.components import build
from bench.models import Model

_ENDS = {"rounds": ("rounds", "early_stopping"), "best_epoch": ("epochs", "patience")}
"""By what a fit says of its end: the settings of a model that fix it, and that end it early."""
_MOST_ROUNDS = 10**7


def end_of(folds: Sequence[object]) -> tuple[str, int] | None:
    """Where the folds' trainings ended, by their details: the setting that fixes it, and the mean rounded up.

    None of a model that does not end early. Raises `ValueError` where what they say is no number of rounds.
    """
    for name, (setting, _) in _ENDS.items():
        values = [fold[name] for fold in folds if isinstance(fold, Mapping) and name in fold]
        if values and len(values) == len(folds):
            if not all(is_whole(value, 1, _MOST_ROUNDS) for value in values):
                raise ValueError(name)
            return setting, math.ceil(sum(values) / len(values))
    return None


def ended(model: Model, folds: Sequence[object], config: Mapping[str, Any], task: str, classes: int) -> Model:
    """The model, or where it ends early that of its config with the end that `folds` had on average."""
    end = end_of(folds)
    return model if end is None else without_stopping(config, task, classes, end)


def without_stopping(config: Mapping[str, Any], task: str, classes: int, end: tuple[str, int]) -> Model:
    """The model of a config with its end fixed, and no early stopping."""
    fixed, rounds = end
    stops = next(stops for setting, stops in _ENDS.values() if setting == fixed)
    settings = {**(config.get("settings") or {}), fixed: rounds, stops: 0}
    model: Model = build("model", config["class"], (task, classes), settings)
    return model
