"""Kendall's tau within runs: against SciPy's and a count of pairs, and an interval that covers as often as it says."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from bench.report.statistics.agreement import FEWEST, agreement, concordance


def by_pairs(a: np.ndarray, b: np.ndarray) -> list[float]:
    signs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in itertools.combinations(range(len(a)), 2)]
    return [sum(x * y for x, y in signs), sum(x != 0 for x, _ in signs), sum(y != 0 for _, y in signs)]


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_counted_as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2 + seed, (2, int(rng.integers(0, 15)))).astype(float)
    assert concordance(a, b).tolist() == by_pairs(a, b)


def test_of_one_run_it_is_kendalls_tau_b() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, (2, 30)).astype(float)
    found = agreement([concordance(a, b)])
    assert found.tau == pytest.approx(stats.kendalltau(a, b).statistic)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_losses_of_different_runs_are_never_compared() -> None:
    """Splits differ in their level: each run ranks perfectly, all together would not."""
    runs = [(np.arange(5.0) + 10 * seed, np.arange(5.0) - 10 * seed) for seed in range(8)]
    assert agreement([concordance(a, b) for a, b in runs]).tau == 1
    assert stats.kendalltau(*np.hstack(runs)).statistic < 0


def test_the_interval_is_the_jackknifes_on_fishers_scale() -> None:
    rng = np.random.default_rng(2)
    runs = [rng.standard_normal((2, 12)) for _ in range(7)]
    runs = [(a, a + b) for a, b in runs]
    found = agreement([concordance(a, b) for a, b in runs])

    def fisher(some: list) -> float:
        s, n_a, n_b = np.sum([by_pairs(a, b) for a, b in some], axis=0)
        return math.atanh(s / math.sqrt(n_a * n_b))

    without = [fisher(runs[:i] + runs[i + 1 :]) for i in range(7)]
    error = math.sqrt(6 / 7 * sum((z - sum(without) / 7) ** 2 for z in without))
    ends = [math.tanh(fisher(runs) + side * stats.t.ppf(0.975, 6) * error) for side in (-1, 1)]
    assert [found.low, found.high] == pytest.approx(ends)
    assert found.low < found.tau < found.high


def test_it_covers_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    rho, held = 0.8, 0
    truth = 2 / math.pi * math.asin(rho)  # of a normal copula
    for _ in range(150):
        runs = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], (8, 15))
        found = agreement([concordance(run[:, 0], run[:, 1]) for run in runs])
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 150 <= 0.985


def test_there_is_no_interval_of_few_runs_nor_of_rankings_that_agree_wholly() -> None:
    rng = np.random.default_rng(4)
    counts = [concordance(a, a + b) for a, b in rng.standard_normal((FEWEST, 2, 10))]
    assert math.isfinite(agreement(counts).low)
    assert math.isnan(agreement(counts[1:]).low)
    whole = [concordance(a, a) for a in rng.standard_normal((20, 10))]
    assert agreement(whole).tau == 1
    assert math.isnan(agreement(whole).low)


@pytest.mark.parametrize("counts", [[], [concordance(np.zeros(5), np.arange(5.0))], [concordance(*np.ones((2, 1)))]])
def test_nothing_to_rank_has_no_tau(counts: list) -> None:
    assert math.isnan(agreement(counts).tau)
