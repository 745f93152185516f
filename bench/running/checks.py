"""What a composed config must be before a run is made of it; each mistake is a `UserError` that names its key."""

from collections.abc import Mapping
from typing import Any

from bench import problems, results
from bench.checks import positive, whole
from bench.config.schema import GROUPS
from bench.errors import UserError, allowed
from bench.results import SEEDS
from bench.space import parsing, repeat


def check(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first key whose value cannot be used."""
    for group in GROUPS:
        if not isinstance(config.get(group), Mapping):
            raise UserError(f"{group}={config.get(group)!r}: expected the name of a config; 'bench list' shows them")
    results.check_experiment("name", config["name"])
    for group in ("dataset", "model", "optimizer"):
        results.check_name(f"{group}.name", config[group].get("name"))
    _check_budget(config["budget"])
    _check_seeds(config)
    if config["threads"] is not None:
        whole("threads", config["threads"], 1)
    if "class" not in config["optimizer"]:
        raise UserError("optimizer.class: missing; name a class by its dotted path")
    for group in ("model", "optimizer"):
        if not isinstance(config[group].get("settings") or {}, Mapping):
            raise UserError(f"{group}.settings: expected a mapping")
    _check_isolation(config)
    problems.check(config)
    parsing.parse(repeat.spread(config["model"]).get("space") or {})


def _check_budget(budget: Mapping[str, Any]) -> None:
    trials, seconds = budget.get("trials"), budget.get("seconds")
    if trials is None and seconds is None:
        raise UserError("budget: has neither trials nor seconds; set budget.trials=50, say")
    if trials is not None:
        whole("budget.trials", trials, 1)
    if seconds is not None:
        positive("budget.seconds", seconds)


def _check_isolation(config: Mapping[str, Any]) -> None:
    if config["isolation"] not in ("none", "process"):
        raise UserError(f"isolation={config['isolation']!r}: {allowed(config['isolation'], ('none', 'process'))}")
    for key, value in config["trial"].items():
        if value is not None and config["isolation"] != "process":
            raise UserError(
                f"trial.{key}={value}: what is evaluated in the run's own process has no limits; "
                "set isolation=process, too"
            )


def _check_seeds(config: Mapping[str, Any]) -> None:
    seed(config["seed"])
    for key in ("split", "model"):
        value = config["seeds"].get(key)
        if value != "seed":
            whole(f"seeds.{key}", value, 0, SEEDS, " or the word seed, which follows the repetition's seed")


def seed(value: Any) -> int:
    """The seed of a repetition, where it is one."""
    return whole("seed", value, 0, SEEDS)
