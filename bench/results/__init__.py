"""What experiments leave: `tables` writes and reads the trial tables, `imports` brings in logs from elsewhere."""

from bench.results.tables import (
    SCHEMA,
    SCHEMA_VERSION,
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
    read,
    read_metadata,
    read_run,
    write_run,
)

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
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
    "read",
    "read_metadata",
    "read_run",
    "write_run",
]
