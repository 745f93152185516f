"""Where configs are: the suite's own folder, those of installed packages (plug-ins), and a user's, in this order.

A package brings configs by an entry point of the group `hpo_compare.plugins`, which names a package, or a module in
one, that has a folder `conf` beside it. It is not imported to be found: a config's class is, when it is used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from bench.checks import usable
from bench.errors import UserError

GROUP = "hpo_compare.plugins"


@dataclass(frozen=True)
class Folder:
    """A folder laid out as conf/: of each config's name the first folder that has one counts."""

    owner: str
    """Whose it is, as a message names it."""
    path: Path


def conf_dir() -> Path:
    """The suite's configs: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"


def folders(config_dir: Path | None = None) -> list[Folder]:
    """Every folder of configs; raises `UserError` where the user's is not there."""
    if config_dir is not None and not usable("--config-dir", config_dir).is_dir():
        raise UserError(f"--config-dir={config_dir}: no such folder")
    own = [] if config_dir is None else [Folder(f"--config-dir={config_dir}", config_dir)]
    return [Folder("the suite", conf_dir()), *plugins()[0], *own]


_chosen: list[Path] = []


def choose(config_dir: Path | None) -> None:
    """Let Hydra find the configs of a user's folder, too, or of none; raises `UserError` where it is not there."""
    folders(config_dir)
    _chosen[:] = [] if config_dir is None else [config_dir.absolute()]


def chosen() -> Path | None:
    """The user's folder that was chosen last."""
    return _chosen[0] if _chosen else None


@cache
def plugins() -> tuple[tuple[Folder, ...], tuple[str, ...]]:
    """The folders of the plug-ins that are installed, by name, and a line about each that has none to be used."""
    usable, unusable = [], []
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        place = _place(entry.module)
        if place is None:
            unusable.append(f"plug-in {entry.name}: no module named {entry.module!r}; it is left out")
        elif not (place / "conf").is_dir():
            unusable.append(f"plug-in {entry.name}: {entry.module!r} has no folder conf; it is left out")
        else:
            usable.append(Folder(f"plug-in {entry.name}", place / "conf"))
    return tuple(usable), tuple(unusable)


def warnings(config_dir: Path | None = None) -> Iterator[str]:
    """A line about each plug-in and each config that is left out."""
    yield from plugins()[1]
    every = folders(config_dir)
    if len(every) == 1:
        return
    owners: dict[str, str] = {}
    for folder in every:
        for config in configs(folder):
            name = config.relative_to(folder.path).as_posix()
            if owners.setdefault(name, folder.owner) != folder.owner:
                yield f"{folder.owner}: {name} is left out: {owners[name]} has one of this name"


def configs(folder: Folder, group: str = "*") -> list[Path]:
    """The files of a folder's configs; raises `UserError` where it cannot be looked into."""
    try:
        return sorted(folder.path.glob(f"{group}/*.yaml"))
    except OSError as error:
        raise UserError(f"{folder.owner}: cannot be read ({error.strerror or error})") from None


def _place(module: str) -> Path | None:
    """The folder of a package, or that which holds a module; None where there is no such module."""
    top, *inner = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, AttributeError, ValueError):
        return None
    for location in (spec.submodule_search_locations or ()) if spec is not None else ():
        place = Path(location).joinpath(*inner)
        if place.is_dir():
            return place
        if inner and place.with_suffix(".py").is_file():
            return place.parent
    return None
