"""The account of runs with a ladder of fidelities: cost by rung, agreement of rungs, and what is said of them."""

import math
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import ladder_tables
import pandas as pd
import pictures
import pytest
import trials
from ladder_tables import LADDER, RUNGS, Trial, halving, put_ladder, rows, whole, within, write_fidelity

from bench.report import audit
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.build import build
from bench.report.look import style
from bench.report.runs import curves, selection
from bench.report.tables import tables
from bench.report.words import notes, verdict
from bench.results import RunId

TOP = RUNGS[-1]


def run(optimizer: str, seed: int = 0) -> RunId:
    return RunId("e", "digits", "lightgbm", optimizer, seed)


def analysed(folder: Path, experiment: str = "e") -> Analysis:
    reading = selection.read(folder, selection.selection([experiment]))
    (comparison,) = curves.comparisons(reading.results)
    return analyse(comparison, reading)


def words(analysis: Analysis) -> str:
    return " ".join(verdict.verdict(analysis))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("fidelity")
    write_fidelity(folder, seeds=7, cost=9)
    return analysed(folder, "rungs")


def test_cost_goes_to_the_highest_rung_that_a_configuration_reached(tmp_path: Path) -> None:
    spent, ended, counts = defaultdict(float), defaultdict(int), defaultdict(int)
    for seed in range(3):
        chance = random.Random(seed)
        made = [
            replace(each, loss=None) if chance.random() < 0.2 else each
            for each in within(halving(random.Random(seed), 9), 6)
        ]
        put_ladder(tmp_path, run("my_halving", seed), made, 6)
        done = [row for row in rows(run("my_halving", seed), made) if row["status"] == "ok"]
        highest = {row["configuration"]: 0 for row in done}
        for row in done:
            highest[row["configuration"]] = max(highest[row["configuration"]], row["fidelity"])
            ended[row["fidelity"]] += 1
        for row in rows(run("my_halving", seed), made):
            spent[highest[row["configuration"]] if row["status"] == "ok" else None] += row["cost"]
        for rung in highest.values():
            counts[rung] += 1
    frame = analysed(tmp_path).fidelity.spending
    assert frame["rung"].tolist()[:-1] == list(RUNGS)
    assert math.isnan(frame["rung"].iloc[-1])
    assert frame["cost"].tolist() == pytest.approx([spent[rung] / 3 for rung in (*RUNGS, None)])
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["trials"].tolist()[:-1] == [ended[rung] for rung in RUNGS]
    assert frame["configurations"].tolist()[:-1] == [counts[rung] for rung in RUNGS]


def test_a_run_without_a_ladder_spends_all_on_full_evaluations(account: Analysis) -> None:
    frame = account.fidelity.spending
    plain = frame[frame["label"] == "optuna_tpe"].to_dict("records")
    assert [(row["rung"], row["share"], row["cost"], row["configurations"]) for row in plain] == [(100, 1, 9, 63)]
    pruned = frame[frame["label"] == "my_median"].set_index("rung")
    assert pruned.loc[TOP, "pruned"] == 0
    assert (pruned.loc[[4, 11], "pruned"] == pruned.loc[[4, 11], "trials"]).all()


def test_agreement_is_of_what_prunes_nothing_where_there_is_such(account: Analysis) -> None:
    fidelity = account.fidelity
    assert fidelity.sources == ("random_rungs",)
    assert not fidelity.selected
    assert fidelity.agreement["rung"].tolist() == list(RUNGS[:-1])
    assert fidelity.agreement["configurations"].tolist() == [63] * 3
    assert fidelity.agreement["tau"].is_monotonic_increasing
    text = words(account)
    row = fidelity.agreement.iloc[0]
    assert (
        "With 4 of 100 rounds the ranking of configurations agrees with that at full fidelity at Kendall's tau "
        f"{row['tau']:.2f} (95 % confidence interval {row['low']:.2f} to {row['high']:.2f}); with 33 at "
    ) in text
    assert "selection" not in text


def test_agreement_of_finished_ones_alone_is_said_to_be_biased(tmp_path: Path) -> None:
    for seed in range(6):
        made = within(halving(random.Random(seed), 9), 20)
        put_ladder(tmp_path, run("my_halving", seed), made, 20)
        put_ladder(tmp_path, run("random", seed), [replace(whole(random.Random(seed)), rungs=())] * 20, 20)
    analysis = analysed(tmp_path)
    assert analysis.fidelity.sources == ("my_halving",)
    assert analysis.fidelity.selected
    assert "This is among those that were evaluated fully, a selection, which biases it." in words(analysis)
    fully = [
        (rung, loss, full)
        for ladder in curves_ladders(tmp_path)
        for rung, loss, full in ladder.passed
        if ladder.passed and rung == 33
    ]
    assert analysis.fidelity.agreement.set_index("rung").loc[33, "configurations"] == len(fully)


