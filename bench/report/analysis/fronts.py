"""The fronts of runs that are judged by several losses: their sizes, their ends, what they attain together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.report.runs.fronts import Objectives
from bench.report.statistics import hypervolume, intervals

Values = NDArray[np.float64]

SHARES = (0.25, 0.5, 0.75)
"""The shares of runs whose attainment surfaces are shown: the quartiles and the median."""


@dataclass(frozen=True)
class OfFronts:
    """The account of the fronts of a comparison, each of validation losses after its number of evaluations."""

    objectives: Objectives
    kind: str
    """Whose losses are shown: `Comparison.judged`."""
    points: pd.DataFrame
    """`label`, `seed`, `trial`, and by each loss's name that of the trial; with a test part `NAME_test` too. A row for
    each trial on the front of its run."""
    table: pd.DataFrame
    """A row a label, in the order of the comparison's table: `label`, `runs`; medians over runs of `points`, the trials
    on a front, of the lowest of each loss on it, `lowest_NAME`, and of `distance`, IGD+ from the known front, with its
    interval, `distance_low` and `distance_high`; NaN where no front is known."""
    surfaces: pd.DataFrame
    """`label`, `share`, and the corners of its attainment surface, `first` and `second`, ascending; of two losses."""


def of_fronts(comparison: Comparison) -> OfFronts | None:
    """The account of a comparison; None where its runs are judged by one loss."""
    objectives = comparison.objectives
    if objectives is None:
        return None
    points, fronts = _points(comparison, objectives)
    labels = [str(label) for label in comparison.final["label"]]
    rows = [_row(label, fronts[label], objectives) for label in labels]
    corners = [
        pd.DataFrame({"label": label, "share": share, "first": surface[:, 0], "second": surface[:, 1]})
        for label in labels
        if len(objectives.names) == 2
        for share, surface in zip(SHARES, hypervolume.attained(fronts[label], SHARES), strict=True)
    ]
    empty = pd.DataFrame(columns=["label", "share", "first", "second"])
    known = [frame for frame in corners if len(frame)]
    return OfFronts(
        objectives,
        comparison.judged,
        points,
        pd.DataFrame(rows),
        pd.concat(known, ignore_index=True) if known else empty,
    )


def _points(comparison: Comparison, objectives: Objectives) -> tuple[pd.DataFrame, dict[str, list[Values]]]:
    """`OfFronts.points`, and by label the losses of each run's front of the kind that is shown."""
    parts: list[pd.DataFrame] = []
    fronts: dict[str, list[Values]] = {str(label): [] for label in comparison.final["label"]}
    runs = comparison.runs
    for run, label, factor in zip(identities.run_ids(runs), runs["label"], runs["factor"], strict=True):
        own = comparison.fronts[run]
        rows = own.front(comparison.evaluations * factor)
        validation, test = own.losses.validation[rows], own.losses.test[rows]
        part = pd.DataFrame(validation, columns=list(objectives.names))
        if comparison.has_test:
            part = part.join(pd.DataFrame(test, columns=[f"{name}_test" for name in objectives.names]))
        part.insert(0, "trial", rows)
        part.insert(0, "seed", run.seed)
        part.insert(0, "label", str(label))
        parts.append(part)
        judged = test if comparison.judged == "test" else validation
        fronts[str(label)].append(judged[np.isfinite(judged).all(axis=1)])
    return pd.concat(parts, ignore_index=True), fronts


def _row(label: str, fronts: list[Values], objectives: Objectives) -> dict[str, float | str]:
    row: dict[str, float | str] = {"label": label, "runs": len(fronts)}
    row["points"] = float(np.median([len(front) for front in fronts]))
    for place, name in enumerate(objectives.names):
        row[f"lowest_{name}"] = float(np.median([front[:, place].min(initial=np.inf) for front in fronts]))
    distances = np.full(len(fronts), np.nan)
    if objectives.known:
        distances = np.array([hypervolume.distance(front, np.array(objectives.known)) for front in fronts])
    interval = intervals.median(distances)
    known = bool(objectives.known)
    for end, value in (("", interval.estimate), ("_low", interval.low), ("_high", interval.high)):
        row[f"distance{end}"] = float(value) if known else np.nan
    return row


def renamed(account: OfFronts | None, names: Mapping[str, str]) -> OfFronts | None:
    """The same under other names of optimisers."""
    if account is None:
        return None

    def new(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(label=[names.get(label, label) for label in frame["label"]])

    return replace(account, points=new(account.points), table=new(account.table), surfaces=new(account.surfaces))
