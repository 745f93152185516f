"""`bench report`: its filters, damaged runs that it names and leaves out, and `--check`.

No figure is drawn here; test_folder.py has them.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trials
from commands import bench

from bench import results
from bench.results import RunId

RUN = RunId("e", "iris", "lightgbm", "random", 1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None) -> Path:
    """Two problems, two optimisers, three seeds."""
    monkeypatch.chdir(tmp_path)
    for dataset in ("iris", "wine"):
        for name, level in (("random", 0.3), ("optuna_tpe", 0.2)):
            for seed in range(3):
                run = RunId("e", dataset, "lightgbm", name, seed)
                losses = [level + seed / 10 + 1 / (trial + 1) for trial in range(4)]
                trials.put(Path("results"), run, losses, [loss * 1.1 for loss in losses])
    return tmp_path


def files(folder: str = "reports/e") -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()
    }


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert bench("report", *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("bench: ")
    return lines[0]


# --- filters --------------------


def test_the_main_figures_alone_are_drawn_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e", "--problems", "iris/lightgbm", "--figures", "main") == 0
    drawn = {path.partition("lightgbm-")[2] for path in files() if path.startswith("figures/iris")}
    assert drawn == {"validation.svg", "final.svg"}
    assert "Made by `bench report e --problems iris/lightgbm --figures main`." in files()["report.md"].decode()
    assert bench("report", "e", "--problems", "iris/lightgbm", "--figures", "main", "--check") == 0
    assert "--figures=mian: allowed: main, all (did you mean main?)" in refused(capsys, "e", "--figures", "mian")


def test_filters_leave_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e", "--optimizers", "random", "--problems", "iris/lightgbm") == 0
    page = Path("reports/e/report.md").read_text()
    assert "Made by `bench report e --optimizers random --problems iris/lightgbm`." in page
    assert "## iris · lightgbm" in page
    assert "wine" not in page
    assert "optuna_tpe" not in page
    assert {name for name in files() if "wine" in name} == set()
    rows = Path("reports/e/tables/iris-lightgbm.csv").read_text().splitlines()
    assert len(rows) == 2
    assert capsys.readouterr().err == ""


def test_several_names_stand_with_commas_and_may_be_in_any_experiment() -> None:
    trials.put(Path("results"), RunId("b", "iris", "lightgbm", "mine", 0), [1.0] * 4)
    assert bench("report", "e", "b", "--optimizers", "mine, random", "--problems=iris/lightgbm,wine/lightgbm") == 0
    rows = Path("reports/e/tables/iris-lightgbm.csv").read_text()
    assert all(name in rows for name in ("mine", "random"))
    assert "optuna_tpe" not in rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optimizers", "rnadom"], r"--optimizers=rnadom: .*; allowed: optuna_tpe, random \(did you mean random\?\)"),
        (["--optimizers", "random,tpe"], r"--optimizers=tpe: .*allowed: optuna_tpe, random"),
        (["--problems", "iris"], r"--problems=iris: .*allowed: iris/lightgbm, wine/lightgbm"),
        (["--problems", "irs/lightgbm"], r"\(did you mean iris/lightgbm\?\)"),
        (["--optimizers", ","], r"--optimizers=,: names nothing"),
        (["--problems", ""], r"--problems=: names nothing"),
    ],
)
def test_an_unknown_name_gets_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert re.search(message, refused(capsys, "e", *arguments))
    assert not Path("reports").exists()


def test_filters_that_leave_nothing_get_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    trials.put(Path("results"), RunId("e", "digits", "mlp", "grid", 0), [1.0])
    assert "no run is of both" in refused(capsys, "e", "--optimizers", "grid", "--problems", "iris/lightgbm")


# --- damaged runs --------------------


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        table = pq.read_table(path)
        pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)

    return damage


def with_column(name: str, values: list[Any]) -> Callable[[Path], None]:
    return rewritten(
        lambda t: t.set_column(t.schema.get_field_index(name), t.field(name), pa.array(values, t.field(name).type))
    )


def with_metadata(**changed: Any) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        table = pq.read_table(path)
        entry = json.loads(table.schema.metadata[b"bench"]) | changed
        pq.write_table(table.replace_schema_metadata({"bench": json.dumps(entry)}), path)

    return damage


def folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "no parquet": lambda path: path.write_text("seed,loss\n1,2\n"),
    "a folder": folder_in_its_place,
    "bytes turned": lambda path: path.write_bytes(path.read_bytes()[:-400] + bytes(392) + path.read_bytes()[-8:]),
    "column missing": rewritten(lambda table: table.drop_columns(["best_loss"])),
    "column of text": rewritten(
        lambda t: t.set_column(t.schema.get_field_index("best_loss"), "best_loss", pa.array(["x"] * len(t)))
    ),
    "misnumbered": with_column("trial", [0, 1, 1, 3]),
    "numbered from 1": with_column("trial", [1, 2, 3, 4]),
    "a trial lost": rewritten(lambda table: pa.concat_tables([table.slice(0, 1), table.slice(2)])),
    "the last lost": rewritten(lambda table: table.slice(0, 3)),
    "all lost": rewritten(lambda table: table.slice(0, 0)),
    "twice the rows": rewritten(lambda table: pa.concat_tables([table, table])),
    "rising": with_column("best_loss", [0.5, 0.4, 0.6, 0.3]),
    "lost again": with_column("best_loss", [0.5, None, 0.4, 0.3]),
    "infinite": with_column("best_loss", [np.inf, 0.5, 0.4, 0.3]),
    "unknown status": with_column("status", pa.array(["ok", "ok", "okay", "ok"]).dictionary_encode().to_pylist()),
    "another schema": with_metadata(schema=99),
    "no metadata": lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata(None), path),
    "a list for metadata": lambda path: pq.write_table(
        pq.read_table(path).replace_schema_metadata({"bench": "[1]"}), path
    ),
    "a word for the config": with_metadata(config="config"),
    "no problem": with_metadata(problem=None, problem_family=None),
    "another run": lambda path: shutil.copy(path.with_name("0.parquet"), path),  # the seed alone tells
}


def test_damaged_runs_are_named_and_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    only = ["e", "--problems", "iris/lightgbm"]
    assert bench("report", *only) == 0
    sound = files()
    for seed, damage in enumerate(DAMAGE.values(), start=3):
        run = RunId("e", "iris", "lightgbm", "random", seed)
        trials.put(Path("results"), run, [0.01] * 4, [0.01] * 4)
        damage(run.path(Path("results")))
    capsys.readouterr()
    assert bench("report", *only) == 0
    err = capsys.readouterr().err
    now = files()
    page = now["report.md"].decode()
    named = [line for line in page.splitlines() if line.startswith("- left out")]
    assert [line.partition(".parquet: ")[0] for line in named] == [
        f"- left out: e/iris/lightgbm/random/{seed}" for seed in range(3, 3 + len(DAMAGE))
    ]
    assert err == "".join(f"bench report: warning: {line.removeprefix('- ')}\n" for line in named)
    assert all("; delete it and run its" in line or "or delete it" in line or "overwrite" in line for line in named)
    assert str(folder) not in page + err
    pages = {"report.md": b"", "report.html": b"", "SHA256SUMS": b""}
    assert now | pages == sound | pages


def test_an_optimiser_that_lacks_seeds_is_named_with_them(capsys: pytest.CaptureFixture[str]) -> None:
    os.truncate(RUN.path(Path("results")), 40)
    assert bench("report", "e", "--problems", "iris/lightgbm") == 0
    remark = "iris/lightgbm: fewer runs than the 3 of others (random: 2); seeds that others have: random: 1"
    assert remark in capsys.readouterr().err
    assert f"- {remark}" in Path("reports/e/report.md").read_text()


def test_only_where_nothing_is_left_the_command_fails(capsys: pytest.CaptureFixture[str]) -> None:
    for path in results.find(Path("results"), "e").values():
        os.truncate(path, 40)
    message = refused(capsys, "e")
    assert re.search(r"nothing is left to report: e/iris/.*/0\.parquet: not a readable trial table \(.*\)", message)
    assert "(and 11 more tables)" in message
    assert not Path("reports").exists()


def test_an_experiment_of_which_nothing_is_left_does_not_stop_another(capsys: pytest.CaptureFixture[str]) -> None:
    broken = RunId("broken", "iris", "lightgbm", "mine", 0)
    trials.put(Path("results"), broken, [1.0])
    os.truncate(broken.path(Path("results")), 40)
    assert bench("report", "e", "broken") == 0
    assert f"left out: {broken}.parquet" in capsys.readouterr().err


def test_best_still_refuses_a_damaged_run(capsys: pytest.CaptureFixture[str]) -> None:
    os.truncate(RUN.path(Path("results")), 40)
    assert bench("best", "e") == 2
    assert "not a readable trial table" in capsys.readouterr().err


# --- --check --------------------


def test_check_says_that_everything_is_the_same_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e") == 0
    before = {path: path.stat().st_mtime_ns for path in Path("reports").rglob("*")}
    capsys.readouterr()
    assert bench("report", "e", "--check") == 0
    others = "SHA256SUMS, references.json, report.html, report.md"
    assert capsys.readouterr().out == f"reports/e: the same, byte for byte: 70 tables, 78 figures, {others}\n"
    assert {path: path.stat().st_mtime_ns for path in Path("reports").rglob("*")} == before


def test_check_names_what_differs_is_missing_or_extra(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e") == 0
    figure = Path("reports/e/figures/iris-lightgbm-test.svg")
    figure.write_bytes(figure.read_bytes() + b"\n")
    Path("reports/e/tables/wine-lightgbm.tex").unlink()
    Path("reports/e/notes").mkdir()
    Path("reports/e/notes/mine.txt").write_text("mine")
    before = files()
    capsys.readouterr()
    assert bench("report", "e", "--check") == 1
    others = "SHA256SUMS, references.json, report.html, report.md"
    assert capsys.readouterr().out.splitlines() == [
        "reports/e: not what the results give now",
        "differing: figures/iris-lightgbm-test.svg",
        "missing: tables/wine-lightgbm.tex",
        "extra: notes/mine.txt",
        f"the same: 69 tables, 77 figures, {others}, of 70 tables, 78 figures, {others}",
        "every number is the same: the bytes of figures also depend on the version of Matplotlib",
    ]
    assert files() == before


def test_check_holds_a_page_that_was_left_out_against_its_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e", "--problems", "wine/lightgbm") == 0
    Path("reports/e/report.html").unlink()
    capsys.readouterr()
    assert bench("report", "e", "--problems", "wine/lightgbm", "--check") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "not in the folder, but what the results give has its digest in SHA256SUMS: report.html"
    ]
    sums = Path("reports/e/SHA256SUMS")
    text = sums.read_text()
    sums.write_text(re.sub("^.{64}(?=  report.html)", "0" * 64, text, flags=re.MULTILINE))
    assert bench("report", "e", "--problems", "wine/lightgbm", "--check") == 1
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "differing: SHA256SUMS",
        "differing: report.html (not there, by its digest in SHA256SUMS)",
    ]
    sums.write_text(text)
    sums.write_text("".join(line for line in sums.open() if "report.html" not in line))
    assert bench("report", "e", "--problems", "wine/lightgbm", "--check") == 1
    assert "missing: report.html" in capsys.readouterr().out


def test_check_sees_one_changed_loss(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e") == 0
    losses = [0.4 + 1 / (trial + 1) for trial in range(4)]
    losses[3] -= 1e-12
    trials.put(Path("results"), RUN, losses, [loss * 1.1 for loss in losses])
    capsys.readouterr()
    assert bench("report", "e", "--check") == 1
    out = capsys.readouterr().out
    assert "differing: tables/iris-lightgbm.csv" in out
    assert "wine" not in out


def test_check_knows_another_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("report", "e", "--optimizers", "random") == 0
    assert bench("report", "e", "--optimizers", "random", "--check") == 0
    capsys.readouterr()
    assert bench("report", "e", "--check") == 1
    assert "made by another command: `bench report e --optimizers random`" in capsys.readouterr().out


def test_check_of_no_report_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "reports/e: no report is there to be checked; 'bench report e' makes it" in refused(capsys, "e", "--check")
    assert not Path("reports").exists()


# --- references --------------------


def scores(name: str = "iris-lightgbm") -> dict[str, str]:
    lines = [line.split(",") for line in Path(f"reports/e/tables/{name}.csv").read_text().splitlines()]
    where = lines[0].index("score_median")
    return {line[lines[0].index("label")]: line[where] for line in lines[1:]}


def test_scores_are_measured_by_the_references_stored_with_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    only = ["e", "--problems", "iris/lightgbm"]
    assert bench("report", *only) == 0
    before = scores()
    stored = Path("reports/e/references.json").read_bytes()
    trials.put(Path("results"), RunId("e", "iris", "lightgbm", "better", 0), [0.01] * 4, [0.01] * 4)
    capsys.readouterr()
    assert bench("report", *only) == 0
    assert "best known loss 0.45 is beaten by 0.01" in capsys.readouterr().err
    now = scores()
    assert {name: now[name] for name in before} == before
    assert float(now["better"]) < 0
    assert Path("reports/e/references.json").read_bytes() == stored
    assert bench("report", *only, "--check") == 0
    assert bench("report", *only, "--new-references") == 0
    assert float(scores()["better"]) == 0
    assert Path("reports/e/references.json").read_bytes() != stored


def test_damaged_references_get_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    only = ["e", "--problems", "iris/lightgbm"]
    assert bench("report", *only) == 0
    Path("reports/e/references.json").write_text("{")
    capsys.readouterr()
    assert "no readable reference values" in refused(capsys, *only)
    assert bench("report", *only, "--new-references") == 0
