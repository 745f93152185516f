"""Numbers on a logit scale and ordinals, beside each library's own words for them; what is drawn, and taken unasked."""

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from adapters import in_part
from loops import Case, Objective, build, our_loop, own_loop
from scipy import stats
from scipy.special import expit, logit

from bench.space import Configuration
from bench.space.parsing import parse

SIZES = [16, 32, 128, "all"]
SPACE = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.99, "scale": "logit"},
        "size": {"type": "ordinal", "choices": SIZES, "default": 32},
    }
)
LOW, HIGH = math.log(0.01 / 0.99), math.log(0.99 / 0.01)


def point(log_odds: float, place: int) -> Configuration:
    return {"rate": float(expit(log_odds)), "size": SIZES[place]}


def optuna_tpe(objective: Objective, seed: int, trials: int) -> None:
    from loops_optuna import optimize
    from optuna.samplers import TPESampler

    def suggest(trial: Any) -> Configuration:
        return point(trial.suggest_float("rate", LOW, HIGH), trial.suggest_int("size", 0, 3))

    optimize(lambda seed: TPESampler(seed=seed), suggest)(objective, seed, trials)


def hyperopt_tpe(objective: Objective, seed: int, trials: int) -> None:
    from hyperopt import hp, tpe
    from loops_hyperopt import fmin

    native = {"rate": hp.uniform("rate", LOW, HIGH), "size": hp.quniform("size", -0.5, 3.5, 1)}
    fmin(tpe.suggest, native, lambda drawn: point(drawn["rate"], int(drawn["size"])))(objective, seed, trials)


def skopt_et(objective: Objective, seed: int, trials: int) -> None:
    import skopt
    from skopt.space import Integer, Real

    dimensions = [Real(LOW, HIGH), Integer(0, 3)]
    skopt.forest_minimize(
        lambda drawn: objective(point(*drawn))[0], dimensions, base_estimator="ET", n_calls=trials, random_state=seed
    )


def smac_rf(objective: Objective, seed: int, trials: int) -> None:
    from ConfigSpace import ConfigurationSpace, Float, OrdinalHyperparameter
    from loops_smac import CRASH, in_order, optimize

    native = ConfigurationSpace()
    native.add(Float("000_rate", (0.0, 1.0)), OrdinalHyperparameter("001_size", range(4), default_value=1))

    def evaluate(config: Any, seed: int = 0) -> float:
        share = config["000_rate"]
        loss, failed = objective(point((1 - share) * LOW + share * HIGH, int(config["001_size"])))
        if failed:
            raise ArithmeticError
        return float(loss)

    optimize("smac_rf", native, evaluate, trials, seed, in_order, crash_cost=CRASH)


def nevergrad_de(objective: Objective, seed: int, trials: int) -> None:
    from loops_nevergrad import minimize
    from nevergrad import p

    native = p.Instrumentation(p.Scalar(lower=LOW, upper=HIGH), p.Scalar(lower=-0.5, upper=3.5).set_integer_casting())
    minimize("TwoPointsDE", native, lambda rate, size: objective(point(rate, size))[0], trials, seed)


def ax(objective: Objective, seed: int, trials: int) -> None:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
    from loops_ax import optimise

    parameters = [
        RangeParameterConfig(name="rate", bounds=(LOW, HIGH), parameter_type="float"),
        ChoiceParameterConfig(name="size", values=[0, 1, 2, 3], parameter_type="int", is_ordered=True),
    ]
    optimise(parameters, lambda drawn: point(drawn["rate"], drawn["size"]), objective, seed, trials)


def loop(
    name: str, own: Callable[[Objective, int, int], None], trials: int, needs: str = "", tried: bool = True
) -> Any:
    skip = pytest.mark.skipif(bool(needs) and find_spec(needs) is None, reason=f"needs {needs}")
    settings = {"crash_cost": 2.5} if name == "smac_rf" else {}
    return in_part((Case(name, "scales", SPACE, own, lambda _: [], settings=settings), trials), tried, skip, id=name)


@pytest.mark.parametrize(
    ("case", "trials"),
    [
        loop("optuna_tpe", optuna_tpe, 25),
        loop("hyperopt_tpe", hyperopt_tpe, 30),
        loop("skopt_et", skopt_et, 14),
        loop("nevergrad_de", nevergrad_de, 60, "nevergrad"),
        loop("smac_rf", smac_rf, 12, "smac", tried=False),
        loop("ax", ax, 10, "ax", tried=False),
    ],
)
def test_an_adapter_proposes_what_its_library_does_in_its_own_words(case: Case, trials: int) -> None:
    own, ours = own_loop(case, 3, trials), our_loop(case, 3, trials)
    for theirs, asked in zip(own.asked, ours.asked, strict=True):  # the library's loop takes the inverse by SciPy
        assert asked["size"] == theirs["size"]
        assert asked["rate"] == pytest.approx(theirs["rate"], rel=1e-9)
    assert len(ours.asked) == trials


@pytest.mark.parametrize("name", ["random", "sklearn_sampler", "hyperopt_random", "optuna_qmc", "skopt_et"])
def test_first_draws_follow_the_reference_distribution(name: str) -> None:
    optimizer = build(name, SPACE, 5)
    drawn = [optimizer.ask() for _ in range(300)]
    unit = (logit([float(draw["rate"]) for draw in drawn]) - LOW) / (HIGH - LOW)  # type: ignore[arg-type]
    assert stats.kstest(unit, "uniform").pvalue > 1e-3
    assert stats.chisquare([[draw["size"] for draw in drawn].count(size) for size in SIZES]).pvalue > 1e-3
    laws = optimizer.declared.laws
    assert all(law.total_variation < 1e-12 for law in laws.values())
    assert ("rate" in laws) == (name != "random")


@pytest.mark.parametrize(
    "name",
    ["optuna_cmaes", "optuna_nsga2", "hyperopt_tpe", "skopt_et", "catcma", "cmaes_ipop"]
    + [
        pytest.param(name, marks=pytest.mark.skipif(find_spec(package) is None, reason=f"needs {package}"))
        for name, package in (("nevergrad", "nevergrad"), ("pymoo_nsga2", "pymoo"))
    ],
)
def test_results_that_were_not_asked_for_are_told_on_the_same_scales(name: str) -> None:
    """As of a shared design: told as a value in place of its logit or its place, it would fail, or lie out of range."""
    optimizer = build(name, SPACE, 1, 12)
    rng = np.random.default_rng(0)
    told = [SPACE.sample(rng) for _ in range(3)] + [{"rate": 0.99, "size": "all"}, {"rate": 0.01, "size": 16}]
    results = [(configuration, float(place), False) for place, configuration in enumerate(told)]
    if hasattr(optimizer, "start"):
        from bench.optimizers import Told

        optimizer.start([Told(*result) for result in results])
    else:
        for result in results:
            optimizer.tell(*result)
    for place in range(12):
        configuration = optimizer.ask()
        assert configuration == SPACE.canonical(configuration)
        optimizer.tell(configuration, float(place))
