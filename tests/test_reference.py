"""The reference results: reports are what their tables give, trials come out the same, and pages quote them truly."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import tables
from commands import ROOT, bench
from pictures import leave_undrawn

from bench import provenance, results
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.runs import curves, selection
from bench.report.words import verdict
from bench.results import RunId

PAGE = (ROOT / "docs/reference.md").read_text()
COMMITTED = re.findall(r"^\| `(\w+)` \|", PAGE[: PAGE.index("## ")], flags=re.MULTILINE)
if not (ROOT / "reports" / COMMITTED[0]).is_dir():
    pytest.skip("the reference results are in a checkout alone", allow_module_level=True)


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the reference tables and reports, where a user may do what he likes."""
    for name in ("results", "reports"):
        (tmp_path / name).mkdir()
        for experiment in COMMITTED:
            shutil.copytree(ROOT / name / experiment, tmp_path / name / experiment)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made_by(experiment: str) -> list[str]:
    """The command of a report, without `bench`."""
    page = Path("reports", experiment, "report.md").read_text()
    return shlex.split(re.search(r"^Made by `bench (.+)`\.$", page, flags=re.MULTILINE)[1])


def same_cpu(experiment: str) -> bool:
    """Whether this machine is of the kind that made the runs, so that the last digits must agree."""
    paths = results.find(Path("results"), experiment)
    _, metadata = results.read_file(next(iter(paths.values())), [])
    return bool(metadata["provenance"]["cpu"] == provenance.cpu())


@pytest.mark.parametrize("experiment", COMMITTED)
def test_every_run_that_the_experiment_has_is_there_and_done(
    experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("run", f"experiment={experiment}", "dry_run=true") == 0
    counts = re.match(r"(\d+) runs: (\d+) done, (\d+) to do", capsys.readouterr().out)
    assert counts is not None
    planned, done, to_do = map(int, counts.groups())
    assert (done, to_do) == (planned, 0)
    assert planned == len(results.find(Path("results"), experiment))
    assert f"reports/{experiment}/report.md" in PAGE


@pytest.mark.parametrize("experiment", COMMITTED)
def test_no_trial_failed(experiment: str) -> None:
    trials = pd.read_parquet(f"results/{experiment}")
    assert trials["status"].eq("ok").all()
    assert trials["loss"].notna().all()


EVERY_MODEL = ("otto_reference", "lecture_keras")
"""A report of each model, with and without curves of training; `make test-all` has the others."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "experiment",
    [name if name in EVERY_MODEL else pytest.param(name, marks=pytest.mark.exhaustive) for name in COMMITTED],
)
def test_the_report_is_what_the_tables_give(experiment: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = made_by(experiment)
    status = bench(*command, "--check")
    out = capsys.readouterr().out
    if same_cpu(experiment):
        assert status == 0, out
    else:  # sums and logarithms of another kind of CPU may differ in the last digit, and figures with them
        assert not re.findall(r"^(?:missing|extra): .*", out, flags=re.MULTILINE)
        assert bench(*command, "--reports-dir", "here") == 0
        for path in sorted(Path("reports", experiment, "tables").glob("*.csv")):
            table = pd.read_csv(Path("here", experiment, "tables", path.name))
            pd.testing.assert_frame_equal(table, pd.read_csv(path), rtol=1e-6)


@pytest.mark.slow
def test_the_commands_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand, but that nothing is trained: a run is planned, and verify tried below."""
    leave_undrawn(monkeypatch)
    text = "".join(re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL))
    commands = [shlex.split(line, comments=True)[1:] for line in text.splitlines()]
    assert {command[0] for command in commands} == {"report", "verify", "run"}
    for name in COMMITTED:  # a report of one's own takes the place of the committed one
        shutil.rmtree(tmp_path / "reports" / name)
    for command in commands:
        if command[0] == "run":
            assert bench(*command, *(["dry_run=true"] if "dry_run=true" not in command else [])) == 0
        elif command[0] == "report" and "--check" not in command:
            assert bench(*command) == 0
    planned = re.findall(r"^\d+ runs: .*$", capsys.readouterr().out, flags=re.MULTILINE)
    assert planned == ["80 runs: 0 done, 80 to do", "80 runs: 80 done, 0 to do", "80 runs: 0 done, 80 to do"]
    assert Path("paper/otto_reference/figures/otto-lightgbm-validation.pdf").is_file()


@pytest.mark.slow
def test_stored_trials_come_out_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(os.environ.get("BENCH_TEST_DATA", ""), "otto")
    if not os.environ.get("BENCH_TEST_DATA") or not data.is_dir():
        pytest.skip("needs otto under the folder that BENCH_TEST_DATA names")
    if not same_cpu("otto_reference"):
        pytest.skip("another kind of CPU than that of the reference runs")
    assert bench("verify", "otto_reference", "--trials", "2", "--datasets-dir", data.parent) == 0
    assert capsys.readouterr().out.count("same: otto_reference/otto/lightgbm/") == 2


