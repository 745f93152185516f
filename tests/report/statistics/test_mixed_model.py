"""The linear model over problems, against least squares with dummies: what both say of complete data is the same."""

import importlib
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.report.statistics import mixed_model
from bench.report.statistics.significance import holm


def scores(problems: int = 8, seed: int = 0, apart: float = 0.8, shared: float = 3.0) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(problems, 4)) + shared * chance.normal(size=(problems, 1)) + apart * np.arange(4)
    return pd.DataFrame(values, [f"p{i}" for i in range(problems)], list("cadb"))


def least_squares(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """Difference and p of each pair by a regression on dummies of problems and optimisers."""
    problems, labels = frame.shape
    design = np.zeros((problems * labels, problems + labels - 1))
    for row in range(problems * labels):
        design[row, row // labels] = 1
        if row % labels:
            design[row, problems - 1 + row % labels] = 1
    y = frame.to_numpy().ravel()
    effects, squares, _, _ = np.linalg.lstsq(design, y, rcond=None)
    freedom = len(y) - design.shape[1]
    covariance = float(squares[0]) / freedom * np.linalg.inv(design.T @ design)
    found = {}
    for i in range(labels):
        for j in range(i + 1, labels):
            contrast = np.zeros(design.shape[1])
            contrast[problems - 1 + j] -= 1
            if i:
                contrast[problems - 1 + i] += 1
            difference = float(contrast @ effects)
            t = difference / math.sqrt(contrast @ covariance @ contrast)
            found[frame.columns[i], frame.columns[j]] = difference, 2 * float(stats.t.sf(abs(t), freedom))
    return found


@pytest.mark.parametrize("shared", [3.0, 0.0])
def test_of_complete_problems_it_says_what_the_analysis_of_variance_says(shared: float) -> None:
    frame = scores(shared=shared)
    if not shared:  # nothing is left to the problems: their variance is 0, which the mixed model cannot fit
        frame = frame.sub(frame.mean(axis="columns"), axis="index")
    model = mixed_model.fit(frame)
    assert model is not None
    assert model.method == ("mixed-effects model" if shared else "analysis of variance")
    assert (model.problems, model.freedom) == (8, 7 * 3)
    expected = least_squares(frame)
    rows = {(row["a"], row["b"]): row for row in model.contrasts.to_dict("records")}
    assert list(rows) == list(expected)
    for pair, (difference, p) in expected.items():
        assert rows[pair]["difference"] == pytest.approx(difference)
        assert rows[pair]["p"] == pytest.approx(p)
        assert (rows[pair]["low"] < 0 < rows[pair]["high"]) == (p > 0.05)
    assert model.contrasts["p_holm"].tolist() == pytest.approx(holm([p for _, p in expected.values()]))
    for row in rows.values():
        lower = row["a"] if row["difference"] < 0 else row["b"]
        assert row["better"] == (lower if row["p_holm"] <= 0.05 else "")
    assert (model.contrasts["better"] != "").any()


@pytest.mark.parametrize("shared", [3.0, 0.7])
def test_complete_problems_are_what_the_library_comes_to(shared: float) -> None:
    """By restricted maximum likelihood, without gradients, which it cannot always compute."""
    frame = scores(30, shared=shared)
    d = frame.melt(ignore_index=False, var_name="optimizer", value_name="score").rename_axis("problem").reset_index()
    library = importlib.import_module("statsmodels.formula.api").mixedlm("score ~ C(optimizer)", d, groups="problem")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = library.fit(reml=True, method="powell")
    model = mixed_model.fit(frame)
    assert model is not None
    assert (model.method, bool(result.converged)) == ("mixed-effects model", True)
    by_pair = model.contrasts.set_index(["a", "b"])["t"]
    for label in "bcd":  # against a, in the library's order
        pair = ("a", label) if ("a", label) in by_pair.index else (label, "a")
        sign = -1 if pair[0] == "a" else 1
        assert by_pair[pair] == pytest.approx(sign * result.tvalues[f"C(optimizer)[T.{label}]"], rel=1e-3)


def test_scores_that_are_missing_are_borrowed_from_the_problem() -> None:
    frame = scores(20)
    complete = mixed_model.fit(frame)
    frame.iloc[0, 0] = frame.iloc[3, 2] = math.nan
    model = mixed_model.fit(frame)
    assert complete is not None
    assert model is not None
    assert (model.method, model.problems, model.freedom) == ("mixed-effects model", 20, 78 - 20 - 4 + 1)
    assert model.contrasts["difference"].tolist() == pytest.approx(complete.contrasts["difference"].tolist(), abs=0.3)


def test_what_is_infinite_is_left_out_and_named() -> None:
    frame = scores(9)
    expected = mixed_model.fit(frame.drop(columns="a").drop(index="p2"))
    frame["a"] = math.inf
    frame.loc["p0", "a"] = 0.5
    frame.loc["p2", "c"] = math.inf
    model = mixed_model.fit(frame)
    assert model is not None
    assert expected is not None
    assert (model.without, model.infinite, model.problems) == (("a",), ("p2",), 8)
    pd.testing.assert_frame_equal(model.contrasts, expected.contrasts)


def test_too_few_problems_or_nothing_left_to_chance_is_no_model() -> None:
    assert mixed_model.fit(scores(4)) is None
    assert mixed_model.fit(scores(6)[["a"]]) is None
    assert mixed_model.fit(scores(6) * 0 + 0.5) is None
    assert mixed_model.fit(pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6.0) + 1})) is None
    assert mixed_model.fit(scores(6).where(scores(6) < -99, math.inf)) is None
