"""The baselines at several fidelities: random search that ends nothing, and with synchronous successive halving."""

import random
from collections import defaultdict

import pytest
from ladder import RESOURCES, Ended, Objective, build, evaluate, play
from loops import MIXED, NESTED
from rung_loops import drawn, successive_halving

from bench.optimizers import Proposal
from bench.space import Space, to_json

LADDERS = [RESOURCES, (1, 2, 4, 8), (1, 4), (1, 5, 25)]


@pytest.mark.parametrize("space", [MIXED, NESTED], ids=["flat", "conditional"])
def test_random_rungs_is_random_search_that_looks_at_every_rung(space: Space) -> None:
    objective = Objective(fails=lambda *_: False)
    ended = play(build("random_rungs", space, RESOURCES, 5), RESOURCES, 30, objective)
    assert [result.proposal for result in ended] == [Proposal(c, 27) for c in drawn(space, 5, 30)]
    assert objective.calls == [(to_json(c), r) for c in drawn(space, 5, 30) for r in RESOURCES]
    assert not any(result.pruned for result in ended)


@pytest.mark.parametrize("resources", LADDERS, ids=str)
@pytest.mark.parametrize("space", [MIXED, NESTED], ids=["flat", "conditional"])
def test_random_sha_is_successive_halving_by_its_definition(space: Space, resources: tuple[int, ...]) -> None:
    for seed in range(3):
        own, ours = Objective(), Objective()
        proposals = successive_halving(space, seed, resources, 3, own)
        ended = play(build("random_sha", space, resources, seed), resources, len(proposals), ours)
        assert [result.proposal for result in ended] == proposals
        assert ours.calls == own.calls
        assert any(result.failed for result in ended) or resources == (1, 4)


def test_brackets_narrow_by_eta_and_cost_about_one_full_evaluation_a_rung() -> None:
    ended = play(build("random_sha", MIXED, RESOURCES), RESOURCES, 80, Objective(fails=lambda *_: False))
    assert [result.proposal.fidelity for result in ended] == 2 * ([1] * 27 + [3] * 9 + [9] * 3 + [27])
    assert all(result.proposal.continues == result.proposal.fidelity // 3 for result in ended)
    cost = sum(result.proposal.fidelity - result.proposal.continues for result in ended[:40]) / 27
    assert cost == pytest.approx(1 + 3 * 2 / 3)


def test_of_equal_losses_the_ones_asked_earlier_go_on() -> None:
    tied = Objective(of=lambda *_: 1.0, fails=lambda *_: False)
    ended = play(build("random_sha", MIXED, (1, 4), 2), (1, 4), 8, tied)
    assert ended[4].proposal.configuration == ended[0].proposal.configuration
    five = [1.0, 0.5, 0.5, 1.0, 0.5]
    optimizer = build("random_sha", MIXED, (1, 5), 2)
    proposals = [optimizer.ask() for _ in five]
    for place in (4, 2, 0, 3, 1):  # told in another order
        optimizer.tell(proposals[place], five[place])
    assert optimizer.ask() == Proposal(proposals[1].configuration, 5, 1)


def test_where_fewer_succeed_fewer_go_on_and_a_bracket_without_any_is_over() -> None:
    resources = (1, 2, 4)
    optimizer = build("random_sha", MIXED, resources)
    fidelities = []
    for number in range(14):
        proposal = optimizer.ask()
        fidelities.append(proposal.fidelity)
        optimizer.tell(proposal, 1.0, failed=number != 2 and number < 9)
    assert fidelities == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2]
    assert not optimizer._open
    assert len(optimizer._brackets) == 1


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_with_workers_the_next_bracket_begins_where_all_wait_and_each_is_halved_by_itself(workers: int) -> None:
    """Told in any order: once all of its bracket's rung have ended, the best of them go on, best first."""
    objective, chance, optimizer = Objective(), random.Random(workers), build("random_sha", MIXED, (1, 3, 9), 4)
    bracket_of: dict[str, int] = {}
    asked, told = defaultdict[tuple[int, int], list[str]](list), defaultdict[tuple[int, int], list[Ended]](list)
    under_way: list[Proposal] = []
    early = 0
    for _ in range(200):
        while len(under_way) < workers:
            proposal = optimizer.ask()
            text = to_json(proposal.configuration)
            bracket = bracket_of.setdefault(text, len(bracket_of) // 9)
            early += not asked[bracket, 1] and bool(under_way)
            below = bracket, proposal.continues
            if proposal.continues:
                assert len(told[below]) == len(asked[below])
                succeeded = sorted((r for r in told[below] if not r.failed), key=lambda result: result.loss)
                best = [to_json(result.proposal.configuration) for result in succeeded[: 9 // proposal.fidelity]]
                assert text == best[len(asked[bracket, proposal.fidelity])]
            asked[bracket, proposal.fidelity].append(text)
            under_way.append(proposal)
        result = evaluate(optimizer, under_way.pop(chance.randrange(len(under_way))), (1, 3, 9), objective)
        optimizer.tell(result.proposal, result.loss, failed=result.failed)
        told[bracket_of[to_json(result.proposal.configuration)], result.proposal.fidelity].append(result)
    assert list(bracket_of) == [to_json(configuration) for configuration in drawn(MIXED, 4, len(bracket_of))]
    assert sum(resource == 9 for _, resource in told) > 5
    assert (early > 0) == (workers > 1)
