"""Genetic algorithms of several losses: their generations, their first population, and what several losses change."""

import math
from typing import Any

import numpy as np
import optuna
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from loops import MIXED, Objective, build, loss, run, second
from loops_botorch import FLOATS
from loops_optuna import flat
from spaces import CONDITIONAL, FLAT, spaces

pytest.importorskip("pymoo", reason="the extra 'pymoo' is not installed")

from loops_pymoo import minimize
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.population import Population

from bench.errors import UserError
from bench.optimizers import Exhausted, Told
from bench.space import Configuration, Space, to_json
from bench.space.parsing import parse

SIZES = {"optuna_nsga2": "population_size", "optuna_nsga3": "population_size", "pymoo_nsga2": "pop_size"}
POPULATION = 6


def several(name: str, space: Space) -> Any:
    return build(name, space, 3, objectives=2, **{SIZES[name]: POPULATION})


def losses(configuration: Configuration) -> tuple[float, float]:
    return loss(configuration), second(configuration)


def design(space: Space) -> list[Told]:
    """Of two losses; every fourth failed, with the worst of each."""
    rng = np.random.default_rng(5)
    drawn = [space.sample(rng) for _ in range(8)]
    worst = tuple(map(max, *map(losses, drawn)))
    return [Told(c, worst if i % 4 == 0 else losses(c), failed=i % 4 == 0) for i, c in enumerate(drawn)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SIZES)
def test_the_second_loss_counts_once_a_generation_has_ended(name: str) -> None:
    def asked(sign: float) -> list[Configuration]:
        optimizer, configurations = several(name, MIXED), []
        for _ in range(30):
            configurations.append(optimizer.ask())
            one, other = losses(configurations[-1])
            optimizer.tell(configurations[-1], (one, sign * other))
        return configurations

    one, other = asked(1.0), asked(-1.0)
    assert one[:POPULATION] == other[:POPULATION]
    assert one != other


@pytest.mark.parametrize("name", SIZES)
def test_more_than_a_generation_may_be_open_and_told_in_any_order(name: str) -> None:
    optimizer = several(name, MIXED)
    open_ones = [optimizer.ask() for _ in range(15)]
    assert len(set(map(to_json, open_ones))) == 15
    for configuration in reversed(open_ones):
        optimizer.tell(configuration, losses(configuration))
    assert all(MIXED.canonical(c) == c for c in run(optimizer, 10, Objective(objectives=2)))


@pytest.mark.parametrize("name", ["optuna_nsga2", "pymoo_nsga2"])
def test_it_comes_near_the_front(name: str) -> None:
    """That of x + y and 1 - x + y is where y is 0."""
    unit = {"type": "float", "low": 0.0, "high": 1.0}
    optimizer, asked = several(name, parse({"x": unit, "y": unit})), []
    for _ in range(150):
        c = optimizer.ask()
        asked.append(c["y"])
        optimizer.tell(c, (c["x"] + c["y"], 1 - c["x"] + c["y"]))
    assert np.median(asked[-50:]) < np.median(asked[:POPULATION]) / 4


def test_optuna_takes_a_shared_design_as_trials_that_were_enqueued() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(seed=3, population_size=POPULATION)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    own, results = Objective(objectives=2), design(MIXED)

    def evaluate(trial: optuna.Trial) -> Any:
        configuration = flat(trial)
        if trial.number < len(results):
            assert configuration == results[trial.number].configuration
            values, failed = results[trial.number][1:]
        else:
            values, failed = own(configuration)
        if failed:
            raise ArithmeticError
        return values

    for result in results:
        study.enqueue_trial(result.configuration)
    study.optimize(evaluate, n_trials=len(results) + 40, catch=ArithmeticError)
    optimizer = several("optuna_nsga2", MIXED)
    assert optimizer.declared.takes_unasked
    for result in results:
        optimizer.tell(*result)
    assert run(optimizer, 40, Objective(objectives=2)) == own.asked


def test_pymoo_takes_a_shared_design_as_a_population_that_was_evaluated() -> None:
    results = design(FLOATS)
    points = [[math.log(c["rate"]), c["shrink"], c["momentum"]] for c, _, _ in results]  # type: ignore[arg-type]
    population = Population.new(X=np.array(points), F=np.array([result.loss for result in results]))
    population.apply(lambda individual: individual.evaluated.update("FGH"))
    own = Objective(objectives=2)

    def decode(x: Any) -> Configuration:
        rate, shrink, momentum = x.tolist()
        return {"rate": min(max(math.exp(rate), 0.01), 0.3), "shrink": shrink, "momentum": momentum}

    bounds = {"xl": [math.log(0.01), 0.0, -1.0], "xu": [math.log(0.3), 0.9, 2.0]}
    minimize(own, 3, 40, NSGA2(pop_size=POPULATION, sampling=population), decode, n_var=3, **bounds)
    optimizer = several("pymoo_nsga2", FLOATS)
    optimizer.start(results)
    assert run(optimizer, 40, Objective(objectives=2)) == own.asked


@given(space=spaces(), seed=st.integers(0, 99))
@examples(10)
def test_pymoo_translates_any_space(space: Space, seed: int) -> None:
    optimizer = build("pymoo_nsga2", space, seed, objectives=2, pop_size=4)
    optimizer.start([Told(space.sample(np.random.default_rng(seed)), (1.0, 2.0))])  # type: ignore[arg-type]
    for configuration in run(optimizer, 25, Objective(lambda _: False, objectives=2)):
        assert list(space.canonical(configuration).items()) == list(configuration.items())


def test_pymoo_is_shown_inactive_parameters_as_active() -> None:
    optimizer = several("pymoo_nsga2", CONDITIONAL)
    assert "shown as active" in optimizer.declared.inactive
    assert several("pymoo_nsga2", FLAT).declared.inactive == "absent"
    asked = run(optimizer, 100, Objective(lambda _: False, objectives=2))
    assert {name for configuration in asked for name in configuration} == {p.name for p in CONDITIONAL.parameters}


def test_pymoo_ends_where_its_population_has_every_point() -> None:
    space = parse({name: {"type": "categorical", "choices": [1, 2]} for name in "ab"})
    optimizer = build("pymoo_nsga2", space, 0, objectives=2)
    asked = run(optimizer, 30, Objective(lambda _: False, objectives=2))
    assert sorted(map(to_json, asked)) == [f'{{"a":{a},"b":{b}}}' for a in (1, 2) for b in (1, 2)]
    with pytest.raises(Exhausted):
        optimizer.ask()


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("optuna_nsga2", "population_size", 1),
        ("optuna_nsga2", "mutation_prob", 2.0),
        ("optuna_nsga3", "dividing_parameter", 0),
        ("pymoo_nsga2", "pop_size", 1),
        ("pymoo_nsga2", "pop_size", "many"),
        ("pymoo_nsga2", "n_offsprings", 0),
    ],
)
def test_a_setting_out_of_its_range_is_named(name: str, setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings.*{setting}"):
        build(name, MIXED, **{setting: value})
