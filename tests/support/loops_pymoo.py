"""pymoo's own loop: `minimize`, which asks, evaluates and tells a generation at a time."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from loops import MIXED, Case, Objective
from loops_botorch import FLOATS

SMALL = {"pop_size": 10}


class Enough(Exception):
    """As many trials are asked as are to be compared: the last generation is not whole."""


def minimize(
    objective: Objective, seed: int, trials: int, algorithm: Any, decode: Callable[[Any], Any], **space: Any
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


def floats(objective: Objective, seed: int, trials: int) -> None:
    """The algorithm as it is."""
    from pymoo.algorithms.moo.nsga2 import NSGA2

    def decode(x: Any) -> Any:
        rate, shrink, momentum = x.tolist()
        return {"rate": min(max(math.exp(rate), 0.01), 0.3), "shrink": shrink, "momentum": momentum}

    low, high = [math.log(0.01), 0.0, -1.0], [math.log(0.3), 0.9, 2.0]
    minimize(objective, seed, trials, NSGA2(**SMALL), decode, n_var=3, xl=low, xu=high)


def mixed(objective: Objective, seed: int, trials: int) -> None:
    """With the operators of `MixedVariableGA` and the selection of NSGA-II."""
    from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
    from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
    from pymoo.core.variable import Choice, Integer, Real
    from pymoo.operators.selection.tournament import TournamentSelection

    variables = {
        "shrink": Real(bounds=(0.0, 0.9)),
        "rate": Real(bounds=(math.log(0.01), math.log(0.3))),
        "depth": Integer(bounds=(1, 8)),
        "leaves": Real(bounds=(math.log(0.5), math.log(4.5))),
        "units": Integer(bounds=(0, 3)),
        "act": Choice(options=[0, 1, 2]),
    }

    def decode(x: Any) -> Any:
        whole = {"depth": int(x["depth"]), "leaves": min(max(round(math.exp(x["leaves"])), 1), 4)}
        rate = min(max(math.exp(x["rate"]), 0.01), 0.3)
        values = {"shrink": float(x["shrink"]), "rate": rate, **whole, "units": 32 + 32 * int(x["units"])}
        return values | {"act": [None, "relu", 7][x["act"]]}

    algorithm = NSGA2(
        **SMALL,
        sampling=MixedVariableSampling(),
        mating=MixedVariableMating(
            selection=TournamentSelection(func_comp=binary_tournament),
            eliminate_duplicates=MixedVariableDuplicateElimination(),
        ),
        eliminate_duplicates=MixedVariableDuplicateElimination(),
    )
    minimize(objective, seed, trials, algorithm, decode, vars=variables)


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    return [(optimizer._algorithm, "ask"), (optimizer._algorithm, "tell"), (optimizer._algorithm.evaluator, "eval")]


CASES = [
    Case("pymoo_nsga2", f"{label}-{objectives}", space, own, calls, "pymoo", SMALL, few=65, objectives=objectives)
    for label, space, own in (("flat", FLOATS, floats), ("flat-mixed", MIXED, mixed))
    for objectives in (1, 2)
]
