"""A space from its YAML form: every mistake is named by its key."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bench.checks import whole
from bench.errors import UserError, allowed
from bench.space import Categorical, Float, Int, InvalidConfiguration, Ordinal, Parameter, Space, Value
from bench.space.scales import SCALES, Scale

_KEYS = {
    "float": {"type", "low", "high", "log", "scale", "step", "default", "levels", "when"},
    "int": {"type", "low", "high", "log", "scale", "step", "default", "levels", "when"},
    "categorical": {"type", "choices", "default", "when"},
    "ordinal": {"type", "choices", "default", "levels", "when"},
}

_WIDEST = 1e30  # near 1e32 and 1e38 libraries end, and with infinities everything
_NARROWEST = 1e-250
_MOST_LEVELS = 10_000
_LARGEST = 2**53  # above it floats, in which libraries draw, skip integers


def parse(config: Mapping[str, Mapping[str, Any]]) -> Space:
    """A space from its YAML form (docs/spaces.md shows the keys); raises `UserError` naming the key at fault."""
    if not config:
        raise UserError("space: is empty; give at least one parameter")
    if not isinstance(config, Mapping):
        raise UserError(f"space: expected a mapping from names to parameters, found {config!r}")
    parameters: dict[str, Parameter] = {}
    for name, entry in config.items():
        parameters[name] = _parse(str(name), entry, parameters)
    return Space(tuple(parameters.values()))


def _parse(name: str, entry: Any, before: Mapping[str, Parameter]) -> Parameter:
    where = f"space.{name}"
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: expected a mapping with a 'type', found {entry!r}")
    kind = entry.get("type")
    within = [key for key, value in entry.items() if isinstance(value, Mapping) and key != "when"]
    if kind is None and within:
        raise UserError(f"{where}: has no 'type'; a name with a dot is one key, as {name}.{within[0]}: {{type: ...}}")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise UserError(f"{where}.type={kind!r}: unknown type; {allowed(kind, _KEYS)}")
    for key in entry:
        if key not in _KEYS[kind]:
            raise UserError(f"{where}.{key}: unknown key for type {kind}; {allowed(key, sorted(_KEYS[kind]))}")
    when = _parse_when(where, entry.get("when") or {}, before)
    listed = kind in ("categorical", "ordinal")
    parameter = _listed(name, kind, entry, when) if listed else _numeric(name, kind, entry, when)
    if entry.get("default") is not None or (listed and "default" in entry):
        try:
            default = parameter.cast(entry["default"])
        except InvalidConfiguration as error:
            raise UserError(f"{where}.default: {error}") from None
        parameter = replace(parameter, default=default)  # type: ignore[arg-type]
    return parameter


def _listed(
    name: str, kind: str, entry: Mapping[str, Any], when: Mapping[str, tuple[Value, ...]]
) -> Categorical | Ordinal:
    choices = entry.get("choices")
    if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
        raise UserError(f"space.{name}.choices={choices!r}: expected a list of at least one value")
    for i, choice in enumerate(choices):
        if not isinstance(choice, (int, float, str, bool, type(None))):
            raise UserError(f"space.{name}.choices: {choice!r} is not a number, text, boolean or null")
        if isinstance(choice, float) and not math.isfinite(choice):
            raise UserError(f"space.{name}.choices: {choice!r} is not finite; JSON cannot hold it")
        if choice in choices[:i]:
            raise UserError(f"space.{name}.choices: {choice!r} stands there twice (1, 1.0 and true are equal)")
    has_default = "default" in entry
    if kind == "categorical":
        return Categorical(name, tuple(choices), has_default=has_default, when=when)
    numbers = [choice for choice in choices if isinstance(choice, (int, float)) and not isinstance(choice, bool)]
    if numbers != sorted(numbers):
        raise UserError(f"space.{name}.choices={list(choices)!r}: an ordinal's numbers stand in ascending order")
    levels = _levels(f"space.{name}", entry)
    return Ordinal(name, tuple(choices), has_default=has_default, levels=levels, when=when)


def _numeric(name: str, kind: str, entry: Mapping[str, Any], when: Mapping[str, tuple[Value, ...]]) -> Float | Int:
    where = f"space.{name}"
    number = int if kind == "int" else float
    low, high = (_as_number(f"{where}.{key}", entry[key], number) if key in entry else None for key in ("low", "high"))
    if low is None or high is None:
        raise UserError(f"{where}.{'low' if low is None else 'high'}: missing")
    if low > high:
        raise UserError(f"{where}: low={low} is greater than high={high}")
    if kind == "int" and max(abs(low), abs(high)) > _LARGEST:
        raise UserError(f"{where}: low={low}, high={high}: an int lies within -2**53..2**53")
    scale, step, levels = _scale(where, kind, entry), entry.get("step"), _levels(where, entry)
    log = scale == "log"
    if log and low <= 0:
        raise UserError(f"{where}.low={low}: a log scale needs low > 0")
    if scale == "logit" and not 0 < low <= high < 1:
        raise UserError(f"{where}: low={low}, high={high}: a logit scale needs low > 0 and high < 1")
    _check_width(where, low, high, log)
    if step is not None:
        step = _as_number(f"{where}.step", step, number)
        _check_step(where, low, high, scale, step)
    if kind == "int":
        return Int(name, low, high, log, 1 if step is None else step, levels=levels, when=when)
    return Float(name, low, high, log, step, levels=levels, when=when, logit=scale == "logit")


def _scale(where: str, kind: str, entry: Mapping[str, Any]) -> Scale:
    """What `scale` says, or `log: true`, which is short for its `log`."""
    log, scale = entry.get("log"), entry.get("scale")
    if log is not None and not isinstance(log, bool):
        raise UserError(f"{where}.log={log!r}: expected true or false")
    of_log: Scale = "log" if log else "linear"
    if scale is None:
        return of_log
    known = [each for each in SCALES if kind == "float" or each != "logit"]
    if scale not in known:
        raise UserError(f"{where}.scale={scale!r}: not a scale of type {kind}; {allowed(str(scale), known)}")
    if log is not None and scale != of_log:
        raise UserError(f"{where}.scale={scale!r}: contradicts log={str(log).lower()}; remove one of the two")
    named: Scale = scale
    return named


def _levels(where: str, entry: Mapping[str, Any]) -> int | None:
    levels = entry.get("levels")
    return None if levels is None else whole(f"{where}.levels", levels, 1, _MOST_LEVELS)


def _check_width(where: str, low: float, high: float, log: bool) -> None:
    """Refuse a range on which libraries overflow, or divide by nothing, and fail at run time."""
    bounds, largest = f"{where}: low={low}, high={high}", max(abs(low), abs(high))
    if log and not math.isfinite(high / low):
        raise UserError(f"{bounds}: a log scale spans at most a factor of 1e308; narrow the range")
    if not log and largest > _WIDEST:
        raise UserError(f"{bounds}: a linear range lies within -1e30..1e30; narrow it, or use 'log: true'")
    if low < high and high - low < max(_NARROWEST, 1e-13 * largest):
        raise UserError(f"{bounds}: too near each other to search between; widen the range, or set both to one value")


def _check_step(where: str, low: float, high: float, scale: Scale, step: float) -> None:
    if scale != "linear":
        raise UserError(f"{where}.step={step}: a {scale} scale has no steps; remove '{scale}' or 'step'")
    if step <= 0:
        raise UserError(f"{where}.step={step}: expected a number greater than 0")
    if (high - low) / step > _LARGEST:
        raise UserError(f"{where}.step={step}: more than 2**53 steps")
    if (Decimal(repr(high)) - Decimal(repr(low))) % Decimal(repr(step)):
        raise UserError(f"{where}.high={high}: not low + a whole number of steps ({low} + n * {step})")


def _parse_when(where: str, when: Any, before: Mapping[str, Parameter]) -> dict[str, tuple[Value, ...]]:
    if not isinstance(when, Mapping):
        raise UserError(f"{where}.when={when!r}: expected a mapping such as {{optimizer: sgd}}")
    parsed: dict[str, tuple[Value, ...]] = {}
    for parent, values in when.items():
        if parent not in before:
            raise UserError(f"{where}.when.{parent}: not a parameter that stands before it; {allowed(parent, before)}")
        if isinstance(before[parent], Float) and before[parent].values() is None:
            raise UserError(f"{where}.when.{parent}: a continuous parameter has no values to rest on; give it a 'step'")
        chosen = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        if not chosen:
            raise UserError(f"{where}.when.{parent}: no values; give at least one")
        try:
            parsed[str(parent)] = tuple(before[parent].cast(value) for value in chosen)
        except InvalidConfiguration as error:
            raise UserError(f"{where}.when: {error}") from None
    return parsed


def _as_number(where: str, value: Any, number: type) -> Any:
    try:
        if isinstance(value, bool):
            raise ValueError
        cast_value = number(value)
        if cast_value != float(value) or not math.isfinite(cast_value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{where}={value!r}: expected {'a whole' if number is int else 'a'} number") from None
    return cast_value
