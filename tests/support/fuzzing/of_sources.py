"""A dataset whose source a user wrote: whatever it returns or raises is used, or refused in one line."""

import random
from typing import Any

import fuzz_source

from bench import datasets
from fuzzing import mutating, of_tables
from fuzzing.of_configs import written
from fuzzing.templates import Templates
from fuzzing.world import LONGEST, World

PATHS = ["fuzz_source.odd"] * 12 + [
    *("fuzz_source.needs", "fuzz_source.takes_all", "fuzz_source.NUMBER", "fuzz_source.nope", "fuzz_source"),
    *("nope.table", "", ".", "..", "fuzz_source.", ".odd", "fuzz_source.odd.x", "os.abort()", None, 3),
]
KEYS: dict[str, list[Any]] = {
    **{key: of_tables.KEYS[key] for key in ("drop_missing_target", "rare_classes", "rows", "task")},
    "types": [{"b": "category"}, {"a": "category"}, {"c": "number"}, {"when": "ignore"}, {"b": "number"}],
    "weight": ["a", "when", "b", "c"],
    "group": ["b", "group", "c"],
    "time": ["when", "a", "c"],
    "split": ["b", "group"],
    "way": [0, "0", None, 99],
    "c": [1, "x", None],
    "datasets_dir": ["elsewhere"],
}


def play(rng: random.Random, world: World, _: Templates) -> None:
    """Load it as a run does, or by a run."""
    config: dict[str, Any] = {"name": "m", "load": rng.choice(PATHS)}
    if config["load"] == "fuzz_source.odd":
        config["way"] = rng.randrange(len(fuzz_source.WAYS))
    for key in rng.sample(list(KEYS), rng.choice([0, 0, 1, 1, 2])):
        config[key] = rng.choice(KEYS[key])
    if rng.random() < 0.2:
        config = mutating.plain(rng, config, 1)
    if world.quick or rng.random() < 0.7:
        _door(world, config)
        return
    written(rng, world.work / "mine/dataset/m.yaml", config, 0.0)
    model = rng.choice([["model=ridge"], ["model=knn"], ["model=lightgbm", "model.settings.rounds=3"]])
    world.bench("run", "dataset=m", *model, "budget.trials=1", "name=x", "--config-dir", "mine", "dry_run=true")


def _door(world: World, config: dict[str, Any]) -> None:
    with world.calling(f"datasets.load of {config}", longest=LONGEST):
        made = datasets.load({"task": None, "rows": None, **config, "name": str(config.get("name"))}, world.work)
        others = (made.target, made.weights, made.groups, made.times, made.parts)
        if any(each is not None and len(each) != len(made.features) for each in others):
            world.found(f"{world.commands[-1]}: {len(made.features)} rows, and another number of what belongs to them")
