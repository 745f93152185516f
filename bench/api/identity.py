"""What a Python object consists of, as a hash: two functions or classes that may give other results never share one.

Of a function or class of the user's own these count: its qualified name, source and compiled code, defaults, the values
it closes over, and the modules' names that it reads, followed to where somebody else's package begins; of that the name
and version count. Data counts by its values. What it reads from files, a network or a clock is not seen.
"""

import copyreg
import dis
import hashlib
import inspect
import json
import math
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

DEEPEST = 200
"""How deep values may nest."""

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_OF_EVERY_CLASS = (
    *("__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__abstractmethods__", "_abc_impl"),
    *("__firstlineno__", "__static_attributes__", "__parameters__", "__orig_bases__", "__annotations__"),
    *("__annotate__", "__annotate_func__", "__annotations_cache__"),
)


class NoIdentity(Exception):
    """Why an object's parts cannot be compared, in a few words, from the outermost part inwards."""


def identity(value: Any) -> str:
    """The hash of what an object consists of, in hexadecimal; raises `NoIdentity` where nobody can tell.

    >>> identity(lambda x: x + 1) == identity(lambda x: x + 2)
    False
    >>> identity({"a": [1.0]}) == identity({"a": [1.0]}), identity(1) == identity(1.0)
    (True, False)
    """
    return _Walk().of(value)


def installed(module: str) -> bool:
    """Whether a module is Python's, the suite's or that of an installed package: its version says what it does."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:  # of a notebook, of `python -c`; or a part in C of the interpreter
        return module != "__main__" and module in sys.builtin_module_names
    place = Path(file).resolve()
    packed = "site-packages" in place.parts or "dist-packages" in place.parts
    return packed or any(place.is_relative_to(folder) for folder in _places())


@cache
def _places() -> tuple[Path, ...]:
    python = (Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
    return (Path(__file__).resolve().parents[1], *python)


class _Walk:
    """One way through an object and all that it holds."""

    def __init__(self) -> None:
        self._above: list[int] = []  # what is being looked into
        self._known: dict[int, str] = {}
        self._kept: list[Any] = []  # so that no id is given away meanwhile

    def of(self, value: Any) -> str:
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes, complex):
            return _digest(kind.__name__, repr(value))
        if kind is float:
            return _digest("float", "nan" if math.isnan(value) else value.hex())
        if id(value) in self._known:
            return self._known[id(value)]
        if id(value) in self._above:
            return _digest("around", str(self._above.index(id(value))))
        if len(self._above) > DEEPEST:
            raise NoIdentity(f"a {kind.__name__} that nests more than {DEEPEST} deep")
        self._above.append(id(value))
        self._kept.append(value)
        try:
            parts = list(self.parts(value))
        finally:
            self._above.pop()
        self._known[id(value)] = _digest(*parts)
        return self._known[id(value)]

    def parts(self, value: Any) -> Iterator[str]:
        yield type(value).__name__
        look = next((look for kinds, look in _LOOKS if isinstance(value, kinds)), _Walk.object_)
        if look in (_Walk.items, _Walk.pairs, _Walk.set_) and type(value).__module__ != "builtins":
            look = _Walk.object_  # a subclass, which may hold more
        yield from look(self, value)

    def items(self, value: Any) -> Iterator[str]:
        yield from map(self.of, value)

    def set_(self, value: Any) -> Iterator[str]:
        yield from sorted(map(self.of, value))

    def pairs(self, value: Mapping[Any, Any]) -> Iterator[str]:
        for key, entry in value.items():
            yield self.of(key)
            yield self.named(str(key), entry)

    def array(self, value: np.ndarray) -> Iterator[str]:
        yield from (str(value.dtype), str(value.shape), type(value).__name__)
        if value.dtype.hasobject:
            yield self.of(value.tolist())
        else:
            yield hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()

    def function(self, function: FunctionType) -> Iterator[str]:
        yield _name(function)
        if installed(function.__module__ or ""):
            yield _version(function.__module__)
            return
        yield _source(function)
        yield self.of(function.__code__)
        yield self.of((function.__defaults__, function.__kwdefaults__, function.__dict__))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            yield self.named(name, cell)
        for name in sorted(_globals(function.__code__)):
            if name in function.__globals__:
                yield self.named(name, function.__globals__[name])

    def cell(self, cell: CellType) -> Iterator[str]:
        try:
            yield self.of(cell.cell_contents)
        except ValueError:
            yield "empty"

    def code(self, code: CodeType) -> Iterator[str]:
        yield hashlib.sha256(code.co_code).hexdigest()
        yield str((code.co_names, code.co_varnames, code.co_freevars, code.co_flags, code.co_exceptiontable))
        yield self.of(code.co_consts)

    def method(self, method: MethodType) -> Iterator[str]:
        yield self.of(method.__func__)
        yield self.of(method.__self__)

    def builtin(self, function: Any) -> Iterator[str]:
        yield _name(function)
        owner = getattr(function, "__self__", None)
        if owner is not None and not isinstance(owner, ModuleType):
            yield self.of(owner)

    def cls_(self, cls: type) -> Iterator[str]:
        yield _name(cls)
        if installed(cls.__module__):
            yield _version(cls.__module__)
            return
        yield from (self.of(base) for base in (*cls.__bases__, type(cls)))
        for name, entry in vars(cls).items():
            if name not in _OF_EVERY_CLASS and type(entry).__name__ not in ("getset_descriptor", "member_descriptor"):
                yield name
                yield self.named(name, entry)

    def wrapped(self, method: Any) -> Iterator[str]:
        yield self.of(method.__func__)

    def property_(self, value: property) -> Iterator[str]:
        yield from (self.of(each) for each in (value.fget, value.fset, value.fdel))

    def module(self, module: ModuleType) -> Iterator[str]:
        """A package by its version; a module of the user's own by its file, and those that it uses by theirs."""
        yield module.__name__
        if installed(module.__name__):
            yield _version(module.__name__)
            return
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).is_file():
            yield hashlib.sha256(Path(file).read_bytes()).hexdigest()
        names = {getattr(each, "__module__", None) for each in vars(module).values()}
        others = {each.__name__ for each in vars(module).values() if isinstance(each, ModuleType)}
        for name in sorted({str(each) for each in names | others if each} - {module.__name__, "__main__"}):
            if name in sys.modules and not installed(name):
                yield self.of(sys.modules[name])

    def object_(self, value: Any) -> Iterator[str]:
        """Any other object, by what it would be pickled as."""
        if hasattr(value, "__wrapped__"):  # a function that is cached, say: its pickle is its name
            yield self.of(value.__wrapped__)
            return
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            reduced = reduce(value) if reduce else value.__reduce_ex__(4)
        except KeyboardInterrupt:
            raise
        except Exception as error:  # whatever its class raises
            raise NoIdentity(f"a {type(value).__name__}") from error
        if isinstance(reduced, str):
            yield from (f"{type(value).__module__}.{reduced}", _version(type(value).__module__))
            return
        for part in reduced:
            every: Any = part
            yield self.of(list(every) if hasattr(part, "__next__") else part)

    def named(self, name: str, value: Any) -> str:
        try:
            return _digest(name, self.of(value))
        except NoIdentity as reason:
            place = str(reason)
            raise NoIdentity(f"{name}, {place}" if place.startswith("a ") else f"{name}.{place}") from None


