"""One tuning: the rows as a dataset, a run of the suite on them, its winner trained, saved, and judged."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from bench import files
from bench.errors import UserError
from bench.models.saved import FittedModel, load
from bench.running import checks, compose, fit, launch
from bench.running.next_steps import OF_THE_SUITE
from bench.stream import judging
from bench.stream.judging import Judgement
from bench.stream.messages import Row, frame

DEFAULTS = {"optimizer": "hyperopt_tpe", "budget.trials": "20"}
"""What is overridden unless the user does so."""
PARTS = {"resampling.train": "0.75", "resampling.valid": "0.25", "resampling.test": "0"}
"""The newest rows are the test."""
TAKEN = ("dataset", "experiment", "name", "results_dir", "store", "overwrite", "dry_run", "hydra", "blocks")
"""Keys that a trainer sets itself; keys of `dataset` are the user's where they are not `_OF_FILE`."""
_OF_FILE = ("dataset.path", "dataset.target", "dataset.name", "dataset.load", "dataset.sha256")


@dataclass(frozen=True)
class Task:
    """What is to be tuned, as plain data for another process."""

    rows: int
    """How many rows there are; it names the experiment."""
    span: tuple[int, int]
    """Of these the numbers of those to tune on, from the first to before the second; those after are the newest."""
    record: str
    """The file of the rows."""
    folder: str
    """Where results, data and models go."""
    datasets_dir: str
    overrides: tuple[str, ...]
    champion: str | None
    """The folder of the model to beat, if there is one."""
    name: str
    config_dir: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a tuning: a model in `folder`, and how good it and the champion are on the newest rows."""

    rows: int
    folder: str
    metric: str
    """What the loss is called."""
    loss: float
    error: float | None
    champion_loss: float | None
    champion_error: float | None
    seconds: float
    champion_refused: str | None = None
    """Why the champion could not be judged, as a version that somebody moved the alias to; it then counts as none."""

    @property
    def better(self) -> bool:
        """Whether the loss on the newest rows is lower than the champion's, if there is one that can be judged."""
        return self.champion_loss is None or self.loss < self.champion_loss


def checked(given: Sequence[str], config_dir: Path | None) -> tuple[str, ...]:
    """The overrides of each tuning: the user's, and what they leave open.

    Raises `UserError` for keys that are the trainer's, for what cannot be composed, and for a model that trains on no
    rows or that `bench fit` cannot save.
    """
    every = _completed(given)
    config = compose.composed(every, config_dir)
    known = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    plain: Any = OmegaConf.to_container(known, resolve=True)
    model = plain["model"]
    if not str(model.get("class")).startswith(OF_THE_SUITE):
        reason = "cannot be saved" if model.get("class") else "trains on no rows"
        raise UserError(f"model={model.get('name')}: {reason}; choose another, such as lightgbm or random_forest")
    checks.check(plain)
    return tuple(every)


def _completed(given: Sequence[str]) -> list[str]:
    keys = {each.partition("=")[0].lstrip("+~").strip() for each in given}
    for key in keys:
        if key in _OF_FILE or (key.split(".")[0] in TAKEN and not key.startswith("dataset.")):
            raise UserError(f"{key}: is set by the trainer, whose data is the stream; leave it out")
    parts = {} if any(key.split(".")[0] == "resampling" for key in keys) else PARTS
    budget = any(key.split(".")[0] == "budget" for key in keys)
    wanted = {key: value for key, value in (DEFAULTS | parts).items() if key not in keys}
    if budget:
        wanted.pop("budget.trials", None)
    return ["dataset=file", *(f"{key}={value}" for key, value in wanted.items()), *given]


def retune(task: Task) -> Outcome:
    """Tune, train and judge; what was evaluated before for the same task is not evaluated again.

    Raises `UserError` where the run fails, or the rows cannot be used.
    """
    start = time.perf_counter()
    folder, experiment = Path(task.folder), f"rows-{task.rows}"
    first, end = task.span
    with Path(task.record).open(encoding="utf-8") as lines:
        entries = map(json.loads, islice(lines, first, task.rows))
        rows = [Row(entry["features"], entry["target"]) for entry in entries]
    tuned, newest = rows[: end - first], rows[end - first :]
    data, keys = dataset(tuned, folder / "data" / f"{task.rows}.parquet")
    config_dir = None if task.config_dir is None else Path(task.config_dir)
    config = compose.composed(task.overrides, config_dir)
    places = {"results_dir": str(folder / "results"), "datasets_dir": task.datasets_dir}
    _set(config, {"name": experiment, "dataset.name": task.name, "dataset.path": str(data), **places}, keys)
    try:
        launch.single(config, config_dir, Console(quiet=True))
    except launch.RunsFailedError as error:
        raise UserError(next(error.lines())) from None
    model = fit.fit(
        experiment,
        rows="all",
        out=folder / "models" / str(task.rows),
        results_dir=folder / "results",
        datasets_dir=Path(task.datasets_dir),
        data=data,
        config_dir=config_dir,
        overwrite=True,
    )
    label = str(model.card["losses"]["metric"])
    own, old, refused = _judged(model, task.champion, newest, label)
    return Outcome(
        task.rows,
        str(model.folder),
        label,
        own.loss,
        own.error,
        None if old is None else old.loss,
        None if old is None else old.error,
        time.perf_counter() - start,
        refused,
    )


def _judged(
    model: FittedModel, champion: str | None, newest: Sequence[Row], label: str
) -> tuple[Judgement, Judgement | None, str | None]:
    """How good a model and the champion are on the newest rows; of one that cannot be judged, why."""
    if champion is not None:
        try:
            own, old = judging.judge([model, load(champion)], newest, label)
        except UserError as error:
            (own,) = judging.judge([model], newest, label)  # where it is the rows, this says so again
            return own, None, str(error)
        return own, old, None
    (own,) = judging.judge([model], newest, label)
    return own, None, None


def dataset(rows: Sequence[Row], path: Path) -> tuple[Path, dict[str, Any]]:
    """Rows as a file of the suite, and the keys that say what its columns are."""
    table = frame(rows)
    target = "target"
    while target in table.columns:
        target += "_"
    of_text = [name for name in table.columns if table[name].map(lambda cell: isinstance(cell, str)).any()]
    classes = any(isinstance(row.target, str) for row in rows)
    table[target] = [str(row.target) if classes else row.target for row in rows]
    types = dict.fromkeys([*of_text, *([target] if classes else [])], "category")
    try:
        with files.replacing(path) as part:
            table.to_parquet(part, index=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}); make room") from None
    task = "classification" if classes else "regression"
    return path, {"dataset.target": target, "dataset.types": types or None, "dataset.task": task}


def _set(config: DictConfig, fixed: Mapping[str, Any], open_: Mapping[str, Any]) -> None:
    """Set the keys in `fixed`, and of those in `open_` the ones that the user left null."""
    for key, value in [*fixed.items(), *((key, value) for key, value in open_.items() if _free(config, key))]:
        OmegaConf.update(config, key, value, merge=False, force_add=True)


def _free(config: DictConfig, key: str) -> bool:
    return OmegaConf.select(config, key) is None
