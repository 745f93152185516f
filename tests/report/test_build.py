"""The report: frames against plain loops, figures and tables against the frames."""

import itertools
import math
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import trials
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

from bench import results
from bench.errors import UserError
from bench.report import figures
from bench.report.build import build
from bench.report.look import style
from bench.report.runs import curves
from bench.report.statistics import quartiles
from bench.results import RunId


def compare(results_dir: Path, *experiments: str) -> list[curves.Comparison]:
    return curves.comparisons(results.read(results_dir, experiments, columns=curves.COLUMNS))


def quantile(values: list[float], p: float) -> float:
    """The linear rule by plain arithmetic, infinities as limits."""
    ordered = sorted(values)
    h = p * (len(ordered) - 1)
    i = math.floor(h)
    if h == i or ordered[i] == ordered[i + 1]:
        return ordered[i]
    if ordered[i + 1] == math.inf:
        return math.inf
    return ordered[i] + (h - i) * (ordered[i + 1] - ordered[i])


LOSS = st.one_of(st.none(), st.floats(0, 10), st.sampled_from([0.5, 1.0]))


# --- quartiles --------------------


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.inf), st.just(math.nan)), min_size=1, max_size=12))
def test_quartiles_are_those_of_a_plain_loop(values: list[float]) -> None:
    plain = [math.inf if math.isnan(value) else value for value in values]
    expected = [quantile(plain, p) for p in (0.25, 0.5, 0.75)]
    assert quartiles.quartiles(np.array(values)) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=15))
def test_finite_quartiles_are_numpys_and_the_standard_librarys(values: list[float]) -> None:
    lower, middle, upper = quartiles.quartiles(np.array(values))
    assert middle == pytest.approx(median(values), rel=1e-12, abs=1e-9)
    assert [lower, upper] == pytest.approx(list(np.quantile(values, [0.25, 0.75])), rel=1e-12, abs=1e-9)


def test_a_median_is_undefined_until_more_than_half_of_the_runs_have_a_success() -> None:
    assert quartiles.quartiles(np.array([1.0, math.inf]))[1] == math.inf
    assert quartiles.quartiles(np.array([1.0, 2.0, math.inf]))[1] == 2.0
    assert quartiles.quartiles(np.array([1.0, math.nan]))[1] == math.inf


# --- curves --------------------


def brute_force(
    runs: list[tuple[list[float | None], list[float | None], str]], end: int
) -> list[tuple[list[float], list[float]]]:
    """Per number of evaluations the best loss and the incumbent's test loss of each run."""
    points = []
    for count in range(1, end + 1):
        best_losses, test_losses = [], []
        for losses, tests, _ in runs:
            best, test = math.inf, math.inf
            for trial in range(min(count, len(losses))):
                loss = losses[trial]
                if loss is not None and loss < best:
                    best, test = loss, tests[trial]
            best_losses.append(best)
            test_losses.append(math.inf if test is None else test)
        points.append((best_losses, test_losses))
    return points


RUN = st.tuples(
    st.lists(st.tuples(LOSS, st.floats(0, 10)), min_size=0, max_size=6), st.sampled_from(["budget", "exhausted"])
)


@examples(60)
@given(st.lists(RUN, min_size=1, max_size=5))
def test_curves_are_those_of_a_plain_loop(tmp_path_factory: pytest.TempPathFactory, drawn: list) -> None:
    budget = 6
    folder = tmp_path_factory.mktemp("results")
    runs = []
    for seed, (pairs, ended) in enumerate(drawn):
        losses = [loss for loss, _ in pairs]
        tests = [test if loss is not None else None for loss, test in pairs]
        runs.append((losses, tests, ended))
        run = RunId("e", "iris", "lightgbm", "random", seed)
        trials.put(folder, run, losses, tests, budget, ended=ended)
    (comparison,) = compare(folder, "e")
    frame = comparison.curves
    assert frame["evaluations"].tolist() == list(range(1, budget + 1))
    assert (frame["runs"] == len(runs)).all()
    some_test = any(loss is not None for losses, _, _ in runs for loss in losses)
    for row, (best, test) in zip(frame.to_dict("records"), brute_force(runs, budget), strict=True):
        for name, p in (("lower", 0.25), ("median", 0.5), ("upper", 0.75)):
            assert row[f"validation_{name}"] == pytest.approx(quantile(best, p))
            if some_test:
                assert row[f"test_{name}"] == pytest.approx(quantile(test, p))
            else:
                assert math.isnan(row[f"test_{name}"])


