"""Columns that are not features: what each role reads, and one line for every mistake."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openml_server import asked_by_the_client
from tables import conf, from_file, written

from bench.datasets import Dataset, load
from bench.errors import UserError

ROWS = pd.DataFrame(
    {
        "x": [0.5, 1.5, 2.5, 3.5],
        "w": [1, 0, 2, 0.5],
        "shop": ["b", "a", "b", "10"],
        "day": ["2024-03-01", "2023-12-31T23:59:59.5", "2024-02-29 12:00", "2024-03-01"],
        "part": ["train", "valid", "stop", "test"],
        "y": [0, 1, 1, 0],
    }
)


def with_roles(folder: Path, frame: pd.DataFrame = ROWS, **keys: Any) -> Dataset:
    """The frame as the user's file, its columns besides x and y left out unless they have a role."""
    named = [name for name in frame if name not in ("x", "y", *keys.values())]
    return from_file(written(folder, frame), **{"drop": named, **keys})


def test_roles_leave_the_features(tmp_path: Path) -> None:
    dataset = with_roles(tmp_path, weight="w", group="shop", time="day", split="part")
    assert list(dataset.features) == ["x"]
    assert dataset.weights is not None
    assert dataset.groups is not None
    assert dataset.times is not None
    assert dataset.parts is not None
    assert (dataset.weights.dtype, dataset.weights.tolist()) == (np.float64, [1, 0, 2, 0.5])
    assert (dataset.groups.dtype, dataset.groups.tolist()) == (np.int64, [2, 1, 2, 0])
    assert dataset.times.dtype == np.int64
    assert np.argsort(dataset.times, kind="stable").tolist() == [1, 2, 0, 3]
    assert dataset.times[0] == dataset.times[3]
    assert dataset.parts.tolist() == ["train", "valid", "stop", "test"]


def test_without_roles_all_columns_are_features(tmp_path: Path) -> None:
    dataset = from_file(written(tmp_path, ROWS))
    assert list(dataset.features) == ["x", "w", "shop", "day", "part"]
    assert (dataset.weights, dataset.groups, dataset.times, dataset.parts) == (None, None, None, None)


