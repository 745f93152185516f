"""SMAC's own loop, as its documentation has it: `facade.optimize()`."""

import tempfile
import warnings
from collections.abc import Callable
from typing import Any

from loops import Case, Objective, never, only

from bench.space import Configuration, Space
from bench.space.parsing import parse

CRASH = 2.5
"""What a failure costs: SMAC's own loop is told no loss of it, and its default, infinity, its models cannot take."""

FLAT = parse(
    {
        "act": {"type": "categorical", "choices": ["no", "relu", "tanh"]},
        "depth": {"type": "int", "low": 1, "high": 8},
        "leaves": {"type": "int", "low": 1, "high": 4, "log": True},
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "units": {"type": "int", "low": 32, "high": 128, "step": 32},
    }
)
CONDITIONAL = parse(
    {
        "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
        "layers": {"type": "int", "low": 1, "high": 3},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "units_2": {"type": "int", "low": 16, "high": 64, "when": {"layers": [2, 3], "kind": "adam"}},
    }
)
TWO = only(FLAT, "depth", "rate")
"""For the Gaussian process, whose kernel five parameters take seconds a trial."""


def optimize(
    name: str,
    native: Any,
    objective: Callable[[Any, int], Any],
    trials: int,
    seed: int,
    change: Callable[[Any], None] = lambda _: None,
    deterministic: bool = True,
    **scenario: Any,
) -> None:
    """The loop of the facade of a config; `change` is done to the facade before it begins."""
    import smac
    from smac.multi_objective.parego import ParEGO

    facades = {"smac_gp": smac.BlackBoxFacade}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        planned = smac.Scenario(
            native, deterministic=deterministic, n_trials=trials, seed=seed, output_directory=folder, **scenario
        )
        several = {"multi_objective_algorithm": ParEGO(planned)} if name == "smac_parego" else {}
        made = facades.get(name, smac.HyperparameterOptimizationFacade)
        facade = made(planned, objective, logging_level=False, overwrite=True, **several)
        change(facade)
        facade.optimize()


def flat() -> Any:
    """In the names and values of the adapter, so that a set of its configurations has the adapter's order."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    native = ConfigurationSpace()
    native.add(
        Categorical("000_act", [0, 1, 2]),
        Integer("001_depth", (1, 8)),
        Integer("002_leaves", (1, 4), log=True),
        Float("003_rate", (0.01, 0.3), log=True),
        Integer("004_units", (0, 3)),
    )
    return native


def two() -> Any:
    from ConfigSpace import ConfigurationSpace, Float, Integer

    native = ConfigurationSpace()
    native.add(Integer("000_depth", (1, 8)), Float("001_rate", (0.01, 0.3), log=True))
    return native


def conditional() -> Any:
    """In names and values of its own."""
    from ConfigSpace import (
        AndConjunction,
        Categorical,
        ConfigurationSpace,
        EqualsCondition,
        Float,
        InCondition,
        Integer,
    )

    native = ConfigurationSpace()
    kind, layers = Categorical("kind", ["adam", "sgd"]), Integer("layers", (1, 3))
    momentum, units = Float("momentum", (0.0, 0.99)), Integer("units_2", (16, 64))
    native.add(kind, layers, momentum, Float("rate", (0.01, 0.3), log=True), units)
    native.add(
        EqualsCondition(momentum, kind, "sgd"),
        AndConjunction(InCondition(units, layers, [2, 3]), EqualsCondition(units, kind, "adam")),
    )
    return native


def plain(config: Any) -> Configuration:
    """Of a configuration of SMAC's own, with the values of ours."""
    values = {
        name.lstrip("0123456789_"): value.item() if hasattr(value, "item") else value
        for name, value in dict(config).items()
    }
    if "act" in values:
        values["act"] = ["no", "relu", "tanh"][values["act"]]
    if "units" in values:
        values["units"] = 32 + 32 * values["units"]
    return values


def loop(
    name: str,
    space: Space,
    native: Callable[[], Any],
    change: Callable[[Any], None] = lambda _: None,
    **scenario: Any,
) -> Callable[[Objective, int, int], None]:
    """A failure is an exception, as it is where SMAC itself calls what it minimises.

    Arguments of its `Scenario` are `scenario`.
    """

    def own(objective: Objective, seed: int, trials: int) -> None:
        several = {"objectives": ["quality", "size"]} if objective.objectives == 2 else {}

        def evaluate(config: Any, seed: int) -> Any:
            loss, failed = objective(space.canonical(plain(config)))
            if failed:
                raise ArithmeticError
            return list(loss) if several else loss

        optimize(name, native(), evaluate, trials, seed, change, **scenario, **several)

    return own


def in_order(facade: Any) -> None:
    """The local search's start points in the adapter's order; in SMAC they have that of the process's hashes."""
    from bench.optimizers.smac_facades import sort_start_points

    sort_start_points(facade)


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._smac, "ask"), (optimizer._smac, "tell")]


SPACES = (
    ("smac_rf", "flat", FLAT, flat, 30, 1),
    ("smac_rf", "conditional", CONDITIONAL, conditional, 24, 1),
    ("smac_rf", "flat-2", FLAT, flat, 24, 2),
    ("smac_gp", "flat", TWO, two, 16, 1),
    ("smac_parego", "flat-1", FLAT, flat, 24, 1),
    ("smac_parego", "flat-2", TWO, two, 20, 2),
    ("smac_parego", "conditional-2", CONDITIONAL, conditional, 20, 2),
)
CASES = [
    Case(
        name,
        label,
        space,
        loop(name, space, native, in_order, crash_cost=CRASH),
        calls,
        "smac",
        {"crash_cost": CRASH},
        few=few,
        objectives=objectives,
    )
    for name, label, space, native, few, objectives in SPACES
]
"""With start points in the adapter's order, without which the library has no sequence of its own to be compared."""
SHIPPED = [
    Case(name, label, space, loop(name, space, native), calls, "smac", few=few, objectives=objectives, fails=never)
    for name, label, space, native, few, objectives in SPACES
    if name != "smac_parego" or label != "flat-1"
]
"""The library as it is, told of no failure, for which its own loop needs a setting."""
