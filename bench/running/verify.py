"""Re-evaluate stored trials and compare, bit for bit: what someone asks for who doubts a result.

Trials are drawn evenly from all runs by a seed. Each is evaluated anew, whatever the store holds, and nothing is
written. Where the versions that compute are not those that made the trial, another outcome says nothing against it:
the versions that differ are named. What a table names is used only where it is registered: see `trusted`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench import problems, provenance, results, texts
from bench.config.folders import folders
from bench.errors import DataOptionError, UserError
from bench.problems import Evaluation, Recipe
from bench.problems.objectives import deterministic
from bench.results import RunId, UnreadableTable
from bench.running import child_process
from bench.running.evaluating import evaluate
from bench.running.trusted import recipe, takes_file
from bench.space import Configuration, InvalidConfiguration, Space

COMPARED = ("loss", "test_loss", "status")
_PARTIAL = ("fidelity", "partial_loss", "partial_test_loss", "losses", "details")
_OUTCOMES = ("ok", "failed", "pruned")
"""What does not depend on limits of time and memory."""
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Verified:
    """One trial, as it was recorded and as it came out now."""

    run: RunId
    trial: int
    recorded: Mapping[str, Any]
    """The values of `COMPARED`; of several losses those that are not measured."""
    outcome: Evaluation
    other: tuple[str, ...]
    """What differs of what computes: versions, the processor, the problem itself."""

    @property
    def same(self) -> bool:
        """Whether losses and status are equal to the last bit."""
        now, then = vars(self.outcome), self.recorded
        return all(now[name] == then[name] for name in COMPARED) and _lasting(now) == _lasting(then)

    def __str__(self) -> str:
        where = f"{self.run} trial {self.trial}"
        if self.same:
            return f"same: {where}: {_loss_text(self.recorded['loss'])}"
        then, now = (", ".join(_values(outcome)) for outcome in (self.recorded, vars(self.outcome)))
        why = f"; not what made it: {', '.join(self.other)}" if self.other else ""
        return f"DIFFERENT: {where}: {then} then, {now} now{why}"


def verify(
    experiment: str,
    results_dir: Path,
    datasets_dir: Path,
    trials: int = 10,
    seed: int = 0,
    data: Path | None = None,
    config_dir: Path | None = None,
) -> Iterator[Verified]:
    """Evaluate `trials` of the experiment's trials anew, drawn with `seed`, in order of their runs.

    `data` is the file of a dataset of one's own, whose place is not recorded; `config_dir` names components of one's
    own, without which none but those of the suite and of plug-ins are used, whatever the tables say. Raises `UserError`
    where there is nothing to evaluate, or a problem cannot be built.
    """
    folders(config_dir)
    if data is not None and not data.is_file():
        raise UserError(f"--data={data}: no such file")
    made_here = _made_here(experiment, results_dir)
    chosen = _chosen(experiment, made_here, trials, seed)
    if data is not None and not any(takes_file(metadata, config_dir) for _, metadata in made_here.values()):
        raise UserError(f"--data={data}: no dataset of experiment {experiment!r} is a file of yours; leave it out")
    recipes: dict[RunId, Recipe] = {}
    alike: dict[str, Recipe] = {}
    for run, (_, metadata) in made_here.items():  # of all, so that what is refused does not depend on the draw
        content = json.dumps([metadata.get(name) for name in ("config", "provenance")])
        try:
            if content not in alike:
                alike[content] = recipe(metadata, run.seed, datasets_dir, config_dir, data)
        except DataOptionError:
            raise
        except UserError as error:
            raise UserError(f"{run}: {error}") from None
        recipes[run] = replace(alike[content], seed=run.seed)
    for run, numbers in chosen.items():
        table, metadata = results.read_run(results_dir, run, ["configuration", *COMPARED, *_PARTIAL])
        try:
            problem = problems.shared(recipes[run])
            within = _mapping(metadata.get("config")).get("trial")  # without, nobody knows whether it was in a child
            limits = child_process.limits(within) if isinstance(within, dict) and within else None
        except UserError as error:
            raise UserError(f"{run}: {error}") from None
        other = tuple(differences(metadata, problem))
        path = results.place(results_dir, run) or run.path(results_dir)
        for number in numbers:
            row = table.slice(number, 1).to_pylist()[0]
            configuration = _configuration(path, number, row["configuration"], problem.space)
            if row["loss"] is None and row["partial_loss"] is not None:
                outcome = evaluate(problem, configuration, limits, rung=row["fidelity"])
                row |= {"loss": row["partial_loss"], "test_loss": row["partial_test_loss"], "status": "ok"}
            else:
                outcome = evaluate(problem, configuration, limits, rung=_failed_at(row, metadata))
            several = _losses(path, row) if metadata.get("objectives") else None
            recorded = {name: row[name] for name in COMPARED} | {"losses": several}
            yield Verified(run, number, recorded, outcome, other)


def summary(verified: Sequence[Verified]) -> str:
    """What came of all of them, in one line."""
    same = sum(each.same for each in verified)
    share = f"{same} of {len(verified)} trials come out the same"
    if same == len(verified):
        others = sorted({what for each in verified for what in each.other})
        despite = f", although these differ: {', '.join(others)}" if others else ""
        return f"{share}, bit for bit{despite}"
    if all(each.other for each in verified if not each.same):
        return f"{share}; the others were made with other versions or hardware"
    return f"{share}; the others do not, though versions and processor do"


def _made_here(experiment: str, results_dir: Path) -> dict[RunId, tuple[list[str], dict[str, Any]]]:
    """The status of each trial, and the metadata, of every run that has configurations."""
    made: dict[RunId, tuple[list[str], dict[str, Any]]] = {}
    imported = 0
    for run in results.find_some(results_dir, experiment):
        table, metadata = results.read_run(results_dir, run, ["trial", "status", "loss"])
        if metadata.get("imported"):
            imported += 1
        else:
            made[run] = table["status"].to_pylist(), metadata
    if not made:
        raise UserError(
            f"experiment {experiment!r}: its {imported} runs were imported, and what evaluates them is not known"
        )
    return made


def _chosen(
    experiment: str, made: Mapping[RunId, tuple[list[str], dict[str, Any]]], trials: int, seed: int
) -> dict[RunId, list[int]]:
    """Which trials, by run: drawn without replacement from those that have an outcome."""
    every = [
        (run, number)
        for run, (statuses, _) in made.items()
        for number, status in enumerate(statuses)
        if status in _OUTCOMES
    ]
    if not every:
        raise UserError(f"experiment {experiment!r}: it has no trial to compare")
    order = np.random.default_rng(seed).permutation(len(every))[:trials]
    chosen: dict[RunId, list[int]] = {}
    for place in sorted(order.tolist()):
        run, number = every[place]
        chosen.setdefault(run, []).append(number)
    return chosen


def _failed_at(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> int | None:
    """The rung below full fidelity at which a trial has failed; None where it is no such trial."""
    rungs = _mapping(metadata.get("fidelity")).get("rungs") or [row["fidelity"]]
    return None if row["fidelity"] == rungs[-1] else row["fidelity"]


def _configuration(path: Path, trial: int, text: str, space: Space) -> Configuration:
    """A row's configuration; raises `UnreadableTable` where it is no point of the space."""
    try:
        values = json.loads(text)
        if not isinstance(values, dict):
            raise InvalidConfiguration(f"{text[:100]!r} is no mapping")
        return space.canonical(values)
    except (ValueError, RecursionError) as error:  # of JSON too
        reason = f"the configuration of trial {trial} is none of its space ({error}); delete it"
        raise UnreadableTable(path, reason) from None


