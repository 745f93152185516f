"""The best configuration of each problem, as YAML to take home."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.errors import UserError
from bench.metrics import label, scale
from bench.results import finding, losses, scores, soundness, tables
from bench.results.identity import RunId
from bench.results.incumbent import incumbents
from bench.results.losses import front
from bench.results.tables import Results
from bench.results.unreadable import UnreadableTable
from bench.wording import PARTS, measured, one_line


@dataclass(frozen=True)
class Best:
    """A trial worth taking home, and what is recorded of its run."""

    run: RunId
    row: Mapping[str, Any]
    """The trial's row of the table."""
    metadata: Mapping[str, Any]
    path: Path
    """Where the table is."""
    notes: tuple[str, ...] = ()
    """What is to be known of how it was chosen."""
    front: tuple["Best", ...] = ()
    """Of several losses: the trials of all runs of the problem that none other is better than in every validation loss,
    the lowest first loss first; itself among them. Empty of one loss."""

    @property
    def configuration(self) -> dict[str, Any]:
        values = json.loads(self.row["configuration"])
        if not isinstance(values, dict):
            raise UnreadableTable(self.path, f"the configuration of trial {self.row['trial']} is no mapping; delete it")
        return values

    @property
    def loss(self) -> float:
        return float(self.row["loss"])

    @property
    def test_loss(self) -> float | None:
        return None if pd.isna(self.row["test_loss"]) else float(self.row["test_loss"])

    @property
    def details(self) -> Mapping[str, Any]:
        """What the trial's folds said of themselves: rounds, curves."""
        try:
            return _mapping(json.loads(self.row["details"] or "{}"))
        except (ValueError, TypeError, RecursionError):
            return {}

    @property
    def metric(self) -> str:
        return one_line(self.metadata.get("metric") or "loss")

    @property
    def losses(self) -> dict[str, list[float | None]]:
        """By name, where there are several, each loss and test loss."""
        text = self.row.get("losses")
        losses: dict[str, list[float | None]] = json.loads(text) if isinstance(text, str) else {}
        return losses

    @property
    def words(self) -> str:
        """Its losses under the metric's own name, in its own direction."""
        return _several(self.losses, self.metadata) or _values(self.loss, self.test_loss, self.metadata)

    @property
    def head(self) -> str:
        """Lines of comment: what it is, its losses, where it comes from."""
        problem, run = one_line(f"{self.run.dataset} {self.run.model}"), self.run
        place = f"trial {self.row['trial']} of experiment {one_line(run.experiment)}"
        lines = [
            f"{problem}: {self.words}",
            *_recorded(self.details),
            f"{one_line(run.optimizer)}, seed {run.seed}, {place}",
            *self.notes,
        ]
        return "".join(f"# {line}\n" for line in lines)


def best(experiment: str, dataset: str | None, model: str | None, results_dir: Path, full: bool = False) -> str:
    """The configuration of the lowest validation loss of each problem, as YAML documents; of several losses the front.

    With `full` all that its losses depend on: see `everything`.
    """
    return "---\n".join(
        _document(each, full)
        for chosen in bests(experiment, dataset, model, results_dir)
        for each in ((chosen,) if isinstance(chosen, str) else chosen.front or (chosen,))
    )


def bests(experiment: str, dataset: str | None, model: str | None, results_dir: Path) -> list[Best | str]:
    """The trial of the lowest validation loss of each problem; the name of the problem where no trial succeeded.

    Raises `UserError` where there is no such problem, or the runs of one are on several.
    """
    results = _sound(experiment, results_dir)
    trials = results.trials
    chosen: list[Best | str] = []
    for (of_dataset, of_model), group in trials.groupby(["dataset", "model"], observed=True):
        if dataset not in (None, of_dataset) or model not in (None, of_model):
            continue
        problem = one_line(f"{of_dataset} {of_model}")
        of_problem = [data for run, data in results.runs.items() if (run.dataset, run.model) == (of_dataset, of_model)]
        if len({_family(data) for data in of_problem}) > 1:
            raise UserError(
                f"{problem}: the runs of {experiment!r} are on different problems (another metric, "
                "split, space or data), whose losses cannot be compared; give them different names"
            )
        succeeded = _evaluated_fully(group).dropna(subset=["loss"])
        if succeeded.empty:
            chosen.append(problem)
            continue
        several = len({data.get("problem") for data in of_problem}) > 1
        own = "repetition" if any(data.get("recorded") for data in of_problem) else "split"
        notes = [f"each seed has a {own} of its own: the lowest loss favours the easiest {own}"] if several else []
        first = _trial(succeeded.sort_values("loss", kind="stable").iloc[0], results, results_dir, notes)
        chosen.append(replace(first, front=tuple(_front(succeeded, results, results_dir, notes))))
    if not chosen:
        problems = trials[["dataset", "model"]].drop_duplicates().itertuples(index=False)
        raise UserError(f"no such problem in {experiment}; allowed: {', '.join(' '.join(pair) for pair in problems)}")
    return chosen


