"""From a recipe to a problem, the same object for equal recipes of one process."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UserError
from bench.problems import function
from bench.problems.contract import Problem, Recipe

if TYPE_CHECKING:
    from bench.datasets import Dataset

GROUPS = ("dataset", "resampling", "model", "metric", "seeds")
"""The config groups that a problem is built from."""


def shared(recipe: Recipe) -> Problem:
    """The problem of a recipe, the same object for equal ones: its data is loaded and binned once in a process."""
    follows = "seed" in recipe.groups["seeds"].values()
    return _shared(json.dumps(dict(recipe.groups)), recipe.seed if follows else 0, recipe.datasets_dir, recipe.threads)


@lru_cache(maxsize=2)
def _shared(groups: str, seed: int, datasets_dir: str, threads: int) -> Problem:
    recipe = Recipe(json.loads(groups), seed, datasets_dir, threads)
    if function.chosen(recipe.groups):
        return build(recipe)
    return build(recipe, _dataset(json.dumps(recipe.groups["dataset"]), datasets_dir))


@lru_cache(maxsize=1)
def _dataset(config: str, datasets_dir: str) -> "Dataset":
    """Loaded once for all models and splits that follow each other; the hash of a user's file is in its config."""
    from bench import datasets  # noqa: PLC0415 - pandas and scikit-learn, which a function does without

    return datasets.load(json.loads(config), Path(datasets_dir))


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> Problem:
    """The problem of a recipe; loads the data where there is some and it is not given.

    Raises `UserError` where a config or the data cannot be used.
    """
    check(recipe.groups)
    if function.chosen(recipe.groups):
        return function.build(recipe)
    from bench.problems import data  # noqa: PLC0415 - as in `_dataset`

    return data.build(recipe, dataset)


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a run's config without what its problem does not depend on."""
    return function.relevant(groups) if function.chosen(groups) else dict(groups)


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where a model that needs data has none, or a function is given some or another's keys."""
    dataset, model = groups["dataset"], groups["model"]
    has_data = dataset.get("load") is not None
    if function.chosen(groups):
        if has_data:
            raise UserError(
                f"dataset={dataset['name']}: model={model['name']} is a function, which has no data; "
                "set dataset=function, or choose a model that is trained"
            )
        function.check(groups)
    elif "class" not in model:
        raise UserError("model.class: missing; name a class by its dotted path (or, as model.function, a function)")
    elif not has_data:
        raise UserError(
            f"dataset={dataset['name']}: holds no data, and model={model['name']} is trained on some; "
            "choose another dataset, or a function such as model=branin"
        )
