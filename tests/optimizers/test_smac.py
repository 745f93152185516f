"""SMAC asks what `facade.optimize()` asks, but for one declared difference; what it draws first is as declared.

The difference, the order of the local search's start points, and its size: docs/faithful.md.
"""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapters import in_part
from drawing import ALL, examples
from hypothesis import example, given
from hypothesis import strategies as st
from loops import Case, build, equal, failing, loss, our_loop, own_loop, run, second
from spaces import CONDITIONAL, FLAT, spaces
from threadpoolctl import threadpool_limits

pytest.importorskip("smac", reason="the extra 'smac' is not installed")

import ConfigSpace
import loops_smac

from bench.errors import UserError
from bench.optimizers import Exhausted, smac_facades
from bench.optimizers.config_space import translate
from bench.space import Configuration, Space
from bench.space.parsing import parse

NAMES = ["smac_rf", "smac_gp"]
CASES = {(case.name, case.label): case for case in loops_smac.CASES}
RATE, DEPTH = loops_smac.FLAT["rate"], loops_smac.FLAT["depth"]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def check_equal(case: Case, trials: int) -> list[Configuration]:
    own, ours = own_loop(case, 3, trials), our_loop(case, 3, trials)
    assert len(own.asked) == trials
    assert equal(own, ours) == trials
    assert 2 < own.failures < trials - 2
    design = re.search(r"Sobol design of (\d+) first", build(case.name, case.space, 3, trials).declared.fallback)
    assert design is not None
    assert int(design[1]) < trials - 8  # after which its model proposes
    return own.asked


