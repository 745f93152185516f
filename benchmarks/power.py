"""How good the report's answer is to the question how many more seeds would tell two optimisers apart.

Draws final losses of k optimisers with n seeds each from normal laws, picks the best by its median, as a reader does,
and asks for the seeds that would separate it from another that it was not told apart from. Prints Markdown: for the
report's own answer (bench/report/statistics/power.py, whose docstring has the table), for one that corrects the square
of the effect instead, and for one that takes the observed effect at face value,

- of optimisers that are all equal: how often a number of seeds is promised, where none suffices;
- of unequal ones (the first ahead by 0.8 standard deviations; or each by 0.3 of the one behind it): how often a number
  is promised where one exists, its median ratio to the number truly needed, and the true power with the promised number
  (0.8 is claimed), in the mean and exceeded by three quarters.

Takes ten minutes; with 200 samples a share is certain to 7 per cent (two standard errors).
"""

import argparse
import sys
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.report.statistics import power, significance

Values = NDArray[np.float64]
ALPHA, WANTED = 0.05, 0.8
SHARED = 0.5
"""The share of the variance that runs of one seed share, where they are paired."""
GRID = stats.norm.ppf((np.arange(300) + 0.5) / 300)
LADDERS = {"equal": 0.0, "one ahead": 0.8, "ladder": 0.3}


def places(name: str, k: int) -> Values:
    """The optimisers' true means, in standard deviations of one run."""
    return np.minimum(np.arange(k), 1.0 if name == "one ahead" else k) * LADDERS[name]


@cache
def true_power(apart: float, paired: bool, seeds: int, level: float) -> float:
    """With the laws themselves in place of the runs."""
    a, b = (GRID * np.sqrt(2 * (1 - SHARED)), 0 * GRID) if paired else (GRID, GRID)
    return power.power_of(a, b + apart, paired, seeds, level)


@cache
def true_seeds(apart: float, paired: bool, level: float) -> int | None:
    return power.least_seeds(lambda seeds: true_power(apart, paired, seeds, level), WANTED)[0]


def _least(a: Values, b: Values, paired: bool, pairs: int, believed: float) -> int | None:
    reached = partial(power.power_of, a, b, paired, level=ALPHA / pairs, believed=believed)
    return power.least_seeds(lambda seeds: reached(seeds=seeds), WANTED)[0]


def at_face_value(a: Values, b: Values, paired: bool, pairs: int) -> int | None:
    return _least(a, b, paired, pairs, 1.0)


def corrected(a: Values, b: Values, paired: bool, pairs: int) -> int | None:
    return power.seeds_to_separate(a, b, paired, pairs, ALPHA, WANTED).seeds


def less_corrected(a: Values, b: Values, paired: bool, pairs: int) -> int | None:
    """The square of the effect is corrected in the place of the effect."""
    believed = power.seeds_to_separate(a, b, paired, pairs, ALPHA, WANTED).believed ** 0.5
    return _least(a, b, paired, pairs, believed) if believed else None


ANSWERS = {"report": corrected, "square": less_corrected, "face value": at_face_value}


def asked(name: str, k: int, n: int, paired: bool, samples: int) -> list[tuple[float, Values, Values]]:
    """How far apart they truly are, and the losses, of pairs that were not told apart: the picked best and another."""
    random = np.random.default_rng([k, n, samples])
    level = ALPHA / (k * (k - 1) // 2)
    test = significance.signed_rank_p if paired else significance.rank_sum_p
    answers = []
    for _ in range(samples):
        losses = random.normal(size=(k, n))
        if paired:
            losses = np.sqrt(1 - SHARED) * losses + np.sqrt(SHARED) * random.normal(size=n)
        mean = places(name, k)
        losses += mean[:, None]
        best, *others = np.argsort(np.median(losses, axis=1)).tolist()
        other = int(random.choice(others))
        if test(losses[best], losses[other]) > level:
            answers.append((round(abs(mean[best] - mean[other]), 3), losses[best], losses[other]))
    return answers


def judged(k: int, n: int, paired: bool, samples: int) -> list[str]:
    """A row of the table for each answer."""
    pairs = k * (k - 1) // 2
    level = ALPHA / pairs
    rows = []
    questions = {name: asked(name, k, n, paired, samples) for name in LADDERS}
    for label, answer in ANSWERS.items():
        equal = [answer(a, b, paired, pairs) for _, a, b in questions["equal"]]
        wrong = np.mean([seeds is not None for seeds in equal])
        there = []
        for apart, a, b in questions["one ahead"] + questions["ladder"]:
            needed = true_seeds(apart, paired, level)
            if needed is not None:
                there.append((apart, needed, answer(a, b, paired, pairs)))
        promised = [(apart, needed, seeds) for apart, needed, seeds in there if seeds is not None]
        ratio = np.median([seeds / needed for _, needed, seeds in promised])
        powers = [true_power(apart, paired, seeds, level) for apart, _, seeds in promised]
        kind = "yes" if paired else "no"
        rows.append(
            f"| {label} | {kind} | {k} | {n} | {100 * wrong:.0f} | {100 * len(promised) / len(there):.0f} "
            f"| {ratio:.1f} | {np.mean(powers):.2f} | {np.quantile(powers, 0.25):.2f} |"
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    arguments, _ = parser.parse_known_args()
    print(
        "| answer | paired | k | n | promised of equals, % | promised of unequals, % | seeds / needed | power | lower |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for paired in (False, True):
        for k in (2, 6):
            for n in (5, 10, 20):
                print("\n".join(judged(k, n, paired, arguments.samples)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
