"""What a composed config must be before a run is made of it; each mistake is a `UserError` that names its key."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import problems, results
from bench.checks import usable, whole
from bench.config import values
from bench.errors import UserError, allowed
from bench.results import SEEDS
from bench.space import parsing, repeat

_PLAN: Mapping[str, Any] = {key: values.Seeds.model_fields[key].default for key in ("most", "looks")}
"""What `seeds` says of seeds that are added until a comparison is decided, where it says nothing else."""


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
    _check_looks(config)
    _check_fidelity(config)
    _check_isolation(config)
    problems.check(config)
    parsing.parse(repeat.spread(problems.relevant(config)["model"]).get("space") or {})


def _check_looks(config: Mapping[str, Any]) -> None:
    seeds = {**_PLAN, **config["seeds"]}
    if seeds.get("until") is None:
        for key, usual in _PLAN.items():
            if seeds[key] != usual:
                raise UserError(f"seeds.{key}={seeds[key]}: has no effect without seeds.until=decided; set it, too")
        return
    if any(after <= before for before, after in pairwise(seeds["looks"])):
        raise UserError(
            f"seeds.looks={seeds['looks']}: expected numbers of seeds that increase, such as [10, 15, 20, 30, 45]"
        )
    if seeds["most"] < seeds["looks"][0]:
        raise UserError(
            f"seeds.most={seeds['most']}: is below the first of seeds.looks, {seeds['looks'][0]}; raise it, or begin "
            "with fewer"
        )
    if config["budget"].get("trials") is None and config["budget"].get("cost") is None:
        raise UserError(
            "budget: has seconds alone, with which more seeds change after how many evaluations runs are compared; "
            "seeds.until=decided needs budget.trials or budget.cost, too"
        )


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


def looks(seeds: Mapping[str, Any]) -> list[int]:
    """The seeds of each optimiser at each look, of a config's `seeds` that have been checked; `most` at the last."""
    plan = {**_PLAN, **seeds}
    return [count for count in plan["looks"] if count < plan["most"]] + [plan["most"]]


def seed(value: Any) -> int:
    """The seed of a repetition, where it is one."""
    return whole("seed", value, 0, SEEDS)