_LOOKS: tuple[tuple[Any, Callable[[_Walk, Any], Iterator[str]]], ...] = (
    ((tuple, list), _Walk.items),
    ((dict, MappingProxyType), _Walk.pairs),
    ((set, frozenset), _Walk.set_),
    (np.ndarray, _Walk.array),
    (FunctionType, _Walk.function),
    (CodeType, _Walk.code),
    (CellType, _Walk.cell),
    (MethodType, _Walk.method),
    (BuiltinFunctionType, _Walk.builtin),
    (type, _Walk.cls_),
    ((staticmethod, classmethod), _Walk.wrapped),
    (property, _Walk.property_),
    (ModuleType, _Walk.module),
)


def _globals(code: CodeType) -> set[str]:
    """The names that code reads, and that are none of its own, inner functions included."""
    names = {str(each.argval) for each in dis.get_instructions(code) if each.opname in _GLOBAL}
    return names.union(*(_globals(each) for each in code.co_consts if isinstance(each, CodeType)))


def _source(function: FunctionType) -> str:
    if function.__name__ == "<lambda>":  # its lines hold whatever else stands in its statement
        return ""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed at a prompt: its compiled code counts in any case
        return ""


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def _version(module: str | None) -> str:
    top = str(module).partition(".")[0]
    return str(getattr(sys.modules.get(top), "__version__", ""))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogatepass")).hexdigest()
