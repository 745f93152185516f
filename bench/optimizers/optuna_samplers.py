"""Optuna's TPE and CMA-ES: `study.optimize` with define-by-run suggestions in space order."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, TPESampler
from optuna.trial import Trial, TrialState, create_trial

from bench.errors import UserError
from bench.optimizers import Declaration
from bench.space import Categorical, Configuration, Parameter, Space, to_json


class _Study:
    """A study asked and told as `optuna.create_study(sampler=...).optimize(objective, n_trials=N)` does it.

    The objective suggests the active parameters alone. Optuna's integers follow the reference law: it draws between
    low - 1/2 and high + 1/2 (of the logarithm where `log`) and rounds.
    """

    revision = 1
    independent = False

    def __init__(self, space: Space, sampler: type[BaseSampler], settings: dict[str, Any]) -> None:
        for name, least in (("n_startup_trials", 0), ("popsize", 2), ("n_ei_candidates", 1)):
            value = settings.get(name, least)  # the samplers take anything, and fail at some later trial
            if value is not None and (not isinstance(value, int) or value < least):
                raise UserError(f"optimizer.settings.{name}={value!r}: expected a whole number from {least}")
        self._space = space
        self._asked: dict[str, list[Trial]] = {}
        with _quiet():
            try:
                self._study = optuna.create_study(sampler=sampler(**settings))
            except (TypeError, ValueError) as error:
                raise UserError(f"optimizer.settings: {error}") from None

    def ask(self) -> Configuration:
        trial = self._study.ask()
        configuration = self._space.assemble(lambda parameter: _suggest(trial, parameter))
        self._asked.setdefault(to_json(configuration), []).append(trial)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        state = TrialState.FAIL if failed else TrialState.COMPLETE
        value = None if failed else loss
        trials = self._asked.get(to_json(configuration))
        if trials:
            self._study.tell(trials.pop(0), value, state=state)
        else:
            shown = {p.name: _distribution(p) for p in self._space.searched if p.name in configuration}
            values = {name: configuration[name] for name in shown}
            self._study.add_trial(create_trial(state=state, value=value, params=values, distributions=shown))


class TPE(_Study):
    """`optuna.samplers.TPESampler(seed=seed)`; settings are its other arguments.

    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011; S. Watanabe, Tree-Structured Parzen
    Estimator, arXiv:2304.11127, 2023.
    """

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        super().__init__(space, TPESampler, {"seed": seed} | settings)
        self.declared = Declaration(
            fallback=f"random until {settings.get('n_startup_trials', 10)} trials have succeeded; parameters that some "
            "successful trial lacked are modelled one by one instead of together"
        )


class CMAES(_Study):
    """`optuna.samplers.CmaEsSampler(seed=seed)`; settings are its other arguments.

    N. Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772, 2016. The method knows only numbers that every
    trial has; what it cannot model it draws at random, without the warning at every trial.
    """

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        super().__init__(space, CmaEsSampler, {"seed": seed, "warn_independent_sampling": False} | settings)
        never = [p.name for p in space.searched if isinstance(p, Categorical)]
        fallback = f"random until {settings.get('n_startup_trials', 1)} trial has succeeded"
        fallback += f"; always random: {', '.join(never)} (categorical)" if never else ""
        if space.conditional:
            fallback += (
                "; random: parameters that some successful trial lacked, and all parameters from then on where the "
                "first such trial comes after the first generation"
            )
        self.declared = Declaration(
            # An added trial carries no generation, so that it enters no population; it only counts as a start.
            fallback=fallback,
            takes_unasked=False,
        )


def _keywords(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Categorical):
        return {"choices": parameter.choices}
    return {"low": parameter.low, "high": parameter.high, "step": parameter.step, "log": parameter.log}


def _suggest(trial: Trial, parameter: Parameter) -> Any:
    return getattr(trial, f"suggest_{parameter.kind}")(parameter.name, **_keywords(parameter))


def _distribution(parameter: Parameter) -> BaseDistribution:
    kinds: dict[str, type[BaseDistribution]] = {
        "float": FloatDistribution,
        "int": IntDistribution,
        "categorical": CategoricalDistribution,
    }
    return kinds[parameter.kind](**_keywords(parameter))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the message that a study was created and the warning that an argument is experimental."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