def _trial(row: pd.Series, results: Results, results_dir: Path, notes: Sequence[str]) -> Best:
    values = {str(name): value for name, value in row.items()}
    run = RunId(**{field.name: values[field.name] for field in fields(RunId)} | {"seed": int(values["seed"])})
    metadata = results.runs[run]
    path = finding.place(results_dir, run) or run.path(results_dir)
    return Best(run, values, metadata, path, (*notes, *_uncharged(values, metadata)))


def _front(trials: pd.DataFrame, results: Results, results_dir: Path, notes: Sequence[str]) -> Iterator[Best]:
    """`Best.front` of all trials of a problem; where their runs have other losses, or some have one, there is none."""
    if "losses" not in trials:
        return
    known = trials["losses"].map(lambda text: json.loads(text) if isinstance(text, str) else {})
    names = {tuple(sorted(losses)) for losses in known}
    if len(names) != 1 or not (own := next(iter(names))):
        return
    losses = np.array([[each[name][0] for name in own] for each in known], dtype=np.float64)
    rows = trials.iloc[front(losses)].sort_values("loss", kind="stable")
    for place, (_, row) in enumerate(rows.iterrows(), start=1):
        what = f"{place} of {len(rows)} on the front: no other trial is better in every loss"
        yield _trial(row, results, results_dir, (what, *notes))


