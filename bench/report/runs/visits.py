"""Where the optimisers looked: the configurations of a comparison, on the scales of the space."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json as pa_json
from numpy.typing import NDArray
from scipy.stats import rankdata

from bench import results
from bench.errors import UserError
from bench.report.runs import curves, identities
from bench.report.runs.curves import Comparison
from bench.report.runs.ladders import Ladder
from bench.report.runs.selection import Reading
from bench.results import RunId, UnreadableTable
from bench.space import Categorical, Float, Ordinal, Parameter, Space, parsing

MOST = 20_000
"""How many trials are placed at most; of more, whole runs are taken, the same share of each optimiser's."""

_NO_POINTS = (ValueError, TypeError, AttributeError)
"""What a text raises that is no configuration of the space."""


@dataclass(frozen=True)
class Visits:
    """What the runs of one comparison asked for."""

    space: Space
    trials: pd.DataFrame
    """One row a trial at full fidelity of the runs that are placed: `label`; `run`, its row of `runs`; `evaluation`,
    from 1, in units of the budget; `loss`, +inf where it failed; `rank`, see `ranks`."""
    places: pd.DataFrame
    """The rows of `trials`; see `places`."""
    runs: pd.DataFrame
    """One row a run, in the comparison's order: `label`, `seed`, `trials`; `repeated`, how many of them ask for what it
    had asked for before; `sequence`, a number that runs with the same configurations in the same order share; `placed`,
    whether its trials stand in `trials`; `incumbent`, whether it has one."""
    incumbents: pd.DataFrame
    """The rows of `runs` that have an incumbent, the first trial with the least loss: its place; see `places`."""

    @property
    def thinned(self) -> bool:
        """Whether there are more runs than are placed."""
        return not bool(self.runs["placed"].all())


def read(results_dir: Path, comparison: Comparison, reading: Reading, most: int = MOST) -> Visits | None:
    """The configurations of the comparison's runs, which are of `reading`; None where they do not record their space.

    Only the tables of the runs that are placed are read again. Raises `UnreadableTable` where one holds something else
    than configurations.
    """
    ids = identities.run_ids(comparison.runs)
    every = (space_of(reading.results.runs[run]) for run in ids)
    space = next((each for each in every if each is not None), None)  # imported runs among them may have none
    if space is None:
        return None
    proposed = [reading.proposals[run] for run in ids]
    known = [each.first != "{}" for each in proposed]  # of imported runs the configurations may not be known
    own = [each.sequence if known[number] else (number,) for number, each in enumerate(proposed)]
    sequences = {sequence: number for number, sequence in enumerate(dict.fromkeys(own))}
    best = {number: each.incumbent for number, each in enumerate(proposed) if each.incumbent is not None}
    names = [parameter.name for parameter in space.searched]
    runs = comparison.runs[["label", "seed"]].assign(
        trials=comparison.runs["made"],
        repeated=[each.repeated if known[number] else 0 for number, each in enumerate(proposed)],
        sequence=[sequences[sequence] for sequence in own],
        placed=_chosen(comparison.runs, most),
        incumbent=np.isin(np.arange(len(ids)), list(best)),
    )
    runs = runs.reset_index(drop=True)
    laddered = [comparison.ladders.get(run) for run in ids]
    placed = [
        _values(_configurations(results_dir, ids[number], laddered[number]), space, results_dir, ids[number])
        for number in runs.index[runs["placed"]]
    ]
    return Visits(
        space,
        _trials(
            comparison.runs[runs["placed"].to_numpy()],
            runs.index[runs["placed"]],
            reading.results.trials["loss"],
            laddered,
        ),
        pd.DataFrame(np.concatenate(placed), columns=names),
        runs,
        pd.DataFrame(_incumbents(best, space, results_dir, ids), index=list(best), columns=names),
    )


def space_of(metadata: Mapping[str, Any]) -> Space | None:
    """The search space that a run records; None where it has none, or none that this version reads.

    One of a foreign table whose names cannot be printed is none.
    """
    recorded = ((metadata.get("config") or {}).get("model") or {}).get("space")
    try:
        space = parsing.parse(recorded) if recorded else None
    except UserError:
        return None
    return space if space is None or all(parameter.name.isprintable() for parameter in space.searched) else None


def places(configurations: Sequence[str], space: Space) -> pd.DataFrame:
    """Where configurations, as canonical JSON, are: one column per searched parameter, in space order.

    A number v in low..high has the place (v - low) / (high - low), on a log scale log(v / low) / log(high / low), on a
    logit scale that of its logit, so that 0 is its low and 1 its high end; the i-th of n choices, ordered or not, from
    0, i / (n - 1). NaN where a parameter is inactive.
    """
    return pd.DataFrame(_placed(configurations, space), columns=[parameter.name for parameter in space.searched])


def ranks(losses: NDArray[np.float64], problems: NDArray[Any]) -> NDArray[np.float64]:
    """Each trial's share of the trials on its problem that are better: 0 is the least loss of all, near 1 the worst.

    With mid-rank r among n, 1 being the least and failures (+inf) tied as the worst, (r - 1/2) / n. Trials with another
    split are other problems: their losses are not on one scale.
    """
    shares = np.empty(len(losses))
    for problem in pd.unique(problems):
        here = problems == problem
        shares[here] = (rankdata(losses[here]) - 0.5) / here.sum()
    return shares


