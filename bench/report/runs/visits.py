"""Where the optimisers looked: the configurations of a comparison, on the scales of the space."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import rankdata

from bench import results
from bench.errors import UserError
from bench.report.runs import curves
from bench.report.runs.curves import Comparison
from bench.results import UnreadableTable
from bench.space import Categorical, Parameter, Space, parsing

MOST = 20_000
"""How many trials are placed at most; of more, whole runs are taken, the same share of each optimiser's."""


@dataclass(frozen=True)
class Visits:
    """What the runs of one comparison asked for."""

    space: Space
    trials: pd.DataFrame
    """One row a trial of the runs that are placed: `label`; `run`, its row of `runs`; `evaluation`, from 1, in units of
    the budget; `loss`, +inf where it failed; `rank`, see `ranks`."""
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


def read(results_dir: Path, comparison: Comparison, most: int = MOST) -> Visits | None:
    """The configurations of the comparison's runs, from their tables; None where they do not record their space.

    Raises `UnreadableTable` where a table holds something else than configurations.
    """
    ids = curves.run_ids(comparison.runs)
    space = space_of(results.read_metadata(ids[0].path(results_dir)))
    if space is None:
        return None
    runs = (
        comparison.runs[["label", "seed", "trials"]]
        .reset_index(drop=True)
        .assign(placed=_chosen(comparison.runs, most))
    )
    described = zip(
        ids, runs["label"].tolist(), comparison.runs["factor"].tolist(), runs["placed"].tolist(), strict=True
    )
    repeats, trials, values, best = [], [], [], {}
    sequences: dict[bytes, int] = {}
    for number, (run, label, factor, placed) in enumerate(described):
        path = run.path(results_dir)
        table, metadata = results.read_run(path, ["configuration", "loss"])
        asked, loss = table["configuration"].combine_chunks(), table["loss"].to_numpy()
        loss = np.where(np.isnan(loss), np.inf, loss)
        repeats.append(_repeats(asked, sequences))
        if np.isfinite(loss).any():
            best[number] = _values(asked.slice(int(loss.argmin()), 1), space, path)[0]
        if placed:
            about = {"label": label, "run": number, "evaluation": np.arange(len(loss)) // factor + 1, "loss": loss}
            trials.append(pd.DataFrame({**about, "problem": str(metadata.get("problem"))}))
            values.append(_values(asked, space, path))
    every = pd.concat(trials, ignore_index=True)
    every["rank"] = ranks(every["loss"].to_numpy(), every.pop("problem").to_numpy())
    names = [parameter.name for parameter in space.searched]
    incumbents = pd.DataFrame.from_dict(best, orient="index", columns=names)
    return Visits(
        space,
        every,
        pd.DataFrame(np.concatenate(values), columns=names),
        runs.assign(**pd.DataFrame(repeats), incumbent=runs.index.isin(incumbents.index)),
        incumbents,
    )


def space_of(metadata: Mapping[str, Any]) -> Space | None:
    """The search space that a run records; None where it has none, or none that this version reads."""
    recorded = ((metadata.get("config") or {}).get("model") or {}).get("space")
    try:
        return parsing.parse(recorded) if recorded else None
    except UserError:
        return None


def places(configurations: Sequence[str], space: Space) -> pd.DataFrame:
    """Where configurations, as canonical JSON, are: one column per searched parameter, in space order.

    A number v in low..high has the place (v - low) / (high - low), on a log scale log(v / low) / log(high / low), so
    that 0 is its low and 1 its high end; the i-th of n choices, from 0, i / (n - 1). NaN where a parameter is inactive.
    """
    return pd.DataFrame(_placed(configurations, space), columns=[parameter.name for parameter in space.searched])


def ranks(losses: NDArray[np.float64], problems: NDArray[Any]) -> NDArray[np.float64]:
    """Each trial's share of the trials on its problem that are better: 0 is the least loss of all, near 1 the worst.

    With mid-rank r among n, 1 being the least and failures (+inf) tied as the worst, (r - 1/2) / n. Trials with another
    split are other problems: their losses are not on one scale.
    """
    found = np.empty(len(losses))
    for problem in pd.unique(problems):
        here = problems == problem
        found[here] = (rankdata(losses[here]) - 0.5) / here.sum()
    return found


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


def _repeats(asked: pa.Array, sequences: dict[bytes, int]) -> dict[str, int]:
    """How many configurations of a run it had asked for before, and the number of their sequence."""
    text = "\n".join(asked.to_pylist())
    sequence = sequences.setdefault(hashlib.sha256(text.encode()).digest(), len(sequences))
    return {"repeated": len(asked) - pc.count_distinct(asked).as_py(), "sequence": sequence}


def _values(asked: pa.Array, space: Space, path: Path) -> NDArray[np.float64]:
    """`places` of a table's configurations, as an array."""
    try:
        return _placed(asked.to_pylist(), space)
    except (ValueError, TypeError, AttributeError):
        raise UnreadableTable(
            path, "its configurations are not points of its space; delete it and run it again"
        ) from None


def _placed(configurations: Sequence[str], space: Space) -> NDArray[np.float64]:
    parsed = json.loads(f"[{','.join(configurations)}]")
    columns = [_column(parsed, parameter) for parameter in space.searched]
    return np.column_stack(columns) if columns else np.empty((len(parsed), 0))


def _column(parsed: Sequence[Mapping[str, Any]], parameter: Parameter) -> NDArray[np.float64]:
    name = parameter.name
    if isinstance(parameter, Categorical):
        index = {choice: i / (len(parameter.choices) - 1) for i, choice in enumerate(parameter.choices)}
        return np.array([index.get(entry[name], math.nan) if name in entry else math.nan for entry in parsed])
    values = np.array([entry.get(name, math.nan) for entry in parsed], dtype=np.float64)
    if parameter.log:
        return np.log(values / parameter.low) / math.log(parameter.high / parameter.low)
    return (values - parameter.low) / (parameter.high - parameter.low)
