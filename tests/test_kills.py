"""`benchmarks/kills.py` finds what is lost, doubled or left: its assertions can fail."""

import json
import sys
from dataclasses import replace

import pytest
from commands import ROOT, TOY, bench


@pytest.fixture(scope="module")
def killing(tmp_path_factory):
    """The harness's rooms, and a finished sweep of theirs: what its store and its tables hold."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from killing import cases, checks, kept
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    folder = tmp_path_factory.mktemp("killed")
    sweep = ["run", "-m", *TOY, "optimizer=random,optuna_tpe", "seed=0", "budget.trials=3"]
    assert bench(*sweep, f"results_dir={folder}", f"store=sqlite:///{folder}/store.sqlite") == 0
    left = kept.of_results(folder)
    return cases, checks, left, kept.of_store(f"sqlite:///{folder}/store.sqlite")


def test_what_is_lost_or_changed_in_the_store_is_found(killing):
    _, checks, left, there = killing
    assert len(there.evaluations) == len(there.journal) == 6
    assert not list(checks.of_store(there, [there], there, left, True))
    key = next(iter(there.evaluations))
    others = {name: row for name, row in there.evaluations.items() if name != key}
    texts = {name: text for name, text in there.configurations.items() if name != key}
    lost = replace(there, evaluations=others, configurations=texts)
    assert list(checks.of_store(there, [there], lost, left, True)) == [
        "1 evaluations that the store had at strike 1 are lost or changed",
        "the store lacks 1 evaluations of the undisturbed sweep and has 0 that it has not",
    ]
    again = replace(there, evaluations=others | {key: (*there.evaluations[key][:-2], "later", None)})
    assert list(checks.of_store(there, [there], again, left, True)) == [
        "1 evaluations that the store had at strike 1 are lost or changed"
    ]
    held = replace(there, claims=(key,), states={**there.states, "scratch/wine/toy/random/0": "running"})
    assert list(checks.of_store(there, [], held, left, True)) == [
        "1 claims are left",
        "the journal has unfinished runs: {'scratch/wine/toy/random/0': 'running'}",
    ]
    (place, (_, ask, *rest)) = next(iter(there.journal.items()))
    charged = replace(there, journal=there.journal | {place: (there.journal[place][0], ask + 1, *rest)})
    assert list(checks.of_store(there, [charged], there, left, True)) == [
        "1 trials of the journal at strike 1 are charged otherwise in the tables"
    ]


def test_what_differs_in_the_tables_is_found(killing):
    _, checks, left, _ = killing
    assert not list(checks.of_tables(left, left))
    run = "scratch/wine/toy/random/0"
    table, about = left.trials[run], left.metadata[run]

    def found(trials=table, metadata=about, files=left.files):
        other = replace(left, trials=left.trials | {run: trials}, metadata=left.metadata | {run: metadata}, files=files)
        return list(checks.of_tables(left, other))

    assert found(table.assign(ask_seconds=9.0)) == []
    assert found(table.iloc[:-1]) == [f"{run}: 2 rows and 3 undisturbed, or other columns"]
    assert found(table.assign(loss=table["loss"] + 1e-16 * 4)) == [f"{run}: loss differs from the undisturbed run's"]
    assert found(metadata={**about, "diverged_at": 1})[0] == (
        f"{run}: its optimiser went another way than before, from trial 1"
    )
    assert found(files=left.files | {"scratch/.0.part"}) == ["files that nobody needs: ['scratch/.0.part']"]
    gone = replace(left, trials={name: each for name, each in left.trials.items() if name != run})
    assert list(checks.of_tables(left, gone)) == [f"runs differ: ['{run}']"]


def test_what_is_evaluated_again_and_what_is_said_wrongly_is_found(killing):
    cases, checks, _, there = killing
    begun = [json.dumps(json.loads(text), sort_keys=True) for text in there.configurations.values()]
    assert not list(checks.of_log(begun, [(len(begun), there)], 0))
    assert list(checks.of_log([*begun, begun[0]], [(len(begun), there)], 1)) == [
        "1 evaluations that the store had at strike 1 were made again"
    ]
    assert list(checks.of_log([*begun, *begun[:3]], [], 2)) == [
        "3 evaluations were begun again, and at most 2 were under way when something was killed"
    ]
    assert not list(checks.of_end(143, f"runs 0/4\n{checks.STOPPED}\n", "TERM"))
    assert len(list(checks.of_end(1, f"{checks.STOPPED}\n", "TERM"))) == 1
    assert len(list(checks.of_end(143, f"Traceback\n{checks.STOPPED}\n", "STOP+TERM"))) == 1
    assert len(list(checks.of_end(143, "", "TERM"))) == 1
    every = cases.drawn(0)
    assert every == cases.drawn(0) != cases.drawn(1)
    assert sum(strike.is_kill for case in every for strike in case.strikes) >= 100
