"""`repeat` in a space's YAML: `x: {type: float, ..., repeat: 3}` stands for x1, x2 and x3, alike in all else."""

from collections.abc import Mapping
from typing import Any

from bench.checks import whole
from bench.errors import UserError

MOST = 10_000
"""Far more parameters than any optimiser here searches."""


def spread(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model's config with the repeated parameters of its space written out, and those of its `minimum` likewise."""
    space = model.get("space")
    if not isinstance(space, Mapping):
        return dict(model)
    names = {str(name): _names_of(str(name), entry) for name, entry in space.items()}
    every = [name for some in names.values() for name in some]
    twice = next((name for name in every if every.count(name) > 1), None) if len(every) > len(set(every)) else None
    if twice is not None:
        raise UserError(f"space.{twice}: stands there twice, once as a repeat; rename one")
    written = {**model, "space": _written(names, {str(name): _alone(entry) for name, entry in space.items()})}
    minimum = model.get("minimum")
    if isinstance(minimum, Mapping) and isinstance(minimum.get("at"), list):
        at = [_written(names, point) if isinstance(point, Mapping) else point for point in minimum["at"]]
        written["minimum"] = {**minimum, "at": at}
    return written


def _names_of(name: str, entry: Any) -> list[str]:
    if not isinstance(entry, Mapping) or "repeat" not in entry:
        return [name]
    times = whole(f"space.{name}.repeat", entry["repeat"], 1, MOST)
    return [f"{name}{i}" for i in range(1, times + 1)]


def _alone(entry: Any) -> Any:
    return {key: value for key, value in entry.items() if key != "repeat"} if isinstance(entry, Mapping) else entry


def _written(names: Mapping[str, list[str]], values: Mapping[str, Any]) -> dict[str, Any]:
    return {each: value for name, value in values.items() for each in names.get(str(name), [str(name)])}
