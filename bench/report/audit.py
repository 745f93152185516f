"""What makes a comparison less than fair: one line each, on the page and on stderr."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report import curves
from bench.report.curves import Comparison
from bench.results import Results

Metadata = Mapping[str, Any]


def warnings(comparison: Comparison, found: Results) -> Iterator[str]:
    """What makes the comparison less than fair, one line each."""
    metadata = metadata_of(comparison, found)
    environments = [
        {key: provenance_of(entry).get(key) for key in ("versions", "cpu")} | {"model": entry.get("computed_by") or {}}
        for entry in metadata
    ]
    differ = curves.differences(environments)
    if differ:
        said = "; ".join(f"{name}: {', '.join(dict.fromkeys(map(str, values)))}" for name, values in differ.items())
        yield f"{comparison}: runs come from different environments, which may change losses and seconds ({said})"
    ends = comparison.curves.groupby("label")["evaluations"].max()
    if len(set(ends)) > 1:
        said = ", ".join(f"{label}: {end}" for label, end in ends.items())
        yield f"{comparison}: budgets differ ({said}); final losses stand after {comparison.evaluations} evaluations"
    for label, part in comparison.runs[~comparison.runs["exhausted"]].groupby("label"):
        if len(set(part["budget"])) > 1:
            yield f"{comparison}: the runs of {label} have different budgets; its curve ends where the least does"
    counts = comparison.final.set_index("label")["runs"]
    fewer = counts[counts < counts.max()]
    if len(fewer):
        said = ", ".join(f"{label}: {count}" for label, count in fewer.items())
        missing = _missing(comparison.runs)
        which = f"; seeds that others have: {missing}" if missing else ""
        yield f"{comparison}: fewer runs than the {counts.max()} of others ({said}){which}"
    ids = curves.run_ids(comparison.runs)
    diverged = [run for run, entry in zip(ids, metadata, strict=True) if entry.get("diverged_at") is not None]
    if diverged:
        more = f" and {len(diverged) - 1} more" if len(diverged) > 1 else ""
        yield f"{comparison}: resumed with another sequence than before they were interrupted: {diverged[0]}{more}"


def _missing(runs: pd.DataFrame) -> str:
    """The seeds that a label lacks, of those that any label has: `grid: 3, 5`."""
    seeds = set(runs["seed"])
    lacking = {str(label): sorted(seeds - set(part["seed"])) for label, part in runs.groupby("label")}
    return "; ".join(f"{label}: {ranges(numbers)}" for label, numbers in lacking.items() if numbers)


def metadata_of(comparison: Comparison, found: Results) -> list[Metadata]:
    """The metadata of the comparison's runs, in their order."""
    return [found.runs[run] for run in curves.run_ids(comparison.runs)]


def provenance_of(metadata: Metadata) -> Metadata:
    """Where and with what a run was made; empty where nothing is recorded."""
    provenance: Metadata = metadata.get("provenance") or {}
    return provenance


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in short.

    >>> ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in spans)
