"""What an experiment has evaluated of one problem, as arrays that a surrogate is fitted to and judged by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import provenance, results
from bench.errors import UserError, allowed
from bench.problems.surrogates.encoding import Encoding
from bench.results import RunId
from bench.space import InvalidConfiguration, Space, parsing, repeat

Floats = NDArray[np.float64]
LEAST = 100
"""Different configurations that a surrogate needs."""
_COLUMNS = ["configuration", "loss", "test_loss", "status", "evaluate_seconds"]
_FAILED = ("failed", "timeout", "crashed")


@dataclass(frozen=True, eq=False)
class Evaluations:
    """Of one problem, an entry for each trial at full fidelity, in the order of runs; failures have a loss of NaN."""

    problem: str
    """As DATASET/MODEL."""
    metadata: Mapping[str, Any]
    """Of the first run."""
    baseline: float | None
    """The loss of a model that knows nothing, the median over problems; None where it is not recorded."""
    space: Space
    configurations: list[str]
    """Canonical JSON."""
    codes: NDArray[np.int64]
    """Which of the configurations a trial is of."""
    rows: Floats
    """The configurations as numbers, (configurations, columns)."""
    loss: Floats
    test_loss: Floats
    seconds: Floats
    failed: NDArray[np.bool_]
    run: NDArray[np.int64]
    """The number of a trial's run."""
    optimizer: NDArray[np.int64]
    """The number of its optimiser."""
    split: NDArray[np.int64]
    """The number of its problem: with paired seeds each seed has its own."""
    optimizers: list[str]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all that is fitted to, and of how it is grouped."""
        arrays = (
            self.codes,
            self.loss,
            self.test_loss,
            self.seconds,
            self.failed,
            self.run,
            self.optimizer,
            self.split,
        )
        content = [self.configurations, self.optimizers, self.space.describe(), [each.tolist() for each in arrays]]
        return provenance.digest({"evaluations": json.dumps(content)})

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Which trials have a loss."""
        mask: NDArray[np.bool_] = ~self.failed
        return mask


def read(results_dir: Path, experiment: str, problem: str | None) -> Evaluations:
    """What the finished runs of an experiment have evaluated of a problem, DATASET/MODEL, or of the only one.

    Raises `UserError` where the experiment or the problem is unknown, where there are several and none is named, or
    where its runs cannot be replayed: imported without a space, a control, a replay, of several losses.
    """
    runs = results.find_some(results_dir, experiment)
    named = sorted({f"{run.dataset}/{run.model}" for run in runs})
    if problem is None and len(named) > 1:
        raise UserError(
            f"dataset.experiment={experiment}: has {len(named)} problems; choose one, dataset.problem={named[0]}, of "
            f"{', '.join(named)}"
        )
    if problem is not None and problem not in named:
        raise UserError(f"dataset.problem={problem!r}: not in experiment {experiment}; {allowed(problem, named)}")
    chosen = problem or named[0]
    return _read(results_dir, [run for run in runs if f"{run.dataset}/{run.model}" == chosen], chosen)


def _read(results_dir: Path, runs: list[RunId], problem: str) -> Evaluations:
    known: dict[str, int] = {}
    splits: dict[str, int] = {}
    families: set[str] = set()
    baselines: list[float] = []
    columns: dict[str, list[Any]] = {name: [] for name in ("code", *_COLUMNS[1:], "run", "optimizer", "split")}
    optimizers = list(dict.fromkeys(run.optimizer for run in runs))
    first: dict[str, Any] = {}
    for number, run in enumerate(runs):
        table, metadata = results.read_run(results_dir, run, _COLUMNS)
        first = first or metadata
        _check(run, metadata)
        families.add(str(metadata.get("problem_family") or metadata.get("problem")))
        baselines += [metadata["baseline_loss"]] if isinstance(metadata.get("baseline_loss"), int | float) else []
        split = splits.setdefault(str(metadata.get("problem")), len(splits))
        rows = table.to_pydict()
        for at, status in enumerate(rows["status"]):
            if status not in _FAILED and rows["loss"][at] is None:
                continue  # below full fidelity
            columns["code"].append(known.setdefault(rows["configuration"][at], len(known)))
            for name in _COLUMNS[1:]:
                columns[name].append(rows[name][at])
            for name, value in (("run", number), ("optimizer", optimizers.index(run.optimizer)), ("split", split)):
                columns[name].append(value)
    if len(families) > 1:
        raise UserError(f"{problem}: its runs are on different problems, which cannot be replayed as one")
    space = parsing.parse(repeat.spread(first["config"]["model"])["space"])
    encoding = Encoding(space)
    try:
        encoded = [encoding.row(space.canonical(json.loads(text))) for text in known]
    except (InvalidConfiguration, ValueError) as error:
        raise UserError(f"{problem}: a configuration is none of its space ({error})") from None
    return Evaluations(
        problem,
        first,
        float(np.median(baselines)) if baselines else None,
        space,
        list(known),
        np.array(columns["code"], dtype=np.int64),
        np.array(encoded).reshape(len(known), -1),
        np.array(columns["loss"], dtype=np.float64),
        np.array(columns["test_loss"], dtype=np.float64),
        np.array(columns["evaluate_seconds"], dtype=np.float64),
        np.isin(columns["status"], _FAILED),
        np.array(columns["run"], dtype=np.int64),
        np.array(columns["optimizer"], dtype=np.int64),
        np.array(columns["split"], dtype=np.int64),
        optimizers,
    )


def _check(run: RunId, metadata: Mapping[str, Any]) -> None:
    """Raise `UserError` for a run that cannot be replayed."""
    imported = metadata.get("imported") or {}
    model = (metadata.get("config") or {}).get("model") or {}
    reasons = {
        "is a control": metadata.get("control"),
        "is a replay itself": metadata.get("replay"),
        "has several losses, and a replay has one": metadata.get("objectives"),
        "was imported, and its search space is not known": imported.get("space_from_values"),
        "does not record its search space": not model.get("space"),
    }
    for reason, holds in reasons.items():
        if holds:
            raise UserError(f"{run}: {reason}; choose another experiment to replay")
