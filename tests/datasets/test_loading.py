"""Datasets: columns and target are typed, the task is found, and content is content."""

import gzip
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from tables import CONF, FRAME, conf, from_file, written

from bench.datasets import load, loading
from bench.datasets.loading import OWN_KEYS
from bench.errors import UserError

WITH_DATA = sorted(path for path in CONF.glob("*.yaml") if path.stem not in ("function", "recorded", "replay"))


@pytest.mark.parametrize("path", WITH_DATA, ids=lambda path: path.stem)
def test_each_yaml_says_where_its_data_comes_from(path: Path) -> None:
    config = conf(path.stem)
    assert set(OWN_KEYS) <= set(config)
    for key in ("name", "description", "load", "source", "licence", "citation"):
        assert isinstance(config[key], str), key
        assert config[key], key
    assert "\n" not in config["description"]


@pytest.mark.parametrize(
    ("name", "task", "shape", "classes"),
    [
        ("digits", "multiclass", (1797, 64), tuple("0123456789")),
        ("breast_cancer", "binary", (569, 30), ("benign", "malignant")),
        ("diabetes", "regression", (442, 10), ()),
        ("wine", "multiclass", (178, 13), ("class_0", "class_1", "class_2")),
    ],
)
def test_bundled(name: str, task: str, shape: tuple[int, int], classes: tuple[str, ...], tmp_path: Path) -> None:
    dataset = load(OmegaConf.load(CONF / f"{name}.yaml"), tmp_path)  # type: ignore[arg-type]
    assert (dataset.name, dataset.task, dataset.features.shape, dataset.classes) == (name, task, shape, classes)
    assert set(dataset.features.dtypes) == {np.dtype("float64")}
    assert dataset.target.dtype == (np.int64 if classes else np.float64)
    assert load(conf(name), tmp_path).content == dataset.content
    assert not list(tmp_path.iterdir())


def test_benign_and_malignant_are_not_exchanged(tmp_path: Path) -> None:
    assert np.bincount(load(conf("breast_cancer"), tmp_path).target).tolist() == [357, 212]


def test_the_content_of_data_stays_what_it_was_when_runs_were_recorded(tmp_path: Path) -> None:
    contents = {
        "digits": "9546cc0176942b284f9f0406deec99a7a1c15ab0f8fb7dd22e9cde4c4d0e839a",
        "breast_cancer": "4458f61743886f282ce280d741b54d24fd0903eaae6a9f878972d6e96b0252ee",
    }
    assert {name: load(conf(name), tmp_path).content for name in contents} == contents


def test_columns_and_target_are_typed(tmp_path: Path) -> None:
    dataset = from_file(written(tmp_path, FRAME))
    assert list(dataset.features) == ["size", "colour", "new"]
    np.testing.assert_array_equal(dataset.features["size"], [0.1, 2.5, np.nan, 1e-7, 5.0, 6.0])
    assert list(dataset.features["colour"].cat.categories) == ["blue", "green", "red"]
    assert list(dataset.features["colour"].cat.codes) == [2, -1, 0, 2, 1, 0]
    assert dataset.features["new"].tolist() == [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    assert dataset.classes == ("no", "yes")
    assert dataset.target.tolist() == [0, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([10, 9, 2, 10, 9, 2], "multiclass", ("2", "9", "10")),
        (["10", "9", "2", "10", "9", "2"], "multiclass", ("2", "9", "10")),
        ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], "binary", ("0", "1")),
        ([True, False, True, True, False, True], "binary", ("False", "True")),
        (["b", "a", "c", "a", "b", "c"], "multiclass", ("a", "b", "c")),
        ([0.5, 1.0, 2.0, 3.0, 4.0, 5.0], "regression", ()),
        (list(range(21)), "regression", ()),
        (list(range(20)), "multiclass", tuple(str(i) for i in range(20))),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_task_is_inferred(values: list[Any], task: str, classes: tuple[str, ...], suffix: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(len(values)) / 7, "y": values})
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    dataset = from_file(path)
    assert (dataset.task, dataset.classes) == (task, classes)
    if task == "regression":
        assert dataset.target.tolist() == values
    else:
        labels = [dataset.classes[code] for code in dataset.target]
        assert labels == [str(int(v)) if isinstance(v, float) else str(v) for v in values]


