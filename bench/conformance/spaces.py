"""What an optimiser is tried on: a space and a seed, and losses of many kinds."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from bench.space import Categorical, Configuration, Ordinal, Parameter, Space
from bench.space.parsing import parse
from bench.space.scales import FORWARD

LARGEST_SEED = 2**31 - 1

Entries = dict[str, dict[str, Any]]
"""A space as its YAML has it."""

REFERENCE: Entries = {
    "float": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5},
    "float_log": {"type": "float", "low": 0.001, "high": 1.0, "log": True, "default": 0.1},
    "float_logit": {"type": "float", "low": 0.01, "high": 0.99, "scale": "logit", "default": 0.5},
    "float_step": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.1, "default": 0.2},
    "int": {"type": "int", "low": 1, "high": 8, "default": 4},
    "int_log": {"type": "int", "low": 1, "high": 64, "log": True, "default": 8},
    "int_step": {"type": "int", "low": 32, "high": 128, "step": 32, "default": 64},
    "categorical": {"type": "categorical", "choices": ["a", "b", "c"], "default": "a"},
    "ordinal": {"type": "ordinal", "choices": [16, 32, 128, "all"], "default": 32},
    "conditional": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5, "when": {"categorical": "b"}},
}
"""One parameter of each kind, named by its kind."""

_CONSTANT: Entries = {"p0": {"type": "int", "low": 7, "high": 7, "default": 7}}
_WIDE: Entries = {f"p{i}": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5} for i in range(20)}


@dataclass(frozen=True)
class Case:
    """A space, as the JSON of its YAML form, and a seed."""

    text: str
    seed: int

    @cached_property
    def space(self) -> Space:
        return parse(json.loads(self.text))

    def yaml(self) -> str:
        """The space as a model's YAML would have it, one line a parameter."""
        lines = []
        for name, entry in json.loads(self.text).items():
            flow = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
            lines.append(f"{name}: {flow.strip()}")
        return "\n".join(lines)


def case(entries: Entries, seed: int) -> Case:
    """A case from its entries."""
    return Case(json.dumps(entries), seed)


FIXED = (case(REFERENCE, 1), case(_CONSTANT, 0), case(_WIDE, 2))
"""Tried before any generated space, so that every kind of parameter is met however few there are of those."""


def points(space: Space) -> float:
    """How many points a coarse grid has at least, a continuum counted as three; conditional parameters not counted."""
    sizes = (min(len(values), 3) if (values := p.values()) is not None else 3 for p in space.searched if not p.when)
    return math.prod(sizes)


# --- losses -----------------------------------------------------------------------------------------------------------


def bowl(space: Space, configuration: Configuration, which: int = 0) -> float:
    """A smooth loss of any configuration, at least 0: squares of distances on the parameters' scales, summed.

    `which`: of several losses, each with its least elsewhere.
    """
    total = 0.0
    for i, (name, value) in enumerate(configuration.items()):
        total += (_place(space[name], value) - 0.2 - 0.6 * ((7 * i + 3 * which) % 10) / 10) ** 2
    return total


def _place(parameter: Parameter, value: Any) -> float:
    """Where in 0..1 a value lies on the parameter's scale."""
    if parameter.constant:
        return 0.0
    if isinstance(parameter, Categorical | Ordinal):
        return parameter.choices.index(value) / (len(parameter.choices) - 1)
    scale = FORWARD[parameter.scale]
    low, high = scale(parameter.low), scale(parameter.high)
    return (scale(value) - low) / (high - low)


Losses = Callable[[float, int], float | None]
"""From the bowl's value and the trial's number to the loss; None where the trial fails."""

LOSSES: dict[str, Losses] = {
    "bowl": lambda value, _: value,
    "upside_down": lambda value, _: 100 - value,
    "constant": lambda _, __: 1.0,
    "ties": lambda value, _: 3.0 if value > 0.3 else 2.0,
    "tiny": lambda value, _: value * 1e-12,
    "huge": lambda value, _: (value - 0.3) * 1e12,
    "negative": lambda value, _: value - 1e3,
    "some_failed": lambda value, _: None if math.sin(1e3 * value) > 0.3 else value,
    "all_failed": lambda _, __: None,
    "vast": lambda value, _: 1e300 if value > 0.3 else -1e300,
}
