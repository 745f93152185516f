"""Explain a recorded run: its optimiser is asked again and told the recorded losses; nothing is evaluated."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import optimizers, results
from bench.config.components import locate
from bench.errors import UserError, allowed
from bench.report.analysis.importance import importance
from bench.report.runs import curves, identities, selection, visits
from bench.results import RunId, UnreadableTable
from bench.running import explain, trusted
from bench.running.run import RunSpec, optimizer_of
from bench.running.thread_pools import limited
from bench.space import Configuration, InvalidConfiguration, Space
from bench.wording import listed, plural

_COLUMNS = ["configuration", "loss", "status", "initial"]


class _Diverged(Exception):
    """The optimiser asked for something else than the recorded run."""


@dataclass(frozen=True)
class _Recorded:
    run: RunId
    trials: Sequence[Mapping[str, Any]]
    """With `configuration` as a point of the space."""
    metadata: Mapping[str, Any]
    space: Space


def explain_recorded(
    experiment: str,
    optimizer: str,
    results_dir: Path,
    problem: str | None = None,
    seed: int | None = None,
    trials: int | None = None,
    parameters: Sequence[str] = (),
    config_dir: Path | None = None,
) -> explain.Explanation:
    """The run of `optimizer` and `seed` (the lowest) on `problem`, as DATASET/MODEL, up to so many of its trials.

    The grid is of `parameters`; where none are named, of the two that matter most among what the experiment's runs on
    the problem visited. Where the optimiser asks for something else than was recorded, it is told of what was; one
    that takes no such results is shown up to there. Notes say so. Raises `UserError` where there is no such run, or it
    cannot be explained.
    """
    recorded = _recorded(_run(experiment, optimizer, results_dir, problem, seed), results_dir)
    space, run = recorded.space, recorded.run
    preferred = [] if parameters else _important(run, results_dir)
    axes = explain.axes_of(space, parameters, preferred)
    spec = _spec(recorded, config_dir)
    locate("optimizer.class", spec.config["optimizer"]["class"])  # its numeric libraries are there to be limited
    count = len(recorded.trials) if trials is None else min(trials, len(recorded.trials))
    rows: list[Mapping[str, Any]] = []
    notes = []
    with limited(1):
        own = optimizer_of(spec, space)
        told = explain.Told(_outcome(recorded, own), lambda: recorded.metadata.get("baseline_loss"))
        design = [number for number in range(count) if recorded.trials[number]["initial"]]
        rows += _designed(own, recorded, design, told)
        try:
            rows += explain.asked(own, space, axes, range(len(design), count), told, str(run))
        except _Diverged as error:
            notes.append(str(error))
    others = [row["trial"] + 1 for row in rows if row["asked"] != "null"]
    if others:
        notes.append(_others(run, others))
    about = explain.metadata(own, space, axes, run.optimizer, f"{run.dataset}/{run.model}", run.seed)
    about |= {"experiment": experiment, "important": list(axes) == list(preferred[:2]) and bool(about["held"])}
    name = "-".join([experiment, run.dataset, run.model, run.optimizer, str(run.seed)])
    return explain.Explanation(rows, about, name, [*explain.notes(own, run.optimizer), *notes])


def _others(run: RunId, proposals: Sequence[int]) -> str:
    return (
        f"{run}: another point than was recorded is asked for here as {plural(len(proposals), 'proposal')} "
        f"({listed(list(map(str, proposals)))}), as with other versions of its library or another processor; the "
        "recorded one was told, and both are shown"
    )


def _run(experiment: str, optimizer: str, results_dir: Path, problem: str | None, seed: int | None) -> RunId:
    """The recorded run that is meant; raises `UserError` where there is none, or the problem is not clear."""
    runs = list(results.find_some(results_dir, experiment))
    names = sorted({f"{run.dataset}/{run.model}" for run in runs})
    if problem is None and len(names) > 1:
        raise UserError(f"--problem: missing; {experiment!r} has {len(names)}: {allowed('', names)}")
    if problem is not None and problem not in names:
        raise UserError(f"--problem={problem}: no run of {experiment!r} is of it; {allowed(problem, names)}")
    here = [run for run in runs if f"{run.dataset}/{run.model}" == (problem or names[0])]
    known = sorted({run.optimizer for run in here})
    if optimizer not in known:
        raise UserError(f"--optimizer={optimizer}: no run of {experiment!r} is of it; {allowed(optimizer, known)}")
    seeds = sorted(run.seed for run in here if run.optimizer == optimizer)
    if seed is not None and seed not in seeds:
        raise UserError(f"--seed={seed}: no run of {optimizer} has it; {allowed(seed, seeds)}")
    wanted = seeds[0] if seed is None else seed
    return next(run for run in here if (run.optimizer, run.seed) == (optimizer, wanted))


def _recorded(run: RunId, results_dir: Path) -> _Recorded:
    """The run's trials, if they are of the kind that is explained."""
    table, metadata = results.read_run(results_dir, run, _COLUMNS)
    if metadata.get("imported"):
        raise UserError(f"{run}: was imported, and what its optimiser was is not known; choose a run made here")
    config = metadata.get("config") or {}
    several = (config.get("workers") or {}).get("number", 1) != 1
    if several or metadata.get("objectives") or (config.get("optimizer") or {}).get("multi_fidelity"):
        raise UserError(f"{run}: only runs of one loss at full fidelity with one worker are explained; choose another")
    space = visits.space_of(metadata)
    if space is None:
        raise UserError(f"{run}: records no search space; choose another run")
    path = results.place(results_dir, run) or run.path(results_dir)
    trials = [
        {**trial, "configuration": _configuration(space, trial["configuration"], path)} for trial in table.to_pylist()
    ]
    return _Recorded(run, trials, metadata, space)


