"""The kind of problem that is a model trained on data: what its config must be.

`data` is what it does, `data_recipe` how it is made.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.errors import UserError
from bench.problems import objectives, scores
from bench.problems.contract import Problem, Recipe

if TYPE_CHECKING:
    from bench.datasets import Dataset

loads = True
controls: tuple[str, ...] = ()


def chosen(groups: Mapping[str, Any]) -> bool:
    """Whether a config is of this kind: every one that is of no other."""
    return "model" in groups


def stored(_groups: Mapping[str, Any]) -> bool:
    """Always: a training takes longer than to store what comes of it."""
    return True


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The config: losses depend on all of it."""
    return dict(groups)


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where the model names no class, there is no data to train it on, or no such losses of it."""
    dataset, model = groups["dataset"], groups["model"]
    if "class" not in model:
        raise UserError("model.class: missing; name a class by its dotted path (or, as model.function, a function)")
    if dataset.get("load") is None:
        raise UserError(
            f"dataset={dataset['name']}: holds no data, and model={model['name']} is trained on some; "
            "choose another dataset, or a function such as model=branin"
        )
    scores.check(groups["metric"].get("scores") or [])
    if groups.get("objectives") is not None:
        objectives.check_of_model(groups["objectives"], groups["metric"]["name"])


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> Problem:
    """The problem of a recipe; loads the data where it is not given."""
    from bench.problems import data_recipe  # noqa: PLC0415 - pandas and scikit-learn, which other kinds do without

    return data_recipe.build(recipe, dataset)
