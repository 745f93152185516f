"""How the runs of two optimisers are related, read from what they proposed and received: which test may compare them.

Two optimisers whose libraries draw alike have the same trials at the same seed; one that takes no seed has the same run
at every seed. Neither is what a test of independent samples assumes, whatever a config says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import results
from bench.report.runs import identities, samples
from bench.report.runs.curves import Comparison
from bench.report.runs.proposals import Proposals
from bench.report.runs.selection import Reading
from bench.report.statistics.designs import Design, Relation
from bench.report.statistics.sequential import Looks
from bench.results import RunId


@dataclass(frozen=True)
class _Run:
    """One run's trials, in short."""

    proposals: Proposals
    losses: NDArray[np.float64]
    """By trial, or with a ladder of fidelities by unit of cost."""
    results_dir: Path
    run: RunId

    @cached_property
    def configurations(self) -> list[str]:
        table, _ = results.read_run(self.results_dir, self.run, ["configuration"], {})
        configurations: list[str] = table["configuration"].to_pylist()
        return configurations

    def is_(self, other: "_Run") -> bool:
        """Whether both have the same trials."""
        return self.proposals.sequence == other.proposals.sequence and np.array_equal(
            self.losses, other.losses, equal_nan=True
        )

    def begins(self, other: "_Run") -> bool:
        """Whether the other's first trials are this one's, and it has more."""
        count = len(self.losses)
        return (
            0 < count < len(other.losses)
            and self.proposals.first == other.proposals.first
            and np.array_equal(self.losses, other.losses[:count], equal_nan=True)
            and self.configurations == other.configurations[: len(self.configurations)]
        )

    def begins_as(self, other: "_Run") -> bool:
        """Whether both have the same first trial."""
        return (
            min(len(self.losses), len(other.losses)) > 0
            and self.proposals.first == other.proposals.first
            and np.array_equal(self.losses[:1], other.losses[:1], equal_nan=True)
        )


def design(comparison: Comparison, reading: Reading, looks: Looks | None = None) -> Design:
    """Which runs there are, in the order of the comparison's table, and how those of any two optimisers are related.

    Where seeds are added by `looks`, the runs of the first one decide how: a test must not change with the seeds.
    """
    every = _runs(comparison, reading)
    by_label = every if looks is None else {label: _at_first(runs, looks) for label, runs in every.items()}
    shared = samples.shared(comparison, reading.results)
    single = frozenset(label for label, runs in by_label.items() if _is_one_run(list(runs.values())))
    relations: dict[frozenset[str], Relation] = {
        frozenset((a, b)): _relation(by_label[a], by_label[b], a in single, b in single, shared)
        for a, b in combinations(by_label, 2)
    }
    return Design({label: frozenset(runs) for label, runs in every.items()}, single, relations)


def _at_first(runs: Mapping[int, _Run], looks: Looks) -> dict[int, _Run]:
    """The runs of the first look, of a label that has any of them; else all."""
    return {seed: run for seed, run in runs.items() if seed in looks.seeds()} or dict(runs)


def _runs(comparison: Comparison, reading: Reading) -> dict[str, dict[int, _Run]]:
    """The runs of each label, by seed."""
    losses = reading.results.trials["loss"].to_numpy(dtype=np.float64, na_value=np.nan)
    table = comparison.runs
    by_label: dict[str, dict[int, _Run]] = {str(label): {} for label in comparison.final["label"]}
    for run, label, first, count in zip(
        identities.run_ids(table), table["label"], table["first"].tolist(), table["trials"].tolist(), strict=True
    ):
        trials = losses[first : first + count]
        by_label[str(label)][run.seed] = _Run(reading.proposals[run], trials, reading.results_dir, run)
    return by_label


def _is_one_run(runs: list[_Run]) -> bool:
    """Whether several seeds gave one run."""
    return len(runs) > 1 and len(runs[0].losses) > 0 and all(runs[0].is_(other) for other in runs[1:])


def _relation(a: Mapping[int, _Run], b: Mapping[int, _Run], a_single: bool, b_single: bool, shared: bool) -> Relation:
    common = sorted(a.keys() & b.keys())
    both = [(a[seed], b[seed]) for seed in common if len(a[seed].losses) or len(b[seed].losses)]
    if both and all(ours.is_(theirs) for ours, theirs in both):
        return "clone"
    if both and (all(x.begins(y) for x, y in both) or all(y.begins(x) for x, y in both)):
        return "nested"
    if a_single and b_single:
        return "values"
    if a_single or b_single:
        return "value"
    return "paired" if shared or any(ours.begins_as(theirs) for ours, theirs in both) else "unpaired"
