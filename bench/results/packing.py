"""Packing the tables of finished runs, and unpacking them: nothing is lost wherever it is stopped.

A pack is written beside the one that it replaces, flushed to the disk and read back; only where every run comes out as
it was, to the bit, does it take its place, and only then are the runs' own files deleted. As these count where both are
there, what a reader finds is the same at every moment, and packing again ends with the same file.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import files
from bench.errors import UserError
from bench.results import pack_writing, packs, soundness, tables
from bench.results.finding import find_some
from bench.results.identity import RunId
from bench.results.packs import Pack
from bench.results.unreadable import UnreadableTable
from bench.wording import one_line, plural

LOCK = ".packing.lock"
"""In results_dir, what a process holds that packs or unpacks."""
_ASIDE = ".deleting"
"""How the name of a run's own file ends while it is deleted."""

Runs = Mapping[int, tables.Content]
"""The rows and the metadata of runs, by seed."""


@dataclass
class Packing:
    """What packing, or unpacking, has done."""

    known: int = 0
    """The finished runs of the experiment."""
    runs: int = 0
    """Runs that were moved from one kind of file to the other."""
    packs: int = 0
    """Packs that were written, or taken apart."""
    before: int = 0
    """The bytes of the files that were replaced."""
    after: int = 0
    """The bytes of those in their place."""
    left: dict[RunId, str] = field(default_factory=dict)
    """Why runs are left as they are."""


def lines(experiment: str, done: Packing) -> Iterator[str]:
    """What was packed, and what is left as it is; nothing where there was nothing to do."""
    if done.packs:
        into = "one file" if done.packs == 1 else f"{done.packs} files"
        yield f"{experiment}: {plural(done.runs, 'run')} packed into {into}: {_sizes(done)}"
    for run, reason in done.left.items():
        yield f"left as it is: {run}.parquet: {reason}"


def unpacked(experiment: str, done: Packing) -> str:
    """What was unpacked, in a line."""
    return f"{experiment}: {plural(done.runs, 'run')} unpacked into a file each: {_sizes(done)}"


def _sizes(done: Packing) -> str:
    return f"{done.before / 1e6:.2f} MB before, {done.after / 1e6:.2f} MB now"


def pack(results_dir: Path, experiment: str) -> Packing:
    """Pack every finished run of an experiment that has a file of its own, with those that were packed before.

    A table that cannot be relied on stays as it is. Raises `UserError` where there is no finished run, or a file cannot
    be written; waits while another process packs in the same `results_dir`.
    """
    done = Packing()
    with _alone(results_dir, experiment):
        for pack_path, paths in _grouped(results_dir, experiment).items():
            done.known += len(paths)
            own = {run: path for run, path in paths.items() if path != pack_path}
            if own:
                _pack(pack_path, own, done)
    return done


def unpack(results_dir: Path, experiment: str) -> Packing:
    """Give every run of an experiment a file of its own again, and delete the packs; raises `UserError` as `pack`."""
    done = Packing()
    with _alone(results_dir, experiment):
        for pack_path, paths in _grouped(results_dir, experiment).items():
            if pack_path.exists():
                _unpack(results_dir, pack_path, next(iter(paths)), done)
    return done


def _pack(path: Path, own: Mapping[RunId, Path], done: Packing) -> None:
    """Merge runs' own files into the pack at `path`."""
    known: dict[int, tables.Content] = {}
    read: dict[Path, tuple[int, ...]] = {}
    for run, file in own.items():
        which = _which(file)
        try:
            known[run.seed] = _sound(run, file)
        except UnreadableTable as error:
            done.left[run] = error.reason
            continue
        read[file] = which
    if not known:
        return
    place = _place(next(iter(own)))
    there = _opened(path, place) if path.exists() else None
    merged = dict(known)
    if there is not None:
        for seed in there.groups:
            merged.setdefault(seed, tables.read_packed(there, seed))
    before = sum(which[-1] for which in read.values()) + (path.stat().st_size if there is not None else 0)
    with files.replacing(path) as part:
        pack_writing.write(part, place, merged)
        _check(part, merged)
    _flush_folder(path.parent)
    for file, which in read.items():
        _delete(file, which)
        with suppress(OSError):
            file.parent.rmdir()
    done.runs, done.packs = done.runs + len(known), done.packs + 1
    done.before, done.after = done.before + before, done.after + path.stat().st_size


