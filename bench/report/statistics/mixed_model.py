"""Scores over problems by a linear model with problems as random effects: how far two optimisers are apart on average.

One row a problem and optimiser, its median score: a model of single runs with the problem as a random intercept takes
the runs on one problem for independent of how that problem suits that optimiser, and found a difference among equal
ones in 46 % of simulations. Source: after Geburek, Mallik, Stoll, Bouthillier and Hutter, LMEMs for Post-hoc Analysis
of HPO Benchmarking (AutoML 2024); Pinheiro and Bates, Mixed-Effects Models in S and S-PLUS (2000), 2.4.
"""

import importlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bench.report.statistics.designs import ALPHA
from bench.report.statistics.intervals import LEVEL
from bench.report.statistics.significance import holm

FEWEST = 5
"""Problems from which the model is fitted."""

Method = Literal["mixed-effects model", "analysis of variance"]


@dataclass(frozen=True)
class Model:
    """A fitted model and what it says of every two optimisers; see `fit`."""

    method: Method
    problems: int
    freedom: int
    """Degrees of freedom of each contrast."""
    contrasts: pd.DataFrame
    """See `fit`."""
    without: tuple[str, ...]
    """Optimisers that are left out, as most of their median scores are infinite."""
    infinite: tuple[str, ...]
    """Problems that are left out, as a median score of those that are left is infinite."""


def fit(scores: pd.DataFrame) -> Model | None:
    """The contrasts of all pairs; None under `FEWEST` problems or two optimisers, or where nothing varies by chance, or
    by more than a double holds.

    `scores` has a row a problem, a column an optimiser: median scores, less is better, NaN where it was not run. An
    infinite one has no place in a linear model: an optimiser that has them on more than half of its problems is left
    out, then each problem that has one of another. The model is

        score_pi = intercept + effect of optimiser i + u_p + e_pi,    u_p ~ N(0, s^2), e_pi ~ N(0, t^2),

    fitted by restricted maximum likelihood. Where no score is missing its contrasts are those of the two-way analysis
    of variance as long as the variance between problems is above 0, and are computed as these: an iteration may or may
    not come to them, by the last bit of a sum. Else it is statsmodels' `mixedlm`, with scores divided by their standard
    deviation, which changes no contrast. A contrast is read by Student's t with n - P - k + 1 degrees of freedom for n
    scores of k optimisers on P problems: (P - 1)(k - 1) where all are there. Where that variance is not above 0, or the
    iteration does not converge or ends at a standard error that is not finite, `method` is the two-way analysis of
    variance of the complete problems. Source of the equality: Searle, Casella and McCulloch, Variance Components
    (1992), 4.6. Columns of `contrasts`: `a`, `b`,
    `difference` (a - b), `low`, `high` (95 %, not corrected), `t`, `p`, `p_holm` over all pairs, `better`, the label
    with the lower mean where `p_holm` <= 5 %, else empty.
    """
    kept, without, infinite = _finite(scores)
    if len(kept) < FEWEST or kept.shape[1] < 2:
        return None
    with np.errstate(over="ignore"):
        unit = float(np.nanstd(kept.to_numpy(dtype=np.float64)))
    if not 0 < unit < math.inf or not _varies(kept / unit):
        return None
    if not kept.isna().any(axis=None):
        fitted = _two_way(kept / unit) if _problems_vary(kept / unit) else None
    else:
        fitted = _mixed(kept / unit)
    if fitted is None:
        model = two_way(kept)
        return None if model is None else replace(model, without=without, infinite=infinite)
    return _model("mixed-effects model", kept, unit, fitted, without, infinite)


def two_way(scores: pd.DataFrame) -> Model | None:
    """The two-way analysis of variance of finite scores on the complete problems; None as in `fit`.

    With m_i the mean of optimiser i and T the mean square of what is left of the scores without the means of
    optimisers and problems, on (P - 1)(k - 1) degrees of freedom: t = (m_i - m_j) / sqrt(2 T / P).
    """
    complete = scores.dropna()
    unit = float(np.std(complete.to_numpy(dtype=np.float64))) if len(complete) >= FEWEST else 0.0
    fitted = _two_way(complete / unit) if unit > 0 else None
    return None if fitted is None else _model("analysis of variance", complete, unit, fitted)


