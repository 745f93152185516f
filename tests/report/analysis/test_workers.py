"""What several workers gain and lose: by hand, against a plain search for the first trial, and who is ranked."""

import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from boxes import all_seen, texts
from worker_tables import put_beside

from bench.report import figures
from bench.report.analysis import renamed
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.analysis.workers import speed_up
from bench.report.figures import catalogue
from bench.report.figures import workers as drawn
from bench.report.look import style
from bench.report.look.paper import paper
from bench.report.runs import curves, selection
from bench.report.runs.selection import Selection
from bench.report.runs.workers import SECONDS, Timed
from bench.report.tables import tables
from bench.report.words import notes, verdict

NAMES, NUMBERS, SEEDS, TRIALS = ["random", "optuna_tpe"], [1, 2, 4], 8, 12


def losses(name: str, seed: int, workers: int) -> list[float]:
    """Random search has the same losses whatever the workers, the other worse ones the more it has."""
    chance = random.Random(f"{name}-{seed}-{1 if name == 'random' else workers}")
    worse = 0.0 if name == "random" else 0.02 * (workers - 1)
    return [0.2 + 0.05 * seed + worse + 0.1 * chance.random() for _ in range(TRIALS)]


def ends(workers: int) -> list[float]:
    """Of evaluations of one second each."""
    return [float(1 + trial // workers) for trial in range(TRIALS)]


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    for name in NAMES:
        for workers in NUMBERS:
            for seed in range(SEEDS):
                put_beside(tmp_path, name, seed, workers, losses(name, seed, workers), ends(workers))
    reading = selection.read(tmp_path, Selection(("side",)))
    (comparison,) = curves.comparisons(reading.results)
    return analyse(comparison, reading)


def timed(workers: int, best: list[float], when: list[float]) -> Timed:
    return Timed("it", "it", 0, "p", workers, np.array(when), np.array(best), exhausted=False)


def test_the_loss_is_one_that_both_reach_so_that_neither_is_favoured() -> None:
    one = timed(1, [0.9, 0.5, 0.5, 0.3], [1.0, 2.0, 3.0, 4.0])
    worse = timed(4, [0.9, 0.9, 0.4, 0.4], [0.5, 0.5, 1.0, 1.0])
    assert speed_up(one, worse) == 4.0  # to 0.4: 4 seconds against 1
    better = timed(4, [0.9, 0.9, 0.2, 0.1], [0.5, 0.5, 1.0, 2.0])
    assert speed_up(one, better) == 4.0  # to 0.3
    assert speed_up(one, one) == 1.0
    assert speed_up(better, one) == 1 / speed_up(one, better)
    nothing = timed(4, [math.inf], [1.0])
    assert speed_up(one, nothing) == 0.0
    assert speed_up(nothing, one) == math.inf
    assert math.isnan(speed_up(nothing, nothing))


def test_gains_are_medians_over_seeds_of_a_plain_search(analysis: Analysis) -> None:
    account = analysis.workers
    assert account is not None
    assert account.unit == SECONDS
    assert set(zip(account.gains["label"], account.gains["workers"], strict=True)) == {
        (name, number) for name in NAMES for number in NUMBERS
    }
    for row in account.gains.to_dict("records"):
        ratios, lost = [], []
        for seed in range(SEEDS):
            one, several = (losses(str(row["label"]), seed, number) for number in (1, row["workers"]))
            goal = max(min(one), min(several))
            reached = [
                when[next(i for i in range(TRIALS) if min(values[: i + 1]) <= goal)]
                for values, when in ((one, ends(1)), (several, ends(row["workers"])))
            ]
            ratios.append(reached[0] / reached[1])
            lost.append(min(several) - min(one))
        assert row["runs"] == SEEDS
        assert row["speed_up"] == pytest.approx(np.median(ratios))
        assert row["blind"] == pytest.approx(np.median(lost))
        # Of eight, the least and the greatest cover the median with 99.2 %.
        assert row["speed_up_low"] == pytest.approx(min(ratios))
        assert row["blind_high"] == pytest.approx(max(lost))
        assert row["clock"] == TRIALS / row["workers"]
        assert row["asking"] > 0


def test_the_clock_is_that_of_the_table_and_one_workers_the_sum_of_its_evaluations(analysis: Analysis) -> None:
    assert analysis.workers is not None
    frame = analysis.workers.clock
    for number in NUMBERS:
        part = frame[(frame["label"] == "random") & (frame["workers"] == number)]
        assert part["clock"].max() == TRIALS / number
        at_end = np.median([min(losses("random", seed, number)) for seed in range(SEEDS)])
        assert part["median"].iloc[-1] == pytest.approx(at_end)


def test_who_has_more_workers_than_others_is_shown_and_not_ranked(analysis: Analysis) -> None:
    comparison = analysis.comparison
    assert comparison.beside == {f"{name}-w{number}": number for name in NAMES for number in NUMBERS[1:]}
    assert set(analysis.family.members) == set(NAMES)
    assert analysis.competitors == [label for label in analysis.samples if label in NAMES]
    assert analysis.random == "random"
    (ranked,) = [sentence for sentence in verdict.verdict(analysis) if sentence.startswith("Ranked are")]
    assert "1 worker: those with more are the same optimisers under another condition" in ranked
    headline = verdict.verdict(analysis)[0]
    assert "-w" not in headline
    final = next(tables.tables(analysis, style.styles(analysis.samples))).shown
    assert "Not ranked: optuna_tpe-w2" in final.note


def test_the_words_say_what_intervals_carry(analysis: Analysis) -> None:
    said = " ".join(verdict.verdict(analysis))
    assert "With 4 workers the loss that a run ends with both ways is reached sooner" in said
    assert "At equal numbers of evaluations 4 workers end at a higher loss than one: optuna_tpe by" in said
    assert "random" not in said.partition("than one: optuna_tpe")[2].partition(".")[0]


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.5, 1.3), "is shown to be reached sooner, by the clock, than with one for none of the optimisers."),
        ((0.5, 0.9), "is reached later, by the clock, than with one: optuna_tpe 0.8 times ("),
    ],
)
def test_a_speed_up_is_said_where_its_whole_interval_is_one(analysis: Analysis, interval, words: str) -> None:
    assert analysis.workers is not None
    gains = analysis.workers.gains.assign(speed_up=0.8, speed_up_low=interval[0], speed_up_high=interval[1])
    gains = gains[gains["label"] == "optuna_tpe"]
    said = " ".join(verdict.verdict(replace(analysis, workers=replace(analysis.workers, gains=gains))))
    assert f"With 4 workers the loss that a run ends with both ways {words}" in said


