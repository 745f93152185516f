"""One run: its problem, its optimiser, its trials, then its trial table.

Resuming is replaying: a killed run starts again from its seed, its optimiser asks the same configurations, and the
store answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import problems, provenance, texts
from bench import store as stores
from bench.checks import whole
from bench.config import handed
from bench.config.components import Raised, locate
from bench.errors import UserError
from bench.optimizers import Declaration, Optimizer
from bench.problems import Problem, Recipe
from bench.problems.fidelity import Fidelity
from bench.problems.objectives import MEASURED
from bench.results import RunId, place, refuse_links, write_run
from bench.running import hypervolume_box, ladders
from bench.running.child_process import Limits
from bench.running.clock import OnClock
from bench.running.evaluating import drawn_baseline
from bench.running.thread_pools import limited
from bench.running.trial_loop import RunFailed, Trials
from bench.space import Configuration, Space, initial_design
from bench.store import Journal, Store, Unstored
from bench.tracking import queue


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
    """Whether a finished table is to be replaced, and what its run's journal holds with it."""
    extends: str | None = None
    """The config hash of a finished run under a smaller budget, which this one goes on from and replaces."""
    isolation: str = "none"
    """Where evaluations are made: none, in the process of the run; process, in a child of it."""
    tracked: bool = False
    """Whether its trials are left to be sent to a tracker as they come: see `bench.tracking.queue`."""
    handed: Mapping[str, bytes] = field(default_factory=dict)
    """The Python objects that its config names and no file holds: see `bench.config.handed`."""

    @property
    def limits(self) -> Limits | None:
        """The limits of an evaluation in a child process; None where there is none."""
        return Limits(**self.config.get("trial", {})) if self.isolation == "process" else None

    @property
    def trials(self) -> int | None:
        """The most trials that the run makes; None where others alone limit it."""
        trials = self.config["budget"].get("trials")
        if self.cost is not None and not self.multi_fidelity:
            trials = int(self.cost)
        return None if trials is None else trials * self._factor

    @property
    def cost(self) -> float | None:
        """The most full evaluations that the run makes, in parts or whole; None where others alone limit it."""
        cost: float | None = self.config["budget"].get("cost")
        return cost

    @property
    def multi_fidelity(self) -> bool:
        """Whether its optimiser makes evaluations of less than full fidelity."""
        return bool(self.config["optimizer"].get("multi_fidelity"))

    @property
    def workers(self) -> int:
        """How many evaluations are open at a time."""
        number: int = self.config.get("workers", {}).get("number", 1)
        return number

    @property
    def seconds(self) -> float | None:
        """The seconds after which the run ends; None where trials alone limit it."""
        seconds = self.config["budget"].get("seconds")
        return None if seconds is None else seconds * self._factor

    @property
    def stored(self) -> bool:
        """Whether its evaluations are kept in the store."""
        return problems.stored(self.config)

    @property
    def _factor(self) -> int:
        """What the optimiser's config declares to spend of each unit of the budget: 2 for random_2x, 1 for others."""
        return whole("optimizer.budget_factor", self.config["optimizer"].get("budget_factor", 1), 1)

    @property
    def path(self) -> Path:
        """Where the run's trial table is written when it is finished."""
        return self.run.path(Path(self.results_dir))

    @property
    def finished(self) -> bool:
        """Whether the run has a table, of its own or in a pack."""
        return place(Path(self.results_dir), self.run) is not None


@dataclass(frozen=True)
class Failure:
    """A run that could not be finished, and why, in one line."""

    run: RunId
    message: str


def execute(spec: RunSpec) -> None:
    """Do one run and write its table; raises `RunFailed`, or `UserError` for what the user can mend."""
    handed.take(spec.handed)
    store = _store(spec.store)
    journal = None
    try:
        refuse_links(Path(spec.results_dir), *spec.run.parts)
        _make_folder(spec.path.parent)
        attempt = 0
        while (journal := _begun(spec, store)) is None:
            stores.wait(attempt)
            attempt += 1
            replaces = spec.overwrite or spec.extends is not None
            if spec.finished and not replaces:  # the process that was waited for has finished it
                return
        _execute(spec, store if spec.stored else Unstored(store), journal)
        store.end(journal, "done")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        message = texts.stored(error) if isinstance(error, (UserError, RunFailed)) else texts.of_error(error)
        if journal is not None and not isinstance(error, stores.StoreError):
            store.end(journal, "failed", message, texts.of_traceback(error))
        if isinstance(error, UserError):
            raise UserError(message) from error
        raise RunFailed(f"{spec.run}: {message}") from error


def _begun(spec: RunSpec, store: Store) -> Journal | None:
    return store.begin(spec.run, spec.config_hash, spec.overwrite, spec.extends, each_trial=spec.stored)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where = error.filename or folder
        raise UserError(f"{where}: {error.strerror or error}; make room or set results_dir=...") from error


