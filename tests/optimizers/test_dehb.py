"""DEHB asks what its own `run` asks, one at a time and with several workers; it leaves no files and no threads."""

import logging
import math
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapters import in_part
from fidelity_loops import Objective, dehb_object, dehb_run, run, simulate
from loops import build, only
from loops_smac import CONDITIONAL, FLAT, TWO, conditional, flat, plain, two
from spaces import CONSTANT, spaces

pytest.importorskip("dehb", reason="the extra 'dehb' is not installed")

from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UserError
from bench.optimizers import dehb_laws
from bench.space import Configuration, Space, to_json
from bench.space.parsing import parse

RESOURCES = (1, 3, 9, 27)


@pytest.mark.parametrize(
    ("space", "native", "resources"),
    [
        (FLAT, flat, RESOURCES),
        (CONDITIONAL, conditional, RESOURCES),
        (TWO, two, (1, 2, 4, 8)),
        (CONDITIONAL, conditional, (1, 5)),
    ],
    ids=["flat", "conditional", "eta 2", "one rung below"],
)
@pytest.mark.parametrize("seed", [3, in_part(0, tried=False)])
def test_dehb_asks_what_its_own_run_asks(space: Space, native: Any, resources: tuple[int, ...], seed: int) -> None:
    """In names and values of its own; of 110 trials all four brackets and, after them, evolution alone."""
    own, ours = dehb_run(native(), space, 110, resources, seed), Objective()
    run(build("dehb", space, seed, None, resources=resources), 110, ours)
    assert len(own.asked) == 110
    assert own.asked == ours.asked
    assert 10 < own.failures < 100
    assert {fidelity for _, fidelity in own.asked} == set(resources)


@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "best1_exp"},
        {"strategy": "randtobest1_bin", "mutation_factor": 0.9, "crossover_prob": 0.2},
        {"strategy": "rand2_bin"},
    ],
)
def test_settings_are_those_of_its_own(settings: dict[str, Any]) -> None:
    own, ours = dehb_run(flat(), FLAT, 90, RESOURCES, 1, **settings), Objective()
    run(build("dehb", FLAT, 1, None, resources=RESOURCES, **settings), 90, ours)
    assert own.asked == ours.asked
    assert own.asked != dehb_run(flat(), FLAT, 90, RESOURCES, 1).asked


@pytest.mark.parametrize("workers", [2, 8, 40])
def test_asked_by_several_workers_it_is_dehbs_own_object(workers: int) -> None:
    """The log of events of a simulation, played on the library's own ask and tell."""
    begun = 120
    events, proposals = simulate(build("dehb", CONDITIONAL, 3, None, resources=RESOURCES), workers, begun, Objective())
    jobs, objective = {}, Objective()
    with dehb_object(conditional(), RESOURCES, 3) as own:
        for event, number in events:
            if event == "ask":
                jobs[number] = own.ask()
                continue
            job = jobs[number]
            value, _ = objective(CONDITIONAL.canonical(plain(job["config"])), job["fidelity"])
            own.tell(job, {"fitness": value, "cost": job["fidelity"]})
    expected = [(CONDITIONAL.canonical(plain(jobs[i]["config"])), round(jobs[i]["fidelity"])) for i in range(begun)]
    assert [(p.configuration, p.fidelity) for p in proposals] == expected


def test_equal_proposals_are_told_each_for_itself() -> None:
    """Of two equal ones that are open the later may end first: each has its own parent in the population."""
    space = parse({"rate": {"type": "categorical", "choices": [1, 2]}})
    optimizer = build("dehb", space, 0, None, resources=(1, 3, 9))
    proposals = [optimizer.ask() for _ in range(9)]
    assert len({to_json(proposal.configuration) for proposal in proposals}) == 2
    for place, proposal in reversed([*enumerate(proposals)]):
        optimizer.tell(proposal, float(place))
    assert next(iter(optimizer._dehb.de.values())).fitness.tolist() == [float(place) for place in range(9)]


def test_clipped_mutants_fail_in_dehb_itself() -> None:
    """Why it is no setting: exp(log(0.3)) is above 0.3, which ConfigSpace refuses; its `run` only logs that."""
    assert len(dehb_run(flat(), FLAT, 90, RESOURCES, 1, boundary_fix_type="clip").asked) < 90


@pytest.mark.parametrize(("resources", "first"), [((1, 10), 10), ((1, 3, 9, 27, 81, 243), 3)])
def test_a_rung_that_dehb_loses_to_rounding_is_there(resources: tuple[int, ...], first: int) -> None:
    """log(10) / log(10) is 1, but log(1 / 243) / log(3) a little above -5: its own brackets then begin higher."""
    with dehb_object(two(), resources, 0) as own:
        fidelities = {own.ask()["fidelity"] for _ in range(4)}
    assert min(fidelities) == pytest.approx(first)
    proposals = run(build("dehb", TWO, 0, None, resources=resources), 4, Objective())
    assert proposals[0].fidelity == 1