def _unpack(results_dir: Path, path: Path, one: RunId, done: Packing) -> None:
    """Write the own files of the runs in a pack that have none, and delete it; `one` is a run whose place it has."""
    there = _opened(path, _place(one))
    before, after = path.stat().st_size, 0
    for seed in there.groups:
        file = replace(one, seed=seed).path(results_dir)
        if file.exists():
            continue
        content, part = tables.read_packed(there, seed), path.with_name(f".{path.name}.{seed}.part")
        tables.write_table(part, *content)
        if not same(tables.read_file(part), content):
            raise UserError(f"{file}: what was unpacked does not come out as it was; {path} is as it was")
        file.parent.mkdir(exist_ok=True)
        part.replace(file)
        _flush_folder(file.parent)
        after += file.stat().st_size
        done.runs += 1
    path.unlink()
    done.packs, done.before, done.after = done.packs + 1, done.before + before, done.after + after


def _place(run: RunId) -> dict[str, str]:
    """What names the pack of a run."""
    return {name: getattr(run, name) for name in packs.PLACE}


def _opened(path: Path, place: Mapping[str, str]) -> Pack:
    """The pack at a path; raises `UnreadableTable` where it is that of another place."""
    pack = packs.read(path)
    for name, value in pack.layout.place.items():
        if value != place[name]:
            raise UnreadableTable(path, f"its rows are of {name} {one_line(value)}: move it back to that place")
    return pack


def _sound(run: RunId, path: Path) -> tables.Content:
    """A run's content; raises `UnreadableTable` where it cannot be relied on, and is better seen as it is."""
    table, about = tables.read_file(path)
    fault = soundness.fault_of_place(vars(run), table) or soundness.fault_of_ladder(table, about)
    if fault:
        raise UnreadableTable(path, fault, run)
    return table, about


def _check(path: Path, runs: Runs) -> None:
    """Raise `UserError` where a pack does not hold exactly these runs."""
    there = packs.read(path)
    alike = sorted(there.groups) == sorted(runs) and all(
        same(tables.read_packed(there, seed), content) for seed, content in runs.items()
    )
    if not alike:
        raise UserError(f"{path}: what was packed does not come out as it was; nothing was changed: report it, please")


def same(one: tables.Content, other: tables.Content) -> bool:
    """Whether two contents are the same to the bit: columns, values, metadata with their order."""
    (table, about), (others, of_other) = one, other
    return (
        table.schema.equals(others.schema)
        and all(pack_writing.same(table[name], others[name]) for name in table.column_names)
        and json.dumps(about) == json.dumps(of_other)
    )


# --- files ---


def _grouped(results_dir: Path, experiment: str) -> dict[Path, dict[RunId, Path]]:
    """The finished runs and their files, by the pack that is theirs or would be."""
    grouped: dict[Path, dict[RunId, Path]] = defaultdict(dict)
    for run, path in find_some(results_dir, experiment).items():
        grouped[run.pack(results_dir)][run] = path
    return grouped


def _which(path: Path) -> tuple[int, ...]:
    """What tells a file from another of its name; its size last."""
    there = path.stat()
    return there.st_dev, there.st_ino, there.st_mtime_ns, there.st_size


def _delete(path: Path, which: Sequence[int]) -> None:
    """Delete a run's own file, unless another has taken its place since it was read.

    It is set aside before it is looked at, so that none is deleted that comes between.
    """
    aside = path.with_name(f".{path.name}{_ASIDE}")
    path.replace(aside)
    if _which(aside) != tuple(which):
        with suppress(FileExistsError):  # of one that is newer still
            os.link(aside, path)
    aside.unlink()


def _recover(folder: Path) -> None:
    """Undo what a killed process has left: a file that was being deleted is there again, a part of a pack is gone."""
    for aside in folder.glob(f"*/*/*/.*{_ASIDE}"):
        path = aside.with_name(aside.name[1:].removesuffix(_ASIDE))
        if not path.exists():
            aside.replace(path)
        else:
            aside.unlink()
    for part in folder.glob("*/*/.*.parquet.*.part"):  # only who packs writes in these folders
        part.unlink()


@contextmanager
def _alone(results_dir: Path, experiment: str) -> Iterator[None]:
    """Within, no other process packs or unpacks; begun with what a killed one has left put in order."""
    import fcntl  # noqa: PLC0415 - not on every system

    find_some(results_dir, experiment)  # refuses links before anything is touched
    path = results_dir / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _recover(results_dir / experiment)
            yield
        finally:
            os.close(lock)
    except OSError as error:
        where = error.filename or path
        raise UserError(
            f"{where}: {error.strerror or error}; no run was lost: make room or mend it, and pack again"
        ) from None


def _flush_folder(folder: Path) -> None:
    """See to it that the names in a folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
