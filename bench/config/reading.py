"""One YAML file of a user's: what it is, and how much it would become, is looked at before anything is made of it.

So a pipe, a device, a huge file, one that nests without end, and aliases that stand for billions of values are each one
line that names the file, in every verb that reads configs. Hydra reads its files through here, too (hydra_plugins).
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.errors import UserError

MOST_BYTES = 2_000_000
DEEPEST = 50
MOST_VALUES = 100_000
"""What a config may hold, aliases written out: far more than a person writes."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_SURPRISES = (
    (re.compile(r"(?i)yes|on"), "true", "true"),
    (re.compile(r"(?i)no|off"), "false", "false"),
    (re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?"), "a number in base 60", "the number as it is meant"),
    (re.compile(r"[-+]?0[0-7_]*[0-7]"), "an octal number", "it without the leading 0"),
)
"""What YAML 1.1 reads as something else than stands there, and what to write for it."""
_TAGS = (None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")))


def load(path: Path) -> DictConfig:
    """What a config's file says, unresolved; raises `UserError`, which names the file, where it cannot be used."""
    content = text(path)
    _look(path, content)
    try:
        read = yaml.load(content, Loader=_omegaconf_loader())  # noqa: S506 - a safe loader's subclass
        if not isinstance(read, dict) or not read:
            what = "nothing" if not read else f"a {'list' if isinstance(read, list) else 'single value'}"
            raise UserError(f"{path}: expected lines such as 'name: value', found {what}")
        return OmegaConf.create(read)
    except yaml.YAMLError as error:
        raise _not_yaml(path, content, error) from None
    except (OmegaConfBaseException, ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{path}: cannot be read: {_first_line(error)}") from None


def plain(path: Path) -> dict[str, Any]:
    """What a config's file says, as plain data, interpolations of its own resolved."""
    config = load(path)
    try:
        content = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (OmegaConfBaseException, RecursionError) as error:
        raise UserError(f"{path}: cannot be read: {_first_line(error)}") from None
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def text(path: Path) -> str:
    """The text of a file that is a file, of no more than `MOST_BYTES`, in UTF-8."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = next((name for matches, name in _KINDS if matches(status.st_mode)), "a device")
            raise UserError(f"{path}: expected a YAML file, found {kind}; move it away")
        if status.st_size > MOST_BYTES:
            raise UserError(f"{path}: expected a YAML file of at most {MOST_BYTES:,} bytes, found {status.st_size:,}")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        other = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte {error.start}"
        raise UserError(f"{path}: is not UTF-8 text ({other}); save it as UTF-8") from None


def _look(path: Path, content: str) -> None:
    """Raise `UserError` where the file is no single YAML document that a config can be made of."""
    size = _Size(path)
    documents = 0
    for event in _events(path, content):
        place = f"{path}, line {event.start_mark.line + 1}"
        if getattr(event, "tag", None) not in _TAGS:
            raise UserError(f"{place}: the tag {event.tag} makes no value of a config; remove it")
        if isinstance(event, yaml.ScalarEvent):
            _check_scalar(place, event)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise UserError(f"{place}: a second document begins ('---'); keep one in a file")
        size.grow(place, event)


class _Size:
    """How many values a document holds, aliases written out, and how deep it nests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of: dict[str, int] = {}
        """How many values each anchor stands for."""
        self._around: list[tuple[str | None, int]] = []
        """The collections around, with their anchor and how many values they hold by now."""

    def grow(self, place: str, event: Any) -> None:
        """Count one event; raises `UserError` where that is too much."""
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if any(name == anchor for name, _ in self._around):
                raise UserError(f"{place}: *{anchor} stands for what it stands in; write it out")
            self._add(None, self._of.get(str(anchor), 1))
        elif isinstance(event, yaml.ScalarEvent):
            self._add(anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._around.append((anchor, 1))
            if len(self._around) > DEEPEST:
                raise UserError(f"{place}: nests more than {DEEPEST} deep; make it flatter")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._add(*self._around.pop())

    def _add(self, anchor: str | None, values: int) -> None:
        if anchor is not None:
            self._of[anchor] = values
        if self._around:
            name, before = self._around[-1]
            self._around[-1] = name, before + values
            values += before
        if values > MOST_VALUES:
            what = f"more than {MOST_VALUES:,} values, aliases (*name) written out"
            raise UserError(f"{self._path}: holds {what}; make it smaller")


def _events(path: Path, content: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(content, Loader=_LOADER)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a character that YAML does not allow
        raise _not_yaml(path, content, error) from None


def _check_scalar(place: str, event: yaml.ScalarEvent) -> None:
    if event.style not in (None, "") or not event.implicit[0]:
        return
    for pattern, read_as, instead in _SURPRISES:
        if pattern.fullmatch(event.value):
            raise UserError(
                f"{place}: {event.value} is read as {read_as}; write {instead}, or in quotes '{event.value}'"
            )


def _omegaconf_loader() -> type[Any]:
    """OmegaConf's: no dates, 1e5 a number, no key twice."""
    from omegaconf._utils import get_yaml_loader  # noqa: PLC0415 - what OmegaConf.load itself reads with

    loader: type[Any] = get_yaml_loader()
    return loader


def _not_yaml(path: Path, content: str, error: Exception) -> UserError:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}, line {mark.line + 1}" if mark is not None else str(path)
    problem = str(getattr(error, "problem", None) or _first_line(error))
    tabs = "start any token" in problem and re.search(r"^ *\t", content, re.MULTILINE)
    hint = "; indent with blanks, not with tabs" if tabs else ""
    return UserError(f"{place}: is not valid YAML: {problem}{hint}")


def _first_line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "an interpolation leads back to itself"
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
