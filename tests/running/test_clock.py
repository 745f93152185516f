"""Runs with fidelities and with workers: each row against evaluations made anew, and the clock against a plain loop."""

import heapq
import json
import re
import shlex
import sqlite3
from pathlib import Path

import laddered
import pandas as pd
import pictures
import pytest
from commands import ROOT, TOY, bench, bench_process, table, wait_for, without_times

from bench import problems, results
from bench.problems import Evaluation
from bench.problems.data import DataProblem
from bench.store import Store, Stored

ROUNDS = [each.replace("toy.Toy", "laddered.Rounds") for each in TOY] + [laddered.LADDER.lstrip("+")]
BUDGET = ["budget.trials=null", "budget.cost=7", "threads=1"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    return tmp_path


def optimizer(name: str, *settings: str) -> list[str]:
    return [f"optimizer.name={name}", f"optimizer.class=laddered.{name}", "+optimizer.multi_fidelity=true", *settings]


def run(*arguments: str, name: str = "scratch") -> None:
    assert bench("run", *ROUNDS, *BUDGET, *arguments, f"name={name}") == 0


def fits(folder: Path) -> list[str]:
    log = folder / "log"
    return log.read_text().split() if log.exists() else []


def fresh(folder: Path, run_name: str) -> tuple[DataProblem, dict]:
    metadata = results.file_metadata(folder / f"results/{run_name}.parquet")
    config = metadata["config"]
    recipe = problems.Recipe({name: config[name] for name in problems.GROUPS}, 0, str(folder / "datasets"), 1)
    return problems.build(recipe), metadata


def unmeasured(rows: pd.DataFrame) -> pd.DataFrame:
    """What does not depend on how fast it was, or on what was stored."""
    rungs = rows["details"].map(lambda text: [rung[:3] for rung in json.loads(text).get("rungs", [])])
    return without_times(rows).drop(columns=["experiment", "cached", "clock"]).assign(details=rungs)


def at_row(row) -> float:
    return row.partial_loss if pd.isna(row.loss) else row.loss


def incumbents(rows: pd.DataFrame, full) -> list[tuple[float | None, float | None]]:
    """By the rule, from the rows' losses alone."""
    best, found = None, []
    for row in rows.itertuples():
        loss = row.partial_loss if pd.isna(row.loss) else row.loss
        if not pd.isna(loss):
            better = best is None or row.fidelity > best[0] or (row.fidelity == best[0] and loss < best[1])
            best = (row.fidelity, loss, row.configuration) if better else best
        outcome = None if best is None else full(best[2])
        found.append((None, None) if outcome is None else (outcome.loss, outcome.test_loss))
    return found


@pytest.mark.parametrize("isolation", ["none", "process"])
@pytest.mark.parametrize("name", ["Halving", "Choosing"])
def test_each_row_is_what_its_rung_gives_alone_and_costs_what_it_adds(folder, name, isolation):
    run(*optimizer(name), f"isolation={isolation}")
    rows = table(folder, f"scratch/wine/toy/{name}/0")
    problem, metadata = fresh(folder, f"scratch/wine/toy/{name}/0")
    assert metadata["fidelity"] == {"unit": "rounds", "rungs": [1, 3, 9], "eta": 3}
    seen: dict[tuple[str, int], Evaluation] = {}

    def at(text: str, rung: int) -> Evaluation:
        key = text, rung
        if key not in seen:
            seen[key] = problems.at_rung(problem, json.loads(text), rung)
        return seen[key]

    for row in rows.itertuples():
        outcome = at(row.configuration, row.fidelity)
        shown = (row.loss, row.test_loss) if row.fidelity == 9 else (row.partial_loss, row.partial_test_loss)
        hidden = (row.partial_loss, row.partial_test_loss) if row.fidelity == 9 else (row.loss, row.test_loss)
        assert row.cost == (row.fidelity - row.continues) / 9
        assert row.evaluation == problem.rung_key(json.loads(row.configuration), row.fidelity)
        assert all(pd.isna(value) for value in hidden)
        if outcome.status == "ok":
            assert shown == (outcome.loss, outcome.test_loss)
            assert row.status == ("pruned" if name == "Halving" and row.fidelity < 9 else "ok")
        else:
            assert row.status == "failed"
        for rung, loss, test_loss, _ in json.loads(row.details).get("rungs", []):
            passed = at(row.configuration, rung)
            assert (loss, test_loss) == (passed.loss, passed.test_loss)
    worst: dict[int, float] = {}
    for row, (_, told, failed) in zip(rows.itertuples(), laddered.Halving.last, strict=True):
        passed = json.loads(row.details).get("rungs", []) or [[row.fidelity, at_row(row), None, None]]
        for rung, loss, _, _ in passed:
            if loss is not None and not pd.isna(loss):
                worst[rung] = max(loss, worst.get(rung, loss))
        assert failed == (row.status == "failed")
        assert told == (worst.get(row.fidelity, metadata["baseline_loss"]) if failed else at_row(row))
    best = incumbents(rows, lambda text: at(text, 9))
    assert [None if pd.isna(loss) else loss for loss in rows["best_loss"]] == [loss for loss, _ in best]
    assert [None if pd.isna(loss) else loss for loss in rows["incumbent_test_loss"]] == [loss for _, loss in best]
    assert rows["incumbent_uncharged"].any() == (name == "Choosing")
    assert 6 < rows["cost"].sum() <= 7
    assert {"failed", "pruned" if name == "Halving" else "ok"} <= set(rows["status"])
    full = rows[rows["fidelity"] == 9]
    assert all(row.evaluation == problem.key(json.loads(row.configuration)) for row in full.itertuples())


def test_one_training_passes_through_all_rungs_and_what_is_stored_is_not_evaluated_again(folder):
    run(*optimizer("Halving"))
    first = table(folder, "scratch/wine/toy/Halving/0")
    assert len(fits(folder)) == len(first)
    run(*optimizer("Halving"), name="again")
    again = table(folder, "again/wine/toy/Halving/0")
    assert len(fits(folder)) == len(first)
    assert again["cached"].all()
    apart = ["experiment", "cached"]
    pd.testing.assert_frame_equal(without_times(first).drop(columns=apart), without_times(again).drop(columns=apart))
    # A plain run meets the full evaluations in the store.
    assert bench("run", *ROUNDS, "budget.trials=3", "name=plain", "threads=1") == 0
    assert len(fits(folder)) == len(first) + (first["fidelity"].iloc[:3] < 9).sum()


@pytest.mark.parametrize("name", ["Halving", "Choosing"])
def test_a_run_that_is_ended_at_any_ask_goes_on_to_the_same_table(folder, name):
    run(*optimizer(name), name="whole")
    whole = unmeasured(table(folder, f"whole/wine/toy/{name}/0"))
    for at in (1, 4, 9):
        store = f"store=sqlite:///{folder}/{at}.sqlite"
        begun = [*optimizer(name), store, f"+optimizer.settings.raise_at={at}"]
        assert bench("run", *ROUNDS, *BUDGET, *begun, f"name=ended{at}") == 1
        laddered.Raising.raises = False
        try:
            run(*begun, name=f"ended{at}")
        finally:
            laddered.Raising.raises = True
        pd.testing.assert_frame_equal(unmeasured(table(folder, f"ended{at}/wine/toy/{name}/0")), whole)


def test_a_training_that_is_killed_between_rungs_goes_on_from_what_is_stored(folder):
    run(*optimizer("Halving"), name="whole")
    whole = unmeasured(table(folder, "whole/wine/toy/Halving/0"))
    (folder / "log").unlink()
    arguments = [*ROUNDS, *BUDGET, *optimizer("Halving"), "name=killed", f"store=sqlite:///{folder}/killed.sqlite"]
    process = bench_process("run", *arguments, cwd=folder, LADDER_HANGS_AT="3")
    wait_for((folder / "log.hangs").exists, process)
    process.kill()
    process.communicate()
    kept = Store(f"sqlite:///{folder}/killed.sqlite")
    first = json.loads(whole["configuration"].iloc[2])
    problem, _ = fresh(folder, "whole/wine/toy/Halving/0")
    before = kept.claim(problem.rung_key(first, 1))
    assert isinstance(before, Stored)
    assert bench("run", *arguments) == 0
    rows = table(folder, "killed/wine/toy/Halving/0")
    pd.testing.assert_frame_equal(unmeasured(rows), whole)
    assert len(fits(folder)) == len(rows) + 1  # the third, once more
    assert json.loads(rows["details"].iloc[2])["rungs"][0][3] == before.evaluation.seconds


def test_a_training_leaves_off_at_a_rung_that_is_stored(folder):
    run(*optimizer("Halving"), name="first")
    first = [json.loads(text)["rungs"] for text in table(folder, "first/wine/toy/Halving/0")["details"]]
    problem, _ = fresh(folder, "first/wine/toy/Halving/0")
    texts = table(folder, "first/wine/toy/Halving/0")["configuration"]
    with sqlite3.connect(folder / "results/store.sqlite") as store:
        for text in texts:
            store.execute("DELETE FROM evaluations WHERE key = ?", [problem.rung_key(json.loads(text), 1)])
    store.close()
    before = len(fits(folder))
    run(*optimizer("Halving"), name="second")
    second = [json.loads(text)["rungs"] for text in table(folder, "second/wine/toy/Halving/0")["details"]]
    assert [rungs[1:] for rungs in second] == [rungs[1:] for rungs in first]  # with their seconds
    assert all(a[0][3] != b[0][3] for a, b in zip(first, second, strict=True))
    assert len(fits(folder)) - before == len(texts)


def test_workers_end_in_the_order_of_a_plain_loop_over_their_seconds(folder):
    """The same optimiser played on recorded durations by a heap, and the run with another number of them."""
    for workers in (3, 8):
        arguments = ["optimizer.name=Noting", "optimizer.class=laddered.Noting", f"workers={workers}"]
        assert bench("run", *ROUNDS, "budget.trials=25", "threads=1", *arguments) == 0
        rows = table(folder, f"scratch/wine/toy/Noting-w{workers}/0")
        by_number = rows.set_index("proposal").sort_index()
        played = laddered.Noting(None, 0, None, texts=list(by_number["configuration"]))
        seconds = list(by_number["evaluate_seconds"])
        ends = [(seconds[played.ask()], number) for number in range(workers)]
        heapq.heapify(ends)
        order = []
        while ends:
            clock, number = heapq.heappop(ends)
            order.append((number, clock))
            played.tell(number)
            if played.asked < 25:
                heapq.heappush(ends, (clock + seconds[played.ask()], played.asked - 1))
        assert [number for number, _ in order] == list(rows["proposal"])
        assert [clock for _, clock in order] == list(rows["clock"])
        assert laddered.Noting.log == played.events
        assert set(rows["worker"]) == set(range(workers))
        for _, of_worker in rows.groupby("worker"):  # none does two things at once
            begun = of_worker["clock"] - of_worker["evaluate_seconds"]
            assert (begun.to_numpy()[1:] >= of_worker["clock"].to_numpy()[:-1] - 1e-9).all()
        assert rows["best_loss"].notna().iloc[-1]


def test_a_pruner_with_workers_ends_rungs_by_the_clock(folder):
    run(*optimizer("Halving"), "workers=4", "clock=cost")
    rows = table(folder, "scratch/wine/toy/Halving-w4/0")
    assert set(rows["worker"]) == {0, 1, 2, 3}
    assert (rows["clock"].diff().dropna() >= 0).all()
    assert (rows["status"] == "pruned").any()
    # What pruned ones leave of their cost is spent, so that less than a full evaluation is left.
    assert 6 < rows["cost"].sum() <= 7
    # On a clock of costs no more is done at its end than four workers can do.
    assert rows["cost"].sum() <= 4 * rows["clock"].iloc[-1] + 1e-9
    problem, _ = fresh(folder, "scratch/wine/toy/Halving-w4/0")
    for row in rows[rows["status"] == "pruned"].itertuples():
        assert row.partial_loss == problems.at_rung(problem, json.loads(row.configuration), row.fidelity).loss


def test_a_pruner_by_folds_is_told_of_each_fold_and_each_is_trained_once(folder):
    laddered.Folded.reports.clear()
    folds = ["model.fidelity={unit: folds, low: 1, high: null, eta: 2}", "resampling=kfold", "resampling.k=4"]
    run(*optimizer("Folded"), *folds)
    rows = table(folder, "scratch/wine/toy/Folded/0")
    assert set(rows["fidelity"]) >= {1, 4}
    assert list(rows["cost"]) == list(rows["fidelity"] / 4)
    losses = [json.loads(details)["fold_losses"] for details in rows["details"]]
    told = [(place + 1, loss) for of_row in losses for place, loss in enumerate(of_row) if place < 3]
    assert laddered.Folded.reports == told
    assert len(fits(folder)) == sum(max(1, len(of_row)) for of_row in losses)  # what fails is trained once
    problem, _ = fresh(folder, "scratch/wine/toy/Folded/0")
    whole = rows[rows["fidelity"] == 4].iloc[0]
    assert (whole.loss, whole.test_loss) == problem_losses(problem, whole.configuration)


def problem_losses(problem: DataProblem, text: str) -> tuple[float | None, float | None]:
    outcome = problem.evaluate(json.loads(text))
    return outcome.loss, outcome.test_loss


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["+optimizer.multi_fidelity=true"],
            "optimizer.multi_fidelity=true: bench.optimizers.random_search.RandomSearch",
        ),
        ([*optimizer("Halving"), "model.fidelity=null"], "optimizer=Halving: makes evaluations of less than full"),
        ([*optimizer("Folded")], "model.fidelity.unit=rounds: Folded compares evaluations fold by fold; set"),
        ([*optimizer("Astray")], "trial 0: the optimizer proposed fidelity=5, expected one of 1, 3, 9"),
        ([*optimizer("Astray", "+optimizer.settings.continues=1")], "goes on from 1, where it has no loss"),
        (["budget.trials=9"], "budget: has trials=9 and cost=7; set budget.trials=null, or budget.cost=null"),
        (["budget.cost=0.5"], "budget.cost=0.5: expected a number of full evaluations, at least 1"),
        (["workers=0"], "workers=0: expected a whole number from 1"),
        (["clock=days", "workers=2"], "clock='days': expected seconds or cost"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_run_is_told_in_a_line(capsys, arguments, message):
    assert bench("run", *ROUNDS, "budget.trials=null", "budget.cost=7", "threads=1", *arguments) in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_budget_of_cost_is_one_of_trials_to_a_plain_optimiser(folder):
    assert bench("run", *ROUNDS, "budget.trials=null", "budget.cost=4.5", "threads=1") == 0
    assert len(table(folder, "scratch/wine/toy/random/0")) == 4
    assert results.file_metadata(folder / "results/scratch/wine/toy/random/0.parquet")["schema"] == 1


def test_the_commands_of_the_documentation(folder, monkeypatch):
    pictures.leave_undrawn(monkeypatch)
    page = (ROOT / "docs/fidelity.md").read_text()
    commands = re.search(r"```sh\n(.*?)```", page, flags=re.DOTALL)[1].replace("\\\n", " ").splitlines()
    assert len(commands) == 3
    for command in commands:
        assert bench(*shlex.split(command)[1:]) == 0, command
    report = (folder / "reports/early/report.md").read_text()
    assert "where the cost went" in report
    assert "how well low fidelities rank" in report
    assert len(set(table(folder, "side_by_side/function/mfhartmann3/random_sha-w4/0")["worker"])) == 4