def test_task_is_what_the_user_says(tmp_path: Path) -> None:
    path = written(tmp_path, pd.DataFrame({"x": range(6), "y": [1, 2, 3, 1, 2, 3]}))
    assert from_file(path, task="regression").target.dtype == np.float64
    assert from_file(path, task="classification").task == "multiclass"
    with pytest.raises(UserError, match=r"^dataset.task: binary, but .*'y' has 3 classes; set it to multiclass"):
        from_file(path, task="binary")
    counts = from_file(path, task="counts")
    assert (counts.target.tolist(), counts.target.dtype, counts.classes) == ([1, 2, 3, 1, 2, 3], np.float64, ())
    with pytest.raises(UserError, match=r"^dataset.task: 'regresion' is not a task; .*did you mean regression"):
        from_file(path, task="regresion")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [1, 2, -1],
            r"^dataset.task: counts, but .*my.csv\): target 'y' has -1 in data row 3; expected whole numbers f",
        ),
        ([1, 2.5, 3], r"^dataset.task: counts, but .* has 2.5 in data row 2; expected whole numbers from 0$"),
        (["a", "b", "a"], r"^dataset.task: counts, but .* holds text; expected numbers$"),
        ([4, 4, 4], r"target 'y' is 4 in every row"),
        ([1, None, 3], r"target 'y' has 1 missing values, the first in data row 2"),
        ([1, 2, 2**53 + 2], r"target 'y' has whole numbers beyond 2\*\*53"),
    ],
)
def test_a_target_that_is_no_count(values: list[Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, pd.DataFrame({"x": range(3), "y": values}))
    with pytest.raises(UserError, match=message):
        from_file(path, task="counts")


def test_whole_numbers_that_float64_cannot_hold_are_no_target_of_a_regression(tmp_path: Path) -> None:
    for far, fine in ((2**53, True), (-(2**53), True), (2**53 + 2, False), (-(2**63), False), (2**64 - 1, False)):
        path = written(tmp_path, pd.DataFrame({"x": range(2), "y": [0, far]}))
        if fine:
            assert from_file(path, task="regression").target.tolist() == [0, far]
        else:
            with pytest.raises(
                UserError, match=r"target 'y' has whole numbers beyond 2\*\*53, where .*; scale it down"
            ):
                from_file(path, task="regression")


def test_content_is_the_same_in_every_kind_of_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.concat([FRAME] * 50, ignore_index=True)
    frame["size"] = rng.lognormal(sigma=20, size=len(frame))  # floats that a quick parser gets wrong in the last bit
    text = frame.to_csv(index=False)
    contents = {}
    for name in ("a.csv", "a.tsv", "a.csv.gz", "a.csv.zip", "a.parquet", "index.parquet", "narrow.parquet"):
        path = tmp_path / name
        if name == "index.parquet":
            frame.set_index(pd.Index(rng.permutation(len(frame)), name="row")).to_parquet(path)
        elif name == "narrow.parquet":
            frame.astype({"colour": "category", "y": "category", "new": "boolean"}).to_parquet(path)
        elif name.endswith(".parquet"):
            frame.to_parquet(path)
        elif name.endswith(".tsv"):
            frame.to_csv(path, index=False, sep="\t")
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(text.encode()))
        elif name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("a.csv", text)
        else:
            path.write_text("\ufeff" + text, encoding="utf-8")  # as Excel writes it
        contents[name] = from_file(path).content
    assert len(set(contents.values())) == 1, contents


def test_content_sees_every_part(tmp_path: Path) -> None:
    base = from_file(written(tmp_path, FRAME)).content
    changed = [
        FRAME.rename(columns={"size": "length"}),
        FRAME[["colour", "size", "new", "y"]],
        FRAME.replace({"size": {5.0: 5.000000000000001}}),
        FRAME.replace({"size": {5.0: None}}),
        FRAME.replace({"colour": {"red": "rad"}}),
        FRAME.assign(y=["yes", "no", "yes", "no", "no", "yes"]),
        FRAME.replace({"y": {"no": "non"}}),
        FRAME.iloc[::-1],
        FRAME.assign(new=["t", "f", "t", "t", "f", "f"]),
    ]
    contents = [from_file(written(tmp_path, frame)).content for frame in changed]
    assert len({base, *contents}) == len(changed) + 1
    assert from_file(written(tmp_path, FRAME), name="other").content == base


