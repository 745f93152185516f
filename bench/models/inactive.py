"""Hyperparameters that have no effect because of another one's value: warnings, and never a refusal.

A rule names what some parameters need. It is broken only where none of the values that the other parameter can have
beside them, by the space and its conditions, by what is fixed and by the library's default, meets it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.space import Categorical, Parameter, Space, Value

CATEGORIES = "category columns"
"""In the place of a parameter: whether the features have any; unknown where it is not given."""
NO_CATEGORIES = "category columns, of which the data has none"


@dataclass(frozen=True)
class Rule:
    """`names` have an effect only beside a value of one of `others` that meets its test; all are own names."""

    names: tuple[str, ...]
    others: Mapping[str, Callable[[Any], bool]]
    needs: str
    """The same in words, such as "bagging_freq above 0"."""
    otherwise: str = "has no effect here"
    """What becomes of them without it."""
    at: Callable[[Any], bool] | None = None
    """Which of their own values the rule is for; None: all."""


def warnings(
    space: Space, rules: Sequence[Rule], own_names: Mapping[str, str], given: Mapping[str, Any], fixed: Iterable[str]
) -> list[str]:
    """A line for each parameter of the space, and each `fixed` one beside it, that never has an effect.

    `given` are values by own names: what is fixed, over the library's defaults.
    """
    searched = {own_names.get(parameter.name, parameter.name): parameter for parameter in space.parameters}
    settled = {own_names.get(name, name): _only(name, given[own_names.get(name, name)]) for name in fixed}
    lines = []
    for own, parameter in {**settled, **searched}.items():
        where = "space" if own in searched else "model.settings.parameters"
        for rule in rules:
            applies = own in rule.names and (
                rule.at is None or any(rule.at(value) for value in parameter.representatives)
            )
            if applies and not _can_be_met(space, rule, parameter, searched, given):
                alone = next(iter(rule.others)) if len(rule.others) == 1 else None
                value = None if alone is None or alone in searched else given.get(alone)
                known = "" if value is None or alone == CATEGORIES else f", which is {_shown(value)}"
                lines.append(f"{where}.{parameter.name}: {rule.otherwise}; it needs {rule.needs}{known}")
                break
    return lines


def _can_be_met(
    space: Space, rule: Rule, parameter: Parameter, searched: Mapping[str, Parameter], given: Mapping[str, Any]
) -> bool:
    for name, test in rule.others.items():
        possible = beside(space, parameter, searched[name]) if name in searched else [None]
        values = [given.get(name) if value is None else value for value in possible]
        if any(value is None or test(value) for value in values):
            return True
    return False


def beside(space: Space, parameter: Parameter, other: Parameter) -> list[Value]:
    """The values that `other` can have where `parameter` is active: of a range its ends, None where it is inactive."""
    here, there = _conditions(space, parameter), _conditions(space, other)
    if any(not set(here[name]) & set(values) for name, values in there.items() if name in here):
        return [None]
    always = all(name in here and set(here[name]) <= set(values) for name, values in there.items())
    values = list(here.get(other.name, other.representatives))
    return values if always else [*values, None]


def _only(name: str, value: Any) -> Parameter:
    return Categorical(name, (value,))


def _conditions(space: Space, parameter: Parameter) -> dict[str, tuple[Value, ...]]:
    """The values that each parameter has wherever this one is active, where it is restricted."""
    conditions: dict[str, tuple[Value, ...]] = {}
    for name, values in parameter.when.items():
        for each, allowed in [(name, values), *_conditions(space, space[name]).items()]:
            known = conditions.get(each, allowed)
            conditions[each] = tuple(value for value in known if value in allowed)
    return conditions


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def above(least: float) -> Callable[[Any], bool]:
    """Whether a value is above `least`."""
    return lambda value: _number(value) > least


def below(most: float) -> Callable[[Any], bool]:
    """Whether a value is below `most`."""
    return lambda value: _number(value) < most


def one_of(*texts: str) -> Callable[[Any], bool]:
    """Whether a value is one of these texts."""
    return lambda value: str(value).lower() in texts


def none_of(*texts: str) -> Callable[[Any], bool]:
    """Whether a value is none of these texts."""
    return lambda value: str(value).lower() not in texts


true = one_of("true", "1", "+")
given = none_of("")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):  # what the library will make of it is not for a warning to judge
        return float("nan")