def _chosen(runs: pd.DataFrame, most: int) -> NDArray[np.bool_]:
    """Which runs are placed: all, or of each label the first, its share of `most` trials and at least one run."""
    total = int(runs["trials"].sum())
    if total <= most:
        return np.ones(len(runs), dtype=bool)
    size = runs.groupby("label")["seed"].transform("size")
    kept: NDArray[np.bool_] = (
        runs.groupby("label").cumcount() < np.maximum(1, np.floor(size * most / total))
    ).to_numpy()
    return kept


def _configurations(results_dir: Path, run: RunId, ladder: Ladder | None) -> list[str]:
    """Those of a run's trials at full fidelity."""
    table, _ = results.read_run(results_dir, run, ["configuration"], {})
    configurations: list[str] = table["configuration"].to_pylist()
    return configurations if ladder is None else [configurations[row] for row in np.flatnonzero(ladder.full)]


def _trials(runs: pd.DataFrame, numbers: pd.Index, every: pd.Series, laddered: Sequence[Ladder | None]) -> pd.DataFrame:
    """`Visits.trials` of the runs that are placed, by their numbers, from the losses of all trials there are.

    `laddered` has the ladder of each run, placed or not.
    """
    own = [laddered[number] for number in numbers]
    loss, place = curves.losses(every.iloc[curves.positions(runs)]), curves.within(runs)
    lengths = runs["trials"].to_numpy()
    if any(own):
        losses, places = (np.split(values, np.cumsum(lengths)[:-1]) for values in (loss, place))
        for number, ladder in enumerate(own):
            if ladder is not None:
                losses[number], places[number] = ladder.loss[ladder.full], ladder.ended_in[ladder.full] - 1
        loss, place, lengths = np.concatenate(losses), np.concatenate(places), np.array(list(map(len, losses)))
    run = np.repeat(np.arange(len(runs)), lengths)
    evaluation = place // runs["factor"].to_numpy()[run] + 1
    rank = ranks(loss, pd.factorize(runs["problem"])[0][run])
    label = runs["label"].array.take(run)
    return pd.DataFrame(
        {"label": label, "run": numbers.to_numpy()[run], "evaluation": evaluation, "loss": loss, "rank": rank}
    )


def _incumbents(best: Mapping[int, str], space: Space, results_dir: Path, runs: Sequence[RunId]) -> NDArray[np.float64]:
    """`places` of the runs' incumbents, all at once, as an array."""
    try:
        return _placed(list(best.values()), space)
    except _NO_POINTS:
        for number, configuration in best.items():  # whose it is
            _values([configuration], space, results_dir, runs[number])
        raise


def _values(asked: Sequence[str], space: Space, results_dir: Path, run: RunId) -> NDArray[np.float64]:
    """`places` of a run's configurations, as an array."""
    try:
        return _placed(asked, space)
    except _NO_POINTS:
        path = results.place(results_dir, run) or run.path(results_dir)
        reason = "its configurations are not points of its space; delete it and run it again"
        raise UnreadableTable(path, reason, run) from None


def _placed(configurations: Sequence[str], space: Space) -> NDArray[np.float64]:
    names = [parameter.name for parameter in space.searched]
    numeric = configurations and not any(isinstance(parameter, Categorical | Ordinal) for parameter in space.searched)
    columns: Sequence[Any] = (_numbers if numeric else _columns)(configurations, names)
    coordinates = [_column(values, parameter) for values, parameter in zip(columns, space.searched, strict=True)]
    return np.column_stack(coordinates) if coordinates else np.empty((len(configurations), 0))


def _numbers(configurations: Sequence[str], names: Sequence[str]) -> list[NDArray[np.float64]]:
    """The values of parameters that all are numbers, NaN where one is inactive: by Arrow, in a third of the time."""
    text = "\n".join(configurations).encode()
    table = pa_json.read_json(
        pa.BufferReader(text),
        pa_json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        pa_json.ParseOptions(pa.schema([(name, pa.float64()) for name in names]), unexpected_field_behavior="ignore"),
    )
    if len(table) != len(configurations) or not all(one.startswith("{") for one in configurations):
        raise ValueError("not one JSON object each")
    return [table[name].to_numpy() for name in names]


def _columns(configurations: Sequence[str], names: Sequence[str]) -> list[Sequence[Any]]:
    """The values of each parameter, NaN where it is inactive."""
    parsed = json.loads(f"[{','.join(configurations)}]")
    try:
        return [list(map(itemgetter(name), parsed)) for name in names]
    except KeyError:
        return [[entry.get(name, math.nan) for entry in parsed] for name in names]


def _column(column: Sequence[Any] | NDArray[np.float64], parameter: Parameter) -> NDArray[np.float64]:
    if isinstance(parameter, Categorical | Ordinal):
        index = {choice: i / (len(parameter.choices) - 1) for i, choice in enumerate(parameter.choices)}
        return np.array([index.get(value, math.nan) for value in column], dtype=np.float64)
    values = np.array(column, dtype=np.float64)
    if parameter.log:
        return np.log(values / parameter.low) / math.log(parameter.high / parameter.low)
    if isinstance(parameter, Float) and parameter.logit:
        low, high = parameter.ends
        return (np.log(values) - np.log1p(-values) - low) / (high - low)
    return (values - parameter.low) / (parameter.high - parameter.low)