def test_a_newcomer_with_one_seed_changes_nobody_elses_result(checkout: Path) -> None:
    experiment, label = "otto_reference", "my_es"
    before = analysed(experiment)
    run = RunId(experiment, "otto", "lightgbm", "random", 3)
    table, metadata = results.read_file(run.path(checkout / "results"))
    rows = [{**row, "optimizer": label, "loss": 0.01, "best_loss": 0.01} for row in table.to_pylist()]
    config = metadata["config"]["optimizer"] | {"name": label, "class": "theirs.MyES"}
    metadata["config"]["optimizer"] = config
    results.write_run(replace(run, optimizer=label).path(checkout / "results"), rows, metadata)
    after = analysed(experiment)
    said, known = verdict.verdict(after), verdict.verdict(before)
    of_ranked = "Of those ranked the lowest validation log loss, "  # as its own is lower
    assert [line.replace(of_ranked, "The lowest validation log loss, ") for line in said[: len(known)]] == known
    assert sum(of_ranked in line for line in said) == 1
    more = "4 are needed for a test in this comparison, 6 for an interval"
    assert said[len(known) :] == [f"{label} has 1 seed: shown, not ranked; {more}."]
    for kind, frame in before.pairs.items():
        others = after.pairs[kind].query("a != @label and b != @label").reset_index(drop=True)
        pd.testing.assert_frame_equal(others, frame, check_exact=True)
    pd.testing.assert_frame_equal(after.reaching.query("label != @label").reset_index(drop=True), before.reaching)


def analysed(experiment: str) -> Analysis:
    reading = selection.read(Path("results"), selection.selection([experiment]))
    (comparison,) = curves.comparisons(reading.results)
    return analyse(comparison, reading)


def test_nnis_training_is_done_once_more(tmp_path: Path) -> None:
    """The command of the page, on few trials: the same draws, with LightGBM's own seeds."""
    data = tables.real("lightgbm-regression", "regression.train").parent
    script = [sys.executable, ROOT / "benchmarks/published/nni_autogbdt.py", "--data", data, "--runs", "2"]
    done = subprocess.run([*script, "--trials", "3"], capture_output=True, text=True, check=True)
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    assert heads == ["best loss", "seed 0", "seed 1"]
    drawn = pd.read_parquet("results/nni_autogbdt", filters=[("optimizer", "==", "random"), ("trial", "<", 3)])
    assert rows[0] == ["stored", *(f"{loss:.6f}" for loss in drawn[drawn["seed"] < 2].groupby("seed")["loss"].min())]
    assert [row[0].rpartition("ended on ")[2] for row in rows[1:]] == ["rmse", "l2 or auc"]
    assert all(0.4 < float(loss) < 0.51 for row in rows for loss in row[1:])
    missing = subprocess.run([*script[:2], "--data", tmp_path / "none"], capture_output=True, text=True, check=False)
    assert (missing.returncode, "say --data FOLDER" in missing.stdout) == (2, True)


def test_the_readme_quotes_the_verdict_of_the_report() -> None:
    readme = (ROOT / "README.md").read_text()
    quoted = " ".join(readme.replace("\n> ", " ").split())
    report = Path("reports/otto_reference/report.md").read_text()
    verdict = re.search(r"^## otto · lightgbm\n\n(.+)$", report, flags=re.MULTILINE)[1]
    assert verdict in quoted
    assert "reports/otto_reference/figures/otto-lightgbm-validation.png" in readme


def test_no_data_that_may_not_be_passed_on_is_in_the_results() -> None:
    """Tables hold configurations and losses; nothing is large enough to hold a dataset."""
    sizes = [path.stat().st_size for name in COMMITTED for path in (ROOT / "results" / name).rglob("*.parquet")]
    assert max(sizes) < 1_000_000


MANY = ("bayesmark", "bbob", "tabular")
"""Reports of many problems, of which the repository has what is of all, and main tables of each."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("experiment", MANY)
def test_a_report_of_many_problems_is_what_the_tables_give(
    experiment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    if not same_cpu(experiment):
        pytest.skip("another kind of CPU than that of the reference runs")
    assert bench("report", experiment, "--check") == 0, capsys.readouterr().out


@pytest.mark.parametrize(("experiment", "title"), [("tabular", "recorded tables"), ("bayesmark", "Bayesmark")])
def test_the_page_has_the_ranks_and_scores_of(experiment: str, title: str) -> None:
    scores = pd.read_csv(ROOT / f"reports/{experiment}/tables/all-scores.csv").set_index("label")
    ranks = pd.read_csv(ROOT / f"reports/{experiment}/tables/all-ranks.csv").set_index("label")
    part = PAGE.partition(f"## Many problems: {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \[([\d.]+), ([\d.]+)\] \|$", part, flags=re.MULTILINE
    )
    assert {name for name, *_ in rows} == set(scores.index)
    for name, *numbers in rows:
        own = [*ranks.loc[name, ["rank", "test_rank"]], *scores.loc[name, ["iqm", "iqm_low", "iqm_high"]]]
        assert [float(each) for each in numbers] == pytest.approx(own, abs=0.0051)  # two digits, and three


def test_the_page_on_drift_has_the_losses_of_the_tables() -> None:
    page = (ROOT / "docs/drift.md").read_text()
    linked = dict(re.findall(r"\[([\w]+)\]\(\.\./(reports/drift/tables/\w+-retuned_tree-policies)\.md\)", page))
    table = page[page.index("| | SEA |") :].partition("\n\n")[0].splitlines()
    streams, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in [table[0], *table[2:]])
    assert set(streams[1:]) == set(linked)
    for first, *cells in rows:
        for stream, cell in zip(streams[1:], cells, strict=True):
            own = re.findall(
                r"^\| (\w+) \| (?:<u>)?(\d[^|<]+\])", (ROOT / f"{linked[stream]}.md").read_text(), re.MULTILINE
            )
            losses, _, label = cell.partition("`") if first == "the lowest" else (cell, "", first)
            assert dict(own)[label.strip("`")] == losses.strip()
            assert first != "the lowest" or label.strip("`") == own[0][0]
