"""What `verify` builds from a table's metadata: of what they name only what is registered, of what they hold only data.

Results may be anybody's. Nothing that stands in them is imported, opened or asked of a network, unless a config names
it that the user has installed or gives by `--config-dir`: see `bench.config.registered`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import files, problems
from bench.checks import is_whole
from bench.config.own_file import EITHER, is_own_file
from bench.config.registered import check_texts, choices, registered, short
from bench.config.values import check_optimizer
from bench.datasets import locating
from bench.datasets.file import DIALECT
from bench.datasets.loading import OWN_KEYS
from bench.datasets.roles import ROLES
from bench.datasets.table import OF_COLUMNS
from bench.errors import DataOptionError, UserError
from bench.problems import Recipe
from bench.results import SEEDS, check_name

_COLUMNS = ("target", "drop", *ROLES, *OF_COLUMNS, *DIALECT)
"""Keys of a dataset that name columns or say how a file is written, and hold any text."""
_THREADS = 4096
"""More than any machine's."""


def recipe(
    metadata: Mapping[str, Any], seed: int, datasets_dir: Path, config_dir: Path | None = None, data: Path | None = None
) -> Recipe:
    """The recipe of a table's problem; `data` is the user's file, for a dataset that is one (see `takes_file`).

    Imports and reads nothing that the metadata name. Raises `UserError` where they are not those of a run, or name what
    is not registered.
    """
    groups = _groups(metadata)
    folders = (Path(), datasets_dir / files.MEMORY)
    groups["dataset"] = _dataset(groups["dataset"], config_dir, data, folders)
    if "retuned" in groups["model"]:
        _check_retuned(_mapping(groups["model"], "retuned"), config_dir)
    elif not {"recorded", "replay"} & groups["model"].keys():
        _check_model(groups["model"], config_dir)  # of the others nothing is imported, and the tables are known
    problems.check(groups)
    threads = _mapping(metadata, "provenance").get("threads") or 1
    if not is_whole(threads, 1, _THREADS):
        raise UserError(f"provenance.threads={short(threads)}: expected a whole number from 1 to {_THREADS}")
    return Recipe(groups, seed, str(datasets_dir.absolute()), threads)


def optimizer(config: Mapping[str, Any], config_dir: Path | None = None) -> dict[str, Any]:
    """The config of a table's optimiser, if what it names is registered."""
    entries = registered("optimizer", "class", config.get("class"), config_dir)
    settings = {"settings": config.get("settings") or {}}
    check_texts("optimizer.settings", _mapping(settings, "settings"), [entry.get("settings") for entry in entries])
    check_optimizer(config)
    return dict(config)


def takes_file(metadata: Mapping[str, Any], config_dir: Path | None = None) -> bool:
    """Whether a table's dataset is a file of somebody's, whose place is not recorded."""
    dataset = _mapping(_mapping(metadata, "config"), "dataset")
    load = dataset.get("load")
    return load is not None and _has_place(dataset, registered("dataset", "load", load, config_dir))


def _has_place(dataset: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a recorded dataset is of a file, whose path is not recorded; `entries` are its source's configs."""
    return any("path" in entry for entry in entries) and (dataset.get("load") not in EITHER or is_own_file(dataset))


def _groups(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a problem, as far as every kind of problem needs them."""
    config = _mapping(metadata, "config")
    groups: dict[str, Any] = {name: dict(_mapping(config, name)) for name in problems.GROUPS}
    for name in ("dataset", "model"):
        check_name(f"{name}.name", groups[name].get("name"))
    if not isinstance(groups["metric"].get("name"), str):
        raise UserError(f"metric.name={short(groups['metric'].get('name'))}: expected the name of a metric")
    seeds = groups["seeds"]
    for name in ("split", "model") if "class" in groups["model"] else seeds:
        if seeds.get(name) != "seed" and not is_whole(seeds.get(name), 0, SEEDS):
            raise UserError(f"seeds.{name}={short(seeds.get(name))}: expected a whole number from 0, or the word seed")
    return groups | {name: config[name] for name in problems.OPTIONAL if config.get(name) is not None}


def _dataset(
    config: Mapping[str, Any], config_dir: Path | None, data: Path | None, folders: Sequence[Path]
) -> dict[str, Any]:
    """The dataset's config without the path that it may name: that of a user's file is the user's to give."""
    kept = {key: value for key, value in config.items() if key != "path"}
    if config.get("load") is None:
        return kept
    entries = registered("dataset", "load", config["load"], config_dir)
    for key, value in kept.items():
        if key not in (*OWN_KEYS, *_COLUMNS):
            known = [entry[key] for entry in entries if key in entry]
            check_texts(f"dataset.{key}", value, known, config_dir)
    if _has_place(kept, entries):
        if data is not None:
            locating.check(data, kept.get("sha256"), config["name"], folders)
        own = [entry.get("path") for entry in entries if entry.get("name") == config["name"]]
        path = str(data.absolute()) if data is not None else next(filter(None, own), None)
        if path is None:
            file = locating.with_digest(kept.get("sha256"), folders)
            way = "give it with --data" if file is not None else "give it with --data FILE"
            raise DataOptionError(f"dataset {config['name']}: the place of its file is not recorded; {way}", file)
        kept["path"] = path
    return kept


def _check_model(config: Mapping[str, Any], config_dir: Path | None) -> None:
    key = "function" if "function" in config else "class"
    entries = registered("model", key, config.get(key), config_dir)
    for name in ("class", "function"):
        if name != key and name in config:
            raise UserError(f"model.{name}: stands beside model.{key}")
    _mapping(config, "space")
    settings = _mapping(
        {"settings": {}} | {key: value for key, value in config.items() if value is not None}, "settings"
    )
    check_texts("model.settings", settings, [entry.get("settings") for entry in entries], config_dir)
    check_texts("space", choices(config), [choices(entry) for entry in entries], config_dir)


def _check_retuned(config: Mapping[str, Any], config_dir: Path | None) -> None:
    """What is tuned anew over a stream, and every optimiser that may tune it."""
    _check_model({key: value for key, value in config.items() if key in ("class", "settings", "space")}, config_dir)
    for each in _mapping(config, "optimizers").values():
        optimizer(_mapping({"model.retuned.optimizers": each}, "model.retuned.optimizers"), config_dir)


def _mapping(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = metadata.get(name)
    if not isinstance(value, Mapping):
        raise UserError(f"{name}={short(value)}: expected a mapping, as the metadata of a run have")
    return value