def test_evaluations_count_from_one_and_the_first_of_equals_is_the_incumbent(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [3.0, 1.0, 1.0], [0.3, 0.1, 0.2])
    (comparison,) = compare(tmp_path, "e")
    assert comparison.curves[["evaluations", "validation_median", "test_median"]].to_numpy().tolist() == [
        [1.0, 3.0, 0.3],
        [2.0, 1.0, 0.1],
        [3.0, 1.0, 0.1],
    ]


def test_an_exhausted_run_is_carried_on_and_one_with_a_smaller_budget_is_not(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "grid", 0), [3.0, 2.0], budget=2, ended="exhausted")
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [3.0, 2.5, 2.2])
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "smac", 0), [3.0, 2.5, 2.4, 1.0, 0.5])
    (comparison,) = compare(tmp_path, "e")
    assert comparison.curves.groupby("label")["evaluations"].max().to_dict() == {"grid": 5, "random": 3, "smac": 5}
    assert comparison.evaluations == 3
    assert comparison.final["label"].tolist() == ["grid", "random", "smac"]
    assert comparison.final["validation_median"].tolist() == [2.0, 2.2, 2.4]
    assert comparison.final["exhausted"].tolist() == [1, 0, 0]


def test_a_run_that_spent_its_seconds_is_carried_on_to_its_budget(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [3.0, 2.0], budget=4)
    (comparison,) = compare(tmp_path, "e")
    assert comparison.curves["validation_median"].tolist() == [3.0, 2.0, 2.0, 2.0]
    assert comparison.final["stopped"].tolist() == [1]


def test_a_curve_whose_runs_have_different_budgets_ends_with_the_least(
    tmp_path: Path, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [3.0, 2.0])
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 1), [5.0, 4.0, 0.0])
    (comparison,) = compare(tmp_path, "e")
    assert comparison.curves["validation_median"].tolist() == [4.0, 3.0]
    build(tmp_path, tmp_path / "reports", ["e"])
    assert "different budgets" in capsys.readouterr().err


def test_failed_trials_and_seeds_are_counted_not_averaged_away(tmp_path: Path) -> None:
    for seed in range(4):
        losses = [None, None, None] if seed < 2 else [None, 1.0, None]
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), losses)
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "smac", 0), [9.0, 9.0, 9.0])
    (comparison,) = compare(tmp_path, "e")
    final = comparison.final.set_index("label")
    assert final.index.tolist() == ["smac", "random"]
    assert final.loc["random", ["runs", "trials", "failed", "without_success"]].tolist() == [4, 12, 10, 2]
    assert final.loc["random", "validation_median"] == math.inf
    shown = figures.view(comparison, "validation", style.styles(final.index))
    remarks = {line.label: line.remark for line in shown.lines}
    assert remarks == {"smac": "n = 1", "random": "no median, 10 of 12 failed"}


def test_seconds_are_medians_over_runs_of_means_per_trial(tmp_path: Path) -> None:
    for seed, ask in enumerate([1.0, 2.0, 9.0]):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [1.0] * (seed + 1), budget=3, ask=ask)
    (comparison,) = compare(tmp_path, "e")
    assert comparison.final["optimizer_seconds"].tolist() == pytest.approx([2.5])
    assert comparison.final["evaluation_seconds"].tolist() == pytest.approx([0.5])


def test_final_losses_are_the_curves_at_the_common_number_of_evaluations(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path)
    (comparison,) = compare(tmp_path, "demo")
    assert comparison.evaluations == 20
    ends = comparison.curves[comparison.curves["evaluations"] == 20].set_index("label")
    for row in comparison.final.to_dict("records"):
        for kind, name in itertools.product(("validation", "test"), ("lower", "median", "upper")):
            assert row[f"{kind}_{name}"] == ends.loc[row["label"], f"{kind}_{name}"]
    assert comparison.final["validation_median"].is_monotonic_increasing


