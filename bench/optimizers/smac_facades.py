"""SMAC: the facades for hyperparameters (random forest) and for black boxes (Gaussian process)."""

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import smac
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.runhistory import StatusType, TrialInfo, TrialValue
from smac.runhistory.encoder.log_scaled_encoder import RunHistoryLogScaledEncoder
from smac.utils.configspace import convert_configurations_to_array

from bench.checks import whole
from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Exhausted
from bench.optimizers.config_space import translate
from bench.optimizers.surrogates import Surrogate
from bench.space import Configuration, Space, to_json

COMPONENTS = (
    "model",
    "acquisition_function",
    "acquisition_maximizer",
    "initial_design",
    "random_design",
    "intensifier",
    "multi_objective_algorithm",
    "runhistory_encoder",
    "config_selector",
)
PLANNED = 10_000
"""The number of trials that SMAC is told where the budget is none: its initial design is then as large as it may be."""

_SHORT = {"Expected Improvement": "EI"}
"""What the field calls SMAC's acquisition functions in short."""

LATER = "later some proposals at random, and all where none is new; ends where none of these is new either"
"""How a facade with a model goes on after its initial design, in the declaration's words."""


class Facade:
    """One of SMAC's facades, made for a space and asked and told as it is, without the files that it writes.

    SMAC keeps the points from which it searches in a set of configurations, whose order Python salts in each process,
    so that its own sequences come again only under one PYTHONHASHSEED: here they are sorted. This and two other
    differences are declared in docs/faithful.md, with their size. A failed trial is told as
    crashed, with the loss given in place of the cost; in SMAC's own loop the cost is one for all,
    `Scenario(crash_cost=...)`, by default infinite, with which its models raise.

    Of several losses the model is fitted to one number for each trial, which the facade's multi-objective algorithm
    makes of them, scaled to the range of each so far: by default their mean.

    M. Lindauer et al., SMAC3: A Versatile Bayesian Optimization Package for Hyperparameter Optimization, JMLR 23, 2022.
    """

    independent = False
    libraries = ("smac", "ConfigSpace", "scikit-learn", "numpy", "scipy")
    facade: type[smac.facade.AbstractFacade]
    settings: tuple[str, ...] = ("crash_cost", *COMPONENTS)
    """What a config may set: `COMPONENTS` by the arguments of their `get_...`."""

    def __init__(
        self, space: Space, crash_cost: float | None, components: Mapping[str, Mapping[str, Any]], **scenario: Any
    ) -> None:
        """With those of `components` that differ from the facade's own, and the arguments of its `Scenario`."""
        for name in components:
            if name not in self.settings:
                raise UserError(f"optimizer.settings.{name}: unknown; {allowed(name, self.settings)}")
        self._space = space
        self._crash_cost = crash_cost
        self._translated = translate(space)
        self._smac: Any = None
        """None where the space is of constants, which leaves nothing to show."""
        self._design = 0
        """How many configurations it begins with."""
        if self._translated.names:
            self._smac = self._make(components, scenario)
            self._design = self._smac._initial_design._n_configs  # noqa: SLF001 (SMAC tells it only to its log)

    def _make(self, components: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> Any:
        with _quiet(), tempfile.TemporaryDirectory() as folder:  # written to when the facade is made, and by no tell
            scenario = smac.Scenario(
                self._translated.native, deterministic=True, output_directory=Path(folder), **arguments
            )
            try:
                facade = self.facade(
                    scenario, logging_level=False, overwrite=True, **self._replaced(scenario, components)
                )
            except (TypeError, ValueError) as error:
                raise UserError(f"optimizer.settings: {error}") from None
            sort_start_points(facade)
        return facade

    def _replaced(self, scenario: smac.Scenario, components: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The components in place of the facade's own."""
        return {name: getattr(self.facade, f"get_{name}")(scenario, **given) for name, given in components.items()}

    def _ask(self) -> TrialInfo:
        try:
            with _quiet():
                info: TrialInfo = self._smac.ask()
        except (ConfigurationSpaceExhaustedException, StopIteration):
            raise Exhausted("SMAC found no configuration that it had not proposed") from None
        return info

    def _tell(self, info: TrialInfo, loss: float | Sequence[float], failed: bool) -> None:
        cost = list(loss) if isinstance(loss, Sequence) else loss
        if failed and self._crash_cost is not None:
            cost = [self._crash_cost] * len(cost) if isinstance(cost, list) else self._crash_cost
        value = TrialValue(cost, status=StatusType.CRASHED if failed else StatusType.SUCCESS)
        with _quiet():
            self._smac.tell(info, value, save=False)


class _OneFidelity(Facade):
    """Asks for what `facade(Scenario(configspace, deterministic=True, n_trials=budget, seed=seed), f).optimize()` does.

    Settings: `crash_cost`, the cost of every failed trial; and for any of the facade's components (model,
    acquisition_function, acquisition_maximizer, initial_design, random_design, intensifier, multi_objective_algorithm,
    runhistory_encoder, config_selector) the arguments of its `get_...`, such as `initial_design: {n_configs: 10}`.
    """

    revision = 2

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        crash_cost: float | None = None,
        objectives: int = 1,
        **components: Mapping[str, Any],
    ) -> None:
        super().__init__(
            space,
            crash_cost,
            components,
            seed=seed,
            n_trials=PLANNED if budget is None else budget,
            objectives=named(objectives),
        )
        self._objectives = objectives
        self._asked: dict[str, list[TrialInfo]] = {}
        self._begun = False
        self._last: TrialInfo | None = None
        plan = f"{PLANNED} trials, no budget being given" if budget is None else f"{budget} trials"
        self.declared = Declaration(
            laws=self._translated.laws,
            fallback=f"a Sobol design of {self._design} first, at most a quarter of {plan}; {LATER}",
            extendable=False,
        )

    def ask(self) -> Configuration:
        if self._smac is None:
            return self._space.canonical({})
        self._begun = True
        info = self._last = self._ask()
        configuration = self._translated.decode(info.config)
        self._asked.setdefault(to_json(configuration), []).append(info)
        return configuration

    def tell(self, configuration: Configuration, loss: float | Sequence[float], failed: bool = False) -> None:
        if self._smac is None:
            return
        configuration = self._space.canonical(configuration)
        infos = self._asked.get(to_json(configuration))
        self._tell(infos.pop(0) if infos else self._unasked(configuration), loss, failed)

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """What its model predicts, of one loss, and its acquisition function, as the facade holds both.

        It is the model of the last retraining: several proposals are taken from it, the next best in turn.
        """
        if self._last is None or str(self._last.config.origin).startswith("Initial") or self._objectives > 1:
            return None
        own = self._smac._acquisition_function  # noqa: SLF001 - no public name, as below
        if own.model is None:
            return None
        shown = [self._translated.encode(point) for point in points]
        with _quiet():
            mean, variance = own.model.predict_marginalized(convert_configurations_to_array(shown))
            values = own(shown)
        name = _SHORT.get(own.name, own.name)
        chosen = name if str(self._last.config.origin).startswith("Acquisition") else ""
        return Surrogate(
            curves={"mean": mean.ravel(), "std": np.sqrt(variance).ravel(), name: values.ravel()},
            proposals={name: self._translated.decode(self._last.config)} if chosen else {},
            chosen=chosen,
            **self._scaled(),
        )

    def _scaled(self) -> dict[str, Any]:
        """The scale of what the model is fitted to, and that of each trial that it has been fitted to."""
        encoder = self._smac._runhistory_encoder  # noqa: SLF001 - no public name, as below
        if not isinstance(encoder, RunHistoryLogScaledEncoder):
            return {}
        history, fitted = self._smac.runhistory, self._smac._config_selector._previous_entries  # noqa: SLF001
        told = [(history.get_config(key.config_id), value.cost) for key, value in history.items()][:fitted]
        targets = encoder.transform_response_values(np.array([[cost] for _, cost in told])).ravel().tolist()
        configurations = [self._translated.decode(native) for native, _ in told]
        return {"scale": "scaled log loss", "targets": list(zip(configurations, targets, strict=True))}

    def _unasked(self, configuration: Configuration) -> TrialInfo:
        """The trial of a configuration that SMAC did not ask for, with the one seed of a deterministic scenario.

        Before its first ask SMAC has not drawn that seed, and takes over the one that it is told with, as in the
        warm start of its documentation.
        """
        native = self._translated.encode(configuration)
        if not self._begun:
            return TrialInfo(native, seed=0)
        trials: list[TrialInfo] = self._smac.intensifier.get_trials_of_interest(native)
        return trials[0]


class RandomForest(_OneFidelity):
    """`smac.HyperparameterOptimizationFacade`: a random forest, log expected improvement, retrained every 8 trials."""

    facade = smac.HyperparameterOptimizationFacade


class GaussianProcess(_OneFidelity):
    """`smac.BlackBoxFacade`: a Gaussian process, expected improvement, retrained every trial."""

    facade = smac.BlackBoxFacade


def named(objectives: int) -> str | list[str]:
    """The `objectives` of a scenario: the name of its one cost, or those of several."""
    return "cost" if whole("objectives", objectives, 1) == 1 else [f"cost_{i}" for i in range(objectives)]


def sort_start_points(facade: Any) -> None:
    """Have the local search of a facade, if any, begin in the order of its points, not of a set's salted hashes."""
    search = getattr(facade._acquisition_maximizer, "_local_search", None)  # noqa: SLF001
    if search is None:
        return
    points = search._get_init_points_from_previous_configs  # noqa: SLF001
    search._get_init_points_from_previous_configs = lambda *arguments: sorted(  # noqa: SLF001
        points(*arguments), key=lambda configuration: configuration.get_array().tobytes()
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what SMAC says at every step, and what its models warn of."""
    logger = logging.getLogger("smac")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
