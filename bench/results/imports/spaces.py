"""Search spaces of imported trials: those that a log records, joined, and those that values alone suggest."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench import space
from bench.errors import UserError
from bench.space import Space, Value, parsing

Entries = dict[str, dict[str, Any]]
MOST_CHOICES = 50
"""Of a hyperparameter with more values that are not all numbers, none is drawn: they are names rather than choices."""
_DECADES = 1000
"""The ratio of the largest to the smallest value from which a scale is taken for a logarithmic one."""


def natural(name: str) -> tuple[Any, ...]:
    """A key by which `run-2` comes before `run-10`."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,9})", name))


def widest(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """One parameter that has all the values of several; None where they are of different types or scales."""
    first = entries[0]
    if len({(entry["type"], entry.get("log", False), entry.get("step")) for entry in entries}) > 1:
        return None
    if first["type"] == "categorical":
        choices = [choice for entry in entries for choice in entry["choices"]]
        kept = [choice for place, choice in enumerate(choices) if choice not in choices[:place]]
        return {**first, "choices": kept if len(entries) > 1 else list(first["choices"])}
    ends = {"low": min(entry["low"] for entry in entries), "high": max(entry["high"] for entry in entries)}
    return {**first, **ends}


def usable(entries: Mapping[str, Mapping[str, Any]]) -> Entries:
    """Those that are parameters of a space as the suite reads it."""
    kept = {}
    for name, entry in entries.items():
        try:
            parsing.parse({name: entry})
        except (UserError, ValueError, ArithmeticError):  # ArithmeticError: of decimals beyond all bounds
            continue
        kept[name] = dict(entry)
    return kept


def joined(recorded: Sequence[Mapping[str, Mapping[str, Any]]]) -> Entries | None:
    """The space of all runs of a problem, where those recorded agree on each name; None where two contradict."""
    every: Entries = {}
    for entries in recorded:
        for name, entry in entries.items():
            if every.setdefault(name, dict(entry)) != entry:
                return None
    return every


def derived(configurations: Iterable[Mapping[str, Value]]) -> Entries:
    """What values alone suggest: whole numbers and numbers from their smallest to their largest, else choices.

    A scale is logarithmic where the largest of the values, all positive, is over a thousand times the smallest. Values
    that are neither numbers nor few are no parameter.
    """
    values: dict[str, dict[tuple[type, Value], Value]] = {}
    for configuration in configurations:
        for name, value in configuration.items():
            values.setdefault(name, {})[type(value), value] = value
    return usable({name: entry for name, seen in values.items() if (entry := _suggested(list(seen.values())))})


def _suggested(values: Sequence[Value]) -> dict[str, Any] | None:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values):
        return {"type": "categorical", "choices": list(values)} if len(values) <= MOST_CHOICES else None
    whole = all(isinstance(number, int) for number in numbers)
    low, high = min(numbers), max(numbers)
    entry = {"type": "int" if whole else "float", "low": low, "high": high}
    return entry | ({"log": True} if low > 0 and high / low > _DECADES else {})


def canonical(configuration: Mapping[str, Value], order: Iterable[str]) -> str:
    """A configuration as JSON, the parameters of the space first and in their order."""
    first = {name: configuration[name] for name in order if name in configuration}
    return space.to_json(first | dict(configuration))


def contradiction(recorded: Mapping[str, Mapping[str, Any]], of: Space) -> str | None:
    """Where the space that a log records is another than `of`; None where the two agree."""
    there = {parameter.name: parameter for parameter in of.parameters}
    for name, entry in recorded.items():
        if name not in there:
            return f"{name!r} is not a hyperparameter there"
        theirs, ours = (_described(parameter) for parameter in (parsing.parse({name: entry})[name], there[name]))
        if theirs != ours:
            return f"{name!r} is {_shown(theirs)} in the log, and {_shown(ours)} there"
    missing = [parameter.name for parameter in of.searched if parameter.name not in recorded]
    return f"{missing[0]!r}, which is searched there, is in no trial" if missing else None


def _described(parameter: space.Parameter) -> dict[str, Any]:
    """Type, bounds and scale, without what a log cannot know: defaults, levels, conditions, the order of choices."""
    if isinstance(parameter, space.Categorical):
        return {"type": "categorical", "choices": sorted(parameter.choices, key=repr)}
    if isinstance(parameter, space.Ordinal):
        return {"type": "ordinal", "choices": list(parameter.choices)}
    shown = {"type": parameter.kind, "low": parameter.low, "high": parameter.high, "log": parameter.log}
    shown |= {"scale": "logit"} if parameter.scale == "logit" else {}
    return shown | ({"step": parameter.step} if parameter.stepped else {})


def _shown(entry: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name} {value}" for name, value in entry.items() if name != "log")
    text = f"{text}, log" if entry.get("log") else text
    return text if len(text) <= 120 else f"{text[:117]}..."
