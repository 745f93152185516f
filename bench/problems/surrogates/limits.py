"""Which surrogates are refused, unless they are forced."""

from collections.abc import Mapping, Sequence
from typing import Any

LEAST_RANK, LEAST_TAU = 0.3, 0.5
"""Rank correlation in the best tenth, and Kendall's tau of the optimisers' order, that a surrogate needs."""


def refusals(error: Mapping[str, Any]) -> Sequence[str]:
    """Why a surrogate is not to be trusted, in words; nothing where it is."""
    rank, tau = error["best_tenth"]["rank_correlation"], error["order"]
    reasons = []
    if rank is None or rank < LEAST_RANK:
        found = "not defined" if rank is None else f"{rank:.3f}"
        reasons.append(f"its rank correlation in the best tenth is {found}, and {LEAST_RANK} is needed")
    if error["optimizers"] > 1 and (tau is None or tau < LEAST_TAU):
        found = "not defined" if tau is None else f"{tau:.3f}"
        reasons.append(f"Kendall's tau of the optimisers' order is {found}, and {LEAST_TAU} is needed")
    return reasons