def _execute(spec: RunSpec, store: Store | Unstored, journal: Journal) -> None:
    problem = problem_of(spec)
    locate("optimizer.class", spec.config["optimizer"]["class"])  # its numeric libraries are there to be limited
    with limited(1):  # other numbers of BLAS threads lead optimisers other ways
        ladder = ladders.of_run(spec.config["optimizer"], problem) if spec.multi_fidelity else None
        optimizer = optimizer_of(spec, problem.space, problem.objectives, ladder)
        design = _initial_design(spec, problem, optimizer)
        arguments = spec.run, problem, optimizer, store, journal, design, spec.limits
        if ladder is None and spec.workers == 1 and not problem.objectives:
            trials = Trials(*arguments)
        else:
            by_cost = "function" in spec.config["model"] or spec.config.get("workers", {}).get("clock") == "cost"
            told = ladders.told(spec.config["optimizer"], problem.objectives)
            trials = OnClock(*arguments, ladder=ladder, workers=spec.workers, by_cost=by_cost, told=told)
        with _observed(spec, problem, trials):
            ended = trials.spend(spec.trials, spec.seconds, None if ladder is None else spec.cost)
        trials.finish()
        several = _objectives(spec, problem, store, journal) if problem.objectives else None
    declared = getattr(optimizer, "declared", None) or Declaration()
    of_run = {
        "threads": spec.threads,
        "optimizer_revision": getattr(optimizer, "revision", 0),
        # Apart from `versions`, which are to be the same in all runs that are compared.
        "optimizer_versions": provenance.versions(getattr(optimizer, "libraries", ())),
    }
    metadata = {
        "config": public(spec.config),
        "config_hash": spec.config_hash,
        **problem.metadata(drawn_baseline(problem, spec.limits)),
        "ended": ended,
        **({} if ladder is None else {"fidelity": ladder.describe()}),
        **({} if trials.uncharged is None else {"incumbent_details": trials.uncharged.details}),
        **({} if spec.workers == 1 else {"workers": spec.workers}),
        **({} if several is None else {"objectives": several}),
        "declared": declared.to_dict(),
        "diverged_at": trials.diverged_at,
        "provenance": provenance.environment() | of_run,
    }
    try:
        write_run(spec.path, trials.rows, metadata, trials.version)
    except OSError as error:
        raise UserError(
            f"{spec.path}: cannot be written ({error.strerror}); the evaluations are in the store: "
            "make room or set results_dir=..., and run again"
        ) from error
    if spec.tracked:
        queue.end(Path(spec.results_dir), spec.run)


@contextmanager
def _observed(spec: RunSpec, problem: Problem, trials: Trials) -> Iterator[None]:
    """Leave each trial for the tracker, if there is one, when its row is there: on no clock of the run."""
    if not spec.tracked:
        yield
        return
    metadata = {"metric": problem.label, "problem": problem.hash, "config": public(spec.config)}
    with queue.Queue(Path(spec.results_dir), spec.run, metadata) as left:
        trials.observe = left.add
        yield


def _objectives(spec: RunSpec, problem: Problem, store: Store | Unstored, journal: Journal) -> dict[str, Any]:
    """The names of the losses, which of them are measured, which the optimiser is told, and what they are judged by:

    the box of their hypervolume, None where no draw succeeded, and points of the front, where it is known.
    """
    front = hypervolume_box.front_of(problem)
    return {
        "names": list(problem.objectives),
        "measured": [name for name in problem.objectives if name in MEASURED],
        "told": list(ladders.told(spec.config["optimizer"], problem.objectives)),
        "box": hypervolume_box.recorded(spec.run, problem, store, journal, spec.limits),
        **({} if front is None else {"front": front.tolist()}),
    }


def optimizer_of(
    spec: RunSpec, space: Space, objectives: Sequence[str] = (), ladder: Fidelity | None = None
) -> Optimizer:
    """The optimiser of a run, given what of the run its class asks for by name."""
    full = spec.trials if ladder is None else (None if spec.cost is None else int(spec.cost))
    try:
        return ladders.build(
            spec.config["optimizer"],
            space,
            spec.run.seed,
            full,
            resources=None if ladder is None else ladder.resources,
            workers=spec.workers,
            objectives=len(objectives) or None,
        )
    except Raised as error:
        raise RunFailed(str(error)) from error.reason


def _initial_design(spec: RunSpec, problem: Problem, optimizer: Optimizer) -> list[Configuration]:
    """What the run begins with: nothing of its own, or the shared design."""
    design = initial_design.configurations(problem.space, spec.config.get("initial_design") or {}, spec.run.seed)
    if not design or not getattr(optimizer, "initial", True):
        return []
    declared = getattr(optimizer, "declared", None) or Declaration()
    if not declared.takes_unasked and not hasattr(optimizer, "start"):
        raise UserError(
            f"initial_design={spec.config['initial_design'].get('name')}: {spec.run.optimizer} takes no results of "
            "configurations that it did not propose; leave it out, or use initial_design=native"
        )
    return design


def public(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as it is recorded with a result: without the places of files."""
    dataset = {name: value for name, value in config["dataset"].items() if name != "path"}
    return {**config, "dataset": dataset}


def problem_of(spec: RunSpec) -> Problem:
    """The problem of a run, which the runs of one process share."""
    return problems.shared(Recipe(problems.groups_of(spec.config), spec.run.seed, spec.datasets_dir, spec.threads))


@lru_cache(maxsize=1)
def _store(url: str) -> Store:
    return Store(url, patient=True)
