"""What a Python object consists of, as a hash: two functions or classes that may give other results never share one.

Of a function or class of the user's own these count: its qualified name, source and compiled code, defaults, the values
it closes over, and the modules' names that it reads, followed to where somebody else's package begins; of that the name
and version count. Modules of the user's own count by their files and those that they import, wherever the import
stands. Data counts by its values. What it reads from files, a network or a clock is not seen.
"""

import copyreg
import functools
import hashlib
import inspect
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from bench.api import code_names
from bench.api.installed import file_of, importable, installed, version

DEEPEST = 200
"""How deep values may nest."""

_Cached = type(functools.cache(len))
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
    return Walk().of(value)


class Walk:
    """One way through an object and all that it holds."""

    def __init__(self) -> None:
        self.read: dict[tuple[str, str], Any] = {}
        """By module and name, what functions on the way read of the user's own modules, save what these define."""
        self._above: list[int] = []  # what is being looked into
        self._known: dict[int, str] = {}
        self._files: dict[Path, str] = {}
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
        look = next((look for kinds, look in _LOOKS if isinstance(value, kinds)), Walk.object_)
        if look in _DATA and type(value) not in _PLAIN:
            look = Walk.object_  # a subclass, which may hold more
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
        if importable(function):
            yield version(function.__module__)
            return
        yield _source(function)
        yield self.of(function.__code__)
        yield self.of((function.__defaults__, function.__kwdefaults__, function.__dict__))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            yield self.named(name, cell)
        place = str(function.__globals__.get("__name__") or "")
        if installed(place):  # made by a package, which may hold what is the user's own
            yield version(place)
            return
        for name in sorted(code_names.read(function.__code__)):
            if name in function.__globals__:
                yield self.named(name, function.__globals__[name])
        for name, entry in sorted(self.attributes(function), key=lambda each: each[0]):
            yield self.named(name, entry)
        yield from self.imports(function.__code__, str(function.__globals__.get("__package__") or ""))

    def attributes(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        """What a function reads of modules of the user's own, `module.name`: it may have been set since."""
        for chain in code_names.chains(function.__code__):
            value = function.__globals__.get(chain[0])
            for end, attribute in enumerate(chain[1:], start=2):
                if not isinstance(value, ModuleType) or installed(value.__name__) or attribute not in vars(value):
                    break
                module, value = value.__name__, vars(value)[attribute]
                if not isinstance(value, ModuleType):
                    if not (isinstance(value, type | FunctionType) and value.__module__ == module):
                        self.read[module, attribute] = value
                    yield ".".join(chain[:end]), value

    def imports(self, code: CodeType, package: str) -> Iterator[str]:
        """What code imports of the user's own modules, wherever in it that stands."""
        for name in sorted(code_names.imported(code, package)):
            file = file_of(name)
            if not installed(name) and file is not None:
                yield self.source(name, file)

    def source(self, name: str, file: Path) -> str:
        """A module by its file and those that it imports; nothing is imported for that."""
        if file not in self._files:
            self._files[file] = ""  # of a circle, once
            content = file.read_bytes() if file.is_file() else b""
            parts = [name, hashlib.sha256(content).hexdigest()]
            try:
                code = compile(content, str(file), "exec", dont_inherit=True)
            except (SyntaxError, ValueError):  # compiled by another compiler
                pass
            else:
                package = name if file.name == "__init__.py" else name.rpartition(".")[0]
                parts += self.imports(code, package)
            self._files[file] = _digest(*parts)
        return self._files[file]

    def cell(self, cell: CellType) -> Iterator[str]:
        try:
            yield self.of(cell.cell_contents)
        except ValueError:
            yield "empty"

    def code(self, code: CodeType) -> Iterator[str]:
        yield hashlib.sha256(code.co_code).hexdigest()
        yield str((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars))
        yield str((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount))
        yield str((code.co_flags, code.co_exceptiontable))
        yield self.of(code.co_consts)

    def method(self, method: MethodType) -> Iterator[str]:
        yield self.of(method.__func__)
        yield self.of(method.__self__)

    def builtin(self, function: Any) -> Iterator[str]:
        yield _name(function)
        owner = getattr(function, "__self__", None)
        if owner is not None and not isinstance(owner, ModuleType):
            yield self.of(owner)
        elif function.__module__:
            yield self.maker(function.__module__)

    def cls_(self, cls: type) -> Iterator[str]:
        yield _name(cls)
        if importable(cls) or not cls.__flags__ & _MADE_IN_PYTHON:
            yield self.maker(cls.__module__)
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
            yield version(module.__name__)
            return
        file = file_of(module.__name__)
        if file is not None:
            yield self.source(module.__name__, file)
        names = {getattr(each, "__module__", None) for each in vars(module).values()}
        others = {each.__name__ for each in vars(module).values() if isinstance(each, ModuleType)}
        for name in sorted({str(each) for each in names | others if each} - {module.__name__, "__main__"}):
            if name in sys.modules and not installed(name):
                yield self.of(sys.modules[name])

    def maker(self, module: str) -> str:
        """Of what is written in C, the version of its package; where it is the user's own, its file."""
        file = None if installed(module) else file_of(module)
        return version(module) if file is None else self.source(module, file)

    def object_(self, value: Any) -> Iterator[str]:
        """Any other object, by what it would be pickled as."""
        if isinstance(value, _Cached):  # its pickle is its name alone
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
            yield from (f"{type(value).__module__}.{reduced}", self.maker(type(value).__module__))
            of = getattr(value, "__module__", None)
            yield self.maker(of) if isinstance(of, str) else ""
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


_LOOKS: tuple[tuple[Any, Callable[[Walk, Any], Iterator[str]]], ...] = (
    ((tuple, list), Walk.items),
    ((dict, MappingProxyType), Walk.pairs),
    ((set, frozenset), Walk.set_),
    (np.ndarray, Walk.array),
    (FunctionType, Walk.function),
    (CodeType, Walk.code),
    (CellType, Walk.cell),
    (MethodType, Walk.method),
    (BuiltinFunctionType, Walk.builtin),
    (type, Walk.cls_),
    ((staticmethod, classmethod), Walk.wrapped),
    (property, Walk.property_),
    (ModuleType, Walk.module),
)


_DATA = (Walk.items, Walk.pairs, Walk.set_, Walk.array)
_PLAIN = (tuple, list, dict, MappingProxyType, set, frozenset, np.ndarray)
_MADE_IN_PYTHON = 1 << 9
"""The flag of classes that were made while Python ran, Py_TPFLAGS_HEAPTYPE."""


def _source(function: FunctionType) -> str:
    if function.__name__ == "<lambda>":  # its lines hold whatever else stands in its statement
        return ""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed at a prompt: its compiled code counts in any case
        return ""


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogatepass")).hexdigest()
