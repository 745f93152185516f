"""What every check of the audit uses: its findings, and the metadata of the runs."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.results import Results

Metadata = Mapping[str, Any]
Level = Literal["error", "warning", "note", "ok"]

LEVELS: tuple[Level, ...] = ("error", "warning", "note", "ok")
"""What forbids the comparison, what makes it less than fair, what a reader should know, what is in order."""


@dataclass(frozen=True)
class Finding:
    """What one check found, in a sentence without its full stop."""

    level: Level
    subject: str
    """A word or two that name the check, such as `budgets`."""
    text: str


def metadata_of(comparison: Comparison, results: Results) -> list[Metadata]:
    """The metadata of the comparison's runs, in their order."""
    return [results.runs[run] for run in identities.run_ids(comparison.runs)]


def provenance_of(metadata: Metadata) -> Metadata:
    """Where and with what a run was made; empty where nothing is recorded."""
    provenance: Metadata = metadata.get("provenance") or {}
    return provenance


def from_values(metadata: Sequence[Metadata]) -> bool:
    """Whether some runs were imported with a space that is but the values that they tried."""
    return any((entry.get("imported") or {}).get("space_from_values") for entry in metadata)


def config_of(metadata: Metadata) -> Metadata:
    """The resolved config of a run; empty where nothing is recorded."""
    config: Metadata = metadata.get("config") or {}
    return config


def by_label(comparison: Comparison, values: Iterable[Hashable]) -> dict[str, list[Any]]:
    """The different values that the runs of each label have, in the order of the runs; None, for unknown, is none."""
    distinct: dict[str, dict[Any, None]] = {str(label): {} for label in comparison.final["label"]}
    for label, value in zip(comparison.runs["label"], values, strict=True):
        if value is not None:
            distinct[str(label)][value] = None
    return {label: list(different) for label, different in distinct.items()}
