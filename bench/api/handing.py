"""Functions and classes that a call was given: a dotted path for each, and bytes for the processes of its runs."""

import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import cloudpickle

from bench import texts
from bench.api.identity import NoIdentity, Walk
from bench.api.installed import installed
from bench.config import handed
from bench.errors import UserError


class Hands:
    """The objects of one call."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.pickled: dict[str, bytes] = {}
        self.anew: list[str] = []
        """A line about each that cannot be distinguished from another version of it, so that nothing stored is used."""

    def path(self, what: str, component: Any) -> str:
        """The dotted path of a class or a callable; `what` is the argument that a message names.

        One of an installed package has its own. Any other gets one that ends with the hash of all that it consists of
        (`identity`). Raises `UserError` where it cannot be sent to another process.
        """
        own = _own_path(component)
        if own is not None:
            return own
        walk = Walk()
        try:
            version = walk.of(component)[:32]
        except NoIdentity as reason:
            version = uuid.uuid4().hex
            self.anew.append(
                f"{what} {called(component)}: uses what cannot be distinguished from another version of it ({reason}): "
                "nothing stored is used, and its runs are made anew at each call"
            )
        name = f"{re.sub(r'[^A-Za-z0-9_]', '_', called(component))}_{version}"
        self.objects[name], self.pickled[name] = component, _pickled(what, component, walk.read)
        return handed.path(name)

    @contextmanager
    def over(self) -> Iterator[None]:
        """Within, configs may name the objects in this process."""
        with handed.over(self.objects, self.pickled):
            yield


def called(component: Any) -> str:
    """What a function, a class or an object of one is called, as a name of a model or an optimiser can be."""
    name = str(getattr(component, "__name__", None) or type(component).__name__)
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-") or "unnamed"


def _own_path(component: Any) -> str | None:
    """Where an object of an installed package is imported from, `sklearn.svm.SVC`: the outermost module that has it."""
    module, name = getattr(component, "__module__", None), getattr(component, "__qualname__", "")
    if not (isinstance(component, type | FunctionType) and module and name.isidentifier() and installed(module)):
        return None
    parts = module.split(".")
    places = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return next((f"{place}.{name}" for place in places if _has(place, name, component)), None)


def _has(module: str, name: str, component: Any) -> bool:
    return vars(sys.modules.get(module, object)).get(name) is component


class _Sent:
    """An object that is unpickled once the modules that it reads have the values that they have here."""

    def __init__(self, component: Any, read: Mapping[tuple[str, str], Any]) -> None:
        self._parts = {place: value for place, value in read.items() if _can_be_sent(value)}, component

    def __reduce__(self) -> tuple[Any, ...]:
        return handed.beside, self._parts


def _can_be_sent(value: Any) -> bool:
    try:
        cloudpickle.dumps(value)
    except KeyboardInterrupt:
        raise
    except Exception:  # noqa: BLE001 - whatever somebody's object raises: it is there as its module makes it
        return False
    return True


def _pickled(what: str, component: Any, read: Mapping[tuple[str, str], Any]) -> bytes:
    """The object with the code that it has here, be it of a module whose file has changed since.

    `read`: what it reads of other modules, which may have been set since they were imported.
    """
    kind = component if hasattr(component, "__module__") and hasattr(component, "__qualname__") else type(component)
    module = sys.modules.get(kind.__module__ or "")
    by_value = module is not None and module.__name__ != "__main__" and not installed(module.__name__)
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        return bytes(cloudpickle.dumps(_Sent(component, read) if read else component))
    except KeyboardInterrupt:
        raise
    except Exception as error:  # whatever somebody's object raises when it is pickled
        raise UserError(
            f"{what} {called(component)}: cannot be sent to the processes of its runs ({texts.of_error(error)}); let "
            "it make what it needs when it is called"
        ) from error
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)
