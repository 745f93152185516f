"""Models and functions that write a line before each evaluation, and then sleep: what a sweep began can be counted.

The folder is that of the command, which every engine hands to its workers with the import path; it is marked by a file
with the seconds to sleep, no part of any run's identity: the undisturbed sweep sleeps less and has the same tables.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.problems import known_functions

MARK, LOG = "kills.json", "begun.jsonl"

_MODELS = {
    "Toy": "toy",
    "Rounds": "laddered",
    "LightGBM": "bench.models.lightgbm",
    "XGBoost": "bench.models.xgboost",
    "KerasMLP": "bench.models.keras_mlp",
    "Estimator": "bench.models.scikit_learn",
}
"""The modules of the classes that `Logged...` adds the log to; imported where they are asked for alone."""


def begin(configuration: Mapping[str, Any]) -> None:
    """Note that an evaluation begins, and sleep."""
    folder = next(Path(place) for place in sys.path if (Path(place) / MARK).is_file())
    with (folder / LOG).open("a") as file:
        file.write(json.dumps(dict(configuration), sort_keys=True) + "\n")
    time.sleep(json.loads((folder / MARK).read_text())["sleep"])


def branin(configuration: Mapping[str, float]) -> float:
    """Branin's function."""
    begin(configuration)
    return known_functions.branin(configuration)


class _Logged:
    def fit(self, configuration: Any, train: Any, stop: Any, seed: int, threads: int, step: Any = None) -> Any:
        begin(configuration)
        return super().fit(configuration, train, stop, seed, threads, step)  # type: ignore[misc]


class _LoggedAtRungs(_Logged):
    def fit_rungs(
        self, configuration: Any, train: Any, stop: Any, seed: int, threads: int, rungs: Sequence[int], at: Any
    ) -> None:
        def at_rung(rung: int, fitted: Any) -> bool:
            begin(configuration)
            return bool(at(rung, fitted))

        super().fit_rungs(configuration, train, stop, seed, threads, rungs, at_rung)  # type: ignore[misc]


@cache
def _logged(name: str) -> type:
    plain = getattr(import_module(_MODELS[name]), name)
    way = _LoggedAtRungs if hasattr(plain, "fit_rungs") else _Logged
    return type(f"Logged{name}", (way, plain), {"__doc__": plain.__doc__, "__module__": __name__})


def __getattr__(name: str) -> type:
    """`LoggedToy` and so on: the classes of `_MODELS`."""
    plain = name.removeprefix("Logged")
    if plain == name or plain not in _MODELS:
        raise AttributeError(name)
    return _logged(plain)
