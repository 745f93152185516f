"""Scores that are recorded beside the loss and optimised by nobody: `metric.scores`, in the details of an evaluation.

Each is in the metric's own direction, a recall of 0.7 being 0.7; over folds it is the mean.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.errors import UserError, allowed
from bench.metrics import METRICS, Metric, get
from bench.results.scores import KEY

WHERE = "metric.scores"


def check(names: object) -> None:
    """Raise `UserError` where these are no metrics, or one is there twice."""
    if not isinstance(names, list):
        raise UserError(f"{WHERE}={names!r}: expected a list of metrics, such as [recall]")
    for place, name in enumerate(names):
        if name not in METRICS:
            raise UserError(f"{WHERE}: {name!r} is not known; {allowed(str(name), METRICS)}")
        if name in names[:place]:
            raise UserError(f"{WHERE}: has {name} twice; give each once")


def of_config(config: Mapping[str, Any], task: str) -> tuple[Metric, ...]:
    """The metrics that a `metric` group names, sorted; raises `UserError` where one is not for the task."""
    return tuple(get(name, task, WHERE) for name in sorted(config.get("scores") or ()))


def scored(metrics: Iterable[Metric], loss: Callable[[Metric], float]) -> dict[str, float]:
    """What one prediction scores, by name; `loss` is its loss by a metric."""
    return {metric.name: metric.scale.turned(loss(metric)) for metric in metrics}


def detail(folds: Sequence[Mapping[str, float]], test: Mapping[str, float]) -> dict[str, Any]:
    """The entry of an evaluation's details: of the folds' valid parts the mean; nothing where nothing is recorded."""
    means = {name: math.fsum(fold[name] for fold in folds) / len(folds) for name in folds[0]}
    return {KEY: {name: [mean, test.get(name)] for name, mean in means.items()}} if means else {}
