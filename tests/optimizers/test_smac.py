"""SMAC asks what `facade.optimize()` asks; what it draws first is as declared; it leaves nothing behind."""

import math
import os
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from own_loop import (
    added_seconds,
    build,
    failing,
    loss,
    report_and_check_seconds,
    run,
    sequence_elsewhere,
    sequence_here,
)
from spaces import CONDITIONAL, CONSTANT, FLAT, spaces

pytest.importorskip("smac", reason="the extra 'smac' is not installed")

import ConfigSpace
import smac

from bench.errors import UserError
from bench.optimizers import Exhausted, smac_facades
from bench.optimizers.config_space import translate
from bench.space import Configuration, Space
from bench.space.parsing import parse

NAMES = ["smac_rf", "smac_gp"]
FACADES = {"smac_rf": smac.HyperparameterOptimizationFacade, "smac_gp": smac.BlackBoxFacade}


def optimize(
    name: str,
    native: Any,
    objective: Any,
    trials: int,
    seed: int,
    folder: Path,
    change: Any = lambda _: None,
    **scenario: Any,
) -> None:
    """SMAC's own loop, as its documentation has it."""
    planned = smac.Scenario(native, deterministic=True, n_trials=trials, seed=seed, output_directory=folder, **scenario)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        facade = FACADES[name](planned, objective, logging_level=False, overwrite=True)
        change(facade)
        facade.optimize()