# --- what may share a figure --------------------


def test_runs_on_different_problems_are_refused_in_one_line_that_says_what_differs(tmp_path: Path) -> None:
    random_run, other = RunId("a", "iris", "lightgbm", "random", 0), RunId("b", "iris", "lightgbm", "smac", 0)
    config = trials.metadata(other)["config"]
    config["resampling"]["valid"] = 0.3
    trials.put(tmp_path, random_run, [1.0])
    trials.put(tmp_path, other, [1.0], problem_family="another", config=config)
    with pytest.raises(UserError) as refused:
        build(tmp_path, tmp_path / "reports", ["a", "b"])
    message = str(refused.value)
    assert "\n" not in message
    for part in ("iris/lightgbm", str(random_run), str(other), "resampling.valid: 0.2, 0.3"):
        assert part in message
    assert not (tmp_path / "reports").exists()


def test_paired_seeds_are_one_family(tmp_path: Path) -> None:
    for seed in range(3):
        trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", seed), [1.0], problem=f"problem of seed {seed}")
    (comparison,) = compare(tmp_path, "e")
    assert comparison.final["runs"].tolist() == [3]


def test_experiments_are_merged_and_told_apart_only_where_they_have_the_same_run(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("a", "iris", "lightgbm", "random", 0), [1.0])
    trials.put(tmp_path, RunId("a", "iris", "lightgbm", "smac", 0), [2.0])
    trials.put(tmp_path, RunId("b", "iris", "lightgbm", "random", 1), [3.0])
    trials.put(tmp_path, RunId("b", "iris", "lightgbm", "mine", 0), [4.0])
    (comparison,) = compare(tmp_path, "a", "b")
    assert dict(zip(comparison.final["label"], comparison.final["runs"], strict=True)) == {
        "random": 2,
        "smac": 1,
        "mine": 1,
    }
    trials.put(tmp_path, RunId("b", "iris", "lightgbm", "smac", 0), [0.5])
    (comparison,) = compare(tmp_path, "a", "b")
    assert sorted(comparison.final["label"]) == ["mine", "random", "smac (a)", "smac (b)"]


def test_one_name_for_two_settings_makes_two_curves_or_none(tmp_path: Path) -> None:
    def settings(run: RunId, gamma: float) -> dict:
        config = trials.metadata(run, budget=1)["config"]
        return {**config, "optimizer": {**config["optimizer"], "gamma": gamma}}

    first, second = (RunId(name, "iris", "lightgbm", "tpe", seed) for seed, name in enumerate("ab"))
    trials.put(tmp_path, first, [1.0], config=settings(first, 0.1))
    trials.put(tmp_path, second, [1.0], config=settings(second, 0.2))
    (comparison,) = compare(tmp_path, "a", "b")
    assert sorted(comparison.final["label"]) == ["tpe (a)", "tpe (b)"]
    third = RunId("a", "iris", "lightgbm", "tpe", 5)
    trials.put(tmp_path, third, [1.0], config=settings(third, 0.2))
    with pytest.raises(UserError, match=r"gamma: 0\.1, 0\.2"):
        compare(tmp_path, "a")


def test_mixed_environments_are_warned_of_on_the_page_and_stderr(
    tmp_path: Path, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 1)
    provenance = {**trials.metadata(run)["provenance"], "versions": {**trials.VERSIONS, "lightgbm": "4.7.0"}}
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0])
    trials.put(tmp_path, run, [1.0], provenance={**provenance, "host": "elsewhere.example"}, diverged_at=3)
    folder = build(tmp_path, tmp_path / "reports", ["e"])
    warned = capsys.readouterr().err
    for text in (warned, (folder / "report.md").read_text()):
        assert "versions.lightgbm: 4.6.0, 4.7.0" in text
        assert f"interrupted: {run}" in text
    assert "elsewhere" not in warned