def _model(
    method: Method,
    scores: pd.DataFrame,
    unit: float,
    fitted: tuple[NDArray[np.float64], NDArray[np.float64]],
    without: tuple[str, ...] = (),
    infinite: tuple[str, ...] = (),
) -> Model:
    means, covariance = fitted
    freedom = int(scores.notna().to_numpy().sum()) - len(scores) - scores.shape[1] + 1
    contrasts = _contrasts([str(label) for label in scores], unit * means, unit**2 * covariance, freedom)
    return Model(method, len(scores), freedom, contrasts, without, infinite)


def _varies(scores: pd.DataFrame) -> bool:
    """Whether anything is left to chance where every optimiser was run."""
    complete = scores.dropna()
    return len(complete) < 2 or _two_way(complete) is not None


def _finite(scores: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """What a linear model can hold, and which optimisers and problems it cannot."""
    lost = np.isposinf(scores).mean() > 0.5 * scores.notna().mean()
    left = scores.loc[:, ~lost]
    failed = np.isinf(left).any(axis="columns")
    kept = left[~failed]
    kept = kept[kept.notna().sum(axis="columns") > 1]
    return (
        kept.loc[:, kept.notna().any()],
        tuple(str(label) for label in scores.columns[lost]),
        tuple(str(problem) for problem in left.index[failed]),
    )


def _mixed(scores: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Means of the optimisers against the first, and their covariance; None where the fit is not to be relied on."""
    formulas = importlib.import_module("statsmodels.formula.api")  # here, as it takes a second to load
    labels = [f"{place:04d}" for place in range(scores.shape[1])]  # in the order of the columns
    named = scores.set_axis(labels, axis="columns").assign(problem=range(len(scores)))
    d = named.melt("problem", var_name="optimizer", value_name="score").dropna()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result: Any = formulas.mixedlm("score ~ C(optimizer)", d, groups="problem").fit(
                reml=True, method=["lbfgs", "powell"]
            )
            effects = np.array(result.fe_params, dtype=np.float64)
            covariance = np.array(result.cov_params(), dtype=np.float64)[: len(effects), : len(effects)]
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError, FloatingPointError):
        return None
    if not result.converged or not (np.isfinite(effects).all() and np.isfinite(covariance).all()):
        return None
    if not (np.diag(covariance) > 0).all():
        return None
    effects[0], covariance[0, :], covariance[:, 0] = 0.0, 0.0, 0.0
    return effects, covariance


def _problems_vary(scores: pd.DataFrame) -> bool:
    """Whether restricted maximum likelihood finds a variance between problems, of which none lacks a score.

    It does where the mean square between problems is above that of what is left without both means.
    """
    values = scores.to_numpy(dtype=np.float64)
    problems, count = values.shape
    between = count * float(values.mean(axis=1).var()) * problems / (problems - 1)
    fitted = _two_way(scores)
    return fitted is not None and between > float(fitted[1][0, 0]) * problems


def _two_way(scores: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Means of the optimisers, and a covariance that gives each contrast its variance 2 t^2 / P; None where t is 0."""
    values = scores.to_numpy(dtype=np.float64)
    problems, count = values.shape
    means = values.mean(axis=0)
    rest = values - means - values.mean(axis=1, keepdims=True) + values.mean()
    variance = float((rest**2).sum()) / ((problems - 1) * (count - 1))
    if variance < 1e-24:
        return None
    return means, np.eye(count) * variance / problems


def _contrasts(
    labels: list[str], means: NDArray[np.float64], covariance: NDArray[np.float64], freedom: int
) -> pd.DataFrame:
    wide = float(stats.t.ppf((1 + LEVEL) / 2, freedom))
    rows: list[Mapping[str, Any]] = []
    for i, j in combinations(range(len(labels)), 2):
        difference = float(means[i] - means[j])
        error = math.sqrt(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j])
        t = difference / error
        rows.append(
            {
                "a": str(labels[i]),
                "b": str(labels[j]),
                "difference": difference,
                "low": difference - wide * error,
                "high": difference + wide * error,
                "t": t,
                "p": float(2 * stats.t.sf(abs(t), freedom)),
            }
        )
    frame = pd.DataFrame(rows)
    frame["p_holm"] = holm(frame["p"])
    lower = frame["a"].where(frame["difference"] < 0, frame["b"])
    return frame.assign(better=lower.where(frame["p_holm"] <= ALPHA, ""))