def test_weights_alone_are_content(tmp_path: Path) -> None:
    base = with_roles(tmp_path).content
    assert with_roles(tmp_path, group="shop", time="day", split="part").content == base
    weighted = with_roles(tmp_path, weight="w").content
    assert weighted not in (base, with_roles(tmp_path, ROWS.assign(w=[1, 0, 2, 0.25]), weight="w").content)
    assert weighted == with_roles(tmp_path, ROWS.rename(columns={"w": "other"}), weight="other").content


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ([3, 1, 2, 1], [1, 3, 2, 0]),
        ([0.5, -0.25, 1e9, 0.75], [1, 0, 3, 2]),
        ([2**53 + 1, 2**53, 2**53 + 3, 2**53 + 2], [1, 0, 3, 2]),  # float64 cannot tell these apart
        (["2024-01-01T00:00:00+02:00", "2023-12-31T23:00:00Z", "2024", "2023-12-31T22:30"], [0, 3, 1, 2]),
        (pd.to_datetime(["2024-05-01", "1969-05-01", "2024-04-30", "2300-01-01"]), [1, 2, 0, 3]),
        (pd.to_datetime(["2024-05-01", "1969-05-01", "2024-04-30", "2300-01-01"]).date, [1, 2, 0, 3]),
        (
            pd.to_datetime(["2024-05-01", "1969-05-01", "2024-04-30", "2300-01-01"]).tz_localize("Asia/Tokyo"),
            [1, 2, 0, 3],
        ),
    ],
)
def test_times_sort(values: Any, order: list[int], tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    pd.DataFrame({"x": range(4), "y": [0, 1, 0, 1], "t": values}).to_parquet(path)
    times = from_file(path, time="t").times
    assert times is not None
    assert np.argsort(times, kind="stable").tolist() == order


def test_groups_may_be_numbers(tmp_path: Path) -> None:
    groups = with_roles(tmp_path, ROWS.assign(shop=[10, 9, 10, 2.5]), group="shop").groups
    assert groups is not None
    assert groups.tolist() == [2, 1, 2, 0]


@pytest.mark.parametrize(
    ("column", "values", "keys", "message"),
    [
        (
            "w",
            [1, -1, 1, 1],
            {"weight": "w"},
            "^dataset.weight: column 'w' of .* has -1 in data row 2; expected finite n",
        ),
        ("w", [1, 1, "inf", 1], {"weight": "w"}, "has inf in data row 3; expected finite numbers from 0"),
        (
            "w",
            [1, None, 1, 1],
            {"weight": "w"},
            "has 1 missing values, the first in data row 2; fill them in, or remove",
        ),
        ("w", [0, 0, 0, 0], {"weight": "w"}, "has 0 in every row; expected some weight above 0"),
        ("w", ["a", "b", "c", "d"], {"weight": "w"}, "has text values; expected numbers from 0"),
        ("shop", ["a", None, "b", "c"], {"group": "shop"}, "^dataset.group: column 'shop' of .* has 1 missing values"),
        (
            "day",
            ["2024-01-01", "01.02.2024", "x", "y"],
            {"time": "day"},
            "has '01.02.2024' in data row 2; expected numb",
        ),
        ("day", [1, 2, None, 3], {"time": "day"}, "^dataset.time: column 'day' of .* has 1 missing values"),
        ("day", [1.5, 2, "inf", 3], {"time": "day"}, "has inf in data row 3; expected numbers, or dates"),
        (
            "part",
            ["train", "validation", "test", "train"],
            {"split": "part"},
            "holds 'validation'; allowed: train, stop, v",
        ),
        ("part", ["train", "Train", "valid", "test"], {"split": "part"}, "holds 'Train'; .*did you mean train"),
        (
            "part",
            ["train", "stop", "train", "test"],
            {"split": "part"},
            "has no row of valid; expected rows of train and",
        ),
        ("part", ["valid", "valid", "valid", "test"], {"split": "part"}, "has no row of train"),
        ("part", [0, 1, 0, 1], {"split": "part"}, "has number values; expected the words train, stop, valid, test"),
        ("part", ["train", "valid", None, "test"], {"split": "part"}, "^dataset.split: column 'part' of .* 1 missing"),
        ("w", [1, 1, 1, 1], {"weight": "y"}, "^dataset.weight: names the target 'y'; name another column"),
        ("w", [1, 1, 1, 1], {"weight": "ww"}, "^dataset.weight: no column 'ww' in .*did you mean w"),
        ("w", [1, 1, 1, 1], {"weight": ["w"]}, r"^dataset.weight: found \['w'\]; expected the name of a column"),
        (
            "w",
            [1, 1, 1, 1],
            {"weight": "w", "drop": ["w"]},
            "^dataset.weight: names 'w', which dataset.drop leaves out",
        ),
        ("w", [1, 1, 1, 1], {"weight": "w", "drop": "w"}, "^dataset.weight: names 'w', which dataset.drop leaves out"),
        (
            "shop",
            [1, 1, 2, 2],
            {"weight": "shop", "group": "shop"},
            "^dataset.group: names 'shop', and so does dataset.we",
        ),
    ],
)
def test_mistakes(column: str, values: list[Any], keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, ROWS.assign(**{column: values}))
    with pytest.raises(UserError, match=message) as caught:
        from_file(path, **keys)
    assert "\n" not in str(caught.value)


def test_periods_are_no_times(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    ROWS.assign(day=pd.to_timedelta([1, 2, 3, 4], unit="h")).to_parquet(path)
    with pytest.raises(
        UserError, match=r"^dataset.time: column 'day' of .* has timedelta\d* values; expected numbers, or"
    ):
        from_file(path, time="day")


def test_a_column_that_openml_ignores_may_have_a_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with asked_by_the_client(monkeypatch) as server:
        head = "".join(
            f"@ATTRIBUTE {name} {'STRING' if name == 'shop' else 'REAL'}\n" for name in ("x", "w", "shop", "y")
        )
        data = ROWS[["x", "w", "shop", "y"]].to_csv(index=False, header=False)
        server.add(3, f"@RELATION r\n{head}@DATA\n{data}", default_target_attribute="y", ignore_attribute="shop")
        plain, grouped = (load(conf("openml", id=3, name="o", **keys), tmp_path) for keys in ({}, {"group": "shop"}))
        weighted = load(conf("openml", id=3, name="o", weight="w"), tmp_path)
    assert list(plain.features) == list(grouped.features) == ["x", "w"]
    assert grouped.groups is not None
    assert grouped.groups.tolist() == [2, 1, 2, 0]
    assert list(weighted.features) == ["x"]
