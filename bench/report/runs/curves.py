"""Which runs make a curve, and the curves: losses against evaluations, as frames."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.errors import UserError
from bench.provenance import digest
from bench.report.runs import identities, ladders, mixing
from bench.report.runs.fronts import MISSING, Fronts, Objectives
from bench.report.runs.ladders import Ladder, Measured
from bench.report.statistics import quartiles
from bench.results import Results, RunId
from bench.wording import plural, unmarked

COLUMNS = [
    *identities.NAMES,
    "trial",
    "loss",
    "best_loss",
    "incumbent_test_loss",
    "status",
    "initial",
    "ask_seconds",
    "evaluate_seconds",
    "tell_seconds",
]
"""The columns of the trial table that a report needs."""

EVALUATIONS, COST = "evaluations", "cost (full evaluations)"

_DEFAULT = "bench.optimizers.default.Default"


@dataclass(frozen=True)
class Comparison:
    """Runs that may be compared, since they are on one family of problems, and what is shown of them."""

    dataset: str
    model: str
    metric: str
    evaluations: int
    """The least budget of all curves, after which final losses are compared."""
    longest: int
    """The largest budget, where the axis ends."""
    runs: pd.DataFrame
    """One row a run; see `runs`."""
    curves: pd.DataFrame
    """One row per label and number of evaluations; see `curves`."""
    final: pd.DataFrame
    """One row per label; see `statistics.final`."""
    ladders: Mapping[RunId, Ladder] = field(default_factory=dict)
    """Of the runs that have one; then evaluations are counted by their cost."""
    fronts: Mapping[RunId, Fronts] = field(default_factory=dict)
    """Of all runs, where they are judged by several losses: by what is missing of the hypervolume; else of none."""

    @property
    def objectives(self) -> Objectives | None:
        """The losses that runs are judged by, where these are several; else None."""
        return next((fronts.objectives for fronts in self.fronts.values()), None)

    @property
    def judged(self) -> str:
        """The kind of loss that the verdict goes by; see `judged`."""
        return judged(self.curves, self.fronts)

    def named(self, kind: str) -> str:
        """What the loss of a kind is, as titles and axes say it."""
        if self.objectives is not None:
            other = "without noise" if self.without_data else "test losses"
            front = "" if self.without_data else ", validation losses"
            return f"{MISSING}, {other}" if kind == "test" else f"{MISSING}{front}"
        if self.without_data:
            return {"validation": "best value", "test": "value of the incumbent without noise"}[kind]
        return {"validation": "best validation loss", "test": "test loss of the incumbent"}[kind]

    @property
    def in_cost(self) -> bool:
        """Whether evaluations are counted by their cost, in full ones, as some run has a ladder of fidelities."""
        return bool(self.ladders)

    @property
    def against(self) -> str:
        """What losses are shown against, as an axis says it."""
        return COST if self.in_cost else EVALUATIONS

    def paid(self, label: str) -> float:
        """From which number of evaluations on at least half of a label's runs have paid for a full evaluation.

        Before it an incumbent's loss was mostly found at the run's end and charged nothing; +inf if never.
        """
        if not self.in_cost:
            return 0.0
        part = self.curves[self.curves["label"] == label]
        enough = part.loc[2 * part["full"] >= part["runs"], "evaluations"]
        return float(enough.min()) if len(enough) else math.inf

    def spent(self, evaluations: float) -> str:
        """So much of the budget, in words."""
        full = f"a cost of {plural(int(evaluations), 'full evaluation')}"
        return full if self.in_cost else plural(int(evaluations), "evaluation")

    @property
    def without_data(self) -> bool:
        """Whether the loss is the value of a function: then nothing was trained, validated or tested."""
        return bool((self.runs["task"] == "function").all())

    @property
    def recorded(self) -> bool:
        """Whether losses were looked up in a table that others have recorded: nothing was trained here."""
        return bool((self.runs["task"] == "recorded").all())

    @property
    def control(self) -> str:
        """Which control the problem is (`permuted`, `decorrelated`); empty where it is none."""
        return str(self.runs["control"].max())

    @cached_property
    def replay(self) -> Mapping[str, Any] | None:
        """What runs record of the surrogate that they were evaluated by; None where they were truly evaluated."""
        known = self.runs["replay"].max()
        return json.loads(known) if known else None

    @cached_property
    def yardsticks(self) -> dict[str, str]:
        """The labels that have another budget than the optimisers, and which: they compete with none of them."""
        budgets = {}
        for label, part in self.runs.groupby("label"):
            factor = int(part["factor"].max())
            if factor > 1:
                budgets[str(label)] = "twice the budget" if factor == 2 else f"{factor} times the budget"
            elif part["untuned"].all():
                budgets[str(label)] = "one evaluation"
        return budgets

    @property
    def fewest_workers(self) -> int:
        """How many evaluations those runs have open at a time that have the fewest."""
        return int(self.runs["workers"].min()) if len(self.runs) else 1

    @cached_property
    def beside(self) -> dict[str, int]:
        """The labels with more workers than others have, and how many: another condition, ranked among nobody."""
        most = self.runs.groupby("label")["workers"].max()
        return {str(label): int(number) for label, number in most.items() if number > self.fewest_workers}

    @cached_property
    def repeated(self) -> list[str]:
        """Those of `beside` whose optimiser has a label with the fewest workers as well.

        Figures with a line for each label leave them out: there would be one for each number of workers.
        """
        fewest = set(self.runs.loc[self.runs["workers"] == self.fewest_workers, "method"])
        return [label for label in self.beside if set(self.runs.loc[self.runs["label"] == label, "method"]) <= fewest]

    @property
    def has_test(self) -> bool:
        return _has_test(self.curves)

    def __str__(self) -> str:
        return f"{unmarked(self.dataset)}/{unmarked(self.model)}"

    @property
    def title(self) -> str:
        """The names of its dataset and model, as they are shown."""
        return f"{unmarked(self.dataset)} · {unmarked(self.model)}"


def judged(curves: pd.DataFrame, fronts: Mapping[RunId, Fronts]) -> str:
    """The kind of loss that a verdict goes by: validation.

    Of several losses it is test, where there is a test part: a front is chosen on validation losses, and judged by the
    test losses of what was chosen.
    """
    return "test" if fronts and _has_test(curves) else "validation"


def _has_test(curves: pd.DataFrame) -> bool:
    return bool(curves["test_median"].notna().any())


def comparisons(results: Results) -> list[Comparison]:
    """What can be compared in the results, in order of (dataset, model); raises `UserError` where runs do not match.

    Runs with a ladder of fidelities must have been read by a unit of cost each (`selection.read`).
    """
    measured = results if isinstance(results, Measured) else Measured(results.trials, results.runs)
    table, known = runs(results), measured.ladders
    validation, test = losses(results.trials["best_loss"]), losses(results.trials["incumbent_test_loss"])
    compared = []
    for (dataset, model), part in table.groupby(["dataset", "model"], sort=True):
        mixing.refuse_mixed_families(part, results.runs)
        mixing.refuse_mixed_losses(part)
        spent = part["trials"] // part["factor"]
        longest = int(np.maximum(spent, part["budget"].where(np.isfinite(part["budget"]), 0)).max())
        drawn = curves(part, validation, test, longest)
        evaluations = int(drawn.groupby("label")["evaluations"].max().min()) if len(drawn) else 0
        several = {run: measured.fronts[run] for run in identities.run_ids(part) if run in measured.fronts}
        final = quartiles.final(part, drawn, evaluations, judged(drawn, several))
        metric = str(part["metric"].iloc[0])
        own = {run: known[run] for run in identities.run_ids(part) if run in known} if known else {}
        drawn = drawn.assign(full=_full(part, drawn, own)) if own else drawn
        compared.append(
            Comparison(str(dataset), str(model), metric, evaluations, longest, part, drawn, final, own, several)
        )
    return compared


def runs(results: Results) -> pd.DataFrame:
    """One row a run, in order of (dataset, model, label, experiment, seed).

    Columns: `experiment`, `dataset`, `model`, `optimizer`, `seed`; `label`, the name of its curve; `first`, its first
    row in `results.trials`, and `trials`, their number, one a trial, or of a run with a ladder of fidelities one a unit
    of cost; `made`, how many trials it made, and `cost`, what they cost in full evaluations; `failed`, how many did not
    succeed; `barren`, whether none did;
    `optimizer_seconds` (ask + tell) and `evaluation_seconds`, summed, NaN where not all are known; `budget`, in trials,
    or in full evaluations where cost is limited, inf where neither is; `factor`, how many trials it makes for each of
    the budget (2 for random_2x); `workers`, how many evaluations are open at a time; `method`, the
    optimiser's name in its config, whatever their number; `untuned`, whether it is of the suite's own default
    configuration; `minimum`, that of a function without noise, NaN where it is not known;
    `exhausted`; `known`, up to how many trials of the budget its best loss is known; `family`, of its problem, and
    `problem`, the hash of the very one that it is on; `metric`; `judged`, by which losses where these are several;
    `control`, which one it is, and `replay`, what is recorded of the surrogate, as JSON: empty where it is none.

    A run that was exhausted keeps its best loss however many evaluations others have: `known` is inf. One that spent
    its seconds keeps it up to its budget of trials: it has nothing else to show for what it did not evaluate.

    A curve has the name of its optimiser. Where two experiments have the same (dataset, model, optimizer, seed), or
    give the same name to other settings, its curves carry the name of the experiment in every figure.
    """
    known = results.ladders if isinstance(results, Measured) else {}
    several = results.fronts if isinstance(results, Measured) else {}
    table = pd.DataFrame(
        [_described(run, metadata, known.get(run), several.get(run)) for run, metadata in results.runs.items()]
    )
    rows = _rows(results)
    table = table.merge(rows, how="left", on=identities.NAMES)
    table[rows.columns] = table[rows.columns].fillna({"first": 0, "trials": 0, "failed": 0, "barren": True})
    empty = table["trials"] == 0  # the seconds of others may be unknown
    table.loc[empty, ["optimizer_seconds", "evaluation_seconds"]] = 0.0
    table = table.astype({"first": "int64", "trials": "int64", "failed": "int64", "barren": "bool"})
    table = _counted(table, known)
    table["label"] = _labels(table)
    mixing.refuse_mixed_settings(table)
    order = ["dataset", "model", "label", "experiment", "seed"]
    return table.sort_values(order, ignore_index=True).drop(columns="settings")


def _counted(table: pd.DataFrame, known: Mapping[RunId, Ladder]) -> pd.DataFrame:
    """With `made` and `cost`; of runs with a ladder all that is counted is of its trials, not of its rows."""
    table = table.assign(made=table["trials"], cost=table["trials"].astype(np.float64))
    for place, run in enumerate(identities.run_ids(table)) if known else ():
        if run in known:
            own = known[run]
            table.loc[place, ["made", "failed"]] = len(own.cost), int(own.failed.sum())
            table.loc[place, "cost"] = own.total
            table.loc[place, "barren"] = bool(own.failed.all())
            table.loc[place, ["optimizer_seconds", "evaluation_seconds"]] = own.asking.sum(), own.evaluating.sum()
    return table


def _full(runs: pd.DataFrame, drawn: pd.DataFrame, known: Mapping[RunId, Ladder]) -> NDArray[np.int64]:
    """How many of a curve's runs have evaluated a configuration fully, and paid for it, at each of its points."""
    paid = (
        np.array([known[run].paid if run in known else 1.0 for run in identities.run_ids(runs)])
        / runs["factor"].to_numpy()
    )
    counts = [
        np.searchsorted(np.sort(paid[(runs["label"] == label).to_numpy()]), part["evaluations"], side="right")
        for label, part in drawn.groupby("label", sort=False)
    ]
    return np.concatenate(counts) if counts else np.empty(0, dtype=np.int64)


