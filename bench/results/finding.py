"""Which runs of an experiment are finished, and in which file each of them is: one of its own, or a pack."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from bench.errors import UserError, allowed
from bench.results import packs
from bench.results.identity import SEEDS, RunId


def find(results_dir: Path, experiment: str) -> dict[RunId, Path]:
    """The finished runs of an experiment and their files, in order of (dataset, model, optimizer, seed).

    Of a run that has a file of its own and stands in a pack too, its own is the one that counts. Raises `UserError`
    where a folder of it, or a file, is a link (see `refuse_links`), and `DamagedTable` where a pack cannot be read.
    """
    refuse_links(results_dir, experiment)
    folders = [results_dir / experiment]
    for _ in ("dataset", "model"):
        folders = [inner for folder in folders for inner in _folders(folder, results_dir)]
    paths: dict[RunId, Path] = {}
    for model in folders:
        dataset, name = model.parts[-2:]
        for path in _tables(model, results_dir):
            for seed in packs.seeds(path):
                paths[RunId(experiment, dataset, name, path.stem, seed)] = path
        for folder in _folders(model, results_dir):
            for path in _tables(folder, results_dir, of_seeds=True):
                paths[RunId(experiment, dataset, name, folder.name, int(path.stem))] = path
    return dict(sorted(paths.items()))


def place(results_dir: Path, run: RunId) -> Path | None:
    """The file that a finished run is in; None where it is in none. Raises `DamagedTable` for a pack."""
    path, pack = run.path(results_dir), run.pack(results_dir)
    if path.exists():
        return path
    opened = packs.at(pack)
    return pack if opened is not None and run.seed in opened.groups else None


def _tables(folder: Path, root: Path, of_seeds: bool = False) -> Iterator[Path]:
    """The tables in a folder of `root`: those that are named by a seed, or packs; raises `UserError` for a link.

    What is named by a seed is a table whatever it is: a folder there is a damaged one, and is told of.
    """
    for entry in _entries(folder):
        path = Path(entry.path)
        if path.suffix != ".parquet" or (not of_seeds and entry.is_dir(follow_symlinks=False)):
            continue
        seed = packs.SEED.fullmatch(path.stem) and int(path.stem) <= SEEDS
        if seed if of_seeds else not path.name.startswith("."):
            if entry.is_symlink():
                _refuse(path, root)
            yield path


_OPTION = "--results-dir (of a run: results_dir=...)"


def refuse_links(root: Path, *below: str, option: str = _OPTION) -> None:
    """Raise `UserError` where one of the folders, or the file, that `below` names one inside the other is a link.

    `root` may be one: its owner chose it. Inside it a link would have a run written elsewhere, or a table counted under
    two names. `option` names the folder on the command line.
    """
    place = root
    for name in below:
        place /= name
        if os.path.islink(place):  # noqa: PTH114 - pathlib's raises where a name is too long
            _refuse(place, root, option)


def _refuse(link: Path, root: Path, option: str = _OPTION) -> NoReturn:
    target = str(link.readlink())
    raise UserError(
        f"{link}: is a link to {target!r}, and links inside {root} are not followed; put what it leads to there, "
        f"or give the folder that holds it with {option}"
    )


def _folders(folder: Path, root: Path) -> Iterator[Path]:
    """The folders in a folder of `root`; raises `UserError` for a link that is not one to a file."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif entry.is_symlink() and not entry.is_file():
            _refuse(Path(entry.path), root)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: of a name that no folder can have
        return []
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return []
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from None


def find_some(results_dir: Path, experiment: str) -> dict[RunId, Path]:
    """As `find`; raises `UserError`, which names the experiments there are, where this one has no table."""
    paths = find(results_dir, experiment)
    if not paths:
        where = results_dir / experiment
        raise UserError(f"experiment {experiment!r}: no finished run in {where}; {_way_on(results_dir, experiment)}")
    return paths


def others(results_dir: Path, experiment: str) -> list[str]:
    """The experiments with a finished run, but this one."""
    names = (entry.name for entry in _entries(results_dir) if entry.is_dir(follow_symlinks=False))
    return sorted(name for name in names if name != experiment and _has_runs(results_dir, name))


def _has_runs(results_dir: Path, experiment: str) -> bool:
    try:
        return bool(find(results_dir, experiment))
    except UserError:  # a link, which is told of where it is asked for
        return True


def _way_on(results_dir: Path, experiment: str) -> str:
    known = others(results_dir, experiment)
    if _is_folder(results_dir / experiment):
        more = f"; experiments with finished runs: {', '.join(known)}" if known else ""
        return f"'bench status {experiment}' shows where its runs stand{more}"
    return allowed(experiment, known) if known else f"'bench run name={experiment}' makes some"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
