"""Every two optimisers on one problem: the test that their runs allow, what it says, and how sure the effect is.

Losses are minimised. A run without any success has the loss +inf (a NaN is taken as +inf): it is worse than every
finite loss, equal to another such run, and takes part in everything here; no run is left out for having failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.report.statistics import effects, significance
from bench.report.statistics.designs import ALPHA, TESTS, Design, Family, Relation, seeds_needed
from bench.report.statistics.power import Seeds, seeds_to_separate

Values = NDArray[np.float64]

OF_SHIFT = 0.90
"""The level of a shift's interval: what two one-sided tests at 5 % each leave, of this pair alone."""

BY_SEED: tuple[Relation, ...] = ("paired", "clone", "nested")
"""Relations whose runs are compared by their seeds."""
COLUMNS = [
    *("a", "b", "runs_a", "runs_b", "relation", "ranked", "compared", "left_out", "median_a", "median_b"),
    *("shift", "shift_low", "shift_high", "margin", "p_equivalent", "equivalent"),
    *("improvement", "improvement_low", "improvement_high"),
    *("test", "p", "p_holm", "better", "smallest_p", "seeds_needed", "seeds", "seeds_low", "seeds_high"),
]


def compare(
    losses: Mapping[str, ArrayLike],
    seeds: Mapping[str, ArrayLike],
    design: Design,
    family: Family,
    margin: float = float("nan"),
    alpha: float = ALPHA,
    against: str | None = None,
) -> pd.DataFrame:
    """Every pair of optimisers on one problem, from final losses: one row a pair, in the order of the design.

    `losses` gives each label the final losses of its runs, (runs,), and `seeds` their seeds, (runs,), each once. With
    `against` only the pairs of that label and a member of the family, which are then all that is corrected for.
    Columns:
    - `a`, `b`, labels; `runs_a`, `runs_b`; `relation`, which decides the test (`designs.Relation`); `ranked`, whether
      both are of the family; `compared`, how many comparisons of runs there are (seeds that both have where paired,
      runs against one value, else the product); `left_out`, runs without a partner of their seed (0 where unpaired);
    - `median_a`, `median_b` over all runs of each;
    - `shift`, `shift_low`, `shift_high`: by how much a lies above b, and its 90 % interval (`effects.shift`);
    - `p_equivalent`, of two one-sided tests that the shift lies within +-`margin` (`effects.equivalence_p`), with
      Holm's correction over the pairs of the family that have a test, in a level of its own; NaN without a margin or a
      test; `equivalent`, whether it is at most `alpha`;
    - `improvement`, `_low`, `_high`: the probability that a run of a is better, and its 95 % interval;
    - `test` (`designs.TESTS`) and `p`; `p_holm`, corrected over all tests of the family; `better`, the label with the
      lower losses by the statistic of the test where `p_holm` <= alpha, else empty. Pairs outside the family have no
      test (`test` is none), nor have those whose smallest p could not be rejected after the correction: `p` and
      `p_holm` are NaN, and in the correction of others they count as 1. Two single values differ or not, without a
      test;
    - `smallest_p`, what the test could attain; `seeds_needed`, how many seeds of each it takes to be able to reject,
      0 where a test was made;
    - `seeds`, `seeds_low`, `seeds_high`: seeds of each that would separate them (`power.seeds_to_separate`), NaN where
      they are separate or no test applies.
    """
    samples = {label: _sample(label, losses[label], seeds[label]) for label in design.seeds if label in losses}
    ranked = {*family.members, *([against] if against else [])}
    rows = [
        _pair(a, b, samples[a], samples[b], design, {a, b} <= ranked, margin)
        for a, b in combinations(samples, 2)
        if against is None or (against in (a, b) and {a, b} <= ranked)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"ranked": bool})
    applies = frame["ranked"] & (frame["test"] != "none")
    tests = int(applies.sum())
    smallest = frame["smallest_p"].where(applies, 1.0).astype("float64")
    reachable = applies & (_corrected(smallest, applies) <= alpha)
    frame["seeds_needed"] = [
        seeds_needed(row["relation"], tests, alpha) if lacking else 0
        for row, lacking in zip(rows, applies & ~reachable, strict=True)
    ]
    within = applies & frame["margin"].notna()
    frame["p_equivalent"] = _corrected(frame["p_equivalent"].astype("float64").fillna(1.0), applies).where(within)
    frame["equivalent"] = frame["p_equivalent"] <= alpha
    frame["test"] = frame["test"].where(reachable, "none")
    frame["p"] = frame["p"].astype("float64").where(reachable)
    frame["p_holm"] = _corrected(frame["p"].fillna(1.0), applies).where(reachable)
    values = frame["ranked"] & (frame["relation"] == "values")
    frame["better"] = frame["better"].where(values | (frame["p_holm"] <= alpha), "")
    wanted = [
        seeds_to_separate(row["probability"], row["relation"], tests, alpha) if undecided else Seeds(*3 * [np.nan])
        for row, undecided in zip(rows, applies & (frame["better"] == ""), strict=True)
    ]
    for end, values_ in (("", "value"), ("_low", "low"), ("_high", "high")):
        frame[f"seeds{end}"] = [getattr(each, values_) for each in wanted]
    return frame


@dataclass(frozen=True)
class Groups:
    """What the tests say of the order of a family; see `groups`."""

    level: tuple[str, ...]
    """Those that are worse than nobody: no two of them differ. Empty where nothing was tested, or in a circle."""
    worse: Mapping[str, tuple[str, ...]]
    """The others, and than whom each is worse."""

    @property
    def best(self) -> str | None:
        """The only one that is worse than nobody; None where there are several, or no order."""
        return self.level[0] if len(self.level) == 1 and self.worse else None