def curves(
    runs: pd.DataFrame, validation: NDArray[np.float64], test: NDArray[np.float64], longest: int
) -> pd.DataFrame:
    """Quartiles over runs after 1, 2, ... evaluations, one row per label and number of evaluations.

    `validation` and `test` are the columns best_loss and incumbent_test_loss of all trials, +inf for null. Columns:
    `label`, `evaluations` (trial + 1), `runs` (how many, the same all along a curve), and `validation_lower`,
    `_median`, `_upper`, `test_lower`, ... as `statistics.quartiles` defines them; NaN where no trial has a test loss.

    After t evaluations a run stands at the value of its trial t - 1, or, having ended before, of its last one; a run
    that spends f evaluations for each of the budget stands at that of its trial f t - 1. A curve
    ends where any of its runs is not known (see `runs`), and at the latest after `longest` evaluations, so that
    every point of it rests on the same runs.
    """
    has_test = bool(np.isfinite(test[positions(runs)]).any())
    parts = {}
    for label, part in runs.groupby("label", sort=True):
        end = int(min(part["known"].min(), longest))
        columns: dict[str, Any] = {"evaluations": np.arange(1, end + 1), "runs": len(part)}
        for kind, values in zip(quartiles.KINDS, (validation, test), strict=True):
            known = kind == "validation" or has_test
            place = part["first"].to_numpy(), part["trials"].to_numpy(), end, int(part["factor"].max())
            lines = quartiles.quartiles(stack(values, *place)) if known else [np.nan] * len(quartiles.QUARTILES)
            columns |= {f"{kind}_{name}": line for name, line in zip(quartiles.QUARTILES, lines, strict=True)}
        parts[str(label)] = pd.DataFrame(columns)
    return by_label(parts)


