"""What a function's config names, as something to call with a configuration, and with a rung where it takes one."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bench.config.components import build, check_settings, locate, parameters
from bench.errors import UserError
from bench.problems.fidelity import OWN, WHERE

OF_THE_SUITE = "bench."
"""What the path of a module of the suite begins with."""


def check(path: str, settings: Mapping[str, Any]) -> None:
    """Raise `UserError` where a class of the suite refuses its settings: by its static method `check_settings`.

    So that it is said before a space is made of them, and before any run. A user's module is not imported for that.
    """
    if not path.startswith(OF_THE_SUITE):
        return
    factory = locate("model.function", path)
    if hasattr(factory, "check_settings"):
        check_settings("model.settings", path, parameters(factory, 0), settings)
        factory.check_settings(**settings)


def made(path: str, settings: Mapping[str, Any], at_rungs: bool) -> Callable[..., Any]:
    """An object of the class that is named, or the function with its settings.

    `at_rungs`: it is called with a rung too, as the keyword `fidelity`. Raises `UserError` where it cannot be called
    so, or a setting is unknown or missing.
    """
    factory = locate("model.function", path)
    if inspect.isclass(factory):
        built = build("model", path, (), settings, "function")
        if not callable(built):
            raise UserError(f"model.function={path}: its objects cannot be called; give it __call__(configuration)")
        _check_fidelity(path, parameters(built, 1), {}, at_rungs, "__call__(self, configuration, fidelity)")
        return built  # type: ignore[no-any-return]
    if not callable(factory):
        raise UserError(f"model.function={path}: neither a function nor a class; it is {factory!r}")
    expected = parameters(factory, 1)
    _check_fidelity(path, expected, settings, at_rungs, "f(configuration, fidelity)")
    if expected is not None and at_rungs:
        expected = [each for each in expected if each.name != OWN]
    check_settings("model.settings", path, expected, settings)
    return partial(factory, **settings)


def _check_fidelity(
    path: str, expected: list[inspect.Parameter] | None, settings: Mapping[str, Any], at_rungs: bool, signature: str
) -> None:
    """Raise `UserError` where rungs are declared and it takes none, or it needs one and none are declared.

    `expected` are its parameters after the first, None where nobody can tell.
    """
    if at_rungs and OWN in settings:
        raise UserError(f"model.settings.{OWN}: stands beside {WHERE}; keep the one that is meant")
    if expected is None:
        return
    by_keyword = [each for each in expected if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)]
    own = next((each for each in by_keyword if each.name == OWN), None)
    if at_rungs and own is None and not any(each.kind is each.VAR_KEYWORD for each in expected):
        raise UserError(f"{WHERE}: {path} has no argument {OWN}; write def {signature}, or remove the key")
    if not at_rungs and own is not None and own.default is own.empty and OWN not in settings:
        raise UserError(f"{WHERE}: missing; {path} has an argument {OWN}; add {OWN}: {{low: 3, high: 100, eta: 3}}")
