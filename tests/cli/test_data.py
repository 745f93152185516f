"""`bench data`: a look at a file that leaves nothing behind, and a command that runs as it stands."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from commands import bench
from hydra.core.override_parser.overrides_parser import OverridesParser

from bench.cli.data import as_value


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    lines = ["größe;stadt;fehlt;it's y"]
    for i in range(100):
        size, town = f"{rng.normal(5, 2):.3f}".replace(".", ","), ["Köln", "Genève", "Bern", "None"][i % 4]
        lines.append(f"{size};{town};{'-' if i == 6 else i % 7};{'ja' if i % 5 else 'nein'}")
    Path("my table.csv").write_text("\n".join(lines), encoding="utf-16")
    return tmp_path


def test_it_shows_what_is_read_and_a_command_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("data", "my table.csv", "--target", "it's y", "dataset.missing=-", "resampling=kfold") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(
        "100 rows, 4 columns; read as CSV separated by semicolons (found), decimal commas (found), UTF-16"
    )
    table = {re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line)[1:] for line in lines[3:7]}
    assert table["größe"][:2] == ["feature", "number"]
    assert table["stadt"] == ["feature", "category", "4", "0", "Köln (25), Genève (25), Bern (25) and 1 more"]
    assert table["fehlt"] == ["feature", "number", "7", "1", "0 to 6"]
    assert table["it's y"] == ["target", "category", "2", "0", "ja (80), nein (20)"]
    assert 'target "it\'s y": binary, 2 classes: ja 80, nein 20' in lines
    assert "  train 64 rows (the first of 5 folds): ja 51, nein 13" in lines
    assert "  test 20 rows: ja 16, nein 4" in lines
    assert "metric=log_loss; others for binary: error, auc, balanced_error, brier, recall" in lines
    assert sorted(path.name for path in Path().iterdir()) == ["my table.csv"]
    command = shlex.split(lines[-1].removeprefix("run next: "))
    small = ["budget.trials=1", "model.settings.rounds=2", "seed=0", "optimizer=random"]
    assert bench(*command[1:], *small, "dry_run=true") == 0
    dry = capsys.readouterr().out
    assert "my_table: 100 rows, 3 features (2 numeric, 1 categorical), 1 missing value; read as CSV" in dry
    assert bench(*command[1:], *small) == 0
    assert "parts: train 64 rows (the first of 5 folds): ja 51, nein 13; valid" in capsys.readouterr().err
    assert Path("results/my_table/my_table/lightgbm/random/0.parquet").exists()


def test_the_space_of_a_chosen_model_is_read_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["data", "my table.csv", "--target", "größe", "model=lightgbm", "dataset.missing=-"]
    assert bench(*command, "+model.space.drop_rate={type: float, low: 0.1, high: 0.9}") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3] == "warning: space.drop_rate: has no effect here; it needs boosting=dart, which is gbdt"
    assert bench(*command, "+model.space.drop_rat={type: float, low: 0.1, high: 0.9}") == 2
    assert capsys.readouterr().err.startswith("bench: space.drop_rat: LightGBM has no such parameter; did you mean")


def test_every_column_that_is_refused_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{i:03d},2024-01-{1 + i},{i % 2}\n" for i in range(30))
    Path("t.csv").write_text(f"code,day,y\n{rows}")
    assert bench("data", "t.csv", "--target=y") == 2
    shown = capsys.readouterr()
    assert re.search(r"^code +refused +category +30", shown.out, re.MULTILINE)
    assert "refused: column 'day' holds dates as text" in shown.out
    assert shown.err.startswith("bench: dataset t (t.csv): column 'code' holds numbers with leading zeros")
    assert bench("data", "t.csv", "--target=y", "dataset.types={code: category, day: ignore}") == 0


def test_columns_refused_alike_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(
        f"{'NA' if i % 9 else i},{'NA' if i < 5 else i},{'NA' if i == 7 else i},p{i},{i % 2}\n" for i in range(40)
    )
    Path("t.csv").write_text(f"a,b,c,name,y\n{rows}")
    assert bench("data", "t.csv", "--target=y") == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("bench: dataset t (t.csv): column 'a' holds 5 numbers and 35 other values: 'NA' in")
    refused = [line for line in shown.out.splitlines() if line.startswith("refused")]
    assert refused[0] == "refused likewise: 2 columns, 'b', 'c'"
    assert len(refused) == 2
    assert refused[1].startswith("refused: column 'name' holds text of 40 levels")


def test_one_command_settles_all_that_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(
        f"{'NA' if i == 3 else i},{'?' if i == 8 else i / 7},p{i},a-{i % 3},{'NA' if i < 2 else i * 1.5}\n"
        for i in range(40)
    )
    Path("t.csv").write_text(f"age,it's,who is it,c,y\n{rows}")
    assert bench("data", "t.csv", "--target=y", "dataset.missing=[]", "dataset.types={c: category}") == 2
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("one way on: "))
    assert bench(*shlex.split(line)[4:]) == 0
    out = capsys.readouterr().out
    for column, use, kind in (
        ("age", "feature", "number"),
        ("it's", "feature", "number"),
        ("who is it", "ignored", "c"),
    ):
        assert re.search(rf"^{column} +{use} +{kind}", out, re.MULTILINE)
    assert "t: 38 rows, 3 features (2 numeric, 1 categorical), 2 missing values" in out


def test_without_a_target_it_shows_columns_and_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("data", "my table.csv") == 2
    shown = capsys.readouterr()
    assert "stadt" in shown.out
    assert shown.err == "bench: --target: missing; name the column to predict: größe, stadt, fehlt, it's y\n"
    assert bench("data", "my table.csv", "dataset=wine") == 2
    assert bench("data", "nothing.csv", "--target=y") == 2
    assert "nothing.csv does not exist" in capsys.readouterr().err


def test_a_text_is_quoted_for_hydra() -> None:
    for text in ("plain", "a b", "it's", "null", "1.5", "a\\", "x\\'y", "[a]", "größe"):
        assert OverridesParser.create().parse_override(f"k={as_value(text)}").value() == text
