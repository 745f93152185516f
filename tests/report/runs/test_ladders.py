"""Runs with a ladder of fidelities as a report reads them: a row a unit of cost, against a plain loop over trials."""

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trials
from ladder_tables import LADDER, RUNGS, Trial, drawn, halving, loss_at, pruned, put_ladder, rows, whole, within

from bench import results
from bench.errors import UserError
from bench.report.runs import curves, incumbents, references, relations, samples, selection, visits
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading
from bench.results import RunId

TOP = RUNGS[-1]


def run(optimizer: str = "my_halving", seed: int = 0) -> RunId:
    return RunId("e", "digits", "lightgbm", optimizer, seed)


def read(folder: Path) -> tuple[Reading, Comparison]:
    reading = selection.read(folder, selection.selection(["e"]))
    (comparison,) = curves.comparisons(reading.results)
    return reading, comparison


def some_trials(seed: int, cost: float) -> list[Trial]:
    """Halving with failures among them."""
    chance = random.Random(seed)
    return [
        replace(each, loss=None, full=None) if chance.random() < 0.1 else each
        for each in within(halving(random.Random(seed), 9), cost)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_row_holds_where_the_run_stood_after_so_much_cost(tmp_path: Path, seed: int) -> None:
    made = some_trials(seed, 7)
    put_ladder(tmp_path, run(), made, 7)
    reading, comparison = read(tmp_path)
    table = rows(run(), made)
    frame = reading.results.trials
    assert len(frame) == comparison.longest == comparison.evaluations == 7
    for unit in range(1, 8):
        spent, stands, seconds = 0.0, (math.nan, math.nan), 0.0
        fully = []
        for row in table:
            spent += row["cost"]
            if spent <= unit + 1e-9:
                stands = row["best_loss"], row["incumbent_test_loss"]
                seconds += row["ask_seconds"] + row["evaluate_seconds"] + row["tell_seconds"]
                if spent > unit - 1 + 1e-9 and row["loss"] is not None:
                    fully.append(row["loss"])
        stands = tuple(math.nan if value is None else value for value in stands)
        shown = frame.iloc[unit - 1]
        np.testing.assert_equal((shown["best_loss"], shown["incumbent_test_loss"]), stands)
        np.testing.assert_equal(shown["loss"], min(fully, default=math.nan))
        charged = frame.iloc[:unit][["ask_seconds", "evaluate_seconds", "tell_seconds"]].to_numpy().sum()
        assert charged == pytest.approx(seconds)
    counted = comparison.final.iloc[0]
    assert counted["trials"] == len(made)
    assert counted["failed"] == sum(each.loss is None for each in made)


def test_costs_that_add_up_to_a_whole_number_do_so_whatever_rounding_says(tmp_path: Path) -> None:
    """59 times 1/100 and 41/100 are 1.0000000000000002."""
    ladder = {"unit": "rounds", "rungs": [1, 41, 100], "eta": 10}
    made = [*[Trial('{"x":0.1,"y":0}', 1, 0.9, 0.8)] * 59, Trial('{"x":0.2,"y":0}', 41, 0.5, 0.3)]
    put_ladder(tmp_path, run(), made, 1, ladder)
    reading, comparison = read(tmp_path)
    assert reading.results.ladders[run()].total > 1
    assert comparison.curves["validation_median"].tolist() == [0.3]


def test_a_plain_list_of_full_evaluations_is_read_as_it_is(tmp_path: Path) -> None:
    losses = [0.5, None, 0.4, 0.6, 0.2]
    own = [Trial(f'{{"x":{place}}}', TOP, loss) for place, loss in enumerate(losses)]
    put_ladder(tmp_path / "a", run("random"), own, 5)
    trials.put(tmp_path / "b", run("random"), losses, [loss and loss + 0.01 for loss in losses])
    ours, plain = (read(tmp_path / name)[0] for name in "ab")
    names = ["trial", "loss", "best_loss", "incumbent_test_loss", "initial"]
    assert ours.results.trials[names].equals(plain.results.trials[names])
    assert ours.proposals == plain.proposals


def test_the_incumbents_loss_may_rise_and_nothing_takes_the_lower_one_for_its_own(tmp_path: Path) -> None:
    """Best at 33 rounds is what is worse at 100 than another."""
    made = [Trial('{"x":0.1,"y":0}', 33, 0.5, 0.2), Trial('{"x":0.2,"y":0}', 33, 0.4, 0.35)]
    made += [Trial('{"x":0.2,"y":0}', TOP, 0.35, continues=33), Trial('{"x":0.3,"y":0}', TOP, 0.4)]
    put_ladder(tmp_path, run(), [made[0], *made[:1] * 2, *made[1:]], 3)
    reading, comparison = read(tmp_path)
    assert comparison.curves["validation_median"].tolist() == [0.2, 0.35, 0.35]
    (sample,) = samples.samples(comparison, reading.results).values()
    assert sample.paid.tolist() == [2]
    assert comparison.paid("my_halving") == 2
    (best,) = incumbents.incumbents(comparison, reading).to_dict("records")
    assert (best["loss"], best["configuration"], best["evaluation"]) == (0.35, '{"x":0.2,"y":0}', 2)
    (entry,) = references.find(comparison, reading.results).values()
    assert entry.reference.best == 0.2  # of any incumbent, so that no regret is below 0


def test_the_incumbent_that_was_found_uncharged_is_the_last_ones(tmp_path: Path) -> None:
    made = [Trial('{"x":0.1,"y":0}', 11, 0.5, 0.3), Trial('{"x":0.2,"y":0}', 33, 0.6, 0.4)]
    made += [Trial('{"x":0.3,"y":0}', 33, 0.6, 0.1), Trial('{"x":0.4,"y":0}', 11, 0.1, 0.05)]
    put_ladder(tmp_path, run(), made, 1)
    reading, comparison = read(tmp_path)
    assert comparison.final["validation_median"].tolist() == [0.4]  # the first of equals at the highest fidelity
    assert comparison.paid("my_halving") == math.inf
    assert incumbents.incumbents(comparison, reading)["configuration"].tolist() == ['{"x":0.2,"y":0}']


def test_an_incumbent_whose_full_evaluation_failed_has_no_loss(tmp_path: Path) -> None:
    put_ladder(tmp_path, run(), [Trial('{"x":0.1,"y":0}', 33, 0.5, None)] * 3, 1)
    reading, comparison = read(tmp_path)
    assert comparison.final["validation_median"].tolist() == [math.inf]
    assert comparison.final[["failed", "without_success"]].to_numpy().tolist() == [[0, 0]]
    assert incumbents.incumbents(comparison, reading).empty


def test_visits_are_full_evaluations_alone_at_their_cost(tmp_path: Path) -> None:
    made = some_trials(3, 9)
    put_ladder(tmp_path, run(), made, 9)
    plain = [0.3, 0.2, None]
    trials.put(tmp_path, run("random"), plain, config=trials.metadata(run(), 3)["config"])
    reading, comparison = read(tmp_path)
    looked = visits.read(tmp_path, comparison, reading)
    assert looked is not None
    own = looked.trials[looked.trials["label"] == "my_halving"]
    fully = [(place, each) for place, each in enumerate(made) if each.fidelity == TOP]
    ends = np.cumsum([each["cost"] for each in rows(run(), made)])
    assert own["loss"].tolist() == [math.inf if each.loss is None else each.loss for _, each in fully]
    assert own["evaluation"].tolist() == [math.ceil(ends[place] - 1e-9) for place, _ in fully]
    assert looked.places.loc[own.index, "x"].tolist() == [json.loads(each.configuration)["x"] for _, each in fully]
    assert len(looked.places) == len(looked.trials)
    assert looked.trials.loc[looked.trials["label"] == "random", "evaluation"].tolist() == [1, 2, 3]
    assert looked.runs.set_index("label")["trials"].to_dict() == {"my_halving": len(made), "random": 3}
    assert looked.runs["repeated"].tolist() == [0, 0]  # a configuration that is promoted is proposed anew


def test_the_pool_of_random_search_takes_no_partial_loss(tmp_path: Path) -> None:
    put_ladder(tmp_path, run("random", 0), [Trial(f'{{"x":{x}}}', TOP, 0.1 * x) for x in range(1, 5)], 4)
    below = [Trial('{"x":9}', 33, -5.0, -4.0), *[Trial(f'{{"x":{x}}}', TOP, 0.7) for x in range(3)]]
    put_ladder(tmp_path, run("random", 1), below, 4)
    reading, comparison = read(tmp_path)
    (pool,) = references.pools(comparison, reading.results).values()
    assert pool == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_random_search_that_looks_at_every_rung_is_in_the_pool_once(tmp_path: Path) -> None:
    """Its sequence is that of random search at the same seed."""
    for name, kind in (("random", "RandomSearch"), ("at_rungs", "RandomRungs"), ("other", "Other")):
        config = trials.metadata(run(name), None)["config"]
        config["optimizer"]["class"] = f"bench.optimizers.random_search.{kind}"
        for seed in (0, 1):
            chance = random.Random(seed)
            made = [whole(chance) for _ in range(3 if name == "random" else 4)]
            put_ladder(tmp_path, run(name, seed), made, len(made), config=config)
    reading, comparison = read(tmp_path)
    (pool,) = references.pools(comparison, reading.results).values()
    drawn_once = [random.Random(seed) for seed in (0, 1)]
    assert sorted(pool) == sorted(whole(chance).loss for chance in drawn_once for _ in range(4))


def test_runs_of_the_same_proposals_are_one_only_at_the_same_fidelities(tmp_path: Path) -> None:
    chance = random.Random(0)
    asked = [drawn(chance) for _ in range(6)]
    for seed in (0, 1):
        low = [Trial(each, 33, loss_at(each, 33), loss_at(each, TOP)) for each in asked]
        full = Trial(asked[0], TOP, loss_at(asked[0], TOP))
        for name in ("a", "b"):
            put_ladder(tmp_path, run(name, seed), [*low, full], 3)
        put_ladder(tmp_path, run("c", seed), [*(replace(each, fidelity=11) for each in low), full], 2)
    reading, comparison = read(tmp_path)
    design = relations.design(comparison, reading)
    assert design.relation("a", "b") == "clone"
    assert design.relation("a", "c") != "clone"
    for seed in (0, 1):  # without any full loss to tell them apart
        for name, rung in (("a", 33), ("b", 33), ("c", 11)):
            low = [Trial(each, rung, loss_at(each, 33), 0.5) for each in asked[:3]]
            put_ladder(tmp_path, run(name, seed), low, 1, ended="exhausted")
    reading, comparison = read(tmp_path)
    design = relations.design(comparison, reading)
    assert design.relation("a", "b") == "clone"
    assert design.relation("b", "c") != "clone"


def test_a_run_under_twice_the_budget_is_read_at_twice_the_cost(tmp_path: Path) -> None:
    losses = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    own = [Trial(f'{{"x":{place}}}', TOP, loss) for place, loss in enumerate(losses)]
    config = trials.metadata(run("random_2x"), None)["config"]
    config["optimizer"]["budget_factor"] = 2
    put_ladder(tmp_path, run("random_2x"), own, 3, config=config)
    put_ladder(tmp_path, run("random"), [Trial(f'{{"x":{place}}}', TOP, 0.9) for place in range(5)], 5)
    _, comparison = read(tmp_path)
    assert (comparison.evaluations, comparison.longest) == (3, 5)
    own = comparison.curves[comparison.curves["label"] == "random_2x"]
    assert own["validation_median"].tolist() == [0.8, 0.6, 0.4]


def test_a_budget_of_trials_is_known_up_to_what_they_cost(tmp_path: Path) -> None:
    made = [Trial(f'{{"x":{x}}}', 33, 0.5, 0.5) for x in range(8)]
    put_ladder(tmp_path, run(), made)
    trials.put(tmp_path, run("random"), [0.9, 0.8, 0.7])
    _, comparison = read(tmp_path)
    assert comparison.evaluations == 2  # of 2.64
    assert comparison.curves.groupby("label")["evaluations"].max().to_dict() == {"my_halving": 2, "random": 3}


def test_trials_that_cost_less_than_one_full_evaluation_stand_at_its_cost(tmp_path: Path) -> None:
    put_ladder(tmp_path, run(), [Trial('{"x":0.1}', 33, 0.5, 0.4), Trial('{"x":0.2}', 11, 0.1, 0.2)])
    _, comparison = read(tmp_path)
    assert (comparison.evaluations, comparison.longest) == (1, 1)
    assert comparison.curves["validation_median"].tolist() == [0.4]


def test_an_exhausted_run_keeps_its_incumbent(tmp_path: Path) -> None:
    made = [Trial('{"x":1}', TOP, 0.5), Trial('{"x":2}', 33, 0.1, 0.4)]
    put_ladder(tmp_path, run(), made, 9, ended="exhausted")
    put_ladder(tmp_path, run("random"), [Trial(f'{{"x":{x}}}', TOP, 0.9) for x in range(9)], 9)
    _, comparison = read(tmp_path)
    assert comparison.evaluations == 9
    own = comparison.final.set_index("label").loc["my_halving"]
    assert (own["exhausted"], own["validation_median"]) == (1, 0.5)


def test_a_plain_run_may_be_limited_by_its_cost(tmp_path: Path) -> None:
    config = trials.metadata(run("random"), None)["config"]
    config["budget"] = {"trials": None, "seconds": None, "cost": 3.5}
    trials.put(tmp_path, run("random"), [0.5, 0.4, 0.3], config=config)
    _, comparison = read(tmp_path)
    assert (comparison.evaluations, comparison.in_cost) == (3, False)
    trials.put(tmp_path, run("random"), [0.5, 0.4], config=config)
    with pytest.raises(UserError, match="has 2 of the 3 trials of its budget"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("count", "cost", "fault"),
    [
        (3, 3, None),
        (3, 3.9, None),
        (2, 3.5, "cost 2 of the 3.5 full"),
        (4, 3, "cost 4 of the 3 full"),
        (0, 2, "cost 0"),
    ],
)
def test_the_cost_of_a_run_must_be_that_of_its_budget(
    tmp_path: Path, count: int, cost: float, fault: str | None
) -> None:
    put_ladder(tmp_path, run(), [Trial(f'{{"x":{x}}}', TOP, 0.5) for x in range(count)], cost)
    if fault is None:
        assert read(tmp_path)[1].evaluations == 3
    else:
        with pytest.raises(UserError, match=fault):
            read(tmp_path)


def test_rows_that_are_trials_are_not_taken_for_units_of_cost(tmp_path: Path) -> None:
    put_ladder(tmp_path, run(), [Trial('{"x":1}', TOP, 0.5)], 1)
    with pytest.raises(ValueError, match="rows are trials"):
        curves.comparisons(results.read(tmp_path, ["e"], columns=curves.COLUMNS))


def test_seconds_are_those_until_each_trial_ended(tmp_path: Path) -> None:
    chance, seen = random.Random(1), [[] for _ in RUNGS]
    made = within(iter(lambda: pruned(chance, seen), None), 4)
    put_ladder(tmp_path, run("my_median"), made, 4)
    reading, comparison = read(tmp_path)
    (sample,) = samples.samples(comparison, reading.results).values()
    table = rows(run(), made)
    seconds = np.cumsum([row["ask_seconds"] + row["evaluate_seconds"] + row["tell_seconds"] for row in table])
    np.testing.assert_allclose(sample.clocks[0], seconds)
    np.testing.assert_array_equal(sample.best[0], [row["best_loss"] for row in table])
    assert sample.asking.shape == (1, len(made))


def test_rungs_are_taken_from_what_a_trial_passed_and_from_trials_before_it(tmp_path: Path) -> None:
    passed = Trial("a", TOP, 0.3, rungs=[(4, 0.9), (11, 0.8), (33, 0.5), (TOP, 0.3)])
    climbed = [Trial("b", 4, 0.7, 0.2), Trial("b", 33, 0.6, 0.2, 4), Trial("b", TOP, 0.2, continues=33)]
    put_ladder(tmp_path, run(), [passed, *climbed, Trial("c", 11, 0.1, 0.9)], 3, LADDER)
    (own,) = read(tmp_path)[0].results.ladders.values()
    assert own.passed == ((4, 0.9, 0.3), (11, 0.8, 0.3), (33, 0.5, 0.3), (4, 0.7, 0.2), (33, 0.6, 0.2))
    assert not own.prunes_nothing
