"""What was understood of a table, as plain data: counted as by hand, bounded, and without where the file was."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from tables import from_file

from bench.datasets import split, understood

HOLDOUT = {"method": "holdout", "train": 0.5, "valid": 0.25, "test": 0.25, "stop": "inner", "inner": 0.2}


def test_it_is_what_a_person_would_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 200).astype(float),
            "town": rng.choice(["Bern", "Basel", "Chur"], 200),
            "empty": np.full(200, np.nan),
            "y": rng.choice(["yes", "no"], 200, p=[0.3, 0.7]),
        }
    )
    frame.loc[frame.index[::7], "age"] = np.nan
    frame.loc[3, "town"] = np.nan
    frame.to_csv(tmp_path / "mine.csv", index=False)
    dataset = from_file(tmp_path / "mine.csv", types={"town": "category"})
    parts = split(dataset, HOLDOUT, 0)
    data = understood.plain(dataset, parts)
    assert {key: data[key] for key in ("rows", "numbers", "categories", "missing", "folds")} == {
        "rows": 200,
        "numbers": 2,
        "categories": 1,
        "folds": 1,
        "missing": int(frame[["age", "town", "empty"]].isna().sum().sum()),
    }
    assert data["read_as"] == "CSV separated by commas, UTF-8"
    counts = frame["y"].value_counts()
    assert data["target"] == {
        "name": "y",
        "task": "binary",
        "classes": 2,
        "counts": [["no", counts["no"]], ["yes", counts["yes"]]],
    }
    assert data["columns"] == [
        {"name": "age", "kind": "number", "missing": 29, "low": frame["age"].min(), "high": frame["age"].max()},
        {"name": "town", "kind": "category", "missing": 1, "levels": 3},
        {"name": "empty", "kind": "number", "missing": 200},
    ]
    rows = {"train": parts.folds[0].train, "stop": parts.folds[0].stop, "valid": parts.folds[0].valid}
    for name, numbers in {**rows, "test": parts.test}.items():
        shares = frame["y"].iloc[numbers].value_counts()
        assert data["parts"][name] == {"rows": len(numbers), "counts": [shares["no"], shares["yes"]]}


def test_it_is_small_whatever_the_table_and_names_no_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({f"{'x' * 300}{place}": rng.normal(size=300) for place in range(90)})
    frame["y"] = [f"{'class' * 100}{row % 60}" for row in range(300)]
    frame.to_parquet(tmp_path / "mine.parquet")
    dataset = from_file(tmp_path / "mine.parquet", task="multiclass")
    data = understood.plain(dataset, split(dataset, {**HOLDOUT, "stop": "valid"}, 0))
    text = json.dumps(data, allow_nan=False)
    assert len(text) < 16_000
    assert str(tmp_path) not in text
    assert (data["numbers"], len(data["columns"])) == (90, understood.COLUMNS)
    assert (data["target"]["classes"], len(data["target"]["counts"])) == (60, understood.CLASSES)
    numbers = pd.DataFrame({"a": [1.0, 2, 3, 4] * 5, "y": np.arange(20) / 7})
    numbers.to_csv(tmp_path / "numbers.csv", index=False)
    target = understood.plain(from_file(tmp_path / "numbers.csv"))["target"]
    assert target == {"name": "y", "task": "regression", "low": 0.0, "median": 1.35714, "high": 2.71429}
