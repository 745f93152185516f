"""What experiments leave: `tables` writes and reads the trial tables, `imports` brings in logs from elsewhere."""

from bench.results.columns import SCHEMA, SCHEMA_2
from bench.results.tables import (
    SEEDS,
    DamagedTable,
    Results,
    RunId,
    UnreadableTable,
    check_experiment,
    check_name,
    combined,
    find,
    find_some,
    others,
    read,
    read_end,
    read_metadata,
    read_run,
    refuse_links,
    write_run,
)

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
    "find",
    "find_some",
    "others",
    "read",
    "read_end",
    "read_metadata",
    "read_run",
    "refuse_links",
    "write_run",
]
