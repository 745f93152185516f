"""Re-evaluate stored trials and compare, bit for bit: what someone asks for who doubts a result.

Trials are drawn evenly from all runs by a seed. Each is evaluated anew, whatever the store holds, and nothing is
written. Where the versions that compute are not those that made the trial, another outcome says nothing against it:
the versions that differ are named.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import problems, provenance, results
from bench.errors import UserError
from bench.problems import Evaluation, Recipe
from bench.results import RunId, UnreadableTable
from bench.running.thread_pools import limited
from bench.space import InvalidConfiguration

COMPARED = ("loss", "test_loss", "status")
_OUTCOMES = ("ok", "failed")
"""What does not depend on limits of time and memory."""


@dataclass(frozen=True)
class Verified:
    """One trial, as it was recorded and as it came out now."""

    run: RunId
    trial: int
    recorded: Mapping[str, Any]
    """The values of `COMPARED`."""
    outcome: Evaluation
    other: tuple[str, ...]
    """What differs of what computes: versions, the processor, the problem itself."""

    @property
    def same(self) -> bool:
        """Whether losses and status are equal to the last bit."""
        return all(getattr(self.outcome, name) == self.recorded[name] for name in COMPARED)

    def __str__(self) -> str:
        where = f"{self.run} trial {self.trial}"
        if self.same:
            return f"same: {where}: {_loss_text(self.recorded['loss'])}"
        then, now = (", ".join(_values(outcome)) for outcome in (self.recorded, vars(self.outcome)))
        why = f"; not what made it: {', '.join(self.other)}" if self.other else ""
        return f"DIFFERENT: {where}: {then} then, {now} now{why}"


def verify(
    experiment: str, results_dir: Path, datasets_dir: Path, trials: int = 10, seed: int = 0, data: Path | None = None
) -> Iterator[Verified]:
    """Evaluate `trials` of the experiment's trials anew, drawn with `seed`, in order of their runs.

    `data` is the file of a dataset of one's own, whose place is not recorded. Raises `UserError` where there is
    nothing to evaluate, or a problem cannot be built.
    """
    chosen = _chosen(experiment, results_dir, trials, seed)
    for run, numbers in chosen.items():
        table, metadata = results.read_run(run.path(results_dir), ["configuration", *COMPARED])
        problem = _problem(run, metadata, datasets_dir, data)
        other = tuple(_differences(metadata, problem))
        for number in numbers:
            row = table.slice(number, 1).to_pylist()[0]
            try:
                configuration = problem.space.canonical(json.loads(row["configuration"]))
            except InvalidConfiguration as error:
                reason = f"the configuration of trial {number} is none of its space ({error}); delete it"
                raise UnreadableTable(run.path(results_dir), reason) from None
            with limited(problem.recipe.threads):
                outcome = problem.evaluate(configuration)
            yield Verified(run, number, {name: row[name] for name in COMPARED}, outcome, other)


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


def _chosen(experiment: str, results_dir: Path, trials: int, seed: int) -> dict[RunId, list[int]]:
    """Which trials, by run: drawn without replacement from those that have an outcome and were made here."""
    every: list[tuple[RunId, int]] = []
    imported = 0
    for run, path in results.find_some(results_dir, experiment).items():
        table, metadata = results.read_run(path, ["trial", "status", "loss"])
        if metadata.get("imported"):
            imported += 1
            continue
        every += [(run, number) for number, status in enumerate(table["status"].to_pylist()) if status in _OUTCOMES]
    if not every:
        why = f"its {imported} runs were imported, without configurations" if imported else "it has no trial to compare"
        raise UserError(f"experiment {experiment!r}: {why}")
    order = np.random.default_rng(seed).permutation(len(every))[:trials]
    chosen: dict[RunId, list[int]] = {}
    for place in sorted(order.tolist()):
        run, number = every[place]
        chosen.setdefault(run, []).append(number)
    return chosen


def _problem(run: RunId, metadata: Mapping[str, Any], datasets_dir: Path, data: Path | None) -> problems.Problem:
    config = metadata.get("config") or {}
    groups = {name: config[name] for name in problems.GROUPS if name in config}
    dataset = dict(groups.get("dataset") or {})
    if dataset.get("sha256") and "path" not in dataset and dataset.get("load") == "bench.datasets.file.load":
        if data is None:
            raise UserError(f"{run}: the place of its file is not recorded; give it with --data FILE")
        dataset["path"] = str(data.absolute())
    groups["dataset"] = dataset
    threads = (metadata.get("provenance") or {}).get("threads") or 1
    try:
        return problems.shared(Recipe(groups, run.seed, str(datasets_dir.absolute()), threads))
    except KeyError as error:
        raise UserError(f"{run}: its metadata do not say {error} of its problem, which cannot be built again") from None


def _differences(metadata: Mapping[str, Any], problem: problems.Problem) -> Iterator[str]:
    """What of the run's environment and problem is not as it was, and may change bits."""
    now, then = provenance.environment(), metadata.get("provenance") or {}
    mine = problem.metadata()
    if mine["problem"] != metadata.get("problem"):
        yield f"the problem ({str(metadata.get('problem'))[:12]} then, {mine['problem'][:12]} now)"
    computing = metadata.get("computed_by")
    libraries = set(computing) | {"numpy", "scikit-learn", "scipy"} if computing else set(now["versions"])
    recorded = {**(then.get("versions") or {}), **(computing or {})}
    for name in sorted(libraries):
        version = provenance.versions([name]).get(name)
        if recorded.get(name) != version and name != "hpo-compare":
            yield f"{name} ({recorded.get(name) or 'none'} then, {version or 'none'} now)"
    if then.get("cpu") != now["cpu"]:
        yield f"the processor ({then.get('cpu')} then, {now['cpu']} now)"


def _values(outcome: Mapping[str, Any]) -> Iterator[str]:
    yield _loss_text(outcome["loss"]) if outcome["status"] == "ok" else str(outcome["status"])
    if outcome["status"] == "ok" and outcome["test_loss"] is not None:
        yield f"test {_loss_text(outcome['test_loss'])}"


def _loss_text(value: float | None) -> str:
    return "no loss" if value is None else repr(value)
