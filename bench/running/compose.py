"""Hydra is the door of `bench run`: it composes the config; its errors leave as one line."""

import copy
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import hydra
import typer
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.hydra import Hydra
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, OverrideType, QuotedString, RangeSweep
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bench import texts
from bench.config import catalogue, including
from bench.config.values import NotTextError
from bench.errors import UserError, allowed
from bench.running import launch
from bench.wording import shortened

SHOWN = ("job", "hydra", "all")
"""What --cfg prints."""
LONGEST_KEY = 200
MOST_COMPOSED = 128
"""Choices of files of which the composed config is kept."""
MOST_PARSED = 10_000
"""Overrides that are kept as parsed."""
Compose = Callable[[list[str]], DictConfig]
"""Makes a config of overrides without choices."""


def run(overrides: Sequence[str], multirun: bool, cfg: str | None, config_dir: Path | None) -> None:
    """Compose what `overrides` say and do it, or with `cfg` print it."""
    catalogue.choose(config_dir)
    if cfg is not None and cfg not in SHOWN:
        raise UserError(f"--cfg={cfg}: {allowed(cfg, SHOWN)}")
    if cfg is not None and multirun:
        raise UserError("--cfg: prints the config of a single run; leave out -m, and the values that are swept")
    parsed = _checked(overrides, config_dir)
    catalogue.find_own_classes(config_dir)
    for line in catalogue.warnings(config_dir):
        typer.echo(f"bench: warning: {texts.line(line)}", err=True)
    try:
        with _composing(overrides, config_dir):
            if cfg is not None:
                typer.echo(texts.clean(_shown(overrides, cfg)), nl=False)
                return
            loader = _hydra().config_loader
            composed = _composed(loader, parsed, multirun)
        if composed.hydra.mode == RunMode.MULTIRUN:
            launch.sweep(composed, _each(loader, composed, overrides, config_dir), overrides, config_dir)
        else:
            launch.single(composed, config_dir)
    except launch.RunsFailedError as error:
        for line in (*error.lines(), str(error)):
            typer.echo(f"bench: {texts.line(line)}", err=True)
        raise typer.Exit(1) from None
    except NotTextError as error:
        written = next((each for each in overrides if each.partition("=")[0].lstrip("+") == error.key), None)
        key = error.key.rpartition(".")[2]
        way = f"{key}: '...'" if written is None else f"\"{error.key}='{written.partition('=')[2]}'\""
        raise UserError(f"{error}; quotes make it text: {way}") from None
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_message(error, overrides, config_dir)) from None


def _shown(overrides: Sequence[str], cfg: str) -> str:
    """What Hydra prints of a config."""
    with redirect_stdout(io.StringIO()) as printed:
        _hydra().show_cfg("bench", list(overrides), cfg, package=None)
    return printed.getvalue()


def composed(overrides: Sequence[str], config_dir: Path | None) -> DictConfig:
    """The config of a single run that `overrides` say; what cannot be composed is a `UserError`."""
    catalogue.choose(config_dir)
    parsed = _checked(overrides, config_dir)
    catalogue.find_own_classes(config_dir)
    with _composing(overrides, config_dir):
        return _composed(_hydra().config_loader, parsed, multirun=False)


def swept(overrides: Sequence[str], config_dir: Path | None, further: Sequence[str] = ()) -> tuple[DictConfig, Compose]:
    """The config that a sweep of `overrides` begins with, and what composes one of its configs.

    Of the `further` overrides some configs have some: they are checked here, too.
    """
    catalogue.choose(config_dir)
    parsed = _checked(overrides, config_dir)
    _checked(further, config_dir)
    catalogue.find_own_classes(config_dir)
    with _composing(overrides, config_dir):
        loader = _hydra().config_loader
        master = _composed(loader, parsed, multirun=True)
    return master, _each(loader, master, overrides, config_dir)


class _ReadOnce(CachingConfigRepository):
    """A repository that reads each file once for all configs of a sweep; Hydra's own forgets them after each config.

    Each config gets copies, as composing merges into what was read.
    """

    def load_config(self, config_path: str) -> ConfigResult | None:
        return copy.deepcopy(super().load_config(config_path))

    def __deepcopy__(self, memo: dict[int, Any]) -> "_ReadOnce":
        other = copy.copy(self)  # shares what was read
        other.delegate = copy.deepcopy(self.delegate, memo)
        return other


