"""What a table's metadata may name: what a config names that the user has, installed or by `--config-dir`, and no more.

Results come from anywhere, so that what stands in them is a name to look up here and never a place to go to. A class, a
function or a source is registered where a config of the same group names it under the same key. Its settings may then
hold other numbers than that config does, and other plain words (`poly`, `saga`); any other text could be a dotted path,
a file or an address, and must stand in a config, under the same keys.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.config import reading
from bench.config.folders import folders
from bench.errors import UserError
from bench.space import repeat
from bench.wording import shortened

_WORD = re.compile(r"[\w+-]{0,64}")
_NUMBER = re.compile(r"[+-]?[0-9]{0,40}\.?[0-9]{1,40}(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_DEEPEST = 30
_DOOR = re.compile(
    r"(.*_)?(class|function|load|module|object|factory|callable|import|target|command|args|script|code|plugin|memory|"
    r"path|file|filename|folder|dir|directory|location|root|cache|url|uri|address|host|server|endpoint|"
    r"machine|node|worker|model|model_in|model_out)s?",
    re.IGNORECASE,
)
"""Keys under which even a plain word may be a module, a file or a host."""


def registered(group: str, key: str, path: object, config_dir: Path | None = None) -> list[Mapping[str, Any]]:
    """The configs of a group that name `path` under `key` (`class`, `function` or `load`), and those that name nothing.

    The latter are such as stand on another config, by `defaults`. Imports nothing. Raises `UserError`, which names the
    option that would allow it, where no config names it.
    """
    every = [entry for folder in folders(config_dir) for entry in _entries(folder.path, group)]
    naming = [entry for entry in every if entry.get(key) == path and isinstance(path, str)]
    if not naming:
        raise UserError(f"{group}.{key}={short(path)}: {_refusal(config_dir)}")
    return naming + [entry for entry in every if not {"class", "function", "load"} & entry.keys()]


def check_texts(where: str, value: Any, known: Sequence[Any], config_dir: Path | None = None) -> None:
    """Raise `UserError` for the first text in `value` that is no plain word and in none of `known`, at the same place.

    `value` is what a table holds at the key `where`, `known` what registered configs hold there.
    """
    _check(where, where.rpartition(".")[2], value, known, config_dir, 0)


def _check(where: str, key: str, value: Any, known: Sequence[Any], config_dir: Path | None, depth: int) -> None:
    if depth > _DEEPEST:
        raise UserError(f"{where[:100]}: is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            there = [entry[name] for entry in known if isinstance(entry, Mapping) and name in entry]
            if not there and not _WORD.fullmatch(str(name)):
                raise UserError(f"{where}.{short(name)}: {_refusal(config_dir)}")
            _check(f"{where}.{name}", str(name), inner, there, config_dir, depth + 1)
    elif isinstance(value, list | tuple):
        items = [item for entry in known for item in (entry if isinstance(entry, list | tuple) else [entry])]
        for item in value:
            _check(where, key, item, items, config_dir, depth + 1)
    elif isinstance(value, str) and value not in known and (_DOOR.fullmatch(key) or not _is_plain(value)):
        raise UserError(f"{where}={short(value)}: {_refusal(config_dir)}")


def choices(model: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the space of a model's config names, by its parameters: a text can only be a choice."""
    try:
        space = repeat.spread(model).get("space")
    except UserError:  # of another config than the one that is meant
        return {}
    named = {}
    for name, entry in space.items() if isinstance(space, Mapping) else ():
        parameter = entry if isinstance(entry, Mapping) else {"choices": entry}
        values = parameter.get("choices")
        named[str(name)] = list(values) if isinstance(values, list | tuple) else [values]
    return named


def short(value: object) -> str:
    """A value of a table as a message shows it: in one line, without its middle where it is long."""
    return shortened(repr(value), 100)


def _refusal(config_dir: Path | None) -> str:
    """The end of a message about what is not registered."""
    places = ["the suite", "a plug-in", *([] if config_dir is None else [f"--config-dir={config_dir}"])]
    return (
        f"only the table says so, and no config of {', '.join(places[:-1])} or {places[-1]}, so that it is not used; "
        "if you trust it, give --config-dir FOLDER with a config that says so"
    )


def _is_plain(text: str) -> bool:
    """Whether it is a word or a number, and no file or folder here: no path, address or dotted name."""
    return bool(_WORD.fullmatch(text) or _NUMBER.fullmatch(text)) and not (text and os.path.lexists(text))


def _entries(folder: Path, group: str) -> Iterator[Mapping[str, Any]]:
    """What the configs of a folder say of a group: its own, and those of experiments."""
    for path in sorted((folder / group).glob("*.yaml")):
        yield _content(path)
    for path in sorted((folder / "experiment").glob("*.yaml")):
        content = _content(path)
        blocks = content.get("blocks")
        for entry in (content, *(blocks if isinstance(blocks, list) else ())):
            yield from _of_group(group, entry)


def _of_group(group: str, entry: Any) -> Iterator[Mapping[str, Any]]:
    """What one mapping says of a group, as `model: {class: ...}` or `model.class: ...`."""
    if not isinstance(entry, Mapping):
        return
    nested: dict[str, Any] = dict(entry[group]) if isinstance(entry.get(group), Mapping) else {}
    for key, value in entry.items():
        if str(key).startswith(f"{group}."):
            *outer, last = str(key).split(".")[1:]
            place = nested
            for name in outer:
                place = place.setdefault(name, {})
                if not isinstance(place, dict):
                    break
            else:
                place[last] = value
    if nested:
        yield nested


def _content(path: Path) -> Mapping[str, Any]:
    """What a config says; nothing, where it cannot be read."""
    try:
        return _content_at(path, path.stat().st_mtime_ns)
    except (OSError, UserError):
        return {}


@lru_cache(maxsize=1024)
def _content_at(path: Path, _changed: int) -> Mapping[str, Any]:
    config = reading.load(path)
    try:
        content: Any = OmegaConf.to_container(config, resolve=True)
    except (OmegaConfBaseException, RecursionError):  # it rests on what other configs say, or on itself
        content = OmegaConf.to_container(config)
    return {str(key): value for key, value in content.items()}
