"""Search spaces: `space` is what they are, `parsing` reads them from YAML, `repeat` spreads layers that repeat,
`initial_design` draws what runs begin with.
"""

from bench.space.space import (
    Categorical,
    Configuration,
    Float,
    Int,
    InvalidConfiguration,
    Parameter,
    Space,
    Value,
    steps,
    to_json,
)

__all__ = [
    "Categorical",
    "Configuration",
    "Float",
    "Int",
    "InvalidConfiguration",
    "Parameter",
    "Space",
    "Value",
    "steps",
    "to_json",
]
