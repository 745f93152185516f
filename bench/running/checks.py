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
    if all(config["budget"].get(key) is None for key in ("trials", "cost", "seconds")):
        raise UserError("budget: has no trials, cost or seconds; set budget.trials=50, say")
    if config["budget"].get("trials") is not None and config["budget"].get("cost") is not None:
        trials, cost = config["budget"]["trials"], config["budget"]["cost"]
        raise UserError(f"budget: has trials={trials} and cost={cost:g}; set budget.trials=null, or budget.cost=null")
    _check_fidelity(config)
    _check_isolation(config)
    problems.check(config)
    parsing.parse(repeat.spread(problems.relevant(config)["model"]).get("space") or {})


def _check_fidelity(config: Mapping[str, Any]) -> None:
    optimizer, model = config["optimizer"], config["model"]
    if optimizer.get("multi_fidelity") and model.get("fidelity") is None:
        example = "{unit: rows, low: 10, high: 100, eta: 3}" if "class" in model else "{low: 3, high: 100, eta: 3}"
        raise UserError(
            f"optimizer={optimizer['name']}: makes evaluations of less than full fidelity, and model={model['name']} "
            f"has none; give its YAML a ladder such as fidelity: {example}, or choose another optimiser"
        )


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