def test_a_line_each_is_of_the_fewest_workers_of_an_optimiser_and_its_caption_says_so(
    analysis: Analysis, tmp_path: Path
) -> None:
    for seed in range(SEEDS):
        put_beside(tmp_path, "alone", seed, 2, losses("alone", seed, 2), ends(2))
    reading = selection.read(tmp_path, Selection(("side",)))
    (comparison,) = curves.comparisons(reading.results)
    one = analyse(comparison, reading)
    looks = style.styles(one.samples)
    sketches = {sketch.name: sketch for sketch in catalogue.sketches(one, looks)}
    for name in ("validation", "seconds", "regret"):
        with figures.look():
            figure = sketches[name].draw()
        shown = {text.get_text() for text in texts(figure)}
        assert {"random", "optuna_tpe", "alone-w2"} <= shown, name
        assert not {"random-w2", "optuna_tpe-w4"} & shown, name
        assert "more workers are left out here" in figure.get_label(), name


def test_of_runs_that_all_have_as_many_workers_the_order_holds_for_these(tmp_path: Path) -> None:
    for name in NAMES:
        for seed in range(SEEDS):
            put_beside(tmp_path, name, seed, 4, losses(name, seed, 4), ends(4))
    reading = selection.read(tmp_path, Selection(("side",)))
    (comparison,) = curves.comparisons(reading.results)
    one = analyse(comparison, reading)
    assert comparison.beside == {}
    assert set(one.family.members) == {"random-w4", "optuna_tpe-w4"}
    assert "All runs have 4 workers; the order holds for these." in verdict.verdict(one)
    assert one.workers is not None
    assert (one.workers.gains["runs"] == 0).all()
    assert any("four workers, simulated" in note for note in notes.notes(comparison, reading.results))


def test_without_workers_there_is_no_account(tmp_path: Path) -> None:
    for seed in range(SEEDS):
        put_beside(tmp_path, "random", seed, 1, losses("random", seed, 1), ends(1))
    reading = selection.read(tmp_path, Selection(("side",)))
    (comparison,) = curves.comparisons(reading.results)
    assert analyse(comparison, reading).workers is None
    assert not any("workers" in note for note in notes.notes(comparison, reading.results))


@pytest.mark.parametrize("venue", [None, "icml2024"])
def test_figures_show_the_frames_and_everything_is_seen(analysis: Analysis, venue: str | None) -> None:
    account, looks = analysis.workers, style.styles(analysis.samples)
    assert account is not None
    several = account.gains[account.gains["workers"] > 1]
    with figures.look(paper(venue) if venue else None):
        shown = {
            "clock": drawn.clock(account.clock, account.unit, looks, "digits · lightgbm"),
            "speed_up": drawn.speed_up(several, looks, "digits · lightgbm"),
            "blind": drawn.blind(several, looks, "digits · lightgbm", "log_loss"),
        }
        for figure in shown.values():
            all_seen(figure)
    for name in ("speed_up", "blind"):
        for axes, label in zip(shown[name].axes, dict.fromkeys(several["label"]), strict=True):
            points = [line for line in axes.lines if line.get_marker() not in ("None", "")]
            assert len(points) == 1
            assert list(points[0].get_ydata()) == list(several.loc[several["label"] == label, name])
    lines = [line for line in shown["clock"].axes[0].lines if line.get_drawstyle() == "steps-post"]
    assert len(lines) == len(NUMBERS)
    assert len({line.get_color() for line in lines}) == len(NUMBERS)
    assert {"1", "2", "4"} <= {text.get_text() for text in shown["clock"].axes[0].texts}
    caption = " ".join([str(shown["clock"].get_label()), *(text.get_text() for text in texts(shown["clock"]))])
    assert "the clock of the workers" in " ".join(caption.split())


def test_the_figures_and_the_table_are_in_the_report_and_take_display_names(analysis: Analysis) -> None:
    named = renamed.renamed(analysis, {"optuna_tpe": "TPE"})
    looks = style.styles([*analysis.samples, "TPE"])
    assert {"clock", "workers", "blind"} <= {sketch.name for sketch in catalogue.sketches(named, looks)}
    (table,) = [table for table in tables.tables(named, looks) if table.name == "workers"]
    assert {row[0].text for row in table.shown.rows} == {"random", "TPE"}
    assert len(table.shown.rows) == len(NAMES) * len(NUMBERS)
