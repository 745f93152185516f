"""The search space: frozen data in YAML order, its canonical configurations and its reference law.

Every other form of a space (Hyperopt's, Optuna's, scikit-optimize's, ...) is translated from this one.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError

Value = int | float | str | bool | None
Configuration = dict[str, Value]
"""One value for each active hyperparameter."""


class InvalidConfiguration(ValueError):
    """A configuration that is not a point of the space: the message names the parameter, the value and the law."""


@dataclass(frozen=True)
class Float:
    """A real number in [low, high]; uniform, uniform in its logarithm, or uniform over low, low + step, ..., high."""

    kind: ClassVar[str] = "float"
    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    levels: int | None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        return self.low == self.high

    @property
    def stepped(self) -> bool:
        """Whether its values are places: what `at` and `place` translate."""
        return self.step is not None

    def at(self, place: int) -> float:
        """The value at a place 0..`steps`."""
        # In decimal, so that the third of 0.1, 0.2, 0.3 is 0.3 and not 0.30000000000000004.
        return float(Decimal(repr(self.low)) + place * Decimal(repr(self.step)))

    def place(self, value: float) -> int:
        assert self.step is not None
        return round((value - self.low) / self.step)

    def values(self) -> list[Value] | None:
        """All values in ascending order, or None where they are a continuum."""
        if self.constant:
            return [self.low]
        return None if self.step is None else [self.at(i) for i in range(steps(self) + 1)]

    def probabilities(self) -> NDArray[np.float64] | None:
        """The reference law over `values()`, or None where they are a continuum."""
        return _uniform(self.values())

    def sample(self, rng: np.random.Generator) -> float:
        if self.constant:
            return self.low
        if self.step is not None:
            return self.at(int(rng.integers(steps(self) + 1)))
        if self.log:
            value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
            return min(max(value, self.low), self.high)
        return float(rng.uniform(self.low, self.high))

    def grid(self, levels: int) -> list[Value]:
        """`levels` values, evenly spaced on the parameter's scale, ends included."""
        if self.constant:
            return [self.low]
        if self.step is not None:
            return [self.at(index) for index in _spread(range(steps(self) + 1), levels)]
        if levels == 1:
            return [math.sqrt(self.low) * math.sqrt(self.high) if self.log else (self.low + self.high) / 2]
        points = (np.geomspace if self.log else np.linspace)(self.low, self.high, levels)
        return [self.low, *(float(point) for point in points[1:-1]), self.high]

    def cast(self, value: Any) -> float:
        number = _number(self, value)
        slack = 1e-9 * max(abs(self.low), abs(self.high))  # a library's exp(log(high)) may pass high by a few bits
        if not self.low - slack <= number <= self.high + slack:
            raise _outside(self, value)
        if self.step is None:
            return min(max(number, self.low), self.high)
        index = self.place(number)
        if not 0 <= index <= steps(self) or abs(self.at(index) - number) > 1e-6 * self.step:
            raise InvalidConfiguration(f"{self.name}={value!r}: not one of {self.low}, {self.low} + {self.step}, ...")
        return self.at(index)


@dataclass(frozen=True)
class Int:
    """An integer in low..high; where `step` is given, of low, low + step, ..., high.

    Reference law: the density (of k, or of log k where `log`) integrated over [k - 1/2, k + 1/2], so that P(k) is
    uniform, or proportional to log((k + 1/2) / (k - 1/2)); uniform over the steps where `step`.
    """

    kind: ClassVar[str] = "int"
    name: str
    low: int
    high: int
    log: bool = False
    step: int = 1
    default: int | None = None
    levels: int | None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        return self.low == self.high

    @property
    def stepped(self) -> bool:
        """Whether its values are places other than low, low + 1, ...: what `at` and `place` translate."""
        return self.step != 1

    def at(self, place: int) -> int:
        """The value at a place 0..`steps`."""
        return self.low + place * self.step

    def place(self, value: int) -> int:
        return (value - self.low) // self.step

    def values(self) -> list[Value]:
        return list(range(self.low, self.high + 1, self.step))

    def probabilities(self) -> NDArray[np.float64]:
        if not self.log:
            return cast("NDArray[np.float64]", _uniform(self.values()))
        k = np.arange(self.low, self.high + 1, dtype=np.float64)
        return np.log((k + 0.5) / (k - 0.5)) / math.log((self.high + 0.5) / (self.low - 0.5))

    def sample(self, rng: np.random.Generator) -> int:
        if self.constant:
            return self.low
        if self.log:
            value = math.floor(math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))) + 0.5)
            return min(max(value, self.low), self.high)
        return self.at(int(rng.integers(steps(self) + 1)))

    def grid(self, levels: int) -> list[Value]:
        """At most `levels` integers, evenly spaced on the parameter's scale, ends included."""
        if self.log and levels > 1:
            points = np.geomspace(self.low, self.high, levels)
            return list(dict.fromkeys(round(point) for point in points))
        if self.log:
            return [round(math.sqrt(self.low * self.high))]
        return list(_spread(range(self.low, self.high + 1, self.step), levels))

    def cast(self, value: Any) -> int:
        number = _number(self, value)
        whole = int(number)
        if whole != number or not self.low <= whole <= self.high or (whole - self.low) % self.step:
            raise _outside(self, value)
        return whole