def _evaluated_fully(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials, with the losses at full fidelity of those below it that were found when their run had ended.

    These are the incumbents of a run that had evaluated nothing fully yet. What a trial recorded of itself is then of
    its lower fidelity, and left out.
    """
    if "incumbent_uncharged" not in trials or not trials["incumbent_uncharged"].any():
        return trials
    rows = [
        place
        for _, run in trials.groupby([field.name for field in fields(RunId)], observed=True, sort=False)
        for place in _incumbents(run)
    ]
    known = trials.loc[rows].assign(
        loss=trials.loc[rows, "best_loss"], test_loss=trials.loc[rows, "incumbent_test_loss"], details="{}"
    )
    return pd.concat([trials.drop(index=rows), known]).sort_index()


def _incumbents(run: pd.DataFrame) -> list[Any]:
    """The index of each trial of a run by which its incumbent became one that it had not evaluated fully."""
    places = incumbents(run["fidelity"].fillna(math.inf), run["loss"].fillna(run["partial_loss"]))
    return [run.index[place] for place in places if run["incumbent_uncharged"].iloc[place]]


def _uncharged(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[str]:
    """How a trial that is below full fidelity comes to have losses at it."""
    if pd.isna(row.get("partial_loss")):
        return []
    ladder = _mapping(metadata.get("fidelity"))
    at = measured(f"{row['fidelity']:.0f} of {ladder['rungs'][-1]}", one_line(ladder["unit"]))
    return [f"evaluated by its run at {at}; the losses are those of a full evaluation when the run had ended"]


def everything(best: Best) -> str:
    """All that a trial's losses depend on, as far as it was recorded, as one YAML document.

    The configuration, the rounds or epochs found in each fold, fixed settings, seeds, preparation, dataset, split with
    the sizes of its parts, metric, and the versions that computed; and the losses.
    """
    metadata, seed = best.metadata, best.run.seed
    config = _mapping(metadata.get("config"))
    groups = {name: dict(_mapping(config.get(name))) for name in ("dataset", "resampling", "model", "metric", "seeds")}
    groups["model"].pop("space", None)  # where it was looked for; no loss depends on it
    seeds = {name: seed if value == "seed" else value for name, value in groups["seeds"].items()}
    details = best.details
    several = details.get("folds")
    folds = several if isinstance(several, list) else [details]
    ended = [{name: fold[name] for name in ("rounds", "best_epoch") if name in fold} for fold in map(_mapping, folds)]
    content = {
        "configuration": best.configuration,
        "trained": ended if any(ended) else None,
        "losses": {
            "metric": best.metric,
            "validation": best.loss,
            "folds": details.get("fold_losses"),
            "test": best.test_loss,
            "recorded": {
                name: {"validation": valid, "test": test} for name, (valid, test) in scores.of(details).items()
            },
            "objectives": {name: {"validation": loss, "test": test} for name, (loss, test) in best.losses.items()},
        },
        "model": {
            **groups["model"],
            "revision": metadata.get("model_revision"),
            "seed": seeds.get("model"),
            "preparation": _preparation(best) or None,
        },
        "dataset": {**groups["dataset"], "content": metadata.get("data_hash"), "task": metadata.get("task")},
        "resampling": {**groups["resampling"], "seed": seeds.get("split"), "parts": metadata.get("parts")},
        "metric": groups["metric"].get("name"),
        "trial": config.get("trial"),
        "threads": _mapping(metadata.get("provenance")).get("threads"),
        "versions": {
            "python": _mapping(metadata.get("provenance")).get("python"),
            **_mapping(_mapping(metadata.get("provenance")).get("versions")),
            **_mapping(metadata.get("computed_by")),
        },
        "problem": metadata.get("problem"),
        "optimizer": {"name": best.run.optimizer, "seed": seed, "trial": int(best.row["trial"])},
    }
    text = yaml.safe_dump(_without_nothing(content), sort_keys=False, width=120)
    if "${" in text:
        raise UnreadableTable(best.path, "its metadata hold a '${' that YAML with Hydra would replace")
    return best.head + text


def _document(each: Best | str, full: bool) -> str:
    if isinstance(each, str):
        return f"# {each}: no trial succeeded\n"
    source = each.metadata.get("imported")
    if source:
        known = each.row["configuration"] != "{}"
        head = f"{each.head}# imported from {one_line(source.get('file'))}"
        return f"{head}\n{_yaml(each)}" if known else f"{head}: the configuration is not known\n"
    return everything(each) if full else each.head + _yaml(each)


def _values(loss: float, test_loss: float | None, metadata: Mapping[str, Any]) -> str:
    """The losses under the metric's own name, in its own direction; a function's are its values."""
    shown = scale(one_line(metadata.get("metric") or "loss"))
    valid, tested = PARTS.get(str(metadata.get("task")), ("validation", "test"))
    test = "" if test_loss is None else f", {tested} {shown.name} {shown.turned(test_loss):.6g}"
    return f"{valid} {shown.name} {shown.turned(loss):.6g}{test}".lstrip()


def _recorded(details: Mapping[str, Any]) -> Iterator[str]:
    """A line of what was recorded beside the loss, if anything was, as `_values` says it."""
    for name, (valid, test) in scores.of(details).items():
        shown = one_line(name)
        tested = "" if test is None else f", test {shown} {test:.6g}"
        yield f"recorded beside it: validation {shown} {valid:.6g}{tested}"


def _several(losses: Mapping[str, Sequence[float | None]], metadata: Mapping[str, Any]) -> str:
    """Several losses, as `_values` says one; measured and counted ones have no direction to turn."""
    words = ("validation ", ", test ") if metadata.get("task") != "function" else ("", ", without noise ")
    parts = []
    for start, place in zip(words, (0, 1), strict=True):
        shown = [(scale(one_line(label(name))), pair[place]) for name, pair in losses.items()]
        known = [f"{each.name} {each.turned(value):.6g}" for each, value in shown if value is not None]
        parts += [start + ", ".join(known)] if known else []
    return "".join(parts)


def _sound(experiment: str, results_dir: Path) -> Results:
    """Every run of the experiment; raises `UnreadableTable` where the table of one cannot be relied on."""
    read, runs = [], {}
    for run, path in finding.find_some(results_dir, experiment).items():
        table, runs[run] = tables.read_run(results_dir, run)
        fault = soundness.fault_of_place(vars(run), table)
        if fault:
            raise UnreadableTable(path, fault, run)
        fault = soundness.fault_of_ladder(table, runs[run])
        if fault:
            raise UnreadableTable(path, f"{fault}; delete it and run its experiment again", run)
        try:
            losses.of(table, runs[run])
        except ValueError as error:
            raise UnreadableTable(path, f"{error}; delete it and run its experiment again", run) from None
        read.append(table)
    return tables.combined(read, runs)


def _family(metadata: Mapping[str, Any]) -> object:
    return metadata.get("problem_family") or metadata.get("problem")


def _yaml(best: Best) -> str:
    try:
        return OmegaConf.to_yaml(best.configuration)
    except OmegaConfBaseException:
        reason = "its best configuration holds a '${' that YAML with Hydra would replace"
        raise UnreadableTable(best.path, reason) from None


def _preparation(best: Best) -> dict[str, Any]:
    """How features were made numbers: what the model says, and what the configuration says over it."""
    searched = (
        (name.removeprefix("prepare."), value)
        for name, value in best.configuration.items()
        if name.startswith("prepare.")
    )
    return {**_mapping(best.metadata.get("preparation")), **dict(searched)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _without_nothing(content: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data without what holds nothing on the first two levels; a hyperparameter that is null stays."""
    kept = {
        group: {name: each for name, each in value.items() if group == "configuration" or each not in _NOTHING}
        if isinstance(value, Mapping)
        else value
        for group, value in content.items()
    }
    return {group: value for group, value in kept.items() if value not in _NOTHING}


_NOTHING: tuple[Any, ...] = (None, {}, [])