def _each(loader: ConfigLoader, master: DictConfig, overrides: Sequence[str], config_dir: Path | None) -> Compose:
    """What makes each config of a sweep: files are composed once for each choice of them, values are set in a copy.

    It is what Hydra does for each config anew: it composes the files that overrides of groups choose, then applies the
    others in their order. Composing takes ten times as long. A file that writes to its own group alone is composed once
    whatever is chosen of other groups, so that a product of choices costs as much as their sum.
    """
    assert isinstance(loader, ConfigLoaderImpl)
    loader.repository = cast("Any", _ReadOnce(loader.repository))  # annotated as the one class that Hydra itself gives
    parsed = lru_cache(maxsize=MOST_PARSED)(OverridesParser.create().parse_override)
    firsts: dict[str, str] = {}

    @lru_cache(maxsize=MOST_COMPOSED)
    def composed_whole(choices: tuple[str, ...]) -> DictConfig:
        config = loader.load_sweep_config(master, list(choices))
        with open_dict(config):
            del config["hydra"]  # which no run is made of, and most of what would be copied
            config["blocks"] = None  # which the sweep has read
        return config

    @lru_cache(maxsize=MOST_PARSED)
    def own_group(line: str) -> str | None:
        """The group that a choice sets, where its file writes to that alone; the file is then no other's part."""
        override = parsed(line)
        name = override.value()
        if not isinstance(name, str) or override.package or override.type is not OverrideType.CHANGE:
            return None
        there = loader.repository.load_config(f"{override.key_or_group}/{name}")
        alone = there is not None and there.header["package"] is None and not _other_files(there)
        return override.key_or_group if alone and "/" not in override.key_or_group else None

    def of_files(choices: Sequence[str]) -> DictConfig:
        alone = {group: number for number, line in enumerate(choices) if (group := own_group(line)) is not None}
        base = list(choices)
        for group, number in alone.items():
            base[number] = firsts.setdefault(group, choices[number])
        config = copy.deepcopy(composed_whole(tuple(base)))
        for group, number in alone.items():
            if choices[number] != base[number]:
                config[group] = composed_whole((*base[:number], choices[number], *base[number + 1 :]))[group]
        return config

    def is_value(override: Override) -> bool:
        group = loader.repository.group_exists(override.key_or_group)
        return not override.is_hydra_override() and (not group or isinstance(override.value(), dict))

    def compose(choices: list[str]) -> DictConfig:
        with _composing(overrides, config_dir):
            values = [override for override in map(parsed, choices) if is_value(override)]
            own = {override.input_line for override in values}
            config = of_files([line for line in choices if line not in own])
            loader._apply_overrides_to_config(values, config)  # noqa: SLF001 - the step of Hydra's own that is meant
            return config

    return compose


def _other_files(there: ConfigResult) -> bool:
    """Whether a config file names others in its defaults."""
    return any(not each.is_self() for each in there.defaults_list or ())


def _hydra() -> Hydra:
    """Hydra, which finds the suite's configs and those that were chosen."""
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(catalogue.conf_dir()), job_name="bench", version_base="1.3"):
        made = GlobalHydra.instance().hydra
    assert made is not None
    return made


def _composed(loader: ConfigLoader, overrides: Sequence[Override], multirun: bool) -> DictConfig:
    """The config of a run or, without the choices that it sweeps over, of a sweep; `hydra.mode` says which of them.

    Composed once: whether it is a sweep may stand in the config. A key of a group that is swept over, as model.stored
    beside model=branin,ackley, is set in each config of the sweep: the default's group may lack it.
    """
    groups = {override.key_or_group for override in overrides if override.is_sweep_override()}
    kept = [each for each in overrides if each.is_sweep_override() or each.key_or_group.split(".")[0] not in groups]
    given = [override.input_line or "" for override in kept]
    config = loader.load_configuration("bench", given, RunMode.MULTIRUN, validate_sweep_overrides=False)
    if multirun and "hydra.mode=RUN" in given:
        raise UserError("hydra.mode=RUN: -m asks for a sweep; leave one of them out")
    config.hydra.mode = RunMode.MULTIRUN if multirun else config.hydra.mode or RunMode.RUN
    swept = [line for line, override in zip(given, kept, strict=True) if override.is_sweep_override()]
    if swept and config.hydra.mode == RunMode.RUN:
        raise UserError(f"{swept[0]}: several values are a sweep; add -m")
    return config


