"""What there is to choose from: the configs of the suite, of plug-ins and of a user's folder, with one line each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from bench import texts
from bench.config import reading
from bench.config.folders import choose, conf_dir, configs, folders
from bench.config.folders import warnings as left_out
from bench.errors import UserError, allowed

__all__ = ["choose", "conf_dir", "config", "find_own_classes", "groups", "listing", "names", "warnings"]

_PLURALS = {"datasets": "dataset", "models": "model", "optimizers": "optimizer", "experiments": "experiment"}
_PLURALS |= {"metrics": "metric", "budgets": "budget", "engines": "engine"}
_ORDER = ("dataset", "model", "optimizer", "experiment", "resampling", "metric", "seeds", "budget", "engine")


def groups(config_dir: Path | None = None) -> list[str]:
    """The groups that have configs, in the order of the documentation."""
    there = {path.parent.name for folder in folders(config_dir) for path in configs(folder)}
    return [name for name in _ORDER if name in there] + sorted(there - set(_ORDER))


def names(group: str, config_dir: Path | None = None) -> list[str]:
    """The names of a group's configs."""
    return sorted(_files(group, config_dir))


def listing(group: str | None, config_dir: Path | None = None) -> str:
    """Every config of a group, or of all groups, with its description."""
    known = groups(config_dir)
    if group is not None and _PLURALS.get(group, group) not in known:
        raise UserError(f"{group}: unknown group; {allowed(group, known)}")
    lines = []
    for name in known if group is None else [_PLURALS.get(group, group)]:
        files = _files(name, config_dir)
        width = max(map(len, files), default=0)
        lines.append(name)
        lines += [texts.line(f"  {key:<{width}}  {_description(files[key])}").rstrip() for key in sorted(files)]
    return "\n".join(lines) + "\n"


def config(group: str, name: str, config_dir: Path | None = None) -> dict[str, Any]:
    """What one config says, by itself; raises `UserError` where there is none of that name, or it cannot be read."""
    files = _files(group, config_dir)
    if name not in files:
        raise UserError(f"{group}={name}: unknown {group}; {allowed(name, sorted(files))}")
    return reading.plain(files[name])


def warnings(config_dir: Path | None = None, all_files: bool = False) -> Iterator[str]:
    """A line about each plug-in and each config that is left out; with `all_files` about those that cannot be read."""
    yield from left_out(config_dir)
    for folder in folders(config_dir)[1:] if all_files else ():
        for path in configs(folder):
            try:
                reading.load(path)
            except UserError as error:
                yield f"{error}; it is left out"


def find_own_classes(config_dir: Path | None) -> None:
    """Let a user's own classes be imported: they stand beside their configs, or where they work.

    Last, so that they hide no library; and once plug-ins were looked for, so that none there passes for installed.
    Raises `UserError` where the folder is not there.
    """
    folders(config_dir)
    sys.path += [str(folder.absolute()) for folder in (config_dir, Path()) if folder is not None]


def _files(group: str, config_dir: Path | None) -> dict[str, Path]:
    """The file of each name; the first folder that has one counts, as it does for Hydra."""
    every = [path for folder in folders(config_dir) for path in configs(folder, group)]
    return {path.stem: path for path in reversed(every)}


def _description(path: Path) -> str:
    try:
        description = reading.load(path).get("description")
    except (UserError, OmegaConfBaseException):
        return "(cannot be read)"
    return " ".join(str(description or "").split())
