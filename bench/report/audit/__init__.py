"""What makes a comparison less than fair, and what was checked and found in order.

`making` checks how the runs were made, `environment` with what and where, `searching` what came of them, `asking` what
they asked for; `entries` has what they share. Each check says something, so that a reader sees that it was made.
"""

from collections.abc import Iterator, Mapping

from bench.report.analysis.controls import Outcome
from bench.report.audit import asking, environment, making, searching
from bench.report.audit.entries import LEVELS, Finding, Metadata, metadata_of, provenance_of
from bench.report.runs.curves import Comparison
from bench.report.runs.visits import Visits
from bench.results import Results, RunId

__all__ = ["LEVELS", "Finding", "Metadata", "findings", "metadata_of", "provenance_of", "warnings"]


def findings(
    comparison: Comparison,
    results: Results,
    left_out: Mapping[RunId, str] | None = None,
    visits: Visits | None = None,
    control: Outcome | None = None,
) -> list[Finding]:
    """What the audit of one comparison says: the gravest first, else in the order of the checks.

    `left_out` are the runs that could not be read, with why (`reading.Reading`); `visits`, of the comparison, is None
    where its configurations are not known: then nothing is said of them. `control` is what came of 'bench control'.
    """
    entries = [
        *making.findings(comparison, results, left_out or {}),
        *environment.findings(comparison, results),
        *searching.findings(comparison, results),
        *searching.control(comparison, control),
    ]
    if visits is not None:
        entries += asking.findings(metadata_of(comparison, results), visits)
    return sorted(entries, key=lambda finding: LEVELS.index(finding.level))


def warnings(comparison: Comparison, results: Results) -> Iterator[str]:
    """What makes the comparison less than fair, one line each."""
    metadata = metadata_of(comparison, results)
    checks = (
        environment.versions(metadata),
        making.budgets(comparison),
        making.missing(comparison, results),
        environment.resuming(comparison, metadata),
    )
    for check in checks:
        yield from (f"{comparison}: {finding.text}" for finding in check if finding.level == "warning")
