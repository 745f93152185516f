"""The hyperparameters of a scikit-learn estimator: its arguments, and how features are prepared for it."""

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from bench.errors import UserError, allowed
from bench.models.preparation import Choices, check_choice
from bench.space import Categorical, Parameter, Space, Value

PREPARE = "prepare."
"""What the names of searched preparations begin with."""
_KEYS = ("impute", "scale", "encode")
_SET_HERE = {
    "random_state": "is set by the suite; to search it would select by luck, which does not last; remove it",
    "n_jobs": "is set by the suite (threads), and changes no result; remove it",
}
_WITHOUT_EFFECT = ("cache_size", "copy_X", "verbose", "warm_start")


def arguments(configuration: Mapping[str, Value]) -> dict[str, Value]:
    """A configuration's arguments of the estimator: all that do not prepare features."""
    return {name: value for name, value in configuration.items() if not name.startswith(PREPARE)}


def chosen(configuration: Mapping[str, Value], fixed: Choices) -> Choices:
    """How a configuration has features prepared; what it does not have, or is inactive in it, is as in `fixed`."""
    searched: dict[str, Any] = {key: configuration[PREPARE + key] for key in _KEYS if PREPARE + key in configuration}
    return replace(fixed, **searched) if searched else fixed


def check_names(where: str, path: str, estimator: Any, names: Iterable[str]) -> None:
    """Raise a `UserError` for a name that the estimator has no argument of; `where` the names stand.

    One whose constructor takes any name is left to judge itself, but LightGBM's and XGBoost's, which do not.
    """
    known: dict[str, Any] = estimator.get_params()
    beyond = None
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(type(estimator)).parameters.values()):
        beyond = _names_of_library(estimator)
        if beyond is None:
            return
    for name in names:
        if name in known:
            continue
        own = (beyond or {}).get(name)
        if own is None:
            near = [*get_close_matches(name, known, n=3), *known]  # a pipeline has hundreds
            raise UserError(f"{where}.{name}: {path} has no such argument; {allowed(name, dict.fromkeys(near[:30]))}")
        others = [other for other in known if (beyond or {}).get(other) == own and known[other] is not None]
        if others and name != own:
            raise UserError(f"{where}.{name}: {path} would read {others[0]}, which is the same, instead; rename it")


def _names_of_library(estimator: Any) -> Mapping[str, str] | None:
    """The library's own name of each name that an estimator of LightGBM or XGBoost hands on to it."""
    library = module_of(estimator).partition(".")[0]
    if library == "lightgbm":
        from bench.models import lightgbm_parameters  # noqa: PLC0415 - where it is used, it is there

        return lightgbm_parameters.own_names()
    if library == "xgboost":
        from bench.models import xgboost_parameters  # noqa: PLC0415

        own_names: dict[str, str] = xgboost_parameters.parameters_of(sys.modules[library]).own_names
        return own_names
    return None


def check_space(space: Space, path: str, estimator: Any, features: pd.DataFrame | None) -> list[str]:
    """The warnings; raises a `UserError` for what `estimator` (`path` in YAML) does not read.

    `features` is None where the data is not loaded.
    """
    names = [parameter.name for parameter in space.parameters if not parameter.name.startswith(PREPARE)]
    check_names("space", path, estimator, names)
    for name in names:
        last = name.rpartition("__")[2]
        if last in _SET_HERE:
            raise UserError(f"space.{name}: {_SET_HERE[last]}")
        if last in _WITHOUT_EFFECT:
            raise UserError(f"space.{name}: changes no result; remove it, or set it in model.settings.parameters")
    for parameter in space.parameters:
        if parameter.name in names:
            _check_values(parameter, estimator)
    lines = []
    for parameter in space.parameters:
        if not parameter.name.startswith(PREPARE):
            continue
        key = parameter.name.removeprefix(PREPARE)
        if key not in _KEYS:
            raise UserError(f"space.{parameter.name}: unknown; {allowed(parameter.name, [PREPARE + k for k in _KEYS])}")
        if not isinstance(parameter, Categorical):
            raise UserError(f"space.{parameter.name}: is of type {parameter.kind}; expected categorical, with choices")
        for value in parameter.choices:
            check_choice(f"space.{parameter.name}", key, value)
        lacking = None if features is None else _lacking(key, features)
        if lacking:
            lines.append(f"space.{parameter.name}: has no effect here; it needs {lacking}, of which the data has none")
    return lines


def _check_values(parameter: Parameter, estimator: Any) -> None:
    """Raise a `UserError` where scikit-learn would refuse a choice, or an end of a range, in every fit."""
    owner, _, last = parameter.name.rpartition("__")
    known = estimator.get_params()
    holder = known.get(owner) if owner else estimator
    if not hasattr(type(holder), "_parameter_constraints") or last not in holder.get_params():
        return
    for value in parameter.representatives:
        try:
            clone(holder).set_params(**{last: value})._validate_params()  # noqa: SLF001 - what `fit` calls
        except InvalidParameterError as error:
            if f"'{last}'" in str(error):
                reason = str(error).replace(f" Got {value!r} instead.", "")
                raise UserError(f"space.{parameter.name}: does not take {value!r} ({reason}); change it") from None


def _lacking(key: str, features: pd.DataFrame) -> str | None:
    """What the features would have to have for a preparation to matter, where they do not."""
    categories = features.select_dtypes("category").columns
    numbers = features.drop(columns=categories)
    if key == "encode":
        return None if len(categories) else "category columns"
    if key == "scale":
        return None if numbers.shape[1] else "number columns"
    return None if numbers.isna().to_numpy().any() else "missing numbers"


def left_open(estimator: Any, seed: int, threads: int) -> dict[str, int]:
    """Seed and threads for the arguments, nested ones too, that nobody has set."""
    known = estimator.get_params()
    settings = {}
    for name, value in known.items():
        owner, _, last = name.rpartition("__")
        if value is None and last == "random_state":
            settings[name] = seed
        # scikit-learn's own take theirs from `_jobs`, some of them with a warning where it is given.
        elif value is None and last == "n_jobs" and not module_of(known.get(owner, estimator)).startswith("sklearn."):
            settings[name] = threads
    return settings


def module_of(estimator: Any) -> str:
    """The module of an estimator's class, with a dot at the end."""
    return type(estimator).__module__ + "."