def _configuration(space: Space, text: str, path: Path) -> Configuration:
    try:
        return space.canonical(json.loads(text))
    except (InvalidConfiguration, ValueError, TypeError, RecursionError) as error:
        raise UnreadableTable(path, f"a configuration of it is none of its space ({error}); delete it") from None


def _spec(recorded: _Recorded, config_dir: Path | None) -> RunSpec:
    """What the run's optimiser is built from, if what it names is registered."""
    config = dict(recorded.metadata["config"])
    config["optimizer"] = trusted.optimizer(config["optimizer"], config_dir)
    return RunSpec(recorded.run, config, "", "", "", "", 1)


def _important(run: RunId, results_dir: Path) -> list[str]:
    """The parameters of the run's problem, the one that matters most first; none where that cannot be said."""
    wanted = selection.Selection((run.experiment,), problems=(f"{run.dataset}/{run.model}",))
    reading = selection.read(results_dir, wanted)
    own = [each for each in curves.comparisons(reading.results) if run in identities.run_ids(each.runs)]
    visited = visits.read(results_dir, own[0], reading) if own else None  # none of a run that is left out of reports
    found = None if visited is None else importance(visited)
    return [] if found is None else found.bars["parameter"].tolist()


def _outcome(recorded: _Recorded, own: Any) -> Any:
    """What the run has of each proposal.

    Raises `_Diverged` where the proposal is another and `own` takes no results but those that it asked for.
    """
    takes = (getattr(own, "declared", None) or optimizers.Declaration()).takes_unasked

    def outcome(number: int, proposal: Configuration) -> explain.Trial:
        trial = recorded.trials[number]
        if not takes and explain.apart(recorded.space, proposal, trial["configuration"]) > explain.ROUNDING:
            raise _Diverged(
                f"{recorded.run}: proposal {number + 1} is another than was recorded, as with other versions of its "
                "library or another processor; what came before is shown"
            )
        return explain.Trial(trial["configuration"], trial["loss"] if trial["status"] == "ok" else None)

    return outcome


def _designed(own: Any, recorded: _Recorded, design: Sequence[int], told: explain.Told) -> list[dict[str, Any]]:
    """The trials of a shared initial design, of which the optimiser is told as in the run."""
    rows, given = [], []
    for number in design:
        configuration = recorded.trials[number]["configuration"]
        trial, value = told.of(number, configuration)
        rows.append(explain.row(number, configuration, trial.loss, initial=True))
        given.append(optimizers.Told(configuration, value, trial.loss is None))
    if given and hasattr(own, "start"):
        own.start(given)
    else:
        for each in given:
            own.tell(*each)
    return rows
