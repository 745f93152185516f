"""A problem with data: dataset + split + model + search space + metric, evaluated one configuration at a time."""

import hashlib
import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import datasets, metrics, provenance, texts
from bench.config.components import build as build_component
from bench.datasets import Dataset, Split, understood
from bench.errors import UserError
from bench.metrics import Metric
from bench.models import Model, Part, Step
from bench.problems import details as json_details
from bench.problems.contract import Evaluate, Evaluation, Recipe, is_outcome
from bench.space import Configuration, Space, parsing, to_json


@dataclass(frozen=True, eq=False)
class _FoldParts:
    train: Part
    stop: Part
    valid: Part


@dataclass(frozen=True, eq=False)
class DataProblem:
    """What one evaluation depends on, besides the configuration."""

    recipe: Recipe
    dataset: Dataset
    split: Split
    model: Model
    space: Space
    metric: Metric
    model_seed: int
    identity: Mapping[str, Any]
    """What decides whether two losses may be compared, as plain data: see `build`."""
    family: str
    """The hash of the problem with those seeds left out that follow the repetition's seed."""

    @cached_property
    def hash(self) -> str:
        """What may be compared: data, split, model with its settings, space with its order, metric, model seed."""
        return provenance.digest(dict(self.identity))

    @property
    def label(self) -> str:
        """What the metric's loss is called."""
        return self.metric.label

    @cached_property
    def _key_prefix(self) -> bytes:
        parts = {name: value for name, value in self.identity.items() if name != "space"}
        parts["versions"] = provenance.versions((*self.model.libraries, "scikit-learn"))
        if self.model.threads_matter:
            parts["threads"] = self.recipe.threads
        return provenance.digest(parts).encode()

    def key(self, configuration: Configuration) -> str:
        """What may be reused: the problem without its space, the versions that compute, and the configuration."""
        in_any_order = to_json(dict(sorted(configuration.items())))
        return hashlib.sha256(self._key_prefix + in_any_order.encode()).hexdigest()

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """Train and judge one canonical configuration: on each fold, its loss being the mean over the folds.

        The test loss is that of the fold models' averaged predictions. `seconds` are those of training and judging:
        what is prepared once for all trials is charged to none. A model's error or a loss that is not finite, in any
        fold, is an outcome, whatever it is. A missing library is not: it is raised.
        """
        watched = {} if step is None else {"step": step}  # a user's model may be without
        start = time.perf_counter()
        losses: list[float] = []
        details: list[dict[str, Any]] = []
        tested: NDArray[np.float64] | float = 0.0
        test_loss = error = None
        try:
            self.prepare()
            start = time.perf_counter()
            for fold in self._folds:
                fitted = self.model.fit(
                    dict(configuration), fold.train, fold.stop, self.model_seed, self.recipe.threads, **watched
                )
                details.append(json_details.plain(fitted.details()) | {"curve": json_details.curve(fitted.curve)})
                losses.append(self._loss(fold.valid, fitted.predict(fold.valid.features)))
                if self._test is not None:
                    tested = tested + fitted.predict(self._test.features)
            if self._test is not None:
                test_loss = self._loss(self._test, np.asarray(tested) / len(self._folds))
        except BaseException as failure:
            if not is_outcome(failure):
                raise
            error = texts.of_error(failure)
        seconds = time.perf_counter() - start
        several = len(self._folds) > 1
        detail = json_details.plain({"fold_losses": losses, "folds": details}) if several else next(iter(details), {})
        if error is not None:
            where = f"fold {len(losses)}: " if several and len(losses) < len(self._folds) else ""
            return Evaluation(None, None, seconds, "failed", where + error, detail)
        return Evaluation(math.fsum(losses) / len(losses), test_loss, seconds, "ok", None, detail)

    def prepare(self) -> None:
        """Let the model do, once, what depends on no configuration: a first trial then takes no longer than others."""
        _ = self._prepared

    @cached_property
    def _prepared(self) -> None:
        prepare = getattr(self.model, "prepare", None)
        if prepare is not None:
            for fold in self._folds:
                prepare(fold.train, fold.stop, self.model_seed, self.recipe.threads)

    def baseline(self, evaluate: Evaluate) -> float:
        """The `baseline_loss`: nothing is evaluated for it."""
        del evaluate
        return self.baseline_loss

    def check(self, evaluate: Evaluate) -> None:
        """Nothing: the config states no losses."""

    @cached_property
    def baseline_loss(self) -> float:
        """The validation loss of a model that knows the train part's class shares, or its mean, and nothing else."""
        losses = [self._loss(fold.valid, self._knowing_nothing(fold.train, fold.valid)) for fold in self._folds]
        return math.fsum(losses) / len(losses)

    @cached_property
    def baseline_test_loss(self) -> float | None:
        """The test loss of such a model, over several folds that of their averaged predictions, as of any model."""
        if self._test is None:
            return None
        predictions = sum(self._knowing_nothing(fold.train, self._test) for fold in self._folds)
        return self._loss(self._test, np.asarray(predictions) / len(self._folds))

    def _knowing_nothing(self, train: Part, part: Part) -> NDArray[np.float64]:
        """What a model predicts of a part that knows the shares of classes, or the mean, of another alone."""
        rows = len(part.target)
        if not self.dataset.classes:
            return np.full(rows, np.average(train.target, weights=train.weights))
        total = np.bincount(train.target, weights=train.weights, minlength=len(self.dataset.classes))
        return np.tile(total / total.sum(), (rows, 1))

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, and what a report says of data: folds, what early stopping watched, the loss without a model.

        `data` is what was understood of the dataset and its split (`datasets.understood.plain`).
        """
        del baseline_loss  # its own is computed without an evaluation
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "metric": self.label,
            "folds": len(self.split.folds),
            "has_test": self.split.test is not None,
            "computed_by": provenance.versions(self.model.libraries),
            "stops_on_valid": self.split.stops_on_valid,
            "task": self.dataset.task,
            "baseline_loss": self.baseline_loss,
            "baseline_test_loss": self.baseline_test_loss,
            "data": self._understood,
        }

    @cached_property
    def _understood(self) -> dict[str, Any]:
        return understood.plain(self.dataset, self.split)

    def _loss(self, part: Part, prediction: NDArray[np.float64]) -> float:
        finite = np.isfinite(prediction).all()
        loss = self.metric.loss(part.target, prediction, part.weights) if finite else math.nan
        if not math.isfinite(loss):
            raise FloatingPointError(f"the {self.metric.name} is {loss}")
        return float(loss)

    @cached_property
    def _folds(self) -> tuple[_FoldParts, ...]:
        """The parts of each fold, the same object where stop is valid."""
        folds = []
        for fold in self.split.folds:
            valid = self._part(fold.valid)
            stop = valid if np.array_equal(fold.stop, fold.valid) else self._part(fold.stop)
            folds.append(_FoldParts(self._part(fold.train), stop, valid))
        return tuple(folds)

    @cached_property
    def _test(self) -> Part | None:
        return None if self.split.test is None else self._part(self.split.test)

    def _part(self, rows: NDArray[np.int64]) -> Part:
        data = self.dataset
        weights = None if data.weights is None else data.weights[rows]
        return Part(data.features.iloc[rows], data.target[rows], weights)


def build(recipe: Recipe, dataset: Dataset | None = None) -> DataProblem:
    """The problem of a recipe; loads the data where it is not given.

    Raises `UserError` where a config or the data cannot be used.
    """
    config, seed = recipe.groups, recipe.seed
    seeds = {name: seed if config["seeds"][name] == "seed" else config["seeds"][name] for name in ("split", "model")}
    dataset = dataset or datasets.load(config["dataset"], Path(recipe.datasets_dir))
    split = datasets.split(dataset, config["resampling"], seeds["split"])
    metric = metrics.get(config["metric"]["name"], dataset.task)
    model_config = config["model"]
    settings = model_config.get("settings") or {}
    try:
        model: Model = build_component("model", model_config["class"], (dataset.task, len(dataset.classes)), settings)
    except UserError as error:
        raise UserError(_named(error, config, dataset)) from None
    _check_model(model, f"model.class={model_config['class']}")
    space = parsing.parse(model_config["space"])
    identity = {
        "data": dataset.content,
        "task": dataset.task,
        "split": split.content,
        "model": {"class": model_config["class"], "settings": settings, "revision": model.revision},
        "space": space.describe(),
        "metric": metric.name,
        "model_seed": seeds["model"],
    }
    resampling = {key: value for key, value in config["resampling"].items() if key not in ("name", "description")}
    follows = {"split": resampling, "split_seed": config["seeds"]["split"]}
    family = provenance.digest(identity | follows | {"model_seed": config["seeds"]["model"]})
    return DataProblem(recipe, dataset, split, model, space, metric, seeds["model"], identity, family)


def _check_model(model: object, where: str) -> None:
    """Raise `UserError` where a model has not what every model has."""
    kinds: dict[str, Any] = {"fit": Callable, "revision": int, "threads_matter": object, "libraries": Collection}
    way = "; 'bench new model NAME' writes one that has all it needs"
    try:
        has = {name: getattr(model, name) for name in kinds if hasattr(model, name)}
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:
        raise UserError(f"{where}: its objects cannot be read: {texts.of_error(error)}{way}") from error
    for name, kind in kinds.items():
        if name not in has:
            raise UserError(f"{where}: its objects have no {name!r}{way}")
        named = name != "libraries" or (type(has[name]) is not str and all(isinstance(each, str) for each in has[name]))
        if not isinstance(has[name], kind) or not named:
            raise UserError(f"{where}: its {name} is {texts.line(repr(has[name]), 200)}{way}")


def _named(error: UserError, config: Mapping[str, Any], dataset: Dataset) -> str:
    """What a model says of its settings or the task, with its name, and how the task came about."""
    message = str(error)
    if message.startswith("model.settings"):
        message = f"model={config['model'].get('name')}: {message}"
    inferred = config["dataset"].get("task") is None and "task is" in message
    if inferred and dataset.classes and all(label.lstrip("-").isdigit() for label in dataset.classes):
        message += "; it was inferred from few different whole numbers: dataset.task=regression or counts overrides it"
    return message
