"""A problem whose evaluations are looked up in a recorded table, in which others have evaluated all of a finite space.

A run sees one repetition of the table, by its model seed: with `seeds=paired` each seed the next. That is its loss; its
test loss is the mean over all repetitions, by which the choice of an optimiser that saw one of them is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench import provenance
from bench.errors import UserError, allowed
from bench.models import Step
from bench.problems import objectives, recorded_tables
from bench.problems.contract import Evaluate, Evaluation, Recipe
from bench.problems.controls import Control
from bench.problems.identified import Identified
from bench.problems.recorded_tables import Family, Table
from bench.space import Configuration, Space, Value, parsing

if TYPE_CHECKING:
    from bench.datasets import Dataset

NAME = "recorded"
"""Of dataset and model, where their configs name none of their own: the table's take its place."""
REVISION = 1
"""Raised when the same table yields other losses."""

loads = False
controls: tuple[str, ...] = ("permuted",)


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordedProblem(Identified):
    """One repetition of a table; as a control its losses are permuted over the configurations of the run's space."""

    name: str
    """The table's."""
    table: Table
    repetition: int
    label: str
    """What the loss is called."""
    places: Mapping[str, Mapping[Value, int]]
    """Where each value of each parameter stands in the arrays of the table, in their order."""

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """What was recorded, the seconds too: nothing is computed."""
        at = tuple(places[configuration[name]] for name, places in self.places.items())
        if self.control is not None:
            at = self._permuted[at]
        own = (*at, self.repetition)
        loss, mean = float(self.table.losses[own]), float(self.table.means[at])
        losses: dict[str, list[float | None]] | None = None
        if self.objectives:
            losses = {self.label: [loss, mean]}
            for name in self.objectives[1:]:
                every, means = self.table.others[name]
                losses[name] = [float(every[own]), float(means[at])]
        return Evaluation(loss, mean, float(self.table.seconds[own]), "ok", losses=losses)

    @cached_property
    def _permuted(self) -> "_Permuted":
        assert self.control is not None
        return _Permuted(self.control, [self._places_of(name) for name in self.places])

    def _places_of(self, name: str) -> list[int]:
        """Where the run's values of a parameter stand in the table, ascending."""
        return sorted(self.places[name][value] for value in self.space[name].values() or ())

    def _seen(self, recorded: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of an array of the table what the run can see: its repetition, and the space, which may be a part."""
        return recorded[..., self.repetition][np.ix_(*map(self._places_of, self.places))]

    @cached_property
    def _within(self) -> NDArray[np.float64]:
        return self._seen(self.table.losses)

    def baseline(self, evaluate: Evaluate) -> float:
        """The median of all losses, of which none is missing: a table has no failures."""
        return float(np.median(self._within))

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """The same of each loss."""
        others = [float(np.median(self._seen(self.table.others[name][0]))) for name in self.objectives[1:]]
        return (self.baseline(evaluate), *others)

    def check(self, evaluate: Evaluate) -> None:
        """What a table states was held against its digest."""

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, the table and the repetition, and `known_minimum`, the least loss of that repetition."""
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "key_prefix": self._key_prefix.decode(),
            "metric": self.label,
            "task": "recorded",
            "baseline_loss": None,
            "known_minimum": float(self._within.min()),
            "recorded": {
                "table": self.name,
                "repetition": self.repetition,
                "repetitions": self.table.repetitions,
                "configurations": int(self._within.size),
            },
            **({} if self.control is None else {"control": self.control.name}),
        }


class _Permuted:
    """A bijection of the places that a run sees of a table: `permuted[place]` is whose losses a place has."""

    def __init__(self, control: Control, seen: Sequence[Sequence[int]]) -> None:
        """`seen` are the places of each axis, ascending."""
        self._seen = seen
        self._shape = tuple(map(len, seen))
        self._number = [{place: number for number, place in enumerate(axis)} for axis in seen]
        self._order = control.bijection(int(np.prod(self._shape)))

    def __getitem__(self, place: tuple[int, ...]) -> tuple[int, ...]:
        number = 0
        for length, numbers, at in zip(self._shape, self._number, place, strict=True):
            number = number * length + numbers[at]
        number = int(self._order[number])
        chosen: list[int] = []
        for axis in reversed(self._seen):
            number, at = divmod(number, len(axis))
            chosen.append(axis[at])
        return tuple(reversed(chosen))


def chosen(groups: Mapping[str, Any]) -> bool:
    """Whether a config's dataset names a recorded table, or its model is one that has been."""
    return "table" in groups["dataset"] or "recorded" in groups["model"]


