"""The search space in ConfigSpace's words, for the libraries that are written on it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ConfigSpace

from bench.optimizers import Law
from bench.space import Categorical, Configuration, Float, Ordinal, Parameter, Space, Value, steps
from bench.space.scales import BACK


@dataclass(frozen=True)
class Translated:
    """A space and its translation, in which it is asked for and told.

    ConfigSpace sorts by depth and name: names are numbered, which keeps the space's order among parameters of one
    depth. It has no step: stepped parameters are integers of places. It rounds floats to 13 decimals: one of which
    that would leave fewer than ten digits is a float of 0..1, stretched here, as is every one on a logit scale. An
    ordinal is an `OrdinalHyperparameter` of its places. A categorical one is one of places, since NumPy would make one
    type of its choices. Parameters that no configuration can have are left out.
    """

    space: Space
    native: Any
    """The `ConfigurationSpace`."""
    names: Mapping[str, str]
    """The name there of each parameter that is shown."""

    def decode(self, proposal: Mapping[str, Any]) -> Configuration:
        return self.space.assemble(lambda parameter: _decode(parameter, proposal[self.names[parameter.name]]))

    def encode(self, configuration: Configuration) -> Any:
        """A canonical configuration as ConfigSpace's own."""
        values = {
            name: _encode(self.space[key], configuration[key])
            for key, name in self.names.items()
            if key in configuration
        }
        return ConfigSpace.Configuration(self.native, values=values)

    @property
    def laws(self) -> dict[str, Law]:
        """How uniform points of 0..1, such as a Sobol design, become values: ends of integers get half their share."""
        return {key: law for key in self.names if (law := _law(self.space[key])) is not None}

    @property
    def sampled_laws(self) -> dict[str, Law]:
        """How `sample_configuration` draws: a logarithmic integer from as many bins of one width as it has values."""
        return {key: law for key in self.names if (law := _sampled_law(self.space[key])) is not None}


def translate(space: Space) -> Translated:
    """The parameters with more than one value and their conditions; what rests on constants alone is decided here."""
    native = ConfigSpace.ConfigurationSpace()
    shown: dict[str, Any] = {}
    names: dict[str, str] = {}
    for parameter in space.searched:
        conditions = _conditions(space, parameter)
        if not all(values and (name in shown or space[name].constant) for name, values in conditions.items()):
            continue  # active in no configuration
        names[parameter.name] = f"{len(names):03d}_{parameter.name}"
        shown[parameter.name] = _hyperparameter(parameter, names[parameter.name])
        native.add(shown[parameter.name])
        rests = [
            ConfigSpace.InCondition(shown[parameter.name], shown[name], [_encode(space[name], v) for v in values])
            for name, values in conditions.items()
            if name in shown
        ]
        if rests:
            native.add(ConfigSpace.AndConjunction(*rests) if len(rests) > 1 else rests[0])
    return Translated(space, native, names)


def _conditions(space: Space, parameter: Parameter) -> dict[str, list[Value]]:
    """The values that `parameter` allows those it rests on; of a constant, what it rests on itself.

    Where these are several, what they rest on counts too: of several conditions ConfigSpace takes one for met whose
    parameter is inactive, and would propose what is not active.
    """
    required = _required(space, parameter, through_all=False)
    several = sum(not space[name].constant for name in required) > 1
    return _required(space, parameter, through_all=True) if several else required


def _required(space: Space, parameter: Parameter, *, through_all: bool) -> dict[str, list[Value]]:
    """The conditions of a parameter, and those of the parameters that it rests on: of constants alone, or of all."""
    required: dict[str, list[Value]] = {}
    waiting = [parameter]
    while waiting:
        for name, allowed in waiting.pop().when.items():
            parent = space[name]
            values = required.get(name, parent.values()) or []
            required[name] = [value for value in values if value in allowed]
            if parent.constant or through_all:
                waiting.append(parent)
    return required


