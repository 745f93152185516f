"""The optimisers: each asks what its library's own loop asks, on any space, and declares what it cannot follow."""

import itertools
import math
import random
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import hyperopt
import numpy as np
import optuna
import pytest
import skopt
import yaml
from hyperopt import hp, tpe
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from skopt.space import Integer, Real
from spaces import CONDITIONAL, CONSTANT, FLAT, spaces
from threadpoolctl import threadpool_limits

from bench.errors import UserError
from bench.optimizers import Exhausted, hyperopt_tpe, optuna_samplers
from bench.optimizers.grid_search import GridSearch
from bench.optimizers.scikit_optimize import GaussianProcess
from bench.space import Configuration, Float, Int, Space, to_json
from bench.space_yaml import parse

CONF = Path(__file__).parent.parent / "conf" / "optimizer"
NAMES = ["random", "grid", "skopt_gp", "hyperopt_tpe", "optuna_tpe", "optuna_cmaes"]
TRIALS = {"skopt_gp": 12}  # the Gaussian process takes a tenth of a second for each after ten

Loss = Callable[[Configuration], float]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def build(name: str, space: Space, seed: int = 0, **overrides: Any) -> Any:
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    module, _, cls = config["class"].rpartition(".")
    return getattr(import_module(module), cls)(space, seed, None, **(config["settings"] | overrides))


