"""What each optimiser draws before it models anything: as far from the reference law as it declares."""

import math
import warnings
from importlib.util import find_spec
from typing import Any

import hyperopt
import numpy as np
import pytest
from adapters import in_part
from hyperopt import hp
from loops import build, only
from scipy import stats
from skopt.space import Integer
from spaces import FLAT

from bench.optimizers import hyperopt_tpe
from bench.optimizers.scikit_optimize import Forest, GaussianProcess
from bench.space import Configuration, Float, Int, Parameter
from bench.space.parsing import parse

ASKED = {"hyperopt_tpe": {"n_startup_jobs": 1_000}}
"""Settings with which 1,000 draws in a row, of which nothing is told, are all random."""
FROM_ONE = ["random", "sklearn_sampler", "hyperopt_random", "hyperopt_tpe", "optuna_tpe", "optuna_tpe_multivariate"]
FROM_ONE += ["optuna_cmaes", "optuna_cmaes_margin", "optuna_qmc", "skopt_gp", "skopt_gp_ei", "skopt_rf", "skopt_et"]
FROM_ONE += ["optuna_nsga2", "ax", "botorch_gp", "botorch_turbo", "pymoo_nsga2", "hyperopt_atpe"]
FIRST = ["hyperopt_anneal", "cmaes_ipop", "cmaes_bipop"]
"""Of these only the first draw of a seed is random: a thousand of them are built."""
SLOW = {"hyperopt_anneal", "cmaes_bipop", "ax", "hyperopt_atpe"}
"""Which take five seconds and more."""


def parameter(name: str) -> Any:
    package = name.partition("_")[0]
    lacking = package in {"ax", "botorch", "pymoo"} and find_spec(package) is None
    return in_part(name, name not in SLOW, pytest.mark.skipif(lacking, reason=f"needs {package}"), id=name)


