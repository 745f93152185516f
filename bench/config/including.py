"""What a user's config includes by Hydra's `defaults`, and that it leaves Hydra's own settings alone.

Hydra itself follows a circle of such lists until Python's stack ends, and its own settings lead logs, folders and
sweepers past the suite.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from bench.config import reading
from bench.config.folders import folders
from bench.errors import UserError

ROOT = "bench"
"""The config that every run begins with, and that includes all others."""
HYDRAS_OWN = "is a setting of Hydra's own, which the suite does not use; remove it (hydra.mode alone may be set)"
MOST = 50
"""Files that one config may include, each as often as it is included."""

_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)


def check(path: Path, name: str, config_dir: Path | None) -> None:
    """Raise `UserError` where the config `name` (group/choice), which stands in `path`, cannot be composed."""
    count = 0

    def follow(place: Path, each: str, way: tuple[str, ...]) -> None:
        nonlocal count
        count += 1
        if count > MOST:
            raise UserError(f"{path}: includes more than {MOST} files by 'defaults'; include fewer")
        for other in _included(place, each):
            if other == ROOT or other in (*way, each):
                begun = way[way.index(other) :] if other in way else ()
                circle = " -> ".join([*begun, each, other])
                raise UserError(f"{path}: includes itself by 'defaults': {circle}; take one of them out")
            file = _file(other, config_dir)
            if file is not None:
                follow(file, other, (*way, each))

    follow(path, name, ())


def _included(path: Path, name: str) -> Iterator[str]:
    """The configs that a file's `defaults` name; raises `UserError` where the file sets what is Hydra's own."""
    content: Any = OmegaConf.to_container(reading.load(path))
    package = _PACKAGE.search(reading.text(path)[:512])
    own = content.get("hydra", {})
    if package is not None and package[1].split(".")[0] == "hydra":
        raise _not_the_suites(path, f"@package {package[1]}")
    if not isinstance(own, dict) or set(own) - {"mode"}:
        raise _not_the_suites(path, f"hydra.{min(set(own) - {'mode'})}" if isinstance(own, dict) else "hydra")
    defaults = content.get("defaults") or []
    if not isinstance(defaults, list):
        raise UserError(f"{path}: defaults: expected a list such as [other, _self_], found {defaults!r}")
    group = name.rpartition("/")[0]
    for entry in defaults:
        for key, choice in entry.items() if isinstance(entry, dict) else [(None, entry)]:
            yield from _names(path, group, key, choice)


def _names(path: Path, group: str, key: Any, choice: Any) -> Iterator[str]:
    """What one entry of `defaults` stands for: `choice` in the folder of the list, or `key: choice` in another."""
    words = str(key if key is not None else choice).split("@")[0].split()
    target = words[-1] if words else ""
    if target.lstrip("/").split("/")[0] == "hydra":
        raise _not_the_suites(path, target)
    if key is None:
        choices = [target] if target != "_self_" else []
    else:
        several = choice if isinstance(choice, list) else [choice]
        choices = [f"{target}/{each}" for each in several if each is not None] if "override" not in words else []
    for each in choices:
        if "${" not in each and each != "???":
            yield each.lstrip("/").removesuffix(".yaml") if each.startswith("/") or not group else f"{group}/{each}"


def _not_the_suites(path: Path, key: str) -> UserError:
    return UserError(f"{path}: {key}: {HYDRAS_OWN}")


def _file(name: str, config_dir: Path | None) -> Path | None:
    """Where a config stands that is not the suite's own: those include nothing."""
    for folder in folders(config_dir):
        if (folder.path / f"{name}.yaml").exists():
            return folder.path / f"{name}.yaml" if folder.owner != "the suite" else None
    return None
