"""Policies of re-tuning in a report: what they spent and gained against plain sums, in words, in a table and drawn."""

import json
import math
import random
import statistics
from pathlib import Path
from typing import Any

import pytest
from trials import metadata, trial_rows

from bench.report import figures
from bench.report.analysis import renamed
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.figures import catalogue
from bench.report.look import style
from bench.report.runs import curves, selection
from bench.report.runs.selection import Selection
from bench.report.tables import tables
from bench.report.words import notes, verdict
from bench.results import RunId, UnreadableTable, write_run

SEEDS, BLOCKS, FACTS = 8, 6, {"window": 200, "block": 100, "valid": 60, "rows": 850, "positions": [430]}
POLICIES = {"never": ("never", [0]), "often": ("periodic_cold", [0, 2, 4]), "worse": ("adwin_cold", [0, 3])}
"""By label: the policy, and the blocks that are tuned for."""
SHIFT = {"never": 0.0, "often": -0.02, "worse": 0.02}


def losses(label: str, seed: int) -> list[float]:
    """Of each block: policies differ by a shift alone, and seeds by much more."""
    chance = random.Random(seed)
    return [0.2 + 0.1 * chance.random() + SHIFT[label] for _ in range(BLOCKS)]


def put(results_dir: Path, label: str, seed: int, details: Any = None) -> None:
    policy, tuned = POLICIES[label]
    own = losses(label, seed)
    blocks = [
        {
            "row": 200 + 100 * place,
            "loss": loss,
            "tuned": place in tuned,
            "evaluations": 10 * sum(at <= place for at in tuned),
            "detections": [450] if label == "worse" and place == 2 and seed % 2 else [],
        }
        for place, loss in enumerate(own)
    ]
    run = RunId("drift", "sea", "retuned", label, seed)
    entry = metadata(run, 1, problem=f"stream-{seed}", problem_family="streams")
    entry |= {"task": "stream", "metric": "brier", "drift": FACTS, "baseline_loss": 0.5}
    row = trial_rows(run, [math.fsum(own) / BLOCKS])[0]
    row["configuration"] = json.dumps({"optimizer": "random", "policy": policy})
    row["details"] = json.dumps(details or {"evaluations": 10 * len(tuned), "studies": len(tuned), "blocks": blocks})
    write_run(run.path(results_dir), [row], entry)


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    for label in POLICIES:
        for seed in range(SEEDS):
            put(tmp_path, label, seed)
    return read(tmp_path)


def read(results_dir: Path) -> Analysis:
    reading = selection.read(results_dir, Selection(("drift",)))
    (comparison,) = curves.comparisons(reading.results)
    return analyse(comparison, reading)


def test_spending_and_gains_are_those_of_the_runs_by_seed(analysis: Analysis) -> None:
    account = analysis.drift
    assert account is not None
    assert (account.positions, account.end) == ((430,), 800)
    spent = account.spent.set_index("label")
    for label, (_, tuned) in POLICIES.items():
        assert spent.loc[label, "evaluations"] == 10 * len(tuned)
        assert spent.loc[label, "studies"] == len(tuned)
    for label in ("often", "worse"):
        gains = [
            statistics.fmean(losses("never", seed)) - statistics.fmean(losses(label, seed)) for seed in range(SEEDS)
        ]
        assert spent.loc[label, "gain"] == pytest.approx(statistics.median(gains))
        assert (spent.loc[label, "never"], spent.loc[label, "pairs"]) == ("never", SEEDS)
    assert math.isnan(spent.loc["never", "gain"])
    assert spent["worse_than"].to_dict() == {"often": 0, "never": 1, "worse": 2}
    part = account.blocks[account.blocks["label"] == "worse"]
    middle = [statistics.median(losses("worse", seed)[place] for seed in range(SEEDS)) for place in range(BLOCKS)]
    assert part["median"].tolist() == pytest.approx(middle)
    assert part["tuned"].tolist() == [1, 0, 0, 1, 0, 0]
    assert part["detected"].tolist() == [0, 0, 0.5, 0, 0, 0]


def test_words_and_tables_say_prequential_and_which_policies_paid(analysis: Analysis) -> None:
    said = " ".join(verdict.verdict(analysis))
    assert "often** is best" in said
    assert "after 6 blocks of each of 8 streams" in said
    assert "prequential brier" in said
    assert "Significantly better than the policy never with the same optimiser: often." in said
    assert "Significantly worse than the policy never with the same optimiser: worse." in said
    assert not {"validation", "evaluation "} & set(said.split())
    shown = {table.name: table.shown for table in tables.tables(analysis, style.styles(POLICIES))}
    rows = {row[0].text: [cell.text for cell in row[2:6]] for row in shown["policies"].rows}
    assert rows["often"][:2] == ["30 [30, 30]", "3"]
    assert float(rows["often"][2].split()[0]) == pytest.approx(0.02)
    assert rows["never"][2] == "-"
    assert "overhead" not in shown


def test_the_stream_is_drawn_with_its_drift_and_the_times_of_tuning(analysis: Analysis) -> None:
    looks = style.styles([*POLICIES, "A"])
    sketches = list(catalogue.sketches(renamed.renamed(analysis, {"often": "A"}), looks))
    assert [sketch.name for sketch in sketches] == ["stream", "final", "improvement"]
    with figures.look():
        figure = sketches[0].draw()
    first = figure.axes[0]
    drifts = next(line for line in first.collections if line.get_gid() == "drifts")
    assert [path.vertices[0, 0] for path in drifts.get_paths()] == [430]
    own = max(first.lines, key=lambda line: line.get_linewidth())
    assert own.get_xdata().tolist() == [200, 300, 400, 500, 600, 700, 800]


def test_details_that_are_of_something_else_make_a_table_unreadable(tmp_path: Path) -> None:
    put(tmp_path, "never", 0, {"blocks": [{"row": "x"}]})
    with pytest.raises(UnreadableTable, match="details are not those of a pass of a stream"):
        read(tmp_path)


def test_notes_say_what_the_loss_is(analysis: Analysis, tmp_path: Path) -> None:
    reading = selection.read(tmp_path, Selection(("drift",)))
    said = " ".join(notes.notes(analysis.comparison, reading.results))
    assert "newest 200 rows predicts the next 100" in said
    assert "no test part" not in said
