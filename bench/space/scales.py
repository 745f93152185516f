"""The scales of numeric hyperparameters: on its scale, a number's reference distribution is uniform."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

Scale = Literal["linear", "log", "logit"]
SCALES: tuple[Scale, ...] = ("linear", "log", "logit")


def logit(share: float) -> float:
    """log(p / (1 - p)) of a number p in (0, 1)."""
    return math.log(share) - math.log1p(-share)


def share(log_odds: float) -> float:
    """The number in (0, 1) that has this logit."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


FORWARD: Mapping[Scale, Callable[[float], float]] = {"linear": float, "log": math.log, "logit": logit}
"""From a number to its place on each scale."""
BACK: Mapping[Scale, Callable[[float], float]] = {"linear": float, "log": math.exp, "logit": share}
"""The inverse of each."""
