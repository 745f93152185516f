"""What holds of every pruner and every baseline at several fidelities: proposals, seeds, workers, failures."""

import random
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from ladder import Ended, Objective, build, play
from spaces import CONDITIONAL, CONSTANT, FLAT

from bench.optimizers import Proposal
from bench.space import Space, to_json

NAMES = ["optuna_tpe_hyperband", "optuna_random_hyperband", "optuna_tpe_sha", "optuna_tpe_median"]
NAMES += ["optuna_tpe_percentile", "optuna_tpe_patient", "optuna_tpe_wilcoxon", "random_rungs", "random_sha"]
ALL_NAMES = [*NAMES, pytest.param("asha", marks=pytest.mark.skipif(find_spec("ray") is None, reason="needs ray"))]
RANDOM = ("optuna_random_hyperband", "random_rungs", "random_sha", "asha")
"""Whose configurations follow from no loss."""


def ladder(name: str) -> tuple[int, ...]:
    return (1, 2, 3, 4, 5) if name == "optuna_tpe_wilcoxon" else (1, 2, 4)


def begun(name: str, space: Space, seed: int = 0) -> Any:
    """An optimiser that models after three trials, if it does."""
    return build(name, space, ladder(name), seed, **({"n_startup_trials": 3} if "tpe" in name else {}))


def plain(ended: list[Ended]) -> list[tuple[str, int, int, int]]:
    return [(to_json(e.proposal.configuration), e.proposal.fidelity, e.proposal.continues, e.resource) for e in ended]


@pytest.mark.parametrize("space", [FLAT, CONDITIONAL, CONSTANT], ids=["flat", "conditional", "constant"])
@pytest.mark.parametrize("name", ALL_NAMES)
def test_proposals_are_valid_and_go_on_from_what_was_evaluated(name: str, space: Space) -> None:
    resources = ladder(name)
    ended = play(begun(name, space, 2), resources, 12, Objective(fails=lambda *_: False))
    evaluated = {("", 0)}
    for configuration, fidelity, continues, resource in plain(ended):
        assert isinstance(ended[0].proposal, Proposal)
        assert fidelity in resources
        assert (configuration if continues else "", continues) in evaluated
        evaluated.add((configuration, resource))
    for result in ended:
        configuration = result.proposal.configuration
        assert list(space.canonical(configuration).items()) == list(configuration.items())


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_seed_gives_one_run_and_leaves_global_generators_alone(name: str) -> None:
    resources = ladder(name)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first = plain(play(begun(name, FLAT, 4), resources, 12))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert plain(play(begun(name, FLAT, 4), resources, 12)) == first
    other = plain(play(begun(name, FLAT, 5), resources, 12))
    assert [configuration for configuration, *_ in other] != [configuration for configuration, *_ in first]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_configurations_follow_from_losses_where_the_method_is_not_random_search(name: str) -> None:
    resources = ladder(name)
    assert begun(name, FLAT).independent is (name == "random_rungs")
    runs = []
    for sign in (1, -1):
        objective = Objective(of=lambda values, _, sign=sign: sign * float(values["shrink"]), fails=lambda *_: False)
        ended = play(begun(name, FLAT), resources, 8, objective)
        runs.append([to_json(e.proposal.configuration) for e in ended if not e.proposal.continues])
    assert (runs[0] == runs[1]) is (name in RANDOM)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_several_may_be_open_and_all_may_fail(name: str) -> None:
    resources = ladder(name)
    for objective in (Objective(), Objective(fails=lambda *_: True)):
        ended = play(begun(name, CONDITIONAL, 1), resources, 12, objective, workers=5)
        assert len(ended) == 12
        assert all(CONDITIONAL.canonical(e.proposal.configuration) == e.proposal.configuration for e in ended)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("optuna")])
def test_of_two_equal_proposals_each_has_its_own_result(name: str) -> None:
    """Their loss goes to the trial that they were asked as, whichever is told first."""
    optimizer = begun(name, CONSTANT)
    proposals = [optimizer.ask() for _ in range(3)]
    assert proposals[0] == proposals[1]
    for place in (2, 0, 1):
        for resource in ladder(name)[:-1]:
            assert not optimizer.report(proposals[place], resource, -1.0 * resource)
        optimizer.tell(proposals[place], float(place), failed=place == 0)
    values = [trial.value for trial in optimizer._study.study.trials]
    assert values == [None, 1.0, 2.0]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_what_is_declared(name: str) -> None:
    optimizer: Any = begun(name, CONDITIONAL)
    assert optimizer.declared.takes_unasked is (name == "random_rungs")
    assert optimizer.declared.extendable
    assert getattr(optimizer, "by_fold", False) is (name == "optuna_tpe_wilcoxon")
    assert optimizer.revision == 1
    assert hasattr(optimizer, "report") is (name != "random_sha")
    assert optimizer.libraries[0] == {"optuna": "optuna", "asha": "ray"}.get(name.partition("_")[0], "numpy")
