"""SMAC's Hyperband asks what `facade.optimize()` asks, one at a time and with several workers.

Its facade with a forest but for one declared difference, the order of the local search's start points.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapters import in_part
from drawing import ALL
from fidelity_loops import Objective, run, simulate, smac_facade, smac_optimize, smac_planned
from loops import build, only
from scipy import stats
from spaces import CONSTANT, FLAT
from threadpoolctl import threadpool_limits

pytest.importorskip("smac", reason="the extra 'smac' is not installed")

import loops_smac
from loops_smac import CONDITIONAL, CRASH, TWO, conditional, plain, two
from smac.runhistory import StatusType, TrialValue

from bench.errors import UserError
from bench.optimizers import Exhausted, smac_facades
from bench.optimizers.config_space import translate
from bench.space import to_json
from bench.space.parsing import parse

NAMES = ["smac_hyperband", "smac_multifidelity"]
RESOURCES = (1, 3, 9)
BUDGET = 26
"""Full evaluations, of which Hyperband makes three rounds of 22 trials."""

CHANGED = {"smac_hyperband": lambda _: None, "smac_multifidelity": loops_smac.in_order}
"""What is done to the library's own: Hyperband's is as it is, and ships so; the forest's start points are sorted."""

SMALL = {"model": {"n_trees": 2}, "acquisition_maximizer": {"challengers": 100, "local_search_iterations": 1}}
"""In `make test` a small forest and a short search, in both loops: they are nine tenths of the time."""
SETTINGS: dict[str, dict[str, Any]] = {"smac_hyperband": {}, "smac_multifidelity": {} if ALL else SMALL}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def check_equal(own: Objective, name: str, space: Any, trials: int, resources: tuple[int, ...], **settings: Any) -> Any:
    ours = type(own)()
    optimizer = build(name, space, 3, BUDGET, resources=resources, crash_cost=CRASH, **SETTINGS[name], **settings)
    proposals = run(optimizer, trials, ours)
    assert len(own.asked) == trials
    assert own.asked == ours.asked
    assert 2 < own.failures < trials - 2
    assert {fidelity for _, fidelity in own.asked} == set(resources)
    return proposals


@pytest.mark.parametrize("name", NAMES)
def test_smac_asks_what_optimize_asks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library as it is. That of the forest has its start points in the order of this process's hashes, and so has
    the adapter here: its declared difference is undone."""
    if name == "smac_multifidelity":
        monkeypatch.setattr(smac_facades, "sort_start_points", lambda facade: None)
    trials = smac_planned(BUDGET, RESOURCES)
    assert trials == 66
    own = smac_optimize(name, two(), TWO, trials, RESOURCES, 3, **SETTINGS[name])
    check_equal(own, name, TWO, trials, RESOURCES)


@pytest.mark.parametrize("name", ["smac_hyperband", in_part("smac_multifidelity", tried=False)])
def test_smac_asks_what_optimize_asks_of_conditions(name: str) -> None:
    """In names and values of its own."""
    trials = smac_planned(BUDGET, RESOURCES)
    own = smac_optimize(name, conditional(), CONDITIONAL, trials, RESOURCES, 3, CHANGED[name], **SETTINGS[name])
    proposals = check_equal(own, name, CONDITIONAL, trials, RESOURCES)
    asked = {parameter for proposal in proposals for parameter in proposal.configuration}
    assert asked == {p.name for p in CONDITIONAL.parameters}


@pytest.mark.parametrize("name", ["smac_hyperband", in_part("smac_multifidelity", tried=False)])
def test_smac_asks_what_optimize_asks_of_two_losses(name: str) -> None:
    trials = smac_planned(BUDGET, RESOURCES)
    given = {"objectives": 2, "incumbents": "highest_budget", **SETTINGS[name]}
    own = smac_optimize(name, two(), TWO, trials, RESOURCES, 3, CHANGED[name], **given)
    check_equal(own, name, TWO, trials, RESOURCES, objectives=2)
    first = smac_optimize(name, two(), TWO, trials, RESOURCES, 3, CHANGED[name], **SETTINGS[name])
    assert first.asked != own.asked
    with pytest.raises(AssertionError):  # its default, with which two of a front share no fidelity
        smac_optimize(name, two(), TWO, trials, RESOURCES, 3, CHANGED[name], **{**given, "incumbents": None})


@pytest.mark.parametrize(
    ("name", "resources", "halving"),
    [
        ("smac_hyperband", (1, 2, 4, 8, 16), False),
        ("smac_hyperband", (1, 4), True),
        in_part(("smac_multifidelity", (1, 4, 16), False), tried=False),
        in_part(("smac_multifidelity", (1, 3, 9), True), tried=False),
    ],
)
def test_another_eta_and_successive_halving(name: str, resources: tuple[int, ...], halving: bool) -> None:
    trials = smac_planned(BUDGET, resources)
    quick = SETTINGS[name]
    own = smac_optimize(name, two(), TWO, trials, resources, 3, CHANGED[name], halving=halving, **quick)
    settings = {"intensifier": "successive_halving"} if halving else {}
    check_equal(own, name, TWO, trials, resources, **settings)


def test_a_rung_that_smac_loses_to_rounding_is_there() -> None:
    """log(243) / log(3) is a little below 5: SMAC's own brackets then begin at 3."""
    resources = (1, 3, 9, 27, 81, 243)
    asked = {}
    for low in (1, 1 - 1e-9):
        with smac_facade("smac_hyperband", two(), 100, resources, 0, min_budget=low) as facade:
            asked[low] = [facade.ask() for _ in range(9)]
    assert {info.budget for info in asked[1]} == {3}
    proposals = run(build("smac_hyperband", TWO, 0, 100, resources=resources), 9, Objective())
    assert [(p.configuration, p.fidelity) for p in proposals] == [(plain(i.config), 1) for i in asked[1 - 1e-9]]