FLAT_NATIVE = {
    "act": {"type": "categorical", "choices": ["no", "relu", "tanh"]},
    "depth": {"type": "int", "low": 1, "high": 8},
    "leaves": {"type": "int", "low": 1, "high": 4, "log": True},
    "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
    "units": {"type": "int", "low": 32, "high": 128, "step": 32},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_smac_asks_what_optimize_asks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Failures included. SMAC's set of start points has the order of this process's hashes: here the adapter's too.

    The hashes are of names and values, so that the library's own space has the adapter's. The next test sorts.
    """
    monkeypatch.setattr(smac_facades, "sort_start_points", lambda facade: None)
    space, trials = parse(FLAT_NATIVE), 60
    native = ConfigSpace.ConfigurationSpace()
    if name == "smac_rf":
        native.add(
            ConfigSpace.Categorical("000_act", [0, 1, 2]),
            ConfigSpace.Integer("001_depth", (1, 8)),
            ConfigSpace.Integer("002_leaves", (1, 4), log=True),
            ConfigSpace.Float("003_rate", (0.01, 0.3), log=True),
            ConfigSpace.Integer("004_units", (0, 3)),
        )
    else:  # two parameters, since five take its kernel seconds a trial
        space, trials = Space((space["depth"], space["rate"])), 50
        native.add(ConfigSpace.Integer("000_depth", (1, 8)), ConfigSpace.Float("001_rate", (0.01, 0.3), log=True))
    asked: list[Configuration] = []

    def objective(config: Any, seed: int) -> float:
        values = {key[4:]: value for key, value in dict(config).items()}
        if name == "smac_rf":
            values["act"] = ["no", "relu", "tanh"][values["act"]]
            values["units"] = 32 + 32 * values["units"]
        asked.append(values)
        if failing(values):
            raise ArithmeticError
        return loss(values)

    optimize(name, native, objective, trials, 3, tmp_path, crash_cost=2.5)
    assert run(build(name, space, 3, trials), trials, failing, 2.5) == asked
    assert len(asked) == trials
    assert 5 < sum(map(failing, asked)) < trials - 5


def test_smac_asks_what_optimize_asks_of_conditions(tmp_path: Path) -> None:
    """Beside a facade whose start points are sorted alike, in names and values of its own."""
    space = parse(
        {
            "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
            "layers": {"type": "int", "low": 1, "high": 3},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
            "units_2": {"type": "int", "low": 16, "high": 64, "when": {"layers": [2, 3], "kind": "adam"}},
        }
    )
    native = ConfigSpace.ConfigurationSpace()
    kind, layers = ConfigSpace.Categorical("kind", ["adam", "sgd"]), ConfigSpace.Integer("layers", (1, 3))
    momentum, units = ConfigSpace.Float("momentum", (0.0, 0.99)), ConfigSpace.Integer("units_2", (16, 64))
    native.add(kind, layers, momentum, units)
    native.add(
        ConfigSpace.EqualsCondition(momentum, kind, "sgd"),
        ConfigSpace.AndConjunction(
            ConfigSpace.InCondition(units, layers, [2, 3]), ConfigSpace.EqualsCondition(units, kind, "adam")
        ),
    )
    asked: list[Configuration] = []

    def objective(config: Any, seed: int) -> float:
        values = {key: value.item() if isinstance(value, np.generic) else value for key, value in dict(config).items()}
        asked.append(space.canonical(values))
        return loss(asked[-1])

    optimize("smac_rf", native, objective, 50, 1, tmp_path, smac_facades.sort_start_points)
    assert run(build("smac_rf", space, 1, 50), 50) == asked
    assert {name for configuration in asked for name in configuration} == {p.name for p in space.parameters}


@pytest.mark.parametrize("name", NAMES)
def test_smacs_own_cost_of_a_crash_is_one_that_its_models_cannot_take(name: str, tmp_path: Path) -> None:
    """Why a failed trial is told with the loss given: with the default, infinity, the library's own loop raises."""

    def objective(config: Any, seed: int) -> float:
        if config["rate"] > 0.1:
            raise ArithmeticError
        return float(config["rate"])

    native = ConfigSpace.ConfigurationSpace()
    native.add(ConfigSpace.Float("rate", (0.01, 0.3)))
    with pytest.raises(ValueError, match="NaN"):
        optimize(name, native, objective, 20, 0, tmp_path)


def test_a_crash_cost_that_is_set_is_told_of_every_failure() -> None:
    space = parse({"rate": FLAT_NATIVE["rate"]})
    set_once, told = build("smac_rf", space, 1, 40, crash_cost=2.5), build("smac_rf", space, 1, 40)
    assert run(set_once, 25, failing, 77.0) == run(told, 25, failing, 2.5)


def test_the_budget_plans_the_initial_design() -> None:
    space = parse({"rate": FLAT_NATIVE["rate"], "depth": FLAT_NATIVE["depth"]})
    for budget, design in ((8, 2), (40, 10), (100, 20), (None, 20)):
        declared = build("smac_rf", space, 0, budget).declared
        assert f"a Sobol design of {design} first" in declared.fallback
        assert not declared.extendable
    assert "10000 trials, no budget being given" in build("smac_rf", space).declared.fallback


# Translation.


@given(space=spaces(), seed=st.integers(0, 99))
@examples(60)
def test_configurations_go_to_configspace_and_back(space: Space, seed: int) -> None:
    translated, rng = translate(space), np.random.default_rng(seed)
    for _ in range(5):
        configuration = space.sample(rng)
        back = translated.decode(translated.encode(configuration))
        assert back.keys() == configuration.keys()
        for key, value in configuration.items():
            assert back[key] == (pytest.approx(value, rel=1e-9, abs=1e-11) if isinstance(value, float) else value)
    if translated.names:
        translated.native.seed(seed)
        for proposal in [*translated.native.sample_configuration(10)]:
            configuration = translated.decode(proposal)
            assert {translated.names[key] for key in configuration if key in translated.names} == set(dict(proposal))


@pytest.mark.parametrize(
    ("low", "high", "log"), [(1e-12, 1e-3, True), (0.0, 1e-11, False), (1e-300, 1e300, True), (-1e300, 1e308, False)]
)
def test_small_and_large_numbers_keep_their_digits(low: float, high: float, log: bool) -> None:
    """ConfigSpace rounds to 13 decimals, which leaves three digits of 1e-10."""
    space = parse({"x": {"type": "float", "low": low, "high": high, "log": log}})
    optimizer = build("smac_rf", space, 0, 80)
    asked = [float(optimizer.ask()["x"]) for _ in range(10)]  # of its design
    assert len({f"{x:.8e}" for x in asked}) == 10
    assert build("smac_rf", space).declared.laws["x"].expression == "Float(0, 1), stretched over its range"
    for x in asked:
        space_x = translate(space)
        assert float(space_x.decode(space_x.encode({"x": x}))["x"]) == pytest.approx(x, rel=1e-9)  # type: ignore[arg-type]


def test_the_order_of_the_space_is_kept() -> None:
    space = parse({name: {"type": "float", "low": 0.0, "high": 1.0} for name in ("z", "b", "a", "k")})
    assert [key.partition("_")[2] for key in translate(space).native] == ["z", "b", "a", "k"]


def test_what_rests_on_constants_or_can_never_be_is_not_shown() -> None:
    assert list(translate(CONDITIONAL).names) == [
        "rate", "kind", "momentum", "layers", "units_2", "units_3", "skip", "scale"
    ]  # fmt: skip
    space = parse(
        {
            "one": {"type": "int", "low": 1, "high": 1},
            "never": {"type": "float", "low": 0.0, "high": 1.0, "when": {"one": 1}},
            "x": {"type": "float", "low": 0.0, "high": 1.0},
        }
    )
    assert list(translate(space).names) == ["never", "x"]


# Laws.


def designed(optimizer: Any) -> list[Configuration]:
    """A whole Sobol design, of which asking would take SMAC minutes."""
    design = optimizer._smac._initial_design.select_configurations()
    return [optimizer._translated.decode(configuration) for configuration in design]


@pytest.mark.parametrize("name", ["depth", "leaves", "units", "dropout"])
def test_the_first_design_is_as_far_from_the_reference_law_as_declared(name: str) -> None:
    space = Space((FLAT["shrink"], FLAT[name]))  # beside a float, so that no two points are one
    design = {"n_configs": 1024, "max_ratio": 1.0}
    optimizer = build("smac_rf", space, 5, 1024, initial_design=design)
    drawn = [configuration[name] for configuration in designed(optimizer)]
    parameter = FLAT[name]
    observed = np.array([drawn.count(value) for value in parameter.values()]) / 1024  # type: ignore[union-attr]
    declared = optimizer.declared.laws[name].total_variation
    assert abs(observed - parameter.probabilities()).sum() / 2 == pytest.approx(declared, abs=0.005)  # a Sobol design
    assert declared > 0.1


def test_floats_and_choices_of_the_first_design_are_uniform() -> None:
    space = Space((FLAT["shrink"], FLAT["rate"], FLAT["act"]))
    optimizer = build("smac_gp", space, 5, 512, initial_design={"n_configs": 512, "max_ratio": 1.0})
    drawn = designed(optimizer)
    for key, scale in (("shrink", lambda x: x / 0.9), ("rate", lambda x: math.log(x / 0.01) / math.log(30))):
        shares = np.histogram([scale(c[key]) for c in drawn], 8, (0, 1))[0] / 512
        assert shares == pytest.approx([1 / 8] * 8, abs=0.01)
    assert [sum(c["act"] == choice for c in drawn) / 512 for choice in (None, "relu", 7)] == pytest.approx(
        [1 / 3] * 3, abs=0.01
    )


# What holds of every optimiser.


def test_conditional_spaces_give_valid_configurations_of_every_branch() -> None:
    asked = run(build("smac_rf", CONDITIONAL, 0, 200), 70)
    assert all(CONDITIONAL.canonical(configuration) == configuration for configuration in asked)
    assert {key for configuration in asked for key in configuration} == {p.name for p in CONDITIONAL.parameters}


@pytest.mark.parametrize("name", NAMES)
def test_the_sequence_is_that_of_another_process_with_other_threads(name: str) -> None:
    trials = {"smac_rf": 16, "smac_gp": 8}[name]
    assert sequence_elsewhere(name, trials, threads=2) == sequence_here(name, CONDITIONAL, trials)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_printed_written_or_drawn_from_global_random_state(
    name: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(build(name, FLAT, 0, 24), 10)
    assert (np.random.get_state()[1] == state[0]).all()  # noqa: NPY002
    assert random.getstate() == state[1]
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_finite_space_is_exhausted() -> None:
    space = parse({"x": {"type": "int", "low": 1, "high": 3}, "y": {"type": "categorical", "choices": ["a", "b"]}})
    optimizer = build("smac_rf", space, 0, 40)
    asked = run(optimizer, 40)
    assert len(asked) == len({str(c) for c in asked}) == 6
    with pytest.raises(Exhausted):
        optimizer.ask()


def test_constants_are_repeated() -> None:
    assert run(build("smac_gp", CONSTANT), 3) == [{"rounds": 7, "kind": None, "rate": 0.1}] * 3


def test_what_is_told_unasked_is_learnt_from() -> None:
    space, rng = Space((FLAT["shrink"], FLAT["act"])), np.random.default_rng(0)
    optimizer = build("smac_rf", space, 0, 60, initial_design={"n_configs": 1})
    for i in range(40):
        told = space.sample(rng) | ({"shrink": 0.1 + i / 1e4} if i % 4 == 0 else {"shrink": 0.3 + 0.5 * rng.random()})
        optimizer.tell(told, abs(told["shrink"] - 0.1))
    distances = [abs(c["shrink"] - 0.1) for c in (optimizer.ask() for _ in range(8))]
    assert np.median(distances) < 0.1  # of random draws, 0.3


def test_settings_are_the_arguments_of_the_facades_components() -> None:
    optimizer = build("smac_rf", FLAT, 0, 50, initial_design={"n_configs": 3}, random_design={"probability": 0.5})
    assert "a Sobol design of 3 first" in optimizer.declared.fallback
    with pytest.raises(UserError, match=r"optimizer.settings.initial: unknown.*initial_design"):
        build("smac_rf", FLAT, 0, 50, initial={})
    with pytest.raises(UserError, match=r"optimizer.settings: .*n_trees_"):
        build("smac_rf", FLAT, 0, 50, model={"n_trees_": 3})


@pytest.mark.parametrize("name", NAMES)
def test_the_adapter_takes_little_time(name: str) -> None:
    trials = {"smac_rf": 40, "smac_gp": 12}[name]

    def measure() -> tuple[float, float]:
        optimizer = build(name, FLAT, 0, trials)
        return added_seconds(optimizer, optimizer._smac, trials)

    report_and_check_seconds(name, measure)
