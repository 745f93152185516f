"""The Bayesian signed-rank test, against plain loops over the definition with weights drawn in another way."""

import math

import numpy as np
import pandas as pd
import pytest

from bench.report.statistics import bayesian


def by_loops(d: list[float], rope: float, draws: int = 1500) -> list[float]:
    chance = np.random.default_rng(7)
    observed, counts = [0.0, *d], [0.0, 0.0, 0.0]
    for _ in range(draws):
        parts = chance.gamma([0.5, *[1.0] * len(d)])
        weights = parts / parts.sum()
        masses = [0.0, 0.0, 0.0]
        for x, w in zip(observed, weights, strict=True):
            for y, v in zip(observed, weights, strict=True):
                mean = 0.0 if math.isnan(x + y) else (x + y) / 2
                masses[0 if mean < -rope else 2 if mean > rope else 1] += w * v
        counts[int(np.argmax(masses))] += 1
    return [count / draws for count in counts]


@pytest.mark.parametrize(
    "d",
    [
        [-0.3, -0.2, 0.1, -0.04, 0.02, -0.15],
        [0.04, -0.03, 0.02, 0.06, -0.01],
        [math.inf, -0.2, -math.inf, 0.1, 0.3],
    ],
)
def test_probabilities_are_those_of_the_definition(d: list[float]) -> None:
    scores = pd.DataFrame({"a": np.maximum(d, 0), "b": np.maximum(np.negative(d), 0)})
    (row,) = bayesian.compare(scores).to_dict("records")
    found = [row["a_better"], row["equivalent"], row["b_better"]]
    assert found == pytest.approx(by_loops(d, bayesian.ROPE), abs=0.04)
    assert sum(found) == pytest.approx(1)
    (mirrored,) = bayesian.compare(scores[["b", "a"]]).to_dict("records")
    assert [mirrored["b_better"], mirrored["equivalent"], mirrored["a_better"]] == pytest.approx(found)


def test_clear_cases_are_near_certain() -> None:
    scores = pd.DataFrame({"a": [0.2] * 12, "b": [0.2 + 1e-3] * 12, "c": [0.9] * 12, "fails": [math.inf] * 12})
    rows = {(row["a"], row["b"]): row for row in bayesian.compare(scores).to_dict("records")}
    assert rows["a", "b"]["equivalent"] > 0.99
    assert rows["a", "c"]["a_better"] > 0.99
    assert rows["c", "fails"]["a_better"] > 0.99
    assert rows["a", "b"]["problems"] == 12


def test_a_problem_that_lacks_one_is_left_out() -> None:
    scores = pd.DataFrame({"a": [0.1, 0.2, math.nan], "b": [0.3, 0.1, 0.5]})
    assert bayesian.compare(scores)["problems"].tolist() == [2]
