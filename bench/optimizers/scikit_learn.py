"""scikit-learn's random search: `sklearn.model_selection.ParameterSampler`."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scipy import stats
from sklearn.model_selection import ParameterSampler

from bench.optimizers import Declaration, Exhausted, Law
from bench.optimizers.expressions import of_logit
from bench.space import Categorical, Configuration, Float, Int, Ordinal, Parameter, Space, Value, steps

UNLIMITED = 10_000
"""Trials of a space of choices alone where time is the budget: they must be drawn at once."""


class Sampler:
    """Asks for what `ParameterSampler(distributions, n_iter=budget, random_state=seed)` yields.

    It is the list of candidates of `RandomizedSearchCV`. Distributions are SciPy's; choices, ordered or not, a list.
    Where all are lists, the library samples without replacement: then a point is asked once, the run ends where all
    were, and the sequence depends on the budget.

    scikit-learn's own words for conditions, a list of dictionaries, would choose each dictionary equally often,
    however many configurations it stands for, and need one for every combination of what conditions rest on. Here all
    parameters are drawn and the inactive ones dropped, which gives the reference distribution.

    J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.
    """

    revision = 1
    independent = True
    libraries = ("scikit-learn", "scipy", "numpy")

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        self._space = space
        lists = all(isinstance(p, Categorical | Ordinal) for p in space.searched)
        self.draw: Callable[[], dict[str, Any]] = dict
        if space.searched:  # a space of constants leaves nothing to draw
            size = math.prod(len(p.choices) for p in space.searched if isinstance(p, Categorical | Ordinal))
            n = min(budget or UNLIMITED, size) if lists else sys.maxsize
            distributions = {p.name: _distribution(p) for p in space.searched}
            self.draw = iter(ParameterSampler(distributions, n_iter=n, random_state=seed)).__next__
        self.declared = Declaration(
            laws={p.name: law for p in space.searched if (law := _law(p)) is not None},
            inactive="drawn and dropped" if space.conditional else "absent",
            fallback="without replacement, as all parameters are lists" if lists and space.searched else "",
            extendable=not lists or not space.searched,
        )

    def ask(self) -> Configuration:
        try:
            drawn = self.draw()
        except StopIteration:
            raise Exhausted("ParameterSampler has no more points") from None
        return self._space.assemble(lambda parameter: _decode(parameter, drawn[parameter.name]))

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Learns nothing."""


@dataclass(frozen=True)
class Rounded:
    """Integers of SciPy's `loguniform(low - 1/2, high + 1/2)`, rounded: of SciPy's own, none has the reference law."""

    low: int
    high: int

    def rvs(self, random_state: Any = None) -> int:
        drawn = stats.loguniform(self.low - 0.5, self.high + 0.5).rvs(random_state=random_state)
        return min(max(round(float(drawn)), self.low), self.high)


def _distribution(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical | Ordinal):
        return list(range(len(parameter.choices)))
    if parameter.stepped:
        return stats.randint(0, steps(parameter) + 1)
    if isinstance(parameter, Float):
        low, high = parameter.ends if parameter.logit else (parameter.low, parameter.high)
        return stats.loguniform(low, high) if parameter.log else stats.uniform(low, high - low)
    low, high = parameter.low, parameter.high
    return Rounded(low, high) if parameter.log else stats.randint(low, high + 1)


def _decode(parameter: Parameter, value: Any) -> Value:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    if parameter.stepped:
        return parameter.at(int(value))
    if not isinstance(parameter, Float):
        return int(value)
    return parameter.from_scale(value) if parameter.logit else float(value)


def _law(parameter: Parameter) -> Law | None:
    if isinstance(parameter, Float) and parameter.logit:
        return of_logit("scipy.stats.uniform between", parameter)
    if isinstance(parameter, Categorical | Ordinal):
        return None
    if isinstance(parameter, Int) and parameter.log:
        return Law(f"scipy.stats.loguniform({parameter.low - 0.5}, {parameter.high + 0.5}), rounded", 0.0)
    if parameter.stepped:
        return Law(f"scipy.stats.randint(0, {steps(parameter) + 1}) of its place", 0.0)
    return None
