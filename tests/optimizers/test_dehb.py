"""DEHB asks what its own `run` asks, one at a time and with several workers; it leaves no files and no threads."""

import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapters import in_part
from fidelity_loops import Objective, dehb_object, dehb_run, run, simulate
from loops import build
from loops_smac import CONDITIONAL, FLAT, TWO, conditional, flat, plain, two
from scipy import stats
from spaces import CONSTANT, spaces

pytest.importorskip("dehb", reason="the extra 'dehb' is not installed")

from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UserError
from bench.space import Space, to_json
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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_its_random_populations_are_as_far_from_the_reference_law_as_declared() -> None:
    space = parse(
        {
            "x": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
            "depth": {"type": "int", "low": 1, "high": 8},
            "leaves": {"type": "int", "low": 1, "high": 4, "log": True},
            "units": {"type": "int", "low": 32, "high": 128, "step": 32},
            "act": {"type": "categorical", "choices": [None, "relu", 7]},
        }
    )
    optimizer = build("dehb", space, 5, None, resources=(1, 1000))
    population = optimizer._dehb.de[optimizer._dehb.fidelities[0]].population
    drawn = [optimizer._translated.decode(optimizer._dehb.vector_to_configspace(vector)) for vector in population]
    laws = optimizer.declared.laws
    assert set(laws) == {"leaves"}
    for name in ("depth", "leaves", "units", "act"):
        values = [configuration[name] for configuration in drawn]
        counts = np.array([values.count(value) for value in space[name].values()])  # type: ignore[union-attr]
        reference = space[name].probabilities()
        if name in laws:
            assert abs(counts / 1000 - reference).sum() / 2 == pytest.approx(laws[name].total_variation, abs=0.04)
        else:
            assert stats.chisquare(counts, 1000 * reference).pvalue > 1e-4  # type: ignore[operator]
    unit = [np.log(float(c["x"]) / 0.01) / np.log(30) for c in drawn]  # type: ignore[arg-type]
    assert stats.kstest(unit, "uniform").pvalue > 1e-4


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
    state, threads, handlers = np.random.get_state()[1].copy(), threading.active_count(), [*logging.root.handlers]  # noqa: NPY002
    run(build("dehb", FLAT, 0, None, resources=RESOURCES), 60, Objective())
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert threading.active_count() == threads
    assert logging.root.handlers == handlers
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("mutation_factor", 0, "above 0 and at most 2"),
        ("crossover_prob", 1.5, "from 0 to 1"),
        ("strategy", "rand1", "allowed: rand1_bin.*mean rand1_"),
    ],
)
def test_a_setting_out_of_its_range_is_named(setting: str, value: Any, expected: str) -> None:
    with pytest.raises(UserError, match=rf"optimizer\.settings\.{setting}={value!r}: {expected}"):
        build("dehb", FLAT, 0, None, resources=RESOURCES, **{setting: value})
