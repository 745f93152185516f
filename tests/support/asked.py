"""Runs that ask for given configurations, for tests of where optimisers looked."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trials

from bench.report.runs import curves, selection, visits
from bench.report.runs.visits import Visits
from bench.results import RunId, write_run

SPACE: dict[str, Any] = {
    "x": {"type": "float", "low": -1.0, "high": 3.0},
    "rate": {"type": "float", "low": 0.001, "high": 1.0, "log": True},
    "k": {"type": "int", "low": 1, "high": 64, "log": True},
    "loss": {"type": "categorical", "choices": ["hinge", None, 3]},
    "y": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25, "when": {"loss": "hinge"}},
    "fixed": {"type": "int", "low": 7, "high": 7},
}
"""Every kind of parameter; one is named like a column of the trial table, one is a constant, one is conditional."""

Asked = Sequence[tuple[Mapping[str, Any], float | None]]


def put(
    folder: Path, optimizer: str, seed: int, asked: Asked, space: Mapping[str, Any] | None = SPACE, **changed: Any
) -> None:
    """One run of iris/lightgbm that asked for the configurations and was told the losses."""
    run = RunId("e", "iris", "lightgbm", optimizer, seed)
    rows = trials.trial_rows(run, [loss for _, loss in asked])
    for row, (configuration, _) in zip(rows, asked, strict=True):
        row["configuration"] = json.dumps(configuration, separators=(",", ":"))
    entry = trials.metadata(run, len(asked))
    entry["config"] |= {"model": {"name": run.model, "space": space}, **changed.pop("config", {})}
    write_run(run.path(folder), rows, {**entry, **changed})


def comparison(folder: Path) -> tuple[curves.Comparison, selection.Reading]:
    reading = selection.read(folder, selection.selection(["e"]))
    (only,) = curves.comparisons(reading.results)
    return only, reading


def read(folder: Path, most: int = visits.MOST) -> Visits | None:
    return visits.read(folder, *comparison(folder), most)
