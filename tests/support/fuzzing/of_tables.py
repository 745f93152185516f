"""Tables of data in every form that is read: cells, names, rows, dialects and bytes changed.

What is read is held against what was written: a column of numbers is the same numbers, or the table is refused.
"""

import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from commands import ROOT

from bench import datasets
from bench.datasets import cells, doubts
from bench.datasets.forms import NEARLY
from fuzzing import made_tables, mutating, of_results, written_tables
from fuzzing.made_tables import Cells
from fuzzing.templates import Templates
from fuzzing.world import World

KEYS: dict[str, list[Any]] = {
    "missing": [["?"], ["NA", "unknown"], "NA", [-1], "", [None], ["nan"]],
    "drop_missing_target": [True, False],
    "types": [
        {"age": "category"},
        ["age: number"],
        {"colour": "ignore"},
        {"zip": "number"},
        {"age": "x"},
        {"no": "number"},
    ],
    "drop": [["colour"], "age", ["nope"], ["Unnamed: 0"], ["y"]],
    "rare_classes": ["drop", "error", "x"],
    "rows": [30, 4, 10**6, 0],
    "task": ["binary", "regression", "counts", "multiclass", "x"],
    "weight": ["w", "age", "colour"],
    "group": ["colour", "city"],
    "time": ["t", "iso", "when", "age"],
    "split": ["part", "colour"],
    "separator": ["comma", ";", "ab", "tab", "space"],
    "decimal": ["comma", "point", "x"],
    "thousands": ["point", "comma", "space", "apostrophe"],
    "encoding": ["latin-1", "utf-16", "nope", "rot13", "utf-7", "idna"],
    "target": ["age", "nope", "colour", ""],
}
"""Keys of a dataset, with values of each."""
FILE = {**yaml.safe_load((ROOT / "conf/dataset/file.yaml").read_text()), "target": "y"}


def play(rng: random.Random, world: World, _: Templates) -> None:
    """A changed table is read as what it says, or refused in one line."""
    table = made_tables.frame(rng)
    whole = {each: list(values) for each, values in table.items()}
    roles = made_tables.roles(rng, table) if rng.random() < 0.15 else {}
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        rng.choice(made_tables.CHANGES)(rng, table)
    content, keys, suffix = (written_tables.delimited if rng.random() < 0.7 else written_tables.typed)(rng, table)
    keys, intact = {**roles, **keys}, True
    if rng.random() < (0.5 if suffix == ".parquet" else 0.2):
        intact = False
        content = _wild(rng, content, suffix)
    name = f"my{suffix}"
    if rng.random() < 0.12:
        content, ending = written_tables.packed(rng, content, name)
        name += ending
        if rng.random() < 0.3:
            intact, content = False, mutating.raw(rng, content)
    path = world.work / rng.choice([name] * 8 + ["a b's.csv" if suffix == ".csv" else name, name.upper()])
    path.write_bytes(content)
    keys |= (
        {}
        if rng.random() < 0.6
        else {key: rng.choice(KEYS[key]) for key in rng.sample(list(KEYS), rng.choice([1, 1, 2]))}
    )
    if world.quick or rng.random() < 0.55:
        _door(rng, world, path, keys, whole, table, intact)
    else:
        _command(rng, world, path, keys)


