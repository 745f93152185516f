"""`bench data`: what a file is read as, and what would be made of it; nothing is run and nothing written."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from bench import datasets, metrics, problems, wording
from bench.config import values
from bench.datasets import cells, columns, delimited, doubts, file, understood
from bench.datasets.cells import Notation
from bench.datasets.roles import ROLES
from bench.errors import UserError, quoted
from bench.problems import searched
from bench.running import compose
from bench.space import repeat
from bench.wording import as_value, listed, plural, shortened

SEEDS = "seed=range(0,10)"


def lines(path: Path, target: str | None, overrides: Sequence[str], config_dir: Path | None) -> Iterator[str]:
    """The file's columns, then the dataset that `overrides` make of it, its parts, metrics and the command to run next.

    `overrides` are those of 'bench run', such as dataset.missing=NA. The lines before an error are of use: it is raised
    where they end.
    """
    name = re.sub(r"[^A-Za-z0-9_]+", "_", path.name.partition(".")[0]).strip("_") or "mine"
    given = [f"dataset.path={as_value(str(path))}"]
    given += [f"dataset.target={as_value(target)}"] if target is not None else []
    given += [] if any(each.startswith("dataset.name=") for each in overrides) else [f"dataset.name={name}"]
    config = _plain(compose.composed(["dataset=file", *given, *overrides], config_dir))
    values.check(config)
    dataset = config["dataset"]
    if dataset.get("load") != "bench.datasets.file.load":
        raise UserError("dataset: another one was chosen; 'bench data' looks at a file")
    reading = file.read(path, _listed(dataset["drop"]), dataset)
    frame = reading.frame
    yield f"{path}: {plural(len(frame), 'row')}, {plural(frame.shape[1], 'column')}; read as {reading.said}"
    yield ""
    uses = _uses(list(frame.columns), dataset)
    messages = _refused(frame, uses, dataset)
    settled = _settled(frame, uses, messages, dataset) if "target" in uses else []
    yield from understood.columns(frame, ["refused" if place in messages else use for place, use in enumerate(uses)])
    yield ""
    if dataset["target"] is None:
        names = ", ".join(quoted(shortened(str(name))) for name in frame.columns[-20:])
        raise UserError(f"--target: missing; name the column to predict: {names}")
    yield from _grouped(frame, messages)
    if settled:
        changed = [each.partition("=")[0] for each in settled]
        kept = [each for each in overrides if each.partition("=")[0] not in changed]
        words = ["bench", "data", str(path), "--target", str(dataset["target"]), *kept, *settled]
        yield f"one way on: {wording.command(*words)}"
    made = datasets.load(dataset, Path(config["datasets_dir"]))
    yield from understood.summary(replace(made, said=""))
    seed = config["seeds"]["split"]
    split = datasets.split(made, config["resampling"], config["seed"] if seed == "seed" else seed)
    yield f"resampling={config['resampling']['name']}:"
    yield from (f"  {line}" for line in understood.parted(understood.plain(made, split)))
    metric = metrics.get(config["metric"]["name"], made.task)
    others = [each.name for each in metrics.METRICS.values() if made.task in each.tasks and each is not metric]
    yield f"metric={metric.name}; others for {made.task}: {', '.join(others)}"
    if any(each.lstrip("+~").startswith("model") for each in overrides):  # else it is the suite's own, which is right
        problems.check(config)
        for line in searched.warned(repeat.spread(config["model"]), made):
            yield f"warning: {line}"
    yield ""
    yield f"run next: {command(name, given, overrides)}"


def command(name: str, given: Sequence[str], overrides: Sequence[str]) -> str:
    """The command that compares two optimisers on the file as it was understood."""
    words = ["dataset=file", *given, *overrides, "optimizer=random,optuna_tpe", "seeds=paired", SEEDS, f"name={name}"]
    return wording.command("bench", "run", "-m", *words)


def _grouped(frame: pd.DataFrame, messages: Mapping[int, str]) -> Iterator[str]:
    """Each message but the first, which is raised where the dataset is loaded; of those alike the columns' names."""
    alike: dict[str, list[int]] = {}
    for place, message in messages.items():
        shape, name = re.sub(r" values?\b", "", message), str(frame.columns[place])
        for own in (repr(name), *(doubts.key(name, kind) for kind in columns.KINDS)):
            shape = shape.replace(own, "")
        alike.setdefault(re.sub(r"\d+", "", shape), []).append(place)
    for number, (place, *others) in enumerate(alike.values()):
        if number:
            yield f"refused: {messages[place]}"
        if len(others) == 1:
            yield f"refused: {messages[others[0]]}"
        elif others:
            names = listed([repr(shortened(str(frame.columns[each]), 40)) for each in others], 6)
            yield f"refused likewise: {len(others)} columns, {names}"


