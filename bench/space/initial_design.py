"""The shared initial design: the first configurations of a repetition, the same for every optimiser."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.checks import whole
from bench.errors import UserError, allowed
from bench.space import Categorical, Configuration, Float, Int, Parameter, Space, steps

METHODS = ("random", "sobol")


def configurations(space: Space, config: Mapping[str, Any], seed: int) -> list[Configuration]:
    """The design that `config` (a file of conf/initial_design) describes, drawn from `seed`; empty where size is 0.

    random: independent draws from the space's reference distribution. sobol: a scrambled Sobol sequence (Owen 1998, by
    scipy.stats.qmc) in as many dimensions as there are parameters to search, each coordinate put through the inverse of
    its parameter's distribution; the coordinates of inactive parameters are not used.
    """
    size, method = config.get("size", 0), config.get("method", "random")
    whole("initial_design.size", size, 0, otherwise=" (none: initial_design=native)")
    if method not in METHODS:
        raise UserError(f"initial_design.method={method!r}: is not known; {allowed(str(method), METHODS)}")
    entropy = [seed, 0x1D]  # of its own: random search with the same seed goes on with other draws
    if method == "random" or not space.searched:
        rng = np.random.default_rng(entropy)
        return [space.sample(rng) for _ in range(size)]
    from scipy.stats import qmc  # noqa: PLC0415 - takes longer to import than all else that a run of a function needs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # sizes that are no power of two lose the sequence's balance
        points = qmc.Sobol(len(space.searched), rng=np.random.default_rng(entropy)).random(size) if size else []
    return [_at(space, point) for point in points]


def _at(space: Space, point: NDArray[np.float64]) -> Configuration:
    """The configuration whose parameters have the quantiles of `point`."""
    at = {parameter.name: float(u) for parameter, u in zip(space.searched, point, strict=True)}
    return space.assemble(lambda parameter: quantile(parameter, at[parameter.name]))


def quantile(parameter: Parameter, u: float) -> Any:
    """The value of `parameter` below which its reference distribution has the share `u`, 0 <= u < 1."""
    if isinstance(parameter, Categorical):
        return parameter.choices[math.floor(u * len(parameter.choices))]
    if isinstance(parameter, Float) and not parameter.stepped:
        if parameter.scale == "linear":
            return parameter.low + u * (parameter.high - parameter.low)
        if parameter.logit:
            low, high = parameter.ends
            return parameter.from_scale(low + u * (high - low))
        value = math.exp(math.log(parameter.low) + u * math.log(parameter.high / parameter.low))
        return min(max(value, parameter.low), parameter.high)
    if isinstance(parameter, Int) and parameter.log:
        low, high = math.log(parameter.low - 0.5), math.log(parameter.high + 0.5)
        return min(max(math.floor(math.exp(low + u * (high - low)) + 0.5), parameter.low), parameter.high)
    return parameter.at(math.floor(u * (steps(parameter) + 1)))
