"""The optimisers' contract: seeds, processes, silence, extreme losses, what is told unasked, settings."""

import itertools
import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml
from commands import ROOT
from loops import CONF, Objective, build, loss, only, run
from spaces import CONDITIONAL, CONSTANT, FLAT
from threadpoolctl import threadpool_limits

from bench.errors import UserError
from bench.optimizers import optuna_samplers
from bench.space import to_json

NAMES = ["random", "grid", "sklearn_sampler", "hyperopt_random", "hyperopt_anneal", "hyperopt_tpe", "hyperopt_atpe"]
NAMES += ["optuna_tpe", "optuna_tpe_multivariate", "optuna_qmc", "optuna_cmaes", "optuna_cmaes_margin"]
NAMES += ["cmaes_ipop", "cmaes_bipop", "skopt_gp", "skopt_gp_ei", "skopt_gp_lcb", "skopt_gp_pi", "skopt_rf", "skopt_et"]
INDEPENDENT = ["random", "grid", "sklearn_sampler", "hyperopt_random"]
ONE_EACH = [name for name in NAMES if name not in ("skopt_gp_ei", "skopt_gp_lcb", "skopt_gp_pi", "skopt_rf")]
"""Without those that are another's class with other settings, and slow."""
TRIALS = {name: 12 for name in NAMES if name.startswith("skopt_")} | {"hyperopt_atpe": 14}
"""Of those that take a tenth of a second for a trial."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("name", ONE_EACH)
def test_the_seed_alone_decides_the_sequence(name: str) -> None:
    trials = TRIALS.get(name, 30)
    first = run(build(name, FLAT, 4, trials), trials, Objective())
    assert run(build(name, FLAT, 4, trials), trials, Objective()) == first
    assert run(build(name, FLAT, 5, trials), trials, Objective()) != first


def sequences() -> str:
    return "\n".join(to_json(c) for name in ONE_EACH for c in run(build(name, CONDITIONAL, 4), TRIALS.get(name, 30)))


def test_the_sequences_are_the_same_in_a_new_process() -> None:
    code = """
import sys
sys.path.insert(0, "tests")
from test_optimizers import *
with threadpool_limits(1):
    print(sequences(), end="")
"""
    root = ROOT
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert process.stdout == sequences()


@pytest.mark.parametrize("name", ONE_EACH)
def test_nothing_is_printed_warned_or_drawn_from_global_random_state(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    slow = name in TRIALS
    small = only(FLAT, "leaves", "act") if slow else only(FLAT, "leaves", "act", "rate")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # skopt meets points again in so small a space
        run(build(name, small), 18 if slow else 40)
    assert (np.random.get_state()[1] == state[0]).all()  # noqa: NPY002
    assert random.getstate() == state[1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_constants_are_repeated_and_a_grid_of_them_has_one_point(name: str) -> None:
    asked = run(build(name, CONSTANT), 3)
    assert asked == [{"rounds": 7, "kind": None, "rate": 0.1}] * (1 if name == "grid" else 3)


# Huge losses end gp_minimize too: test_fidelity.
EXTREMES = set(itertools.product(ONE_EACH, ["constant", "tiny", "huge", "failed"])) - {("skopt_gp", "huge")}


@pytest.mark.parametrize(("name", "losses"), sorted(EXTREMES))
def test_extreme_losses_and_failures(name: str, losses: str) -> None:
    optimizer, asked = build(name, FLAT, 2), []
    for i in range(TRIALS.get(name, 30)):
        asked.append(optimizer.ask())
        value = {"constant": 1.0, "tiny": i * 1e-300, "huge": (-1) ** i * 1e300, "failed": 5.0}[losses]
        optimizer.tell(asked[-1], value, failed=losses == "failed")
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
        told = space.sample(rng) | ({"shrink": 0.1 + i / 1e4} if i % 4 == 0 else {"shrink": 0.3 + 0.5 * rng.random()})
        optimizer.tell(told, abs(told["shrink"] - 0.1), failed=takes_failures and i % 10 == 1)
    distances = []
    for _ in range(6):
        asked = optimizer.ask()
        distances.append(abs(asked["shrink"] - 0.1))
        optimizer.tell(asked, distances[-1])
    assert np.median(distances) < 0.1  # of random draws, 0.3


@pytest.mark.parametrize("name", ["hyperopt_atpe", "hyperopt_random", "optuna_qmc", "sklearn_sampler"])
def test_what_is_told_unasked_of_a_conditional_space_is_taken(name: str) -> None:
    optimizer, rng = build(name, CONDITIONAL, 1), np.random.default_rng(0)
    for i in range(15):
        optimizer.tell(CONDITIONAL.sample(rng), float(i % 4), failed=i % 5 == 1)
    assert all(CONDITIONAL.canonical(c) == c for c in run(optimizer, 10))


@pytest.mark.parametrize("name", ["optuna_cmaes", "optuna_cmaes_margin"])
def test_optunas_cmaes_leaves_what_is_told_unasked_out_of_its_population(name: str) -> None:
    space = only(FLAT, "shrink", "rate")
    plain, told = build(name, space, 3), build(name, space, 3)
    assert not told.declared.takes_unasked
    first = plain.ask()
    plain.tell(first, loss(first))
    told.tell(first, -1e9)  # an unasked first trial, whatever its loss, only ends the random start
    for _ in range(3):
        told.tell(space.sample(np.random.default_rng(1)), -1e9)
    asked = [to_json(configuration) for configuration in run(told, 20)]
    assert len(set(asked)) == 20


@pytest.mark.parametrize("name", ["cmaes_ipop", "cmaes_bipop"])
def test_cmaes_with_restarts_ignores_what_is_told_unasked(name: str) -> None:
    plain, told = build(name, FLAT, 3), build(name, FLAT, 3)
    assert not told.declared.takes_unasked
    told.tell(FLAT.sample(np.random.default_rng(1)), -1e9)
    assert run(told, 30) == run(plain, 30)


@pytest.mark.parametrize("name", ONE_EACH)
def test_a_configuration_told_in_another_order_or_twice_is_taken(name: str) -> None:
    optimizer = build(name, FLAT, 3)
    asked = [optimizer.ask(), optimizer.ask()]  # two before either is told
    for configuration in reversed(asked):
        optimizer.tell(dict(reversed(configuration.items())), 1.0)
    optimizer.tell(asked[0], 2.0)
    assert FLAT.canonical(optimizer.ask())


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_is_declared(name: str) -> None:
    optimizer = build(name, CONDITIONAL)
    assert optimizer.revision == 1
    assert optimizer.independent is (name in INDEPENDENT)
    assert optimizer.declared.to_dict()["inactive"]
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert config["name"] == name
    assert set(config) == {"name", "description", "class", "settings"}


@pytest.mark.parametrize("name", NAMES)
def test_the_libraries_that_decide_a_sequence_are_installed_distributions(name: str) -> None:
    from importlib.metadata import version

    libraries = type(build(name, FLAT)).libraries
    assert all(version(library) for library in libraries)
    assert libraries[0].split("-")[0] in {"numpy", name.partition("_")[0], "scikit"}


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
