"""Which configuration of a comparison to train: of the optimiser that the verdict puts first, and on which evidence."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import results
from bench import store as stores
from bench.errors import UserError, allowed
from bench.metrics import scale
from bench.problems import Evaluation, Problem, Recipe
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.runs import curves, identities, selection
from bench.results import RunId
from bench.results.best import Best
from bench.results.incumbent import incumbents
from bench.running import child_process
from bench.running.child_process import Limits
from bench.running.evaluating import evaluate
from bench.running.rebuilding import configuration_of, problem_of, recipe_of
from bench.space import Configuration, to_json
from bench.store import Busy, Claimed, Store
from bench.wording import listed, plural


@dataclass(frozen=True)
class Choice:
    """A trial to train again, and why it."""

    best: Best
    rule: tuple[str, ...]
    """The optimiser's rule and the configuration's, in sentences."""
    level: tuple[str, ...]
    """The optimisers that are worse than nobody; empty where nothing was tested."""
    losses: Mapping[str, Mapping[str, float]]
    """By kind of loss (validation, test) over the optimiser's runs: median, and low and high where there are enough."""
    runs: int


def choose(
    experiment: str,
    problem: str | None,
    results_dir: Path,
    datasets_dir: Path,
    data: Path | None = None,
    config_dir: Path | None = None,
    store: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Choice:
    """The trial to train of one problem (`DATASET/MODEL`, where there are several).

    Its optimiser is the one of the lowest median validation loss among those that are worse than nobody; where nothing
    could be tested, the one of the lowest median of all; a baseline only where there is no other. Its
    configuration is the one of the lowest validation loss among the runs of that optimiser. Where these are on several
    splits, the lowest loss is that of the easiest: the best configuration of each run is then evaluated on the splits
    of all, through the store, and the lowest median counts. Raises `UserError` where there is nothing to train.
    """
    names = sorted({f"{run.dataset}/{run.model}" for run in results.find_some(results_dir, experiment)})
    if problem is not None and problem not in names:
        raise UserError(f"--problem={problem}: no run of {experiment!r} is of it; {allowed(problem, names)}")
    wanted = selection.Selection((experiment,), problems=(problem,) if problem else ())
    reading = selection.read(results_dir, wanted)
    comparisons = curves.comparisons(reading.results)
    if len(comparisons) > 1:
        raise UserError(f"--problem: missing; {experiment!r} has {len(names)}: {allowed('', names)}")
    comparison = comparisons[0]
    if comparison.without_data:
        raise UserError(f"{comparison}: is a function of its configuration; there is no model to train")
    if comparison.recorded:
        raise UserError(f"{comparison}: was looked up in a recorded table; there is no data to train on")
    analysis = analyse(comparison, reading)
    if not analysis.kinds:
        raise UserError(f"{comparison}: no trial was made; there is nothing to train")
    label, rule = _optimizer(analysis)
    of_label = comparison.runs[comparison.runs["label"] == label]
    candidates = [best for run in identities.run_ids(of_label) if (best := _incumbent(run, results_dir)) is not None]
    if not candidates:
        raise UserError(f"{comparison}: no trial of {label} succeeded; there is nothing to train")
    several = len({each.metadata.get("problem") for each in candidates}) > 1
    if several:
        limits = _limits(candidates[0])
        recipes = [recipe_of(each, datasets_dir, config_dir, data) for each in candidates]
        say(f"{label}: the best configurations of its {len(candidates)} runs on the splits of all")
        url = store or stores.default_url(results_dir.absolute())
        chosen, words = _over_splits(candidates, recipes, f"{experiment}/fit", url, limits)
    else:
        chosen = min(candidates, key=lambda each: (each.loss, each.run.seed))
        words = f"Its configuration has the lowest validation loss of {plural(len(candidates), 'run')} of {label}."
        words = f"Its configuration is the best of the one run of {label}." if len(candidates) == 1 else words
    row = analysis.row(label)
    losses = {kind: _losses(row, kind) for kind in analysis.kinds}
    rules = (rule, *_better_baselines(analysis, label), words)
    return Choice(chosen, rules, tuple(analysis.level("validation")), losses, int(row["runs"]))


def _optimizer(analysis: Analysis) -> tuple[str, str]:
    """The label, and by which rule."""
    level = analysis.level("validation")
    label = level[0] if level else analysis.leader("validation")
    others = len(analysis.competitors) - 1
    if analysis.groups["validation"].best == label:
        return label, f"{label} is best: no other optimiser is level with it."
    if level:
        return label, f"{label} has the lowest median validation loss of those that are level: {listed(level)}."
    if label not in analysis.competitors:
        return label, f"{label} is a baseline; there is no other optimiser here."
    if others == 0:
        apart = ", baselines apart" if len(analysis.samples) > 1 else ""
        return label, f"{label} is the only optimiser here{apart}."
    few = "there are too few seeds for any test" if not analysis.groups["validation"].worse else "the tests contradict"
    lowest = f"{label} has the lowest median validation loss of {others + 1} optimisers"
    return label, f"{lowest}; {few}, so that another may be as good."


def _better_baselines(analysis: Analysis, label: str) -> Iterator[str]:
    """What is to be known of baselines, which are never chosen beside an optimiser: that one ends lower."""
    medians = {each: _losses(analysis.row(each), "validation").get("median", math.inf) for each in analysis.samples}
    lower = [each for each in analysis.order("validation") if medians[each] < medians[label]]
    for baseline in lower if label in analysis.competitors else ():
        if baseline not in analysis.competitors:
            yield (
                f"The baseline {baseline} has a lower median validation loss, {medians[baseline]:.6g} against "
                f"{medians[label]:.6g}; baselines are not chosen."
            )


def _losses(row: Mapping[str, Any], kind: str) -> dict[str, float]:
    """The median, and its 95 % interval where there are enough runs for one."""
    columns = {"median": f"{kind}_median", "low": f"{kind}_median_low", "high": f"{kind}_median_high"}
    values = {name: float(row[column]) for name, column in columns.items()}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _incumbent(run: RunId, results_dir: Path) -> Best | None:
    """The first trial of a run's lowest loss; None where none succeeded."""
    table, metadata = results.read_run(results_dir, run)
    path = results.place(results_dir, run) or run.path(results_dir)
    if metadata.get("imported"):
        raise UserError(f"{run}: was imported, without what its model was trained on; there is nothing to train")
    rows = table.to_pylist()
    fidelities = (math.inf if row.get("fidelity") is None else row["fidelity"] for row in rows)
    losses = (row.get("partial_loss") if row["loss"] is None else row["loss"] for row in rows)
    places = list(incumbents(fidelities, (math.nan if loss is None else loss for loss in losses)))
    if not places:
        return None
    row = rows[places[-1]]
    if row["loss"] is None:  # it was evaluated at full fidelity when the run had ended
        row |= {"loss": rows[-1]["best_loss"], "test_loss": rows[-1]["incumbent_test_loss"]}
        row["details"] = json.dumps(metadata.get("incumbent_details"))
    return Best(run, row, metadata, path) if row["loss"] is not None else None


def _limits(best: Best) -> Limits | None:
    """The limits that its trials had in a child process; None where they had none."""
    within = best.metadata.get("config", {}).get("trial")
    return child_process.limits(within) if isinstance(within, dict) and within else None


def _over_splits(
    candidates: Sequence[Best], recipes: Sequence[Recipe], name: str, url: str, limits: Limits | None
) -> tuple[Best, str]:
    """The candidate of the lowest median validation loss over the splits of all, and why it."""
    different = list({json.dumps(each.configuration, sort_keys=True): each for each in reversed(candidates)}.values())[
        ::-1
    ]
    losses: list[list[float]] = [[] for _ in different]
    store = Store(url, patient=True)
    try:
        for best, recipe in zip(candidates, recipes, strict=True):  # a split at a time: its data is there once
            problem = problem_of(best, recipe)
            for each, values in zip(different, losses, strict=True):
                outcome = _stored(problem, configuration_of(each, problem), store, name, limits)
                values.append(math.inf if outcome.loss is None else outcome.loss)
    finally:
        store.close()
    medians = [median(values) for values in losses]
    failed = [values.count(math.inf) for values in losses]
    place = min(range(len(different)), key=lambda each: (medians[each], failed[each], each))
    if math.isinf(medians[place]):
        raise UserError(
            f"{different[0].run}: each run has a split of its own, and each run's best configuration fails on half of "
            "the splits or more, so that there is no median to choose by"
        )
    shown = scale(candidates[0].metric)
    chosen = different[place]
    words = (
        f"Each run has a split of its own: of the {len(different)} best configurations, one a run, this "
        f"one has the lowest median validation loss over all {len(candidates)} splits "
        f"({shown.name} {shown.turned(medians[place]):.6g}). It is that of seed {chosen.run.seed}."
    )
    return chosen, words


def _stored(
    problem: Problem, configuration: Configuration, store: Store, name: str, limits: Limits | None
) -> Evaluation:
    """The evaluation from the store; made here, and kept there, where it has none."""
    key, serves, attempt = problem.key(configuration), (limits or child_process.NO_LIMITS).serve, 0
    while isinstance(answer := store.claim(key, serves=serves), Busy):
        stores.wait(attempt)
        attempt += 1
    if isinstance(answer, Claimed):
        try:
            evaluation = evaluate(problem, configuration, limits)
        except BaseException:
            store.release(key)
            raise
        answer = store.put(key, problem.hash, to_json(configuration), evaluation, name, serves)
    return answer.evaluation