def by_label(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Frames under one another, each with its label in the first column; its rows are numbered from 0."""
    together = pd.concat(frames.values(), ignore_index=True)
    labels = pd.Series(list(frames)).repeat([len(frame) for frame in frames.values()])
    together.insert(0, "label", labels.reset_index(drop=True))
    return together


def stack(
    values: NDArray[np.float64],
    first: NDArray[np.int64],
    trials: NDArray[np.int64],
    evaluations: int,
    factor: int = 1,
) -> NDArray[np.float64]:
    """The values of runs after 1..`evaluations` times `factor` evaluations, (runs, evaluations).

    Run r has the rows first[r] .. first[r] + trials[r] - 1 of `values`; its last value is carried on, and a run without
    any trial stands at +inf.
    """
    place = np.minimum(np.arange(1, evaluations + 1) * factor, trials[:, None]) - 1
    stacked = np.full(place.shape, np.inf)
    ran = trials > 0
    stacked[ran] = values[first[ran, None] + place[ran]]
    return stacked


def losses(column: pd.Series) -> NDArray[np.float64]:
    """A column of losses, +inf where it is null: a failure is worse than every loss."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), np.inf, values)


def positions(runs: pd.DataFrame) -> NDArray[np.int64]:
    """The rows of `results.trials` that belong to the runs, in their order."""
    rows: NDArray[np.int64] = np.repeat(runs["first"].to_numpy(), runs["trials"].to_numpy()) + within(runs)
    return rows


def within(runs: pd.DataFrame) -> NDArray[np.int64]:
    """The numbers of the runs' trials, 0, 1, ... in each."""
    lengths = runs["trials"].to_numpy()
    numbers: NDArray[np.int64] = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return numbers


def budgeted(metadata: Mapping[str, Any]) -> int | None:
    """How many full evaluations, which are trials, a run may make; None where their number is not limited.

    Of a run without a ladder of fidelities, in which every trial costs 1.
    """
    budget = (metadata.get("config") or {}).get("budget") or {}
    trials: int | None = budget.get("trials")
    if trials is not None or budget.get("cost") is None:
        return trials
    return math.floor(float(budget["cost"]) + ladders.TOLERANCE)


def _described(
    run: RunId, metadata: Mapping[str, Any], ladder: Ladder | None, several: Fronts | None
) -> dict[str, Any]:
    """What the metadata say of a run, as a row of `runs`."""
    if ladder is None and metadata.get("fidelity"):
        raise ValueError(f"{run}: has a ladder of fidelities, and its rows are trials; read it by selection.read")
    config = metadata.get("config") or {}
    factor = (config.get("optimizer") or {}).get("budget_factor") or 1
    exhausted = metadata.get("ended") == "exhausted"
    settings = {**(config.get("optimizer") or {}), "initial_design": config.get("initial_design")}
    settings.pop("seed", None)
    if ladder is None:
        budget = budgeted(metadata)
        trials = np.inf if budget is None else float(budget)
        known = np.inf if exhausted else trials
    else:
        cost = ladders.budget(metadata)
        trials = np.inf if cost is None else math.floor(cost / factor + ladders.TOLERANCE)
        known = float(np.floor(ladders.known_cost(ladder, metadata) / factor + ladders.TOLERANCE))
    minimum = metadata.get("known_minimum")
    return {
        **vars(run),
        "budget": trials,
        "factor": factor,
        "workers": int(metadata.get("workers") or 1),
        "method": str((config.get("optimizer") or {}).get("name") or run.optimizer),
        "untuned": (config.get("optimizer") or {}).get("class") == _DEFAULT,
        "exhausted": exhausted,
        "known": known,
        "family": str(metadata.get("problem_family") or metadata.get("problem")),
        "problem": str(metadata.get("problem") or metadata.get("problem_family")),
        "task": str(metadata.get("task") or ""),
        "minimum": np.nan if minimum is None or metadata.get("noise") else float(minimum),
        "metric": MISSING
        if several is not None
        else unmarked(metadata.get("metric") or (config.get("metric") or {}).get("name") or "loss"),
        "judged": "" if several is None else unmarked(several.objectives.key),
        "control": unmarked(metadata.get("control") or ""),
        "replay": json.dumps(metadata["replay"], sort_keys=True) if metadata.get("replay") else "",
        "settings": json.dumps(settings, sort_keys=True, default=str),
    }


def _rows(results: Results) -> pd.DataFrame:
    """Where each run's rows stand in `results.trials`, and their sums; runs without a row are left out."""
    trials = results.trials
    changes = np.zeros(len(trials), dtype=bool)
    changes[:1] = True
    for name in identities.NAMES:
        column = trials[name]
        codes = column.cat.codes.to_numpy() if isinstance(column.dtype, pd.CategoricalDtype) else column.to_numpy()
        changes[1:] |= codes[1:] != codes[:-1]
    first = np.flatnonzero(changes)
    lengths = np.diff(np.append(first, len(trials)))
    rows = (
        trials.iloc[first][identities.NAMES].astype(dict.fromkeys(identities.NAMES[:-1], "str")).reset_index(drop=True)
    )
    place = np.arange(len(trials)) - np.repeat(first, lengths)
    wrong = set(first[rows.duplicated()]) | set(np.flatnonzero(trials["trial"].to_numpy() != place)[:1])
    if wrong:
        row = trials.iloc[min(wrong)]
        raise UserError(
            f"{RunId(*(row[name] for name in identities.NAMES))}: its trials are not numbered 0, 1, 2, ... "
            f"(found {row['trial']}); delete its table and run it again"
        )
    known = {(run.experiment, run.dataset, run.model, run.optimizer, run.seed) for run in results.runs}
    for row in rows.itertuples(index=False, name=None):
        if row not in known:
            raise UserError(
                f"{RunId(*row)}: the table that names this run stands elsewhere; move it back to that place"
            )
    failed = (trials["status"] != "ok").to_numpy()
    optimizer_seconds = (trials["ask_seconds"] + trials["tell_seconds"]).to_numpy()
    return rows.assign(
        first=first,
        trials=lengths,
        failed=_sums(failed.astype(np.int64), first),
        barren=_sums(failed.astype(np.int64), first) == lengths,
        optimizer_seconds=_sums(optimizer_seconds, first),
        evaluation_seconds=_sums(trials["evaluate_seconds"].to_numpy(), first),
    )


def _sums(values: NDArray[Any], first: NDArray[np.int64]) -> NDArray[Any]:
    return np.add.reduceat(values, first) if len(first) else values[:0]


def _labels(runs: pd.DataFrame) -> pd.Series:
    """The names of the runs' curves."""
    place = ["dataset", "model", "optimizer"]
    repeated = set(runs.loc[runs.duplicated([*place, "seed"]), "optimizer"])
    groups = runs.groupby(place)[["experiment", "settings"]].nunique()
    apart = groups[(groups["experiment"] > 1) & (groups["settings"] > 1)]
    ambiguous = repeated | set(apart.index.get_level_values("optimizer"))
    shown = runs["optimizer"].map(_shown(runs["optimizer"].unique().tolist()))
    both = shown + " (" + runs["experiment"].map(unmarked) + ")"
    return shown.where(~runs["optimizer"].isin(ambiguous), both)


def _shown(names: Sequence[str]) -> dict[str, str]:
    """How names stand in sentences, tables and figures; where two would look the same, each has a digest beside it."""
    shown = {str(name): unmarked(name) for name in names}
    alike = {text for text, count in Counter(shown.values()).items() if count > 1}
    return {name: f"{text} ({digest(name)[:8]})" if text in alike else text for name, text in shown.items()}