def _settled(frame: pd.DataFrame, uses: Sequence[str], refused: Iterable[int], dataset: Mapping[str, Any]) -> list[str]:
    """Overrides with which none of the columns is refused, for a person to weigh; empty where nothing is to be settled.

    Words that stand for missing values are named where numbers or categories remain without them; other refused columns
    are left out, and so are rows without a target.
    """
    stated = delimited.dialect(dataset).missing
    missing, ignored = list(stated), []
    for place in [*refused, *(place for place, use in enumerate(uses) if use == "target")]:
        values = frame.iloc[:, place]
        words = sorted(doubts.UNKNOWN.intersection(values.dropna().astype("str").unique()))
        without = cells.of_text(values, Notation(missing=tuple(words))) if words else values
        if uses[place] != "target" and _refused(without.to_frame(values.name), ["feature"], dataset):
            ignored.append(str(values.name))
        elif uses[place] != "target" or columns.kind_of(without) == "number":
            missing += [word for word in words if word not in missing]
    kinds = columns.kinds(dataset["types"], "the file") | dict.fromkeys(ignored, "ignore")
    of_target = frame.loc[:, [use == "target" for use in uses]]
    rowless = bool(len(of_target.columns)) and bool((of_target.isna() | of_target.isin(missing)).to_numpy().any())
    keys = {
        "missing": missing if len(missing) > len(stated) else [],
        "types": [f"{name}: {kind}" for name, kind in kinds.items()] if ignored else [],
    }
    lists = {key: ", ".join(map(as_value, texts)) for key, texts in keys.items() if texts}
    given = [
        f"dataset.{key}={text if key == 'missing' and len(missing) == 1 else f'[{text}]'}"
        for key, text in lists.items()
    ]
    return [*given, *(["dataset.drop_missing_target=true"] if rowless and not dataset["drop_missing_target"] else [])]


def _plain(config: Any) -> dict[str, Any]:
    kept = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    plain = OmegaConf.to_container(kept, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _uses(names: Sequence[Any], dataset: Mapping[str, Any]) -> list[str]:
    """What each column is used as."""
    wanted = columns.kinds(dataset["types"], "the file")
    uses = {str(dataset[role]): role for role in ROLES if dataset[role] is not None}
    uses |= dict.fromkeys(_listed(dataset["drop"]), "ignored")
    uses |= {name: "ignored" for name, kind in wanted.items() if kind == "ignore"}
    uses |= {str(dataset["target"]): "target"}
    return [uses.get(str(name), "feature") for name in names]


def _refused(frame: pd.DataFrame, uses: Sequence[str], dataset: Mapping[str, Any]) -> dict[int, str]:
    """What is said of each feature that is refused, by its place."""
    wanted = columns.kinds(dataset["types"], "the file")
    messages = {}
    for place, use in enumerate(uses):
        if use == "feature" and len(frame):
            try:
                columns.typed(frame.iloc[:, [place]], "the file", wanted)
            except UserError as error:
                messages[place] = str(error).partition(": ")[2]
    return messages
