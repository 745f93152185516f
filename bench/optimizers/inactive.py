"""What an inactive parameter is shown as to a library that knows no conditions and needs a value of every parameter."""

from bench.space import Configuration, Parameter, Space, Value

SHOWN = "shown as active: at the value proposed, or at the default (without one, the middle) if not asked"
"""The declaration's words."""


def value(parameter: Parameter, configuration: Configuration) -> Value:
    """The parameter's value in `configuration`; where it is inactive its default, or the middle of its grid."""
    if parameter.name in configuration:
        return configuration[parameter.name]
    return parameter.default if parameter.has_default else parameter.grid(1)[0]


def complete(space: Space, configuration: Configuration) -> Configuration:
    """Every parameter that has more than one value, inactive ones too."""
    return {parameter.name: value(parameter, configuration) for parameter in space.searched}
