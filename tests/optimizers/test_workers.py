"""With several workers every optimiser proposes what its library's own object does, asked and told in the same order.

Each run is made by the runner, on evaluations of unequal lengths; its log of events is played on the library's object.
"""

from importlib.util import find_spec
from typing import Any

import hyperopt
import loops
import numpy as np
import pytest
from adapters import classes, in_part
from commands import bench, table
from hyperopt import atpe, hp
from hyperopt.base import Domain
from loops import MIXED, build
from loops_botorch import FLOATS
from own_objects import FIDELITIES, PLAIN, Case, built
from side_by_side import Reported, play, run

from bench.space.parsing import parse

WORKERS, SEED = 4, 3
SORTED = ("smac_rf", "smac_gp", "smac_multifidelity")
"""Of which the adapter sorts what the library's local search begins at, so that both are compared without."""
OWN_CODE = {
    "default": "the default configuration, again and again",
    "fixed": "a given configuration, once",
    "random_sha": "held in test_successive_halving",
}
"""Of no library, and what they are."""

TWINS = parse(
    {
        "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
    }
)

CASES = [
    in_part(
        case,
        not case.dear,
        pytest.mark.skipif(bool(case.needs) and find_spec(case.needs) is None, reason=f"needs {case.needs}"),
        id=case.name,
    )
    for case in PLAIN + FIDELITIES
]


@pytest.mark.parametrize("case", CASES)
def test_its_log_played_on_the_librarys_own_object_gives_the_same_proposals(case: Case, monkeypatch) -> None:
    if case.name in SORTED:  # its declared difference undone: start points in the order of this process's hashes
        monkeypatch.setattr("bench.optimizers.smac_facades.sort_start_points", lambda facade: None)
    made = run(built(case, SEED, WORKERS), case.space, case.trials, WORKERS, case.ladder)
    with case.own(SEED, case.trials, WORKERS) as own:
        proposed, ended = play(own, made.recorder.events)
    assert made.proposed == proposed
    assert made.recorder.ended == ended
    assert len(proposed) == case.trials
    assert made.overtaken > case.trials // 10
    assert {row["worker"] for row in made.rows} == set(range(WORKERS))
    if case.ladder is not None and case.name != "random_rungs" and hasattr(made.recorder, "report"):
        assert {True, False} == set(ended)
        assert any(isinstance(event, Reported) for event in made.recorder.events)


def test_each_class_has_an_object() -> None:
    held = {case.name for case in PLAIN + FIDELITIES} | set(OWN_CODE)
    for multi_fidelity in (False, True):
        for path, names in classes(multi_fidelity).items():
            assert held & set(names), path


def test_of_two_equal_open_proposals_each_has_its_own_result() -> None:
    """Which may differ in what is inactive: scikit-optimize is told its own points, each once and in their order."""
    optimizer = build("skopt_et", TWINS, 1, 12)
    points: list[Any] = []
    told: list[Any] = []
    ask, tell = optimizer._optimizer.ask, optimizer._optimizer.tell
    optimizer._optimizer.ask = lambda: points.append(ask()) or points[-1]
    optimizer._optimizer.tell = lambda point, loss: told.append(point) or tell(point, loss)
    proposals = [optimizer.ask() for _ in range(9)]
    of_equal = [point for point, proposal in zip(points, proposals, strict=True) if proposal == {"kind": "adam"}]
    assert len(of_equal) > 1
    assert of_equal[0] != of_equal[-1]
    for proposal in proposals:
        optimizer.tell(proposal, 1.0)
    assert all(mine is theirs for mine, theirs in zip(told, points, strict=True))


@pytest.mark.exhaustive
def test_hyperopts_adaptive_tpe_fails_while_a_trial_is_open() -> None:
    """For which it is shown those alone that have ended."""
    ids, trials, domain = [[0], [1]], hyperopt.Trials(), Domain(float, hp.uniform("x", 0, 1))
    trials.insert_trial_docs(atpe.suggest(ids[0], domain, trials, 0))
    trials.refresh()
    with pytest.raises(KeyError, match="loss"):
        atpe.suggest(ids[1], domain, trials, 0)


@pytest.mark.exhaustive
@pytest.mark.skipif(find_spec("botorch") is None, reason="needs botorch")
def test_each_open_proposal_of_turbo_is_a_success_or_failure_of_its_region() -> None:
    optimizer = build("botorch_turbo", FLOATS, 0, None, initial=2, candidates=20)
    for _ in range(2):
        optimizer.tell(optimizer.ask(), 0.0)
    proposals = [optimizer.ask() for _ in range(3)]
    for proposal in proposals:
        optimizer.tell(proposal, 1.0)
    assert optimizer._region.failures == 3
    optimizer.tell(proposals[0], 1.0)  # a second time it is nobody's
    assert optimizer._region.failures == 3


@pytest.mark.skipif(find_spec("nevergrad") is None, reason="needs nevergrad")
def test_nevergrad_knows_the_number_of_workers_which_changes_nothing_for_one() -> None:
    from bench.running import ladders

    assert "workers" in ladders.wanted("bench.optimizers.nevergrad_optimizers.Nevergrad")
    alone = build("nevergrad", MIXED, 0, 60)
    assert loops.run(build("nevergrad", MIXED, 0, 60, workers=1), 60) == loops.run(alone, 60)
    assert "workers" not in alone.declared.fallback
    several = build("nevergrad", MIXED, 0, 60, workers=50)
    assert several._optimizer.num_workers == 50
    assert "a budget of 60 and 50 workers" in several.declared.fallback


@pytest.mark.skipif(find_spec("nevergrad") is None, reason="needs nevergrad")
@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="what it relies on is of NumPy 2.4")
def test_a_library_that_fails_with_workers_is_a_failed_run_in_one_line(tmp_path, monkeypatch, capsys) -> None:
    """NGOpt chooses a metamodel of two floats, which Nevergrad 1.0.12 cannot fit; others of the sweep finish."""
    monkeypatch.chdir(tmp_path)
    sweep = ["-m", "dataset=function", "model=branin", "optimizer=nevergrad,random", "workers=8", "budget.trials=40"]
    assert bench("run", *sweep, "engine.workers=1") == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "nevergrad-w8" in line]
    assert len(lines) == 1
    assert "the optimizer raised in ask: TypeError: only 0-dimensional arrays" in lines[0]
    assert len(table(tmp_path, "scratch/function/branin/random-w8/0")) == 40
    assert not (tmp_path / "results/scratch/function/branin/nevergrad-w8/0.parquet").exists()
