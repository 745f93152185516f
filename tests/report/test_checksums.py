"""`SHA256SUMS`: what `sha256sum` reads, and what of an earlier report is removed or left alone."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import trials

from bench.report import checksums
from bench.report.build import build
from bench.report.runs import selection
from bench.results import RunId


@pytest.fixture
def folder(tmp_path: Path, undrawn: None) -> Path:
    for dataset in ("iris", "wine"):
        trials.put(tmp_path / "results", RunId("e", dataset, "lightgbm", "random", 0), [1.0, 0.5])
    return tmp_path


def report(folder: Path, problems: str | None = None) -> Path:
    return build(folder / "results", folder / "reports", selection.selection(["e"], None, problems))


def test_every_file_is_named_with_its_digest(folder: Path) -> None:
    made_report = report(folder)
    there = {path.relative_to(made_report).as_posix() for path in made_report.rglob("*") if path.is_file()} - {
        checksums.FILE
    }
    digests = checksums.read(made_report)
    assert set(digests) == there
    assert all(hashlib.sha256((made_report / path).read_bytes()).hexdigest() == digests[path] for path in there)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_sha256sum_agrees(folder: Path) -> None:
    made_report = report(folder)
    assert (
        subprocess.run(["sha256sum", "--check", "--quiet", checksums.FILE], cwd=made_report, check=False).returncode
        == 0
    )
    (made_report / "report.md").write_text("changed")
    assert (
        subprocess.run(["sha256sum", "--check", "--status", checksums.FILE], cwd=made_report, check=False).returncode
        == 1
    )


def test_what_a_new_report_does_not_have_is_removed_unless_someone_changed_it(folder: Path) -> None:
    made_report = report(folder)
    mine = made_report / "figures/mine.svg"
    mine.write_text("mine")
    changed = made_report / "tables/wine-lightgbm.md"
    changed.write_text(changed.read_text() + "a note of mine\n")
    report(folder, "iris/lightgbm")
    left = {path.name for path in made_report.rglob("*") if path.is_file() and "wine" in path.name}
    assert left == {changed.name}
    assert mine.read_text() == "mine"
    assert not [path for path in checksums.read(made_report) if "wine" in path]


def test_no_path_leads_out_of_the_folder(folder: Path) -> None:
    made_report = report(folder)
    outside = folder / "outside.txt"
    outside.write_text("keep me")
    listed = checksums.read(made_report) | {"../../outside.txt": checksums.digest(b"keep me")}
    (made_report / checksums.FILE).write_text(checksums.to_text(listed))
    report(folder)
    assert outside.read_text() == "keep me"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"nonsense\n", b""])
def test_a_damaged_list_removes_nothing(folder: Path, content: bytes) -> None:
    made_report = report(folder)
    (made_report / checksums.FILE).write_bytes(content)
    report(folder, "iris/lightgbm")
    assert (made_report / "tables/wine-lightgbm.md").is_file()
