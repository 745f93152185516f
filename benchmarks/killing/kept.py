"""What a store holds at a moment, and what a sweep left: tables and metadata, as they are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from bench import results
from bench.store import tables

TIMES = ["ask_seconds", "evaluate_seconds", "tell_seconds", "started_at"]
"""Columns that say how long something took, and when."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Kept:
    """A store at a moment."""

    evaluations: Mapping[str, Row] = field(default_factory=dict)
    """By key, every column."""
    configurations: Mapping[str, str] = field(default_factory=dict)
    """By key, as JSON."""
    journal: Mapping[tuple[str, int], Row] = field(default_factory=dict)
    """By run and trial: key, seconds of ask and tell, start."""
    claims: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    """By run: running, done or failed."""


def of_store(url: str) -> Kept:
    """What the store at `url` holds; nothing where it has not been made."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        return Kept()
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, poolclass=sa.NullPool)
    try:
        if not {"evaluations", "claims", "runs", "trials"} <= set(sa.inspect(engine).get_table_names()):
            return Kept()
        with engine.begin() as connection:
            evaluations = connection.execute(sa.select(tables.EVALUATIONS)).all()
            journal = connection.execute(sa.select(tables.TRIALS)).all()
            claims = connection.scalars(sa.select(tables.CLAIMS.c.key)).all()
            runs = connection.execute(sa.select(tables.RUNS.c.run, tables.RUNS.c.state)).all()
    finally:
        engine.dispose()
    return Kept(
        {row.key: tuple(row) for row in evaluations},
        {row.key: row.configuration for row in evaluations},
        {(row.run, row.trial): (row.key, row.ask_seconds, row.tell_seconds, row.started_at) for row in journal},
        tuple(sorted(claims)),
        {row.run: row.state for row in runs},
    )


@dataclass(frozen=True)
class Left:
    """What a sweep left in its results folder, by run."""

    trials: Mapping[str, pd.DataFrame]
    metadata: Mapping[str, Mapping[str, Any]]
    files: frozenset[str]
    """Every file there but the store's, relative to the folder."""


def of_results(folder: Path) -> Left:
    """The tables of the experiment `scratch`, packed or not, as they are read everywhere."""
    trials, metadata = {}, {}
    for run in results.find(folder, "scratch"):
        table, about = results.read_run(folder, run)
        trials[str(run)] = table.to_pandas()
        metadata[str(run)] = about
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return Left(
        trials, metadata, frozenset(name for name in files if not name.startswith(("store.sqlite", ".submitit")))
    )
