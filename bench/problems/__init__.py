"""Problems: evaluate(configuration) -> Evaluation, and the two hashes that say what may be compared and what reused.

`contract` is what a run needs of any problem; `data` is a model on a split dataset; `function` is a function of the
configuration, without data; `building` has the registry of such kinds, and makes a problem from a run's config.
"""

from bench.problems.building import GROUPS, build, check, relevant, shared
from bench.problems.contract import Evaluation, Problem, Recipe
from bench.problems.data import DataProblem
from bench.problems.function import FunctionProblem

__all__ = [
    "GROUPS",
    "DataProblem",
    "Evaluation",
    "FunctionProblem",
    "Problem",
    "Recipe",
    "build",
    "check",
    "relevant",
    "shared",
]
