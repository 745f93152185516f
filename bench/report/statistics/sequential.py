"""Tests of a comparison whose seeds are added until it is decided: exact tests at looks, and what the looks cost.

A comparison is looked at with n_1 < n_2 < ... seeds of each optimiser, and goes on where a pair is open. A pair's p at
look l has the weight w_l = n_l / (n_1 + n_2 + ...), and

    q = min over the looks so far of p_l / w_l, at most 1.

Where two optimisers do not differ, P(q <= alpha) <= sum over l of P(p_l <= alpha w_l) <= alpha: by the union bound, so
whatever the dependence of the looks, whatever decides who goes on, and wherever it stops. Holm's correction of the q of
all pairs keeps the chance of any false statement at alpha. Simulated error and seeds: `benchmarks/sequential.py`, whose
table stands in docs/scores.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.report.statistics import designs, effects, pairs
from bench.report.statistics.designs import ALPHA, TESTS, Design, Family, Relation
from bench.report.statistics.pairs import Outcome
from bench.report.statistics.significance import holm

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """The plan of a comparison, which is fixed before its first run."""

    first: int
    """The seed that it begins with; the others follow one by one."""
    counts: tuple[int, ...]
    """Seeds of each optimiser at each look, increasing."""

    @property
    def most(self) -> int:
        """Seeds at the last look."""
        return self.counts[-1]

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """The share of alpha that each look has, in proportion to its seeds."""
        total = sum(self.counts)
        return tuple(count / total for count in self.counts)

    def seeds(self, look: int = 0) -> range:
        """The seeds at a look."""
        return range(self.first, self.first + self.counts[look])

    def completed(self, seeds: Collection[int]) -> int:
        """How many looks have all of their seeds among these."""
        return next((number for number in range(len(self.counts)) if not self._holds(seeds, number)), len(self.counts))

    def _holds(self, seeds: Collection[int], look: int) -> bool:
        return all(seed in seeds for seed in self.seeds(look))

    def smallest_q(self, relation: Relation, look: int) -> float:
        """The least q that a test can attain at a look, without ties."""
        count = self.counts[look]
        return min(1.0, designs.smallest_p(relation, count, count) / self.weights[look])

    def seeds_needed(self, relation: Relation, tests: int, alpha: float = ALPHA) -> int:
        """The seeds of the first look where Holm's first step of so many tests can reject; `most` + 1 if none.

        Paired, with the looks of conf/seeds, 15 for up to 7 optimisers and 20 for up to 46.
        """
        able = (look for look in range(len(self.counts)) if self.smallest_q(relation, look) * tests <= alpha)
        return next((self.counts[look] for look in able), self.most + 1)


def family(design: Design, competitors: Iterable[str], looks: Looks) -> Family:
    """Who of the competitors is ranked: all with the seeds of the first look, but clones and what is one run.

    Who goes on is decided by losses, so that unlike `designs.family` the number of seeds decides nothing else.
    """
    labels = list(competitors)
    clones = designs.clones(design, labels)
    first = looks.seeds()
    own = [label for label in labels if label not in clones]
    members = tuple(label for label in own if label not in design.single and design.seeds[label].issuperset(first))
    shown = {label: looks.counts[0] for label in own if label not in members}
    return Family(members, clones, shown, len(designs.attainable(design, members)))


def outcome(
    a: Values,
    b: Values,
    seeds_a: NDArray[Any],
    seeds_b: NDArray[Any],
    relation: Relation,
    single_a: bool,
    looks: Looks | None,
) -> Outcome:
    """As `pairs.outcome`; with looks `p` is q, and `favours` is of the look that q is of. NaN before the first."""
    whole = pairs.outcome(a, b, seeds_a, seeds_b, relation, single_a)
    if looks is None or TESTS[relation] == "none":
        return whole
    every = outcomes(a, b, seeds_a, seeds_b, relation, single_a, looks)
    if not every:
        return replace(whole, p=np.nan, favours=0.0)
    best, weight = min(zip(every, looks.weights, strict=False), key=lambda look: look[0].p / look[1])
    return replace(whole, p=min(1.0, best.p / weight), favours=best.favours)


def outcomes(
    a: Values,
    b: Values,
    seeds_a: NDArray[Any],
    seeds_b: NDArray[Any],
    relation: Relation,
    single_a: bool,
    looks: Looks,
) -> list[Outcome]:
    """What `pairs.outcome` says of a pair at each look that it has had; their p allow for nothing."""
    at_looks = _at_looks(a, b, seeds_a, seeds_b, relation, single_a, looks)
    return [pairs.outcome(*arrays, relation, single_a) for arrays in at_looks]


def equivalence(
    a: Values,
    b: Values,
    seeds_a: NDArray[Any],
    seeds_b: NDArray[Any],
    relation: Relation,
    margin: float,
    looks: Looks,
) -> float:
    """The q of two one-sided tests that a lies within +-margin of b (`effects.equivalence_p`); 1 before any look."""
    every = [
        effects.equivalence_p(x, y, relation, margin) / weight
        for (x, y, *_), weight in zip(
            _at_looks(a, b, seeds_a, seeds_b, relation, False, looks), looks.weights, strict=False
        )
    ]
    return min([1.0, *every])


def compare(
    losses: Mapping[str, ArrayLike],
    seeds: Mapping[str, ArrayLike],
    design: Design,
    family: Family,
    looks: Looks,
    margin: float = float("nan"),
    against: str | None = None,
) -> pd.DataFrame:
    """As `pairs.compare`, with tests by looks; medians, shifts and improvements are of all runs, as there.

    What differs: `p` is q and `p_holm` Holm's correction of it; a pair has a test where q could be rejected at a look
    that it has had, and `seeds_needed` are those of the first such look; `smallest_p` is the least q; `p_equivalent` is
    Holm's correction of `equivalence`; `seeds`, `_low`, `_high` are NaN: the plan says how many there will be. A column
    of its own: `looked`, the seeds of each at the last look that both have had, 0 before the first.
    """
    frame = pairs.compare(losses, seeds, design, family, margin, against=against)
    samples = {label: (np.asarray(losses[label], np.float64), np.asarray(seeds[label])) for label in losses}
    applies = _testable(frame)
    tests = int(applies.sum())
    rows = [
        _tested(row, samples, design, looks) if applicable else _UNTESTED
        for row, applicable in zip(frame.to_dict("records"), applies, strict=True)
    ]
    at_looks = pd.DataFrame(rows, index=frame.index, columns=list(_UNTESTED))
    at_looks = at_looks.astype({**dict.fromkeys(("p", "smallest_p", "p_equivalent"), "float64"), "looked": "int64"})
    smallest = at_looks["smallest_p"].fillna(1.0)
    reachable = applies & (_corrected(smallest, applies) <= ALPHA)
    p = at_looks["p"].where(reachable)
    p_holm = _corrected(p.fillna(1.0), applies).where(reachable)
    equivalent = _corrected(at_looks["p_equivalent"].fillna(1.0), applies).where(at_looks["p_equivalent"].notna())
    return frame.assign(
        test=[TESTS[relation] if can else "none" for relation, can in zip(frame["relation"], reachable, strict=True)],
        p=p,
        p_holm=p_holm,
        better=at_looks["better"].where(p_holm <= ALPHA, "").where(applies, frame["better"]),
        smallest_p=at_looks["smallest_p"],
        seeds_needed=[
            looks.seeds_needed(relation, tests) if lacking else 0
            for relation, lacking in zip(frame["relation"], applies & ~reachable, strict=True)
        ],
        equivalent=equivalent <= ALPHA,
        seeds=np.nan,
        seeds_low=np.nan,
        seeds_high=np.nan,
        looked=at_looks["looked"],
        p_equivalent=equivalent,
    )


def undecided(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `compare` whose pair is neither found to differ nor to be equivalent, of those that can be tested."""
    return frame[_testable(frame) & (frame["better"] == "") & ~frame["equivalent"]]


