"""Datasets: what comes out of each source, that content is content, and one line for every mistake."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openml
import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf
from openml_server import Server, serving

from bench.datasets import Dataset, load, openml_source
from bench.datasets.file import fingerprint
from bench.datasets.loading import OWN_KEYS
from bench.errors import UserError

CONF = Path(__file__).parents[1] / "conf" / "dataset"
FRAME = pd.DataFrame(
    {
        "size": [0.1, 2.5, None, 1e-7, 5.0, 6.0],
        "colour": ["red", None, "blue", "red", "green", "blue"],
        "new": [True, False, True, True, False, False],
        "y": ["no", "yes", "no", "yes", "yes", "no"],
    }
)


def conf(source: str, /, **keys: Any) -> dict[str, Any]:
    return {**yaml.safe_load((CONF / f"{source}.yaml").read_text()), **keys}


def from_file(path: Path, target: str = "y", **keys: Any) -> Dataset:
    return load(conf("file", path=str(path), target=target, **keys), path.parent)


def written(folder: Path, frame: pd.DataFrame, name: str = "my.csv") -> Path:
    frame.to_csv(folder / name, index=False)
    return folder / name


# What every dataset promises


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
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
        ("wine", "multiclass", (178, 13), ("class_0", "class_1", "class_2")),
    ],
)
def test_bundled(name: str, task: str, shape: tuple[int, int], classes: tuple[str, ...], tmp_path: Path) -> None:
    dataset = load(OmegaConf.load(CONF / f"{name}.yaml"), tmp_path)  # type: ignore[arg-type]
    assert (dataset.name, dataset.task, dataset.features.shape, dataset.classes) == (name, task, shape, classes)
    assert set(dataset.features.dtypes) == {np.dtype("float64")}
    assert dataset.target.dtype == np.int64
    assert load(conf(name), tmp_path).content == dataset.content
    assert not list(tmp_path.iterdir())


def test_benign_and_malignant_are_not_exchanged(tmp_path: Path) -> None:
    assert np.bincount(load(conf("breast_cancer"), tmp_path).target).tolist() == [357, 212]


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
    with pytest.raises(UserError, match=r"^dataset.task: 'regresion' is not a task; .*did you mean regression"):
        from_file(path, task="regresion")


# Content


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


# A user's file: each mistake is one line


def mistakes() -> dict[str, tuple[str | bytes, str, str]]:
    return {
        "empty": ("", "y", r"bad.csv is empty"),
        "no rows": ("x,y\n", "y", r"bad.csv\): no rows"),
        "no target": ("x,label\n1,a\n2,b\n", "lable", r"^dataset.target: no column 'lable' .*did you mean label\?"),
        "separator": ("x;y\n1;0\n2;1\n", "y", r"^dataset.target: no column 'y' in .*allowed: x;y"),
        "missing target": ("x,y\n1,a\n2,\n3,b\n4,\n", "y", r"target 'y' has 2 missing values, the first in data row 2"),
        "one class": ("x,y\n1,a\n2,a\n", "y", r"target 'y' has one class only, 'a'"),
        "constant": ("x,y\n1,2.5\n2,2.5\n", "y", r"target 'y' is 2.5 in every row"),
        "twice": ("x,x,y\n1,2,a\n1,2,b\n", "y", r"bad.csv has 2 columns 'x'"),
        "no name": (",x,y\n0,1,a\n1,2,b\n", "y", r"no name for column 1; .*'dataset.drop=\[\"Unnamed: 0\"\]'"),
        "infinite": ("x,y\n1,a\ninf,b\n", "y", r"column 'x' has 1 infinite values, the first in data row 2"),
        "infinite target": ("x,y\n1,0.5\n2,-inf\n", "y", r"target 'y' has 1 infinite values, the first in data row 2"),
        "no features": ("y\na\nb\n", "y", r"no feature columns"),
        "ragged": ("x,y\n1,a\n2,b,c\n", "y", r"cannot be read as a table \(.*line 3"),
        "row names": ("x,y\n1,2,a\n2,3,b\n", "y", r"cannot be read as a table"),
        "latin": ("x,y\n1,\xe9\n2,b\n".encode("latin-1"), "y", r"bad.csv is not UTF-8"),
    }


@pytest.mark.parametrize("name", mistakes())
def test_mistakes_in_a_csv(name: str, tmp_path: Path) -> None:
    content, target, message = mistakes()[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message) as caught:
        from_file(path, target)
    assert "\n" not in str(caught.value)
    assert "bad.csv" in str(caught.value)


def test_mistakes_in_the_keys(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    cases = [
        (
            {"path": None},
            r"^dataset.path: missing; give .*bench run dataset=file dataset.path=my.csv dataset.target=y$",
        ),
        ({"target": None}, r"^dataset.target: missing; .*columns: size, colour, new, y$"),
        ({"path": str(tmp_path / "none.csv")}, r"^dataset.path: .*none.csv does not exist"),
        ({"path": str(tmp_path)}, r"^dataset.path: .* is a folder"),
        ({"drop": ["siez"]}, r"^dataset.drop: no column 'siez' in .*did you mean size"),
        ({"drop": ["y"]}, r"^dataset.drop: names the target"),
        ({"pth": "x"}, r"^dataset.pth: .* takes no such key; .*did you mean path"),
        ({"load": "bench.datasets.file.laod"}, r"^dataset.load: no function 'bench.datasets.file.laod'"),
        ({"load": None}, r"^dataset.load: no function None"),
    ]
    for keys, message in cases:
        with pytest.raises(UserError, match=message):
            load(conf("file", **{"path": str(path), "target": "y", **keys}), tmp_path)
    (tmp_path / "my.xlsx").write_bytes(b"")
    with pytest.raises(UserError, match=r"my.xlsx is of no known kind, by its name; allowed: .csv, .tsv, .parquet"):
        from_file(tmp_path / "my.xlsx")


def test_mistakes_in_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    path.write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(UserError, match=r"my.parquet cannot be read as parquet"):
        from_file(path)
    FRAME.assign(when=pd.Timestamp("2024-01-01")).to_parquet(path)
    with pytest.raises(UserError, match=r"column 'when' holds datetime64 values; .*dataset.drop"):
        from_file(path)
    assert "when" not in from_file(path, drop=["when"]).features
    FRAME.assign(pair=[[1, 2]] * 6).to_parquet(path)
    with pytest.raises(UserError, match=r"column 'pair' holds \w+ values"):
        from_file(path)


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    sha256 = fingerprint(path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    from_file(path, sha256=sha256)
    written(tmp_path, FRAME.iloc[::-1])
    with pytest.raises(UserError, match=rf"my.csv has changed .*now {fingerprint(path)}, then {sha256}"):
        from_file(path, sha256=sha256)


def test_a_relative_path_is_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, FRAME)
    monkeypatch.chdir(tmp_path)
    assert from_file(Path("my.csv")).features.shape == (6, 3)


# OpenML, with its own client and a server on this machine

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
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with serving() as running:
        monkeypatch.setattr(openml.config, "server", running.url)
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
    for default, said in ((None, "names no target"), ("target,other", r"has several targets \(target,other\)")):
        number = 40 if default is None else 41
        server.add(number, ARFF, default_target_attribute=default)
        with pytest.raises(UserError, match=f"^dataset.target: missing, and OpenML {said} for dataset {number}"):
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


def test_openml_out_of_reach_is_one_line_within_seconds(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openml.config, "apikey", "a-secret-key")
    monkeypatch.setattr(openml_source, "TIMEOUT", (0.3, 0.3))
    cases = [("silent", server.url, "no answer in time|timed out"), ("html", server.url, r"not OpenML's, status 503")]
    cases.append(("well", "http://127.0.0.1:9/api/v1/xml", "connection refused"))
    for mode, url, reason in cases:
        server.mode = mode
        monkeypatch.setattr(openml.config, "server", url)
        start = time.perf_counter()
        with pytest.raises(UserError, match=rf"^OpenML cannot be reached \(.*({reason}).*\); .*dataset=file") as caught:
            from_openml(tmp_path)
        assert time.perf_counter() - start < 8
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


# Otto


@pytest.fixture
def otto_zip() -> Path:
    folder = os.environ.get("BENCH_TEST_DATA")
    path = Path(folder or "", "otto", "train.csv.zip")
    if not folder or not path.is_file():
        pytest.skip("needs Otto's train.csv.zip under the folder that BENCH_TEST_DATA names")
    return path


def test_otto_itself(otto_zip: Path, tmp_path: Path) -> None:
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
