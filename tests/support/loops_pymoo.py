"""pymoo's own loop: `minimize`, which asks, evaluates and tells a generation at a time."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from loops import MIXED, NESTED, Case, Objective
from loops_botorch import FLOATS

from bench.space import Configuration

SMALL = {"pop_size": 10}


class Enough(Exception):
    """As many trials are asked as are to be compared: the last generation is not whole."""


def minimize(
    objective: Objective, seed: int, trials: int, algorithm: Any, decode: Callable[[Any], Configuration], **space: Any
) -> None:
    """Failures are losses alone."""
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.optimize import minimize

    class Own(ElementwiseProblem):
        def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            if len(objective.asked) == trials:
                raise Enough
            out["F"] = objective(decode(x))[0]

    with suppress(Enough):
        minimize(Own(n_obj=objective.objectives, **space), algorithm, ("n_eval", trials), seed=seed)


def floats(objective: Objective, seed: int, trials: int, sizes: Mapping[str, int] = SMALL) -> None:
    """The algorithm as it is."""
    from pymoo.algorithms.moo.nsga2 import NSGA2

    def decode(x: Any) -> Configuration:
        rate, shrink, momentum = x.tolist()
        return {"rate": min(max(math.exp(rate), 0.01), 0.3), "shrink": shrink, "momentum": momentum}

    low, high = [math.log(0.01), 0.0, -1.0], [math.log(0.3), 0.9, 2.0]
    minimize(objective, seed, trials, NSGA2(**sizes), decode, n_var=3, xl=low, xu=high)


def operators() -> dict[str, Any]:
    """Those of `MixedVariableGA`, with the selection of NSGA-II."""
    from pymoo.algorithms.moo.nsga2 import binary_tournament
    from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
    from pymoo.operators.selection.tournament import TournamentSelection

    mating = MixedVariableMating(
        selection=TournamentSelection(func_comp=binary_tournament),
        eliminate_duplicates=MixedVariableDuplicateElimination(),
    )
    return {
        "sampling": MixedVariableSampling(),
        "mating": mating,
        "eliminate_duplicates": MixedVariableDuplicateElimination(),
    }


def mixed(objective: Objective, seed: int, trials: int, sizes: Mapping[str, int] = SMALL) -> None:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.variable import Choice, Integer, Real

    variables = {
        "shrink": Real(bounds=(0.0, 0.9)),
        "rate": Real(bounds=(math.log(0.01), math.log(0.3))),
        "depth": Integer(bounds=(1, 8)),
        "leaves": Real(bounds=(math.log(0.5), math.log(4.5))),
        "units": Integer(bounds=(0, 3)),
        "act": Choice(options=[0, 1, 2]),
    }

    def decode(x: Any) -> Configuration:
        return {
            "shrink": float(x["shrink"]),
            "rate": min(max(math.exp(x["rate"]), 0.01), 0.3),
            "depth": int(x["depth"]),
            "leaves": min(max(round(math.exp(x["leaves"])), 1), 4),
            "units": 32 + 32 * int(x["units"]),
            "act": [None, "relu", 7][x["act"]],
        }

    minimize(objective, seed, trials, NSGA2(**sizes, **operators()), decode, vars=variables)


def all_active(objective: Objective, seed: int, trials: int, sizes: Mapping[str, int] = SMALL) -> None:
    """Every parameter has a value in every trial; the objective ignores what is inactive."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.variable import Choice, Integer, Real

    variables = {
        "rate": Real(bounds=(math.log(0.01), math.log(0.3))),
        "kind": Choice(options=[0, 1]),
        "momentum": Real(bounds=(0.0, 0.99)),
        "depth": Integer(bounds=(1, 8)),
    }

    def decode(x: Any) -> Configuration:
        values: Configuration = {"rate": min(max(math.exp(x["rate"]), 0.01), 0.3), "kind": ["adam", "sgd"][x["kind"]]}
        values |= {"momentum": float(x["momentum"])} if values["kind"] == "sgd" else {}
        return values | {"depth": int(x["depth"])}

    minimize(objective, seed, trials, NSGA2(**sizes, **operators()), decode, vars=variables)


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._algorithm, "ask"), (optimizer._algorithm, "tell"), (optimizer._algorithm.evaluator, "eval")]


SPACES = (("flat", FLOATS, floats), ("flat-mixed", MIXED, mixed), ("conditional", NESTED, all_active))
CASES = [
    Case("pymoo_nsga2", f"{label}-{objectives}", space, own, calls, "pymoo", SMALL, few=65, objectives=objectives)
    for label, space, own in SPACES
    for objectives in (1, 2)
]
SHIPPED = [
    Case(
        "pymoo_nsga2",
        f"{label}-{objectives}",
        space,
        partial(own, sizes={}),
        calls,
        "pymoo",
        few=250,
        objectives=objectives,
    )
    for label, space, own in SPACES
    for objectives in (1, 2)
]
"""With the library's own populations, of 100."""
