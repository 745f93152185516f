"""Optuna's genetic algorithms for several losses: NSGA-II and NSGA-III."""

from collections.abc import Sequence
from typing import Any

from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler
from optuna.trial import TrialState

from bench.optimizers import Declaration
from bench.optimizers.optuna_samplers import Study, laws
from bench.space import Configuration, Space

_POPULATION = 50
"""Of both samplers, by default."""


class _Genetic(Study):
    """Generations of `population_size` successful trials, the parents of each selected from the one before.

    Generations are blind to workers: what is asked before a generation has succeeded belongs to it. A configuration
    that was not asked for becomes a member of the generation at hand, as one that `study.enqueue_trial` gave.
    """

    sampler: type[BaseSampler]

    def __init__(self, space: Space, seed: int, budget: int | None, objectives: int = 1, **settings: Any) -> None:
        super().__init__(space, self.sampler, {"seed": seed} | settings, objectives=objectives)
        size = settings.get("population_size", _POPULATION)
        fallback = f"random until {size} trials have succeeded, the first generation; later a parameter that mutates"
        if space.conditional:
            fallback += ", and parameters that some successful trial lacked"
        self.declared = Declaration(laws=laws(space), fallback=fallback)

    def _add(self, configuration: Configuration, values: Sequence[float] | None, state: TrialState) -> None:
        self.study.enqueue_trial(self.shown(configuration))
        trial = self.study.ask()
        self._suggested(trial)
        self.study.tell(trial, values, state=state)


class NSGA2(_Genetic):
    """`optuna.samplers.NSGAIISampler(seed=seed)`; settings are its other arguments, such as `population_size`.

    Parents survive by rank of non-domination and by crowding distance.

    K. Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on Evolutionary
    Computation 6, 2002.
    """

    sampler = NSGAIISampler


class NSGA3(_Genetic):
    """`optuna.samplers.NSGAIIISampler(seed=seed)`; settings are its other arguments, such as `population_size`.

    Parents survive by rank of non-domination and by the nearest of reference points spread over the simplex.

    K. Deb and H. Jain, An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based Nondominated
    Sorting Approach, Part I, IEEE Transactions on Evolutionary Computation 18, 2014.
    """

    sampler = NSGAIIISampler
