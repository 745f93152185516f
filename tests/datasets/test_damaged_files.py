"""Files that are no table, or a damaged one, as `dataset.path`: one line that names the file, whatever raised it."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tables
from commands import bench
from pyarrow.feather import write_feather

from bench.datasets import file
from bench.errors import UserError

FRAME = pd.DataFrame({"a": range(60), "b": [i / 2 for i in range(60)], "y": ["p", "q"] * 30})
CSV = FRAME.to_csv(index=False).encode()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, CSV)
    return buffer.getvalue()


def flagged(head: int, directory: int, value: int) -> bytes:
    """A zip file with a byte changed, in the head of its file and in its directory."""
    content = bytearray(zipped("a.csv"))
    content[head] = content[content.find(b"PK\x01\x02") + directory] = value
    return bytes(content)


def parquet() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_parquet(buffer)
    return buffer.getvalue()


WHOLE = {
    "csv.xz": lzma.compress(CSV),
    "csv.gz": gzip.compress(CSV),
    "csv.bz2": bz2.compress(CSV),
    "csv.zip": zipped("a.csv"),
    "parquet": parquet(),
}
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "its head alone": lambda content: content[:10],
    "empty": lambda _: b"",
    "bytes turned": lambda content: content[:40] + bytes(255 - byte for byte in content[40:80]) + content[80:],
    "something else": lambda _: bytes(range(256)),
}


def refused(path: Path) -> str:
    with pytest.raises(UserError) as error:
        tables.from_file(path)
    message = str(error.value)
    assert message.startswith("dataset.path: ")
    assert "\n" not in message
    assert len(message) < 700
    return message


@pytest.mark.parametrize("ending", WHOLE)
def test_a_whole_file_is_read_and_a_damaged_one_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"my.{ending}"
    path.write_bytes(WHOLE[ending])
    assert len(tables.from_file(path).features) == 60
    for damage in DAMAGE.values():
        path.write_bytes(damage(WHOLE[ending]))
        assert str(path) in refused(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped("a.csv", "b.csv"), "Multiple files"),
        (flagged(6, 8, 1), "encrypted"),
        (flagged(8, 10, 77), "compression method is not supported"),
    ],
)
def test_a_zip_file_that_cannot_be_unpacked_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "my.csv.zip"
    path.write_bytes(content)
    assert reason in refused(path)


@pytest.mark.parametrize(
    "said",
    [
        *(b"{", b"[]", b'"x"', b"{}", b"\xff\xfe", b"[" * 100_000),
        b'{"index_columns": ["zz"], "columns": [], "column_indexes": []}',
        b'{"index_columns": [], "columns": 5, "column_indexes": []}',
        b'{"index_columns": [], "columns": ["a"], "column_indexes": []}',
        (
            b'{"index_columns": [], "column_indexes": [], "columns": [{"name": "a", "field_name": "a", "pandas_type": '
            b'"int64", "numpy_type": "no such", "metadata": null}]}'
        ),
        (
            b'{"index_columns": [{"kind": "range", "name": null, "start": 0, "stop": 3, "step": 0}], "columns": [], '
            b'"column_indexes": []}'
        ),
    ],
)
def test_a_damaged_description_for_pandas_is_named(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "my.parquet"
    pq.write_table(pa.Table.from_pandas(FRAME).replace_schema_metadata({b"pandas": said}), path)
    assert "its description of the columns is damaged" in refused(path)


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_bytes_that_are_said_to_be_text_and_are_none_are_named(tmp_path: Path, kind: str) -> None:
    """pyarrow's readers take a file's word for it, and what it does with such text may crash."""
    path = tmp_path / f"my.{kind}"
    places = pa.array(range(61), pa.int32()).buffers()[1]
    column = pa.Array.from_buffers(pa.string(), 60, [None, places, pa.py_buffer(b"\xff" * 60)])
    table = pa.Table.from_pandas(FRAME).append_column("c", column)
    (pq.write_table if kind == "parquet" else write_feather)(table, path)
    assert f"cannot be read as {kind}" in refused(path)


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    pipe, loop, locked = (tmp_path / f"{name}.csv" for name in ("pipe", "loop", "locked"))
    os.mkfifo(pipe)
    loop.symlink_to(loop.name)
    assert "is no file that can be read (not a regular file)" in refused(pipe)
    assert "is no file that can be read (not a regular file)" in refused(Path("/dev/zero"))
    assert "(too many levels of symbolic links)" in refused(loop)
    assert "is a folder" in refused(tmp_path)
    assert "does not exist" in refused(tmp_path / "nothing.csv")
    assert "(file name too long)" in refused(tmp_path / f"{'a' * 300}.csv")
    assert "(file name too long)" in refused(Path("/".join(["a" * 200] * 30)))
    assert "null" in refused(tmp_path / "a\0b.csv")
    if os.geteuid() != 0:
        locked.write_bytes(CSV)
        locked.chmod(0)
        assert "ermission denied" in refused(locked)


def test_a_file_that_ends_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> str:
        raise OSError(5, "Input/output error")

    path = tables.written(tmp_path, FRAME)
    monkeypatch.setattr(file, "digest", fail)
    with pytest.raises(UserError, match=r"my.csv cannot be read \(Input/output error\)"):
        file.fingerprint(path)


def test_the_command_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.csv.xz").write_bytes(WHOLE["csv.xz"][:100])
    os.mkfifo("pipe.parquet")
    for name, reason in (("my.csv.xz", "cannot be read as a table"), ("pipe.parquet", "not a regular file")):
        assert bench("run", "dataset=file", f"dataset.path={name}", "dataset.target=y", "budget.trials=1") == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("bench: dataset.path: ")
        assert reason in lines[0]