def test_a_table_with_missing_trials_is_refused(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 0)
    rows = trials.trial_rows(run, [1.0, 2.0, 3.0])
    results.write_run(run.path(tmp_path), [rows[0], rows[2]], trials.metadata(run))
    with pytest.raises(UserError, match="not numbered"):
        compare(tmp_path, "e")


def test_a_table_at_another_runs_place_is_refused(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 0)
    trials.put(tmp_path, run, [1.0])
    run.path(tmp_path).rename(run.path(tmp_path).with_name("7.parquet"))
    with pytest.raises(UserError, match="elsewhere"):
        compare(tmp_path, "e")


# --- figures --------------------


def test_a_diverged_trial_or_optimiser_does_not_hide_the_others(tmp_path: Path) -> None:
    for seed in range(5):
        for name, level in (("random", 0.12), ("smac", 0.1), ("broken", 30.0)):
            losses = [level + 0.01 * seed + 1 / (trial + 1) ** 2 for trial in range(20)]
            losses[0] = 1000.0
            trials.put(tmp_path, RunId("e", "iris", "lightgbm", name, seed), losses)
    (comparison,) = compare(tmp_path, "e")
    shown = figures.view(comparison, "validation", style.styles(["random", "smac", "broken"]))
    assert 0.05 < shown.bottom < 0.12
    assert 0.15 < shown.top < 0.3
    assert {line.label: line.remark for line in shown.lines}["broken"].startswith("above, at 30.0")
    assert any("cut off" in remark and "1e+03" in remark for remark in shown.remarks)


@pytest.mark.parametrize(
    ("ends", "seen"),
    [
        ({"a": (0.05, 0.05), "b": (0.06, 0.07)}, {"a", "b"}),
        ({"a": (0.05, 0.0501), "b": (0.06, 0.0601)}, {"a", "b"}),
        ({"a": (0.05, 0.06), "b": (0.06, 0.07), "c": (30.0, 31.0)}, {"a", "b"}),
        ({"a": (0.05, 0.05), "b": (0.05, 0.05), "c": (0.06, 0.06)}, {"a", "b", "c"}),
        ({"a": (-3.0, -2.0)}, {"a"}),
        ({"a": (0.0, 0.0), "b": (math.inf, math.inf)}, {"a"}),
        ({"a": (1.0, math.inf), "b": (9.0, 9.0)}, {"a", "b"}),
    ],
)
def test_the_axis_shows_every_curve_but_outliers(ends: dict[str, tuple[float, float]], seen: set[str]) -> None:
    frame = pd.DataFrame(
        [
            {"label": name, "evaluations": count, "test_lower": low, "test_median": low, "test_upper": high}
            for name, (low, high) in ends.items()
            for count in range(1, 11)
        ]
    )
    bottom, top = figures.limits(frame, "test")
    assert {name for name, (low, _) in ends.items() if bottom < low < top} == seen


@given(st.lists(st.tuples(st.floats(-50, 250), st.floats(5, 25)), min_size=1, max_size=8))
def test_labels_do_not_overlap_and_stay_within_bounds(labels: list[tuple[float, float]]) -> None:
    targets = sorted(target for target, _ in labels)
    heights = [height for _, height in labels]
    places = figures.spread(targets, heights, 0, 210)
    for place, height in zip(places, heights, strict=True):
        assert place - height / 2 >= -1e-6
        assert place + height / 2 <= 210 + 1e-6
    for (low, below), (high, above) in itertools.pairwise(zip(places, heights, strict=True)):
        assert high - low >= (below + above) / 2 - 1e-6
    room = list(itertools.pairwise(sorted(targets)))
    if all(high - low >= 25 for low, high in room) and targets[0] >= 13 and targets[-1] <= 197:
        assert places == pytest.approx(targets)


@pytest.mark.parametrize("longest", [1, 2, 3, 7, 10, 19, 20, 50, 99, 1000, 100_000])
def test_ticks_are_few_and_have_both_ends(longest: int) -> None:
    ticks = figures.ticks(longest)
    assert ticks == sorted(set(ticks))
    assert ticks[0] == 1
    assert ticks[-1] == longest
    assert len(ticks) <= 8


