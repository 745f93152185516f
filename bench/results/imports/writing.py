"""The trial tables of imported runs: rows, and metadata that say from what they were imported and what is not known."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.metrics import METRICS
from bench.provenance import digest
from bench.results.imports import spaces, vouching
from bench.results.imports.logs import Log, Trial
from bench.results.imports.naming import Run
from bench.results.imports.vouching import Problem
from bench.wording import listed

UNKNOWN = (
    "how the data was split, and what repetitions share",
    "the settings of the optimizers, and the seconds that they took",
    "the budget (taken to be the trials that a run has)",
    "versions, hardware and threads",
)
"""What no log says. In a table NaN stands for such seconds, 1970 for when, {} for a configuration that is not known."""
NO_SPACE = "the search space and the configurations"
FROM_VALUES = "the search space (taken from the values that were tried, so that its ends are theirs)"

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Meaning:
    """What values mean: how they become losses, and what these are called."""

    metric: str
    """The metric's name."""
    maximized: bool
    problem: Problem | None = None
    """The problem of another experiment that the runs are vouched to be on."""

    @property
    def label(self) -> str:
        if self.problem:
            return self.problem.metric
        if self.metric in METRICS:
            return METRICS[self.metric].label
        return f"minus {self.metric}" if self.maximized else self.metric

    def loss(self, value: float) -> float:
        """The value where it was minimised; of a maximised score 1 minus it, as of the suite's own, else minus it."""
        if not self.maximized:
            return value
        return 1 - value if vouching.is_score(self.metric) else 0.0 - value

    @property
    def said(self) -> str | None:
        """How the losses follow from what was maximised."""
        if not self.maximized:
            return None
        formula = "1 - value" if vouching.is_score(self.metric) else "minus the value"
        return f"the values were maximised: a loss is {formula}"


@dataclass(frozen=True)
class Spaces:
    """What is recorded as the search spaces of runs, by the logs that they are of."""

    of: Mapping[int, spaces.Entries]
    """By the identity of a log."""
    derived: bool
    remarks: tuple[str, ...]


def spaces_of(runs: Sequence[Run]) -> Spaces:
    """The search spaces of the runs on one problem: as recorded, else by the values of all of them together."""
    logs = list({id(run.log): run.log for run in runs}.values())
    recorded = {id(log): spaces.usable(log.space) for log in logs if log.space}
    names = dict.fromkeys(name for run in runs for trial in run.trials for name in trial.configuration or {})
    without = [run for run in runs if id(run.log) not in recorded]
    unknown = spaces.derived(trial.configuration or {} for run in without for trial in run.trials)
    every = recorded | {id(run.log): unknown for run in without}
    for run in runs:  # what a log's space lacks, a type that NNI has and we have not, say
        lacking = [name for name in names if name not in every[id(run.log)] and name not in (run.log.space or {})]
        if id(run.log) in recorded and lacking:
            more = spaces.derived(
                {name: value for name, value in (trial.configuration or {}).items() if name in lacking}
                for other in runs
                for trial in other.trials
            )
            every[id(run.log)] = every[id(run.log)] | more
    one = spaces.joined(list(every.values()))
    if one is not None:
        every = dict.fromkeys(every, one)
    undrawn = sorted(name for name in names if not any(name in entries for entries in every.values()))
    remarks = (f"hyperparameters not drawn, of no type that a space has: {listed(undrawn)}",) if undrawn else ()
    return Spaces(every, bool(without) and bool(unknown), remarks)


