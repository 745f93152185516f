"""Which values stand beside each other in a conditional space: against every configuration of it."""

from itertools import product

from bench.models.inactive import Rule, beside, one_of, warnings
from bench.space.parsing import parse

SPACE = parse(
    {
        name: {"type": "categorical", "choices": list(choices), "when": when}
        for name, choices, when in [
            ("a", "xyz", {}),
            ("b", "pq", {"a": ["x", "y"]}),
            ("c", "st", {"b": "p"}),
            ("d", "uv", {"a": "z"}),
            ("e", "mn", {"a": ["y", "z"]}),
            ("f", "gh", {"b": ["p", "q"], "a": "y"}),
            ("g", "jk", {"c": "s", "e": ["m", "n"]}),
        ]
    }
)
NAMES = [parameter.name for parameter in SPACE.parameters]


def configurations() -> list[dict]:
    choices = product(*(parameter.choices for parameter in SPACE.parameters))
    return [SPACE.assemble(lambda parameter, row=row: row[NAMES.index(parameter.name)]) for row in choices]


def test_what_can_stand_beside_a_parameter_is_what_stands_beside_it_somewhere():
    every = configurations()
    for here in SPACE.parameters:
        active = [each for each in every if here.name in each]
        for other in SPACE.parameters:
            if other is not here:
                expected = {each.get(other.name) for each in active}
                assert set(beside(SPACE, here, other)) == expected, (here.name, other.name)


def test_a_warning_is_given_where_no_configuration_meets_the_rule_and_nowhere_else():
    every = configurations()
    for here, other in product(SPACE.parameters, SPACE.parameters):
        for value, default in product(other.choices, ("fixed", "elsewhere")):
            rule = Rule((here.name,), {other.name: one_of(value, "fixed")}, "it")
            met = any(each.get(other.name, default) in (value, "fixed") for each in every if here.name in each)
            if other is not here:
                assert bool(warnings(SPACE, [rule], {}, {other.name: default}, ())) is not met, (here.name, rule)
