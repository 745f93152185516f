"""Ax, the platform for adaptive experimentation, asked and told through its client: the extra `ax`."""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch

from bench.optimizers import Declaration, Exhausted, inactive
from bench.optimizers.expressions import of_logit
from bench.space import Categorical, Configuration, Float, Ordinal, Parameter, Space, Value, steps, to_json


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Ax's log and its warnings, and in one thread of PyTorch."""
    disabled, threads = logging.root.manager.disable, torch.get_num_threads()
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)
        logging.disable(disabled)


with _quiet():  # Ax reports when it is imported
    api: Any = import_module("ax.api.client")
    configs: Any = import_module("ax.api.configs")
    core: Any = import_module("ax.exceptions.core")


class Ax:
    """The loop of Ax's quickstart:

        client = Client(random_seed=seed)
        client.configure_experiment(parameters)
        client.configure_optimization("-loss")
        ... for each trial:
        (index, values), = client.get_next_trials(max_trials=1).items()
        client.complete_trial(index, {"loss": loss})       # or client.mark_trial_abandoned(index)

    Ax chooses the method by the space: its centre, then a Sobol sequence until five trials are complete, then BoTorch's
    Gaussian process with log expected improvement. It asks for no point twice where it can, and for no centre after
    results that it did not ask for. Its client seeds the global random states for each trial and restores them. A
    failure is told as an abandoned trial: a failed one it would ask for again, as one that may do better next time.

    Floats and whole numbers are range parameters, with `scaling="log"` where the space has it; a number with steps is
    the range of its places, an ordinal the ordered choice of its places, a number on a logit scale the range of its
    logit; choices are their indices as text. The distribution of whole numbers is the reference but for 1e-5 at the
    ends. Ax knows conditions below choices alone: it is shown every parameter as active.

    M. Olson et al., Ax: A Platform for Adaptive Experimentation, AutoML 2025.
    """

    revision = 1
    independent = False
    libraries = ("ax-platform", "botorch", "gpytorch", "linear-operator", "torch", "numpy", "scipy", "pandas")

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        self._space, self._shown = space, space.searched
        self._indices: dict[str, list[int]] = {}
        self._tried: set[tuple[Any, ...]] = set()
        values = [p.values() for p in self._shown]
        self._points = math.inf if None in values else math.prod(len(listed or ()) for listed in values)
        logits = [p for p in self._shown if isinstance(p, Float) and p.logit]
        self.declared = Declaration(
            laws={p.name: of_logit("range", p) for p in logits},
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback="the centre of the space, and a scrambled Sobol sequence until five trials have not failed",
        )
        with _quiet():
            self._client = api.Client(random_seed=seed)
            if self._shown:
                self._client.configure_experiment(parameters=[_described(p) for p in self._shown])
                self._client.configure_optimization(objective="-loss")

    def ask(self) -> Configuration:
        if not self._shown:
            return self._space.canonical({})
        if len(self._tried) == self._points:  # which Ax may search for minutes for another one
            raise Exhausted("Ax proposes no point twice")
        with _quiet():
            try:
                ((index, proposed),) = self._client.get_next_trials(max_trials=1).items()
            except core.SearchSpaceExhausted as error:
                raise Exhausted(str(error)) from error
        self._tried.add(tuple(proposed[p.name] for p in self._shown))
        configuration = self._space.assemble(lambda p: _value(p, proposed[p.name]))
        self._indices.setdefault(to_json(configuration), []).append(index)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        if not self._shown:
            return
        configuration = self._space.canonical(configuration)
        indices = self._indices.get(to_json(configuration))
        with _quiet():
            if indices:
                index = indices.pop(0)
            else:
                values = {p.name: _parameter(p, inactive.value(p, configuration)) for p in self._shown}
                index = self._client.attach_trial(parameters=values)
                self._tried.add(tuple(values.values()))
            if failed:
                self._client.mark_trial_abandoned(index)
            else:
                self._client.complete_trial(index, {"loss": loss})


def _described(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        indices = [str(index) for index in range(len(parameter.choices))]
        return configs.ChoiceParameterConfig(name=parameter.name, values=indices, parameter_type="str")
    if isinstance(parameter, Ordinal):
        places = list(range(len(parameter.choices)))
        return configs.ChoiceParameterConfig(name=parameter.name, values=places, parameter_type="int", is_ordered=True)
    if isinstance(parameter, Float) and parameter.logit:
        return configs.RangeParameterConfig(name=parameter.name, bounds=parameter.ends, parameter_type="float")
    if parameter.stepped:
        return configs.RangeParameterConfig(name=parameter.name, bounds=(0, steps(parameter)), parameter_type="int")
    return configs.RangeParameterConfig(
        name=parameter.name,
        bounds=(parameter.low, parameter.high),
        parameter_type=parameter.kind,
        scaling="log" if parameter.log else "linear",
    )


def _value(parameter: Parameter, given: Any) -> Value:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(given)]
    if parameter.stepped:
        return parameter.at(int(given))
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.from_scale(given)
    number: int | float = min(max(given, parameter.low), parameter.high)
    return number


def _parameter(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return str(parameter.choices.index(value))
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.on_scale(value)
    return parameter.place(value) if parameter.stepped else value