@pytest.mark.parametrize(
    ("name", "workers"),
    [("smac_hyperband", 4), ("smac_hyperband", 16), in_part(("smac_multifidelity", 4), tried=False)],
)
def test_asked_by_several_workers_it_is_smacs_own_object(name: str, workers: int) -> None:
    """The log of events of a simulation, played on an own facade's ask and tell."""
    begun = 66
    optimizer = build(name, TWO, 3, BUDGET, resources=RESOURCES, crash_cost=CRASH, **SETTINGS[name])
    events, proposals = simulate(optimizer, workers, begun, Objective())
    assert events[workers] != ("ask", workers)
    infos, objective = {}, Objective()
    with smac_facade(name, two(), smac_planned(BUDGET, RESOURCES), RESOURCES, 3, **SETTINGS[name]) as facade:
        CHANGED[name](facade)
        for event, number in events:
            if event == "ask":
                infos[number] = facade.ask()
                continue
            info = infos[number]
            value, failed = objective(TWO.canonical(plain(info.config)), info.budget)
            status = StatusType.CRASHED if failed else StatusType.SUCCESS
            facade.tell(info, TrialValue(CRASH if failed else value, status=status), save=False)
    own = [(TWO.canonical(plain(infos[i].config)), round(infos[i].budget)) for i in range(begun)]
    assert [(p.configuration, p.fidelity) for p in proposals] == own
    assert objective.failures > 2


def test_what_a_proposal_goes_on_from() -> None:
    """The highest resource below where the configuration has succeeded: by brute force over what was told."""
    told: dict[str, list[int]] = {}
    optimizer, objective = build("smac_hyperband", TWO, 1, None, resources=(1, 3, 9, 27)), Objective()
    seen = set()
    for i in range(140):
        proposal = optimizer.ask()
        value, failed = objective(proposal.configuration, proposal.fidelity)
        failed |= i % 7 == 0
        done = told.setdefault(to_json(proposal.configuration), [])
        assert proposal.continues == max((r for r in done if r < proposal.fidelity), default=0)
        optimizer.tell(proposal, value, failed)
        if not failed:
            done.append(proposal.fidelity)
        seen.add((proposal.fidelity, proposal.continues))
    assert seen >= {(1, 0), (3, 0), (3, 1), (9, 3), (27, 9), (27, 0)}
    assert any(fidelity > 3 * continues > 0 for fidelity, continues in seen)  # one failed between


# What is declared.


def test_hyperband_does_not_depend_on_the_budget_and_the_forests_design_does() -> None:
    def asked(name: str, budget: int | None, trials: int) -> list[Any]:
        return run(build(name, TWO, 1, budget, resources=RESOURCES), trials, Objective())

    assert build("smac_hyperband", TWO, 1, 5, resources=RESOURCES).declared.extendable
    assert asked("smac_hyperband", 5, 50) == asked("smac_hyperband", 100, 50) == asked("smac_hyperband", None, 50)
    assert not build("smac_multifidelity", TWO, 1, 5, resources=RESOURCES).declared.extendable
    assert asked("smac_multifidelity", 2, 9) != asked("smac_multifidelity", 100, 9)


@pytest.mark.parametrize(("budget", "trials", "design"), [(1, 9, 2), (2, 12, 3), (26, 66, 16), (None, 10_000, 20)])
def test_the_budget_plans_the_random_design(budget: int | None, trials: int, design: int) -> None:
    """A quarter of the trials that it pays: 1 full evaluation nine of the lowest rung, 2 those of a bracket but one."""
    declared = build("smac_multifidelity", TWO, 0, budget, resources=RESOURCES).declared
    assert f"a random design of {design} first, at most a quarter of {trials} trials" in declared.fallback


def test_a_first_bracket_larger_than_the_design_has_some_of_it_again() -> None:
    """SMAC draws its design from a copy of the space's random state, and what fills the bracket up from the state."""
    optimizer = build("smac_multifidelity", TWO, 3, 12, resources=(1, 3, 9, 27))
    assert "a random design of 16 first" in optimizer.declared.fallback
    asked = [optimizer.ask() for _ in range(27)]
    lowest = {to_json(proposal.configuration) for proposal in asked if proposal.fidelity == 1}
    assert 16 < len(lowest) < 27
    with smac_facade("smac_multifidelity", two(), smac_planned(12, (1, 3, 9, 27)), (1, 3, 9, 27), 3) as facade:
        own = [TWO.canonical(plain(facade.ask().config)) for _ in range(27)]
    assert own == [proposal.configuration for proposal in asked]


