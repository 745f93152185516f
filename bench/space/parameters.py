"""Hyperparameters: frozen data, each with its values, its reference distribution and its canonical form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from bench.space.scales import BACK, FORWARD, Scale

Value = int | float | str | bool | None


class InvalidConfiguration(ValueError):
    """A configuration that is not a point of the space: the message names the parameter, the value and the range."""


@dataclass(frozen=True)
class Float:
    """A real number in [low, high]; uniform on its scale, or uniform over low, low + step, ..., high.

    Its scale is its own, its logarithm where `log`, and log(x / (1 - x)) where `logit`.
    """

    kind: ClassVar[str] = "float"
    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    levels: int | None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    logit: bool = False

    @property
    def constant(self) -> bool:
        return self.low == self.high

    @property
    def has_default(self) -> bool:
        return self.default is not None

    @property
    def stepped(self) -> bool:
        """Whether its values are places: what `at` and `place` translate."""
        return self.step is not None

    @property
    def scale(self) -> Scale:
        return "logit" if self.logit else "log" if self.log else "linear"

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high on its scale."""
        return self.on_scale(self.low), self.on_scale(self.high)

    def on_scale(self, value: float) -> float:
        """Where on its scale a value lies."""
        return FORWARD[self.scale](value)

    def from_scale(self, place: float) -> float:
        """The value at a place on its scale, within low..high whatever rounding did."""
        return min(max(BACK[self.scale](place), self.low), self.high)

    @property
    def representatives(self) -> tuple[Value, ...]:
        """The values that stand for all where something is tried: both ends."""
        return self.low, self.high

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
        """The reference distribution over `values()`, or None where they are a continuum."""
        return _uniform(self.values())

    def sample(self, rng: np.random.Generator) -> float:
        if self.constant:
            return self.low
        if self.step is not None:
            return self.at(int(rng.integers(steps(self) + 1)))
        return self.from_scale(rng.uniform(*self.ends))

    def grid(self, levels: int) -> list[Value]:
        """`levels` values, evenly spaced on the parameter's scale, ends included."""
        if self.constant:
            return [self.low]
        if self.step is not None:
            return [self.at(index) for index in _spread(range(steps(self) + 1), levels)]
        if levels == 1:
            return [math.sqrt(self.low) * math.sqrt(self.high) if self.log else self.from_scale(sum(self.ends) / 2)]
        if self.logit:
            points = np.array([self.from_scale(place) for place in np.linspace(*self.ends, levels)])
        else:
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

    Reference distribution: the density (of k, or of log k where `log`) integrated over [k - 1/2, k + 1/2], so that P(k)
    is uniform, or proportional to log((k + 1/2) / (k - 1/2)); uniform over the steps where `step`.
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
    def has_default(self) -> bool:
        return self.default is not None

    @property
    def stepped(self) -> bool:
        """Whether its values are places other than low, low + 1, ...: what `at` and `place` translate."""
        return self.step != 1

    @property
    def scale(self) -> Scale:
        return "log" if self.log else "linear"

    @property
    def representatives(self) -> tuple[Value, ...]:
        """The values that stand for all where something is tried: both ends."""
        return self.low, self.high

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

    @property
    def representatives(self) -> tuple[Value, ...]:
        """The values that stand for all where something is tried: every choice."""
        return self.choices

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
        return _choice(self, value)


@dataclass(frozen=True)
class Ordinal:
    """One of a few values that stand in an order, whatever lies between them; uniform over them.

    To a library that knows no such thing it is a whole number: its place, from `low` to `high`.
    """

    kind: ClassVar[str] = "ordinal"
    low: ClassVar[int] = 0
    step: ClassVar[int] = 1
    stepped: ClassVar[bool] = True
    log: ClassVar[bool] = False
    scale: ClassVar[Scale] = "linear"
    name: str
    choices: tuple[Value, ...]
    default: Value = None
    has_default: bool = False
    levels: int | None = None
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def high(self) -> int:
        return len(self.choices) - 1

    @property
    def constant(self) -> bool:
        return len(self.choices) == 1

    @property
    def representatives(self) -> tuple[Value, ...]:
        """The values that stand for all where something is tried: every one."""
        return self.choices

    def at(self, place: int) -> Value:
        """The value at a place 0..`steps`."""
        return self.choices[place]

    def place(self, value: Value) -> int:
        return self.choices.index(value)

    def values(self) -> list[Value]:
        return list(self.choices)

    def probabilities(self) -> NDArray[np.float64]:
        return cast("NDArray[np.float64]", _uniform(self.choices))

    def sample(self, rng: np.random.Generator) -> Value:
        return self.choices[0] if self.constant else self.choices[int(rng.integers(len(self.choices)))]

    def grid(self, levels: int) -> list[Value]:
        """At most `levels` of its values, evenly spaced by place, ends included."""
        return [self.choices[place] for place in _spread(range(len(self.choices)), levels)]

    def cast(self, value: Any) -> Value:
        return _choice(self, value)


Ordered = Float | Int | Ordinal
"""A parameter whose values stand in an order: a number, or what has a number's place."""
Parameter = Ordered | Categorical


def steps(parameter: Ordered) -> int:
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


def _choice(parameter: Categorical | Ordinal, value: Any) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    for choice in parameter.choices:
        if choice == value and (isinstance(choice, bool) == isinstance(value, bool)):
            return choice
    raise InvalidConfiguration(f"{parameter.name}={value!r}: not one of {list(parameter.choices)}")


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
