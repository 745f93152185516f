"""The columns of the trial table: those of every run, and those of runs that are more than a list of full evaluations.

A run of plain evaluations, one after the other, of one loss, has schema 1. One with a ladder of fidelities, workers or
several objectives has schema 2, whose further columns say of a table of schema 1 what they are there: full fidelity,
a cost of 1, one worker.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa

_NAME = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("experiment", _NAME, nullable=False),
        pa.field("dataset", _NAME, nullable=False),
        pa.field("model", _NAME, nullable=False),
        pa.field("optimizer", _NAME, nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("trial", pa.int32(), nullable=False),
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("evaluation", pa.string(), nullable=False),
        pa.field("loss", pa.float64()),
        pa.field("test_loss", pa.float64()),
        pa.field("best_loss", pa.float64()),
        pa.field("incumbent_test_loss", pa.float64()),
        pa.field("status", _NAME, nullable=False),
        pa.field("error", pa.string()),
        pa.field("initial", pa.bool_(), nullable=False),
        pa.field("cached", pa.bool_(), nullable=False),
        pa.field("ask_seconds", pa.float64(), nullable=False),
        pa.field("evaluate_seconds", pa.float64(), nullable=False),
        pa.field("tell_seconds", pa.float64(), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("details", pa.string()),
    ]
)
"""One row a trial.

The first five columns name the run; `trial` counts from 0. `configuration` is canonical JSON, `evaluation` the store's
key. `status` is ok, failed, timeout or crashed, and `error` says why. `loss` and `test_loss` are null where it is not
ok, `test_loss` also where there is no test part. `best_loss` is the lowest loss so far, null before the first success;
`incumbent_test_loss` is the test loss of the trial that has it, the first of equals. `initial` marks a shared initial
design, `cached` what another run had evaluated before. The seconds are as charged; `details` is JSON: the losses of
folds, the rounds, the learning curve.
"""

SCHEMA_2 = pa.schema(
    [
        *SCHEMA,
        pa.field("fidelity", pa.int64()),
        pa.field("cost", pa.float64(), nullable=False),
        pa.field("partial_loss", pa.float64()),
        pa.field("partial_test_loss", pa.float64()),
        pa.field("proposal", pa.int32(), nullable=False),
        pa.field("continues", pa.int64(), nullable=False),
        pa.field("incumbent_uncharged", pa.bool_(), nullable=False),
        pa.field("worker", pa.int32(), nullable=False),
        pa.field("clock", pa.float64()),
        pa.field("losses", pa.string()),
    ]
)
"""One row a proposal, in order of ending.

`status` may be pruned: ended by the optimiser, which is no failure. `fidelity` is the rung reached, in the unit of the
ladder that the metadata have as `fidelity`; null where none is used. Below the highest rung `loss` and `test_loss` are
null, and `partial_loss` and `partial_test_loss` hold them: the two can be confused nowhere. `cost` is that of this
row, in full evaluations; it went on from the rung `continues` (0: from none). `proposal` is its number in order of
asking. The incumbent is the configuration of the lowest loss at the highest fidelity reached so far; `best_loss` and
`incumbent_test_loss` are its losses at full fidelity and may therefore rise; `incumbent_uncharged` where they were
evaluated at the run's end and charged nothing; null where that failed. `worker` (from 0) has evaluated it, until
`clock` on the simulated clock. `losses` is JSON, from each objective to its loss and test loss; null where there is
one, where the trial failed, and below the highest rung, where `details` has them as `losses`.
"""

VERSIONS = {1: SCHEMA, 2: SCHEMA_2}
"""The schema of each version."""


@lru_cache(maxsize=64)
def schema_of(names: tuple[str, ...]) -> pa.Schema:
    """The schema of some of the columns of any version."""
    return pa.schema([SCHEMA_2.field(name) for name in names])


_ADDED: dict[str, Callable[[pa.Table], object]] = {
    "cost": lambda table: np.ones(len(table)),
    "proposal": lambda table: np.arange(len(table)),
    "continues": lambda table: np.zeros(len(table), dtype=np.int64),
    "incumbent_uncharged": lambda table: np.zeros(len(table), dtype=bool),
    "worker": lambda table: np.zeros(len(table), dtype=np.int32),
}


def completed(table: pa.Table, names: list[str]) -> pa.Table:
    """A run's table with the columns `names`, those of schema 2 that it lacks as they are in a run of schema 1."""
    columns = []
    for name in names:
        if name in table.column_names:
            columns.append(table[name])
        else:
            added = _ADDED[name](table) if name in _ADDED else [None] * len(table)
            columns.append(pa.chunked_array([pa.array(added).cast(SCHEMA_2.field(name).type)]))
    return pa.Table.from_arrays(columns, schema=pa.schema([SCHEMA_2.field(name) for name in names]))
