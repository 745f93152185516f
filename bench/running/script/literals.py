"""Values and calls as Python source."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from bench.errors import UserError

WIDTH = 110
"""Characters of a line that holds a whole value."""


class Source(str):
    """Text that is source already, and no value."""

    __slots__ = ()


def literal(value: Any, indent: int = 0) -> str:
    """A value of JSON as a literal, over several lines where it is long; raises `UserError` for any other.

    >>> print(literal({"a": [1, 2.5, None], "b": "it's"}))
    {"a": [1, 2.5, None], "b": "it's"}
    """
    if isinstance(value, Source):
        return str(value)
    if type(value) is str:
        plain = value.isprintable() and '"' not in value and "\\" not in value
        return f'"{value}"' if plain else repr(value)
    if value is None or type(value) in (bool, int) or (type(value) is float and math.isfinite(value)):
        return repr(value)
    if isinstance(value, Mapping):
        items = [f"{literal(key)}: {literal(each, indent + 4)}" for key, each in value.items()]
        return _within("{", items, "}", indent)
    if isinstance(value, list | tuple):
        items = [literal(each, indent + 4) for each in value]
        if isinstance(value, list):
            return _within("[", items, "]", indent)
        return _within("(", [f"{items[0]},"] if len(items) == 1 else items, ")", indent)
    raise UserError(f"--python: {value!r} cannot be written as a literal")


def call(name: str, arguments: Iterable[Any] = (), keywords: Mapping[str, Any] | None = None, indent: int = 0) -> str:
    """A call, its keywords by name.

    >>> call("SVC", keywords={"C": 2.0})
    'SVC(C=2.0)'
    """
    items = [literal(each, indent + 4) for each in arguments]
    for key, each in (keywords or {}).items():
        if not key.isidentifier():
            raise UserError(f"--python: {key!r} cannot be the name of an argument")
        items.append(f"{key}={literal(each, indent + 4)}")
    return _within(f"{name}(", items, ")", indent)


def dotted(path: str) -> tuple[str, str]:
    """The module and the name of a dotted path; raises `UserError` where it is none."""
    module, _, name = path.rpartition(".")
    if not module or not all(part.isidentifier() for part in path.split(".")):
        raise UserError(f"--python: {path!r} is no dotted path")
    return module, name


def _within(opening: str, items: list[str], closing: str, indent: int) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + indent <= WIDTH and "\n" not in line:
        return line
    space = " " * (indent + 4)
    return "\n".join([opening, *(f"{space}{item}," for item in items), f"{' ' * indent}{closing}"])
