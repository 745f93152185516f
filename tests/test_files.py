"""Files are there whole or not at all, whatever happens while they are written."""

from pathlib import Path

import pytest

from bench import files


def test_a_file_is_replaced_at_the_end_alone(tmp_path):
    path = tmp_path / "folder/table"
    files.write(path, b"first")
    with files.replacing(path) as part:
        part.write_bytes(b"sec")
        assert path.read_bytes() == b"first"
        part.write_bytes(b"second")
    assert path.read_bytes() == b"second"
    assert [file.name for file in path.parent.iterdir()] == ["table"]


def test_where_writing_fails_the_old_file_stays_and_nothing_else(tmp_path):
    path = tmp_path / "table"
    files.write(path, b"first")

    def write_half():
        with files.replacing(path) as part:
            part.write_bytes(b"sec")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_half()
    assert path.read_bytes() == b"first"
    assert [file.name for file in tmp_path.iterdir()] == ["table"]


def test_a_folder_that_another_process_removes_as_empty_is_made_again(tmp_path, monkeypatch):
    make, removals = Path.mkdir, iter([True, True])

    def make_and_lose(folder, *arguments, **keywords):
        make(folder, *arguments, **keywords)
        if next(removals, False):
            folder.rmdir()

    monkeypatch.setattr(Path, "mkdir", make_and_lose)
    files.write(tmp_path / "folder/table", b"first")
    assert (tmp_path / "folder/table").read_bytes() == b"first"
    with files.replacing(tmp_path / "other/table") as part, pytest.raises(OSError, match="not empty"):
        part.parent.rmdir()  # from the beginning something is in it
