"""Problems: evaluate(configuration) -> Evaluation, and the two hashes that say what may be compared and what reused.

`contract` is what a run needs of any problem; `data` is a model on a split dataset; `function` is a function of the
configuration, without data; `building` makes the one or the other from a run's config.
"""

from bench.problems.building import GROUPS, build, check, relevant, shared
from bench.problems.contract import Evaluation, Problem, Recipe

__all__ = [
    "GROUPS",
    "Evaluation",
    "Problem",
    "Recipe",
    "build",
    "check",
    "relevant",
    "shared",
]