def stored(_groups: Mapping[str, Any]) -> bool:
    """Never: it is there already."""
    return False


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the table's names, digest and space, and without a split, which it has not."""
    dataset, model = dict(groups["dataset"]), dict(groups["model"])
    name = dataset.get("table")
    family = recorded_tables.family_of(name)
    dataset["sha256"] = recorded_tables.digest_of(str(name))
    if dataset["name"] == NAME:
        dataset["name"] = str(name).replace("/", "_")
    if model["name"] == NAME:
        model["name"] = family.model
    if model.get("space") is None:
        model["space"] = _space_of(family)
    seeds = {"model": groups["seeds"]["model"]}
    return {**groups, "dataset": dataset, "model": model, "resampling": {}, "seeds": seeds}


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where the table is not known, the model is another, or the space is none of the table's."""
    dataset, model, metric = groups["dataset"], groups["model"], groups["metric"].get("name")
    if "table" not in dataset:
        raise UserError(f"dataset={dataset['name']}: model={model['name']} is of recorded tables; set dataset={NAME}")
    family = recorded_tables.family_of(dataset["table"])
    if "recorded" not in model:
        raise UserError(
            f"model={model['name']}: dataset={dataset['name']} looks up what was recorded of another; set model={NAME}"
        )
    if dataset.get("load") is not None:
        raise UserError("dataset.load: stands beside dataset.table; keep the one that is meant")
    if metric != "auto":
        raise UserError(f"metric={metric}: the loss is the table's, {family.label}; leave metric=auto")
    known = recorded_tables.digest_of(dataset["table"])
    if dataset.get("sha256") not in (None, known):
        raise UserError(f"dataset.sha256={dataset['sha256']!r}: the table {dataset['table']} has {known}; leave it out")
    if groups.get("objectives") is not None:
        _check_objectives(objectives.check(groups["objectives"]), family)
    if model.get("space") is not None:
        _check_space(parsing.parse(model["space"]), family, dataset["table"])


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> RecordedProblem:
    """The problem of a recipe; reads the table, once in a process."""
    assert dataset is None
    config, seeds = recipe.groups["dataset"], recipe.groups["seeds"]
    name, family = config["table"], recorded_tables.family_of(config["table"])
    table = recorded_tables.load(name)
    space = parsing.parse(recipe.groups["model"].get("space") or _space_of(family))
    repetition = (recipe.seed if seeds["model"] == "seed" else int(seeds["model"])) % table.repetitions
    names = tuple(recipe.groups.get("objectives") or ())
    identity = {
        "table": name,
        "sha256": recorded_tables.digest_of(name),
        "revision": REVISION,
        "metric": family.label,
        "space": space.describe(),
        **({"objectives": list(names)} if names else {}),
    }
    return RecordedProblem(
        recipe=recipe,
        name=name,
        table=table,
        space=space,
        repetition=repetition,
        identity=identity | {"repetition": repetition},
        family=provenance.digest(identity | {"repetition": seeds["model"]}),
        label=family.label,
        objectives=names,
        places={
            each: {value: place for place, value in enumerate(values)} for each, values in family.parameters.items()
        },
    )


def _space_of(family: Family) -> dict[str, Any]:
    """The space of a table, as its YAML would have it: numbers stand in their order."""
    return {
        name: {"type": "categorical" if isinstance(values[0], str) else "ordinal", "choices": list(values)}
        for name, values in family.parameters.items()
    }


def _check_objectives(names: Sequence[str], family: Family) -> None:
    known = (family.label, *family.others)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise UserError(f"objectives: {unknown!r} is not in the table; {allowed(unknown, known)}")
    if names[0] != family.label:
        raise UserError(f"objectives={list(names)}: the first is {names[0]}; begin with {family.label}")


def _check_space(space: Space, family: Family, table: str) -> None:
    """Raise `UserError` where the table has not each configuration of a space."""
    names = [parameter.name for parameter in space.parameters]
    for name in names:
        if name not in family.parameters:
            raise UserError(f"model.space.{name}: not in the table {table}; {allowed(name, family.parameters)}")
    for name, values in family.parameters.items():
        if name not in names:
            raise UserError(f"model.space.{name}: missing; the table {table} has {_shown(values)}")
        parameter = space[name]
        if parameter.when:
            raise UserError(f"model.space.{name}.when: the table {table} has a value of it everywhere; remove it")
        own = parameter.values()
        odd = [value for value in own or () if value not in values]
        if own is None or odd:
            what = "a continuum" if own is None else repr(odd[0])
            raise UserError(f"model.space.{name}: holds {what}; the table {table} has {_shown(values)}")


def _shown(values: Sequence[Value]) -> str:
    return ", ".join(map(str, values))
