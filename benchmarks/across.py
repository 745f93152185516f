"""How often what a report says over several problems is wrong where all optimisers are equal: by its own code.

Prints two tables in Markdown.

1. Error rates: the share of comparisons, in per cent, in which one of k equal optimisers on P problems is called
   different from another: by the mixed-effects model (on a quarter of the samples, as it is slow), by the analysis of
   variance that it falls back on, by Wilcoxon's signed-rank test with Holm's correction of scores, and of ranks within
   each problem, by Friedman's test in Iman and Davenport's form, and by a Bayesian probability above 0.95 of any pair,
   or of a single pair (it claims no error rate). Median scores are
   - independent: normal, each by itself;
   - shared: normal, with an effect of the problem that all share and that is twice as wide;
   - heavy tails: Student's t with 2 degrees of freedom, and the effect of the problem;
   - unequal: normal, the first optimiser's spread three times that of the others, and the effect of the problem.
2. Coverage: how often the stratified bootstrap's 95 % interval holds the interquartile mean, and the mean probability
   of improvement, for n skewed runs on each of 10 problems, with n - 1 draws on each problem and with n, as rliable
   has it.

Takes five minutes; a share of 5 % of 300 samples is certain to 2.5 % (two standard errors), of 75 to 5 %.
"""

import argparse
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.statistics import aggregates, bayesian, mixed_model, ranks
from bench.report.statistics.designs import ALPHA

Values = NDArray[np.float64]
Kind = Callable[[np.random.Generator, int, int], Values]
METHODS = [
    "mixed model",
    "ANOVA",
    "Wilcoxon-Holm",
    "Wilcoxon-Holm, ranks",
    "Iman-Davenport",
    "Bayesian, any pair",
    "Bayesian, a pair",
]


def independent(random: np.random.Generator, problems: int, count: int) -> Values:
    return random.normal(size=(problems, count))


def shared(random: np.random.Generator, problems: int, count: int) -> Values:
    return random.normal(size=(problems, count)) + 2 * random.normal(size=(problems, 1))


def heavy(random: np.random.Generator, problems: int, count: int) -> Values:
    return random.standard_t(2, size=(problems, count)) + 2 * random.normal(size=(problems, 1))


def unequal(random: np.random.Generator, problems: int, count: int) -> Values:
    spread = np.array([3.0, *[1.0] * (count - 1)])
    return spread * random.normal(size=(problems, count)) + 2 * random.normal(size=(problems, 1))


KINDS: dict[str, Kind] = {"independent": independent, "shared": shared, "heavy tails": heavy, "unequal": unequal}


def alarms(scores: pd.DataFrame, slow: bool) -> tuple[list[float], mixed_model.Model | None]:
    """Whether each of `METHODS` calls someone different (NaN: not asked), and the mixed model that was asked."""
    plain = mixed_model.two_way(scores)
    compared = ranks.compare(scores)
    friedman = ranks.friedman(scores, compared)
    probable = bayesian.compare(scores, draws=500)[["a_better", "b_better"]].to_numpy() > bayesian.CERTAIN
    model = mixed_model.fit(scores) if slow else None
    assert plain is not None
    assert friedman is not None
    found = [
        different(model.contrasts) if model else np.nan,
        different(plain.contrasts),
        different(compared),
        different(ranks.compare(ranks.ranks(scores))),
        float(friedman.p <= ALPHA),
        float(probable.any()),
        float(probable.any(axis=1).mean()),
    ]
    return found, model


def different(pairs: pd.DataFrame) -> float:
    return float((pairs["better"] != "").any())


def coverage(random: np.random.Generator, runs: int, extra: int, samples: int) -> tuple[float, float]:
    """How often intervals from n - 1 + `extra` draws hold the truth, of 10 problems that differ in level and spread."""
    levels, spreads = np.linspace(0, 1, 10), np.linspace(0.2, 1, 10)
    many = random.lognormal(size=(100_000, 10)) * spreads + levels
    truth = np.sort(many, axis=None)
    iqm = float(truth[len(truth) // 4 : -(len(truth) // 4)].mean())
    held = np.zeros(2)
    for _ in range(samples):
        drawn = random.lognormal(size=(2, 10, runs)) * spreads[:, None] + levels[:, None]
        scores = {label: list(values) for label, values in zip("ab", drawn, strict=True)}
        centre = aggregates.centres(scores, resamples=399, extra=extra).set_index("label").loc["a"]
        better = aggregates.improvement(scores, resamples=399, extra=extra).iloc[0]
        held[0] += centre["iqm_low"] <= iqm <= centre["iqm_high"]
        held[1] += better["improvement_low"] <= 0.5 <= better["improvement_high"]
    return float(held[0] / samples), float(held[1] / samples)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=300)
    arguments, _ = parser.parse_known_args()
    samples, random = arguments.samples, np.random.default_rng(19)
    print(f"| scores | P | k | {' | '.join(METHODS)} |\n|---|---|---|{'---|' * len(METHODS)}")
    fallen = asked = 0
    for name, kind in KINDS.items():
        for problems in (5, 10, 30):
            for count in (3, 6):
                labels = [f"o{place}" for place in range(count)]
                found = []
                for sample in range(samples):
                    scores = pd.DataFrame(kind(random, problems, count), columns=labels)
                    alarm, model = alarms(scores, sample % 4 == 0)
                    found.append(alarm)
                    if model is not None:
                        asked += 1
                        fallen += model.method == "analysis of variance"
                shares = (100 * np.nanmean(found, axis=0)).tolist()
                print(
                    f"| {name} | {problems} | {count} | {' | '.join(f'{share:.1f}' for share in shares)} |", flush=True
                )
    print(f"\nThe mixed model fell back on the analysis of variance in {fallen} of {asked} samples.")
    print("\n| runs a problem | draws | interquartile mean | probability of improvement |\n|---|---|---|---|")
    for runs in (3, 5, 10):
        for extra, draws in ((0, "n - 1"), (1, "n")):
            held = coverage(random, runs, extra, 2 * samples)
            print(f"| {runs} | {draws} | {' | '.join(f'{100 * share:.1f}' for share in held)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
