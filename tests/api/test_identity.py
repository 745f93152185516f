"""The identity of functions and classes: other code, values or modules change it, and another process does not."""

import functools
import importlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import ROOT

from bench.api.identity import NoIdentity, identity

profile: Any = None

MODULE = """
import dataclasses, enum, functools
import numpy as np, pandas as pd
import helper
from helper import half

SCALE, TABLE = 3.0, pd.DataFrame({"a": [1.0, None], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
UNREAD = 1

class Kind(enum.Enum):
    FLAT = 1

@dataclasses.dataclass
class Shift:
    by: float = 1.0
    def __call__(self, configuration, kind=Kind.FLAT, words=frozenset({"a", "b", None})):
        return self.by + helper.twice(configuration["x"])

@functools.cache
def scaled(x):
    return SCALE * len(TABLE) * half(x)

def objective(configuration, offset=np.arange(3), *, more={"a": {1, 2}}):
    return sum(scaled(each["x"]) for each in [configuration]) + (lambda x: x + 1)(0)

def closing(value):
    def inner(configuration):
        return value + inner.__name__.count("x") + scaled(1)
    return inner
"""
HELPER = "def twice(x):\n    return 2 * x\n\ndef half(x):\n    return x / 2\n"
SHOW = """
import mine
from bench.api.identity import identity
for each in (mine.objective, mine.Shift, mine.Shift(2.0), mine.closing(mine.np.float32(1)), mine.Shift(2.0).__call__):
    print(identity(each))
"""


def identities(folder: Path, module: str, helper: str = HELPER, seed: str = "1") -> list[str]:
    (folder / "mine.py").write_text(module)
    (folder / "helper.py").write_text(helper)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONHASHSEED": seed}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def here(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, helper: str = HELPER) -> list[str]:
    """As `identities`, in this process."""
    (folder / "mine.py").write_text(module)
    (folder / "helper.py").write_text(helper)
    monkeypatch.syspath_prepend(folder)
    for name in ("mine", "helper"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    mine = importlib.import_module("mine")
    closed = mine.closing(np.float32(1))
    try:
        return [
            identity(each) for each in (mine.objective, mine.Shift, mine.Shift(2.0), closed, mine.Shift(2.0).__call__)
        ]
    finally:
        for name in ("mine", "helper"):
            sys.modules.pop(name, None)


def test_it_is_the_same_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = here(tmp_path, monkeypatch, MODULE)
    assert len(set(mine)) == len(mine)
    assert identities(tmp_path, MODULE, seed="7") == mine


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("SCALE, TABLE = 3.0", "SCALE, TABLE = 3.5", [0, 3]),  # what a cached function reads, that the objective calls
        ('"a": [1.0, None]', '"a": [1.0, 2.0]', [0, 3]),
        ('"b": ["x", None]', '"b": ["x", "None"]', [0, 3]),
        ('["u", "v"]', '["v", "u"]', [0, 3]),
        ("np.arange(3)", "np.arange(3.0)", [0]),
        ("{1, 2}", "{1, 3}", [0]),
        ("x + 1)", "x + 2)", [0]),
        ("value + inner", "value - inner", [3]),
        ("by: float = 1.0", "by: float = 1.5", [1, 2, 4]),
        ("Shift:\n", "Shift(object):\n    other = 1\n", [1, 2, 4]),
        ("FLAT = 1", "FLAT = 2", [1, 2, 4]),
        ('"b", None}', '"c", None}', [1, 2, 4]),
        ("UNREAD = 1", "UNREAD = 2", []),
        ("return 2 * x", "return 3 * x", [1, 2, 4]),  # in the module that a method reads
        ("return x / 2", "return x / 3", [0, 1, 2, 3, 4]),  # of a module that others read all counts
    ],
)
def test_what_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, changed: list[int]
) -> None:
    assert before in MODULE + HELPER
    then = here(tmp_path, monkeypatch, MODULE)
    now = here(tmp_path, monkeypatch, MODULE.replace(before, after), HELPER.replace(before, after))
    assert [place for place, (a, b) in enumerate(zip(then, now, strict=True)) if a != b] == changed


