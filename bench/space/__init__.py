"""Search spaces: `space` is what they are, `parameters` and `scales` what they hold, `parsing` reads them from YAML,
`repeat` spreads layers that repeat, `initial_design` draws what runs begin with.
"""

from bench.space.parameters import (
    Categorical,
    Float,
    Int,
    InvalidConfiguration,
    Ordered,
    Ordinal,
    Parameter,
    Value,
    steps,
)
from bench.space.space import Configuration, Space, to_json

__all__ = [
    "Categorical",
    "Configuration",
    "Float",
    "Int",
    "InvalidConfiguration",
    "Ordered",
    "Ordinal",
    "Parameter",
    "Space",
    "Value",
    "steps",
    "to_json",
]
