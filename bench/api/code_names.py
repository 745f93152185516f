"""Which names compiled code reads from around it: globals, what it reads of them, and modules that it imports."""

import dis
from collections.abc import Iterator
from importlib.util import resolve_name
from types import CodeType

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")


def read(code: CodeType) -> set[str]:
    """The names that code reads, and that are none of its own, inner functions included."""
    return {chain[0] for chain in chains(code)}


def chains(code: CodeType) -> set[tuple[str, ...]]:
    """Each such name with what is read of it: `a.b.c` as ("a", "b", "c")."""
    every: set[tuple[str, ...]] = set()
    chain: list[str] = []
    for each in dis.get_instructions(code):
        if chain and each.opname in _ATTRIBUTE:
            chain.append(str(each.argval))
            continue
        if chain:
            every.add(tuple(chain))
        chain = [str(each.argval)] if each.opname in _GLOBAL else []
    return every.union(*(chains(inner) for inner in _inner(code)))


def imported(code: CodeType, package: str) -> set[str]:
    """The modules that code imports, inner functions included; of `from a import b` both a and a.b, be it one or not.

    `package` is what relative imports start from.
    """
    names: set[str] = set()
    level, base = 0, ""
    for each in dis.get_instructions(code):
        if each.opname == "LOAD_CONST" and isinstance(each.argval, int):
            level = each.argval
        elif each.opname == "IMPORT_NAME":
            base = _absolute(str(each.argval), level, package)
            names |= {base} | {base.rsplit(".", end)[0] for end in range(1, base.count(".") + 1)}
        elif each.opname == "IMPORT_FROM":
            names.add(f"{base}.{each.argval}")
    return names.union(*(imported(inner, package) for inner in _inner(code))) - {""}


def _absolute(name: str, level: int, package: str) -> str:
    try:
        return resolve_name("." * level + name, package) if level else name
    except ImportError:  # a relative import without a package, which raises when it runs
        return name


def _inner(code: CodeType) -> Iterator[CodeType]:
    return (each for each in code.co_consts if isinstance(each, CodeType))
