"""The search space: frozen data in YAML order, and its canonical configurations.

Every other form of a space (Hyperopt's, Optuna's, scikit-optimize's, ...) is translated from this one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from bench.errors import UserError
from bench.space.parameters import Categorical, InvalidConfiguration, Ordinal, Parameter, Value

Configuration = dict[str, Value]
"""One value for each active hyperparameter."""


@dataclass(frozen=True)
class Space:
    """Parameters in YAML order; a conditional one stands after those it rests on."""

    parameters: tuple[Parameter, ...]

    @property
    def searched(self) -> tuple[Parameter, ...]:
        """The parameters with more than one value: what an optimiser's library is shown."""
        return tuple(parameter for parameter in self.parameters if not parameter.constant)

    @property
    def conditional(self) -> bool:
        """Whether some parameter is active only for some values of another."""
        return any(parameter.when for parameter in self.parameters)

    def __getitem__(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def is_active(self, parameter: Parameter, configuration: Mapping[str, Value]) -> bool:
        """Whether `parameter` has a value, given the values of the parameters before it."""
        return all(name in configuration and configuration[name] in values for name, values in parameter.when.items())

    def canonical(self, values: Mapping[str, Any]) -> Configuration:
        """The configuration in its one form: space order, plain Python values, constants filled in.

        Raises `InvalidConfiguration` where a value is missing, unknown, inactive or outside its parameter.
        """
        configuration: Configuration = {}
        for parameter in self.parameters:
            if not self.is_active(parameter, configuration):
                if parameter.name in values:
                    raise InvalidConfiguration(f"{parameter.name}={values[parameter.name]!r}: inactive here")
                continue
            if parameter.name in values:
                configuration[parameter.name] = parameter.cast(values[parameter.name])
            elif parameter.constant:
                configuration[parameter.name] = cast("list[Value]", parameter.values())[0]
            else:
                raise InvalidConfiguration(f"{parameter.name}: no value")
        unknown = [name for name in values if name not in configuration]
        if unknown:
            raise InvalidConfiguration(f"{unknown[0]}: not a parameter of this space")
        return configuration

    def assemble(self, value: Callable[[Parameter], Any]) -> Configuration:
        """The canonical configuration that has `value(parameter)` for each active parameter, asked for in space order.

        Constants are filled in without asking; raises `InvalidConfiguration` where a value is outside its parameter.
        """
        configuration: Configuration = {}
        for parameter in self.parameters:
            if self.is_active(parameter, configuration):
                chosen = parameter.grid(1)[0] if parameter.constant else parameter.cast(value(parameter))
                configuration[parameter.name] = chosen
        return configuration

    def sample(self, rng: np.random.Generator) -> Configuration:
        """One configuration by the reference distribution: each active parameter in turn, independently."""
        return self.assemble(lambda parameter: parameter.sample(rng))

    def default(self) -> Configuration:
        """The configuration of the parameters' defaults; raises `UserError` naming the first that has none."""
        configuration: Configuration = {}
        for parameter in self.parameters:
            if self.is_active(parameter, configuration):
                if not parameter.has_default and not parameter.constant:
                    raise UserError(f"space.{parameter.name}: has no default; add 'default: ...'")
                configuration[parameter.name] = parameter.default if parameter.has_default else parameter.grid(1)[0]
        return configuration

    def describe(self) -> list[dict[str, Any]]:
        """The space as plain data, in order, for hashes and metadata."""
        return [_describe(parameter) for parameter in self.parameters]


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_json(configuration: Mapping[str, Value]) -> str:
    """Canonical JSON of a canonical configuration: its order, no blanks, shortest round-trip floats."""
    return _ENCODER.encode(configuration)


def _describe(parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": parameter.name, "type": parameter.kind}
    if isinstance(parameter, Categorical | Ordinal):
        entry["choices"] = list(parameter.choices)
    else:
        entry |= {"low": parameter.low, "high": parameter.high, "log": parameter.log}
        if parameter.step not in (None, 1):
            entry["step"] = parameter.step
        if parameter.scale == "logit":
            entry["scale"] = "logit"
    if parameter.when:
        entry["when"] = {name: list(values) for name, values in parameter.when.items()}
    return entry
