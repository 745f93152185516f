"""`bench import`: what a log says is what the tables, the report and the other verbs say; what is wrong is one line."""

import csv
import hashlib
import math
import re
import shutil
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import trials
from commands import TOY, bench

from bench import results
from bench.results import SCHEMA, RunId

AT = ["--name", "theirs", "--dataset", "adult", "--model", "mlp"]
HEAD = "optimizer,seed,trial,loss\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert bench("import", "log.csv", *arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("bench: ")
    return captured.err


def log(rows: list[dict[str, Any]], name: str = "log.csv") -> None:
    with Path(name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def some_rows() -> list[dict[str, Any]]:
    """Two optimisers, three seeds, four trials; one row without a loss and one that says failed."""
    rows = [
        {
            "optimizer": name,
            "seed": seed,
            "trial": trial,
            "loss": level + ((7 * seed + 5 * trial) % 11) / 10,
            "test_loss": level + trial,
            "seconds": 0.5 + seed,
            "status": "ok",
            "lr": 0.1,
        }
        for trial in range(4)
        for seed in range(3)
        for name, level in (("tpe", 0.125), ("random", 0.25))
    ]
    rows[0] |= {"loss": "", "test_loss": "", "status": ""}
    rows[9] |= {"status": "Timeout"}
    return rows


# --- what is written --------------------


def test_a_log_becomes_ordinary_tables(capsys: pytest.CaptureFixture[str]) -> None:
    rows = some_rows()
    log(rows)
    assert bench("import", "log.csv", *AT, "--metric", "log_loss") == 0
    out = capsys.readouterr().out
    assert "results/theirs: 6 runs imported, 24 trials, 2 of them failed; columns not imported: lr" in out
    found = results.read(Path("results"), ["theirs"])
    assert set(found.runs) == {RunId("theirs", "adult", "mlp", name, s) for name in ("tpe", "random") for s in range(3)}
    for run in found.runs:
        mine = [row for row in rows if (row["optimizer"], row["seed"]) == (run.optimizer, run.seed)]
        table = pd.read_parquet(run.path(Path("results")))
        assert table["trial"].tolist() == [row["trial"] for row in mine] == [0, 1, 2, 3]
        best = incumbent = math.nan
        for (_, row), said in zip(table.iterrows(), mine, strict=True):
            failed = said["loss"] == "" or said["status"] == "Timeout"
            assert row["status"] == ("timeout" if said["status"] == "Timeout" else "failed" if failed else "ok")
            assert (row["error"] is None or pd.isna(row["error"])) != failed
            if not failed:
                assert (row["loss"], row["test_loss"]) == (said["loss"], said["test_loss"])
                if not row["loss"] >= best:
                    best, incumbent = row["loss"], row["test_loss"]
            else:
                assert pd.isna(row["loss"])
                assert pd.isna(row["test_loss"])
            assert row["best_loss"] == best or (pd.isna(row["best_loss"]) and math.isnan(best))
            assert row["incumbent_test_loss"] == incumbent or math.isnan(incumbent)
            assert row["evaluate_seconds"] == said["seconds"]
            assert math.isnan(row["ask_seconds"] + row["tell_seconds"])
        assert pq.read_schema(run.path(Path("results"))).remove_metadata() == SCHEMA


def test_the_metadata_say_imported_and_from_what(folder: Path) -> None:
    log(some_rows())
    (folder / "logs").mkdir()
    shutil.move("log.csv", folder / "logs/log.csv")
    assert bench("import", str(folder / "logs/log.csv"), *AT, "--metric", "auc") == 0
    path = RunId("theirs", "adult", "mlp", "tpe", 1).path(Path("results"))
    metadata = results.file_metadata(path)
    assert metadata["imported"]["file"] == "log.csv"
    assert metadata["imported"]["sha256"] == hashlib.sha256(Path("logs/log.csv").read_bytes()).hexdigest()
    assert any("search space" in unknown for unknown in metadata["imported"]["unknown"])
    assert metadata["metric"] == "1 - auc"
    assert "provenance" not in metadata
    assert str(folder) not in str(pq.read_schema(path).metadata)


def test_rows_in_any_order_with_blank_lines_spaces_and_a_byte_order_mark_are_the_same_runs() -> None:
    text = HEAD + "tpe,0,0,0.5\ntpe,0,1,0.25\nrandom,0,0,1\nrandom,0,1,NaN\n"
    odd = "\ufeffseed , trial,loss,optimizer\r\n0.0,1.0,.25,tpe\r\n\r\n0,1,nan,random\r\n"
    odd += "0,0,1.0, random\r\n0,0,5e-1,tpe\r\n,,,\r\n"
    tables = []
    for number, content in enumerate((text, odd)):
        Path("log.csv").write_text(content, encoding="utf-8", newline="")
        assert bench("import", "log.csv", "--name", f"e{number}", *AT[2:]) == 0
        table = results.read(Path("results"), [f"e{number}"]).trials
        tables.append(table.drop(columns=["experiment", "evaluation", "error"]))
    pd.testing.assert_frame_equal(*tables)


def test_datasets_and_models_may_be_columns(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row | {"dataset": f"d{row['seed']}"} for row in some_rows()]
    log(rows)
    assert bench("import", "log.csv", "--name", "theirs", "--model", "mlp") == 0
    found = results.read(Path("results"), ["theirs"])
    assert {run.dataset for run in found.runs} == {"d0", "d1", "d2"}
    assert len({entry["problem"] for entry in found.runs.values()}) == 3
    assert "leave the option out" in refused(capsys, *AT)
    assert "has no column 'model'; expected one, or --model NAME" in refused(capsys, "--name", "other")


def test_the_same_file_gives_the_same_bytes() -> None:
    log(some_rows())
    for name in ("a", "b"):
        assert bench("import", "log.csv", *AT, "--results-dir", name) == 0
    for path in Path("a").rglob("*.parquet"):
        assert path.read_bytes() == Path("b", *path.parts[1:]).read_bytes()


# --- what is reported --------------------


def test_the_report_shows_what_the_log_says_and_what_it_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    rows = some_rows()
    log(rows)
    assert bench("import", "log.csv", *AT, "--metric", "log_loss") == 0
    capsys.readouterr()
    assert bench("report", "theirs") == 0
    assert capsys.readouterr().err == ""
    table = pd.read_csv("reports/theirs/tables/adult-mlp.csv").set_index("label")
    for name in ("tpe", "random"):
        ok = [row for row in rows if row["optimizer"] == name and row["loss"] != "" and row["status"] == "ok"]
        expected = median(min(row["loss"] for row in ok if row["seed"] == seed) for seed in range(3))
        assert table.loc[name, "validation_median"] == pytest.approx(expected, abs=0)
        assert table.loc[name, "runs"] == 3
        assert table.loc[name, "failed"] == 1
        assert table.loc[name, "evaluation_seconds"] == 1.5
        assert math.isnan(table.loc[name, "optimizer_seconds"])
    page = Path("reports/theirs/report.md").read_text()
    digest = hashlib.sha256(Path("log.csv").read_bytes()).hexdigest()
    assert (
        f"**All runs were imported** from log.csv (SHA-256 {digest[:12]}), not made here. Unknown: the search" in page
    )
    assert "versions, hardware and threads." in page
    assert "- length of the runs: trials 4" in page
    assert "nan" not in page
    assert "None" not in page
    assert bench("report", "theirs", "--check") == 0


def test_a_log_with_the_least_columns_has_a_report() -> None:
    Path("log.csv").write_text(HEAD + "tpe,0,0,0.5\nrandom,0,0,0.75\n")
    assert bench("import", "log.csv", *AT) == 0
    assert bench("report", "theirs") == 0
    page = Path("reports/theirs/report.md").read_text()
    assert "| tpe | 0.5000 | 0.00 | 1 | 0 |" in page
    assert "Unknown: the search space" in page
    assert "; test losses; the seconds that evaluations took." in page
    assert "The log has no test losses" in page


def test_runs_of_other_sources_are_never_compared_with_imported_ones(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(HEAD + "tpe,0,0,0.5\n")
    Path("other.csv").write_text(HEAD + "tpe,0,0,0.5\n\n")
    assert bench("import", "log.csv", *AT) == 0
    assert bench("import", "other.csv", "--name", "others", *AT[2:]) == 0
    trials.put(Path("results"), RunId("own", "adult", "mlp", "random", 0), [0.5])
    capsys.readouterr()
    for other, said in (
        ("own", r"imported from: None, log\.csv \(SHA-256 \w{12}\)"),
        ("others", r"log\.csv.*other\.csv"),
    ):
        assert bench("report", other, "theirs") == 2
        err = capsys.readouterr().err
        assert re.search(r"runs on different problems cannot share a figure", err)
        assert "imported from: " in err
        assert all(re.search(part, err) for part in said.split(".*"))


def test_the_same_file_under_two_metrics_is_two_problems(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(HEAD + "tpe,0,0,0.5\n")
    assert bench("import", "log.csv", *AT, "--metric", "error") == 0
    assert bench("import", "log.csv", "--name", "again", *AT[2:], "--metric", "brier") == 0
    capsys.readouterr()
    assert bench("report", "theirs", "again") == 2
    assert "metric.name: brier, error" in capsys.readouterr().err


def test_best_says_that_the_configuration_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    log(some_rows())
    assert bench("import", "log.csv", *AT) == 0
    capsys.readouterr()
    assert bench("best", "theirs") == 0
    out = capsys.readouterr().out
    assert "imported from log.csv: the configuration is not known" in out
    assert "{}" not in out


def test_an_imported_run_is_not_mistaken_for_one_that_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(HEAD + "random,0,0,0.5\n")
    assert bench("import", "log.csv", "--name", "theirs", "--dataset", "wine", "--model", "toy") == 0
    capsys.readouterr()
    assert bench("run", *TOY, "budget.trials=1", "name=theirs") == 2
    assert "theirs/wine/toy/random/0: was imported from log.csv; choose another name" in capsys.readouterr().err
    assert bench("run", *TOY, "budget.trials=1", "name=theirs", "overwrite=true") == 0


# --- what is refused --------------------


def test_runs_that_are_there_are_refused_unless_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(HEAD + "tpe,0,0,0.5\ntpe,1,0,0.5\n")
    own = RunId("theirs", "adult", "mlp", "tpe", 1)
    trials.put(Path("results"), own, [0.75])
    before = own.path(Path("results")).read_bytes()
    assert f"{own}: is there already; choose another --name, or --overwrite" in refused(capsys, *AT)
    assert own.path(Path("results")).read_bytes() == before
    assert len(list(Path("results").rglob("*.parquet"))) == 1  # nothing was written
    assert bench("import", "log.csv", *AT, "--overwrite") == 0
    assert "(and 1 more runs)" in refused(capsys, *AT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"log\.csv: empty; expected a header with the columns optimizer, seed, trial, loss"),
        (HEAD, r"log\.csv: no rows; expected one for each trial"),
        ("optimizer,seed,trial\n", r"row 1: no column 'loss'; found: optimizer, seed, trial"),
        ("optimiser,seed,trial,loss\n", r"no column 'optimizer'; found: .* \(did you mean optimiser\?\)"),
        ("optimizer;seed;trial;loss\na;0;0;1\n", r"found: optimizer;seed;.*; are its cells parted by commas\?"),
        (HEAD[:-1] + ",loss\na,0,0,1,1\n", r"row 1, column loss: stands there 2 times; expected once"),
        (HEAD + "a,0,0,1,9\n", r"as many cells in each row as in the first \(Expected 4 fields in line 2, saw 5\)"),
        (HEAD + 'a,0,0,"1\n', r"not a CSV file"),
        (HEAD + "a,0,0,1\na,0,1,low\n", r"row 3, column loss: found 'low'; expected a finite number .*, or nothing"),
        (HEAD + "a,0,0,1\n\na,0,1,-inf\n", r"row 4, column loss: found '-inf'; expected a finite number"),
        (HEAD + "a,0,0,1_0\n", r"column loss: found '1_0'"),
        (HEAD + "a,0,0,1e999\n", r"column loss: found '1e999'"),
        (HEAD + "a,-1,0,1\n", r"row 2, column seed: found '-1'; expected a whole number from 0 to 2147483647"),
        (HEAD + "a,2147483648,0,1\n", r"column seed: found '2147483648'; expected a whole number"),
        (HEAD + "a,0.5,0,1\n", r"column seed: found '0.5'"),
        (HEAD + "a,0,,1\n", r"row 2, column trial: found ''; expected a whole number"),
        (
            HEAD + "a,0,1,1\na,0,2,1\n",
            r"row 2, column trial: found 1; expected 0, as the trials of .*/a/0 count 0, 1, 2",
        ),
        (HEAD + "a,0,0,1\na,0,2,1\n", r"row 3, column trial: found 2; expected 1, .*a failed one is a row without a l"),
        (
            HEAD + "a,0,0,1\na,0,0,1\n",
            r"row 3, column trial: found 0; expected each trial of .* once, and row 2 has it",
        ),
        (HEAD + "a/b,0,0,1\n", r"row 2, column optimizer: found 'a/b'; expected letters, digits"),
        (HEAD + ",0,0,1\n", r"row 2, column optimizer: found ''; expected letters"),
        (HEAD + "..,0,0,1\n", r"row 2, column optimizer: found '\.\.'"),
        (
            "status," + HEAD + "fine,a,0,0,1\n",
            r"column status: found 'fine'; expected ok, failed, timeout, crashed, or",
        ),
        ("seconds," + HEAD + "-2,a,0,0,1\n", r"column seconds: found '-2'; expected a number of seconds from 0"),
        ("test_loss," + HEAD + "x,a,0,0,1\n", r"column test_loss: found 'x'; expected a finite number"),
    ],
)
def test_a_wrong_log_gets_one_line(capsys: pytest.CaptureFixture[str], content: str, message: str) -> None:
    Path("log.csv").write_text(content)
    assert re.search(message, refused(capsys, *AT))
    assert not Path("results").exists()


@pytest.mark.parametrize("content", [b"\xff\xfea\x00,\x00", b"PAR1\x00\x01\x80", bytes(range(128, 178)) + b"\xff"])
def test_a_file_that_is_no_text_gets_one_line(capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    Path("log.csv").write_bytes(content)
    assert "log.csv: " in refused(capsys, *AT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "../up"], r"--name='\.\./up': expected letters, digits"),
        (["--name", "store.sqlite"], r"--name='store.sqlite': is the store's file"),
        (["--dataset", "a/b"], r"--dataset='a/b': expected letters"),
        (["--metric", ""], r"--metric='': expected a name, such as log_loss"),
        (["--results-dir", "log.csv"], r"log\.csv/.*: cannot be written \(Not a directory\)"),
    ],
)
def test_wrong_options_get_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    Path("log.csv").write_text(HEAD + "a,0,0,1\n")
    assert re.search(message, refused(capsys, *AT, *arguments))


def test_a_file_that_is_not_there_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "log.csv: cannot be read (No such file or directory)" in refused(capsys, *AT)
    Path("log.csv").mkdir()
    assert "log.csv: a folder without Ray Tune's trials (result.json or progress.csv" in refused(capsys, *AT)