def loss(values: Configuration) -> float:
    """Smooth in the numbers, of any configuration."""
    numbers = [v for v in values.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return sum(math.sin(3 * v) + (v / 20) ** 2 for v in numbers) + 0.1 * sum(v is None for v in values.values())


def failing(values: Configuration) -> bool:
    return math.sin(1e3 * float(values["rate"])) > 0.5  # type: ignore[arg-type]


def run(optimizer: Any, trials: int, fails: Callable[[Configuration], bool] = lambda _: False) -> list[Configuration]:
    asked = []
    for _ in range(trials):
        try:
            configuration = optimizer.ask()
        except Exhausted:
            break
        asked.append(configuration)
        optimizer.tell(configuration, loss(configuration), failed=fails(configuration))
    return asked


# The libraries' own loops, on spaces written by hand in their own words.


def only(space: Space, *names: str) -> Space:
    return Space(tuple(space[name] for name in names))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hyperopt_asks_what_fmin_asks(seed: int) -> None:
    space = only(FLAT, "shrink", "rate", "depth", "leaves", "units", "act")
    native = {
        "shrink": hp.uniform("shrink", 0.0, 0.9),
        "rate": hp.loguniform("rate", math.log(0.01), math.log(0.3)),
        "depth": hp.quniform("depth", 0.5, 8.5, 1),
        "leaves": hp.qloguniform("leaves", math.log(0.5), math.log(4.5), 1),
        "units": hp.quniform("units", 16, 144, 32),
        "act": hp.choice("act", [None, "relu", 7]),
    }
    asked: list[Configuration] = []

    def objective(values: dict[str, Any]) -> Any:
        whole = {name: int(values[name]) for name in ("depth", "leaves", "units")}
        asked.append({p.name: (values | whole)[p.name] for p in space.parameters})
        return {"status": "fail"} if failing(asked[-1]) else loss(asked[-1])

    rng = np.random.default_rng(seed)
    hyperopt.fmin(objective, native, tpe.suggest, max_evals=60, rstate=rng, verbose=False, show_progressbar=False)
    assert run(hyperopt_tpe.TPE(space, seed, None), 60, failing) == asked
    assert 5 < sum(map(failing, asked)) < 55


@pytest.mark.parametrize("seed", [0, 1])
def test_hyperopt_asks_what_fmin_asks_of_nested_choices(seed: int) -> None:
    space = parse(
        {
            "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
            "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
            "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
            "layers": {"type": "int", "low": 1, "high": 3},
            "units_2": {"type": "int", "low": 16, "high": 64, "when": {"layers": [2, 3]}},
            "units_3": {"type": "int", "low": 16, "high": 64, "when": {"layers": 3}},
        }
    )
    units = {name: hp.quniform(name, 15.5, 64.5, 1) for name in ("units_2", "units_3")}
    native = {
        "rate": hp.loguniform("rate", math.log(0.01), math.log(0.3)),
        "kind": hp.choice("kind", [{"kind": "adam"}, {"kind": "sgd", "momentum": hp.uniform("momentum", 0.0, 0.99)}]),
        "layers": hp.choice(
            "layers", [{"layers": 1}, {"layers": 2, "units_2": units["units_2"]}, {"layers": 3, **units}]
        ),
    }
    asked: list[Configuration] = []

    def objective(values: dict[str, Any]) -> float:
        flat = {"rate": values["rate"], **values["kind"], **values["layers"]}
        asked.append(space.canonical(flat))
        return loss(asked[-1])

    rng = np.random.default_rng(seed)
    hyperopt.fmin(objective, native, tpe.suggest, max_evals=60, rstate=rng, verbose=False, show_progressbar=False)
    assert run(hyperopt_tpe.TPE(space, seed, None), 60) == asked


def suggest(trial: optuna.Trial) -> Configuration:
    return {
        "shrink": trial.suggest_float("shrink", 0.0, 0.9),
        "rate": trial.suggest_float("rate", 0.01, 0.3, log=True),
        "depth": trial.suggest_int("depth", 1, 8),
        "leaves": trial.suggest_int("leaves", 1, 4, log=True),
        "units": trial.suggest_int("units", 32, 128, step=32),
        "act": trial.suggest_categorical("act", [None, "relu", 7]),
    }


def suggest_conditional(trial: optuna.Trial) -> Configuration:
    values: Configuration = {"rate": trial.suggest_float("rate", 0.01, 0.3, log=True)}
    values["kind"] = trial.suggest_categorical("kind", ["adam", "sgd"])
    if values["kind"] == "sgd":
        values["momentum"] = trial.suggest_float("momentum", 0.0, 0.99)
    values["depth"] = trial.suggest_int("depth", 1, 8)
    return values


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("suggestions", [suggest, suggest_conditional])
@pytest.mark.parametrize("adapter", [optuna_samplers.TPE, optuna_samplers.CMAES])
def test_optuna_asks_what_optimize_asks(
    adapter: type[Any], suggestions: Callable[[optuna.Trial], Configuration], seed: int
) -> None:
    sampler = optuna.samplers.TPESampler if adapter is optuna_samplers.TPE else optuna.samplers.CmaEsSampler
    flat = only(FLAT, "shrink", "rate", "depth", "leaves", "units", "act")
    momentum = Float("momentum", 0.0, 0.99, when={"kind": ("sgd",)})
    kind = parse({"kind": {"type": "categorical", "choices": ["adam", "sgd"]}})["kind"]
    space = flat if suggestions is suggest else Space((FLAT["rate"], kind, momentum, FLAT["depth"]))
    asked: list[Configuration] = []

    def objective(trial: optuna.Trial) -> float:
        asked.append(suggestions(trial))
        if failing(asked[-1]):
            raise ArithmeticError
        return loss(asked[-1])

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        optuna.create_study(sampler=sampler(seed=seed)).optimize(objective, n_trials=50, catch=ArithmeticError)
    finally:
        optuna.logging.set_verbosity(verbosity)
    assert run(adapter(space, seed, None), 50, failing) == asked
    assert 5 < sum(map(failing, asked)) < 45


@pytest.mark.parametrize(
    ("names", "native", "calls"),
    [
        (("rate", "leaves", "act"), [Real(0.01, 0.3, "log-uniform"), Integer(1, 4, "log-uniform")], 30),
        (("shrink", "depth", "act"), [Real(0.0, 0.9), Integer(1, 8)], 13),
    ],
)
def test_skopt_asks_what_gp_minimize_asks(names: tuple[str, ...], native: list[Any], calls: int) -> None:
    space = only(FLAT, *names)
    native = [*native, skopt.space.Categorical([None, "relu", 7])]
    asked: list[Configuration] = []

    def objective(point: list[Any]) -> float:
        # NumPy's 7 is no int, and the objective looks at types.
        plain = [value.item() if isinstance(value, np.generic) else value for value in point]
        asked.append(dict(zip(names, plain, strict=True)))
        return loss(asked[-1])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skopt.gp_minimize(objective, native, n_calls=calls, random_state=3)
    assert run(GaussianProcess(space, 3, None), calls) == asked
    assert len(set(map(to_json, asked))) > 10


def test_skopt_is_told_the_very_point_that_it_asked() -> None:
    optimizer = GaussianProcess(CONDITIONAL, 1, None)
    inner, asked = optimizer._optimizer, []
    original = inner.ask
    inner.ask = lambda: asked.append(original()) or asked[-1]
    run(optimizer, 12)
    assert all(told is point for told, point in zip(inner.Xi, asked, strict=True))


# Laws.


def stretched(parameter: Int | Float) -> np.ndarray:
    """What `Integer(low, high, prior)` draws as gp_minimize has it, by brute force over the quantiles of its draw."""
    low, high = (0, len(parameter.values()) - 1) if parameter.stepped else (parameter.low, parameter.high)  # type: ignore[arg-type]
    dimension = Integer(low, high, "log-uniform" if parameter.log else "uniform", transform="normalize")
    drawn = dimension.inverse_transform((np.arange(400_000) + 0.5) / 400_000)
    return np.bincount(drawn - low, minlength=high - low + 1) / 400_000


@pytest.mark.parametrize("name", ["depth", "leaves", "units", "dropout"])
def test_skopt_declares_the_distance_of_its_law(name: str) -> None:
    parameter = FLAT[name]
    declared = GaussianProcess(only(FLAT, name), 0, None).declared.laws[name]
    assert declared.total_variation == pytest.approx(
        abs(stretched(parameter) - parameter.probabilities()).sum() / 2, abs=1e-5
    )


def test_the_declared_distances_of_small_integers_in_numbers() -> None:
    laws = GaussianProcess(FLAT, 0, None).declared.laws
    reference = np.log([3, 5 / 3, 7 / 5, 9 / 7]) / math.log(9)
    drawn = np.log([1.5, 5 / 3, 7 / 5, 8 / 7]) / math.log(4)
    assert laws["leaves"].total_variation == pytest.approx(abs(drawn - reference).sum() / 2)
    assert laws["depth"].total_variation == pytest.approx(6 * (1 / 7 - 1 / 8))
    assert set(laws) == {"depth", "leaves", "units", "dropout"}


def first_draws(name: str, n: int) -> list[Configuration]:
    """What the library draws before it models anything."""
    startup = {"hyperopt_tpe": {"n_startup_jobs": n}}.get(name, {})
    optimizer = build(name, FLAT, 7, **startup)
    return [optimizer.ask() for _ in range(n)]  # nothing told, so that nothing can be modelled


@pytest.mark.parametrize("name", ["random", "skopt_gp", "hyperopt_tpe", "optuna_tpe", "optuna_cmaes"])
def test_first_draws_are_as_far_from_the_reference_law_as_declared(name: str) -> None:
    n = 1_000
    draws, laws = first_draws(name, n), build(name, FLAT).declared.laws
    for parameter in FLAT.searched:
        drawn = [draw[parameter.name] for draw in draws]
        values, probabilities = parameter.values(), parameter.probabilities()
        if values is None:
            scale = math.log if parameter.log else float  # type: ignore[union-attr]
            low, high = scale(parameter.low), scale(parameter.high)  # type: ignore[union-attr]
            assert stats.kstest([(scale(v) - low) / (high - low) for v in drawn], "uniform").pvalue > 1e-4
        elif parameter.name in laws:
            assert probabilities is not None
            observed = np.array([drawn.count(value) for value in values]) / n
            # 1,000 draws of 8 values are 0.03 from their own law on average.
            assert abs(abs(observed - probabilities).sum() / 2 - laws[parameter.name].total_variation) < 0.04
        else:
            assert stats.chisquare([drawn.count(value) for value in values], n * probabilities).pvalue > 1e-4


@pytest.mark.parametrize("log", [False, True])
def test_a_hyperopt_parent_follows_the_reference_law_without_its_order(log: bool) -> None:
    space = parse(
        {
            "n": {"type": "int", "low": 1, "high": 4, "log": log},
            "x": {"type": "float", "low": 0.0, "high": 1.0, "when": {"n": [2, 4]}},
        }
    )
    optimizer = hyperopt_tpe.TPE(space, 3, None, n_startup_jobs=600)
    assert optimizer.declared.laws["n"].total_variation == 0
    drawn = [optimizer.ask()["n"] for _ in range(600)]
    expected = 600 * space["n"].probabilities()  # type: ignore[operator]
    assert stats.chisquare([drawn.count(k) for k in (1, 2, 3, 4)], expected).pvalue > 1e-4


# The grid, against brute force.


def brute_grid(space: Space, levels: int) -> list[str]:
    """The distinct configurations of the product of all levels, in its order."""
    product = itertools.product(*(p.grid(p.levels or levels) for p in space.parameters))
    found: dict[str, None] = {}
    for point in product:
        values = dict(zip((p.name for p in space.parameters), point, strict=True))
        found[to_json(space.assemble(lambda parameter, values=values: values[parameter.name]))] = None
    return list(found)


def drain(grid: GridSearch) -> list[str]:
    asked = [to_json(grid.ask()) for _ in range(len(grid))]
    with pytest.raises(Exhausted):
        grid.ask()
    return asked


@given(spaces(), st.integers(1, 3), st.integers(0, 99))
@settings(deadline=None)
def test_the_grid_is_the_product_without_duplicates(space: Space, levels: int, seed: int) -> None:
    brute = brute_grid(space, levels)
    assert drain(GridSearch(space, seed, None, order="lexicographic", levels=levels)) == brute
    assert sorted(drain(GridSearch(space, seed, None, levels=levels))) == sorted(brute)


def test_the_grid_of_nested_conditions() -> None:
    brute = brute_grid(CONDITIONAL, 3)
    assert drain(GridSearch(CONDITIONAL, 0, None, order="lexicographic")) == brute
    shuffled = drain(GridSearch(CONDITIONAL, 0, None))
    assert Counter(shuffled) == Counter(brute)
    assert shuffled not in (brute, drain(GridSearch(CONDITIONAL, 1, None)))


def test_every_order_of_the_grid_is_equally_likely() -> None:
    space = parse({"x": {"type": "int", "low": 1, "high": 4}})
    orders = Counter(tuple(drain(GridSearch(space, seed, None, levels=4))) for seed in range(2_400))
    assert len(orders) == 24
    assert stats.chisquare(list(orders.values())).pvalue > 1e-3


def test_a_vast_grid_costs_nothing() -> None:
    space = parse({f"x{i}": {"type": "float", "low": 0, "high": 1} for i in range(60)})
    grid = GridSearch(space, 0, None)
    assert grid.size == 3**60
    assert len({to_json(grid.ask()) for _ in range(50)}) == 50
    assert len(GridSearch(only(space, *(f"x{i}" for i in range(20))), 0, None)) == 3**20


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"order": "random"}, r"optimizer.settings.order='random': .*shuffled, lexicographic"),
        ({"levels": 0}, r"optimizer.settings.levels=0: .*1 or more"),
        ({"levels": True}, r"optimizer.settings.levels=True: "),
        ({"levels": 2.5}, r"optimizer.settings.levels=2.5: "),
    ],
)
def test_a_grid_setting_that_is_not_allowed_is_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        GridSearch(FLAT, 0, None, **setting)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("hyperopt_tpe", "gamma", -3.0),
        ("hyperopt_tpe", "n_EI_candidates", 0),
        ("optuna_tpe", "n_startup_trials", -4),
        ("optuna_cmaes", "popsize", "abc"),
    ],
)
def test_a_setting_out_of_its_range_is_named(name: str, setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{setting}={value!r}: "):
        build(name, FLAT, **{setting: value})


@pytest.mark.parametrize("name", ["skopt_gp", "optuna_tpe", "optuna_cmaes"])
def test_a_setting_that_the_library_does_not_know_is_named(name: str) -> None:
    with pytest.raises(UserError, match=r"optimizer.settings: .*gama"):
        build(name, FLAT, gama=1)


# What holds for all.


@pytest.mark.parametrize("name", NAMES)
def test_conditional_spaces_give_valid_configurations_of_every_branch(name: str) -> None:
    asked = run(build(name, CONDITIONAL, 0), {"skopt_gp": 20}.get(name, 100))
    for configuration in asked:
        assert list(CONDITIONAL.canonical(configuration).items()) == list(configuration.items())
    assert {parameter for configuration in asked for parameter in configuration} == {
        p.name for p in CONDITIONAL.parameters
    }
    if name == "grid":
        assert len(set(map(to_json, asked))) == len(asked)


@pytest.mark.parametrize("name", ["hyperopt_tpe", "optuna_tpe", "optuna_cmaes", "skopt_gp"])
@given(space=spaces(), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=10)
def test_any_space_is_translated(name: str, space: Space, seed: int) -> None:
    optimizer = build(name, space, seed)
    optimizer.tell(space.sample(np.random.default_rng(seed)), 1.0)
    for configuration in run(optimizer, 8 if name == "skopt_gp" else 25):
        assert list(space.canonical(configuration).items()) == list(configuration.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_alone_decides_the_sequence(name: str) -> None:
    trials = TRIALS.get(name, 30)
    first = run(build(name, FLAT, 4), trials, failing)
    assert run(build(name, FLAT, 4), trials, failing) == first
    assert run(build(name, FLAT, 5), trials, failing) != first


def sequences() -> str:
    return "\n".join(to_json(c) for name in NAMES for c in run(build(name, CONDITIONAL, 4), TRIALS.get(name, 30)))


def test_the_sequences_are_the_same_in_a_new_process() -> None:
    code = """
import sys
sys.path.insert(0, "tests")
from test_optimizers import *
with threadpool_limits(1):
    print(sequences(), end="")
"""
    root = Path(__file__).parent.parent
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert process.stdout == sequences()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_printed_warned_or_drawn_from_global_random_state(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    small = only(FLAT, "leaves", "act", "rate") if name != "skopt_gp" else only(FLAT, "leaves", "act")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # skopt meets points again in so small a space
        run(build(name, small), {"skopt_gp": 18}.get(name, 40))
    assert (np.random.get_state()[1] == state[0]).all()  # noqa: NPY002
    assert random.getstate() == state[1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_constants_are_repeated_and_a_grid_of_them_has_one_point(name: str) -> None:
    asked = run(build(name, CONSTANT), 3)
    assert asked == [{"rounds": 7, "kind": None, "rate": 0.1}] * (1 if name == "grid" else 3)


EXTREMES = set(itertools.product(NAMES, ["constant", "tiny", "huge", "failed"]))


@pytest.mark.parametrize(("name", "losses"), sorted(EXTREMES - {("skopt_gp", "huge")}))  # which is tested below
def test_extreme_losses_and_failures(name: str, losses: str) -> None:
    optimizer, asked = build(name, FLAT, 2), []
    for i in range(TRIALS.get(name, 30)):
        asked.append(optimizer.ask())
        value = {"constant": 1.0, "tiny": i * 1e-300, "huge": (-1) ** i * 1e300, "failed": 5.0}[losses]
        optimizer.tell(asked[-1], value, failed=losses == "failed")
    assert all(FLAT.canonical(configuration) == configuration for configuration in asked)


def test_where_gp_minimize_fails_the_adapter_fails_alike() -> None:
    with pytest.raises(ValueError, match="NaN") as own:
        skopt.gp_minimize(lambda x: 1e300 if x[0] > 0.5 else -1e300, [(0.0, 1.0)], n_calls=12, random_state=0)
    optimizer = GaussianProcess(parse({"x": {"type": "float", "low": 0.0, "high": 1.0}}), 0, None)

    def loop() -> None:
        for _ in range(12):
            point = optimizer.ask()
            optimizer.tell(point, 1e300 if point["x"] > 0.5 else -1e300)  # type: ignore[operator]

    with pytest.raises(ValueError, match="NaN") as adapted:
        loop()
    assert str(own.value) == str(adapted.value)


@pytest.mark.parametrize("name", ["skopt_gp", "hyperopt_tpe", "optuna_tpe"])
def test_what_is_told_unasked_is_learnt_from(name: str) -> None:
    """Good points around one place, bad ones elsewhere: what is asked next is drawn to that place."""
    space, rng = only(FLAT, "shrink", "depth", "dropout", "act"), np.random.default_rng(0)
    optimizer = build(name, space)
    assert optimizer.declared.takes_unasked
    for i in range(16 if name == "skopt_gp" else 40):
        told = space.sample(rng) | ({"shrink": 0.1 + i / 1e4} if i % 4 == 0 else {"shrink": 0.3 + 0.5 * rng.random()})
        optimizer.tell(told, abs(told["shrink"] - 0.1), failed=name != "skopt_gp" and i % 10 == 1)
    distances = []
    for _ in range(6):
        asked = optimizer.ask()
        distances.append(abs(asked["shrink"] - 0.1))
        optimizer.tell(asked, distances[-1])
    assert np.median(distances) < 0.1  # of random draws, 0.3


def test_cmaes_leaves_what_is_told_unasked_out_of_its_population() -> None:
    space = only(FLAT, "shrink", "rate")
    plain, told = optuna_samplers.CMAES(space, 3, None), optuna_samplers.CMAES(space, 3, None)
    assert not told.declared.takes_unasked
    first = plain.ask()
    plain.tell(first, loss(first))
    told.tell(first, -1e9)  # an unasked first trial, whatever its loss, only ends the random start
    for _ in range(3):
        told.tell(space.sample(np.random.default_rng(1)), -1e9)
    asked = [to_json(configuration) for configuration in run(told, 20)]
    assert len(set(asked)) == 20


def test_cmaes_declares_what_it_draws_at_random() -> None:
    assert "always random: act" in optuna_samplers.CMAES(FLAT, 0, None).declared.fallback
    assert "first generation" in optuna_samplers.CMAES(CONDITIONAL, 0, None).declared.fallback
    assert "generation" not in optuna_samplers.CMAES(FLAT, 0, None).declared.fallback


@pytest.mark.parametrize("seed", range(4))
def test_cmaes_gives_up_where_a_parameter_is_first_missing_after_the_first_generation(seed: int) -> None:
    numbers = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in ("x", "y", "z")}
    kind = {"type": "categorical", "choices": list(range(12))}
    space = parse({"kind": kind, **numbers, "z": numbers["z"] | {"when": {"kind": list(range(11))}}})
    optimizer = optuna_samplers.CMAES(space, seed, None)
    lacking = next(i for i, configuration in enumerate(run(optimizer, 50)) if "z" not in configuration)
    generations = [trial.system_attrs.get("cma:generation") for trial in optimizer._study.trials]
    assert generations[0] is None
    if lacking <= 7:  # the start and the first seven of a generation, for three numbers
        assert None not in generations[1:]
    else:
        assert None not in generations[1 : lacking + 1]
        assert set(generations[lacking + 1 :]) == {None}


@pytest.mark.parametrize("name", NAMES)
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
    assert optimizer.independent is (name in ("random", "grid"))
    assert optimizer.declared.to_dict()["inactive"]
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert config["name"] == name
    assert set(config) == {"name", "description", "class", "settings"}
