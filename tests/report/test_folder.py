"""The report's folder: the same results give the same bytes, its page's links exist, and it needs parquet alone."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trials
from commands import ROOT, bench

from bench import results
from bench.errors import UserError
from bench.report.build import build
from bench.results import RunId


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`results` of a comparison and `reports` of it, made in this process."""
    place = tmp_path_factory.mktemp("whole")
    trials.write_comparison(place / "results")
    build(place / "results", place / "reports", ["demo"])
    return place


# --- whole reports, every figure drawn --------------------


def test_the_same_results_give_the_same_bytes_and_parquet_is_all_that_it_needs(place: Path, tmp_path: Path) -> None:
    program = (
        "import sys, json, pathlib; from bench.report.build import build;"
        "build(*map(pathlib.Path, sys.argv[1:3]), ['demo']); print(json.dumps(sorted(sys.modules)))"
    )
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nsvg.fonttype: none\nfont.size: 20\n")
    elsewhere = subprocess.run(
        [sys.executable, "-c", program, place / "results", tmp_path / "there"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "TZ": "Asia/Tokyo"},
        stdout=subprocess.PIPE,
        text=True,
    )
    here = files(place / "reports" / "demo")
    assert here == files(tmp_path / "there" / "demo")
    figures = ("validation", "test", "seconds", "seconds-test", "regret", "final", "final-test", "improvement")
    figures += ("targets", "generalisation", "overhead")
    tables = ("", "-speed-up", "-pairs", "-pairs-test", "-overtuning", "-overhead")
    assert set(here) == {
        *("report.md", "report.html", "references.json", "SHA256SUMS"),
        *(f"figures/digits-lightgbm-{name}.{end}" for name in figures for end in ("pdf", "svg", "png")),
        *(f"tables/digits-lightgbm{name}.{end}" for name in tables for end in ("csv", "md", "tex", "html")),
        *(f"tables/digits-lightgbm-{name}.csv" for name in ("curves", "runs")),
    }
    barred = {
        *("lightgbm", "keras", "xgboost", "sklearn", "optuna", "hyperopt", "skopt", "openml", "sqlalchemy", "hydra"),
        *("bench.models", "bench.optimizers", "bench.datasets", "bench.problems", "bench.store", "bench.running.run"),
    }
    assert barred & set(json.loads(elsewhere.stdout)) == set()


def test_the_page_says_how_to_read_it_and_its_links_exist(place: Path) -> None:
    folder = place / "reports" / "demo"
    page = (folder / "report.md").read_text()
    links = [part.split(")")[0] for part in page.split("](")[1:]]
    assert len(links) == 26
    assert all((folder / link).is_file() for link in links)
    for words in (
        "the validation loss is therefore optimistic",
        "optuna_cmaes: 63 of 200 trials failed",
        "fewer runs than the 10 of others (hyperopt_tpe: 9)",
        "hp.qloguniform",
        "trials 20",
        trials.CPU,
    ):
        assert words in page
    assert (folder / "tables/digits-lightgbm.md").read_text() in page


def test_figures_for_a_paper_have_its_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("random", "optuna_tpe"):
        trials.put(Path("results"), RunId("e", "iris", "lightgbm", name, 0), [1.0, 0.5])
    only = ["e", "--optimizers", "random", "--paper", "icml2024"]
    assert bench("report", *only) == 0
    page = Path("reports/e/report.md").read_text()
    assert "Made by `bench report e --optimizers random --paper icml2024`." in page
    svg = Path("reports/e/figures/iris-lightgbm-validation.svg").read_text()
    width = re.search(r'<svg[^>]* width="([0-9.]+)pt"', svg)
    assert width is not None
    assert float(width[1]) == pytest.approx(3.25 * 72, abs=0.1)
    assert bench("report", *only, "--check") == 0  # drawn again, to the same bytes
    capsys.readouterr()
    assert bench("report", "e", "--paper", "icml") == 2
    assert re.fullmatch(r"bench: .*paper 'icml' is not known.*\n", capsys.readouterr().err)


# --- little to report --------------------


def test_a_problem_without_test_part_has_no_test_figure(tmp_path: Path, undrawn: None) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0, 0.5])
    folder = build(tmp_path, tmp_path / "reports", ["e"])
    assert not [path.name for path in (folder / "figures").iterdir() if "test" in path.stem]
    assert (folder / "figures/iris-lightgbm-validation.svg").is_file()
    assert "no test part" in (folder / "report.md").read_text()


def test_names_that_would_make_one_file_make_two(tmp_path: Path, undrawn: None) -> None:
    trials.put(tmp_path, RunId("e", "a-b", "c", "random", 0), [1.0])
    trials.put(tmp_path, RunId("e", "a", "b-c", "random", 0), [2.0])
    folder = build(tmp_path, tmp_path / "reports", ["e"])
    assert {"a--b-c", "a-b--c"} < {path.stem for path in (folder / "tables").glob("*.csv")}


@pytest.mark.parametrize("losses", [[], [None], [0.0], [None, -1.0]])
def test_the_smallest_results_make_a_report(tmp_path: Path, unsaved: None, losses: list[float | None]) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), losses, ended="exhausted")
    assert (build(tmp_path, tmp_path / "reports", ["e"]) / "report.md").is_file()


@pytest.mark.parametrize("optimizers", [("random",), ("random", "optuna_tpe")])
def test_one_seed_of_one_or_two_optimisers_makes_a_report(
    tmp_path: Path, unsaved: None, capsys: pytest.CaptureFixture[str], optimizers: tuple[str, ...]
) -> None:
    for name in optimizers:
        trials.put(tmp_path, RunId("one", "iris", "lightgbm", name, 0), [0.5, 0.25], [0.5, 0.25])
    page = (build(tmp_path, tmp_path / "reports", ["one"]) / "report.md").read_text()
    assert capsys.readouterr().err == ""
    for name in optimizers:
        plain = page.replace("**", "").replace("<u>", "").replace("</u>", "")
        assert f"| {name} | 0.2500 | 0.2500 | 1 | 0 |" in plain
    assert "nan" not in page


def test_runs_of_which_little_is_recorded_make_a_report(tmp_path: Path, unsaved: None) -> None:
    run = RunId("bare", "iris", "lightgbm", "random", 0)
    results.write_run(run.path(tmp_path), trials.trial_rows(run, [1.0, 0.5]), {"problem": "x"})
    again = RunId("bare", "iris", "lightgbm", "random", 1)
    nothing = {"config": None, "provenance": None, "declared": None}
    results.write_run(again.path(tmp_path), trials.trial_rows(again, [1.0, 0.5]), {"problem": "x", **nothing})
    page = (build(tmp_path, tmp_path / "reports", ["bare"]) / "report.md").read_text()
    assert "| random | 0.5000 | 2 | 0 |" in page
    assert "None" not in page


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, undrawn: None) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0])
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot be written") as refused:
        build(tmp_path, tmp_path / "reports", ["e"])
    assert "\n" not in str(refused.value)