def curves_ladders(folder: Path) -> list:
    reading = selection.read(folder, selection.selection(["e"]))
    return list(reading.results.ladders.values())


def test_of_few_seeds_nothing_is_said_of_agreement(tmp_path: Path) -> None:
    for seed in range(5):
        put_ladder(tmp_path, run("random_rungs", seed), [whole(random.Random(seed + k)) for k in range(0, 60, 10)], 6)
    analysis = analysed(tmp_path)
    assert "Kendall" not in words(analysis)
    assert analysis.fidelity.agreement["low"].isna().all()
    assert analysis.fidelity.agreement["configurations"].tolist() == [30] * 3


def test_losses_stand_after_a_cost_everywhere(account: Analysis, tmp_path: Path) -> None:
    assert account.comparison.against == "cost (full evaluations)"
    assert "after a cost of 9 full evaluations on this one split" in words(account)
    looks = style.styles(account.samples)
    shown = {table.name: table.shown for table in tables.tables(account, looks)}
    assert "after a cost of 9 full evaluations, median" in shown[""].caption
    assert [head.text for head in shown["spending"].heads][-4:] == ["4 rounds", "11 rounds", "33 rounds", "full"]
    assert "Of the budget of 9 full evaluations a run leaves what its next proposal" in shown["spending"].note
    assert "cost" in [head.text for head in shown["speed-up"].heads]
    every = [text for table in shown.values() for text in (table.caption, table.note)]
    assert not any(" 9 evaluations" in text for text in [*every, words(account)])
    write_fidelity(tmp_path, seeds=2, cost=3)
    results = selection.read(tmp_path, selection.selection(["rungs"])).results
    (comparison,) = curves.comparisons(results)
    said = " ".join(notes.notes(comparison, results))
    assert "on a ladder of 4, 11, 33, 100 rounds" in said


def test_what_never_evaluated_anything_fully_is_said(tmp_path: Path) -> None:
    for seed in range(6):
        low = [Trial(f'{{"x":0.{seed}{k},"y":0}}', 33, 0.5 - k / 100, 0.4 - k / 100) for k in range(6)]
        put_ladder(tmp_path, run("my_low", seed), low, 2)
        put_ladder(tmp_path, run("random", seed), [whole(random.Random(seed + 10 * k)) for k in range(2)], 2)
    analysis = analysed(tmp_path)
    assert (
        "my_low evaluated nothing fully within a cost of 2 full evaluations in 6 of 6 runs: what its incumbent is "
        "worth was found afterwards, uncharged."
    ) in words(analysis)
    assert analysis.runs.loc[analysis.runs["label"] == "my_low", "overtuning"].isna().all()
    put_ladder(tmp_path, run("my_low", 0), [Trial('{"x":0.1,"y":0}', 33, None)], 2, ended="exhausted")
    assert "my_low evaluated nothing fully within a cost of 2 full evaluations in 5 of 6 runs" in words(
        analysed(tmp_path)
    )