@pytest.mark.parametrize(
    ("name", "label", "native"),
    [
        ("smac_rf", "flat", loops_smac.flat),
        in_part(("smac_gp", "flat", loops_smac.two), tried=False),
        ("smac_parego", "flat-2", loops_smac.two),
        in_part(("smac_rf", "flat-2", loops_smac.flat), tried=False),
        in_part(("smac_parego", "flat-1", loops_smac.flat), tried=False),
    ],
)
def test_without_its_declared_difference_smac_asks_what_optimize_asks(
    name: str, label: str, native: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library as it is, failures included: its set of start points has the order of this process's hashes.

    As it ships the adapter sorts it, from the model's first proposal on, for which the library has no sequence of its
    own; here it does not. The library's own space has the adapter's names and values, of which the hashes are.
    """
    case, trials = CASES[name, label], 60 if ALL else CASES[name, label].few
    ships = build(name, case.space, 3, trials)
    design = ships._design
    first = [ships.ask() for _ in range(design)]
    monkeypatch.setattr(smac_facades, "sort_start_points", lambda facade: None)
    as_it_is = loops_smac.loop(name, case.space, native, crash_cost=loops_smac.CRASH)
    asked = check_equal(replace(case, own=as_it_is), trials)
    assert asked[:design] == first


@pytest.mark.parametrize(
    ("name", "label"), [("smac_rf", "conditional"), in_part(("smac_parego", "conditional-2"), tried=False)]
)
def test_what_ships_asks_what_optimize_asks_of_conditions_with_its_start_points_sorted(name: str, label: str) -> None:
    """In names and values of the library's own, and none of the adapter's."""
    case = CASES[name, label]
    asked = check_equal(case, 50 if ALL else case.few)
    assert {name for configuration in asked for name in configuration} == {p.name for p in case.space.parameters}


@pytest.mark.parametrize("name", NAMES)
def test_smacs_own_cost_of_a_crash_is_one_that_its_models_cannot_take(name: str) -> None:
    """Why a failed trial is told with the loss given: with the default, infinity, the library's own loop raises."""

    def objective(config: Any, seed: int) -> float:
        if config["rate"] > 0.1:
            raise ArithmeticError
        return float(config["rate"])

    native = ConfigSpace.ConfigurationSpace()
    native.add(ConfigSpace.Float("rate", (0.01, 0.3)))
    with pytest.raises(ValueError, match="NaN"):
        loops_smac.optimize(name, native, objective, 20, 0)


def test_a_crash_cost_that_is_set_is_told_of_every_failure() -> None:
    def asked(told_of_failures: float, **settings: float) -> list[Configuration]:
        optimizer, configurations = build("smac_rf", Space((RATE,)), 1, 16, **settings), []
        for _ in range(14):  # four of its design
            configurations.append(optimizer.ask())
            failed = failing(configurations[-1])
            optimizer.tell(configurations[-1], told_of_failures if failed else loss(configurations[-1]), failed)
        return configurations

    assert asked(77.0, crash_cost=2.5) == asked(2.5)


def test_parego_is_told_a_crash_cost_of_every_loss_and_weighs_them_otherwise_than_their_mean() -> None:
    space = Space((RATE, DEPTH))

    def asked(name: str, told_of_failures: float, **settings: Any) -> list[Configuration]:
        settings |= {"objectives": 2, "acquisition_maximizer": {"challengers": 50}}
        optimizer, configurations = build(name, space, 1, 16, **settings), []
        for _ in range(10):  # four of its design
            configurations.append(optimizer.ask())
            losses = (loss(configurations[-1]), second(configurations[-1]))
            failed = failing(configurations[-1])
            optimizer.tell(configurations[-1], (told_of_failures,) * 2 if failed else losses, failed)
        return configurations

    parego = asked("smac_parego", 2.5)
    assert asked("smac_parego", 77.0, crash_cost=2.5) == parego
    assert asked("smac_rf", 2.5) != parego
    with pytest.raises(UserError, match=r"optimizer.settings: .*roh"):
        build("smac_parego", space, 0, 16, multi_objective_algorithm={"roh": 1.0})


def test_the_budget_plans_the_initial_design() -> None:
    space = Space((RATE, DEPTH))
    for budget, design in ((8, 2), (40, 10), (100, 20), (None, 20)):
        declared = build("smac_rf", space, 0, budget).declared
        assert f"a Sobol design of {design} first" in declared.fallback
        assert not declared.extendable
    assert "10000 trials, no budget being given" in build("smac_rf", space).declared.fallback


# Translation.


SEVERAL = parse(
    {
        "a": {"type": "int", "low": 0, "high": 1},
        "b": {"type": "int", "low": 1, "high": 2, "when": {"a": 0}},
        "c": {"type": "int", "low": 0, "high": 1, "when": {"b": 1}},
        "d": {"type": "int", "low": 1, "high": 2, "when": {"c": 0, "a": 0}},
    }
)
"""Of d's two conditions ConfigSpace takes that on c for met where c is inactive."""


@example(space=SEVERAL, seed=0)
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
    ("low", "high", "log"), [(1e-12, 1e-3, True), (0.0, 1e-11, False), (1e-150, 1e150, True), (-1e30, 1e30, False)]
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


# What it leaves, learns and refuses.


@pytest.mark.parametrize("name", [in_part(name, name == "smac_rf", id=name) for name in NAMES])
def test_no_files_are_left_in_the_folder_for_temporary_ones(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the working folder neither: the conformance rule `no_files`."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    run(build(name, FLAT, 0, 24), 8)  # two beyond its design
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_finite_space_is_exhausted() -> None:
    space = parse({"x": {"type": "int", "low": 1, "high": 3}, "y": {"type": "categorical", "choices": ["a", "b"]}})
    optimizer = build("smac_rf", space, 0, 40)
    asked = run(optimizer, 40)
    assert len(asked) == len({str(c) for c in asked}) == 6
    with pytest.raises(Exhausted):
        optimizer.ask()


def test_what_is_told_unasked_is_learnt_from() -> None:
    space, rng = Space((FLAT["shrink"], FLAT["act"])), np.random.default_rng(0)
    optimizer = build("smac_rf", space, 0, 60, initial_design={"n_configs": 1})
    for i in range(40):
        configuration = space.sample(rng)
        shrink = 0.1 + i / 1e4 if i % 4 == 0 else 0.3 + 0.5 * rng.random()
        optimizer.tell(configuration | {"shrink": shrink}, abs(shrink - 0.1))
    distances = [abs(c["shrink"] - 0.1) for c in (optimizer.ask() for _ in range(8))]
    assert np.median(distances) < 0.1  # of random draws, 0.3


def test_settings_are_the_arguments_of_the_facades_components() -> None:
    optimizer = build("smac_rf", FLAT, 0, 50, initial_design={"n_configs": 3}, random_design={"probability": 0.5})
    assert "a Sobol design of 3 first" in optimizer.declared.fallback
    with pytest.raises(UserError, match=r"optimizer.settings.initial: unknown.*initial_design"):
        build("smac_rf", FLAT, 0, 50, initial={})
    with pytest.raises(UserError, match=r"optimizer.settings: .*n_trees_"):
        build("smac_rf", FLAT, 0, 50, model={"n_trees_": 3})
