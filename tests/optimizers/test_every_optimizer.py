"""What is known of the optimisers beyond the conformance rules: what they learn from, declare and refuse."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml
from adapters import NAMES, ONE_EACH, one_each
from loops import CONF, build, loss, only, run
from spaces import CONDITIONAL, CONSTANT, FLAT
from threadpoolctl import threadpool_limits

from bench.config.components import locate
from bench.errors import UserError
from bench.optimizers import optuna_samplers
from bench.space import to_json

METHODS = [name for name in NAMES if name not in ("default", "fixed")]
INDEPENDENT = ["grid", "hyperopt_random", "random", "random_2x", "random_distinct", "sklearn_sampler"]
FEW = {"ax": 7, "botorch_gp": 8, "botorch_qnehvi": 18, "botorch_turbo": 16, "smac_": 8, "skopt_": 13}
FEW |= {"hyperopt_atpe": 13, "optuna_gp": 13}
"""Trials of those that take a tenth of a second for each, some by their model."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def installed(name: str) -> None:
    """Skips the test where the class of a config needs an extra that is not installed."""
    try:
        locate("optimizer.class", yaml.safe_load((CONF / f"{name}.yaml").read_text())["class"])
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["skopt_gp", "skopt_et"])
def test_points_met_again_in_a_small_space_are_no_warning(name: str, recwarn: pytest.WarningsRecorder) -> None:
    run(build(name, only(FLAT, "leaves", "act")), 18)
    assert not recwarn.list


@pytest.mark.parametrize("name", ONE_EACH)
def test_constants_are_repeated_and_a_grid_of_them_has_one_point(name: str) -> None:
    installed(name)
    asked = run(build(name, CONSTANT), 3)
    assert asked == [{"rounds": 7, "kind": None, "rate": 0.1}] * (1 if name in ("default", "fixed", "grid") else 3)


@pytest.mark.parametrize("name", one_each(METHODS))
def test_losses_that_underflow_are_taken(name: str) -> None:
    """Further than the conformance rule `tiny` goes: their squares are nought."""
    installed(name)
    trials = next((count for start, count in FEW.items() if name.startswith(start)), 30)
    optimizer, asked = build(name, FLAT, 2, 2 * trials), []
    for i in range(trials):
        asked.append(optimizer.ask())
        optimizer.tell(asked[-1], i * 1e-300)
    assert all(FLAT.canonical(configuration) == configuration for configuration in asked)


LEARNING = ["skopt_gp", "skopt_et", "hyperopt_tpe", "hyperopt_anneal", "optuna_tpe", "optuna_tpe_multivariate"]


@pytest.mark.parametrize("name", LEARNING)
def test_what_is_told_unasked_is_learnt_from(name: str) -> None:
    """Good points around one place, bad ones elsewhere: what is asked next is drawn to that place."""
    space, rng = only(FLAT, "shrink", "depth", "dropout", "act"), np.random.default_rng(0)
    optimizer = build(name, space)
    assert optimizer.declared.takes_unasked
    takes_failures = not name.startswith("skopt")
    for i in range(40 if takes_failures else 16):
        configuration = space.sample(rng)
        shrink = 0.1 + i / 1e4 if i % 4 == 0 else 0.3 + 0.5 * rng.random()
        optimizer.tell(configuration | {"shrink": shrink}, abs(shrink - 0.1), failed=takes_failures and i % 10 == 1)
    distances = []
    for _ in range(15 if takes_failures else 6):
        asked = optimizer.ask()
        distances.append(abs(asked["shrink"] - 0.1))
        optimizer.tell(asked, distances[-1])
    assert np.median(distances) < 0.15  # of random draws 0.35; here, whatever is drawn, at most 0.11


@pytest.mark.parametrize("name", ["hyperopt_atpe", "hyperopt_random", "optuna_qmc", "sklearn_sampler"])
def test_what_is_told_unasked_of_a_conditional_space_is_taken(name: str) -> None:
    optimizer, rng = build(name, CONDITIONAL, 1), np.random.default_rng(0)
    for i in range(15):
        optimizer.tell(CONDITIONAL.sample(rng), float(i % 4), failed=i % 5 == 1)
    assert all(CONDITIONAL.canonical(c) == c for c in run(optimizer, 10))


