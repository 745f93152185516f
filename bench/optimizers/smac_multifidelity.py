"""SMAC's facades for several fidelities: Hyperband alone, and Hyperband with a random forest."""

from collections.abc import Mapping, Sequence
from typing import Any

import smac
from smac.intensifier import SuccessiveHalving
from smac.intensifier.hyperband_utils import determine_hyperband_for_multifidelity
from smac.runhistory import TrialInfo

from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Proposal
from bench.optimizers.rungs import Rungs
from bench.optimizers.smac_facades import COMPONENTS, LATER, PLANNED, Facade, named
from bench.space import Space

_INTENSIFIERS = ("hyperband", "successive_halving")
_OWN = ("crash_cost", "intensifier")
"""Settings of both facades."""


class _Fidelities(Facade):
    """Asks for what `facade(scenario, f, intensifier=facade.get_intensifier(scenario, eta=eta)).optimize()` does.

    The scenario is `Scenario(configspace, deterministic=True, min_budget=1, max_budget=resources[-1], n_trials=...,
    seed=seed)`. Of `n_trials` the size of an initial design depends: it is what SMAC's own
    `determine_hyperband_for_multifidelity` counts in a budget of full evaluations, every rung paid in full, whichever
    the intensifier. SMAC computes the number of rungs by logarithms and has one too few of some, such as 1 to 243 by
    3; here its `min_budget` is a hair below the lowest resource, which changes nothing else.

    Of several losses a rung is climbed by the configurations of its Pareto front, those in sparse places first; the
    intensifier has `incumbent_selection="highest_budget"`, since with SMAC's default it raises where two of a front
    have reached different fidelities.

    Settings: `intensifier`, `hyperband` or `successive_halving`, which is Hyperband's first bracket over and over;
    `crash_cost`; and, of the facade with a model, the arguments of its components, as for the facades of one fidelity.

    L. Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18, 2018.
    """

    revision = 1
    extendable: bool

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        resources: Sequence[int],
        intensifier: str = "hyperband",
        crash_cost: float | None = None,
        objectives: int = 1,
        **components: Mapping[str, Any],
    ) -> None:
        if intensifier not in _INTENSIFIERS:
            raise UserError(
                f"optimizer.settings.intensifier={intensifier!r}: unknown; {allowed(intensifier, _INTENSIFIERS)}"
            )
        self._rungs: Rungs[TrialInfo | None] = Rungs(resources)
        self._intensifier = intensifier
        trials = PLANNED if budget is None else self._planned(budget)
        low, high = self._rungs.lowest, self._rungs.highest
        super().__init__(
            space,
            crash_cost,
            components,
            seed=seed,
            n_trials=trials,
            min_budget=low,
            max_budget=high,
            objectives=named(objectives),
        )
        of = "no budget being given" if budget is None else f"which Hyperband makes of {budget} full evaluations"
        self.declared = Declaration(
            laws=self._translated.sampled_laws,
            fallback=self._fallback(f"{trials} trials, {of}"),
            takes_unasked=False,
            extendable=self.extendable,
        )

    def _fallback(self, plan: str) -> str:
        """Which proposals are not of the method's own; `plan` is how many trials SMAC is told of."""
        raise NotImplementedError

    def _planned(self, budget: int) -> int:
        rungs = self._rungs
        plan = determine_hyperband_for_multifidelity(budget * rungs.highest, rungs.lowest, rungs.highest, rungs.eta)
        return max(int(plan["n_trials"]), 1)

    def _replaced(self, scenario: smac.Scenario, components: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        make: Any = SuccessiveHalving if self._intensifier == "successive_halving" else self.facade.get_intensifier
        several = {"incumbent_selection": "highest_budget"} if scenario.count_objectives() > 1 else {}
        return super()._replaced(scenario, components) | {"intensifier": make(scenario, eta=self._rungs.eta, **several)}

    def ask(self) -> Proposal:
        if self._smac is None:
            return self._rungs.propose(self._space.canonical({}), self._rungs.highest, None)
        info = self._ask()
        assert info.budget is not None
        return self._rungs.propose(self._translated.decode(info.config), info.budget, info)

    def tell(self, proposal: Proposal, loss: float | Sequence[float], failed: bool = False) -> None:
        info = self._rungs.close(proposal, failed)
        if info is not None:
            self._tell(info, loss, failed)


class Hyperband(_Fidelities):
    """`smac.HyperbandFacade`: random configurations, and no model."""

    facade = smac.HyperbandFacade
    settings = _OWN
    extendable = True

    def _fallback(self, plan: str) -> str:
        return (
            "the default configuration first, of a parameter without default the middle or the first choice; then all "
            "at random; ends where none is new"
        )


class MultiFidelity(_Fidelities):
    """`smac.MultiFidelityFacade`: a random forest and log expected improvement, retrained every 8 configurations.

    The forest is of the highest fidelity that has results. S. Falkner et al., BOHB: Robust and Efficient Hyperparameter
    Optimization at Scale, ICML 2018, which has kernel densities in the place of the forest.
    """

    facade = smac.MultiFidelityFacade
    settings = (*_OWN, *(name for name in COMPONENTS if name != "intensifier"))
    extendable = False

    def _fallback(self, plan: str) -> str:
        return (
            f"a random design of {self._design} first, at most a quarter of {plan}; a first bracket that is larger is "
            f"filled up at random, in part with configurations of the design again; {LATER}"
        )
