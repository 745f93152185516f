"""How often the intervals of the report hold the truth: coverage for few seeds, beside what else was tried.

Samples of n = 3, 5, 10 and 20 runs from laws whose median, mean and interquartile mean are known. Prints Markdown: the
coverage in per cent of intervals that claim 95 %, for those of bench/report/statistics/intervals.py (whose docstring
has the table) and for Student's t, BCa and percentile bootstraps; and their median width. Takes some minutes; the
coverage of 20,000 samples is certain to 0.3, that of a fifth to 0.7 (two standard errors).
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.report.statistics import intervals

Values = NDArray[np.float64]
Ends = tuple[Values, Values]
COUNTS = (3, 5, 10, 20)
RESAMPLES = 1999


@dataclass(frozen=True)
class Law:
    """A distribution of final losses by its quantile function, and what is true of it."""

    quantile: Callable[[Values], Values]
    median: float
    mean: float
    iqm: float


def law(quantile: Callable[[Values], Values]) -> Law:
    """The truths, from the quantile function on a fine grid."""
    values = quantile((np.arange(4_000_000) + 0.5) / 4_000_000)
    return Law(quantile, float(values[2_000_000]), float(values.mean()), float(values[1_000_000:3_000_000].mean()))


def lognormal(share: Values) -> Values:
    quantiles: Values = np.exp(stats.norm.ppf(share))
    return quantiles


def with_failures(share: Values) -> Values:
    return np.where(share < 0.9, lognormal(np.minimum(share, 0.899999999) / 0.9), np.inf)


def laws() -> dict[str, Law]:
    return {
        "normal": law(stats.norm.ppf),
        "lognormal": law(lognormal),
        "ties": law(lambda share: np.round(2 * lognormal(share)) / 2),
        "failures": law(with_failures),
    }


def student(values: Values) -> Ends:
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return values.mean(axis=0) - half, values.mean(axis=0) + half


def trimmed(values: Values) -> Values:
    cut = len(values) // 4
    means: Values = np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0)
    return means


def bootstrap(values: Values, statistic: Callable[[Values], Values], corrected: bool) -> Ends:
    """Percentiles of 1999 resamples, as they are or by BCa (Efron, 1987)."""
    count = len(values)
    rows = np.random.default_rng(1).integers(count, size=(RESAMPLES, count))
    ends = []
    for start in range(0, values.shape[1], 100):
        part = values[:, start : start + 100]
        drawn = np.sort(statistic(part[rows].swapaxes(0, 1)), axis=0)
        shares = np.tile([[0.025], [0.975]], part.shape[1])
        if corrected:
            at = statistic(part)
            below = ((drawn < at).mean(axis=0) + (drawn <= at).mean(axis=0)) / 2
            bias = stats.norm.ppf(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
            left = np.stack([statistic(np.delete(part, row, axis=0)) for row in range(count)])
            away = left.mean(axis=0) - left
            with np.errstate(invalid="ignore"):
                bend = np.nan_to_num((away**3).sum(axis=0) / (6 * (away**2).sum(axis=0) ** 1.5))
            moved = bias + stats.norm.ppf(shares)
            shares = stats.norm.cdf(bias + moved / (1 - bend * moved))
        place = np.clip((shares * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(np.take_along_axis(drawn, place, axis=0))
    low, high = np.concatenate(ends, axis=1)
    return low, high


def chosen(find: Callable[[Values], intervals.Interval]) -> Callable[[Values], Ends]:
    def ends(values: Values) -> Ends:
        parts = [find(values[:, start : start + 1000]) for start in range(0, values.shape[1], 1000)]
        return np.concatenate([part.low for part in parts]), np.concatenate([part.high for part in parts])

    return ends


CHOSEN: dict[str, tuple[str, Callable[[Values], Ends]]] = {
    "median": ("median", chosen(intervals.median)),
    "mean": ("mean", chosen(intervals.mean)),
    "interquartile mean": ("iqm", chosen(intervals.interquartile_mean)),
}
TRIED: dict[str, tuple[str, Callable[[Values], Ends]]] = {
    "mean, Student's t": ("mean", student),
    "mean, BCa": ("mean", lambda values: bootstrap(values, lambda part: part.mean(axis=0), True)),
    "mean, percentiles": ("mean", lambda values: bootstrap(values, lambda part: part.mean(axis=0), False)),
    "interquartile mean, BCa": ("iqm", lambda values: bootstrap(values, trimmed, True)),
    "interquartile mean, percentiles": ("iqm", lambda values: bootstrap(values, trimmed, False)),
}


def measure(
    name: str, method: tuple[str, Callable[[Values], Ends]], known: dict[str, Law], samples: int
) -> dict[str, list[tuple[float, float]]]:
    """Per law and number of runs: coverage in per cent, and median width."""
    what, find = method
    covered: dict[str, list[tuple[float, float]]] = {}
    for title, one in known.items():
        truth = getattr(one, what)
        if title == "failures" and (not np.isfinite(truth) or name in TRIED):
            continue
        for count in COUNTS:
            values = one.quantile(np.random.default_rng([7, count]).random((count, samples)))
            low, high = find(values)
            with np.errstate(invalid="ignore"):
                width = float(np.median(np.where(low == high, 0.0, high - low)))
            covered.setdefault(title, []).append((100 * float(((low <= truth) & (truth <= high)).mean()), width))
    return covered


def main() -> int:
    parser = argparse.ArgumentParser(description="Coverage of the report's intervals, for few seeds.")
    parser.add_argument(
        "--samples", type=int, default=20_000, help="of each law and n; a fifth for what was not chosen"
    )
    samples = parser.parse_args().samples
    heads = " | ".join(f"n = {count}" for count in COUNTS)
    print(f"| statistic | distribution | {heads} |\n|---|---|{'---|' * len(COUNTS)}")
    known = laws()
    for name, method in (CHOSEN | TRIED).items():
        for title, cells in measure(name, method, known, samples if name in CHOSEN else samples // 5).items():
            shown = [f"{coverage:.1f} (width {width:.2f})" for coverage, width in cells]
            print(f"| {name} | {title} | {' | '.join(shown)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
