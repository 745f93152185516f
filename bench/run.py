"""One run: its problem, its optimiser, its trials, then its trial table.

Resuming is replaying: a killed run starts again from its seed, its optimiser asks the same configurations, and the
store answers.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from bench import problem as problems
from bench import provenance
from bench import store as stores
from bench.components import build as build_component
from bench.components import locate
from bench.errors import UserError
from bench.optimizers import Declaration, Optimizer
from bench.problem import Problem, Recipe
from bench.results import RunId, write_run
from bench.store import Journal, Store
from bench.trials import RunFailed, Trials


@dataclass(frozen=True)
class RunSpec:
    """Everything that a run needs, as plain data that can be sent to another process."""

    run: RunId
    config: Mapping[str, Any]
    """The resolved groups: dataset, resampling, model, metric, optimizer, seeds, budget."""
    config_hash: str
    results_dir: str
    datasets_dir: str
    store: str
    threads: int
    overwrite: bool = False
    """Whether a finished table is to be replaced."""

    @property
    def path(self) -> Path:
        """Where the run's trial table stands when it is finished."""
        return self.run.path(Path(self.results_dir))


def execute(spec: RunSpec) -> None:
    """Do one run and write its table; raises `RunFailed`, or `UserError` for what the user can mend."""
    store = _store(spec.store)
    journal = None
    try:
        if not spec.path.parent.is_dir():
            spec.path.parent.mkdir(parents=True, exist_ok=True)
        attempt = 0
        while (journal := store.begin(spec.run, spec.config_hash, anew=spec.overwrite)) is None:
            stores.wait(attempt)
            attempt += 1
            if spec.path.exists() and not spec.overwrite:  # the process that was waited for has finished it
                return
        _execute(spec, store, journal)
    except Exception as error:
        message = str(error) if isinstance(error, (UserError, RunFailed)) else f"{type(error).__name__}: {error}"
        if isinstance(error, OSError):
            message = f"{error.filename or spec.path}: {error.strerror or error}; make room or set results_dir=..."
        if journal is not None and not isinstance(error, stores.StoreError):
            store.end(journal, "failed", message, traceback.format_exc())
        if isinstance(error, (UserError, OSError)):
            raise UserError(message) from error
        raise RunFailed(f"{spec.run}: {message}") from error


def _execute(spec: RunSpec, store: Store, journal: Journal) -> None:
    problem = problem_of(spec)
    budget = spec.config["budget"]
    optimizer_config = spec.config["optimizer"]
    locate("optimizer.class", optimizer_config["class"])  # so that its numeric libraries are there to be limited
    with ThreadpoolController().limit(limits=1):  # other numbers of BLAS threads lead optimisers other ways
        optimizer: Optimizer = build_component(
            "optimizer",
            optimizer_config["class"],
            (problem.space, spec.run.seed, budget.get("trials")),
            optimizer_config.get("settings") or {},
        )
        trials = Trials(spec.run, problem, optimizer, store, journal)
        ended = trials.spend(budget.get("trials"), budget.get("seconds"))
    declared = getattr(optimizer, "declared", None) or Declaration()
    metadata = {
        "config": public(spec.config),
        "config_hash": spec.config_hash,
        "problem": problem.hash,
        "problem_family": problem.family,
        "metric": problem.metric.name,
        "task": problem.dataset.task,
        "baseline_loss": problem.baseline_loss,
        "ended": ended,
        "declared": declared.to_dict(),
        "diverged_at": trials.diverged_at,
        "provenance": provenance.environment()
        | {"threads": spec.threads, "optimizer_revision": getattr(optimizer, "revision", 0)},
    }
    try:
        write_run(spec.path, trials.rows, metadata)
    except OSError as error:
        raise UserError(
            f"{spec.path}: cannot be written ({error.strerror}); the evaluations are in the store: "
            "make room or set results_dir=..., and run again"
        ) from error
    store.end(journal, "done")


def public(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as it is recorded with a result: without the places of files."""
    dataset = {name: value for name, value in config["dataset"].items() if name != "path"}
    return {**config, "dataset": dataset}


def problem_of(spec: RunSpec) -> Problem:
    """The problem of a run, which the runs of one process share."""
    groups = {name: spec.config[name] for name in problems.GROUPS}
    return problems.shared(Recipe(groups, spec.run.seed, spec.datasets_dir, spec.threads))


@lru_cache(maxsize=1)
def _store(url: str) -> Store:
    return Store(url)