def rows(run: Run, meaning: Meaning, order: Iterable[str]) -> list[dict[str, Any]]:
    """One run's rows as `results.SCHEMA` has them; `order` is that of its space's hyperparameters."""
    names = list(order)
    table: list[dict[str, Any]] = []
    best = incumbent = None
    for number, trial in enumerate(run.trials):
        status, value, why = trial.status, trial.value, trial.why
        if status in ("", "ok"):
            status = "ok" if value is not None else "failed"
        else:
            value, why = None, f"has status {status}"
        loss = None if value is None else meaning.loss(value)
        test = None if value is None or trial.test is None else meaning.loss(trial.test)
        if loss is not None and (best is None or loss < best):
            best, incumbent = loss, test
        table.append({
            **vars(run.id),
            "trial": number,
            "configuration": spaces.canonical(trial.configuration or {}, names),
            "evaluation": digest({"imported": run.log.sha256, "run": str(run.id), "trial": number}),
            "loss": loss,
            "test_loss": test,
            "best_loss": best,
            "incumbent_test_loss": incumbent,
            "status": status,
            "error": None if status == "ok" else f"{run.log.file}, {trial.place}: {why}",
            "initial": False,
            "cached": False,
            "ask_seconds": math.nan,
            "evaluate_seconds": trial.seconds,
            "tell_seconds": math.nan,
            "started_at": trial.started_at or _NEVER,
            "details": _details(trial, meaning),
        })  # fmt: skip
    return table


def _details(trial: Trial, meaning: Meaning) -> str:
    steps = {str(step): meaning.loss(value) for step, value in sorted(trial.steps.items()) if math.isfinite(value)}
    return json.dumps({"intermediate": steps}) if steps else "{}"


def metadata(
    run: Run,
    meaning: Meaning,
    space: Mapping[str, Any],
    derived: bool,
    sha256: str,
    unknown: Sequence[str],
    remarks: Sequence[str],
) -> dict[str, Any]:
    """One run's metadata; `sha256` is of all that was imported together, which is part of the problem."""
    names = {name: {"name": getattr(run.id, name)} for name in ("dataset", "model", "optimizer")}
    described: dict[str, Any] = {"config": {**names, "metric": {"name": meaning.metric}}}
    if meaning.problem:
        of_problem = meaning.problem.of(run.id.seed)
        described |= {**of_problem, "config": {**described["config"], **of_problem["config"]}}
    else:
        problem = digest({
            "imported": sha256,
            "dataset": run.id.dataset,
            "model": run.id.model,
            "metric": meaning.metric,
        })  # fmt: skip
        described |= {"problem": problem, "problem_family": problem, "metric": meaning.label}
    config = described["config"]
    known = any(trial.configuration is not None for trial in run.trials)
    if not known:
        config["model"] = {name: part for name, part in config["model"].items() if name != "space"}
    elif not meaning.problem and space:
        config["model"] = {**config["model"], "space": dict(space)}
    config["budget"] = {"trials": len(run.trials)}
    imported: dict[str, Any] = {"file": run.log.file, "sha256": run.log.sha256, "unknown": list(unknown)}
    if run.log.source != "CSV":
        imported["source"] = run.log.source
    if remarks:
        imported["remarks"] = list(remarks)
    if known and derived and not meaning.problem:
        imported["space_from_values"] = True
    if meaning.problem:
        imported["same_problem_as"] = meaning.problem.experiment
    return {
        "imported": imported,
        **described,
        "config_hash": digest({
            "problem": described["problem"],
            "optimizer": run.id.optimizer,
            "seed": run.id.seed,
            "trials": len(run.trials),
        }),
        "has_test": any(trial.test is not None and trial.value is not None for trial in run.trials),
        "ended": "budget",
    }  # fmt: skip


def unknown(runs: Sequence[Run], derived: bool) -> list[str]:
    """What the logs of runs on one problem do not say."""
    trials = [trial for run in runs for trial in run.trials]
    with_space = any(trial.configuration is not None for trial in trials)
    first = [NO_SPACE] if not with_space else [FROM_VALUES] if derived else []
    last = [] if any(trial.test is not None and trial.value is not None for trial in trials) else ["test losses"]
    last += [] if any(trial.seconds >= 0 for trial in trials) else ["the seconds that evaluations took"]
    zoneless = any(run.log.zoneless and trial.started_at for run in runs for trial in run.trials)
    last += ["the zone of its times (taken as UTC)"] if zoneless else []
    return [*first, *UNKNOWN, *last]


def shared(logs: Iterable[Log]) -> str:
    """The SHA-256 of several logs: of one file its own."""
    every = sorted({log.sha256 for log in logs})
    return every[0] if len(every) == 1 else digest(every)
