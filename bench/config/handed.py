"""Python objects that a call handed over, under dotted paths of this module: what YAML cannot hold, a config can name.

`bench.compare` takes functions and classes that stand in a notebook or a script, where no dotted path leads. Each gets
one here, `bench.config.handed.NAME_HASH`, whose hash is that of what it consists of: a config that names it says which
version of it is meant. Other processes get it as bytes of cloudpickle, from the process that started them.
"""

import importlib
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.errors import UserError

_NAME = re.compile(r"\w+_[0-9a-f]{32}", re.ASCII)
_objects: dict[str, Any] = {}
_pickled: dict[str, bytes] = {}


def path(name: str) -> str:
    """The dotted path of the object that is called `name` here."""
    return f"{__name__}.{name}"


def is_own(component: object) -> bool:
    """Whether it is an object that was handed over, whose name holds the hash of its code."""
    return any(component is each for each in _objects.values())


@contextmanager
def over(objects: Mapping[str, Any], pickled: Mapping[str, bytes]) -> Iterator[None]:
    """Within, this process has `objects` by their names, and hands `pickled` on to those that it starts."""
    before = dict(_objects), dict(_pickled)
    _objects.update(objects)
    _pickled.update(pickled)
    try:
        yield
    finally:
        for now, then in zip((_objects, _pickled), before, strict=True):
            now.clear()
            now.update(then)


def on() -> dict[str, bytes]:
    """What a process that this one starts is sent, for `take`."""
    return dict(_pickled)


def take(pickled: Mapping[str, bytes]) -> None:
    """Have these objects, too; each is unpickled when a config names it."""
    _pickled.update(pickled)


def beside(read: Mapping[tuple[str, str], Any], component: Any) -> Any:
    """The object; before, the modules that it reads are given the values that they had where it was pickled."""
    for (module, name), value in read.items():
        setattr(importlib.import_module(module), name, value)
    return component


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in _objects and name in _pickled:
        _objects[name] = pickle.loads(_pickled[name])  # noqa: S301 - of the process that started this one
    if name in _objects:
        return _objects[name]  # type: ignore[no-any-return]
    if not _NAME.fullmatch(name):  # pickle asks every module for what it looks for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise UserError(
        f"{path(name)}: a Python object that a call of bench.compare was given, which that call alone has; "
        "call it again with the object, or put it into a file and name it in a config"
    )
