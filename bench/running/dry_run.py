"""What would run, and what it would cost."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import results
from bench.config.own_file import is_own_file
from bench.config.schema import hashed
from bench.errors import UserError
from bench.problems import Problem
from bench.problems.hypervolume_box import DRAWS
from bench.running.deciding import Round
from bench.running.plan import Plan
from bench.running.run import RunSpec, problem_of
from bench.store import Store
from bench.wording import duration, plural, ranges


def lines(plan: Plan, coming: Round | None = None) -> Iterator[str]:
    """What would run and what it would cost, in lines; of seeds that are added until decided, from the next look on."""
    yield f"{len(plan.to_do) + len(plan.done)} runs: {len(plan.done)} done, {len(plan.to_do)} to do"
    finished: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for spec in plan.done:
        finished[spec.run.dataset, spec.run.model, spec.run.optimizer].append(spec.run.seed)
    for (dataset, model, optimizer), seeds in finished.items():
        yield f"  {dataset} {model} {optimizer}: done with {_seeds(seeds)}"
    if not plan.to_do:
        return
    yield from _of_problems(plan.to_do)
    store = Store(plan.to_do[0].store)
    begun = {
        row["run"]: row["trials"] for name in {spec.run.experiment for spec in plan.to_do} for row in store.runs(name)
    }
    costs = [_cost(specs, store, begun) for specs in _groups(plan.to_do)]
    costs += [_box(spec, store) for spec in _with_boxes(plan.to_do)]
    for cost in costs:
        yield cost.line
    further = [_cost(specs, store, begun) for specs in _groups(coming.further if coming else ())]
    store.close()
    if further and coming is not None:
        most = max(spec.run.seed for spec in coming.further)
        yield (
            f"seeds until decided: at least these {plural(len(plan.to_do), 'run')}, and up to "
            f"{len(coming.further)} more, to seed {most}, while pairs are open"
        )
    if all(cost.seconds is not None for cost in [*costs, *further]):
        least, rest = (sum(cost.seconds or 0.0 for cost in each) for each in (costs, further))
        to = f" to {duration(least + rest)}" if further else ""
        yield f"expected: {duration(least)}{to} of one core for evaluations, and the optimisers' own time"


@dataclass(frozen=True)
class _Cost:
    """What the runs of one optimiser on one problem cost, or the box of its hypervolume."""

    line: str
    seconds: float | None
    """Of evaluations; None where none was measured."""


def _groups(specs: Iterable[RunSpec]) -> Iterable[list[RunSpec]]:
    """The runs of each optimiser on each problem."""
    groups: dict[tuple[str, str, str], list[RunSpec]] = defaultdict(list)
    for spec in specs:
        groups[spec.run.dataset, spec.run.model, spec.run.optimizer].append(spec)
    return groups.values()


def _cost(specs: Sequence[RunSpec], store: Store, begun: Mapping[str, int]) -> _Cost:
    first = specs[0]
    trials = sum(spec.trials or 0 for spec in specs)
    already = sum(min(begun.get(str(spec.run), 0), spec.trials or 0) for spec in specs)
    mean, source = store.mean_seconds(first.run.dataset, first.run.model), ""
    if mean is None and (first.trials is not None or first.cost is not None):
        mean, source = _seconds_in_tables(first)
    time = "no evaluation measured yet"
    seconds: float | None = None
    if first.trials is None and first.cost is not None:
        full = len(specs) * first.cost
        time = f"{full:g} full evaluations, in parts or whole"
        if mean is not None:
            seconds = full * mean
            time += f", of {mean:.2g} s{source} = at most {duration(seconds)} of one core"
    elif first.trials is None:
        limit = first.seconds or 0.0
        seconds = len(specs) * limit
        time = f"{len(specs)} x {limit:g} s"
    elif mean is not None:
        seconds = (trials - already) * mean
        time = f"{trials - already} x {mean:.2g} s{source} = {duration(seconds)} of one core"
    runs = f"{plural(len(specs), 'run')} with {_seeds([spec.run.seed for spec in specs])}"
    counted = "trials as they come" if first.trials is None else f"{trials} trials, {already} in the store"
    name = f"{first.run.dataset} {first.run.model} {first.run.optimizer}"
    return _Cost(f"  {name}: {runs}, {counted}; {time}", seconds)


def _with_boxes(specs: Sequence[RunSpec]) -> Iterable[RunSpec]:
    """Of each problem of several losses the first run; its optimisers share the box of its hypervolume."""
    several = [spec for spec in specs if spec.config.get("objectives") is not None]
    return {(spec.run.dataset, spec.run.model): spec for spec in reversed(several)}.values()


def _box(spec: RunSpec, store: Store) -> _Cost:
    """The draws are made once, where the store has not got them: nothing is charged with them, but they take time."""
    mean, source = store.mean_seconds(spec.run.dataset, spec.run.model), ""
    if mean is None:
        mean, source = _seconds_in_tables(spec)
    seconds = None if mean is None else DRAWS * mean
    time = "no evaluation measured yet" if seconds is None else f"at most {duration(seconds)} of one core{source}"
    name = f"{spec.run.dataset} {spec.run.model}"
    return _Cost(f"  {name}: {DRAWS} random draws for the box of the hypervolume, in no budget; {time}", seconds)


def understood(spec: RunSpec) -> list[str]:
    """What was made of a file of the user's own, with its parts; nothing for other data."""
    if not is_own_file(spec.config["dataset"]):
        return []
    from bench.datasets import understood as reading  # noqa: PLC0415 - pandas, which functions do without
    from bench.problems.data import DataProblem  # noqa: PLC0415

    problem = problem_of(spec)
    return list(reading.summary(problem.dataset, problem.split)) if isinstance(problem, DataProblem) else []


