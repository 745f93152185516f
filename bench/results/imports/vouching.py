"""A person vouches that imported runs are on the same problem as an experiment's: what contradicts it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import results
from bench.errors import UserError
from bench.metrics import METRICS
from bench.results.imports import spaces
from bench.results.imports.naming import Given, Run
from bench.space import InvalidConfiguration, Space, parsing
from bench.wording import listed, ranges

_OF_PROBLEM = (
    "problem",
    "problem_family",
    "metric",
    "task",
    "folds",
    "stops_on_valid",
    "known_minimum",
    "noise",
    "baseline_loss",
)
_OF_CONFIG = ("dataset", "resampling", "model", "metric", "seeds")
_OPTION = "--same-problem-as"
_GENERAL = {"loss", "value", "values", "objective", "score", "metric", "default", "mean_loss"}
"""Names of metrics that say nothing of which it is."""


@dataclass(frozen=True)
class Problem:
    """The problem of an experiment's runs, as their metadata have it."""

    experiment: str
    dataset: str
    model: str
    by_seed: Mapping[int, Mapping[str, Any]]
    """The metadata of a run of each seed."""

    @property
    def any(self) -> Mapping[str, Any]:
        return next(iter(self.by_seed.values()))

    @property
    def metric(self) -> str:
        """What its losses are called: `log_loss`, `1 - auc`."""
        return str(self.any.get("metric") or "loss")

    @property
    def one_split(self) -> bool:
        """Whether every seed has the same problem."""
        return len({entry.get("problem") for entry in self.by_seed.values()}) == 1

    @property
    def space(self) -> Space:
        return parsing.parse((self.any.get("config") or {}).get("model", {}).get("space") or {})

    def of(self, seed: int) -> dict[str, Any]:
        """What the metadata of a run of this seed have of the problem."""
        entry = self.any if self.one_split else self.by_seed[seed]
        config = entry.get("config") or {}
        kept = {name: entry[name] for name in _OF_PROBLEM if name in entry}
        return kept | {"config": {name: config[name] for name in _OF_CONFIG if name in config}}


def problem(results_dir: Path, experiment: str, given: Given) -> Problem:
    """The problem of an experiment that options leave; raises `UserError` where they are several, or none."""
    paths = results.find_some(results_dir, experiment)
    pairs = sorted({(run.dataset, run.model) for run in paths})
    chosen = [pair for pair in pairs if given.dataset in (None, pair[0]) and given.model in (None, pair[1])]
    if len(chosen) != 1:
        named = listed(f"{dataset}/{model}" for dataset, model in chosen or pairs)
        way = "has several; choose by --dataset and --model" if chosen else "has no such problem"
        raise UserError(f"{_OPTION}={experiment}: {way}: {named}")
    of_problem = [run for run in paths if (run.dataset, run.model) == chosen[0]]
    entries = {run: results.read_metadata(results_dir, run) for run in of_problem}
    made = {run: entry for run, entry in entries.items() if not entry.get("imported")}
    if not made:
        raise UserError(f"{_OPTION}={experiment}: its runs were imported too; name an experiment that was run here")
    families = {entry.get("problem_family") or entry.get("problem") for entry in made.values()}
    if len(families) > 1:
        raise UserError(f"{_OPTION}={experiment}: its runs of {'/'.join(chosen[0])} are on different problems")
    return Problem(experiment, *chosen[0], {run.seed: entry for run, entry in made.items()})


def metric(of: Problem, given: str | None, logs_metrics: Sequence[str | None]) -> str:
    """The name of the problem's metric; raises `UserError` where an option or a log calls it something else."""
    name = of.metric.removeprefix("1 - ")
    known = {name, of.metric}
    if given is not None and given not in known:
        raise UserError(f"--metric={given}: the losses of {of.experiment} are {of.metric}; {_OPTION} needs the same")
    others = [each for each in logs_metrics if each is not None and each not in known and each not in _GENERAL]
    if given is None and others:
        raise UserError(
            f"{_OPTION}={of.experiment}: its losses are {of.metric}, the log's are called {others[0][:60]!r}; "
            f"where they are the same, --metric {name} says so"
        )
    return name


def checked(runs: Sequence[Run], of: Problem, counted: bool) -> list[Run]:
    """The runs with configurations as points of the problem's space; raises `UserError` where one contradicts it."""
    where = f"{_OPTION}={of.experiment}"
    for run in runs:
        if (run.id.dataset, run.id.model) != (of.dataset, of.model):
            raise UserError(f"{where}: run {run.id} is not of {of.dataset}/{of.model}")
    if not of.one_split:
        if counted:
            raise UserError(
                f"{where}: there each seed has a split of its own; say by --seed, or a column, which each run has"
            )
        lacking = sorted({run.id.seed for run in runs} - set(of.by_seed))
        if lacking:
            raise UserError(f"{where}: there each seed has a split of its own, and none has seed {ranges(lacking)}")
    return [_checked(run, of.space, where) for run in runs]


def _checked(run: Run, space: Space, where: str) -> Run:
    if all(trial.configuration is None for trial in run.trials):
        return run
    if run.log.space:
        fault = spaces.contradiction(spaces.usable(run.log.space), space)
        if fault:
            raise UserError(f"{where}: another search space: {fault} ({run.log.name})")
    if run.log.indexed:
        for parameter in space.searched:
            if parameter.kind == "categorical":
                raise UserError(
                    f"{where}: of {parameter.name!r} {run.log.file} may have a choice's index instead of its value; "
                    "write the values into a CSV file"
                )
    trials = []
    for trial in run.trials:
        try:
            configuration = None if trial.configuration is None else space.canonical(trial.configuration)
        except InvalidConfiguration as error:
            raise UserError(
                f"{where}: another search space: {run.log.file}, {trial.place}: {str(error)[:200]}"
            ) from None
        trials.append(replace(trial, configuration=configuration))
    return replace(run, trials=trials)


def is_score(name: str) -> bool:
    """Whether a metric of the suite is better when larger, so that its loss is 1 minus it."""
    return name in METRICS and METRICS[name].larger_is_better
