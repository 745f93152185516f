"""Nevergrad beside `optimizer.minimize` where it runs a thread or fails; its laws; the random states it draws from."""

import math
import threading

import numpy as np
import pytest
from adapters import one_each
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from loops import Objective, build, loss, run
from loops_nevergrad import minimize
from numpy.random import mtrand
from scipy import stats
from sklearn.utils import check_random_state
from spaces import FLAT, spaces

from bench import conformance
from bench.conformance.playing import Way, play
from bench.conformance.spaces import case
from bench.conformance.watching import Traces, watched
from bench.errors import UserError
from bench.optimizers import nevergrad_optimizers
from bench.space import Configuration, Space, to_json
from bench.space.parsing import parse

nevergrad = pytest.importorskip("nevergrad", reason="the extra 'nevergrad' is not installed")

NAMES = ["nevergrad", "nevergrad_cma", "nevergrad_de", "nevergrad_pso"]
UNIT = {"type": "float", "low": 0.0, "high": 1.0}


@pytest.mark.parametrize(("floats", "budget", "chosen"), [(3, 60, "Cobyla"), (1, 50, "Cobyla")])
def test_the_portfolio_asks_what_it_asks_of_floats(floats: int, budget: int, chosen: str) -> None:
    """Cobyla runs in a thread of Nevergrad's."""
    space = parse({f"x{i}": UNIT for i in range(floats)})
    asked: list[Configuration] = []

    def objective(*values: float) -> float:
        asked.append(dict(zip((p.name for p in space.parameters), values, strict=True)))
        return loss(asked[-1])

    scalars = [nevergrad.p.Scalar(lower=0.0, upper=1.0) for _ in range(floats)]
    minimize("NGOpt", nevergrad.p.Instrumentation(*scalars), objective, budget, 3)
    optimizer = build("nevergrad", space, 3, budget)
    assert run(optimizer, budget) == asked
    assert f"chose {chosen}" in optimizer.declared.fallback
    assert optimizer.declared.deterministic is (chosen == "Cobyla")


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="what it relies on is of NumPy 2.4")
def test_where_the_metamodel_fails_the_adapter_fails_alike() -> None:
    """NumPy 2.4 makes no float of an array of one; Nevergrad 1.0.12 does so where NGOpt chooses a metamodel."""
    with pytest.raises(TypeError, match="0-dimensional") as own:
        minimize("NGOpt", nevergrad.p.Instrumentation(nevergrad.p.Scalar(lower=0.0, upper=1.0)), math.sin, 100, 3)
    optimizer = build("nevergrad", parse({"x": UNIT}), 3, 100)
    with pytest.raises(TypeError, match="0-dimensional") as adapted:
        run(optimizer, 100)
    assert str(own.value) == str(adapted.value)
    assert "fails with NumPy 2.4" in optimizer.declared.fallback


def test_other_draws_from_the_global_random_state_change_nothing() -> None:
    expected = run(build("nevergrad_de", FLAT, 3, 80), 80)
    optimizer, asked = build("nevergrad_de", FLAT, 3, 80), []
    for _ in range(80):
        np.random.seed(len(asked))  # noqa: NPY002
        drawn = np.random.standard_normal(len(asked) % 3)  # of an odd number, NumPy keeps the next # noqa: NPY002
        before = np.random.get_state()  # noqa: NPY002
        asked += run(optimizer, 1)
        left = np.random.get_state()  # noqa: NPY002
        assert (before[1] == left[1]).all()
        assert (*before[2:], len(drawn)) == (*left[2:], len(asked[:-1]) % 3)
    assert asked == expected


def test_a_method_run_in_a_thread_takes_one_trial_at_a_time_and_ends() -> None:
    before = threading.active_count()
    optimizer = build("nevergrad", parse({"x": UNIT, "y": UNIT}), 0, 40)
    optimizer.ask()
    assert threading.active_count() == before + 1
    with pytest.raises(RuntimeError, match="Cobyla takes one trial at a time"):
        optimizer.ask()
    del optimizer
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.daemon:
            thread.join(5)
    assert threading.active_count() == before


def test_without_a_budget_a_large_one_is_planned_with() -> None:
    declared = build("nevergrad", FLAT).declared
    assert "a budget of 10000, none being given" in declared.fallback
    assert not declared.extendable
    assert "a budget of 77" in build("nevergrad", FLAT, 0, 77).declared.fallback


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UserError, match=r"optimizer.settings.method='TwoPointDE': unknown; nearest: TwoPointsDE"):
        build("nevergrad", FLAT, 0, 10, method="TwoPointDE")


# Laws.


def test_populations_start_with_the_declared_laws() -> None:
    """Differential evolution draws its first thirty at random."""
    laws = build("nevergrad_de", FLAT, 0, 100).declared.laws
    assert set(laws) == {"depth", "leaves", "units", "dropout"}
    assert all(law.total_variation == 0 for law in laws.values())
    draws = [c for seed in range(20) for c in run(build("nevergrad_de", FLAT, seed, 100), 30)]
    for parameter in FLAT.searched:
        drawn = [draw[parameter.name] for draw in draws]
        values, probabilities = parameter.values(), parameter.probabilities()
        if values is None:
            scale = math.log if parameter.log else float  # type: ignore[union-attr]
            low, high = scale(parameter.low), scale(parameter.high)  # type: ignore[union-attr]
            assert stats.kstest([(scale(v) - low) / (high - low) for v in drawn], "uniform").pvalue > 1e-4
        elif parameter.name != "act":
            observed = [drawn.count(value) for value in values]
            assert stats.chisquare(observed, len(draws) * probabilities).pvalue > 1e-4
    # A choice is drawn by weights that are themselves drawn: the same of all by symmetry, if not independently.
    assert [sum(c["act"] == choice for c in draws) / len(draws) for choice in (None, "relu", 7)] == pytest.approx(
        [1 / 3] * 3, abs=0.08
    )


