"""What a composed config must be before a run is made of it; each mistake is a `UserError` that names its key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import problems, results
from bench.checks import usable, whole
from bench.config import values
from bench.errors import UserError, allowed
from bench.results import SEEDS
from bench.space import parsing, repeat


def check(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first key whose value cannot be used."""
    values.check(config)
    results.check_experiment("name", config["name"])
    for group in ("dataset", "model", "optimizer"):
        results.check_name(f"{group}.name", config[group]["name"])
    for key in ("results_dir", "datasets_dir"):
        usable(key, Path(config[key]))
    if isinstance(config["dataset"].get("path"), str):
        usable("dataset.path", Path(config["dataset"]["path"]))
    if config["budget"].get("trials") is None and config["budget"].get("seconds") is None:
        raise UserError("budget: has neither trials nor seconds; set budget.trials=50, say")
    _check_isolation(config)
    problems.check(config)
    parsing.parse(repeat.spread(config["model"]).get("space") or {})


def _check_isolation(config: Mapping[str, Any]) -> None:
    if config["isolation"] not in ("none", "process"):
        raise UserError(f"isolation={config['isolation']!r}: {allowed(config['isolation'], ('none', 'process'))}")
    for key, value in config["trial"].items():
        if value is not None and config["isolation"] != "process":
            raise UserError(
                f"trial.{key}={value}: what is evaluated in the run's own process has no limits; "
                "set isolation=process, too"
            )


def seed(value: Any) -> int:
    """The seed of a repetition, where it is one."""
    return whole("seed", value, 0, SEEDS)