def draws(name: str, n: int) -> list[Configuration]:
    if name in FIRST:
        return [build(name, FLAT, seed).ask() for seed in range(n)]
    optimizer = build(name, FLAT, 7, **ASKED.get(name, {}))
    if name == "ax":  # which goes on drawing without results if that is all it is to do
        optimizer._client.configure_generation_strategy("random_search", initialize_with_center=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [optimizer.ask() for _ in range(n)]


@pytest.mark.parametrize("name", map(parameter, FROM_ONE + FIRST))
def test_first_draws_are_as_far_from_the_reference_law_as_declared(name: str) -> None:
    n = 200 if name in {"ax", "hyperopt_atpe"} else 1_000
    drawn, laws = draws(name, n), build(name, FLAT).declared.laws
    for parameter in FLAT.searched:
        values = [draw[parameter.name] for draw in drawn]
        distance = laws[parameter.name].total_variation if parameter.name in laws else 0.0
        if parameter.values() is None:
            check_continuum(parameter, values, distance)
        else:
            check_values(parameter, values, distance)


def check_values(parameter: Parameter, drawn: list[Any], distance: float) -> None:
    values, probabilities = parameter.values(), parameter.probabilities()
    assert values is not None
    assert probabilities is not None
    counts = np.array([drawn.count(value) for value in values])
    if distance:  # 1,000 draws of 8 values are 0.03 from their own law on average
        assert abs(abs(counts / len(drawn) - probabilities).sum() / 2 - distance) < 0.04
    else:
        assert stats.chisquare(counts, len(drawn) * probabilities).pvalue > 1e-4


def check_continuum(parameter: Parameter, drawn: list[Any], distance: float) -> None:
    assert isinstance(parameter, Float)
    scale = math.log if parameter.log else float
    low, high = scale(parameter.low), scale(parameter.high)
    unit = [(scale(value) - low) / (high - low) for value in drawn]
    if distance:
        assert stats.ks_2samp(unit, around_uniform_means()).pvalue > 1e-4
    else:
        assert stats.kstest(unit, "uniform").pvalue > 1e-4


# scikit-optimize's integers.


def stretched(parameter: Int | Float, transform: str = "normalize") -> np.ndarray:
    """What `Integer(low, high, prior)` draws, by brute force over the quantiles of its draw."""
    low, high = (0, len(parameter.values()) - 1) if parameter.stepped else (parameter.low, parameter.high)  # type: ignore[arg-type]
    dimension = Integer(low, high, "log-uniform" if parameter.log else "uniform", transform=transform)
    quantiles = (np.arange(400_000) + 0.5) / 400_000
    if transform == "identity" and not parameter.log:
        drawn = np.asarray(dimension._rvs.ppf(quantiles), dtype=int)
    elif transform == "identity":
        drawn = dimension.inverse_transform(np.log10(low) + quantiles * (np.log10(high) - np.log10(low)))
    else:
        drawn = dimension.inverse_transform(quantiles)
    return np.bincount(drawn - low, minlength=high - low + 1) / 400_000


@pytest.mark.parametrize("name", ["depth", "leaves", "units", "dropout"])
@pytest.mark.parametrize(("adapter", "transform"), [(GaussianProcess, "normalize"), (Forest, "identity")])
def test_skopt_declares_the_distance_of_its_law(adapter: Any, transform: str, name: str) -> None:
    parameter = FLAT[name]
    law = adapter(only(FLAT, name), 0, None).declared.laws.get(name)
    distance = abs(stretched(parameter, transform) - parameter.probabilities()).sum() / 2  # type: ignore[arg-type]
    assert (law.total_variation if law else 0.0) == pytest.approx(distance, abs=1e-5)
    assert (law is None) == (adapter is Forest and name != "leaves")


def test_the_declared_distances_of_small_integers_in_numbers() -> None:
    laws = GaussianProcess(FLAT, 0, None).declared.laws
    reference = np.log([3, 5 / 3, 7 / 5, 9 / 7]) / math.log(9)
    drawn = np.log([1.5, 5 / 3, 7 / 5, 8 / 7]) / math.log(4)
    assert laws["leaves"].total_variation == pytest.approx(abs(drawn - reference).sum() / 2)
    assert laws["depth"].total_variation == pytest.approx(6 * (1 / 7 - 1 / 8))
    assert set(laws) == {"depth", "leaves", "units", "dropout"}


# CMA-ES with restarts, whose first point is drawn around a random mean.


def around_uniform_means() -> np.ndarray:
    rng = np.random.default_rng(0)
    means = rng.random(200_000)
    return stats.truncnorm.rvs(-means / 0.2, (1 - means) / 0.2, loc=means, scale=0.2, random_state=rng)


def test_cmaes_restarts_declare_the_distance_of_their_first_point() -> None:
    drawn, laws = around_uniform_means(), build("cmaes_ipop", FLAT).declared.laws
    for parameter in FLAT.searched:
        probabilities = parameter.probabilities()
        if parameter.name == "act":
            assert "act" not in laws
            continue
        probabilities = np.full(50, 0.02) if probabilities is None else probabilities
        counts, _ = np.histogram(drawn, np.append(0.0, np.cumsum(probabilities)).clip(0, 1))
        distance = abs(counts / len(drawn) - probabilities).sum() / 2
        assert laws[parameter.name].total_variation == pytest.approx(distance, abs=0.008)
        assert distance > 0.01


# Hyperopt's whole numbers and steps.


def test_hyperopt_declares_the_law_of_every_whole_number_and_step() -> None:
    """In the lecture's own words units would be hp.quniform(32, 128, 32), which draws both ends half as often."""
    laws = hyperopt_tpe.TPE(FLAT, 0, None).declared.laws
    assert set(laws) == {"depth", "leaves", "units", "dropout"}
    assert laws["units"].expression == (
        "hp.quniform(-0.5, 3.5, 1) of its place, uniform over its values: hp.quniform(32, 128, 32) gives its ends half"
    )
    native = hp.quniform("units", 32, 128, 32)
    rng = np.random.default_rng(0)
    drawn = [hyperopt.pyll.stochastic.sample(native, rng) for _ in range(1_000)]
    shares = [drawn.count(value) / 1_000 for value in (32, 64, 96, 128)]
    assert shares == pytest.approx([1 / 6, 1 / 3, 1 / 3, 1 / 6], abs=0.06)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    ("name", "settings"), [("hyperopt_tpe", {"n_startup_jobs": 600}), ("hyperopt_random", {}), ("sklearn_sampler", {})]
)
def test_a_parent_follows_the_reference_law(name: str, settings: dict[str, Any], log: bool) -> None:
    """Hyperopt's without its order."""
    space = parse(
        {
            "n": {"type": "int", "low": 1, "high": 4, "log": log},
            "x": {"type": "float", "low": 0.0, "high": 1.0, "when": {"n": [2, 4]}},
        }
    )
    optimizer = build(name, space, 3, **settings)
    laws = optimizer.declared.laws
    assert all(law.total_variation == 0 for law in laws.values())
    assert ("without their order" in laws["n"].expression if "n" in laws else False) == name.startswith("hyperopt")
    drawn = [optimizer.ask()["n"] for _ in range(600)]
    expected = 600 * space["n"].probabilities()  # type: ignore[operator]
    assert stats.chisquare([drawn.count(k) for k in (1, 2, 3, 4)], expected).pvalue > 1e-4
