"""Whether a report's files are what the results give now, byte for byte; nothing is written."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import files as whole_files
from bench.errors import UserError
from bench.report import build, checksums
from bench.report.markdown import made_by
from bench.report.runs import references
from bench.report.runs.selection import Selection

_KINDS = {"tables": "tables", "figures": "figures", "problems": "pages of problems"}
_PAGE = "report.html"
"""May be left out of the folder, as may the pages of problems and their script, and is then held against its digest:
too large for a repository, and all in it is in the other files too. So may, in a report of many problems, the figures
and tables of each of them: what is of all stays."""
_BY_DIGEST = f"not there, by its digest in {checksums.FILE}"


@dataclass(frozen=True)
class Check:
    """The files that a report has or should have, by what is to be said of each; paths within its folder, sorted."""

    folder: Path
    same: tuple[str, ...]
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    hint: str = ""
    """Why it may differ, where something speaks for a reason."""
    left_out: tuple[str, ...] = ()
    """The files that are not in the folder, but their digests are, and are what the results give."""

    @property
    def holds(self) -> bool:
        """Whether every file is the same and there is no other."""
        return not (self.differing or self.missing or self.extra)

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        expected = sorted([*self.same, *self.differing, *self.missing])
        if self.holds:
            yield f"{self.folder}: the same, byte for byte: {_counted(expected)}"
            if self.left_out:
                more = f" and {len(self.left_out) - 1} more" if self.left_out[1:] else ""
                first = self.left_out[0]
                yield f"not in the folder, but what the results give has its digest in {checksums.FILE}: {first}{more}"
            return
        yield f"{self.folder}: not what the results give now"
        for what in ("differing", "missing", "extra"):
            yield from (f"{what}: {path}" for path in getattr(self, what))
        yield f"the same: {_counted(self.same) or 'nothing'}, of {_counted(expected)}"
        if self.hint:
            yield self.hint


def check(results_dir: Path, reports_dir: Path, wanted: Selection) -> Check:
    """Make the report in memory and compare it with the files of its folder.

    The page `report.html`, those of problems, and of many problems their figures and tables may be left out of the
    folder, if their digests are there.
    Warnings go to stderr. Raises `UserError` where there is no report, and where none can be made.
    """
    folder = build.folder_of(reports_dir, wanted)
    if not folder.is_dir():
        raise UserError(f"{folder}: no report is there to be checked; {wanted.command!r} makes it")
    files = dict(build.files(results_dir, wanted, references.read(folder)))
    digests = {path: checksums.digest(content) for path, content in files.items()}
    files[checksums.FILE] = checksums.to_text(digests).encode()
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    same = [path for path in files if path in there and _content(folder / path) == files[path]]
    differing = sorted(set(files) & there - set(same))
    listed = checksums.read(folder)
    optional = _optional(files)
    stated = {path: listed[path] for path in optional if path not in there and path in listed}
    left_out = sorted(path for path, digest in stated.items() if digest == digests[path])
    differing += sorted(f"{path} ({_BY_DIGEST})" for path in stated if path not in left_out)
    return Check(
        folder,
        tuple(sorted(same)),
        tuple(differing),
        tuple(sorted(set(files) - there - set(stated))),
        tuple(sorted(there - set(files))),
        _hint(folder, wanted, files, [path for path in differing if _BY_DIGEST not in path]),
        tuple(sorted(left_out, key=lambda path: (path != _PAGE, path))),
    )


def _optional(files: Iterable[str]) -> list[str]:
    """The files of a report that may be left out of its folder."""
    every = list(files)
    pages = [path for path in every if path == _PAGE or re.fullmatch(r"problems/.*\.(?:html|js)", path)]
    of_many = pages[1:]  # one page is that of all
    drawn = [path for path in every if re.match(r"(?:figures|tables)/(?!all-)", path)] if of_many else []
    return pages + drawn


def _hint(folder: Path, wanted: Selection, files: Mapping[str, bytes], differing: Iterable[str]) -> str:
    page = (_content(folder / "report.md") or b"").decode(errors="replace")
    line = next((line for line in page.splitlines() if line.startswith("Made by ")), made_by(wanted))
    if line != made_by(wanted):
        return f"the report there was made by another command: {line.removeprefix('Made by ').rstrip('.')}"
    kinds = {_kind(path) for path in differing if path != checksums.FILE and not path.endswith(".html")}
    if kinds == {"figures"} and any(_kind(path) == "tables" for path in files):
        return "every number is the same: the bytes of figures also depend on the version of Matplotlib"
    return ""


def _content(path: Path) -> bytes | None:
    try:
        return whole_files.regular(path).read_bytes()
    except OSError:
        return None


def _kind(path: str) -> str:
    return _KINDS.get(path.partition("/")[0], path)


def _counted(paths: Iterable[str]) -> str:
    """`3 tables, 6 figures, report.md`."""
    of_kind = [_kind(path) for path in paths]
    counts = [f"{of_kind.count(kind)} {kind}" for kind in _KINDS.values() if kind in of_kind]
    return ", ".join(counts + sorted(kind for kind in of_kind if kind not in _KINDS.values()))
