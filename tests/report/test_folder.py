"""The report's folder: the same results give the same bytes, its page's links exist, and it needs parquet alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trials
from commands import ROOT

from bench.errors import UserError
from bench.report.build import build
from bench.results import RunId


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path / "results")
    here = files(build(tmp_path / "results", tmp_path / "here", ["demo"]))
    program = (
        "import sys, pathlib; from bench.report.build import build; build(*map(pathlib.Path, sys.argv[1:3]), ['demo'])"
    )
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nsvg.fonttype: none\nfont.size: 20\n")
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "results", tmp_path / "there"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "TZ": "Asia/Tokyo"},
    )
    assert here == files(tmp_path / "there" / "demo")
    figures = ("validation", "test", "seconds", "seconds-test", "regret", "final", "final-test", "improvement")
    figures += ("targets", "generalisation", "overhead")
    tables = ("", "-speed-up", "-pairs", "-overtuning", "-overhead")
    assert set(here) == {
        *("report.md", "report.html", "references.json", "SHA256SUMS"),
        *(f"figures/digits-lightgbm-{name}.{end}" for name in figures for end in ("pdf", "svg", "png")),
        *(f"tables/digits-lightgbm{name}.{end}" for name in tables for end in ("csv", "md", "tex", "html")),
        *(f"tables/digits-lightgbm-{name}.csv" for name in ("curves", "runs")),
    }


def test_the_page_says_how_to_read_it_and_its_links_exist(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path / "results")
    folder = build(tmp_path / "results", tmp_path / "reports", ["demo"])
    page = (folder / "report.md").read_text()
    links = [part.split(")")[0] for part in page.split("](")[1:]]
    assert len(links) == 24
    assert all((folder / link).is_file() for link in links)
    for said in (
        "the validation loss is therefore optimistic",
        "optuna_cmaes: 63 of 200 trials failed",
        "fewer runs than the 10 of others (hyperopt_tpe: 9)",
        "hp.qloguniform",
        "trials 20",
        trials.CPU,
    ):
        assert said in page
    assert (folder / "tables/digits-lightgbm.md").read_text() in page


def test_a_problem_without_test_part_has_no_test_figure(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0, 0.5])
    folder = build(tmp_path, tmp_path / "reports", ["e"])
    assert not [path.name for path in (folder / "figures").iterdir() if "test" in path.stem]
    assert (folder / "figures/iris-lightgbm-validation.svg").is_file()
    assert "no test part" in (folder / "report.md").read_text()


def test_names_that_would_make_one_file_make_two(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "a-b", "c", "random", 0), [1.0])
    trials.put(tmp_path, RunId("e", "a", "b-c", "random", 0), [2.0])
    folder = build(tmp_path, tmp_path / "reports", ["e"])
    assert {"a--b-c", "a-b--c"} < {path.stem for path in (folder / "tables").glob("*.csv")}


@pytest.mark.parametrize("losses", [[], [None], [0.0], [None, -1.0]])
def test_the_smallest_results_make_a_report(tmp_path: Path, losses: list[float | None]) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), losses, ended="exhausted")
    assert (build(tmp_path, tmp_path / "reports", ["e"]) / "report.md").is_file()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0])
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot be written") as refused:
        build(tmp_path, tmp_path / "reports", ["e"])
    assert "\n" not in str(refused.value)


def test_a_report_imports_no_model_optimiser_dataset_or_store(tmp_path: Path) -> None:
    trials.put(tmp_path, RunId("e", "iris", "lightgbm", "random", 0), [1.0, 0.5], [1.0, 0.5])
    program = (
        "import sys, json, pathlib; from bench.report.build import build;"
        "build(*map(pathlib.Path, sys.argv[1:3]), ['e']); print(json.dumps(sorted(sys.modules)))"
    )
    run = [sys.executable, "-c", program, str(tmp_path), str(tmp_path / "reports")]
    loaded = json.loads(subprocess.run(run, check=True, cwd=ROOT, capture_output=True, text=True).stdout)
    barred = {
        *("lightgbm", "keras", "xgboost", "sklearn", "optuna", "hyperopt", "skopt", "openml", "sqlalchemy", "hydra"),
        *("bench.models", "bench.optimizers", "bench.datasets", "bench.problems", "bench.store", "bench.running.run"),
    }
    assert barred & set(loaded) == set()
