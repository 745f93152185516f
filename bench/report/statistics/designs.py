"""Which optimisers a comparison on one problem ranks, and which test each two of them get, whatever their losses.

Deciding it from the runs that there are, and not from their losses, keeps the level of the tests: an optimiser with one
seed takes nobody's place, and a copy of another is not counted twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from bench.report.statistics.significance import holm

Relation = Literal["clone", "nested", "values", "value", "paired", "unpaired"]
"""How the runs of two optimisers are related. clone: the same trials at every common seed. nested: those of the one
begin those of the other. value: the one's runs are all the same run, whatever the seed, so that it is one number;
values: both are. paired: runs of one seed share their split, model seed, initial design or first trial. unpaired:
nothing of that."""

TESTS: Mapping[Relation, str] = {
    "clone": "none",
    "nested": "none",
    "values": "none",
    "value": "sign",
    "paired": "wilcoxon",
    "unpaired": "mann-whitney",
}
"""The test of each: the exact sign test of the runs against the one value; Wilcoxon's signed-rank test by seed; the
rank-sum test of Wilcoxon, Mann and Whitney."""

ALPHA = 0.05


@dataclass(frozen=True)
class Design:
    """The runs of a comparison, without their losses."""

    seeds: Mapping[str, frozenset[int]]
    """Of each label, in the order in which labels are shown."""
    single: frozenset[str]
    """The labels whose runs, two or more, are one and the same: one value, not a sample."""
    relations: Mapping[frozenset[str], Relation]
    """Of every two labels."""

    def relation(self, a: str, b: str) -> Relation:
        return self.relations[frozenset((a, b))]

    def smallest_p(self, a: str, b: str) -> float:
        """The least two-sided p that the test of a and b can attain without ties; NaN where there is no test."""
        common = len(self.seeds[a] & self.seeds[b])
        counts = {label: len(self.seeds[label]) for label in (a, b)}
        return self._smallest(a, b, counts, common)

    def _smallest(self, a: str, b: str, counts: Mapping[str, int], common: int) -> float:
        relation = self.relation(a, b)
        if relation == "value":
            return smallest_p("value", counts[b if a in self.single else a])
        return smallest_p(relation, common if relation == "paired" else counts[a], counts[b])

    def with_runs(self, label: str, runs: int, other: str) -> float:
        """What `smallest_p` would be if `label` had so many seeds, those of `other` among them."""
        counts = {label: runs, other: len(self.seeds[other])}
        return self._smallest(label, other, counts, min(counts.values()))


@dataclass(frozen=True)
class Family:
    """Who is ranked among whom; see `family`."""

    members: tuple[str, ...]
    """In the order of the design."""
    clones: Mapping[str, str]
    """A label whose runs are copies, and whose."""
    shown: Mapping[str, int]
    """The labels that are shown and not ranked, and with how many seeds each would be."""
    pairs: int
    """Tests among the members, for which Holm's correction is made."""


def smallest_p(relation: Relation, n: int, m: int = 0) -> float:
    """The least two-sided p of the test of a relation with n runs (pairs of runs; paired: so many seeds) and m.

    2^(1 - n) for the sign test and the signed-rank test, 2 / C(n + m, n) for the rank-sum test, at most 1; NaN where
    nothing is tested.
    """
    if TESTS[relation] == "none":
        return float("nan")
    return min(1.0, 2 / comb(n + m, n) if relation == "unpaired" else 0.5 ** (n - 1))


def seeds_needed(relation: Relation, pairs: int, alpha: float = ALPHA) -> int:
    """The least number of seeds of each optimiser with `smallest_p` * `pairs` <= alpha, as Holm's first step asks.

    Paired: 7 for 3 optimisers, 10 for 6, 13 for 20.
    """
    seeds = 1
    while smallest_p(relation, seeds, seeds) * pairs > alpha:
        seeds += 1
    return seeds


def family(design: Design, competitors: Iterable[str], alpha: float = ALPHA) -> Family:
    """Who of the competitors is ranked: those with the most runs, and who can be tested beside them.

    A clone of an earlier competitor is left out. Those with most runs form the family. The block with the next smaller
    number of runs joins as long as, in the family with it, every test could reject in Holm's first step: smallest p *
    pairs <= alpha. So one run of a newcomer changes nobody's tests. The rest is shown, with the least number of seeds
    that would let it join; so is a single value that the others have too few seeds to be tested against, while they can
    be tested among themselves: nothing supports that it is level with them.
    """
    copies = clones(design, list(competitors))
    blocks: dict[int, list[str]] = {}
    for label in competitors:
        if label not in copies:
            blocks.setdefault(len(design.seeds[label]), []).append(label)
    members: list[str] = []
    shown: list[str] = []
    for runs in sorted(blocks, reverse=True):
        if members and (shown or not _testable(design, [*members, *blocks[runs]], alpha)):
            shown += blocks[runs]
        else:
            members += blocks[runs]
    ordered = tuple(label for label in design.seeds if label in members)
    needed = {label: _needed(design, label, ordered, alpha) for label in design.seeds if label in shown}
    untested = _untested(design, ordered, alpha)
    needed |= {label: seeds_needed("value", len(attainable(design, ordered)), alpha) for label in untested}
    ordered = tuple(label for label in ordered if label not in untested)
    return Family(ordered, copies, needed, len(attainable(design, ordered)))


def clones(design: Design, competitors: Sequence[str]) -> dict[str, str]:
    """The competitors whose runs are copies, and whose."""
    copies: dict[str, str] = {}
    for a, b in combinations(competitors, 2):
        if design.relation(a, b) == "clone" and a not in copies and b not in copies:
            fewer = len(design.seeds[a]) < len(design.seeds[b])  # what both have is the same; the one with more stays
            copies |= {a: b} if fewer else {b: a}
    return copies


def attainable(design: Design, labels: Sequence[str]) -> dict[tuple[str, str], float]:
    """The smallest p of every pair that has a test."""
    smallest = {(a, b): design.smallest_p(a, b) for a, b in combinations(labels, 2)}
    return {pair: p for pair, p in smallest.items() if not np.isnan(p)}


def _testable(design: Design, labels: Sequence[str], alpha: float) -> bool:
    tests = attainable(design, labels)
    return all(p * len(tests) <= alpha for p in tests.values())


def _untested(design: Design, labels: Sequence[str], alpha: float) -> list[str]:
    """The single values that no test of Holm's procedure could separate from any other, where some tests could."""
    tests = attainable(design, labels)
    reachable = dict(zip(tests, holm(list(tests.values())) <= alpha, strict=True))
    if not any(reachable.values()):
        return []
    tested = {label for pair, can in reachable.items() if can for label in pair}
    return [label for label in labels if label in design.single and label not in tested]


def _needed(design: Design, label: str, members: Sequence[str], alpha: float) -> int:
    """The least number of seeds of `label` with which it could be tested beside the members."""
    inner = attainable(design, members)
    most = max(len(design.seeds[other]) for other in members)
    for runs in range(len(design.seeds[label]) + 1, most):
        outer = [design.with_runs(label, runs, other) for other in members]
        tests = [*inner.values(), *(p for p in outer if not np.isnan(p))]
        if all(p * len(tests) <= alpha for p in tests):
            return runs
    return most
