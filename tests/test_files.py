"""Files are there whole or not at all, whatever happens while they are written."""

import os
import signal
import subprocess
import sys
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


def test_what_a_killed_process_was_writing_is_removed_and_nothing_that_somebody_writes(tmp_path):
    path = tmp_path / "folder/table"
    files.write(path, b"first")
    with files.replacing(path) as part:
        part.write_bytes(b"sec")
        os.link(part, other := part.with_name(part.name.replace(files._host(), "00000000")))  # of another host
        killed = "import os, sys; from pathlib import Path; from bench import files\n"
        killed += "with files.replacing(Path(sys.argv[1])) as part: part.touch(); os.kill(os.getpid(), 9)"
        done = subprocess.run([sys.executable, "-c", killed, path], check=False, timeout=60)
        assert done.returncode == -signal.SIGKILL
        assert len(list(path.parent.iterdir())) == 4
        files.leave_no_parts(tmp_path)
        assert sorted(path.parent.iterdir()) == sorted([path, part, other])
    files.leave_no_parts(tmp_path / "missing")