def test_a_partial_loss_decides_nothing_but_the_order_below_full_fidelity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is the same where all losses below full fidelity are lower by a thousand, save what ranks rungs."""
    pictures.leave_undrawn(monkeypatch)
    write_fidelity(tmp_path / "a", seeds=3, cost=5)

    def lowered(each: Trial) -> Trial:
        far = [(rung, loss - (1000 if rung < TOP else 0)) for rung, loss in each.rungs]
        below = each.loss is not None and each.fidelity < TOP
        return replace(each, loss=each.loss - 1000 if below else each.loss, rungs=far)

    put = ladder_tables.put_ladder
    monkeypatch.setattr(
        ladder_tables, "put_ladder", lambda folder, run, made, *more: put(folder, run, list(map(lowered, made)), *more)
    )
    ladder_tables.write_fidelity(tmp_path / "b", seeds=3, cost=5)
    files = [
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for folder in [build(tmp_path / name, tmp_path / f"reports-{name}", ["rungs"])]
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".html"
        }
        for name in "ab"
    ]
    assert files[0] == files[1]
    curves_of = pd.read_csv(tmp_path / "reports-b/rungs/tables/digits-lightgbm-curves.csv")
    assert curves_of["validation_lower"].min() > 0


def test_a_target_that_was_reached_by_what_was_not_evaluated_fully_is_said_to_be(tmp_path: Path) -> None:
    for seed in range(10):
        chance = random.Random(seed)
        put_ladder(tmp_path, run("random", seed), [replace(whole(chance), rungs=()) for _ in range(8)], 8)
        low = [Trial(f'{{"x":0.1,"y":0.{seed}}}', 33, 0.9, 0.01)]
        full = [Trial(f'{{"x":0.{k},"y":0.{seed}}}', TOP, 0.02) for k in range(7)]
        put_ladder(tmp_path, run("my_low", seed), [*low, *low, *low, *full], 8)
        put_ladder(tmp_path, run("my_full", seed), [*full, *full[:1]], 8)
    said = words(analysed(tmp_path))
    reached = (
        "reaches random search's median final loss after a cost of 1 full evaluation (98 % confidence interval 1 to"
    )
    assert f"my_low {reached} 1, p = below 0.001), by configurations that most of its runs had not evaluated" in said
    assert f"my_full {reached} 1, p = below 0.001); random search itself needs 8." in said


def test_the_fidelity_of_a_function_has_no_unit(tmp_path: Path) -> None:
    ladder = {**LADDER, "unit": "fidelity"}
    for seed in range(6):
        chance = random.Random(seed)
        put_ladder(tmp_path, run("at_rungs", seed), [whole(chance) for _ in range(6)], 6, ladder)
    analysis = analysed(tmp_path)
    assert "With fidelity 4 of 100 the ranking of configurations" in words(analysis)
    shown = {table.name: table.shown for table in tables.tables(analysis, style.styles(analysis.samples))}
    assert [head.text for head in shown["spending"].heads][-1] == "full"
    assert shown["agreement"].rows[0][0].text == "fidelity 4 of 100"
    assert "ok: fidelities: one ladder of fidelities, fidelity 4, 11, 33, 100" in findings(tmp_path)


def test_a_target_that_an_incumbent_reached_stays_reached(tmp_path: Path) -> None:
    """An incumbent's loss rises as a higher fidelity is reached; the share of targets does not fall."""
    for seed in range(6):
        chance = random.Random(seed)
        put_ladder(tmp_path, run("random", seed), [replace(whole(chance), rungs=()) for _ in range(4)], 4)
        low = [Trial(f'{{"x":0.{k},"y":{seed}}}', 33, 0.9 - k / 100, 0.1) for k in range(3)]
        put_ladder(tmp_path, run("my_low", seed), [*low, Trial('{"x":1,"y":1}', TOP, 0.9), *low[:2] * 3], 4)
    analysis = analysed(tmp_path)
    losses = analysis.comparison.curves.query("label == 'my_low'")["validation_median"]
    assert losses.tolist() == [0.1, 0.9, 0.9, 0.9]
    shares = analysis.ecdf.query("label == 'my_low'")["share"]
    assert shares.tolist() == [shares.iloc[0]] * 4
    assert shares.iloc[0] > 0


def findings(folder: Path) -> list[str]:
    reading = selection.read(folder, selection.selection(["e"]))
    (comparison,) = curves.comparisons(reading.results)
    return [f"{each.level}: {each.subject}: {each.text}" for each in audit.findings(comparison, reading.results)]


def test_the_audit_names_ladders_that_differ_and_costs_that_do(tmp_path: Path) -> None:
    for seed in range(2):
        own = [whole(random.Random(seed)) for _ in range(4)]
        put_ladder(tmp_path, run("a", seed), own, 4)
        trials.put(tmp_path, run("b", seed), [0.4, 0.3, 0.2, 0.1])
    found = findings(tmp_path)
    assert "ok: fidelities: one ladder of fidelities, 4, 11, 33, 100 rounds; at full fidelity alone: b" in found
    assert "ok: budgets: every optimiser had a cost of 4 full evaluations" in found
    other = {**LADDER, "rungs": [25, 50, 100]}
    for seed in range(2):
        low = [Trial(f'{{"x":{k}}}', 50, 0.5, 0.5) for k in range(7)]
        put_ladder(tmp_path, run("c", seed), low, ladder=other)
    found = findings(tmp_path)
    assert any(line.startswith("warning: fidelities: optimisers had different ladders") for line in found)
    assert any(
        line.startswith("warning: budgets: budgets differ (a: 4, b: 4, c: 3); final losses stand") for line in found
    )


def test_the_audit_says_who_left_cost_unspent(tmp_path: Path) -> None:
    for seed in range(2):
        put_ladder(tmp_path, run("a", seed), [Trial('{"x":1}', 33, 0.5, 0.5)] * 7, 3)
    assert (
        "note: fidelities: left some of the cost of their budget unspent, in the mean over runs: a (23 %)"
        in findings(tmp_path)
    )
