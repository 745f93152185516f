"""OpenML, with its own client and a server on this machine."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openml
import pytest
from openml_server import Server, asked_by_the_client, serving
from tables import CONF, FRAME, conf, from_file, written

from bench.datasets import Dataset, load, openml_source
from bench.errors import UserError

ARFF = """@RELATION things
@ATTRIBUTE number INTEGER
@ATTRIBUTE size REAL
@ATTRIBUTE colour {red,blue,green}
@ATTRIBUTE other REAL
@ATTRIBUTE target {no,yes}
@DATA
1,0.1,red,1,no
2,2.5,?,2,yes
3,?,blue,3.5,no
4,0.5,green,4,yes
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with asked_by_the_client(monkeypatch) as running:
        running.add(31, ARFF, row_id_attribute="number")
        yield running


def from_openml(folder: Path, number: int = 31, **keys: Any) -> Dataset:
    return load(conf("openml", id=number, name=f"openml_{number}", **keys), folder)


def test_openml_by_its_number_and_again_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = openml.config.get_config_as_dict(), dict(os.environ)
    with serving() as server:
        monkeypatch.setattr(openml.config, "server", server.url)
        server.add(31, ARFF, row_id_attribute="number")
        dataset = from_openml(tmp_path)
        assert server.asked == ["/api/v1/xml/data/31", "/data/v1/download/31/dataset.arff"]
    assert list(dataset.features) == ["size", "colour", "other"]
    assert list(dataset.features["colour"].cat.codes) == [2, -1, 0, 1]
    assert dataset.classes == ("no", "yes")
    assert from_openml(tmp_path).content == dataset.content
    assert [path.name for path in tmp_path.iterdir()] == ["openml"]
    assert not list((tmp_path / "openml").glob(".partial-*"))
    monkeypatch.undo()
    assert (openml.config.get_config_as_dict(), dict(os.environ)) == before


def test_openml_target_and_drop(server: Server, tmp_path: Path) -> None:
    dataset = from_openml(tmp_path, target="other", drop=["colour"])
    assert (list(dataset.features), dataset.task) == (["size", "target"], "regression")
    with pytest.raises(UserError, match=r"^dataset.target: no column 'othr' in OpenML dataset 31; .*mean other"):
        from_openml(tmp_path, target="othr")
    for default, words in ((None, "names no target"), ("target,other", r"has several targets \(target,other\)")):
        number = 40 if default is None else 41
        server.add(number, ARFF, default_target_attribute=default)
        with pytest.raises(UserError, match=f"^dataset.target: missing, and OpenML {words} for dataset {number}"):
            from_openml(tmp_path, number)


def test_openml_cache_that_the_client_filled_with_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    frame = FRAME.rename(columns={"y": "target"})
    frame.to_parquet(buffer)
    with serving() as server:
        monkeypatch.setattr(openml.config, "server", server.url)
        server.add(5, "not asked for", parquet=buffer.getvalue())
        monkeypatch.setattr(openml.config, "_root_cache_directory", tmp_path / "openml")
        openml.datasets.get_dataset(5, download_data=True).get_data()
        assert "/data/v1/download/5/dataset.arff" not in server.asked
    expected = from_file(written(tmp_path, frame), "target")
    assert from_openml(tmp_path, 5).content == expected.content
    next((tmp_path / "openml").rglob("*.pq")).write_bytes(buffer.getvalue()[:-7])
    with pytest.raises(UserError, match=r"^OpenML dataset 5: its files under .* are damaged; delete them"):
        from_openml(tmp_path, 5)


def test_openml_sparse_arff(server: Server, tmp_path: Path) -> None:
    arff = (
        "@RELATION s\n@ATTRIBUTE a REAL\n@ATTRIBUTE b REAL\n@ATTRIBUTE target REAL\n@DATA\n{0 1.5,2 1}\n{1 2}\n{2 1}\n"
    )
    server.add(6, arff, format="Sparse_ARFF")
    dataset = from_openml(tmp_path, 6)
    assert dataset.features.to_numpy().tolist() == [[1.5, 0.0], [0.0, 2.0], [0.0, 0.0]]
    assert dataset.target.tolist() == [1, 0, 1]


def test_openml_out_of_reach_is_one_line_after_two_tries_at_most(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openml.config, "apikey", "a-secret-key")
    monkeypatch.setattr(openml_source, "TIMEOUT", (0.3, 0.3))
    cases = [("silent", server.url, "no answer in time|timed out"), ("html", server.url, r"not OpenML's, status 503")]
    cases.append(("well", "http://127.0.0.1:9/api/v1/xml", "connection refused"))
    for mode, url, reason in cases:
        server.mode = mode
        monkeypatch.setattr(openml.config, "server", url)
        server.asked.clear()
        with pytest.raises(UserError, match=rf"^OpenML cannot be reached \(.*({reason}).*\); .*dataset=file") as caught:
            from_openml(tmp_path)
        assert len(server.asked) <= openml_source.TRIES
        assert "\n" not in str(caught.value)
        assert "a-secret-key" not in str(caught.value)
        with pytest.raises(UserError, match=r"\); download train.csv from https://www.kaggle.com/.* into .*otto$"):
            load(conf("otto"), tmp_path)


def test_openml_mistakes(server: Server, tmp_path: Path) -> None:
    for number, message in ((None, "missing; give"), ("credit", "found 'credit'; expected the number"), (0, "found 0")):
        with pytest.raises(UserError, match=f"^dataset.id: {message}"):
            load(conf("openml", id=number, name="x"), tmp_path)
    with pytest.raises(UserError, match=r"^dataset.id: OpenML has no dataset 99999;"):
        from_openml(tmp_path, 99999)
    server.add(8, "@RELATION x\n@ATTRIBUTE\n@DATA\n1,2\n")
    with pytest.raises(UserError, match=r"^OpenML dataset 8 cannot be read \(\w+: [^\n]*$"):
        from_openml(tmp_path, 8)


def test_openml_damage_is_seen(server: Server, tmp_path: Path) -> None:
    server.mode = "corrupt"
    with pytest.raises(UserError, match=r"^OpenML dataset 31: the download is damaged \(its MD5 is not OpenML's\);"):
        from_openml(tmp_path)
    server.mode = "well"
    content = from_openml(tmp_path).content
    stored = next((tmp_path / "openml").rglob("dataset.arff"))
    stored.write_text(ARFF[:-20])
    with pytest.raises(UserError, match=r"^OpenML dataset 31: its files under .* are damaged; delete them"):
        from_openml(tmp_path)
    stored.unlink()  # what a killed client leaves: a description without its data
    assert from_openml(tmp_path).content == content


def test_openml_by_several_processes_at_once(server: Server, tmp_path: Path) -> None:
    (tmp_path / "config" / "openml").mkdir(parents=True)
    (tmp_path / "config" / "openml" / "config").write_text(f"server = {server.url}\n")
    code = (
        "import sys, yaml; from pathlib import Path; from bench.datasets import load\n"
        "config = {**yaml.safe_load(Path(sys.argv[1]).read_text()), 'id': 31, 'name': 'x'}\n"
        "print(load(config, Path(sys.argv[2])).content)"
    )
    command = [sys.executable, "-c", code, str(CONF / "openml.yaml"), str(tmp_path)]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    root = CONF.parents[1]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": root}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert outputs == [(from_openml(tmp_path).content + "\n", "")] * 2
    assert not list((tmp_path / "openml").glob(".partial-*"))