def _hyperparameter(parameter: Parameter, name: str) -> Any:
    default: Any = parameter.default
    if isinstance(parameter, Categorical):
        default = parameter.choices.index(default) if parameter.has_default else 0
        return ConfigSpace.CategoricalHyperparameter(name, range(len(parameter.choices)), default_value=default)
    if isinstance(parameter, Ordinal):
        default = parameter.place(default if parameter.has_default else parameter.grid(1)[0])
        return ConfigSpace.OrdinalHyperparameter(name, range(len(parameter.choices)), default_value=default)
    default = None if default is None else _encode(parameter, default)
    if parameter.stepped:
        return ConfigSpace.UniformIntegerHyperparameter(name, 0, steps(parameter), default_value=default)
    if not isinstance(parameter, Float):
        return ConfigSpace.UniformIntegerHyperparameter(
            name, parameter.low, parameter.high, default_value=default, log=parameter.log
        )
    low, high, log = (0.0, 1.0, False) if _coarse(parameter) else (parameter.low, parameter.high, parameter.log)
    return ConfigSpace.UniformFloatHyperparameter(name, low, high, default_value=default, log=log)


def _coarse(parameter: Float) -> bool:
    """Whether 13 decimals leave fewer than ten digits, or move an end; on a logit scale they do."""
    if parameter.logit:
        return True
    least = parameter.low if parameter.log else parameter.high - parameter.low
    ends = all(abs(end) < 1e9 and round(end, 13) == end for end in (parameter.low, parameter.high))
    return least < 1e-3 or not ends


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    if parameter.stepped:
        return parameter.at(int(value))
    if not isinstance(parameter, Float):
        return int(value)
    if not _coarse(parameter):
        return min(max(float(value), parameter.low), parameter.high)
    low, high = parameter.ends
    return BACK[parameter.scale]((1 - value) * low + value * high)


def _encode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices.index(value)
    if parameter.stepped:
        return parameter.place(value)
    if not isinstance(parameter, Float) or not _coarse(parameter):
        return value
    (low, high), value = parameter.ends, parameter.on_scale(value)
    return min(max((value / 2 - low / 2) / (high / 2 - low / 2), 0.0), 1.0)  # halved: no range is beyond a float


def _law(parameter: Parameter) -> Law | None:
    """Of an integer, x uniform over low..high on its scale, rounded; of a coarse float, the reference law.

    Between the ends that is the reference law times a constant, so that low, high and what lies between are three
    groups of one sign each, and the total variation is half the sum of the groups' differences.
    """
    if isinstance(parameter, Categorical):
        return None
    if isinstance(parameter, Float) and not parameter.stepped:
        over = "the range of its logit" if parameter.logit else "its range"
        return Law(f"Float(0, 1), stretched over {over}", 0.0) if _coarse(parameter) else None
    if isinstance(parameter, Ordinal):
        return Law(f"Ordinal({parameter.low}..{parameter.high}) of places", 0.0)
    low, high = (0, steps(parameter)) if parameter.stepped else (parameter.low, parameter.high)
    scale = math.log if parameter.log else float
    inner = (scale(low), scale(low + 0.5), scale(high - 0.5), scale(high))
    outer = (scale(low - 0.5), scale(low + 0.5), scale(high - 0.5), scale(high + 0.5))
    drawn, reference = ([(cuts[i + 1] - cuts[i]) / (cuts[3] - cuts[0]) for i in range(3)] for cuts in (inner, outer))
    distance = sum(abs(p - q) for p, q in zip(drawn, reference, strict=True)) / 2
    expression = f"Integer(({low}, {high}){', log=True' if parameter.log else ''})"
    return Law(expression + (" of places" if parameter.stepped else ""), distance)


def _sampled_law(parameter: Parameter) -> Law | None:
    """Of a logarithmic integer; of a coarse float, the reference distribution; of the others there is nothing to say.

    Its values are bins of one width between low and high, where those of the reference have the width 1 and begin
    half below: of the drawn density and the reference's the ratio rises, so that the total variation is the greatest
    difference of their distribution functions, at one of the two ends around where the densities are equal.
    """
    if isinstance(parameter, Ordinal):
        return _law(parameter)
    if isinstance(parameter, Categorical) or parameter.stepped:
        return None
    if isinstance(parameter, Float):
        return _law(parameter)
    if not parameter.log:
        return None
    low, high = parameter.low, parameter.high
    width = (high - low) / (high - low + 1)
    start = low - width * (low - 0.5)
    drawn, reference = math.log(high / low), math.log((high + 0.5) / (low - 0.5))
    equal = start * drawn / (width * (reference - drawn))

    def difference(end: float) -> float:
        return math.log((width * end + start) / low) / drawn - math.log(end / (low - 0.5)) / reference

    distance = max(abs(difference(math.floor(equal + 0.5) + half)) for half in (-0.5, 0.5))
    return Law(f"Integer(({low}, {high}), log=True).sample_value()", distance)
