"""What experiments leave: `tables` writes and reads the trial tables, `packing` packs them, `imports` brings in logs.

A run is read by its name, `read_run(results_dir, run)`, wherever it is; `find` says which there are.
"""

from bench.results.columns import SCHEMA, SCHEMA_2
from bench.results.finding import find, find_some, others, place, refuse_links
from bench.results.identity import SEEDS, RunId, check_experiment, check_name
from bench.results.tables import (
    Results,
    combined,
    file_metadata,
    read,
    read_end,
    read_file,
    read_metadata,
    read_run,
    write_run,
)
from bench.results.unreadable import DamagedTable, UnreadableTable

__all__ = [
    "SCHEMA",
    "SCHEMA_2",
    "SEEDS",
    "DamagedTable",
    "Results",
    "RunId",
    "UnreadableTable",
    "check_experiment",
    "check_name",
    "combined",
    "file_metadata",
    "find",
    "find_some",
    "others",
    "place",
    "read",
    "read_end",
    "read_file",
    "read_metadata",
    "read_run",
    "refuse_links",
    "write_run",
]
