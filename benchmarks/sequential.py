"""How far tests at looks can be relied on, and what they cost: simulated, with the report's own tests.

Prints three tables in Markdown, for the looks of conf/seeds (10 to 200 seeds) and the 15 pairs of six optimisers.

1. Error: how often, among six optimisers that do not differ, some pair is called different; beside it what testing anew
   at each look, as if it were the only one, would give.
2. Seeds: how many it takes until one of the 15 pairs is called different that lies so many standard deviations apart,
   at Holm's first step; with equal weights; and were all levels raised as far as the correlation of looks allows for
   normal sums, which is not known of exact tests of few seeds.
3. Equivalence: how often a pair is called equivalent that lies just on the margin, and after how many seeds one is that
   does not differ.

Takes about 40 seconds of one core; with 1,000 samples a share of 3 per cent is certain to 1 (two standard errors).
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.config.values import Seeds
from bench.report.statistics import sequential
from bench.report.statistics.designs import ALPHA, Relation
from bench.report.statistics.sequential import Looks

Values = NDArray[np.float64]

OPTIMIZERS = 6
PAIRS = OPTIMIZERS * (OPTIMIZERS - 1) // 2
PLAN = Looks(0, tuple(Seeds.model_fields["looks"].default))
SHARED = 0.5
"""The share of the variance that runs of one seed share, where they are paired."""
SCREEN = 0.01
"""Pairs whose approximate p are all above it are not tested exactly: none of them comes near to what is asked of it."""


def normal(random: np.random.Generator, samples: int) -> Values:
    return random.normal(size=(samples, OPTIMIZERS, PLAN.most))


def paired(random: np.random.Generator, samples: int) -> Values:
    return sqrt(1 - SHARED) * normal(random, samples) + sqrt(SHARED) * random.normal(size=(samples, 1, PLAN.most))


def skewed(random: np.random.Generator, samples: int) -> Values:
    return np.exp(normal(random, samples))


def tied(random: np.random.Generator, samples: int) -> Values:
    """Error rates on few rows: five values, most of them the same."""
    return random.binomial(4, 0.3, size=(samples, OPTIMIZERS, PLAN.most)).astype(np.float64)


def paired_and_tied(random: np.random.Generator, samples: int) -> Values:
    return np.round(paired(random, samples))


def unequal(random: np.random.Generator, samples: int) -> Values:
    """One median, and standard deviations from 1 to 3."""
    return normal(random, samples) * np.linspace(1, 3, OPTIMIZERS)[None, :, None]


def failing(random: np.random.Generator, samples: int) -> Values:
    """A tenth of the runs finds nothing."""
    losses = normal(random, samples)
    return np.where(random.random(losses.shape) < 0.1, np.inf, losses)


SCENARIOS: Mapping[str, tuple[Relation, Callable[[np.random.Generator, int], Values]]] = {
    "normal": ("unpaired", normal),
    "lognormal": ("unpaired", skewed),
    "five values, ties": ("unpaired", tied),
    "standard deviations 1 to 3": ("unpaired", unequal),
    "a tenth of runs fails": ("unpaired", failing),
    "half of the variance shared by seed": ("paired", paired),
    "the same, rounded: ties": ("paired", paired_and_tied),
}


def approximate(a: Values, b: Values, relation: Relation) -> Values:
    """Normal p of the tests of n runs each, (samples, n) twice, without a correction: (samples,)."""
    n = a.shape[1]
    if relation == "paired":
        d = a - b
        ranks = stats.rankdata(np.abs(d), axis=1)
        total, variance = (np.sign(d) * ranks).sum(1), np.where(d != 0, ranks**2, 0).sum(1)
    else:
        ranks = stats.rankdata(np.concatenate([a, b], axis=1), axis=1)
        total = ranks[:, :n].sum(1) - n * (2 * n + 1) / 2
        variance = n * n / (2 * n * (2 * n - 1)) * ((ranks - (2 * n + 1) / 2) ** 2).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p: Values = np.nan_to_num(2 * stats.norm.sf(np.abs(total) / np.sqrt(variance)), nan=1.0)
    return p


def tested(a: Values, b: Values, relation: Relation) -> Values:
    """The exact p of one pair at each look."""
    numbers = np.arange(PLAN.most)
    return np.array([each.p for each in sequential.outcomes(a, b, numbers, numbers, relation, False, PLAN)])


def errors(losses: Values, relation: Relation) -> tuple[float, float]:
    """The share of samples in which some pair is called different: by looks, and tested anew at each of them."""
    by_looks, anew = np.zeros(len(losses), bool), np.zeros(len(losses), bool)
    weights = np.array(PLAN.weights)
    for one, other in combinations(range(OPTIMIZERS), 2):
        lowest = np.min([approximate(losses[:, one, :n], losses[:, other, :n], relation) for n in PLAN.counts], axis=0)
        for sample in np.flatnonzero(lowest <= SCREEN):
            p = tested(losses[sample, one], losses[sample, other], relation)
            by_looks[sample] |= (p / weights).min() * PAIRS <= ALPHA
            anew[sample] |= p.min() * PAIRS <= ALPHA
    return float(by_looks.mean()), float(anew.mean())


def spared(random: np.random.Generator, alpha: float, paths: int = 4_000_000) -> float:
    """By which factor the levels of all looks could grow, were p those of normal sums, until their union is alpha."""
    increments = np.diff([0, *PLAN.counts])
    lowest = np.ones(paths)
    total = np.zeros(paths)
    for increment, count, weight in zip(increments, PLAN.counts, PLAN.weights, strict=True):
        total += sqrt(increment) * random.normal(size=paths)
        np.minimum(lowest, 2 * stats.norm.sf(np.abs(total) / sqrt(count)) / weight, out=lowest)
    return float(np.quantile(lowest, alpha)) / alpha


def seeds_taken(p: Values, weights: Values, alpha: float) -> float:
    """Seeds of the first look at which p is low enough, the most where it never is."""
    enough = np.flatnonzero(p <= alpha * weights)
    return float(PLAN.counts[enough[0]] if len(enough) else PLAN.most)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000)
    arguments, _ = parser.parse_known_args()
    samples, random = arguments.samples, np.random.default_rng(22)
    few, level = max(50, samples // 5), ALPHA / PAIRS
    print("| six equal optimisers | test | error by looks, % | tested anew at each look, % |\n|---|---|---|---|")
    for name, (relation, draw) in SCENARIOS.items():
        by_looks, anew = errors(draw(random, samples), relation)
        print(f"| {name} | {_TESTS[relation]} | {100 * by_looks:.1f} | {100 * anew:.1f} |", flush=True)
    factor, equal = spared(random, level), np.full(len(PLAN.counts), 1 / len(PLAN.counts))
    print(f"\n| apart by | test | seeds, still open | with equal weights | with all levels times {factor:.2f} |")
    print("|---|---|---|---|---|")
    weights = np.array(PLAN.weights)
    for relation, draw in (("unpaired", normal), ("paired", paired)):
        for apart in (0.4, 0.8, 1.5):
            losses = draw(random, few)
            every = [tested(one, two + apart, relation) for one, two in zip(losses[:, 0], losses[:, 1], strict=True)]
            plans = ((weights, level), (equal, level), (weights, factor * level))
            shown = []
            for shares, alpha in plans:
                taken = np.mean([seeds_taken(p, shares, alpha) for p in every])
                never = np.mean([(p > alpha * shares).all() for p in every])
                shown.append(f"{taken:.0f}, {100 * never:.0f} %")
            print(f"| {apart} SD | {_TESTS[relation]} | {' | '.join(shown)} |", flush=True)
    print(
        "\n| margin | test | called equivalent on the margin, % | when equal, % | seeds then |\n|---|---|---|---|---|"
    )
    numbers = np.arange(PLAN.most)
    for relation, draw in (("unpaired", normal), ("paired", paired)):
        for margin in (0.5, 1.0):
            losses = draw(random, few)
            sides = list(zip(losses[:, 0], losses[:, 1], strict=True))
            on = np.mean(
                [
                    sequential.equivalence(a + margin, b, numbers, numbers, relation, margin, PLAN) <= ALPHA
                    for a, b in sides
                ]
            )
            ends = [_until_equivalent(a, b, relation, margin) for a, b in sides]
            called = [end for end in ends if end]
            then = f"{np.mean(called):.0f}" if called else "-"
            share = 100 * len(called) / len(ends)
            print(f"| {margin} SD | {_TESTS[relation]} | {100 * on:.1f} | {share:.0f} | {then} |", flush=True)
    return 0


def _until_equivalent(a: Values, b: Values, relation: Relation, margin: float) -> int:
    """Seeds at which one of 15 pairs is called equivalent, at Holm's first step; 0 where it never is."""
    for count in PLAN.counts:
        numbers = np.arange(count)
        q = sequential.equivalence(a[:count], b[:count], numbers, numbers, relation, margin, PLAN)
        if q * PAIRS <= ALPHA:
            return count
    return 0


_TESTS = {"unpaired": "rank-sum", "paired": "signed-rank"}


if __name__ == "__main__":
    sys.exit(main())