@contextmanager
def _composing(overrides: Sequence[str], config_dir: Path | None) -> Iterator[None]:
    """Say in one line what Hydra cannot compose: it has many kinds of errors for what a user wrote."""
    try:
        yield
    except OverrideParseException as error:
        key, _, value = str(error.override).partition("=")
        reason = next(iter(str(error).splitlines()), "").strip()
        way = f"a text with such signs needs quotes: \"{key}='{value}'\""
        raise UserError(f"{error.override}: cannot be read ({reason}); {way}") from None
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_message(error, overrides, config_dir)) from None
    except YAMLError as error:
        raise UserError(f"a config is not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UserError("a config or an override leads back to itself, or nests too deep") from None
    except (ValueError, TypeError, AssertionError, OverflowError) as error:
        given = f"{' '.join(overrides)}: " if overrides else ""
        raise UserError(f"{shortened(given)}cannot be composed: {_first_line(error)}") from None


def _checked(overrides: Sequence[str], config_dir: Path | None) -> list[Override]:
    """Refuse what is no override, what sets Hydra's own keys, and a group's choice that is not one name."""
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~").strip()
        if override.startswith("-"):
            raise UserError(f"{override}: no such option; see 'bench run --help'")
        if not key or not (override.startswith("~") or "=" in override) or len(key) > LONGEST_KEY:
            raise UserError(f"{shortened(repr(override))}: expected key=value; see 'bench run --help'")
        if re.split(r"[./@:]", key)[0] == "hydra" and key != "hydra.mode":
            raise UserError(f"{override}: {key} {including.HYDRAS_OWN}")
    with _composing(overrides, config_dir):
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    groups = catalogue.groups(config_dir)
    for each in parsed:
        if each.is_hydra_override() and each.is_sweep_override():
            raise UserError(f"{each.input_line}: expected one of RUN and MULTIRUN")
        if each.key_or_group in groups and not each.is_delete():
            _check_choice(each, config_dir)
    return parsed


def _check_choice(override: Override, config_dir: Path | None) -> None:
    """Refuse what chooses something else than one name of a group, or several in a sweep; one text may be unknown."""
    group, value = override.key_or_group, override.value()
    if isinstance(value, str):
        return
    among = value if isinstance(value, list) else value.list if isinstance(value, ChoiceSweep) else [value]
    among = list(value.range())[:1] if isinstance(value, RangeSweep) else among
    chosen = [each.text if isinstance(each, QuotedString) else each for each in among]
    odd = [each for each in chosen if not isinstance(each, str | Glob)]
    if not isinstance(value, list) and not odd:
        return
    names = catalogue.names(group, config_dir)
    odd = odd or [each for each in chosen if each not in names]
    if not odd:
        several = f"-m {group}={','.join(map(str, among))}"
        raise UserError(f"{override.input_line}: expected one {group}; to compare several: {several}")
    way = "" if isinstance(odd[0], str) else f"; a name that is read as something else needs quotes: \"{group}='...'\""
    if group == "seeds" and isinstance(odd[0], int):
        way = "; the seeds of runs are 'seed': -m seed=0,1"
    which = f" {odd[0]!r}" if len(chosen) > 1 else ""
    raise UserError(f"{override.input_line}: unknown {group}{which}; {allowed(odd[0], names)}{way}")


_PLAINLY = (
    (
        r"In '(?!bench')([^']+)': Could not (?:find|load) '([^']+)'",
        "{0}.yaml: its 'defaults' name {1}, which is not there",
    ),
    (r"Interpolation key '([^']+)' not found", "${{{0}}}: no such key to interpolate"),
    (r"An item is already at '([^']+)'", "+{0}: is there already; leave out the +"),
    (r"Could not delete from config. '([^']+)' does not exist", "~{0}: there is nothing to remove; leave it out"),
    (r"Missing mandatory value: (?s:.*)full_key: (\S+)", "{0}=???: has no value yet; give it one"),
)
"""What Hydra and OmegaConf say, and the same in the suite's words."""


def _message(error: Exception, overrides: Sequence[str], config_dir: Path | None) -> str:
    """One line about what Hydra or OmegaConf could not compose."""
    text = str(error)
    for pattern, plainly in _PLAINLY:
        if match := re.search(pattern, text):
            return plainly.format(*match.groups())
    if match := re.search(r"Could not (?:find|load) '([^'/]+)/([^']+)'", text):
        group, name = match.groups()
        return f"{group}={name}: unknown {group}; {allowed(name, catalogue.names(group, config_dir))}"
    if isinstance(error, MissingConfigException):
        return " ".join(text.split())
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match.group(1), overrides, config_dir)
    if match := re.search(r"Error merging override (.+)", text):
        reason = _first_line(error.__cause__) if isinstance(error.__cause__, Exception) else "it does not fit"
        return f"{match.group(1)}: cannot be set ({reason})"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:2]) + "; see 'bench run --help'"


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _unknown_key(key: str, overrides: Sequence[str], config_dir: Path | None) -> str:
    """The message about a key that is in no config: the keys that stand beside it."""
    groups = set(catalogue.groups(config_dir))
    choices = [override for override in overrides if override.partition("=")[0] in groups and "," not in override]
    try:
        node = _hydra().config_loader.load_configuration("bench", choices, RunMode.RUN)
    except (HydraException, OmegaConfBaseException):
        return f"{key}: no such key; see 'bench run --cfg job'"
    *parents, name = key.split(".")
    for parent in parents:
        if not isinstance(node.get(parent), DictConfig):
            name = parent
            break
        node = node[parent]
    return f"{key}: no such key; {allowed(name, (str(other) for other in node if other != 'hydra'))}"