def test_a_sample_of_rows_keeps_the_shares_of_classes_and_what_belongs_to_a_row(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": np.arange(5000.0), "kind": rng.choice(["a", "b", "rare"], 5000, p=[0.7, 0.299, 0.001])})
    rows["w"], rows["g"], rows["t"] = rows["x"] + 1, rows["x"].astype(int), rows["x"] * 2
    rows.to_csv(tmp_path / "big.csv", index=False)
    keys = {"path": str(tmp_path / "big.csv"), "target": "kind", "weight": "w", "group": "g", "time": "t"}
    config = conf("file") | keys
    whole, sample = (load({**config, "rows": number}, tmp_path) for number in (None, 500))
    assert load({**config, "rows": 5000}, tmp_path).content == whole.content != sample.content
    assert load({**config, "rows": 500}, tmp_path).content == sample.content
    assert len(sample.target) == pytest.approx(500, abs=1)
    assert sample.classes == ("a", "b", "rare")
    np.testing.assert_allclose(np.bincount(sample.target) / 500, np.bincount(whole.target) / 5000, atol=0.003)
    places = sample.features["x"].to_numpy()
    assert (np.diff(places) > 0).all()
    assert list(sample.features.index) == list(range(len(places)))
    np.testing.assert_array_equal(sample.target, whole.target[places.astype(int)])
    np.testing.assert_array_equal(sample.weights, places + 1)
    np.testing.assert_array_equal(whole.groups[places.astype(int)], sample.groups)
    np.testing.assert_array_equal(sample.times, places * 2)
    with pytest.raises(UserError, match=r"^dataset.rows=0.5: expected a whole number from 1, or null"):
        load({**config, "rows": 0.5}, tmp_path)


SOURCES = {
    "sklearn.datasets.load_iris": "returned a Bunch; expected bench.datasets.Table",
    "of_a_user.number": "returned a int; expected bench.datasets.Table",
    "of_a_user.arrays": "the table's features are a ndarray; expected a pandas DataFrame",
    "of_a_user.short": "returned 3 rows of features and 2 of the target",
    "of_a_user.raising": r"raised KeyError: 'no such table' at .*of_a_user.py, line 14",
    "of_a_user.leaving": r"raised SystemExit: 0 at .*of_a_user.py, line 17",
    "of_a_user.VALUE": "expected a function, found 5",
}

OF_A_USER = """
import numpy as np, pandas as pd, sys
from bench.datasets.loading import Table
VALUE = 5
def number():
    return 5
def arrays():
    return Table(np.ones((3, 2)), np.ones(3))
def short():
    return Table(pd.DataFrame({"x": [1, 2, 3]}), pd.Series([0, 1]))
def tables():
    return {}
def raising():
    return tables()["no such table"]

def leaving():
    sys.exit(0)
"""


@pytest.mark.parametrize(("path", "message"), SOURCES.items())
def test_a_source_that_returns_no_table_or_raises_is_one_line(tmp_path, monkeypatch, path, message) -> None:
    (tmp_path / "of_a_user.py").write_text(OF_A_USER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "of_a_user", raising=False)
    with pytest.raises(UserError, match=f"^dataset.load={path}: {message}") as refused:
        loading.load({"name": "mine", "load": path}, tmp_path)
    assert "\n" not in str(refused.value)
    sys.modules.pop("of_a_user", None)


def test_where_data_goes_is_no_key_of_a_source_that_takes_any(tmp_path, monkeypatch) -> None:
    (tmp_path / "of_any.py").write_text("def f(**keys):\n    raise ValueError(keys)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"^dataset.datasets_dir: is no key of a dataset; datasets_dir=FOLDER says"):
        loading.load({"name": "mine", "load": "of_any.f", "datasets_dir": "elsewhere"}, tmp_path)
