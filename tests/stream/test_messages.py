"""A row is the same before and after the stream; what is none is refused with the reason."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import datasets
from bench.errors import UserError
from bench.stream import retuning
from bench.stream.messages import NoRow, Source, frame, read
from bench.stream.sources import dataset


def mixed(tmp_path: Path, *more: str) -> datasets.Dataset:
    """Numbers, missing values, text that looks like numbers, and classes that do."""
    table = pd.DataFrame(
        {
            "number": [1.5, None, -3.0, 1e-300, 2.0**60, 7.0] * 4,
            "colour": ["red", "", "blue", "red", "grün", "blue"] * 4,
            "code": ["01", "1", "2", "01", "3", "2"] * 4,
            "day": range(24, 0, -1),
            "y": ["1", "2", "10"] * 8,
        }
    )
    path = tmp_path / "table.parquet"
    table.to_parquet(path)
    keys = [f"dataset.path={path}", "dataset.target=y", "dataset.name=mixed"]
    return dataset(["dataset=file", "dataset.types={code: category}", *keys, *more], None, tmp_path)


def test_rows_that_were_streamed_and_kept_are_the_dataset_again(tmp_path) -> None:
    before = mixed(tmp_path)
    source = Source(before, "given")
    rows = [read(source.message(number)[1]) for number in range(len(source))]
    path, keys = retuning.dataset(rows, tmp_path / "again.parquet")
    of_file = {"name": "mixed", "load": "bench.datasets.file.load", "path": str(path)}
    after = datasets.load(of_file | {key.partition(".")[2]: value for key, value in keys.items()}, tmp_path)
    assert (after.classes, after.task) == (before.classes, before.task)
    np.testing.assert_array_equal(after.target, before.target)
    pd.testing.assert_frame_equal(after.features, before.features)
    assert after.content == before.content


def test_orders(tmp_path) -> None:
    data = mixed(tmp_path)

    def days(order: str, seed: int = 0) -> list[float]:
        source = Source(data, order, seed)
        return [json.loads(source.message(number)[1])["features"]["day"] for number in range(len(source))]

    assert days("given") == list(range(24, 0, -1))
    assert days("auto") == days("shuffled") != days("shuffled", 1)
    assert sorted(days("shuffled", 1)) == list(range(1, 25))
    timed = mixed(tmp_path, "dataset.time=day")
    numbers = [json.loads(Source(timed).message(number)[1])["features"]["number"] for number in range(24)]
    assert numbers[:3] == [7, 2**60, 1e-300]
    with pytest.raises(UserError, match=r"--order=time: the dataset has no time"):
        Source(data, "time")
    with pytest.raises(UserError, match=r"--order=shufled: allowed: .*did you mean shuffled"):
        Source(data, "shufled")


def test_message_numbers_go_on_where_the_rows_begin_anew(tmp_path) -> None:
    source = Source(mixed(tmp_path), "given")
    assert source.message(25) == ("25", source.message(1)[1])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is no JSON"),
        (b"\xff", "is no JSON"),
        (b'{"features": {"x": NaN}}', "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[1]", "has no .features."),
        (b'{"features": {}}', "has no .features."),
        (b'{"features": {"x": [1]}}', "neither number nor text in column 'x'"),
        (b'{"features": {"x": 1e400}}', "neither number nor text in column 'x'"),
        (b'{"features": {"x": 1' + b"0" * 400 + b"}}", "neither number nor text in column 'x'"),
        (b'{"features": {"x": "\\ud800"}}', "text with half a character"),
        (b'{"features": {"x": 1}, "target": [1]}', "a target that is neither"),
        (b'{"features": {"x": 1}, "target": true}', "a target that is neither"),
    ],
)
def test_what_is_no_row_says_why(value, reason) -> None:
    with pytest.raises(NoRow, match=reason):
        read(value)


def test_an_empty_target_is_none_and_whole_numbers_beyond_double_precision_are_floats() -> None:
    row = read(b'{"features": {"x": 9007199254740993}, "target": ""}')
    assert (row.target, row.features["x"]) == (None, 9007199254740992.0)


def test_a_column_is_of_text_where_one_cell_is() -> None:
    rows = [read(json.dumps({"features": features}).encode()) for features in ({"x": 1.0}, {"x": "a", "z": 2}, {})[:2]]
    table = frame(rows)
    assert table["x"].tolist() == ["1", "a"]
    assert table["z"].isna().tolist() == [True, False]
