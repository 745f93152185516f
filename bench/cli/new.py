"""`bench new`: a small optimiser, model or dataset that works, from bench/cli/templates into a user's own folder."""

import importlib.util
import keyword
import re
from pathlib import Path

from bench.config import catalogue
from bench.errors import UserError, allowed

KINDS = ("optimizer", "model", "dataset")

_TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_NEXT = {
    "optimizer": "bench check {name} --config-dir {folder}\n"
    "bench run --config-dir {folder} dataset=wine optimizer={name} budget.trials=20",
    "model": "bench run --config-dir {folder} dataset=wine model={name} budget.trials=20",
    "dataset": "bench run --config-dir {folder} dataset={name} budget.trials=20",
}
_COMPARED = {
    "optimizer": "dataset=wine optimizer=random,{name}",
    "model": "dataset=wine model={name} optimizer=random,optuna_tpe",
    "dataset": "dataset={name} optimizer=random,optuna_tpe",
}
_COMPARE = "bench run -m --config-dir {folder} %s seeds=paired 'seed=range(0,10)' budget.trials=20 name={name}"
"""A comparison over ten splits: what it says of one split is seldom what is wanted."""


def write(kind: str, name: str, folder: Path) -> str:
    """Write the class or function, its config and its test; returns what was written and what to do next.

    Raises `UserError`, and writes nothing, where the name cannot be used or a file is there already.
    """
    if kind not in KINDS:
        raise UserError(f"{kind}: cannot be made; {allowed(kind, KINDS)}")
    _check_name(kind, name, folder)
    places = {
        f"my_{kind}.py": folder / f"{name}.py",
        f"my_{kind}.yaml": folder / kind / f"{name}.yaml",
        f"test_my_{kind}.py": folder / f"test_{name}.py",
    }
    for place in places.values():
        if place.exists():
            raise UserError(f"{place}: is there already; choose another name, or remove it first")
    try:
        for template, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_filled((_TEMPLATES / kind / template).read_text(), kind, name))
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be written ({error.strerror or error})") from None
    lines = [f"wrote {place}" for place in places.values()]
    commands = f"{_NEXT[kind]}\n{_COMPARE % _COMPARED[kind]}".format(name=name, folder=folder)
    lines += ["next:", *commands.splitlines(), f"pytest {folder}/test_{name}.py"]
    return "\n".join(lines) + "\n"


def _filled(text: str, kind: str, name: str) -> str:
    """A template with the name in the place of `my_optimizer`, and of `MyOptimizer` the name as a class has it."""
    camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return text.replace(f"my_{kind}", name).replace(f"My{kind.capitalize()}", camel)


def _check_name(kind: str, name: str, folder: Path) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UserError(f"{name}: is no name for a class's file; expected letters, digits and '_', such as my_{kind}")
    if name in catalogue.names(kind):
        raise UserError(f"{name}: the suite's own {kind} has this name; choose another")
    # Its module would never be found: a user's own folder comes last, so that it hides no library.
    own = (folder / f"{name}.py").exists()
    if not own and importlib.util.find_spec(name) is not None:
        raise UserError(f"{name}: an installed module of this name would be imported in its place; choose another")
