"""A saved model, read back: it predicts for tables of raw columns."""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bench.config import extras
from bench.errors import UserError, allowed
from bench.models.saved.averaged import predictions
from bench.models.saved.rows import UnusableRows
from bench.wording import command

PARTS = ("lightgbm_part", "xgboost_part", "scikit_learn_part", "keras_part")
"""The modules of this folder that read and use a library's models."""
DESCRIPTION, CARD = "preparation.json", "card.json"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model in a folder, with what is known of it."""

    folder: Path
    card: Mapping[str, Any] = field(repr=False)
    """What it was trained on and how it was chosen, its losses, versions, licence: the content of card.json."""
    description: Mapping[str, Any] = field(repr=False)
    """The columns that it takes, its classes, and its files."""
    models: Sequence[Any] = field(repr=False)
    """The library's own models: of several folds one each, whose predictions are averaged."""

    def predict(self, frame: pd.DataFrame, unknown: str = "error") -> pd.DataFrame:
        """Predictions for rows with the raw feature columns of the training data, under the index of `frame`.

        For classes a column of probabilities each, under its name; else one column of numbers, under the target's.
        Further columns of `frame` are passed over. `unknown` says what a category is that the training data did not
        have: an "error", or "missing". Raises `UserError` for a column that is missing, or holds what is no number or
        no known category.
        """
        if unknown not in ("error", "missing"):
            raise UserError(f"unknown={unknown!r}: {allowed(unknown, ('error', 'missing'))}")
        module = importlib.import_module(f"bench.models.saved.{self.description['part']}")
        try:
            return predictions(self.models, module.predict_one, frame, self.description, unknown)
        except UnusableRows as error:
            raise UserError(str(error).replace("--unknown missing", "unknown='missing'")) from None

    def summary(self) -> list[str]:
        """How it was chosen, and its losses, in a few lines."""
        losses, trained = self.card["losses"], self.card["trained_on"]
        return [
            *self.card["chosen"]["rule"],
            f"{losses['of']}: {losses['words']}",
            f"{self.folder}: trained on {trained['count']:,} of {trained['of']:,} rows; see {self.folder / 'card.md'}",
            f"to predict: {command('python', str(self.folder / 'predict.py'), 'ROWS.csv', '--out', 'predictions.csv')}",
        ]


def load(folder: str | Path) -> FittedModel:
    """The model in a folder that `bench fit` wrote; nothing in it is run or unpickled.

    Raises `UserError` where there is none, or its library is not installed.
    """
    folder = Path(folder)
    description, card = (_read(folder / name) for name in (DESCRIPTION, CARD))
    part = description.get("part")
    names = [*description.get("models", []), *description.get("preparations", [])]
    if description.get("format") != FORMAT or part not in PARTS or not names:
        raise UserError(f"{folder / DESCRIPTION}: describes no model of this version; run 'bench fit' again")
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise UserError(f"{folder / DESCRIPTION}: names a file outside of its folder")
    try:
        if part == "keras_part":
            keras_backend = importlib.import_module("bench.models.keras_backend")
            keras_backend.load(keras_backend.checked(description["backend"]))
        models = importlib.import_module(f"bench.models.saved.{part}").load(folder, description)
    except ModuleNotFoundError as error:
        raise UserError(f"{folder}: {extras.missing(str(error.name))}") from None
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - what libraries raise of a damaged file has no common class
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise UserError(f"{folder}: its model cannot be read ({reason}); run 'bench fit' again") from None
    return FittedModel(folder, card, description, models)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give a folder that 'bench fit' wrote") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no mapping")
    return content
