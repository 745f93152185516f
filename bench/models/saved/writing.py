"""Trained models into a folder, in their libraries' own formats; none of them is a pickle."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.models.keras_mlp import FittedKerasMLP
from bench.models.lightgbm import FittedLightGBM
from bench.models.saved import standalone
from bench.models.saved.fitted_model import DESCRIPTION, FORMAT
from bench.models.scikit_learn import LEAST_COUNT, FittedEstimator
from bench.models.xgboost import FittedXGBoost

PREDICT = "predict.py"


@dataclass(frozen=True)
class Columns:
    """What a model was trained on."""

    features: pd.DataFrame
    """As a dataset has them: float64 or `category`."""
    target: str
    task: str
    classes: tuple[str, ...]
    dialect: Mapping[str, Any]
    """How the file was written: separator, decimal, thousands, encoding, missing."""


@dataclass(frozen=True)
class _Format:
    part: str
    suffix: str
    save: Callable[[Any, Path], object]
    more: Callable[[Any], dict[str, Any]]
    """What else of each model predicting needs, as plain data: lists, with an entry a model."""
    prepares: bool = False
    """Whether the models have a preparation of their own."""


def save(fitted: Sequence[Any], columns: Columns, folder: Path) -> tuple[str, ...]:
    """Write the models of all folds, what prepares features for them, and `predict.py`.

    Returns the distributions that predicting needs. Raises `UserError` for a model that none of the safe formats takes.
    """
    of_class = next((each for kind, each in _FORMATS.items() if all(isinstance(one, kind) for one in fitted)), None)
    if of_class is None:
        raise UserError(
            f"model: a {type(fitted[0]).__name__} cannot be saved: there are formats without code for LightGBM, "
            "XGBoost, Keras and scikit-learn"
        )
    models = _names(f"model{{}}.{of_class.suffix}", len(fitted))
    for one, name in zip(fitted, models, strict=True):
        try:
            of_class.save(one, folder / name)
        except (UserError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - what libraries raise of what they cannot save has no common class
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise UserError(f"model: it cannot be saved in its library's own format ({reason})") from None
    description: dict[str, Any] = {
        "format": FORMAT,
        "part": of_class.part,
        "models": models,
        "task": columns.task,
        "target": columns.target,
        "classes": list(columns.classes),
        "dialect": dict(columns.dialect),
        **_transposed([of_class.more(one) for one in fitted]),
        "columns": [_column(str(name), columns.features[name]) for name in columns.features],
    }
    if of_class.part == "scikit_learn_part":
        description["least"] = LEAST_COUNT
    if of_class.part == "keras_part":
        description["backend"] = fitted[0].backend
    if of_class.prepares:
        description["preparations"] = _names("preparation{}.skops", len(fitted))
        description["empty"] = [np.flatnonzero(one.preparation.empty).tolist() for one in fitted]
        for one, name in zip(fitted, description["preparations"], strict=True):
            _dump(one.preparation.transformer, folder / name)
    text = json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
    script = standalone.script(of_class.part, prepares=of_class.prepares)
    (folder / PREDICT).write_text(script, encoding="utf-8")
    return ("skops", "scikit-learn", "scipy") if of_class.prepares else ()


def _names(pattern: str, count: int) -> list[str]:
    return [pattern.format("" if count == 1 else f"-{number}") for number in range(count)]


def _transposed(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [entry[name] for entry in entries] for name in entries[0]}


def _column(name: str, values: pd.Series) -> dict[str, Any]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return {"name": name, "kind": "category", "categories": [str(label) for label in values.cat.categories]}
    return {"name": name, "kind": "number", "truth": bool(values.dropna().isin([0.0, 1.0]).all())}


def _dump(content: Any, path: Path) -> None:
    """An estimator in skops' format; `UserError` where it holds what its reader would refuse."""
    import skops.io  # noqa: PLC0415 - half a second, which nothing else needs

    from bench.models.saved.preparation_part import TRUSTED  # noqa: PLC0415

    try:
        skops.io.dump(content, path)
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    except Exception as error:  # noqa: BLE001 - what it raises of an object that it cannot hold has no common class
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"model: {type(content).__name__} cannot be saved without pickle ({reason})") from None
    if foreign:
        raise UserError(
            f"model: {type(content).__name__} cannot be saved: it holds {foreign[0]}, which is none of the parts of "
            "scikit-learn that are read back"
        )


def _until_best(fitted: FittedXGBoost) -> Any:
    """The booster without the rounds after the best one."""
    return fitted.booster if fitted.rounds == fitted.booster.num_boosted_rounds() else fitted.booster[: fitted.rounds]


def _nothing(_fitted: Any) -> dict[str, Any]:
    return {}


_FORMATS: dict[type, _Format] = {
    FittedLightGBM: _Format(
        "lightgbm_part",
        "txt",
        lambda fitted, path: fitted.booster.save_model(path, num_iteration=fitted.rounds),
        _nothing,
    ),
    FittedXGBoost: _Format(
        "xgboost_part",
        "json",
        lambda fitted, path: _until_best(fitted).save_model(path),
        lambda fitted: {"known": {str(place): codes.tolist() for place, codes in fitted.known.items()}},
    ),
    FittedEstimator: _Format(
        "scikit_learn_part", "skops", lambda fitted, path: _dump(fitted.estimator, path), _nothing, prepares=True
    ),
    FittedKerasMLP: _Format(
        "keras_part",
        "keras",
        lambda fitted, path: fitted.network.save(path),
        lambda fitted: {"scales": {"centre": fitted.scale.centre, "spread": fitted.scale.spread}},
        prepares=True,
    ),
}
