"""The optimisers of conf/optimizer by their classes: `make test` tries one of each class, `make test-all` all."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
import yaml
from commands import ROOT

CONF = ROOT / "conf" / "optimizer"

ALIKE = {
    "bench.optimizers.botorch_nehvi.NEHVI": "bench.optimizers.botorch_gp.GaussianProcess",
    "bench.optimizers.optuna_genetic.NSGA3": "bench.optimizers.optuna_genetic.NSGA2",
    "bench.optimizers.smac_parego.ParEGO": "bench.optimizers.smac_facades.RandomForest",
}
"""Classes that differ from another in one component of their library alone, and count as configs of it."""


def classes(multi_fidelity: bool) -> dict[str, list[str]]:
    """The configs of each class, by its dotted path, that choose fidelities or end evaluations early, or the others.

    Both in the order of the files' names, those that are alike another class's after its own.
    """
    every = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(CONF.glob("*.yaml"))}
    configs = dict(sorted(every.items(), key=lambda item: item[1]["class"] in ALIKE))
    found: dict[str, list[str]] = {}
    for name, config in configs.items():
        if config.get("multi_fidelity", False) is multi_fidelity:
            found.setdefault(ALIKE.get(config["class"], config["class"]), []).append(name)
    return found


CLASSES = classes(multi_fidelity=False)
"""Those that are asked and told as `Optimizer` says, which the tests of every optimiser drive."""

NAMES = sorted(name for names in CLASSES.values() for name in names)
DEAR = {"ax", "botorch_gp", "cmaes_bipop", "hyperopt_anneal", "hyperopt_atpe", "hyperopt_random", "optuna_gp"}
DEAR |= {"skopt_gp", "smac_gp", "smac_rf"}
"""Of these the loop of their library is held in `make test`, and what any optimiser must keep in `make test-all`.

Each shares its file of `bench/optimizers/` or its library's call with one that is quicker; each takes tens of seconds.
"""
ONE_EACH = sorted(names[0] for names in CLASSES.values())
"""Of each class the first config; the others are the same code with other settings."""


def one_each(names: Iterable[str], *marks: Any) -> list[Any]:
    """Configs as parameters of a test: of each class the first unless it is dear, the others as exhaustive."""
    chosen = list(names)
    first = {next((name for name in of_class if name in chosen), None) for of_class in CLASSES.values()}
    return [in_part(name, name in first - DEAR, *marks, id=name) for name in chosen]


def in_part(value: Any, tried: bool, *marks: Any, id: str | None = None) -> Any:  # noqa: A002 - pytest's own word
    """A parameter of a test, or several, for `make test` where it is to be tried there, else for `make test-all`."""
    values: Sequence[Any] = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, id=id, marks=[*marks, *([] if tried else [pytest.mark.exhaustive])])