def test_values_are_told_apart_and_installed_code_goes_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [
        1,
        1.0,
        True,
        "1",
        b"1",
        None,
        -0.0,
        0.0,
        math.nan,
        (1,),
        [1],
        {1},
        {1: 1},
        {"1": 1},
        np.int64(1),
        np.arange(1),
    ]
    values += [
        np.zeros((1, 2)),
        np.zeros((2, 1)),
        np.array([1, None]),
        functools.partial(max, 1),
        functools.partial(min, 1),
    ]
    values += [math.sin, math.cos, np.sin, pd.Series([1]), pd.Series([1], index=[1]), [1].append, [2].append, int, np]
    assert len({identity(value) for value in values}) == len(values)
    assert identity({1: [], 2: []}) == identity({1: [], 2: []})
    one, other = [lambda x: x + 1, 1], [lambda x: x + 1, 2]
    assert identity(one[0]) == identity(other[0])
    own = []
    own.append(own)
    assert identity(own) != identity([[]])
    before = identity(lambda: np.sin)
    monkeypatch.setattr(np, "__version__", "0")
    assert identity(lambda: np.sin) != before


class Times:
    """A callable that wraps another, and holds more than that."""

    def __init__(self, function: Any, by: Any) -> None:
        functools.update_wrapper(self, function)
        self.by = by

    def __call__(self, configuration: dict[str, float]) -> float:
        return float(self.by) * self.__wrapped__(configuration)


def times(by: float, function: Any) -> Any:
    @functools.wraps(function)
    def wrapped(configuration: dict[str, float]) -> float:
        return by * float(function(configuration))

    return wrapped


def reading(configuration: dict[str, float]) -> float:
    return configuration["x"] * float(profile.scale)


def test_what_passes_for_an_installed_packages_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    masked = [np.ma.array([1.0, 2.0], mask=mask) for mask in ([0, 1], [1, 0])]
    pairs = [(Times(math.sqrt, 1), Times(math.sqrt, 2)), (times(1, json.dumps), times(2, json.dumps)), tuple(masked)]
    assert all(identity(one) != identity(other) for one, other in pairs)
    monkeypatch.setattr(
        sys.modules["__main__"], "__file__", json.__file__, raising=False
    )  # as a debugger runs a script
    typed = []
    for source in ("def f(c): return 1", "def f(c): return c"):
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(source, names)
        typed.append(identity(names["f"]))
    assert typed[0] != typed[1]


def test_own_modules_count_wherever_they_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "outer.py").write_text("def importing(c):\n    from middle import result\n\n    return result(c)\n")
    (tmp_path / "middle.py").write_text("from constants import SCALE\n\ndef result(c):\n    return SCALE * c['x']\n")
    (tmp_path / "profile.py").write_text("scale = 1.0\n")  # the name of one of Python's
    importing = importlib.import_module("outer").importing
    seen = []
    for value in (1, 2):
        (tmp_path / "constants.py").write_text(f"SCALE = {value}\n")
        importlib.invalidate_caches()
        seen.append(identity(importing))
    assert seen[0] != seen[1]
    assert "middle" not in sys.modules
    assert identity(importing) == seen[1]
    monkeypatch.delitem(sys.modules, "profile", raising=False)
    monkeypatch.setitem(globals(), "profile", importlib.import_module("profile"))
    before = identity(reading)
    monkeypatch.setattr(profile, "scale", 2.0)
    assert identity(reading) != before
    for name in ("profile", "outer"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("value", "place"),
    [(memoryview(b"a"), "a memoryview"), ({"k": [], "g": (x for x in ())}, "g, a generator")],
)
def test_what_has_none_is_named(value: object, place: str) -> None:
    with pytest.raises(NoIdentity, match=f"^{place}$"):
        identity(value)
