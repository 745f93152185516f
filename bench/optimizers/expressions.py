"""The words in which adapters declare what several libraries have no kind of their own for."""

from bench.optimizers import Law
from bench.space import Float


def of_logit(call: str, parameter: Float) -> Law:
    """A uniform draw of the logit, of which the inverse is taken: the reference distribution."""
    return Law(f"{call}(logit({parameter.low}), logit({parameter.high})) of its logit", 0.0)
