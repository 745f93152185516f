"""A problem: dataset + split + model + search space + metric, evaluated one configuration at a time; its two hashes."""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import datasets, metrics, provenance, space_yaml
from bench.components import build as build_component
from bench.datasets import Dataset, Split
from bench.errors import UserError
from bench.metrics import Metric
from bench.models import Model, Part
from bench.space import Configuration, Space, to_json

GROUPS = ("dataset", "resampling", "model", "metric", "seeds")
"""The config groups that a problem is built from."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one configuration on one problem; loss and test loss are None where it is not ok."""

    loss: float | None
    test_loss: float | None
    seconds: float
    status: str
    """ok, failed (the model raised, or its loss is not finite), timeout or crashed (its process died)."""
    error: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a problem is built from, as plain data that can be sent to another process."""

    groups: Mapping[str, Any]
    """The resolved configs of `GROUPS`."""
    seed: int
    """The repetition's seed, which the seeds of split and model may follow."""
    datasets_dir: str
    threads: int


@dataclass(frozen=True, eq=False)
class Problem:
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

    def evaluate(self, configuration: Configuration) -> Evaluation:
        """Train and judge one canonical configuration.

        `seconds` are those of training and judging: what is prepared once for all trials is charged to none.
        A model's error or a loss that is not finite is an outcome. A missing library, a full disk and a lack of memory
        are not: they are raised.
        """
        _ = self._prepared
        start = time.perf_counter()
        loss = test_loss = error = None
        details: dict[str, Any] = {}
        try:
            fitted = self.model.fit(configuration, self._train, self._stop, self.model_seed, self.recipe.threads)
            details = fitted.details() | {"curve": [float(f"{point:.6g}") for point in fitted.curve]}
            loss = self._loss(self._valid, fitted.predict(self._valid.features))
            if self._test is not None:
                test_loss = self._loss(self._test, fitted.predict(self._test.features))
        except (UserError, ImportError, OSError, MemoryError):
            raise
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - what a model raises is this configuration's outcome
            error = _one_line(failure)
        seconds = time.perf_counter() - start
        if error is not None:
            return Evaluation(None, None, seconds, "failed", error, details)
        return Evaluation(loss, test_loss, seconds, "ok", None, details)

    @cached_property
    def _prepared(self) -> bool:
        """Whether the model had something to prepare: asked once, before the first trial's clock starts."""
        prepare = getattr(self.model, "prepare", None)
        if prepare is not None:
            prepare(self._train, self._stop, self.model_seed, self.recipe.threads)
        return prepare is not None

    @cached_property
    def baseline_loss(self) -> float:
        """The validation loss of a model that knows the train part's class shares, or its mean, and nothing else."""
        target = self._train.target
        rows = len(self._valid.target)
        if self.dataset.task == "regression":
            prediction: NDArray[np.float64] = np.full(rows, target.mean())
        else:
            shares = np.bincount(target, minlength=len(self.dataset.classes)) / len(target)
            prediction = np.tile(shares, (rows, 1))
        return self.metric.loss(self._valid.target, prediction)

    def _loss(self, part: Part, prediction: NDArray[np.float64]) -> float:
        loss = self.metric.loss(part.target, prediction) if np.isfinite(prediction).all() else math.nan
        if not math.isfinite(loss):
            raise FloatingPointError(f"the {self.metric.name} is {loss}")
        return loss

    @cached_property
    def _train(self) -> Part:
        return self._part(self.split.train)

    @cached_property
    def _stop(self) -> Part:
        return self._valid if np.array_equal(self.split.stop, self.split.valid) else self._part(self.split.stop)

    @cached_property
    def _valid(self) -> Part:
        return self._part(self.split.valid)

    @cached_property
    def _test(self) -> Part | None:
        return None if self.split.test is None else self._part(self.split.test)

    def _part(self, rows: NDArray[np.int64]) -> Part:
        return Part(self.dataset.features.iloc[rows], self.dataset.target[rows])


def shared(recipe: Recipe) -> Problem:
    """The problem of a recipe, the same object for equal ones: its data is loaded and binned once in a process."""
    follows = "seed" in recipe.groups["seeds"].values()
    return _shared(json.dumps(dict(recipe.groups)), recipe.seed if follows else 0, recipe.datasets_dir, recipe.threads)


@lru_cache(maxsize=2)
def _shared(groups: str, seed: int, datasets_dir: str, threads: int) -> Problem:
    return build(Recipe(json.loads(groups), seed, datasets_dir, threads))


def build(recipe: Recipe) -> Problem:
    """The problem of a recipe; loads the data. Raises `UserError` where a config or the data cannot be used."""
    config, seed = recipe.groups, recipe.seed
    seeds = {name: seed if config["seeds"][name] == "seed" else config["seeds"][name] for name in ("split", "model")}
    dataset = datasets.load(config["dataset"], Path(recipe.datasets_dir))
    split = datasets.split(dataset, config["resampling"], seeds["split"])
    metric = metrics.get(config["metric"]["name"], dataset.task)
    model_config = config["model"]
    settings = model_config.get("settings") or {}
    model: Model = build_component("model", model_config["class"], (dataset.task, len(dataset.classes)), settings)
    space = space_yaml.parse(model_config["space"])
    identity = {
        "data": dataset.content,
        "split": split.content,
        "model": {"class": model_config["class"], "settings": settings, "revision": model.revision},
        "space": space.describe(),
        "metric": metric.name,
        "model_seed": seeds["model"],
    }
    resampling = {key: value for key, value in config["resampling"].items() if key not in ("name", "description")}
    follows = {"split": resampling, "split_seed": config["seeds"]["split"]}
    family = provenance.digest(identity | follows | {"model_seed": config["seeds"]["model"]})
    return Problem(recipe, dataset, split, model, space, metric, seeds["model"], identity, family)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