def _losses(path: Path, row: Mapping[str, Any]) -> Any:
    """A row's losses by name, at full fidelity or below; None where it has failed."""
    try:
        return json.loads(row["losses"] or "null") or json.loads(row["details"] or "{}").get("losses")
    except (ValueError, RecursionError, AttributeError):
        raise UnreadableTable(path, "its losses or details are no JSON of a run; delete it") from None


def _lasting(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Its several losses that come out the same when the same is evaluated again."""
    losses = _mapping(outcome["losses"])
    return {name: losses[name] for name in deterministic(losses)}


def differences(metadata: Mapping[str, Any], problem: problems.Problem) -> Iterator[str]:
    """What of the run's environment and problem is not as it was, and may change bits."""
    now, then = provenance.environment(), _mapping(metadata.get("provenance"))
    if problem.hash != metadata.get("problem"):
        yield f"the problem ({str(metadata.get('problem'))[:12]} then, {problem.hash[:12]} now)"
    computing = _mapping(metadata.get("computed_by"))
    libraries = set(computing) | {"numpy", "scikit-learn", "scipy"} if computing else set(now["versions"])
    recorded = {**_mapping(then.get("versions")), **computing}
    for name in sorted(filter(_DISTRIBUTION.fullmatch, libraries)):
        version = provenance.versions([name]).get(name)
        if recorded.get(name) != version and name != "hpo-compare":
            yield f"{name} ({recorded.get(name) or 'none'} then, {version or 'none'} now)"
    if then.get("cpu") != now["cpu"]:
        yield f"the processor ({then.get('cpu')} then, {now['cpu']} now)"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _values(outcome: Mapping[str, Any]) -> Iterator[str]:
    yield _loss_text(outcome["loss"]) if outcome["status"] == "ok" else str(outcome["status"])
    if outcome["status"] == "ok" and outcome["test_loss"] is not None:
        yield f"test {_loss_text(outcome['test_loss'])}"
    for name, losses in list(_lasting(outcome).items())[1:]:
        yield f"{name} {texts.line(losses, 100)}"


def _loss_text(value: float | None) -> str:
    return "no loss" if value is None else repr(value)