_UNTESTED: Mapping[str, Any] = {"p": np.nan, "better": "", "smallest_p": np.nan, "p_equivalent": np.nan, "looked": 0}


def _testable(frame: pd.DataFrame) -> pd.Series:
    """Which pairs have a test, however many seeds there are."""
    testable: pd.Series = frame["ranked"] & frame["relation"].map(TESTS).ne("none")
    return testable


def _tested(
    row: Mapping[Any, Any], samples: Mapping[str, tuple[Values, NDArray[Any]]], design: Design, looks: Looks
) -> dict[str, Any]:
    """What the looks say of one pair, before the correction."""
    a, b, relation = row["a"], row["b"], row["relation"]
    (x, seeds_x), (y, seeds_y) = samples[a], samples[b]
    tested = outcome(x, y, seeds_x, seeds_y, relation, a in design.single, looks)
    completed = _completed(seeds_x, seeds_y, relation, a in design.single, looks)
    within = np.nan if np.isnan(row["margin"]) else equivalence(x, y, seeds_x, seeds_y, relation, row["margin"], looks)
    return {
        "p": tested.p,
        "better": a if tested.favours < 0 else b if tested.favours > 0 else "",
        "smallest_p": min((looks.smallest_q(relation, look) for look in range(completed)), default=1.0),
        "p_equivalent": within,
        "looked": looks.counts[completed - 1] if completed else 0,
    }


def _completed(seeds_a: NDArray[Any], seeds_b: NDArray[Any], relation: Relation, single_a: bool, looks: Looks) -> int:
    """How many looks the pair has had; the one value of runs that are one run is there at each."""
    sides = [set(seeds.tolist()) for seeds in (seeds_a, seeds_b)]
    if relation == "value":
        sides = sides[1:] if single_a else sides[:1]
    return min(map(looks.completed, sides))


def _at_looks(
    a: Values,
    b: Values,
    seeds_a: NDArray[Any],
    seeds_b: NDArray[Any],
    relation: Relation,
    single_a: bool,
    looks: Looks,
) -> Iterator[tuple[Values, Values, NDArray[Any], NDArray[Any]]]:
    """The losses and seeds of both at each look that the pair has had, in order of their seeds."""
    a, b = (np.where(np.isnan(values), np.inf, values) for values in (a, b))
    order_a, order_b = np.argsort(seeds_a, kind="stable"), np.argsort(seeds_b, kind="stable")
    a, seeds_a, b, seeds_b = a[order_a], seeds_a[order_a], b[order_b], seeds_b[order_b]
    single = (relation == "value" and single_a, relation == "value" and not single_a)
    for look in range(_completed(seeds_a, seeds_b, relation, single_a, looks)):
        end = looks.first + looks.counts[look]
        here, there = (
            np.full(len(own), True) if one else (own >= looks.first) & (own < end)
            for own, one in zip((seeds_a, seeds_b), single, strict=True)
        )
        yield a[here], b[there], seeds_a[here], seeds_b[there]


def _corrected(p: pd.Series, applies: pd.Series) -> pd.Series:
    """Holm's correction over the rows to which a test applies; the others have 1."""
    corrected = pd.Series(1.0, index=p.index)
    if applies.any():
        corrected[applies] = holm(p[applies])
    return corrected
