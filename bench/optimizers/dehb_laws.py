"""How DEHB draws a parameter in its first proposals, which are mutants of random populations."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.optimizers import Law
from bench.space import Categorical, Float, Ordinal, Parameter, steps

_DRAWS = 50_000
_PARTS = 32
"""Of values that are more, or of a continuum: so many parts of equal probability are compared."""


class _Range(NamedTuple):
    """What of a parameter its distribution depends on."""

    kind: Literal["choices", "numbers", "continuum"]
    low: int = 0
    high: int = 1
    """Of whole numbers or places; of choices, the last place."""
    log: bool = False


def laws(parameters: Sequence[Parameter], strategy: str, factor: float, probability: float) -> dict[str, Law]:
    """Of all that DEHB is shown, by simulation: distances are right to about a hundredth.

    A conditional one is taken for active in all of the population.
    """
    mutation, crossover = strategy.split("_")
    count = max(len(parameters), 1)
    if crossover == "bin":
        mutated = probability + (1 - probability) ** count / count
    else:
        mutated = sum(probability**length for length in range(1, count + 1)) / count
    weights = _weights(mutation, factor)
    drawn = f"a member of a random population, crossed with a mutant ({strategy})"
    return {p.name: Law(drawn, round(_distance(_range(p), weights, mutated), 2)) for p in parameters}


def _weights(mutation: str, factor: float) -> tuple[float, ...]:
    """Of the members that a mutant is the sum of. Where nothing has a loss yet the best is one like any other."""
    if mutation in ("rand1", "best1"):
        return (1, factor, -factor)
    if mutation in ("rand2", "best2"):
        return (1, factor, -factor, factor, -factor)
    if mutation == "rand2dir":
        return (1 + factor / 2, -factor / 2, -factor / 2)
    return (1 - factor, factor, factor, -factor)


def _range(parameter: Parameter) -> _Range:
    if isinstance(parameter, Categorical | Ordinal):
        return _Range("choices", 0, len(parameter.choices) - 1)
    if parameter.stepped:
        return _Range("numbers", 0, steps(parameter))
    if isinstance(parameter, Float):
        return _Range("continuum")
    return _Range("numbers", parameter.low, parameter.high, parameter.log)


@lru_cache(maxsize=1_000)
def _distance(of: _Range, weights: tuple[float, ...], mutated: float) -> float:
    """The total variation between the reference distribution and a member of which a share is `mutated`."""
    rng = np.random.default_rng(0)
    mutant = sum((weight * _members(of, rng) for weight in weights), np.zeros(_DRAWS))
    mutant = np.where((mutant < 0) | (mutant > 1), rng.random(_DRAWS), mutant)
    units = np.where(rng.random(_DRAWS) < mutated, mutant, _members(of, rng))
    values, edges, scale = _values(of, units)
    reference = np.diff(scale(edges)) / (scale(edges[-1]) - scale(edges[0]))
    return float(abs(np.histogram(values, edges)[0] / _DRAWS - reference).sum() / 2)


def _members(of: _Range, rng: np.random.Generator) -> NDArray[np.float64]:
    """What ConfigSpace draws, in DEHB's numbers of 0..1: of choices the lower ends of their shares."""
    if of.kind == "continuum":
        return rng.random(_DRAWS)
    count = of.high - of.low + 1
    if not of.log:
        return rng.integers(count, size=_DRAWS) / (count if of.kind == "choices" else count - 1)
    drawn = np.exp(rng.uniform(math.log(of.low), math.log(of.high), _DRAWS))
    places = np.floor((drawn - of.low) / (of.high - of.low) * count).clip(0, count - 1)
    return np.log((of.low + places) / of.low) / math.log(of.high / of.low)


def _values(of: _Range, units: NDArray[np.float64]) -> "tuple[NDArray[np.float64], NDArray[np.float64], np.ufunc]":
    """What DEHB makes of numbers of 0..1, the edges of parts to count it in, and the scale on which it is uniform."""
    if of.kind == "continuum":
        return units, np.linspace(0, 1, _PARTS + 1), np.positive
    scale, back = (np.log, np.exp) if of.log else (np.positive, np.positive)
    if of.kind == "choices":
        values = np.floor(units * (of.high + 1)).clip(0, of.high)
    else:
        values = np.round(back(scale(float(of.low)) + units * (scale(float(of.high)) - scale(float(of.low)))))
    parts = back(np.linspace(scale(of.low - 0.5), scale(of.high + 0.5), _PARTS + 1))
    return values, np.unique(np.round(parts - 0.5)) + 0.5, scale
