"""Models, objectives and optimisers of a call as the configs of their groups."""

import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api.handing import Hands, called
from bench.errors import UserError, allowed
from bench.wording import shortened

ESTIMATOR = "bench.models.scikit_learn.Estimator"
_KEYS = {
    "model": ("config", "class", "name", "settings", "space", "fidelity"),
    "optimizer": ("config", "class", "name", "settings", "budget_factor", "multi_fidelity"),
}
"""What a mapping may say of a model or an optimiser."""


@dataclass(frozen=True)
class Choice:
    """One config of a group: a choice that Hydra knows, with keys to set in it; or all that the config holds."""

    group: str
    choice: str | None = None
    node: Mapping[str, Any] | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overrides(self) -> list[str]:
        """What Hydra is told."""
        return [] if self.choice is None else [f"{self.group}={self.choice}"]


def model(given: Any, space: Mapping[str, Any] | None, hands: Hands, fidelity: Any = None) -> Choice:
    """The model: the name of a config, an estimator's class or an object of it, a class with `fit`, or a mapping.

    `fidelity` is its ladder, where it is not that of the config.
    """
    if _is_estimator(given) or inspect.isclass(given):
        given = {"class": given}
    entry = _entry("model", given, "a name, a scikit-learn estimator, a class with fit")
    space = space if space is not None else entry.get("space")
    fidelity = fidelity if fidelity is not None else entry.get("fidelity")
    ladder = {} if fidelity is None else {"fidelity": plain("fidelity", fidelity)}
    name, settings = entry.get("name"), entry.get("settings") or {}
    if "class" not in entry:
        return _chosen("model", entry, ladder | ({} if space is None else {"model.space": plain("space", space)}))
    if space is None:
        raise UserError(
            f"space: missing; {called(entry['class'])} has no search space of its own: "
            "space={'NAME': {'type': 'float', 'low': 0.0, 'high': 1.0}}, as docs/spaces.md says"
        )
    path, more = entry["class"], {}
    if _is_estimator(path):
        path, more = ESTIMATOR, {"estimator": _estimator("model", entry["class"], hands)}
    elif not isinstance(path, str):
        _check_class("model", path, "fit")
        path = hands.path("model", path)
    name = name or called(entry["class"] if not isinstance(entry["class"], str) else _last(path))
    node = {"name": name, "class": path, "settings": more | plain("settings", settings), "space": plain("space", space)}
    return Choice("model", node=node | ladder)


def objective(function: Any, space: Mapping[str, Any] | None, hands: Hands, fidelity: Any = None) -> Choice:
    """The model that is a function, called with a configuration, and where there is a ladder with `fidelity`."""
    if not callable(function) or inspect.isclass(function):
        raise UserError(f"objective={_short(function)}: expected a function that takes a configuration, a dict")
    try:
        inspect.signature(function).bind({}, **({} if fidelity is None else {"fidelity": 1}))
    except ValueError:  # one in C does not say what it takes
        pass
    except TypeError as error:
        more = "" if fidelity is None else ", fidelity"
        raise UserError(
            f"objective {called(function)}: is called with a configuration, one dict{more} ({error}); "
            f"write def f(configuration{more}), and configuration['x'] in it"
        ) from None
    if space is None:
        raise UserError(
            "space: missing; it says what the objective is searched over: space={'x': {'type': 'float', ...}}"
        )
    name = "objective" if getattr(function, "__name__", "") == "<lambda>" else called(function)
    path = hands.path("objective", function)
    node = {"name": name, "function": path, "settings": {}, "space": plain("space", space)}
    return Choice("model", node=node | ({} if fidelity is None else {"fidelity": plain("fidelity", fidelity)}))


def optimizer(given: Any, place: int, hands: Hands) -> Choice:
    """An optimiser: the name of a config, a class with `ask` and `tell`, or a mapping."""
    where = f"optimizers[{place}]"
    if inspect.isclass(given):
        given = {"class": given}
    entry = _entry("optimizer", given, "a name, a class with ask and tell", where)
    if "class" not in entry:
        more = {key: entry[key] for key in ("budget_factor", "multi_fidelity") if key in entry}
        return _chosen("optimizer", entry, more, where)
    path = entry["class"]
    multi_fidelity = entry.get("multi_fidelity", False)
    if not isinstance(path, str):
        _check_class(where, path, "ask", "tell")
        multi_fidelity = entry.get("multi_fidelity", "resources" in inspect.signature(path).parameters)
        path = hands.path(where, path)
    name = entry.get("name") or called(entry["class"] if not isinstance(entry["class"], str) else _last(path))
    node = {"name": name, "class": path, "settings": plain(f"{where}.settings", entry.get("settings") or {})}
    if "budget_factor" in entry:
        node["budget_factor"] = entry["budget_factor"]
    if multi_fidelity:
        node["multi_fidelity"] = multi_fidelity
    return Choice("optimizer", node=node)


