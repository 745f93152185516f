"""MNIST: the same from Keras's file and from OpenML, and nothing else is taken for it."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openml_server import Server, asked_by_the_client
from tables import conf, real

from bench.datasets import Dataset, load
from bench.errors import UserError

IMAGES = np.random.default_rng(2).integers(0, 256, (40, 3, 3), dtype=np.uint8)
IMAGES[:, 0, 0] = 0  # as at the rims of the real ones: no column is left out for being constant
LABELS = (np.arange(40) * 7 % 10).astype(np.uint8)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with asked_by_the_client(monkeypatch) as running:
        yield running


def keras_file(folder: Path, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> Path:
    place = folder / "mnist" / "mnist.npz"
    place.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(place, x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:])
    return place


def table(images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> pd.DataFrame:
    """As OpenML has it."""
    frame = pd.DataFrame(images.reshape(len(images), -1), columns=[f"pixel{i}" for i in range(1, 10)])
    return frame.assign(**{"class": labels.astype(str)})


def arff(frame: pd.DataFrame, values: str = "{0,1,2,3,4,5,6,7,8,9}") -> str:
    lines = [f"@ATTRIBUTE {name} {values if name == 'class' else 'real'}" for name in frame]
    return "\n".join(["% A comment", "@RELATION mnist", "", *lines, "@DATA", frame.to_csv(index=False, header=False)])


def small(folder: Path, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS, **keys: Any) -> Dataset:
    known = {
        "sha256": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
        "features": 9,
        "class_counts": [4] * 10,
    }
    return load(conf("mnist", **{**known, **keys}), folder)


def test_mnist_itself(tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "mnist.npz").symlink_to(real("mnist", "mnist.npz"))
    dataset = load(conf("mnist"), tmp_path)
    assert (dataset.task, dataset.classes) == ("multiclass", tuple("0123456789"))
    assert dataset.features.shape == (70_000, 784)
    assert list(dataset.features)[::783] == ["pixel1", "pixel784"]
    assert set(dataset.features.dtypes) == {np.dtype("float64")}
    assert dataset.target[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.target[60_000:60_005].tolist() == [7, 2, 1, 0, 4]
    mean = float(np.mean([dataset.features[f"pixel{i}"].to_numpy()[:60_000].mean() for i in range(1, 785)]))
    assert mean / 255 == pytest.approx(0.13066, abs=1e-5)  # the mean of the training images that is used everywhere


def test_mnist_is_the_same_from_keras_and_from_openml(server: Server, tmp_path: Path) -> None:
    keras_file(tmp_path / "keras")
    expected = small(tmp_path / "keras")
    assert (expected.features.shape, expected.classes) == ((40, 9), tuple("0123456789"))
    np.testing.assert_array_equal(expected.features, IMAGES.reshape(40, 9))
    np.testing.assert_array_equal(expected.target, LABELS)
    assert server.asked == []
    server.add(1, arff(table()), default_target_attribute="class")
    server.add(2, arff(table().iloc[:, ::-1].replace({"class": {"3": "'3'"}})), default_target_attribute="class")
    server.add(3, arff(table().astype(float).astype({"class": int}), "integer"), default_target_attribute="class")
    for number in (1, 2, 3):
        for _ in range(2):
            assert small(tmp_path / "none", openml=number).content == expected.content, number
    assert server.asked.count("/data/v1/download/1/dataset.arff") == 1
    stored = sorted(path.name for path in (tmp_path / "none").rglob("1/*"))
    assert stored == ["dataset.arff", "description.xml"]  # and no second copy that the client would make


def test_mnist_from_a_cache_of_parquet(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openml

    buffer = io.BytesIO()
    table().astype({"class": "category"}).to_parquet(buffer)
    server.add(5, "not asked for", parquet=buffer.getvalue(), default_target_attribute="class")
    monkeypatch.setattr(openml.config, "_root_cache_directory", tmp_path / "openml")
    openml.datasets.get_dataset(5, download_data=True)
    keras_file(tmp_path / "keras")
    assert small(tmp_path, openml=5).content == small(tmp_path / "keras").content


def test_what_is_not_mnist_is_refused(server: Server, tmp_path: Path) -> None:
    other = IMAGES.copy()
    other[17, 2, 1] ^= 1
    place = keras_file(tmp_path, other)
    with pytest.raises(UserError, match=r"mnist.npz: these are not MNIST's images in their old order"):
        small(tmp_path)
    keras_file(tmp_path, IMAGES[::-1], LABELS[::-1])
    with pytest.raises(UserError, match=r"mnist.npz: these are not MNIST's images in their old order"):
        small(tmp_path)
    keras_file(tmp_path, IMAGES[:39], LABELS[:39])
    with pytest.raises(UserError, match=r"mnist.npz: 9 pixels, classes of \[4, .*; expected 9, \[4, 4,"):
        small(tmp_path)
    keras_file(tmp_path, IMAGES[:39], LABELS)
    with pytest.raises(UserError, match=r"mnist.npz: 39 images of uint8; expected uint8 and a label for each"):
        small(tmp_path)
    place.write_bytes(place.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"mnist.npz: not Keras's mnist.npz \(.*\); .*remove it to use OpenML"):
        small(tmp_path)
    np.savez(place, x_train=IMAGES)
    with pytest.raises(UserError, match=r"mnist.npz: not Keras's mnist.npz \(.*y_test|x_test"):
        small(tmp_path)
    place.unlink()
    server.add(6, arff(table().drop(columns="pixel4")), default_target_attribute="class")
    with pytest.raises(UserError, match=r"^OpenML dataset 6: 9 columns; expected pixel1 .. pixel9 and class"):
        small(tmp_path, openml=6)
    server.add(7, arff(table().astype({"pixel2": float}).replace({"pixel2": {IMAGES[0, 0, 1]: 0.5}})))
    with pytest.raises(UserError, match=r"^OpenML dataset 7: pixel2 has values that are no pixels; expected whole"):
        small(tmp_path, openml=7)
    server.add(8, arff(table()).replace(f"{IMAGES[0, 0, 1]},", "?,", 1))
    with pytest.raises(UserError, match=r"^OpenML dataset 8\b"):
        small(tmp_path, openml=8)
    server.mode = "html"
    with pytest.raises(UserError, match=r"^OpenML cannot be reached .*; put Keras's mnist.npz .* into .*mnist$"):
        small(tmp_path, openml=99)
