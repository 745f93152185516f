"""Runs on several problems in one number, against plain loops and SciPy; intervals against their known width."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.report.statistics import aggregates

Z = 1.959964


def drawn(problems: int, runs: int, seed: int = 0, shift: float = 0.0) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [chance.lognormal(size=runs) + place + shift for place in range(problems)]


def test_centres_are_those_of_the_pool_of_all_runs() -> None:
    scores = {"a": drawn(6, 5), "b": [*drawn(5, 4, 1), np.array([0.2, 0.3, math.inf])]}
    frame = aggregates.centres(scores).set_index("label")
    assert frame["iqm"].is_monotonic_increasing
    for label, strata in scores.items():
        pool = np.concatenate(strata)
        assert frame.loc[label, "iqm"] == pytest.approx(stats.trim_mean(pool, 0.25))
        assert frame.loc[label, "median"] == pytest.approx(np.median(pool))
        assert frame.loc[label, "iqm_low"] < frame.loc[label, "iqm"] < frame.loc[label, "iqm_high"] < math.inf
        assert (frame.loc[label, "problems"], frame.loc[label, "runs"]) == (6, len(pool))


def test_more_than_a_quarter_of_failures_is_no_finite_mean_and_no_run_is_left_out() -> None:
    failing = {"a": [np.array([0.1, 0.2, math.inf, math.inf]), np.array([0.1, 0.2, 0.3, math.inf])]}
    (row,) = aggregates.centres(failing).to_dict("records")
    assert (row["iqm"], row["iqm_high"], row["runs"]) == (math.inf, math.inf, 8)
    assert row["median"] == pytest.approx(0.25)


def test_one_run_on_a_problem_allows_no_interval_and_others_change_nothing() -> None:
    scores = {"a": drawn(4, 5), "b": drawn(4, 5, 1)}
    alone = aggregates.centres(scores).set_index("label")
    more = aggregates.centres({"new": [*drawn(3, 5), np.array([0.5])], **scores}).set_index("label")
    assert more.loc[["a", "b"]].equals(alone.loc[["a", "b"]])
    assert math.isnan(more.loc["new", "iqm_low"])
    assert math.isfinite(more.loc["new", "iqm"])
    assert (
        aggregates.improvement({"new": [*drawn(3, 5), np.array([0.5])], **scores})["improvement_low"].isna().sum() == 2
    )


def test_a_probability_of_improvement_is_the_mean_over_problems_of_a_plain_loop() -> None:
    scores = {
        "a": [np.array([0.1, 0.2, 0.3]), np.array([0.1 + 0.2, math.inf])],
        "b": [np.array([0.2, 0.4]), np.array([0.3, math.inf, 0.1])],
        "c": drawn(2, 4),
    }
    frame = aggregates.improvement(scores)
    assert list(zip(frame["a"], frame["b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    # 0.1 + 0.2 and 0.3 are equal but for rounding; two failures are equal
    assert frame.loc[0, "improvement"] == pytest.approx((4.5 / 6 + (0.5 + 1 + 0 + 0 + 0.5 + 0) / 6) / 2)
    for row in frame.to_dict("records")[1:]:
        shares = [
            np.mean([[(x < y) + 0.5 * (x == y) for y in of_b] for x in of_a])
            for of_a, of_b in zip(scores[row["a"]], scores[row["b"]], strict=True)
        ]
        assert row["improvement"] == pytest.approx(np.mean(shares))


def test_intervals_are_as_wide_as_the_variance_within_problems_asks_for() -> None:
    """For three runs a problem too, where drawing as many as there are is too narrow by a factor of 0.82."""
    scores = {
        "a": [np.array([0.0, 0.0, 1.0])] * 30 + [np.array([0.0, 1.0, 1.0])] * 30,
        "b": [np.array([0.5, 0.5])] * 60,
    }
    error = math.sqrt(60 * (1 / 3) / 3) / 60  # of a share: the unbiased variance of each stratum is 1/3
    (below,) = aggregates.profiles({"a": scores["a"]}, np.array([0.5])).to_dict("records")
    assert below["share"] == pytest.approx(0.5)
    assert below["high"] - below["low"] == pytest.approx(2 * Z * error, rel=0.1)
    (better,) = aggregates.improvement(scores).to_dict("records")  # b does not vary: the same share
    assert better["improvement_high"] - better["improvement_low"] == pytest.approx(2 * Z * error, rel=0.1)
    (narrow,) = aggregates.profiles({"a": scores["a"]}, np.array([0.5]), extra=1).to_dict("records")
    assert narrow["high"] - narrow["low"] == pytest.approx(2 * Z * error * math.sqrt(2 / 3), rel=0.1)


def test_the_interval_of_the_interquartile_mean_is_that_of_a_plain_bootstrap() -> None:
    scores = drawn(8, 4)
    chance = np.random.default_rng(5)
    means = [
        stats.trim_mean(np.concatenate([chance.choice(values, 3) for values in scores]), 0.25) for _ in range(4000)
    ]
    (row,) = aggregates.centres({"a": scores}).to_dict("records")
    assert [row["iqm_low"], row["iqm_high"]] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.1)


def test_profiles_are_shares_of_runs_at_most_tau() -> None:
    scores = {"a": [np.array([0.0, 0.5, math.inf]), np.array([1.0, 1.0, 1.5])]}
    frame = aggregates.profiles(scores, np.array([0.0, 0.5, 1.0, 2.0]))
    assert frame["share"].tolist() == pytest.approx([1 / 6, 2 / 6, 4 / 6, 5 / 6])
    assert ((frame["low"] <= frame["share"]) & (frame["share"] <= frame["high"])).all()


def test_ends_are_of_whole_counts_so_that_no_processor_rounds_them_otherwise() -> None:
    chance = np.random.default_rng(4)
    scores = {label: [chance.random(7) for _ in range(3)] for label in "ab"}
    for end in ("low", "high"):
        shares = aggregates.profiles(scores, np.array([0.3, 0.6]))[end].to_numpy() * 3 * 6  # of six draws on each
        better = aggregates.improvement(scores)[f"improvement_{end}"].to_numpy() * 3 * 36 * 2
        for whole in (shares, better):
            np.testing.assert_allclose(whole, np.round(whole), atol=1e-12)
