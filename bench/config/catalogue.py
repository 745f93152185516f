"""What there is to choose from: the configs of the suite, of plug-ins and of a user's folder, with one line each."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bench.config.folders import conf_dir, folders, plugins, warnings
from bench.errors import UserError, allowed

__all__ = ["conf_dir", "config", "find_own_classes", "groups", "listing", "names", "warnings"]

_PLURALS = {"datasets": "dataset", "models": "model", "optimizers": "optimizer", "experiments": "experiment"}
_PLURALS |= {"metrics": "metric", "budgets": "budget", "engines": "engine"}
_ORDER = ("dataset", "model", "optimizer", "experiment", "resampling", "metric", "seeds", "budget", "engine")


def groups(config_dir: Path | None = None) -> list[str]:
    """The groups that have configs, in the order of the documentation."""
    there = {path.name for folder in folders(config_dir) for path in folder.path.iterdir() if path.is_dir()}
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
        lines += [f"  {key:<{width}}  {_description(files[key])}".rstrip() for key in sorted(files)]
    return "\n".join(lines) + "\n"


def config(group: str, name: str, config_dir: Path | None = None) -> dict[str, Any]:
    """What one config says, by itself; raises `UserError` where there is none of that name, or it cannot be read."""
    files = _files(group, config_dir)
    if name not in files:
        raise UserError(f"{group}={name}: unknown {group}; {allowed(name, sorted(files))}")
    try:
        content: Any = OmegaConf.to_container(OmegaConf.load(files[name]), resolve=True)
    except (YAMLError, OmegaConfBaseException, OSError) as error:
        raise UserError(f"{files[name]}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{files[name]}: expected a mapping, found {content!r}")
    return {str(key): value for key, value in content.items()}


def find_own_classes(config_dir: Path | None) -> None:
    """Let a user's own classes be imported: they stand beside their configs, or where they work.

    Last, so that they hide no library; and once plug-ins were looked for, so that none there passes for installed.
    """
    plugins()
    sys.path += [str(folder.absolute()) for folder in (config_dir, Path()) if folder is not None]


def _files(group: str, config_dir: Path | None) -> dict[str, Path]:
    """The file of each name; the first folder that has one counts, as it does for Hydra."""
    every = [path for folder in folders(config_dir) for path in (folder.path / group).glob("*.yaml")]
    return {path.stem: path for path in reversed(every)}


def _description(path: Path) -> str:
    try:
        content: Any = OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OmegaConfBaseException, OSError) as error:
        return f"(cannot be read: {' '.join(str(error).split())[:100]})"
    return str((content or {}).get("description") or "") if isinstance(content, dict) else ""
