"""Optuna's TPE, CMA-ES and quasi-Monte Carlo: `study.optimize` with define-by-run suggestions in space order."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, CmaEsSampler, QMCSampler, TPESampler
from optuna.trial import FixedTrial, Trial, TrialState, create_trial

from bench.checks import whole
from bench.errors import UserError
from bench.optimizers import Declaration, Law, Told, inactive, optuna_models
from bench.optimizers.expressions import of_logit
from bench.optimizers.surrogates import Surrogate
from bench.space import Categorical, Configuration, Float, Ordinal, Parameter, Space, to_json

_LEAST = {"n_startup_trials": 0, "popsize": 2, "n_ei_candidates": 1, "population_size": 2, "dividing_parameter": 1}
"""Of settings of which the samplers take anything, and fail at some later trial."""


class Study:
    """A study asked and told as `optuna.create_study(sampler=...).optimize(objective, n_trials=N)` does it.

    The objective suggests the active parameters alone. Optuna's integers follow the reference distribution: it draws
    between low - 1/2 and high + 1/2 (of the logarithm where `log`) and rounds. It has no ordinals and no logit scale:
    of the one the place is suggested, of the other the logit. Of several losses each is a direction of the study,
    minimised.
    """

    revision = 1
    independent = False
    libraries: tuple[str, ...] = ("optuna", "numpy")

    def __init__(
        self,
        space: Space,
        sampler: type[BaseSampler],
        settings: dict[str, Any],
        pruner: BasePruner | None = None,
        name: str | None = None,
        objectives: int = 1,
    ) -> None:
        """`name` is the study's, None for one that Optuna draws at random."""
        for setting, least in _LEAST.items():
            value = settings.get(setting, least)
            if value is not None:
                whole(f"optimizer.settings.{setting}", value, least)
        self._space = space
        self._asked: dict[str, list[Trial]] = {}
        with quiet():
            try:
                self.study = optuna.create_study(
                    sampler=sampler(**settings),
                    pruner=pruner,
                    study_name=name,
                    directions=["minimize"] * whole("objectives", objectives, 1),
                )
            except (TypeError, ValueError) as error:
                raise UserError(f"optimizer.settings: {error}") from None

    every = False
    """Whether the objective suggests inactive parameters too."""

    def begin(self) -> tuple[Trial, Configuration]:
        """A new trial of the study, which is to be told of, and what was suggested in it."""
        trial = self.study.ask()
        return trial, self._suggested(trial)

    def ask(self) -> Configuration:
        trial, configuration = self.begin()
        self._asked.setdefault(to_json(configuration), []).append(trial)
        return configuration

    def _suggested(self, trial: Trial) -> Configuration:
        """What the objective suggests in a trial."""
        if self.every:
            values = {p.name: _suggested(trial, p) for p in self._space.searched}
            return self._space.assemble(lambda parameter: values[parameter.name])
        return self._space.assemble(lambda parameter: _suggested(trial, parameter))

    def tell(self, configuration: Configuration, loss: float | Sequence[float], failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        state = TrialState.FAIL if failed else TrialState.COMPLETE
        values = None if failed else loss if isinstance(loss, Sequence) else [loss]
        trials = self._asked.get(to_json(configuration))
        if trials:
            self.study.tell(trials.pop(0), values, state=state)
        else:
            self._add(configuration, values, state)

    def _add(self, configuration: Configuration, values: Sequence[float] | None, state: TrialState) -> None:
        """A trial of the study for a configuration that was not asked for."""
        params = self.shown(configuration)
        distributions = {p.name: _distribution(p) for p in self._space.searched if p.name in params}
        self.study.add_trial(create_trial(state=state, values=values, params=params, distributions=distributions))

    def shown(self, configuration: Configuration) -> dict[str, Any]:
        """What is suggested for a configuration."""
        values = inactive.complete(self._space, configuration)
        return {n: _shown(self._space[n], v) for n, v in values.items() if self.every or n in configuration}


class TPE(Study):
    """`optuna.samplers.TPESampler(seed=seed)`; settings are its other arguments.

    By default Optuna 5 models the parameters that all successful trials have together, the others one by one; with
    `multivariate: true` and `group: true` each group of parameters that come and go together (after S. Falkner et al.,
    BOHB, ICML 2018, as Optuna's documentation says). Without conditions there is one group, and both are the
    same. Of several losses the good trials are the first fronts, weighted by their contribution to the hypervolume.

    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011; S. Watanabe, Tree-Structured Parzen
    Estimator, arXiv:2304.11127, 2023. Of several losses: Y. Ozaki et al., Multiobjective Tree-Structured Parzen
    Estimator, JAIR 73, 2022.
    """

    libraries = ("optuna", "numpy", "scipy")

    def __init__(self, space: Space, seed: int, budget: int | None, objectives: int = 1, **settings: Any) -> None:
        super().__init__(space, TPESampler, {"seed": seed} | settings, objectives=objectives)
        apart = (
            "parameters that no successful trial had before are random"
            if settings.get("group")
            else "parameters that some successful trial lacked are modelled one by one instead of together"
        )
        start = f"random until {settings.get('n_startup_trials', 10)} trials have succeeded"
        self.declared = Declaration(laws=laws(space), fallback=f"{start}; {apart}")

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """Both densities over the parameters that it models together: see `optuna_models.densities`."""
        return optuna_models.densities(self.study, [self.shown(point) for point in points], self._configuration)

    def _configuration(self, params: Mapping[str, Any]) -> Configuration:
        return self._space.assemble(lambda parameter: _suggested(FixedTrial(dict(params)), parameter))


class CMAES(Study):
    """`optuna.samplers.CmaEsSampler(seed=seed)`; settings are its other arguments, such as `with_margin: true`.

    The method knows only numbers that every trial has; what it cannot model it draws at random, without the warning at
    every trial. With margin it fails where the parameters change from trial to trial, and so suggests them all, active
    or not. Of a shared initial design the best configuration becomes `x0`, where the search starts. Restarts
    (`restart_strategy`) have been without effect since Optuna 4.4; `cmaes_restarts` has them.

    N. Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772, 2016; with margin, by which whole numbers do
    not get stuck: R. Hamano et al., CMA-ES with Margin, GECCO 2022.
    """

    libraries = ("optuna", "cmaes", "numpy")

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        self._settings: dict[str, Any] = {"seed": seed, "warn_independent_sampling": False} | settings
        if settings.get("restart_strategy") is not None:
            raise UserError("optimizer.settings.restart_strategy: without effect in Optuna 5; use optimizer=cmaes_ipop")
        super().__init__(space, CmaEsSampler, self._settings)
        self.every = bool(settings.get("with_margin")) and space.conditional
        never = [p.name for p in space.searched if isinstance(p, Categorical)]
        fallback = f"random until {settings.get('n_startup_trials', 1)} trial has succeeded"
        fallback += f"; always random: {', '.join(never)} (categorical)" if never else ""
        if space.conditional and not self.every:
            fallback += (
                "; random: parameters that some successful trial lacked, and all parameters from then on where the "
                "first such trial comes after the first generation"
            )
        self.declared = Declaration(
            laws=laws(space),
            inactive=inactive.SHOWN if self.every else "absent",
            fallback=fallback,
            # An added trial carries no generation, so that it enters no population; it only counts as a start.
            takes_unasked=False,
        )

    def start(self, results: Sequence[Told]) -> None:
        """Begin at the best of `results`, each of which becomes a trial of the study."""
        succeeded = [result for result in results if not result.failed]
        if succeeded:
            x0 = self.shown(self._space.canonical(min(succeeded, key=lambda result: result.loss).configuration))
            with quiet():
                self.study.sampler = CmaEsSampler(**{"x0": x0, **self._settings})
        for result in results:
            self.tell(*result)

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """The distribution that the last proposal was drawn from: see `optuna_models.normal`."""
        return optuna_models.normal(self.study, [self.shown(point) for point in points])


class QMC(Study):
    """`optuna.samplers.QMCSampler(seed=seed)`; settings are its other arguments.

    Points of a low-discrepancy sequence, whatever the losses are: with `scramble: true` a Sobol sequence scrambled by
    the seed, without it the same sequence for every seed but for its first trial.

    J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012; A. B. Owen, Scrambling
    Sobol' and Niederreiter-Xing Points, Journal of Complexity 14, 1998.
    """

    libraries = ("optuna", "numpy", "scipy")

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        super().__init__(space, QMCSampler, {"seed": seed, "warn_independent_sampling": False} | settings)
        fallback = "random: all trials until one has succeeded"
        if space.conditional:
            fallback += (
                ", and the parameters that the first successful trial lacked; of those it had, the sequence gives "
            )
            fallback += "values whether they are active or not"
        self.declared = Declaration(laws=laws(space), fallback=fallback)


def laws(space: Space) -> dict[str, Law]:
    """The expressions of what Optuna has no kind of; all its draws follow the reference distribution."""
    declared = {}
    for parameter in space.searched:
        if isinstance(parameter, Ordinal):
            declared[parameter.name] = Law(f"suggest_int({parameter.low}, {parameter.high}) of its place", 0.0)
        elif isinstance(parameter, Float) and parameter.logit:
            declared[parameter.name] = of_logit("suggest_float", parameter)
    return declared


def _keywords(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Categorical):
        return {"choices": parameter.choices}
    low, high = parameter.ends if isinstance(parameter, Float) and parameter.logit else (parameter.low, parameter.high)
    return {"low": low, "high": high, "step": parameter.step, "log": parameter.log}


def _suggested(trial: Trial | FixedTrial, parameter: Parameter) -> Any:
    """The value that is suggested for a parameter: by its place or its logit where Optuna has no such kind."""
    kind = "int" if isinstance(parameter, Ordinal) else parameter.kind
    value = getattr(trial, f"suggest_{kind}")(parameter.name, **_keywords(parameter))
    if isinstance(parameter, Ordinal):
        return parameter.at(value)
    return parameter.from_scale(value) if isinstance(parameter, Float) and parameter.logit else value


def _shown(parameter: Parameter, value: Any) -> Any:
    """What Optuna would have suggested to give `value`."""
    if isinstance(parameter, Ordinal):
        return parameter.place(value)
    return parameter.on_scale(value) if isinstance(parameter, Float) and parameter.logit else value


def _distribution(parameter: Parameter) -> BaseDistribution:
    kinds: dict[str, type[BaseDistribution]] = {
        "float": FloatDistribution,
        "int": IntDistribution,
        "categorical": CategoricalDistribution,
        "ordinal": IntDistribution,
    }
    return kinds[parameter.kind](**_keywords(parameter))


@contextmanager
def quiet() -> Iterator[None]:
    """Without the message that a study was created and warnings that an argument is experimental or will be removed."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.filterwarnings("ignore", "`x0` has been deprecated", FutureWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
