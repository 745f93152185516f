"""Otto's data: the same from Kaggle's file and from OpenML, and nothing else is taken for it."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openml_server import Server, asked_by_the_client
from tables import conf, from_file, real

from bench.datasets import Dataset, load
from bench.errors import UserError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with asked_by_the_client(monkeypatch) as running:
        yield running


def test_otto_itself(tmp_path: Path) -> None:
    otto_zip = real("otto", "train.csv.zip")
    (tmp_path / "otto").mkdir()
    (tmp_path / "otto" / "train.csv.zip").symlink_to(otto_zip)
    dataset = load(conf("otto"), tmp_path)
    assert dataset.features.shape == (61878, 93)
    assert list(dataset.features) == [f"feat_{i}" for i in range(1, 94)]
    assert (dataset.features.min().min(), dataset.features.max().max()) == (0, 352)
    assert np.bincount(dataset.target).tolist() == conf("otto")["class_counts"]
    assert dataset.classes == tuple(f"Class_{i}" for i in range(1, 10))
    with zipfile.ZipFile(otto_zip) as archive:
        archive.extract("train.csv", tmp_path)
    plain = from_file(tmp_path / "train.csv", "target", drop=["id"])
    assert plain.content == dataset.content


OTTO = pd.DataFrame(np.random.default_rng(1).integers(0, 353, (60, 11)), columns=[f"feat_{i}" for i in range(1, 12)])
OTTO["target"] = [f"Class_{1 + i % 10}" for i in range(60)]
OTTO.insert(0, "id", range(1, 61))


def small_otto(folder: Path, **keys: Any) -> Dataset:
    text = OTTO.to_csv(index=False).encode()
    known = {"sha256": hashlib.sha256(text).hexdigest(), "features": 11, "class_counts": [6] * 10}
    return load(conf("otto", **known, **keys), folder)


def test_otto_is_the_same_from_kaggle_and_from_openml(server: Server, tmp_path: Path) -> None:
    place = tmp_path / "kaggle" / "otto" / "train.csv"
    place.parent.mkdir(parents=True)
    place.write_text(OTTO.to_csv(index=False))
    expected = small_otto(tmp_path / "kaggle")
    assert expected.features.shape == (60, 11)
    place.unlink()
    with zipfile.ZipFile(place.with_name("otto-group-product-classification-challenge.zip"), "w") as archive:
        archive.writestr("test.csv", "id\n1\n")
        archive.writestr("train.csv", OTTO.to_csv(index=False))
    assert small_otto(tmp_path / "kaggle").content == expected.content
    forms = {
        1: (OTTO, {}),
        2: (OTTO.drop(columns="id"), {"default_target_attribute": None}),
        3: (OTTO.rename(columns={"target": "class"})[["class", *OTTO.columns[::-1][1:]]], {"row_id_attribute": "id"}),
        4: (OTTO.replace({"target": {f"Class_{i}": str(i) for i in range(1, 11)}}), {"ignore_attribute": "id"}),
    }
    for number, (frame, fields) in forms.items():
        target = "class" if "class" in frame else "target"
        kinds = {
            name: "{" + ",".join(sorted(set(frame[name]))) + "}" if name == target else "INTEGER" for name in frame
        }
        head = "".join(f"@ATTRIBUTE {name} {kind}\n" for name, kind in kinds.items())
        arff = f"@RELATION otto\n{head}@DATA\n{frame.to_csv(index=False, header=False)}"
        server.add(number, arff, **{"default_target_attribute": target, **fields})
        assert small_otto(tmp_path / "none", openml=number).content == expected.content, number
    with pytest.raises(
        UserError, match=r"^OpenML dataset 1: 60 rows with classes of \[6, .*; expected classes of \[7\]"
    ):
        load(conf("otto", openml=1, features=11, class_counts=[7]), tmp_path / "none")
    with pytest.raises(
        UserError, match=r"^OpenML dataset 1: 11 columns besides id and target; expected feat_1 .. feat_93"
    ):
        load(conf("otto", openml=1), tmp_path / "none")


def test_otto_of_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "otto").mkdir()
    (tmp_path / "otto" / "train.csv").write_text("id,feat_1,target\n1,2,Class_1\n")
    with pytest.raises(UserError, match=r"train.csv: the SHA-256 of train.csv is [0-9a-f]{64}; expected 11d3618a9d2d"):
        load(conf("otto"), tmp_path)
    (tmp_path / "otto" / "train.csv").rename(tmp_path / "otto" / "train.csv.zip")
    with pytest.raises(UserError, match=r"train.csv.zip: not a whole zip file; download it again"):
        load(conf("otto"), tmp_path)