def plain(where: str, value: Any) -> Any:
    """The value as YAML could hold it: numbers of NumPy become Python's, tuples and arrays lists, paths text.

    Raises `UserError`, which names the place, for what YAML holds not.

    >>> plain("space", {"x": (np.float64(0.5), None)})
    {'x': [0.5, None]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UserError(f"{where}={value}: expected a finite number")
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(f"{where}.{key}", entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(f"{where}.{place}", entry) for place, entry in enumerate(value)]
    raise UserError(
        f"{where}: is a {type(value).__name__}; expected a number, text, True, False, None, a list or a mapping"
    )


def escaped(value: Any) -> Any:
    """The value with texts that stand for themselves, whatever is in them: OmegaConf would replace a `${name}`."""
    if isinstance(value, Mapping):
        return {key: escaped(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [escaped(entry) for entry in value]
    return value.replace("${", "\\${") if isinstance(value, str) else value


def _entry(group: str, given: Any, expected: str, where: str | None = None) -> Mapping[str, Any]:
    """What is said of a component, as a mapping."""
    where = where or group
    if isinstance(given, str):
        return {"config": given}
    if not isinstance(given, Mapping):
        if callable(getattr(given, "fit", getattr(given, "ask", None))):
            kind = type(given).__name__
            raise UserError(
                f"{where}: is an object of {kind}, and each run makes its own; give the class, or "
                f"{{'class': {kind}, 'settings': {{...}}}}"
            )
        way = "; a function is given as objective=" if callable(given) and group == "model" else ""
        raise UserError(f"{where}={_short(given)}: expected {expected}, or {{'class': ..., 'settings': ...}}{way}")
    for key in given:
        if key not in _KEYS[group]:
            raise UserError(f"{where}.{key}: unknown; {allowed(key, _KEYS[group])}")
    settings = given.get("settings")
    if settings is not None and not isinstance(settings, Mapping):
        raise UserError(f"{where}.settings={_short(settings)}: expected a mapping from names to values")
    if "config" in given and "class" in given:
        raise UserError(f"{where}.class: stands beside {where}.config; keep the one that is meant")
    if not {"config", "class", "name"} & set(given):
        raise UserError(f"{where}: names neither 'config' nor 'class'; give one of them")
    return given if "class" in given or "config" in given else {**given, "config": given["name"]}


def _chosen(group: str, entry: Mapping[str, Any], more: Mapping[str, Any], where: str | None = None) -> Choice:
    """The choice of a config by its name, with other settings and perhaps another name."""
    if not isinstance(entry["config"], str):
        raise UserError(f"{where or group}.config={_short(entry['config'])}: expected the name of a config, as text")
    keys = {f"{group}.settings.{key}": value for key, value in (entry.get("settings") or {}).items()}
    keys = {key: plain(key, value) for key, value in keys.items()}
    if entry.get("name") is not None:
        keys[f"{group}.name"] = entry["name"]
    return Choice(group, entry["config"], keys=keys | {k if "." in k else f"{group}.{k}": v for k, v in more.items()})


def _check_class(where: str, cls: Any, *methods: str) -> None:
    if not inspect.isclass(cls):
        raise UserError(f"{where}.class={_short(cls)}: expected a class, or its dotted path")
    for method in methods:
        if not callable(getattr(cls, method, None)):
            raise UserError(f"{where}: {cls.__name__} has no method {method!r}, which it needs")


def _is_estimator(given: Any) -> bool:
    """Whether it is an estimator of scikit-learn's kind, or its class; nothing is imported to see that."""
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    return base is not None and (issubclass(given, base) if inspect.isclass(given) else isinstance(given, base))


def _estimator(where: str, given: Any, hands: Hands) -> dict[str, Any]:
    """An estimator as {class:, parameters:}: those of its arguments that are not the defaults of its class."""
    cls = given if inspect.isclass(given) else type(given)
    entry: dict[str, Any] = {"class": hands.path(where, cls)}
    if given is cls:
        return entry
    defaults = {name: each.default for name, each in inspect.signature(cls).parameters.items()}
    arguments = given.get_params(deep=False)
    set_ = {name: value for name, value in arguments.items() if not _same(value, defaults.get(name, _same))}
    if set_:
        entry["parameters"] = {
            name: _argument(f"{where}: {cls.__name__}.{name}", value, hands) for name, value in set_.items()
        }
    return entry


def _argument(where: str, value: Any, hands: Hands) -> Any:
    if _is_estimator(value):
        return _estimator(where, value, hands)
    if isinstance(value, list | tuple):
        return [_argument(f"{where}.{place}", entry, hands) for place, entry in enumerate(value)]
    return plain(where, value)


def _same(a: Any, b: Any) -> bool:
    plainly = isinstance(a, bool | int | float | str | tuple | type(None))
    return a is b or (plainly and type(a) is type(b) and a == b)


def _last(path: str) -> Callable[..., Any] | str:
    """What a dotted path ends with, as a thing with that name."""
    return type(path.rpartition(".")[2] or "unnamed", (), {})


def _short(value: Any) -> str:
    return shortened(" ".join(repr(value).split()), 60)
