"""How far the report's statements about one problem can be relied on: simulated, by the report's own code.

Prints three tables in Markdown.

1. Intervals of the probability of improvement: how often a 95 % interval holds the true probability, for n runs a side.
2. Seeds that would separate two optimisers: the true power of the exact test with the number that a true probability
asks
   for, 0.8 being promised; for normal and lognormal losses.
3. Groups: how often, among optimisers that are all equal, some one is called worse than another; and how often it would
be
   if each were compared with the picked best alone, at alpha / (optimisers - 1).

Takes two minutes; with 2,000 samples a share is certain to 2 per cent (two standard errors), a small one to 1.
"""

import argparse
import sys
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.report.statistics import designs, effects, pairs, power, significance
from bench.report.statistics.designs import ALPHA, Design, Relation

Values = NDArray[np.float64]
RELATIONS: tuple[Relation, ...] = ("unpaired", "paired", "value")
SHARED = 0.5
"""The share of the variance that runs of one seed share, where they are paired."""


def drawn(
    random: np.random.Generator, relation: Relation, n: int, probability: float, skewed: bool
) -> tuple[Values, Values]:
    """Losses of n runs a side, where a run of the first is better with the given probability."""
    z = float(stats.norm.ppf(probability))
    if relation == "value":
        a, b = random.normal(size=n) - z, np.zeros(n)
    else:
        spread = sqrt(2 * (1 - SHARED)) if relation == "paired" else sqrt(2)
        a, b = random.normal(size=(2, n))
        if relation == "paired":
            a, b = (
                sqrt(1 - SHARED) * side + sqrt(SHARED) * common for common in [random.normal(size=n)] for side in (a, b)
            )
        a = a - z * spread
    return (np.exp(a), np.exp(b)) if skewed else (a, b)


def coverage(random: np.random.Generator, relation: Relation, n: int, probability: float, samples: int) -> float:
    held = 0
    for _ in range(samples):
        a, b = drawn(random, relation, n, probability, skewed=False)
        sample = (a[:, None] - b[None, :]).ravel() if relation == "unpaired" else a - b
        interval = effects.improvement(sample, n, n, relation)
        held += interval.low <= probability <= interval.high
    return held / samples


def reached(
    random: np.random.Generator, relation: Relation, probability: float, tests: int, skewed: bool, samples: int
) -> tuple[int, float]:
    """The seeds that a true probability asks for, and how often the test then rejects at the first step of Holm's."""
    exact = effects.Estimate(probability, probability, probability)
    seeds = int(power.seeds_to_separate(exact, relation, tests).value)
    rejected = 0
    for _ in range(samples):
        a, b = drawn(random, relation, seeds, probability, skewed)
        numbers = np.arange(seeds)
        rejected += pairs.outcome(a, b, numbers, numbers, relation, single_a=False).p <= ALPHA / tests
    return seeds, rejected / samples


def false_alarms(random: np.random.Generator, paired: bool, count: int, n: int, samples: int) -> tuple[float, float]:
    """The share of comparisons of equal optimisers in which one is called worse: by groups, and against the best."""
    labels = [f"o{i}" for i in range(count)]
    relation: Relation = "paired" if paired else "unpaired"
    seeds = dict.fromkeys(labels, frozenset(range(n)))
    design = Design(seeds, frozenset(), {frozenset(pair): relation for pair in combinations(labels, 2)})
    family = designs.family(design, labels)
    numbers = dict.fromkeys(labels, np.arange(n))
    test = significance.signed_rank_p if paired else significance.rank_sum_p
    by_groups = by_best = 0
    for _ in range(samples):
        losses = np.exp(random.normal(size=(count, n)))
        if paired:
            losses *= np.exp(random.normal(size=n))
        frame = pairs.compare(dict(zip(labels, losses, strict=True)), numbers, design, family)
        by_groups += bool(pairs.groups(frame, family.members).worse)
        best, *others = np.argsort(np.median(losses, axis=1)).tolist()
        by_best += any(test(losses[best], losses[other]) <= ALPHA / (count - 1) for other in others)
    return by_groups / samples, by_best / samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2000)
    arguments, _ = parser.parse_known_args()
    samples, random = arguments.samples, np.random.default_rng(19)
    print("| test | runs | P = 0.5 | P = 0.7 | P = 0.9 |\n|---|---|---|---|---|")
    for relation in RELATIONS:
        for n in (5, 10, 20):
            shares = [100 * coverage(random, relation, n, p, samples) for p in (0.5, 0.7, 0.9)]
            print(f"| {designs.TESTS[relation]} | {n} | {' | '.join(f'{share:.1f}' for share in shares)} |", flush=True)
    print("\n| test | tests | P | seeds | power, normal | power, lognormal |\n|---|---|---|---|---|---|")
    for relation in RELATIONS:
        for tests in (1, 15):
            for probability in (0.65, 0.75, 0.9):
                few = max(100, samples // 4)
                seeds, normal = reached(random, relation, probability, tests, False, few)
                _, skewed = reached(random, relation, probability, tests, True, few)
                name = designs.TESTS[relation]
                print(f"| {name} | {tests} | {probability} | {seeds} | {normal:.2f} | {skewed:.2f} |", flush=True)
    print("\n| optimisers, all equal | runs | seeds | someone worse, by groups, % | against the best, % |")
    print("|---|---|---|---|---|")
    for count in (3, 6):
        for paired in (False, True):
            for n in (10, 20):
                groups, best = false_alarms(random, paired, count, n, samples // 2)
                kind = "paired" if paired else "unpaired"
                print(f"| {count} | {kind} | {n} | {100 * groups:.1f} | {100 * best:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