@given(space=spaces(), seed=st.integers(0, 99))
@examples(8)
def test_any_space_is_translated(space: Space, seed: int) -> None:
    optimizer = build("dehb", space, seed, None, resources=(1, 2, 4))
    for i in range(40):
        proposal = optimizer.ask()
        assert list(space.canonical(proposal.configuration).items()) == list(proposal.configuration.items())
        optimizer.tell(proposal, float(i % 7))


def test_constants_are_asked_for_at_full_fidelity() -> None:
    optimizer = build("dehb", CONSTANT, 0, None, resources=RESOURCES)
    for continues in (0, 0, 0):
        proposal = optimizer.ask()
        assert (proposal.fidelity, proposal.continues) == (27, continues)
        optimizer.tell(proposal, 1.0)


# What it declares, leaves and refuses.


@pytest.mark.parametrize("strategy", ["rand1_bin", "rand2dir_exp"])
def test_its_first_proposals_are_as_far_from_the_reference_law_as_declared(strategy: str) -> None:
    drawn: list[Configuration] = []
    for seed in range(4):
        optimizer = build("dehb", FLAT, seed, None, resources=(1, 300), strategy=strategy)
        drawn += [optimizer.ask().configuration for _ in range(300)]
    laws = optimizer.declared.laws
    assert set(laws) == {parameter.name for parameter in FLAT.parameters}
    for parameter in FLAT.parameters:
        values, probabilities = parameter.values(), parameter.probabilities()
        if values is None or probabilities is None:
            units = [math.log(float(c[parameter.name]) / 0.01) / math.log(30) for c in drawn]  # type: ignore[arg-type]
            counts, probabilities = np.histogram(units, 8, (0, 1))[0], np.full(8, 1 / 8)
        else:
            counts = np.array([[c[parameter.name] for c in drawn].count(value) for value in values])
        distance = abs(counts / len(drawn) - probabilities).sum() / 2
        assert distance == pytest.approx(laws[parameter.name].total_variation, abs=0.045)
    assert max(law.total_variation for law in laws.values()) > 0.1


def test_declared_distances_in_numbers() -> None:
    """Of one float, always mutated with rand1: a uniform number plus half the difference of two has the density
    1/2 + 2x - 2x^2 below the middle, and beyond 0..1, where it is drawn anew, the probability 1/6."""
    (law,) = dehb_laws.laws(only(FLAT, "rate").parameters, "rand1_bin", 0.5, 1.0).values()
    x = (np.arange(100_000) + 0.5) / 200_000
    density = 0.5 + 2 * x - 2 * x**2 + 1 / 6
    assert density.mean() == pytest.approx(1)
    assert law.total_variation == pytest.approx(abs(density - 1).mean() / 2, abs=0.011)
    assert dehb_laws.laws([], "rand1_bin", 0.5, 0.5) == {}


def test_it_does_not_depend_on_the_budget_and_says_so() -> None:
    five, none = (run(build("dehb", FLAT, 1, b, resources=RESOURCES), 60, Objective()) for b in (5, None))
    assert five == none
    declared = build("dehb", FLAT, 1, 5, resources=RESOURCES).declared
    assert declared.extendable
    assert not declared.takes_unasked
    assert declared.inactive == "absent"
    assert "mutated" in build("dehb", CONDITIONAL, 1, 5, resources=RESOURCES).declared.inactive


def test_it_leaves_no_file_no_thread_no_word_and_numpys_state_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "dehb_state.json").touch()  # of somebody's own DEHB, which would speak of it
    state, threads, handlers = np.random.get_state()[1].copy(), threading.active_count(), [*logging.root.handlers]  # noqa: NPY002
    run(build("dehb", FLAT, 0, None, resources=RESOURCES), 60, Objective())
    assert os.listdir(tmp_path) == ["dehb_state.json"]  # noqa: PTH208
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert threading.active_count() == threads
    assert logging.root.handlers == handlers
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("mutation_factor", 0, "above 0 and at most 2"),
        ("mutation_factor", "half", "above 0 and at most 2"),
        ("crossover_prob", 1.5, "from 0 to 1"),
        ("strategy", "rand1", "allowed: rand1_bin.*mean rand1_"),
    ],
)
def test_a_setting_out_of_its_range_is_named(setting: str, value: Any, expected: str) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{setting}={value!r}: {expected}"):
        build("dehb", FLAT, 0, None, resources=RESOURCES, **{setting: value})
