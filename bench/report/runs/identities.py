"""What names the runs of a frame, and where those came from that are none of this suite."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.results import RunId
from bench.wording import unmarked

NAMES = ["experiment", "dataset", "model", "optimizer", "seed"]
"""The columns that name a run."""


def run_ids(runs: pd.DataFrame) -> list[RunId]:
    """What names the runs of a frame."""
    return [RunId(*names) for names in zip(*(runs[name].tolist() for name in NAMES), strict=True)]


def imported_from(metadata: Mapping[str, Any]) -> str | None:
    """The file that a run was imported from, by name and hash; None for a run of this suite."""
    source = metadata.get("imported")
    return f"{unmarked(source.get('file'))} (SHA-256 {unmarked(source.get('sha256'))[:12]})" if source else None