def groups(pairs: pd.DataFrame, members: Sequence[str]) -> Groups:
    """Who of a family is worse than whom, by the rows of `compare`: i is worse than j where their test says so.

    The level group is formed by those who are worse than nobody. It may name an optimiser that few tests concern; a
    pair without a test supports nothing, and nothing is concluded from it. Simulated, six equal optimisers with 10
    seeds: someone is called worse in 3.5 % of comparisons (paired 1.9 %), where comparing with the picked best alone
    does so in 7.5 % (`python benchmarks/power.py`).
    """
    ranked = pairs[pairs["ranked"]]
    if not (ranked["test"] != "none").any():
        return Groups((), {})
    beaten: dict[str, list[str]] = {label: [] for label in members}
    for row in ranked[ranked["better"] != ""].to_dict("records"):
        loser = row["b"] if row["better"] == row["a"] else row["a"]
        beaten[loser].append(row["better"])
    order = {label: place for place, label in enumerate(members)}
    worse = {label: tuple(sorted(by, key=order.__getitem__)) for label, by in beaten.items() if by}
    return Groups(tuple(label for label in members if label not in worse), worse)


def _sample(label: str, losses: ArrayLike, seeds: ArrayLike) -> tuple[Values, NDArray[Any]]:
    values, own = np.asarray(losses, dtype=np.float64), np.asarray(seeds)
    if own.shape != values.shape or len(np.unique(own)) != len(own):
        raise ValueError(f"{label}: {len(values)} losses with seeds {own.tolist()}; give each loss one seed")
    return np.where(np.isnan(values), np.inf, values), own


def _pair(
    a: str,
    b: str,
    of_a: tuple[Values, NDArray[Any]],
    of_b: tuple[Values, NDArray[Any]],
    design: Design,
    ranked: bool,
    margin: float,
) -> dict[str, Any]:
    """What `compare` says of one pair, before the correction."""
    relation = design.relation(a, b)
    (x, seeds_x), (y, seeds_y) = of_a, of_b
    tested = outcome(x, y, seeds_x, seeds_y, relation, a in design.single)
    shift = effects.shift(tested.a, tested.b, relation, OF_SHIFT)
    probability = effects.improvement(tested.sample, len(tested.a), len(tested.b), relation)
    better = a if tested.favours < 0 else b if tested.favours > 0 else ""
    return {
        "a": a,
        "b": b,
        "runs_a": len(x),
        "runs_b": len(y),
        "relation": relation,
        "ranked": ranked,
        "compared": len(tested.sample),
        "left_out": len(x) + len(y) - 2 * len(tested.sample) if relation in BY_SEED else 0,
        "median_a": significance.median(x),
        "median_b": significance.median(y),
        "shift": shift.value,
        "shift_low": shift.low,
        "shift_high": shift.high,
        "margin": margin,
        "p_equivalent": effects.equivalence_p(tested.a, tested.b, relation, margin),
        "probability": probability,
        "improvement": probability.value,
        "improvement_low": probability.low,
        "improvement_high": probability.high,
        "test": TESTS[relation],
        "p": tested.p,
        "p_holm": np.nan,
        "better": better,
        "smallest_p": design.smallest_p(a, b),
    }


@dataclass(frozen=True)
class Outcome:
    """What the test of one pair says."""

    a: Values
    """The losses that take part: by seed where paired, one value in the place of runs that are one run."""
    b: Values
    sample: Values
    """Differences a - b."""
    p: float
    """NaN where the runs allow no test."""
    favours: float
    """Below 0 where the statistic of the test favours a, above where b, 0 where neither."""


def outcome(
    a: Values, b: Values, seeds_a: NDArray[Any], seeds_b: NDArray[Any], relation: Relation, single_a: bool
) -> Outcome:
    """The test that a relation allows (`designs.TESTS`) of runs' numbers, lower ones being better, +inf among them."""
    if relation in BY_SEED:
        _, at_a, at_b = np.intersect1d(seeds_a, seeds_b, return_indices=True)
        a, b = a[at_a], b[at_b]
        p = significance.signed_rank_p(a, b) if relation == "paired" else np.nan
        favours = float(significance.signed_ranks(a, b).sum())
        return Outcome(a, b, significance.differences(a, b), p, float(np.sign(favours)))
    if relation in ("value", "values"):
        a, b = (a[:1], b) if single_a else (a, b[:1])
        sample = significance.differences(a, b)
        if relation == "values":
            sample = sample[:1]
            return Outcome(a[:1], b[:1], sample, np.nan, float(np.sign(sample.sum())))
        a, b = np.broadcast_arrays(a, b)
        sides = float((sample > 0).sum() - (sample < 0).sum())
        return Outcome(a, b, sample, significance.sign_p(sample), float(np.sign(sides)))
    sample = significance.differences(a[:, None], b[None, :]).ravel()
    favours = 0.5 - significance.improvement(sample) if len(sample) else 0.0
    return Outcome(a, b, sample, significance.rank_sum_p(a, b), float(np.sign(favours)))


def _corrected(p: pd.Series, applies: pd.Series) -> pd.Series:
    """Holm's correction over the rows to which a test applies; the others have 1."""
    corrected = pd.Series(1.0, index=p.index)
    if applies.any():
        corrected[applies] = significance.holm(p[applies])
    return corrected
