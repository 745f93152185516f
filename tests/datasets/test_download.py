"""Pinned downloads, from a server on this machine; and LightGBM's regression example, which is one."""

import hashlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from openml_server import Server, serving
from tables import conf, real

from bench.datasets import Dataset, download, load
from bench.errors import UserError

CONTENT = b"one\ttwo\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAMES = ("regression.train", "regression.test")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.answers["/data/some.txt"] = CONTENT
        yield running


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/data/some.txt"


def test_downloaded_once(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "deep" / "down" / "mine.txt"
    for _ in range(2):
        assert download.fetch(address(server), SHA256, place) == place
        assert place.read_bytes() == CONTENT
    assert server.asked == ["/data/some.txt"]
    assert [path.name for path in place.parent.iterdir()] == ["mine.txt"]
    assert capfd.readouterr() == ("", "")  # pooch would talk


def test_what_was_put_there_by_hand_is_taken_if_it_is_right(server: Server, tmp_path: Path) -> None:
    place = tmp_path / "some.txt"
    place.write_bytes(CONTENT)
    download.fetch(address(server), SHA256, place)
    place.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=rf"some.txt: its SHA-256 is [0-9a-f]{{64}}; expected {SHA256}; remove it, and"):
        download.fetch(address(server), SHA256, place)
    assert server.asked == []


def test_another_file_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.answers["/data/some.txt"] = CONTENT + b"more"
    with pytest.raises(UserError, match=rf"^some.txt: what http://.* gives is another file .*put it into {tmp_path}$"):
        download.fetch(address(server), SHA256, tmp_path / "some.txt")
    assert list(tmp_path.iterdir()) == []


def test_out_of_reach_is_one_line(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    for mode, reason in (("html", "status 503"), ("silent", "no answer in time|timed out")):
        server.mode = mode
        with pytest.raises(UserError, match=rf"^some.txt cannot be downloaded \(({reason})\); download http") as caught:
            download.fetch(address(server), SHA256, tmp_path / "some.txt")
        assert "\n" not in str(caught.value)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UserError, match=rf"\(connection refused\); download http.* and put it into {tmp_path}$"):
        download.fetch(f"http://127.0.0.1:{port}/some.txt", SHA256, tmp_path / "some.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^datasets_dir: cannot write .*some.txt \(.*\)$"):
        download.fetch(address(server), SHA256, tmp_path / "file" / "some.txt")


# LightGBM's regression example


def example(seed: int, rows: int) -> bytes:
    frame = pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, 3)).round(3))
    frame.insert(0, "y", np.arange(rows) % 2)
    return frame.to_csv(sep="\t", header=False, index=False).encode()


def small(server: Server, folder: Path, **keys: Any) -> Dataset:
    contents = dict(zip(NAMES, (example(0, 20), example(1, 5)), strict=True))
    server.answers |= {f"/v1/{name}": content for name, content in contents.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    there = {"address": f"http://127.0.0.1:{server.port}/v1/", "sha256": hashes}
    return load(conf("lightgbm_regression", **{**there, **keys}), folder)


def test_the_example_is_downloaded_with_its_parts(server: Server, tmp_path: Path) -> None:
    dataset = small(server, tmp_path)
    assert server.asked == ["/v1/regression.train", "/v1/regression.test"]
    assert list(dataset.features) == ["column_1", "column_2", "column_3"]
    assert (dataset.task, dataset.target.dtype) == ("regression", np.float64)
    assert dataset.parts is not None
    assert dataset.parts.tolist() == ["train"] * 18 + ["stop"] * 2 + ["valid"] * 5
    without = small(server, tmp_path, split=None)
    assert without.parts is None
    assert (without.content, list(without.features)) == (dataset.content, list(dataset.features))
    assert small(server, tmp_path, task="binary").classes == ("0", "1")


def test_the_example_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "get", None)  # files that are there need no network
    (tmp_path / "lightgbm_regression").mkdir()
    for name in NAMES:
        shutil.copy(real("lightgbm-regression", name), tmp_path / "lightgbm_regression")
    dataset = load(conf("lightgbm_regression"), tmp_path)
    assert (dataset.task, dataset.features.shape) == ("regression", (7500, 28))
    assert dataset.parts is not None
    assert dict(zip(*np.unique(dataset.parts, return_counts=True), strict=True)) == {
        "train": 6300,
        "stop": 700,
        "valid": 500,
    }
    first = real("lightgbm-regression", NAMES[1]).read_text().split("\n", 1)[0].split("\t")
    assert [dataset.target[7000], *dataset.features.iloc[7000]] == [float(number) for number in first]
    (tmp_path / "lightgbm_regression" / NAMES[1]).write_text("1\t2\n")
    with pytest.raises(
        UserError, match=r"regression.test: its SHA-256 is .*; expected d99ebec9.*raw.githubusercontent"
    ):
        load(conf("lightgbm_regression"), tmp_path)
