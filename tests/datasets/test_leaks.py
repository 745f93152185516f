"""Features that alone determine the target: each by one rule, and none that only comes near."""

from pathlib import Path

import numpy as np
import pandas as pd
from tables import from_file, written

RNG = np.random.default_rng(11)
ROWS = 120
HOURS = RNG.permutation(np.r_[np.zeros(40), RNG.integers(1, 60, 80)])
"""Hours of work: who has none has no job."""


def determining(path: Path, target: str) -> list[str]:
    return [note.split("'")[1] for note in from_file(path, target).notes if "alone determines the target" in note]


def test_a_column_from_which_classes_follow_is_named(tmp_path: Path) -> None:
    job = HOURS > 0
    near = HOURS.copy()
    near[int(np.flatnonzero(job)[0])] = 0
    frame = pd.DataFrame(
        {
            "hours": HOURS,
            "wage": np.where(job, RNG.normal(20, 3, ROWS), np.nan),
            "status": np.where(job, np.array(["on", "part"])[RNG.integers(0, 2, ROWS)], "off"),
            "near": near,
            "noise": RNG.normal(size=ROWS),
            "name": [f"n{i // 2}" for i in range(ROWS)],
            "y": np.where(job, "yes", "no"),
        }
    )
    assert determining(written(tmp_path, frame.drop(columns="name")), "y") == ["hours", "wage", "status"]
    one_each = frame[["noise"]].assign(y=frame["y"], name=frame["name"].where(job, "jobless"))
    path = written(tmp_path, one_each)
    notes = from_file(path, types={"name": "category"}).notes
    assert not any("alone" in note for note in notes)
    assert determining(written(tmp_path, frame.head(49)[["hours", "noise", "y"]]), "y") == []


def test_of_three_classes_each_is_an_interval_of_its_own(tmp_path: Path) -> None:
    middle = pd.cut(HOURS, [-1, 0, 30, 99], labels=["none", "part", "full"]).astype(str)
    outer = np.where((HOURS > 0) & (HOURS <= 30), "inner", "outer")
    frame = pd.DataFrame({"hours": HOURS, "noise": RNG.normal(size=ROWS)})
    assert determining(written(tmp_path, frame.assign(y=middle)), "y") == ["hours"]
    assert determining(written(tmp_path, frame.assign(y=outer)), "y") == []


def test_a_column_with_which_a_quantity_rises_or_falls_throughout_is_named(tmp_path: Path) -> None:
    price = RNG.lognormal(8, 1, ROWS).round(2)
    swapped = price.copy()
    first, second = np.argsort(price)[60:62]
    swapped[[first, second]] = swapped[[second, first]]
    frame = pd.DataFrame(
        {
            "log": np.log(price),
            "owed": np.where(np.arange(ROWS) % 3 == 0, np.nan, -2 * price),
            "half": np.where(np.arange(ROWS) % 2 == 0, price, np.nan)[RNG.permutation(ROWS)],
            "swapped": swapped,
            "coarse": np.ceil(price / 500),
            "y": price,
        }
    )
    assert determining(written(tmp_path, frame), "y") == ["log", "owed"]
    assert "in the 80 rows that have it; where" in "\n".join(from_file(tmp_path / "my.csv").notes)
    stepped = frame[["log"]].assign(y=np.ceil(price / 500), noise=RNG.normal(size=ROWS))
    assert determining(written(tmp_path, stepped), "y") == ["log"]


def test_one_row_among_many_that_says_otherwise_is_seen(tmp_path: Path) -> None:
    place = np.arange(3000)
    frame = pd.DataFrame({"sure": place, "nearly": place, "y": np.where(place < 1500, "no", "yes")})
    frame.loc[1001, "nearly"] = 2900  # a row that the first look passes over
    frame = frame.assign(sure=frame["sure"] / 7, nearly=frame["nearly"] / 7)
    assert determining(written(tmp_path, frame), "y") == ["sure"]
