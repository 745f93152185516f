"""From a dotted path in a YAML file to the class or function it names, its settings checked against its signature."""

import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import texts
from bench.config import extras
from bench.errors import UserError, allowed

_OWN = ("bench/cli/ending.py", "bench/config/components.py", "bench/datasets/loading.py")
"""The suite's own files that somebody's code is called from, or may end in: no place to look at."""


def locate(where: str, path: object) -> Callable[..., Any]:
    """The class or function at the dotted `path`; `where` is the YAML key to name in the message of a `UserError`."""
    module_name, _, name = str(path).rpartition(".")
    if not module_name:
        raise UserError(f"{where}={path!r}: expected a dotted path such as my_module.MyClass")
    try:
        module = importlib.import_module(module_name)
        component: Callable[..., Any] | None = getattr(module, name, None)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise UserError(
                f"{where}={path}: no module named {error.name!r}; put its file beside your configs (--config-dir) "
                "or into the folder you start from"
            ) from None
        raise UserError(f"{where}={path}: {extras.missing(str(error.name), str(path))}") from None
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:  # whatever a user's file does when it is imported
        raise UserError(f"{where}={path}: {raised_at_import(module_name, error)}") from error
    if component is None:
        own = {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}
        public = [key for key, value in own.items() if str(getattr(value, "__module__", "")).startswith(module_name)]
        raise UserError(f"{where}={path}: {module_name} has no {name!r}; {allowed(name, public)}")
    return component


def raised_at_import(module: str, error: BaseException) -> str:
    """What a module raised when it was imported, and where, in one line."""
    place = _place(error, lambda frame: frame.name == "<module>")
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        reason = texts.line(error.msg or "invalid syntax")
        return f"importing {module} raised {type(error).__name__}: {reason} at {error.filename}, line {error.lineno}"
    return f"importing {module} raised {texts.of_error(error)}{place}"


def raised(error: BaseException) -> str:
    """That somebody's code raised something, and the innermost place, in one line."""
    return f"raised {texts.of_error(error)}{_place(error, lambda frame: not frame.filename.endswith(_OWN))}"


def _place(error: BaseException, wanted: Callable[[traceback.FrameSummary], bool]) -> str:
    places = [frame for frame in traceback.extract_tb(error.__traceback__, limit=-200) if wanted(frame)]
    return f" at {places[-1].filename}, line {places[-1].lineno}" if places else ""


def build(where: str, path: object, arguments: tuple[Any, ...], settings: Mapping[str, Any], key: str = "class") -> Any:
    """Call what `path` names with `arguments` and the keyword `settings`; an unknown setting is a `UserError`.

    `key` is the one of the group `where` that has the path.

    What the call raises is one too (`Raised`).
    """
    factory = locate(f"{where}.{key}", path)
    if not callable(factory):
        raise UserError(f"{where}.{key}={path}: is {factory!r}, which is no class; name one by its dotted path")
    check_settings(f"{where}.settings", path, parameters(factory, len(arguments)), settings)
    try:
        return factory(*arguments, **settings)
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            raise UserError(f"{where}.{key}={path}: {extras.missing(error.name, str(path))}") from None
        raise Raised(f"{where}.{key}={path}: {raised(error)}", error) from error


class Raised(UserError):
    """The class that a config names raised `reason` when an object of it was made."""

    def __init__(self, message: str, reason: BaseException) -> None:
        super().__init__(message)
        self.reason = reason


def parameters(factory: Callable[..., Any], after: int) -> list[inspect.Parameter] | None:
    """The parameters of a class or function after the first few; None where nobody can tell, as of some in C."""
    try:
        return list(inspect.signature(factory).parameters.values())[after:]
    except (TypeError, ValueError):
        return None


def check_settings(
    where: str, path: object, expected: Sequence[inspect.Parameter] | None, settings: Mapping[str, Any]
) -> None:
    """Raise `UserError` for the first setting that is none of the parameters, or is lacking; `where` they stand."""
    if expected is None:
        return
    named = [each for each in expected if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]
    known = [parameter.name for parameter in named]
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in expected):
        for key in settings:
            if key not in known:
                what = allowed(key, known) if known else f"{path} takes no settings"
                raise UserError(f"{where}.{key}: unknown; {what}")
    for parameter in named:
        if parameter.default is parameter.empty and parameter.name not in settings:
            raise UserError(f"{where}.{parameter.name}: missing; {path} needs it")
