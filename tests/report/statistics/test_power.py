"""Seeds that would separate two optimisers: Noether's formula by hand, and its interval where nothing is known."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.report.statistics import designs, power, significance
from bench.report.statistics.effects import Estimate

INF = math.inf


def seeds(
    value: float, low: float, high: float, relation: designs.Relation = "unpaired", pairs: int = 1
) -> power.Seeds:
    return power.seeds_to_separate(Estimate(value, low, high), relation, pairs)


def test_the_number_is_noethers() -> None:
    z = 1.959964 + 0.841621
    assert seeds(0.7, 0.6, 0.8).value == math.ceil(z**2 / (6 * 0.2**2)) == 33
    assert seeds(0.7, 0.6, 0.8, "paired").value == 33
    assert seeds(0.7, 0.6, 0.8, "value").value == math.ceil(z**2 / (4 * 0.2**2)) == 50
    corrected = stats.norm.isf(0.05 / 30) + stats.norm.ppf(0.8)
    assert seeds(0.3, 0.2, 0.4, pairs=15).value == math.ceil(corrected**2 / (6 * 0.2**2))


def test_the_interval_goes_with_that_of_the_probability() -> None:
    found = seeds(0.7, 0.6, 0.8)
    assert (found.low, found.high) == (seeds(0.8, 0.8, 0.8).value, seeds(0.6, 0.6, 0.6).value)
    mirrored = seeds(0.3, 0.2, 0.4)
    assert (mirrored.value, mirrored.low, mirrored.high) == (found.value, found.low, found.high)


@pytest.mark.parametrize("interval", [(0.6, 0.45, 0.8), (0.5, 0.3, 0.7), (0.55, 0.5, 0.9)])
def test_where_they_may_be_equal_there_is_no_upper_end(interval: tuple[float, float, float]) -> None:
    found = seeds(*interval)
    assert found.high == INF
    assert found.low == seeds(*3 * [max(interval[1:], key=lambda end: abs(end - 0.5))]).value
    assert seeds(0.5, 0.5, 0.5).value == INF


def test_a_sure_difference_still_asks_for_the_seeds_that_a_test_needs() -> None:
    for relation in ("unpaired", "paired", "value"):
        assert seeds(1, 1, 1, relation, 15).low >= designs.seeds_needed(relation, 15)
    assert seeds(1, 1, 1, "paired", 15).value == 10
    assert math.isnan(seeds(math.nan, math.nan, math.nan).value)


def test_with_that_many_seeds_the_test_rejects_as_often_as_promised() -> None:
    """4 of 5; 600 samples have a standard error of 0.016, and Noether's formula errs by some hundredths."""
    chance, probability = np.random.default_rng(2), 0.75
    count = int(seeds(probability, probability, probability).value)
    apart = math.sqrt(2) * stats.norm.ppf(probability)
    p = [significance.rank_sum_p(chance.normal(size=count), chance.normal(size=count) + apart) for _ in range(600)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.8, abs=0.08)
