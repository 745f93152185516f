"""How many seeds would separate two optimisers on one problem, as an interval.

With the number that a true probability asks for, the power was 0.74 to 0.95 (0.68 at the least), where 0.8 is promised:
simulated by `python benchmarks/power.py`, whose table stands in docs/scores.md.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from scipy import stats

from bench.report.statistics.designs import Relation, seeds_needed
from bench.report.statistics.effects import Estimate

POWER = 0.8


@dataclass(frozen=True)
class Seeds:
    """Seeds of each optimiser with which their test would reject with probability `POWER`; see `seeds_to_separate`."""

    value: float
    """+inf where the runs are as often better as worse."""
    low: float
    high: float
    """+inf where nothing says that they differ at all."""


def seeds_to_separate(improvement: Estimate, relation: Relation, pairs: int, alpha: float = 0.05) -> Seeds:
    """The seeds N that a probability of improvement P asks for, at P and at the ends of its interval.

        N = (z_(1 - alpha / 2 m) + z_0.8)^2 / (6 (P - 1/2)^2)

    for m = `pairs` tests: the level that Holm's correction asks of the first of them, and at most of the others. The
    rank-sum test of N runs a side has this power by Noether (1987), JASA 82(398); so, for normal differences, has the
    signed-rank test of N seeds (`paired`). The sign test against one value (`value`) asks for 6/4 of it. Never fewer
    than the test needs to reject at all. The interval goes from the end of P's interval that is farther from 1/2 to the
    nearer one, and is open above where that interval holds 1/2. NaN where P is.
    """
    factor = 4 if relation == "value" else 6
    z = _distance(alpha, pairs)
    least = seeds_needed(relation, pairs, alpha)

    def seeds(distance: float) -> float:
        if math.isnan(distance):
            return math.nan
        wanted = z**2 / (factor * distance**2) if distance else math.inf
        return float(max(least, math.ceil(wanted))) if math.isfinite(wanted) else math.inf

    ends = improvement.low - 0.5, improvement.high - 0.5
    near = 0.0 if ends[0] <= 0 <= ends[1] else min(map(abs, ends))
    return Seeds(seeds(abs(improvement.value - 0.5)), seeds(max(map(abs, ends))), seeds(near))


@lru_cache(maxsize=256)
def _distance(alpha: float, pairs: int) -> float:
    """z_(1 - alpha / 2 m) + z_0.8."""
    return float(stats.norm.isf(alpha / 2 / pairs) + stats.norm.ppf(POWER))