# What holds of every optimiser.


@pytest.mark.parametrize("name", one_each(NAMES))
@given(space=spaces(), seed=st.integers(0, 99))
@examples(10)
def test_any_space_is_translated(name: str, space: Space, seed: int) -> None:
    optimizer = build(name, space, seed, 30)
    optimizer.tell(space.sample(np.random.default_rng(seed)), 1.0)
    for configuration in run(optimizer, 29):
        assert list(space.canonical(configuration).items()) == list(configuration.items())


def test_a_method_run_in_a_thread_prints_writes_and_draws_nothing() -> None:
    """As the conformance rules have it of spaces that are drawn; NGOpt runs Cobyla, of few floats and trials."""
    subject = conformance.subject("nevergrad")
    played, traces = watched(lambda: play(subject, case({"x": UNIT, "y": UNIT}, 0), Way(budget=60, trials=60)))
    assert (len(played.asked), played.wrong) == (60, "")
    assert traces == Traces("", "", "", "")


def test_libraries_that_take_the_global_random_state_itself_draw_from_the_adapters_too() -> None:
    own, expected = nevergrad_optimizers._own_functions(7), np.random.RandomState(7)
    np.random.seed(1)  # noqa: NPY002
    np.random.standard_normal()  # noqa: NPY002 - the second of the pair is kept beside the generator
    after = np.random.RandomState(1)
    after.standard_normal()
    for _ in range(2):
        with nevergrad_optimizers._drawing_from(own):
            drawn = [check_random_state(None).normal(), np.random.rand(), np.random.sample(), mtrand.normal()]  # noqa: NPY002
        assert drawn == [expected.normal(), expected.rand(), expected.random_sample(), expected.normal()]
    assert [np.random.standard_normal() for _ in range(3)] == [after.standard_normal() for _ in range(3)]  # noqa: NPY002


@pytest.mark.parametrize("name", NAMES)
def test_huge_losses_are_told_as_declared(name: str) -> None:
    """Nevergrad clips them at 5e20: what is asked afterwards does not depend on how far they are above."""
    asked = []
    for huge in (1e300, 1e21):
        optimizer = build(name, FLAT, 2, 60)
        asked.append([])
        for i in range(60):
            asked[-1].append(optimizer.ask())
            optimizer.tell(asked[-1][-1], huge if i % 3 else float(i))
    assert "above 5e20" in optimizer.declared.fallback
    assert asked[0] == asked[1]


def test_what_is_told_unasked_is_taken_or_declared_not_to_be() -> None:
    space = Space((FLAT["shrink"], FLAT["act"]))
    for name in NAMES:
        optimizer = build(name, space, 0, 60)
        assert optimizer.declared.takes_unasked
        before = optimizer._optimizer.num_tell_not_asked
        optimizer.tell(space.sample(np.random.default_rng(0)), 1.0)
        assert optimizer._optimizer.num_tell_not_asked == before + 1
    cobyla = build("nevergrad", parse({"x": UNIT, "y": UNIT}), 0, 40)
    assert cobyla.declared.takes_unasked
    cobyla.tell({"x": 0.75, "y": 0.25}, -9.0)
    assert cobyla.ask() == pytest.approx({"x": 0.75, "y": 0.25})  # it starts at the best so far
    refuses = build("nevergrad", parse({"x": UNIT, "y": UNIT}), 0, 40, method="EDA")
    assert not refuses.declared.takes_unasked
    refuses.tell({"x": 0.75, "y": 0.25}, -9.0)
    assert refuses._optimizer.num_tell == 0


# Several losses.


def test_of_several_losses_the_portfolio_chooses_differential_evolution() -> None:
    """Of these floats and one loss it chooses Cobyla, which takes one trial at a time."""
    space = parse({"x": UNIT, "y": UNIT})
    optimizer = build("nevergrad", space, 3, 40, objectives=2)
    assert "chose DE;" in optimizer.declared.fallback
    assert not optimizer.declared.deterministic
    assert len({to_json(optimizer.ask()) for _ in range(5)}) == 5


def test_differential_evolution_of_several_losses_takes_nothing_unasked() -> None:
    """It would give it the place of any member, in the order of a set of random names."""
    plain, informed = (build("nevergrad_de", FLAT, 3, 60, objectives=2) for _ in range(2))
    assert not informed.declared.takes_unasked
    asked = []
    for optimizer in (plain, informed):
        objective = Objective(lambda _: False, objectives=2)
        run(optimizer, 35, objective)
        if optimizer is informed:
            optimizer.tell(FLAT.sample(np.random.default_rng(0)), (-9.0, -9.0))
        asked.append(run(optimizer, 20, objective))
    assert asked[0] == asked[1]
    assert build("nevergrad_cma", FLAT, 3, 60, objectives=2).declared.takes_unasked


def test_a_number_of_losses_below_one_is_refused() -> None:
    with pytest.raises(UserError, match=r"objectives=0: expected a whole number from 1"):
        build("nevergrad_de", FLAT, 0, 10, objectives=0)
