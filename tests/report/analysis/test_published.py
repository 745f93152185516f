"""Published losses beside ours: medians and ranges by hand, in the table, in sentences, and bad files in one line."""

import math
import re
from pathlib import Path

import pandas as pd
import pytest
import trials
from commands import ROOT

from bench.errors import UserError
from bench.report.analysis import published
from bench.report.build import build
from bench.results import RunId

EXAMPLE = re.search(r"```yaml\n(problem: .*?)```", (ROOT / "docs/report.md").read_text(), flags=re.DOTALL)[1]


@pytest.fixture
def results(tmp_path: Path, undrawn: None) -> Path:
    """Random search of 4 evaluations and TPE of 2, each with three seeds."""
    folder = tmp_path / "results"
    for seed, last in enumerate((0.060, 0.062, 0.050)):
        trials.put(folder, RunId("e", "wine", "lightgbm", "random", seed), [0.9, 0.5, 0.4, last])
        trials.put(folder, RunId("e", "wine", "lightgbm", "optuna_tpe", seed), [0.9, last - 0.02])
    return folder


def write(results: Path, text: str) -> Path:
    path = results / "e" / published.FILE
    path.write_text(text)
    return path


def test_each_run_counts_after_all_of_its_trials_and_ranges_are_told(results: Path, tmp_path: Path) -> None:
    write(results, EXAMPLE.replace("remarks:", "  grid: [0.7]\nremarks:"))
    folder = build(results, tmp_path / "reports", ["e"])
    frame = pd.read_csv(folder / "tables/wine-lightgbm-published.csv", keep_default_na=False).set_index("label")
    random, tpe, grid = (frame.loc[label] for label in ("random", "optuna_tpe", "grid"))
    assert (random["published_median"], random["published_least"], random["published_most"]) == (0.061, 0.058, 0.064)
    assert (random["fewest_trials"], random["most_trials"], random["runs"]) == (4, 4, 3)
    assert float(random["median"]) == 0.060
    assert math.isclose(float(random["difference"]), -0.001)
    assert random["ranges"] == "overlap"
    assert (tpe["most_trials"], tpe["ranges"]) == (2, "ours")
    assert (grid["runs"], grid["median"], grid["ranges"]) == (0, "", "")
    page = (folder / "report.md").read_text()
    assert (folder / "tables/wine-lightgbm-published.md").read_text() in page
    assert "| random | 0.06100 (0.05800 to 0.06400) | 3 | 0.06000 (0.05000 to 0.06200) | 3 | 4 |" in page
    for words in (
        "- random: our median lies 0.001 below the published one; the ranges overlap. Theirs draws from another range",
        "- optuna_tpe: our median lies 0.01 below the published one; the ranges do not overlap.",
        "- grid: published, and not in this report.",
        "Published: A. Author (2026), table 3",
    ):
        assert words in page
    assert "Theirs draws from another range" in (folder / "report.html").read_text()


