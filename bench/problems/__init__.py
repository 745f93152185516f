"""Problems: evaluate(configuration) -> Evaluation, and the two hashes that say what may be compared and what reused.

`contract` is what a run needs of any problem. `building` has the registry of their kinds, and makes one from a run's
config: `trained` is a model on a split dataset (`data`), `function` a function of the configuration, without data.
"""

from bench.problems.building import GROUPS, OPTIONAL, build, check, groups_of, losses_of, relevant, shared, stored
from bench.problems.contract import AtRung, Evaluation, Problem, Recipe, at_rung
from bench.problems.objectives import are_losses

__all__ = [
    "GROUPS",
    "OPTIONAL",
    "AtRung",
    "Evaluation",
    "Problem",
    "Recipe",
    "are_losses",
    "at_rung",
    "build",
    "check",
    "groups_of",
    "losses_of",
    "relevant",
    "shared",
    "stored",
]