def test_the_default_comes_first_and_the_rest_is_as_far_from_the_reference_law_as_declared() -> None:
    space = only(FLAT, "shrink", "depth", "leaves", "units", "act")
    optimizer = build("smac_hyperband", space, 7, None, resources=(1, 300))
    drawn = [optimizer.ask().configuration for _ in range(300)]
    middle = {"shrink": 0.45, "leaves": 2, "act": None}
    assert {key: drawn[0][key] for key in middle} == middle
    laws = optimizer.declared.laws
    assert set(laws) == {"leaves"}
    for name in ("depth", "leaves", "units", "act"):
        values = [configuration[name] for configuration in drawn]
        counts = np.array([values.count(value) for value in space[name].values()])  # type: ignore[union-attr]
        reference = space[name].probabilities()
        if name in laws:
            assert abs(counts / 300 - reference).sum() / 2 == pytest.approx(laws[name].total_variation, abs=0.06)
        else:
            assert stats.chisquare(counts, 300 * reference).pvalue > 1e-4  # type: ignore[operator]
    assert stats.kstest([float(c["shrink"]) / 0.9 for c in drawn], "uniform").pvalue > 1e-4  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(1, 2), (1, 4), (2, 9), (100, 300), (1, 5000)])
def test_how_configspace_draws_logarithmic_integers(low: int, high: int) -> None:
    """By brute force over the quantiles of its draw, and the declared distance of that."""
    translated = translate(parse({"n": {"type": "int", "low": low, "high": high, "log": True}}))
    (parameter,) = translated.native.values()
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    values = parameter.to_value(parameter._vector_dist._quantize(quantiles))
    shares = np.bincount(values - low, minlength=high - low + 1) / 200_000
    reference = np.diff(np.log(np.arange(low - 0.5, high + 1)))
    distance = abs(shares - reference / reference.sum()).sum() / 2
    assert translated.sampled_laws["n"].total_variation == pytest.approx(distance, abs=1e-2 if high > 1000 else 1e-4)


# Where it ends, what it leaves and refuses.


def test_constants_are_asked_for_at_full_fidelity() -> None:
    for name in NAMES:
        proposals = run_constant(build(name, CONSTANT, 0, 5, resources=RESOURCES))
        assert [p.fidelity for p in proposals] == [9, 9, 9]


def run_constant(optimizer: Any) -> list[Any]:
    proposals = []
    for _ in range(3):
        proposals.append(optimizer.ask())
        optimizer.tell(proposals[-1], 1.0)
    return proposals


@pytest.mark.parametrize("name", NAMES)
def test_a_finite_space_is_exhausted(name: str) -> None:
    """ConfigSpace's default has another hash than an equal configuration that was drawn: it may come again."""
    space = parse({"rate": {"type": "int", "low": 1, "high": 3}, "y": {"type": "categorical", "choices": ["a", "b"]}})
    optimizer = build(name, space, 0, 40, resources=RESOURCES, **SETTINGS[name])
    proposals = run(optimizer, 40, Objective())
    asked = Counter((to_json(p.configuration), p.fidelity) for p in proposals)
    assert sum(fidelity == 1 for _, fidelity in asked) <= 6
    again = {"smac_hyperband": {proposals[0].configuration["rate"]}, "smac_multifidelity": set()}[name]
    assert {json.loads(configuration)["rate"] for (configuration, _), n in asked.items() if n > 1} <= again
    with pytest.raises(Exhausted):
        optimizer.ask()


def test_no_files_are_left_and_numpys_state_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for name in NAMES:
        run(build(name, TWO, 0, BUDGET, resources=RESOURCES, **SETTINGS[name]), 25, Objective())
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_a_proposal_is_told_once() -> None:
    optimizer = build("smac_hyperband", TWO, 0, 9, resources=RESOURCES)
    proposal = optimizer.ask()
    optimizer.tell(proposal, 1.0)
    with pytest.raises(ValueError, match="not open"):
        optimizer.tell(proposal, 1.0)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "smac_hyperband",
            {"intensifier": "sucessive_halving"},
            r"intensifier='sucessive_halving': unknown.*mean succ",
        ),
        ("smac_hyperband", {"model": {}}, r"settings\.model: unknown; allowed: crash_cost, intensifier$"),
        ("smac_multifidelity", {"initial": {}}, r"settings\.initial: unknown.*initial_design"),
        ("smac_multifidelity", {"model": {"n_trees_": 3}}, r"optimizer\.settings: .*n_trees_"),
    ],
)
def test_settings_that_it_does_not_know_are_named(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(name, TWO, 0, 9, resources=RESOURCES, **settings)


def test_settings_are_the_arguments_of_the_facades_components() -> None:
    design = {"n_configs": 5}
    declared = build("smac_multifidelity", TWO, 0, BUDGET, resources=RESOURCES, initial_design=design).declared
    assert "a random design of 5 first" in declared.fallback