def test_what_is_equal_to_as_many_decimals_as_were_published_is_equal(results: Path, tmp_path: Path) -> None:
    trials.put(results, RunId("e", "wine", "lightgbm", "grid", 0), [0.9, 0.4981659], budget=2)
    write(results, EXAMPLE.replace("remarks:", "  grid: [0.498166]\nremarks:"))
    page = (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()
    assert "- grid: our median is the published one to its last decimal." in page
    write(results, EXAMPLE.replace("remarks:", "  grid: [0.498167]\nremarks:"))
    page = (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()
    assert "- grid: our median lies 1.1e-06 below the published one; the ranges do not overlap." in page


def test_without_the_file_there_is_no_such_table_and_pandas_reads_the_folder_with_it(
    results: Path, tmp_path: Path
) -> None:
    folder = build(results, tmp_path / "reports", ["e"])
    assert not list(folder.rglob("*published*"))
    write(results, EXAMPLE)
    assert len(pd.read_parquet(results / "e")) == 18


def test_runs_of_several_lengths_and_experiments_count_each_with_its_own(results: Path, tmp_path: Path) -> None:
    write(results, EXAMPLE)
    trials.put(results, RunId("e", "wine", "lightgbm", "random", 3), [0.9, 0.01])
    other = trials.metadata(RunId("f", "wine", "lightgbm", "random", 0))["config"]
    trials.put(
        results, RunId("f", "wine", "lightgbm", "random", 0), [0.02], budget=1, config=other | {"budget": {"trials": 1}}
    )
    folder = build(results, tmp_path / "reports", ["e", "f"])
    frame = pd.read_csv(folder / "tables/wine-lightgbm-published.csv").set_index("label")
    assert list(frame.index) == ["random (e)", "random (f)", "optuna_tpe"]
    assert frame.loc["random (e)", ["runs", "least", "fewest_trials", "most_trials"]].tolist() == [4, 0.01, 2, 4]
    assert frame.loc["random (f)", ["runs", "median", "most_trials"]].tolist() == [1, 0.02, 1]
    assert (
        "| random (e) | 0.06100 (0.05800 to 0.06400) | 3 | 0.05500 (0.01000 to 0.06200) | 4 | 2 to 4 |"
        in (folder / "report.md").read_text()
    )


def test_words_of_the_file_are_no_markup(results: Path, tmp_path: Path) -> None:
    example = EXAMPLE.replace("Theirs draws", "<b onclick='x()'>Theirs</b> draws").replace(
        "A. Author", "<i>A. Author</i>"
    )
    write(results, example)
    folder = build(results, tmp_path / "reports", ["e"])
    for page in ("report.md", "report.html", "tables/wine-lightgbm-published.html"):
        text = (folder / page).read_text()
        assert "<b onclick" not in text
        assert "<i>A. Author" not in text


def test_of_another_problem_it_says_nothing(results: Path, tmp_path: Path) -> None:
    write(results, EXAMPLE.replace("wine/lightgbm", "iris/lightgbm"))
    assert "Author" not in (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()


def test_of_another_metric_it_says_nothing(results: Path, tmp_path: Path) -> None:
    write(results, EXAMPLE.replace("metric: log_loss", "metric: error"))
    assert "Author" not in (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()
    write(results, EXAMPLE.replace("metric: log_loss", ""))
    assert "Author" in (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()


def test_where_half_of_our_runs_found_nothing_it_is_said(results: Path, tmp_path: Path) -> None:
    for seed in range(2):
        trials.put(results, RunId("e", "wine", "lightgbm", "grid", seed), [None, None], budget=2)
    write(results, EXAMPLE.replace("remarks:", "  grid: [0.7]\nremarks:"))
    page = (build(results, tmp_path / "reports", ["e"]) / "report.md").read_text()
    assert "- grid: half of our runs or more found nothing." in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("losses: [", "while parsing"),
        (EXAMPLE.replace("0.061", "1e-3"), "losses.random: 1e-3 is no number (in YAML write 1.0e-3"),
        (EXAMPLE.replace("0.061", "1" + "0" * 400), "losses.random: a number is not finite"),
        (EXAMPLE.replace("wine/lightgbm", "/"), "expected DATASET/MODEL, found /"),
        (
            EXAMPLE.split("remarks:")[0] + "remarks: {random: }\n",
            "remarks: expected names of optimisers, each with a text",
        ),
        ("- random", "expected the keys problem, metric, source"),
        (EXAMPLE + "loses: 1\n", "unknown key loses"),
        (EXAMPLE.replace("metric: log_loss", "metric: 3"), "metric: expected a name"),
        (EXAMPLE.replace("wine/lightgbm", "wine"), "expected DATASET/MODEL, found wine"),
        (EXAMPLE.replace("source:", "remarks_:").replace("remarks_:", "#"), "source: expected text"),
        (EXAMPLE.replace("0.061", "low"), "losses.random: low is no number"),
        (EXAMPLE.replace("0.061", ".nan"), "losses.random: a number is not finite"),
        (EXAMPLE.replace("  random: Theirs", "  grid: Theirs"), "of an optimiser that losses does not name"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(results: Path, tmp_path: Path, text: str, message: str) -> None:
    path = write(results, text)
    with pytest.raises(UserError, match=re.escape(message)) as refused:
        build(results, tmp_path / "reports", ["e"])
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
