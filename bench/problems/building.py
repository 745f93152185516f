"""From a recipe to a problem, the same object for equal recipes of one process."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.errors import UserError
from bench.problems import controls, function, recorded, replay, trained
from bench.problems.contract import Problem, Recipe
from bench.problems.drift import kind as drift

if TYPE_CHECKING:
    from bench.datasets import Dataset

GROUPS = ("dataset", "resampling", "model", "metric", "seeds")
"""The config groups that a problem is built from."""
OPTIONAL = ("objectives", "control")
"""Keys that it is built from, too, where they are not null."""


class Kind(Protocol):
    """A kind of problem, as a file of this folder that has these functions; `groups` is a run's config."""

    loads: bool
    """Whether it is built on the dataset of the config."""
    controls: tuple[str, ...]
    """The controls that its problems can be; where there are some, they have `under` (`bench.problems.controls`)."""

    def chosen(self, groups: Mapping[str, Any]) -> bool:
        """Whether a config is of this kind."""
        ...

    def check(self, groups: Mapping[str, Any]) -> None:
        """Raise `UserError` where a key is unknown, or has a value that it cannot have."""
        ...

    def stored(self, groups: Mapping[str, Any], /) -> bool:
        """Whether its evaluations are kept, and not made again: what takes microseconds is not worth a transaction."""
        ...

    def relevant(self, groups: Mapping[str, Any]) -> dict[str, Any]:
        """The config without what the problem's losses do not depend on."""
        ...

    def build(self, recipe: Recipe, dataset: "Dataset | None" = None) -> Problem:
        """The problem; `dataset` is what was loaded before, if anything was."""
        ...


KINDS: tuple[Kind, ...] = (drift, replay, recorded, function, trained)
"""The first whose `chosen` holds is meant; `trained` takes whatever no other takes."""


def kind(groups: Mapping[str, Any]) -> Kind:
    """The kind of problem that a config describes."""
    return next(each for each in KINDS if each.chosen(groups))


def groups_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's config its problem is built from."""
    return {name: config[name] for name in (*GROUPS, *OPTIONAL) if name in GROUPS or config.get(name) is not None}


def losses_of(groups: Mapping[str, Any]) -> Sequence[str] | None:
    """The names of a problem's losses where a config asks for several, or has a function that returns several."""
    names: Sequence[str] | None = groups.get("objectives")
    if names is None:
        names = groups["model"].get("objectives")
    return names


def shared(recipe: Recipe) -> Problem:
    """The problem of a recipe, the same object for equal ones: its data is loaded and binned once in a process."""
    if recipe.groups.get("control") is not None:
        return _under_control(recipe, shared(_without_control(recipe)))
    follows = "seed" in recipe.groups["seeds"].values()
    return _shared(json.dumps(dict(recipe.groups)), recipe.seed if follows else 0, recipe.datasets_dir, recipe.threads)


@lru_cache(maxsize=2)
def _shared(groups: str, seed: int, datasets_dir: str, threads: int) -> Problem:
    recipe = Recipe(json.loads(groups), seed, datasets_dir, threads)
    if not kind(recipe.groups).loads:
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
    if recipe.groups.get("control") is not None:
        return _under_control(recipe, build(_without_control(recipe), dataset))
    return kind(recipe.groups).build(recipe, dataset)


def _without_control(recipe: Recipe) -> Recipe:
    return replace(recipe, groups={name: group for name, group in recipe.groups.items() if name != "control"})


def _under_control(recipe: Recipe, plain: Problem) -> Problem:
    """The control of a recipe, from the problem that it is without: its baseline is the same, and made once."""
    check(recipe.groups)
    able: Any = plain
    controlled: Problem = able.under(controls.Control(recipe.groups["control"], recipe.seed), recipe)
    return controlled


def stored(groups: Mapping[str, Any]) -> bool:
    """Whether the evaluations of a config's problem are kept in the store."""
    return kind(groups).stored(groups)


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a run's config without what its problem does not depend on."""
    return kind(groups).relevant(groups)


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where a model that needs data has none, or a function is given some or another's keys."""
    kind(groups).check(groups)
    if groups["metric"].get("scores") and not kind(groups).loads:
        raise UserError(f"metric.scores: model={groups['model']['name']} is trained on no data; leave it out")
    if groups.get("control") is not None:
        controls.check(groups["control"], groups, kind(groups).controls)
