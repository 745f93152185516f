"""Which code is an installed package's, so that its version says what it does, and which is the user's own."""

import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def installed(module: str) -> bool:
    """Whether a module is Python's, the suite's or that of an installed package: its version says what it does.

    A module of one's own may have the name of one of Python's: where it stands counts. `__main__` is always one's own.
    """
    top = module.partition(".")[0]
    if top == "__main__":
        return False
    file = file_of(module)
    if file is None:  # a part in C of the interpreter; of a notebook
        return module in sys.builtin_module_names or top in sys.stdlib_module_names
    place = file.resolve()
    packed = "site-packages" in place.parts or "dist-packages" in place.parts
    return packed or any(place.is_relative_to(folder) for folder in _places())


def file_of(module: str) -> Path | None:
    """Where a module stands, be it loaded or not; None where that is no file. Nothing is imported for that."""
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if loaded is None and module:
        parent = module.rpartition(".")[0]
        try:
            spec = PathFinder.find_spec(module, _inside(parent)) if parent else find_spec(module)
        except (ImportError, AttributeError, ValueError):  # of a finder that breaks
            return None
        file = None if spec is None or not spec.has_location else spec.origin
    return None if file is None else Path(file)


def _inside(package: str) -> Sequence[str]:
    """Where the modules of a package stand; nowhere, where it is none."""
    if package in sys.modules:
        return list(getattr(sys.modules[package], "__path__", ()))
    file = file_of(package)
    return [str(file.parent)] if file is not None and file.name == "__init__.py" else []


def importable(value: Any) -> bool:
    """Whether a function or class is what an installed module has under its name, and not merely says so."""
    module = str(getattr(value, "__module__", None) or "")
    there: Any = sys.modules.get(module)
    for name in str(getattr(value, "__qualname__", "")).split("."):
        there = getattr(there, name, None)
    return there is value and installed(module)


def version(module: str | None) -> str:
    """What tells one version of an installed module from another: its package's version, or else its file."""
    top = str(module).partition(".")[0]
    if top in sys.stdlib_module_names:
        return sys.version
    known = getattr(sys.modules.get(top), "__version__", None) or _distribution(top)
    file = None if known else file_of(str(module))
    return str(known or ("" if file is None or not file.is_file() else sha256(file.read_bytes()).hexdigest()))


@cache
def _distribution(top: str) -> str | None:
    try:
        return metadata.version(top)
    except (metadata.PackageNotFoundError, ValueError):
        return None


@cache
def _places() -> tuple[Path, ...]:
    python = (Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
    return (Path(__file__).resolve().parents[1], *python)