def test_drawn_curves_are_steps_through_the_frame(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path)
    (comparison,) = compare(tmp_path, "demo")
    shown = figures.view(comparison, "test", style.styles(comparison.final["label"]))
    with figures.look():
        (axes,) = figures.draw(shown).axes
    drawn = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert all(line.get_drawstyle() == "steps-post" for line in drawn)
    for line in shown.lines:
        frame = comparison.curves.query("label == @line.label")
        assert line.median.tolist() == frame["test_median"].tolist()
        (first, *rest) = [entry for entry in drawn if entry.get_color() == line.style.color]
        x = [value for entry in (first, *rest) for value in entry.get_xdata()]
        y = [value for entry in (first, *rest) for value in entry.get_ydata()]
        for count, value in zip(frame["evaluations"], frame["test_median"], strict=True):
            if value < shown.top:
                assert value in [b for a, b in zip(x, y, strict=True) if a == count]


def test_no_text_leaves_the_figure_or_covers_another(tmp_path: Path) -> None:
    for name in [*style.KNOWN, "a_name_that_is_much_longer_than_any_of_the_others"]:
        for seed in range(2):
            losses: list[float | None] = [1.0, None, 0.5, 0.5]
            trials.put(tmp_path, RunId("e", "iris", "lightgbm", name, seed), losses, metric="root_mean_squared_error")
    (comparison,) = compare(tmp_path, "e")
    with figures.look():
        figure = figures.draw(figures.view(comparison, "validation", style.styles(comparison.final["label"])))
        figures.render(figure)
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        (axes,) = figure.axes
        texts = [*figure.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        boxes = [text.get_window_extent(renderer) for text in texts if text.get_text()]
        whole = figure.bbox
    for box in boxes:
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert whole.y0 <= box.y0
        assert box.y1 <= whole.y1
    for one, other in itertools.combinations(boxes, 2):
        assert (
            min(one.x1, other.x1) - max(one.x0, other.x0) < 0.5 or min(one.y1, other.y1) - max(one.y0, other.y0) < 0.5
        )


# --- reading --------------------


def test_reading_some_columns_gives_those_of_the_whole_table(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path, seeds=2)
    whole = results.read(tmp_path, ["demo"])
    some = results.read(tmp_path, ["demo"], columns=["optimizer", "best_loss"])
    assert some.runs == whole.runs
    pd.testing.assert_frame_equal(some.trials, whole.trials[["optimizer", "best_loss"]])


def test_versions_of_what_only_an_optimiser_needs_are_named(tmp_path: Path, undrawn: None) -> None:
    for seed, version in enumerate(("2.3.0", "2.4.1")):
        run = RunId("e", "wine", "lightgbm", "smac_rf", seed)
        origin = trials.metadata(run)["provenance"] | {"optimizer_versions": {"smac": version, "optuna": "5.0.0"}}
        trials.put(tmp_path / "results", run, [0.5, 0.4], budget=2, provenance=origin)
    page = (build(tmp_path / "results", tmp_path / "reports", ["e"]) / "report.md").read_text()
    assert "- versions: lightgbm 4.6.0, optuna 5.0.0\n- versions, of optimisers: smac 2.3.0, smac 2.4.1\n" in page


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    run = RunId("e", "iris", "lightgbm", "random", 0)
    trials.put(tmp_path, run, [1.0])
    whole = run.path(tmp_path).read_bytes()
    table = pq.read_table(run.path(tmp_path))
    for damage in ("cut", "column", "metadata"):
        if damage == "cut":
            run.path(tmp_path).write_bytes(whole[: len(whole) // 2])
        elif damage == "column":
            pq.write_table(table.drop_columns(["best_loss"]), run.path(tmp_path))
        else:
            pq.write_table(table.replace_schema_metadata(None), run.path(tmp_path))
        with pytest.raises(results.DamagedTable, match=r"0\.parquet"):
            compare(tmp_path, "e")
