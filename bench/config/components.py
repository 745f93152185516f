"""From a dotted path in a YAML file to the class or function it names, its settings checked against its signature."""

import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from bench.config import extras
from bench.errors import UserError, allowed


def locate(where: str, path: object) -> Callable[..., Any]:
    """The class or function at the dotted `path`; `where` is the YAML key to name in the message of a `UserError`."""
    module_name, _, name = str(path).rpartition(".")
    if not module_name:
        raise UserError(f"{where}={path!r}: expected a dotted path such as my_module.MyClass")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise UserError(
                f"{where}={path}: no module named {error.name!r}; put its file beside your configs (--config-dir) "
                "or into the folder you start from"
            ) from None
        raise UserError(f"{where}={path}: {extras.missing(str(error.name), str(path))}") from None
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's file does when it is imported
        raise UserError(f"{where}={path}: {raised_at_import(module_name, error)}") from error
    component: Callable[..., Any] | None = getattr(module, name, None)
    if component is None:
        own = {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}
        public = [key for key, value in own.items() if str(getattr(value, "__module__", "")).startswith(module_name)]
        raise UserError(f"{where}={path}: {module_name} has no {name!r}; {allowed(name, public)}")
    return component


def raised_at_import(module: str, error: BaseException) -> str:
    """What a module raised when it was imported, and where, in one line."""
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    at = f" at {places[-1].filename}, line {places[-1].lineno}" if places else ""
    return f"importing {module} raised {reason}{at}"


def raised(error: BaseException) -> str:
    """What a user's own code raised when it was called, and where in it, in one line."""
    lines = str(error).strip().splitlines()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames[1:] if "site-packages" not in frame.filename] or list(frames)
    return f"raised {': '.join([type(error).__name__, *lines[:1]])} at {own[-1].filename}, line {own[-1].lineno}"


def build(where: str, path: object, arguments: tuple[Any, ...], settings: Mapping[str, Any]) -> Any:
    """Call what `path` names with `arguments` and the keyword `settings`; an unknown setting is a `UserError`."""
    factory = locate(f"{where}.class", path)
    check_settings(f"{where}.settings", str(path), factory, len(arguments), settings)
    return factory(*arguments, **settings)


def check_settings(
    where: str, path: str, factory: Callable[..., Any], arguments: int, settings: Mapping[str, Any]
) -> None:
    """Raise `UserError` where `factory` takes no such keywords after so many `arguments`, or needs another."""
    if not callable(factory):
        raise UserError(f"{where.partition('.')[0]}.class={path}: expected a class or a function, found {factory!r}")
    try:
        parameters = list(inspect.signature(factory).parameters.values())
    except (ValueError, TypeError):  # of some that are written in C
        return
    named = [each for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)][arguments:]
    known = [parameter.name for parameter in named]
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        for key in settings:
            if key not in known:
                what = allowed(key, known) if known else f"{path} takes no settings"
                raise UserError(f"{where}.{key}: unknown; {what}")
    for parameter in named:
        if parameter.default is parameter.empty and parameter.name not in settings:
            raise UserError(f"{where}.{parameter.name}: missing; {path} needs it")
