"""A control of an experiment: its optimisers, budgets and seeds on its problems, permuted; of what is trained a replay.

Its runs are those of another experiment, NAME-control. What a table of the experiment names is used only where it is
registered, as in `verify`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import problems, provenance, results
from bench.config import catalogue
from bench.config.schema import FOR_READERS, UNTIL, hashed
from bench.errors import UserError
from bench.results import RunId
from bench.running import replaying, trusted
from bench.running.run import RunSpec
from bench.space import Space, parsing
from bench.store import default_url

SUFFIX = "-control"
CONTROL = "permuted"
SMALL = 100
"""A space is small that has fewer than so many configurations for each evaluation of the budget."""
RANDOM, DISTINCT = "random", "random_distinct"


@dataclass(frozen=True)
class Control:
    """What is to be run."""

    experiment: str
    """Of the control's runs."""
    specs: list[RunSpec] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    """From DATASET/MODEL of the control to that of the experiment."""
    reference: dict[str, str] = field(default_factory=dict)
    """By DATASET/MODEL of the control, the random search that the others are measured by."""
    notes: list[str] = field(default_factory=list)


def of(
    experiment: str, results_dir: Path, datasets_dir: Path, store: str | None = None, config_dir: Path | None = None
) -> Control:
    """The control of an experiment's finished runs.

    Left out, with a note, are optimisers with another budget and those that evaluate below full fidelity, which may
    learn something there. Raises `UserError` where nothing is left, or something is not registered.
    """
    made: dict[tuple[str, str], dict[str, dict[int, dict[str, Any]]]] = {}
    for run in results.find_some(results_dir, experiment):
        metadata = results.read_metadata(results_dir, run)
        if not metadata.get("imported") and not metadata.get("control"):
            of_problem = made.setdefault((run.dataset, run.model), {})
            of_problem.setdefault(run.optimizer, {})[run.seed] = metadata
    if not made:
        raise UserError(f"experiment {experiment!r}: has no run that was made here and is no control itself")
    control = Control(results.check_experiment("name", f"{experiment}{SUFFIX}"))
    for (dataset, model), by_optimizer in made.items():
        _add(control, experiment, (dataset, model), by_optimizer, results_dir, datasets_dir, store, config_dir)
    if not control.specs:
        raise UserError(f"experiment {experiment!r}: none of its optimisers can be held against random search")
    return control


def _add(
    control: Control,
    experiment: str,
    named: tuple[str, str],
    by_optimizer: Mapping[str, Mapping[int, dict[str, Any]]],
    results_dir: Path,
    datasets_dir: Path,
    store: str | None,
    config_dir: Path | None,
) -> None:
    """The runs on one problem, those of random search among them."""
    kept = {name: runs for name, runs in by_optimizer.items() if _takes_part(control, name, runs)}
    if not kept:
        return
    first = next(iter(next(iter(kept.values())).values()))
    groups = problems.groups_of(first["config"]) | {"control": CONTROL}
    if "class" in groups["model"]:  # trained: what it has evaluated answers in its place
        groups |= replaying.groups_of(experiment, "/".join(named), results_dir, datasets_dir) | {
            "metric": {"name": "auto"}
        }
        groups = problems.relevant(groups)
    trusted.recipe({**first, "config": groups}, 0, datasets_dir, config_dir)
    problems.check(groups)
    dataset, model = groups["dataset"]["name"], f"{groups['model']['name']}-{CONTROL}"
    place = f"{dataset}/{model}"
    if place in control.problems:
        raise UserError(f"two problems of the experiment are {place} as controls; give them other names")
    reference = DISTINCT if _is_small(parsing.parse(groups["model"]["space"]), _evaluations(kept)) else RANDOM
    control.problems[place], control.reference[place] = "/".join(named), reference
    seeds = sorted({seed for runs in kept.values() for seed in runs})
    some = {seed: runs[seed] for runs in kept.values() for seed in runs}
    own = {name: runs for name, runs in kept.items() if name not in (RANDOM, DISTINCT)}
    chosen = {reference: {seed: _with_optimizer(some[seed], reference) for seed in seeds}, **own}
    for name, runs in chosen.items():
        for seed, metadata in runs.items():
            optimizer = trusted.optimizer(metadata["config"]["optimizer"], config_dir)
            config = {**_without_plan(metadata["config"]), **groups, "optimizer": optimizer}
            spec = RunSpec(
                RunId(control.experiment, dataset, model, name, seed),
                config,
                provenance.digest(hashed(config)),
                str(results_dir.absolute()),
                str(datasets_dir.absolute()),
                store or default_url(results_dir.absolute()),
                threads=1,
                isolation="process" if config.get("trial") else "none",
            )
            control.specs.append(spec)


def _takes_part(control: Control, name: str, runs: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether an optimiser has the budget of others, and a reason to be no better than random search; else a note."""
    config = next(iter(runs.values()))["config"]
    reason = None
    if config["optimizer"].get("multi_fidelity"):
        reason = "it evaluates below full fidelity, which tells it something on permuted losses too"
    elif (config["optimizer"].get("budget_factor") or 1) != 1:
        reason = "it has another budget"
    elif config["optimizer"].get("class") == "bench.optimizers.default.Default":
        reason = "it makes one evaluation"
    if reason is not None:
        line = f"{name}: takes no part in the control, as {reason}"
        if line not in control.notes:
            control.notes.append(line)
    return reason is None


def _without_plan(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: group for name, group in config.items() if name != UNTIL}


def _with_optimizer(metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same run's metadata with one of the suite's optimisers."""
    entry = catalogue.config("optimizer", name)
    optimizer = {key: value for key, value in entry.items() if key not in FOR_READERS}
    return {**metadata, "config": {**metadata["config"], "optimizer": optimizer}}


def _evaluations(kept: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> float:
    """The most evaluations that a run's budget allows; inf where seconds alone limit it."""
    budgets = [metadata["config"]["budget"] for runs in kept.values() for metadata in runs.values()]
    return max(float(budget.get("trials") or budget.get("cost") or math.inf) for budget in budgets)


def _is_small(space: Space, evaluations: float) -> bool:
    """Whether random search would draw so many configurations twice that a method gains by drawing none twice."""
    sizes = [parameter.values() for parameter in space.parameters if not parameter.when]
    if any(values is None for values in sizes):
        return False
    return math.prod(len(values or ()) for values in sizes) < SMALL * evaluations
