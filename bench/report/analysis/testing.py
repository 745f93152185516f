"""What the tests of one comparison rest on: who is ranked, how any two are related, and the looks, if there are any."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bench.report.runs import plans, references, relations
from bench.report.runs.curves import Comparison
from bench.report.runs.references import Pools
from bench.report.runs.selection import Reading
from bench.report.statistics import designs, pairs, random_search, sequential
from bench.report.statistics.designs import Design, Family
from bench.report.statistics.sequential import Looks


@dataclass(frozen=True)
class Basis:
    """See the module; it is decided without the losses that are tested."""

    design: Design
    """Which tests the runs allow."""
    family: Family
    """Who is ranked among whom."""
    looks: Looks | None
    """By which seeds were added; None where their numbers were fixed."""
    margin: float
    """Within which optimisers are equivalent; NaN where it is not known."""
    by_hand: Mapping[str, list[int]] = field(default_factory=dict)
    """With looks, the seeds of each label that were made without them."""


def basis(
    comparison: Comparison, reading: Reading, labels: Iterable[str], pools: Pools, planned: Looks | None = None
) -> Basis:
    """The basis of the tests of `labels`; `pools` are random search's draws (`references.pools`).

    The looks are those that the tables name, else those that are `planned`.
    """
    looks = plans.looks(comparison, reading.results) or planned
    design = relations.design(comparison, reading, looks)
    entrants = competitors(comparison, labels)
    if looks is None:
        return Basis(design, designs.family(design, entrants), None, _margin(comparison, pools))
    first = references.pools(comparison, reading.results, looks.seeds())  # a margin must not change with the seeds
    by_hand = plans.by_hand(comparison, reading.results, looks)
    return Basis(design, sequential.family(design, entrants, looks), looks, _margin(comparison, first), by_hand)


def competitors(comparison: Comparison, labels: Iterable[str]) -> list[str]:
    """The labels that spend no more than the budget, and have no more workers than others."""
    return [label for label in labels if label not in comparison.yardsticks and label not in comparison.beside]


def compare(basis: Basis, runs: pd.DataFrame, kind: str, against: str | None = None) -> pd.DataFrame:
    """Every pair by the final losses of one kind (`pairs.compare`, or by looks `sequential.compare`).

    `runs` has one row a run: `label`, `seed` and `kind`. With `against` the members of the family against that label.
    """
    parts = dict(list(runs.groupby("label", sort=False)))
    losses = {str(label): part[kind].to_numpy(dtype=np.float64) for label, part in parts.items()}
    seeds = {str(label): part["seed"].to_numpy() for label, part in parts.items()}
    margin = basis.margin if kind == "validation" and against is None else np.nan
    if basis.looks is None:
        return pairs.compare(losses, seeds, basis.design, basis.family, margin, against=against)
    return sequential.compare(losses, seeds, basis.design, basis.family, basis.looks, margin, against=against)


def _margin(comparison: Comparison, pools: Pools) -> float:
    """Half the interquartile range of random search's final loss; NaN where it is not known, or on several problems."""
    if len(pools) != 1 or len(set(comparison.runs["problem"])) != 1:
        return float("nan")
    return 0.5 * random_search.spread(next(iter(pools.values())), comparison.evaluations)