@dataclass(frozen=True)
class Categorical:
    """One of a few values without an order; uniform over them."""

    kind: ClassVar[str] = "categorical"
    name: str
    choices: tuple[Value, ...]
    default: Value = None
    has_default: bool = False
    levels: None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        return len(self.choices) == 1

    def values(self) -> list[Value]:
        return list(self.choices)

    def probabilities(self) -> NDArray[np.float64]:
        return cast("NDArray[np.float64]", _uniform(self.choices))

    def sample(self, rng: np.random.Generator) -> Value:
        return self.choices[0] if self.constant else self.choices[int(rng.integers(len(self.choices)))]

    def grid(self, levels: int) -> list[Value]:
        """Every choice, whatever `levels` says."""
        return list(self.choices)

    def cast(self, value: Any) -> Value:
        if isinstance(value, np.generic):
            value = value.item()
        for choice in self.choices:
            if choice == value and (isinstance(choice, bool) == isinstance(value, bool)):
                return choice
        raise InvalidConfiguration(f"{self.name}={value!r}: not one of {list(self.choices)}")


Parameter = Float | Int | Categorical


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
        """One configuration by the reference law: each active parameter in turn, independently."""
        return self.assemble(lambda parameter: parameter.sample(rng))

    def default(self) -> Configuration:
        """The configuration of the parameters' defaults; raises `UserError` naming the first that has none."""
        configuration: Configuration = {}
        for parameter in self.parameters:
            if self.is_active(parameter, configuration):
                has = parameter.has_default if isinstance(parameter, Categorical) else parameter.default is not None
                if not has and not parameter.constant:
                    raise UserError(f"space.{parameter.name}: has no default; add 'default: ...'")
                configuration[parameter.name] = parameter.default if has else parameter.grid(1)[0]
        return configuration

    def describe(self) -> list[dict[str, Any]]:
        """The space as plain data, in order, for hashes and metadata."""
        return [_describe(parameter) for parameter in self.parameters]


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_json(configuration: Mapping[str, Value]) -> str:
    """Canonical JSON of a canonical configuration: its order, no blanks, shortest round-trip floats."""
    return _ENCODER.encode(configuration)


def steps(parameter: Float | Int) -> int:
    """The number of steps between low and high: the last place of a stepped parameter."""
    return int((Decimal(repr(parameter.high)) - Decimal(repr(parameter.low))) / Decimal(repr(parameter.step)))


def _uniform(values: Sequence[Value] | None) -> NDArray[np.float64] | None:
    return None if values is None else np.full(len(values), 1 / len(values))


def _spread(values: Sequence[int], levels: int) -> list[int]:
    """At most `levels` of `values` (a range, never listed), evenly spaced by place, ends included."""
    if levels == 1:
        return [values[(len(values) - 1) // 2]]
    places = np.linspace(0, len(values) - 1, min(levels, len(values)))
    return [values[round(place)] for place in places]


def _number(parameter: Float | Int, value: Any) -> float:
    if isinstance(value, (bool, np.bool_, str, type(None))):
        raise InvalidConfiguration(f"{parameter.name}={value!r}: not a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidConfiguration(f"{parameter.name}={value!r}: not a number") from None
    if not math.isfinite(number):
        raise InvalidConfiguration(f"{parameter.name}={value!r}: not finite")
    return number


def _outside(parameter: Float | Int, value: Any) -> InvalidConfiguration:
    kind = "a whole number" if isinstance(parameter, Int) else "a number"
    step = f" in steps of {parameter.step}" if parameter.step not in (None, 1) else ""
    return InvalidConfiguration(f"{parameter.name}={value!r}: not {kind} in {parameter.low}..{parameter.high}{step}")


def _describe(parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": parameter.name, "type": parameter.kind}
    if isinstance(parameter, Categorical):
        entry["choices"] = list(parameter.choices)
    else:
        entry |= {"low": parameter.low, "high": parameter.high, "log": parameter.log}
        if parameter.step not in (None, 1):
            entry["step"] = parameter.step
    if parameter.when:
        entry["when"] = {name: list(values) for name, values in parameter.when.items()}
    return entry
