"""A model and its search space: made, and held against each other before anything is fitted."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from bench import texts
from bench.config.components import build, raised
from bench.errors import UserError
from bench.models import Model
from bench.space import Space, parsing

if TYPE_CHECKING:
    import pandas as pd

    from bench.datasets import Dataset

_TASKS = (("binary", 2), ("multiclass", 3), ("regression", 0), ("counts", 0))


def model_of(config: Mapping[str, Any], task: str, classes: int) -> Model:
    """The model of a config; raises `UserError` where it cannot be made, or lacks what every model has."""
    model: Model = build("model", config["class"], (task, classes), config.get("settings") or {})
    _check_model(model, f"model.class={config['class']}")
    return model


def check(model: Model, path: object, space: Space, features: "pd.DataFrame | None" = None) -> tuple[str, ...]:
    """The model's warnings of a space, in lines; raises `UserError` for what it does not read, or take as a value.

    `path` is the dotted path of its class. A model may be without `check_space`.
    """
    look = getattr(model, "check_space", None)
    if look is None:
        return ()
    try:
        return tuple(str(line) for line in look(space, features) or ())
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:  # whatever a user's own model does
        raise UserError(f"model.class={path}: its check_space {raised(error)}") from error


def warned(config: Mapping[str, Any], dataset: "Dataset") -> tuple[str, ...]:
    """The warnings of a model's config for a dataset, with `check` and what it raises; nothing for a function."""
    if "class" not in config:
        return ()
    model = model_of(config, dataset.task, len(dataset.classes))
    return check(model, config["class"], parsing.parse(config["space"]), dataset.features)


def check_without_data(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The same of a config whose data is not loaded, so that nobody knows its task: what holds for every task.

    A task that the model cannot be made for is left out; so is a model that lacks its library.
    """
    space = parsing.parse(config["space"])
    warnings: list[tuple[str, ...]] = []
    errors: list[UserError] = []
    unmade: list[UserError] = []
    for task, classes in _TASKS:
        try:
            model = model_of(config, task, classes)
        except UserError as error:
            unmade.append(error)
            continue
        try:
            warnings.append(check(model, config["class"], space))
        except UserError as error:
            errors.append(error)
    if not warnings and errors:
        raise errors[0]
    if len(unmade) == len(_TASKS) and len({str(error) for error in unmade}) == 1 and "model.settings" in str(unmade[0]):
        raise unmade[0]
    return tuple(line for line in dict.fromkeys(sum(warnings, ())) if all(line in lines for lines in warnings))


def _check_model(model: object, where: str) -> None:
    """Raise `UserError` where a model has not what every model has."""
    kinds: dict[str, Any] = {"fit": Callable, "revision": int, "threads_matter": object, "libraries": Collection}
    way = "; 'bench new model NAME' writes one that has all it needs"
    try:
        has = {name: getattr(model, name) for name in kinds if hasattr(model, name)}
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        raise UserError(f"{where}: its objects cannot be read: {texts.of_error(error)}{way}") from error
    for name, kind in kinds.items():
        if name not in has:
            raise UserError(f"{where}: its objects have no {name!r}{way}")
        named = name != "libraries" or (type(has[name]) is not str and all(isinstance(each, str) for each in has[name]))
        if not isinstance(has[name], kind) or not named:
            raise UserError(f"{where}: its {name} is {texts.line(repr(has[name]), 200)}{way}")
