"""Scores by trait of the problem: dimension, conditional or not, share of categorical parameters, noise, budget, and
what is known of functions.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.report.runs.traits import Traits
from bench.report.statistics import aggregates
from bench.report.statistics.aggregates import Scores

FEWEST = 5
"""Problems on each side of a trait."""
COLUMNS = ["trait", "subset", "label", "problems", "runs", "iqm", "iqm_low", "iqm_high"]

Sides = list[tuple[str, list[bool]]]


def subsets(scores: Scores, problems: Sequence[str], traits: Mapping[str, Traits]) -> pd.DataFrame:
    """Interquartile means of scores (`aggregates.centres`) on each side of each trait, a row a trait, side and label.

    Numbers are divided at their median, so that the lower side holds what is at most that; of a trait in words each
    word is a trait. A trait is left out where some problem does not record it, or a side has fewer than `FEWEST`
    problems. No side is tested against another: traits come together, and what is seen here is a hint, not a finding.
    Columns: `COLUMNS`.
    """
    known = [traits[problem] for problem in problems if problem in traits]
    parts = []
    for trait, sides in _divided(known).items() if len(known) == len(problems) else ():
        if min(sum(side) for _, side in sides) < FEWEST:
            continue
        for name, side in sides:
            places = [place for place, inside in enumerate(side) if inside]
            own = {label: [strata[place] for place in places] for label, strata in scores.items()}
            parts.append(aggregates.centres(own).assign(trait=trait, subset=name))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _divided(traits: Sequence[Traits]) -> dict[str, Sides]:
    """By trait its two sides, each with its name and which problems it holds."""
    divided: dict[str, Sides] = {}
    dimensions = [each.dimension for each in traits if each.dimension is not None]
    if len(dimensions) == len(traits):
        divided["dimension"] = _at_median(dimensions, "{:.0f} or fewer", "more than {:.0f}")
    shares = [100 * each.categorical for each in traits if each.categorical is not None]
    if len(shares) == len(traits):
        divided["categorical parameters"] = _at_median(shares, "{:.0f} % or fewer", "more than {:.0f} %")
    conditional = [each.conditional for each in traits if each.conditional is not None]
    if len(conditional) == len(traits):
        divided["conditional space"] = _yes_or_no(conditional)
    divided["noise"] = _yes_or_no([each.noisy for each in traits])
    divided["budget"] = _at_median([each.budget for each in traits], "{:.0f} or fewer", "more than {:.0f}")
    for name in dict.fromkeys(name for each in traits for name in each.known):
        values = [each.known[name] for each in traits if name in each.known]
        if len(values) < len(traits):
            continue
        if all(isinstance(value, bool) for value in values):
            divided.setdefault(name, _yes_or_no([bool(value) for value in values]))
            continue
        for word in dict.fromkeys(values):
            divided[f"{name}: {word}"] = _yes_or_no([value == word for value in values])
    return divided


def _at_median(values: Sequence[float], lower: str, upper: str) -> Sides:
    middle = float(np.median(values)) if values else 0.0
    below = [value <= middle for value in values]
    return [(lower.format(middle), below), (upper.format(middle), [not one for one in below])]


def _yes_or_no(values: Sequence[bool]) -> Sides:
    return [("no", [not one for one in values]), ("yes", list(values))]