def warned(problem: Problem) -> list[str]:
    """What is worth a look before the first trial: hyperparameters that have no effect."""
    return [_warning(problem.recipe.groups["model"], line) for line in getattr(problem, "warnings", ())]


def _of_problems(specs: Sequence[RunSpec]) -> Iterator[str]:
    """What was made of each file, and of each space: both are read here, so that a mistake is seen before a run.

    Nothing is downloaded for it: of other data than a file the model is asked without it.
    """
    seen, said = set(), set()
    for spec in specs:
        of_file = is_own_file(spec.config["dataset"])
        entry = json.dumps([spec.config["model"], *([spec.config["dataset"], spec.config["resampling"]] * of_file)])
        if entry in seen:
            continue
        seen.add(entry)
        for line in [*understood(spec), *(warned(problem_of(spec)) if of_file else _warned_without_data(spec))]:
            if line not in said:
                said.add(line)
                yield line


def _warned_without_data(spec: RunSpec) -> list[str]:
    if "class" not in spec.config["model"]:
        return []
    from bench.problems import searched  # noqa: PLC0415 - models, and what they import

    return [_warning(spec.config["model"], line) for line in searched.check_without_data(spec.config["model"])]


def _warning(model: Mapping[str, Any], line: str) -> str:
    return f"warning: model={model.get('name')}: {line}"


def _seconds_in_tables(spec: RunSpec, most: int = 20) -> tuple[float | None, str]:
    """The mean seconds of an evaluation in the tables of the first experiment on the same problem, and which it is.

    So a checkout that has another's tables and no store says what more runs will cost. Of an experiment `most` tables
    are read.
    """
    of_problem = ("dataset", "resampling", "model", "metric")
    wanted = hashed(spec.config)
    root, problem = Path(spec.results_dir), (spec.run.dataset, spec.run.model)
    for experiment in results.others(root, ""):
        seconds: list[float] = []
        for run in [each for each in _runs(root, experiment) if (each.dataset, each.model) == problem][:most]:
            try:
                table, metadata = results.read_run(root, run, ["evaluate_seconds"])
                there = hashed(metadata["config"])
            except (UserError, KeyError, TypeError):
                continue
            if any(there.get(name) != wanted.get(name) for name in of_problem):
                break
            seconds += table["evaluate_seconds"].to_pylist()
        if seconds:
            return fmean(seconds), f" (as in {experiment})"
    return None, ""


def _runs(root: Path, experiment: str) -> list[results.RunId]:
    """The finished runs of an experiment; none where its folder cannot be used: this is told where it is asked for."""
    try:
        return list(results.find(root, experiment))
    except UserError:
        return []


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {ranges(sorted(seeds))}"