def _wild(rng: random.Random, content: bytes, suffix: str) -> bytes:
    if suffix in (".csv", ".tsv", ".jsonl") and rng.random() < 0.6:
        return mutating.lines(rng, content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogatepass")
    if suffix == ".parquet" and rng.random() < 0.5:
        return _rewritten(rng, content)
    return mutating.raw(rng, content)


def _rewritten(rng: random.Random, content: bytes) -> bytes:
    """The parquet file with a column of another type, or another description of its columns for pandas."""
    table = pq.read_table(io.BytesIO(content))
    said = table.schema.metadata or {}
    table = of_results.columns(rng, table)
    if b"pandas" in said:
        entry = mutating.plain(rng, json.loads(said[b"pandas"]), 3)
        try:
            table = table.replace_schema_metadata({b"pandas": json.dumps(entry).encode()})
        except ValueError:
            return content
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def _door(
    rng: random.Random, world: World, path: Path, keys: dict[str, Any], whole: Cells, table: Cells, intact: bool
) -> None:
    """Load it as a run does; hold its columns of numbers against what was written."""
    with world.calling(f"datasets.load of {path.name} with {keys}"):
        made = datasets.load({**FILE, **keys, "path": str(path)}, world.work)
        if intact and not {"rows", "types", "missing", "drop_missing_target", "rare_classes"} & keys.keys():
            for line in misread(made, whole, table, keys):
                world.found(f"{world.commands[-1]}: {line}")


def misread(made: datasets.Dataset, whole: Cells, table: Cells, keys: dict[str, Any]) -> list[str]:
    """Columns of numbers that hold something else than was written, or categories, without a word."""
    found = []
    for each, before in whole.items():
        if (
            each == "y"
            or each not in made.features
            or not isinstance(before[0], int | float)
            or isinstance(before[0], bool)
        ):
            continue
        now, values = made.features[each], table.get(each)
        if values is None or len(now) != len(values):
            continue
        if not isinstance(now.dtype, np.dtype):
            if _may_be_words(values) or _few_with_marks(now):
                continue
            found.append(f"column {each!r}, numbers but for {_others(before, values)}, is read as categories")
            continue
        for place, (old, new) in enumerate(zip(before, values, strict=True)):
            if old == new and float(now.iloc[place]) != float(old):
                found.append(f"column {each!r}: {old!r} is read as {now.iloc[place]!r}")
                break
    return found


def _may_be_words(values: list[Any]) -> bool:
    """Whether so few of the known values are numbers that `bench.datasets.doubts` may leave it a column of words."""
    known = [str(value) for value in values if value is not None]
    numbers = cells.is_number(known)
    others = {text for text, is_one in zip(known, numbers, strict=True) if not is_one}
    return bool(numbers.mean() < (NEARLY if len(others) > 5 else 0.5))


def _few_with_marks(now: Any) -> bool:
    """Whether a column was read as few categories, all written with marks (`67,230.98`), as sizes and prices may be."""
    labels = [str(label) for label in now.cat.categories]
    return len(labels) <= doubts.FEW and not cells.is_number(labels).any()


def _others(before: list[Any], values: list[Any]) -> list[Any]:
    return [new for old, new in zip(before, values, strict=True) if old is not new and old != new][:3]


def _command(rng: random.Random, world: World, path: Path, keys: dict[str, Any]) -> None:
    words = [f"dataset.{key}={_hydra(value)}" for key, value in keys.items() if key != "target"]
    target = keys.get("target", "y")
    words += rng.choice(
        [[], [], ["resampling=kfold"], ["resampling=time"], ["resampling=group"], ["resampling=column"], ["metric=auc"]]
    )
    before = path.read_bytes()
    if rng.random() < 0.75:
        world.bench("data", path.name, *words, *([] if rng.random() < 0.1 else ["--target", target]))
    else:
        file = ["dataset=file", f"dataset.path={_hydra(path.name)}", f"dataset.target={_hydra(target)}", "name=x"]
        models = ["model=ridge"], ["model=knn"], ["model=lightgbm", "model.settings.rounds=3"]
        small = ["budget.trials=1", *([] if rng.random() < 0.3 else ["dry_run=true"])]
        world.bench("run", *file, *rng.choice(models), *words, *small)
    if path.read_bytes() != before:
        world.found(f"{world.commands[-1]}: changed the table")


def _hydra(value: Any) -> str:
    """A value as Hydra takes it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    if isinstance(value, list):
        return f"[{', '.join(map(_hydra, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_hydra(each)}" for key, each in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