@pytest.mark.parametrize("name", ["optuna_cmaes", "optuna_cmaes_margin"])
def test_optunas_cmaes_leaves_what_is_told_unasked_out_of_its_population(name: str) -> None:
    space = only(FLAT, "shrink", "rate")
    plain, informed = build(name, space, 3), build(name, space, 3)
    assert not informed.declared.takes_unasked
    first = plain.ask()
    plain.tell(first, loss(first))
    informed.tell(first, -1e9)  # an unasked first trial, whatever its loss, only ends the random start
    for _ in range(3):
        informed.tell(space.sample(np.random.default_rng(1)), -1e9)
    asked = [to_json(configuration) for configuration in run(informed, 20)]
    assert len(set(asked)) == 20


@pytest.mark.parametrize("name", ["cmaes_ipop", "cmaes_bipop"])
def test_cmaes_with_restarts_ignores_what_is_told_unasked(name: str) -> None:
    plain, informed = build(name, FLAT, 3), build(name, FLAT, 3)
    assert not informed.declared.takes_unasked
    informed.tell(FLAT.sample(np.random.default_rng(1)), -1e9)
    assert run(informed, 30) == run(plain, 30)


@pytest.mark.parametrize("name", [name for name in ONE_EACH if name in METHODS])
def test_a_configuration_told_in_another_order_or_twice_is_taken(name: str) -> None:
    installed(name)
    optimizer = build(name, FLAT, 3)
    asked = [optimizer.ask(), optimizer.ask()]  # two before either is told
    for configuration in reversed(asked):
        optimizer.tell(dict(reversed(configuration.items())), 1.0)
    optimizer.tell(asked[0], 2.0)
    assert FLAT.canonical(optimizer.ask())


@pytest.mark.parametrize("name", METHODS)
def test_what_is_declared(name: str) -> None:
    installed(name)
    optimizer = build(name, CONDITIONAL)
    assert optimizer.independent is (name in INDEPENDENT)
    assert optimizer.declared.to_dict()["inactive"]
    of_name = {"catcma": "cmaes", "sklearn_sampler": "scikit", "skopt": "scikit"}
    library = of_name.get(name, name.partition("_")[0])
    assert optimizer.libraries[0].split("-")[0] in {"numpy", of_name.get(library, library)}
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert config["name"] == name
    assert set(config) - {"budget_factor"} == {"name", "description", "look", "class", "settings"}


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("hyperopt_tpe", "gamma", -3.0),
        ("hyperopt_tpe", "n_EI_candidates", 0),
        ("hyperopt_anneal", "avg_best_idx", 0.5),
        ("hyperopt_anneal", "shrink_coef", -1),
        ("optuna_tpe", "n_startup_trials", -4),
        ("optuna_cmaes", "popsize", "abc"),
        ("cmaes_ipop", "inc_popsize", 1),
        ("cmaes_bipop", "popsize", 0),
        ("skopt_rf", "base_estimator", "GBRT"),
    ],
)
def test_a_setting_out_of_its_range_is_named(name: str, setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{setting}={value!r}: "):
        build(name, FLAT, **{setting: value})


@pytest.mark.parametrize("name", ["skopt_gp", "skopt_et", "optuna_tpe", "optuna_cmaes", "optuna_qmc"])
def test_a_setting_that_the_library_does_not_know_is_named(name: str) -> None:
    with pytest.raises(UserError, match=r"optimizer.settings: .*gama"):
        build(name, FLAT, gama=1)


def test_restarts_that_optuna_no_longer_makes_are_refused() -> None:
    with pytest.raises(UserError, match=r"restart_strategy: without effect .*cmaes_ipop"):
        optuna_samplers.CMAES(FLAT, 0, None, restart_strategy="ipop")
