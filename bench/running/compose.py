"""Hydra is the door of `bench run`: it composes the config; its errors leave as one line."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
import typer
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bench import texts
from bench.config import catalogue
from bench.errors import UserError, allowed
from bench.running import launch


def run(overrides: Sequence[str], options: Sequence[str], config_dir: Path | None) -> None:
    """Compose what `overrides` say and do it; `options` are Hydra's own."""
    if config_dir is not None and not config_dir.is_dir():
        raise UserError(f"--config-dir={config_dir}: no such folder")
    catalogue.find_own_classes(config_dir)
    for line in catalogue.warnings(config_dir):
        typer.echo(f"bench: warning: {texts.line(line)}", err=True)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let exceptions through: they are told here
    sys.argv = ["bench", *options, *overrides]
    if config_dir is not None:
        sys.argv += ["--config-dir", str(config_dir)]
    door = hydra.main(config_path=str(catalogue.conf_dir()), config_name="bench", version_base="1.3")
    composed: list[DictConfig] = []
    try:
        door(composed.append)()  # a sweep is done by the sweeper inside; a single run is done here, outside Hydra's job
        for config in composed:
            launch.single(config)
    except launch.RunsFailedError as error:
        for line in (*error.lines(), str(error)):
            typer.echo(f"bench: {texts.line(line)}", err=True)
        raise typer.Exit(1) from None
    except OverrideParseException as error:
        key, _, value = str(error.override).partition("=")
        reason = next(iter(str(error).splitlines()), "").strip()
        way = f"a text with such signs needs quotes: \"{key}='{value}'\""
        raise UserError(f"{error.override}: cannot be read ({reason}); {way}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_message(error, overrides, config_dir)) from error
    except YAMLError as error:
        raise UserError(f"a config is not valid YAML: {' '.join(str(error).split())}") from error


def _message(error: Exception, overrides: Sequence[str], config_dir: Path | None) -> str:
    """One line about what Hydra or OmegaConf could not compose."""
    text = str(error)
    if match := re.search(r"Could not find '([^'/]+)/([^']+)'", text):
        group, name = match.groups()
        return f"{group}={name}: unknown {group}; {allowed(name, catalogue.names(group, config_dir))}"
    if isinstance(error, MissingConfigException):
        return " ".join(text.split())
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match.group(1), overrides, config_dir)
    if match := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '([^']+)'", text):
        return f"{match.group(1)}: several values are a sweep; add -m"
    if match := re.search(r"Interpolation key '([^']+)' not found", text):
        return f"${{{match.group(1)}}}: no such key to interpolate"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:2]) + "; see 'bench run --help'"


def _unknown_key(key: str, overrides: Sequence[str], config_dir: Path | None) -> str:
    """The message about a key that is in no config: the keys that stand beside it."""
    groups = set(catalogue.groups(config_dir))
    choices = [override for override in overrides if override.partition("=")[0] in groups and "," not in override]
    GlobalHydra.instance().clear()
    try:
        with hydra.initialize_config_dir(str(catalogue.conf_dir()), version_base="1.3"):
            node = hydra.compose("bench", choices)
    except (HydraException, OmegaConfBaseException):
        return f"{key}: no such key; see 'bench run --cfg job'"
    *parents, name = key.split(".")
    for parent in parents:
        if not isinstance(node.get(parent), DictConfig):
            name = parent
            break
        node = node[parent]
    return f"{key}: no such key; {allowed(name, (str(other) for other in node))}"
