"""SMAC's ParEGO: the facade for hyperparameters with weights of several losses that change with each model."""

from typing import Any

from smac import HyperparameterOptimizationFacade, Scenario
from smac.multi_objective.parego import ParEGO as Algorithm

from bench.optimizers.smac_facades import RandomForest


class _Facade(HyperparameterOptimizationFacade):
    @staticmethod
    def get_multi_objective_algorithm(  # type: ignore[override]
        scenario: Scenario, **arguments: Any
    ) -> Algorithm:
        return Algorithm(scenario, **arguments)


class ParEGO(RandomForest):
    """`smac.HyperparameterOptimizationFacade(scenario, f, multi_objective_algorithm=ParEGO(scenario))`.

    Each time that the random forest is fitted, weights of the losses are drawn; it is fitted to the augmented
    Tchebycheff norm of the losses so weighted. Of one loss there is nothing to weigh: it is the facade as it is.

    Setting beside those of `RandomForest`: `multi_objective_algorithm: {rho: 0.05}`, the weight of the sum beside the
    maximum.

    J. Knowles, ParEGO: A Hybrid Algorithm with On-Line Landscape Approximation for Expensive Multiobjective
    Optimization Problems, IEEE Transactions on Evolutionary Computation 10, 2006.
    """

    facade = _Facade
