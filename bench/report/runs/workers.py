"""Runs that evaluate side by side: how many workers each has, and when each of its trials ended on their clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import results
from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading

Values = NDArray[np.float64]

SECONDS, COST = "seconds of evaluation", "full evaluations"
"""What the clock counts."""


@dataclass(frozen=True)
class Timed:
    """One run on the clock; arrays by trial, in order of ending."""

    optimizer: str
    """Of its config, whatever its number of workers."""
    label: str
    seed: int
    problem: str
    workers: int
    ends: Values
    """When each trial ended."""
    best: Values
    """Best validation loss so far, +inf before the first success."""
    exhausted: bool


def clocked_by(comparison: Comparison, reading: Reading) -> str | None:
    """What the clock of a comparison's workers counts; None where no run has several, or theirs count differently."""
    runs = [reading.results.runs[run] for run in identities.run_ids(comparison.runs)]
    clocks = {_clock(metadata, comparison.without_data) for metadata in runs if (metadata.get("workers") or 1) > 1}
    return clocks.pop() if len(clocks) == 1 else None


def _clock(metadata: Mapping[str, Any], function: bool) -> str:
    config = metadata.get("config") or {}
    return COST if function or (config.get("workers") or {}).get("clock") == "cost" else SECONDS


def timed(comparison: Comparison, reading: Reading, clock: str) -> list[Timed]:
    """All runs of the comparison; the clock of one worker is the sum of what its evaluations took."""
    table = comparison.runs
    columns_of_runs = (table[name] for name in ("method", "label", "problem", "exhausted"))
    runs = []
    for run, method, label, problem, exhausted in zip(identities.run_ids(table), *columns_of_runs, strict=True):
        metadata = reading.results.runs[run]
        workers = int(metadata.get("workers") or 1)
        second = metadata["schema"] == 2
        columns = ["best_loss", "evaluate_seconds", *(["clock", "cost"] if second else [])]
        rows, _ = results.read_run(reading.results_dir, run, columns, {})
        several = comparison.fronts.get(run)
        best = rows["best_loss"].to_numpy().astype(np.float64) if several is None else several.missing[0]
        if workers > 1:
            ends = rows["clock"].to_numpy().astype(np.float64)
        elif clock == COST:
            ends = np.cumsum(rows["cost"].to_numpy().astype(np.float64) if second else np.ones(len(best)))
        else:
            ends = np.cumsum(rows["evaluate_seconds"].to_numpy().astype(np.float64))
        best = np.where(np.isnan(best), np.inf, best)
        runs.append(Timed(str(method), str(label), run.seed, str(problem), workers, ends, best, bool(exhausted)))
    return runs
