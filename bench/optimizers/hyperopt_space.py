"""A space in Hyperopt's words, and a value from them and back.

Integers are `quniform` and `qloguniform` between low - 1/2 and high + 1/2, which gives the reference distribution
(between low and high the ends would have half of it) and keeps their order. An ordinal is the `quniform` of its place,
a number on a logit scale the `uniform` of its logit. A parameter on which conditions rest is an `hp.choice` of its
values, which loses the order: declared. A conditional parameter stands in switches over those it rests on, of which
Hyperopt's algorithms draw as they do of the nested choices of its documentation.
"""

import math
from collections.abc import Collection
from typing import Any

from hyperopt import hp
from hyperopt.pyll import scope

from bench.optimizers import Law
from bench.optimizers.expressions import of_logit
from bench.space import Categorical, Float, Int, Ordered, Ordinal, Parameter, Space, Value, steps


def expression(space: Space, chosen: Collection[str]) -> dict[str, Any]:
    """The space as a dictionary of nodes, those named in `chosen` as choices; a switch where one may be inactive.

    Nothing is conditional where `chosen` lacks what its conditions rest on.
    """
    nodes = {p.name: _node(p, p.name in chosen) for p in space.searched}
    translated = {}
    for parameter in space.searched:
        node = nodes[parameter.name]
        conditions = _conditions(space, parameter) if chosen else {}
        for name, values in conditions.items():  # the first in space order becomes the outermost switch
            if not space[name].constant:
                # The first input of a choice is the node that is drawn; one node a parameter, in however many switches.
                selector = nodes[name].pos_args[0]
                node = scope.switch(selector, *[node if v in values else None for v in _values(space[name])])
        if all(conditions.values()):
            translated[parameter.name] = node
    return translated


def law(parameter: Parameter, chosen: bool) -> Law | None:
    """The expression of what has another than the plain one; each follows the reference distribution."""
    if isinstance(parameter, Categorical):
        return None
    if isinstance(parameter, Float) and not chosen and not parameter.stepped:
        return of_logit("hp.uniform", parameter) if parameter.logit else None
    return Law(_in_words(parameter, chosen), 0.0)


def _in_words(parameter: Ordered, chosen: bool) -> str:
    if chosen:
        return f"hp.{'pchoice' if parameter.log else 'choice'} of its values, without their order"
    low, high = parameter.low, parameter.high
    if parameter.stepped:
        of_place = f"hp.quniform(-0.5, {steps(parameter) + 0.5}, 1) of its place"
        if isinstance(parameter, Ordinal):
            return of_place
        ends = f"hp.quniform({low}, {high}, {parameter.step}) gives its ends half"
        return f"{of_place}, uniform over its values: {ends}"
    if parameter.log:
        return f"hp.qloguniform(log({low - 0.5}), log({high + 0.5}), 1)"
    return f"hp.quniform({low - 0.5}, {high + 0.5}, 1)"


def decode(parameter: Parameter, chosen: bool, value: Any) -> Value:
    """The parameter's value from what Hyperopt drew for it."""
    if isinstance(parameter, Categorical) or chosen:
        return _values(parameter)[int(value)]
    if parameter.stepped:
        return parameter.at(min(max(round(value), 0), steps(parameter)))
    if not isinstance(parameter, Float):
        return min(max(round(float(value)), parameter.low), parameter.high)
    return parameter.from_scale(value) if parameter.logit else float(value)


def encode(parameter: Parameter, chosen: bool, value: Any) -> Any:
    """What Hyperopt would have drawn to give `value`."""
    if isinstance(parameter, Categorical) or chosen:
        return _values(parameter).index(value)
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.on_scale(value)
    return parameter.place(value) if parameter.stepped else value


def _conditions(space: Space, parameter: Parameter) -> dict[str, list[Value]]:
    """The values that each ancestor of `parameter` must have, last in space order first."""
    required: dict[str, list[Value]] = {}
    descendants = [parameter]
    for ancestor in reversed(space.parameters):
        rests = [p.when[ancestor.name] for p in descendants if ancestor.name in p.when]
        if rests:
            required[ancestor.name] = [v for v in _values(ancestor) if all(v in values for values in rests)]
            descendants.append(ancestor)
    return required


def _node(parameter: Parameter, chosen: bool) -> Any:
    name = parameter.name
    if isinstance(parameter, Categorical) or (chosen and not parameter.log):
        return hp.choice(name, _values(parameter))
    if chosen and isinstance(parameter, Int):
        return hp.pchoice(name, list(zip(parameter.probabilities(), _values(parameter), strict=True)))
    if parameter.stepped:
        return hp.quniform(name, -0.5, steps(parameter) + 0.5, 1)
    if isinstance(parameter, Float):
        return (hp.loguniform if parameter.log else hp.uniform)(name, *parameter.ends)
    low, high = parameter.low - 0.5, parameter.high + 0.5
    return hp.qloguniform(name, math.log(low), math.log(high), 1) if parameter.log else hp.quniform(name, low, high, 1)


def _values(parameter: Parameter) -> list[Value]:
    values = parameter.values()
    assert values is not None, f"{parameter.name}: a continuous parameter has no list of values"
    return values
