"""Which pairs of a comparison are still open, as its report would say: what more seeds are made for."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from bench.report.analysis import testing
from bench.report.analysis.testing import Basis
from bench.report.runs import curves, references, samples
from bench.report.runs.selection import Reading
from bench.report.statistics import sequential
from bench.report.statistics.sequential import Looks


@dataclass(frozen=True)
class Decisions:
    """What the tests of one problem say, of the runs that are there."""

    dataset: str
    model: str
    basis: Basis
    pairs: pd.DataFrame
    """See `sequential.compare`, or where numbers of seeds were fixed `pairs.compare`."""

    @property
    def open(self) -> list[tuple[str, str]]:
        """The pairs that are not decided, of those that can be tested."""
        rows = sequential.undecided(self.pairs)
        return list(zip(rows["a"], rows["b"], strict=True))


def decisions(reading: Reading, looks: Looks | None = None) -> Iterator[Decisions]:
    """Those of each problem, in order of (dataset, model), by `looks` where no table names any yet.

    Raises `UserError` where runs cannot be compared.
    """
    for comparison in curves.comparisons(reading.results):
        by_label = samples.samples(comparison, reading.results)
        kind = comparison.judged
        pools = references.pools(comparison, reading.results)
        basis = testing.basis(comparison, reading, by_label, pools, looks)
        runs = samples.by_label(
            {
                label: pd.DataFrame({"seed": sample.seeds, kind: sample.final(kind, comparison.evaluations)})
                for label, sample in by_label.items()
            }
        )
        yield Decisions(comparison.dataset, comparison.model, basis, testing.compare(basis, runs, kind))
