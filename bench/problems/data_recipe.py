"""From a recipe to a problem with data: the data loaded and split, the model made, the space held against it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import datasets, metrics, provenance
from bench.datasets import Dataset
from bench.errors import UserError
from bench.problems import scores, searched
from bench.problems.contract import Recipe
from bench.problems.data import DataProblem
from bench.space import parsing


def build(recipe: Recipe, dataset: Dataset | None = None) -> DataProblem:
    """The problem of a recipe; loads the data where it is not given.

    Raises `UserError` where a config or the data cannot be used.
    """
    config, seed = recipe.groups, recipe.seed
    seeds = {name: seed if config["seeds"][name] == "seed" else config["seeds"][name] for name in ("split", "model")}
    dataset = dataset or datasets.load(config["dataset"], Path(recipe.datasets_dir))
    split = datasets.split(dataset, config["resampling"], seeds["split"])
    several = tuple(config.get("objectives") or ())
    metric = metrics.get(several[0] if several else config["metric"]["name"], dataset.task)
    others = {name: metrics.get(name, dataset.task) for name in several[1:] if name in metrics.METRICS}
    recorded = scores.of_config(config["metric"], dataset.task)
    model_config = config["model"]
    settings = model_config.get("settings") or {}
    try:
        model = searched.model_of(model_config, dataset.task, len(dataset.classes))
    except UserError as error:
        raise UserError(_named(error, config, dataset)) from None
    space = parsing.parse(model_config["space"])
    warnings = searched.check(model, model_config["class"], space, dataset.features)
    identity = {
        "data": dataset.content,
        "task": dataset.task,
        "split": split.content,
        "model": {"class": model_config["class"], "settings": settings, "revision": model.revision},
        "space": space.describe(),
        "metric": metric.name,
        "model_seed": seeds["model"],
    }
    identity |= ({"objectives": sorted(several)} if several else {}) | ({"test": "refit"} if split.refit else {})
    left_out = {"name", "description"} | (set() if split.refit else {"refit"})
    resampling = {key: value for key, value in config["resampling"].items() if key not in left_out}
    follows = {"split": resampling, "split_seed": config["seeds"]["split"]}
    family = provenance.digest(identity | follows | {"model_seed": config["seeds"]["model"]})
    return DataProblem(
        recipe, dataset, split, model, space, metric, seeds["model"], identity, family, warnings,
        seeds["split"], several, others, recorded,
    )  # fmt: skip


def _named(error: UserError, config: Mapping[str, Any], dataset: Dataset) -> str:
    """What a model says of its settings or the task, with its name, and how the task came about."""
    message = str(error)
    if message.startswith("model.settings"):
        message = f"model={config['model'].get('name')}: {message}"
    inferred = config["dataset"].get("task") is None and "task is" in message
    if inferred and dataset.classes and all(label.lstrip("-").isdigit() for label in dataset.classes):
        message += "; it was inferred from few different whole numbers: dataset.task=regression or counts overrides it"
    return message
