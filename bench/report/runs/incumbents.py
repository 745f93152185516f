"""The best trial of each run: when it came, its loss and its configuration, to be pointed at in a chart."""

import numpy as np
import pandas as pd

from bench.report.runs import curves, identities
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading

COLUMNS = ("label", "seed", "evaluation", "loss", "configuration")


def incumbents(comparison: Comparison, reading: Reading) -> pd.DataFrame:
    """One row for each run of the comparison that had a success, in its order.

    Columns: `label`; `seed`; `evaluation`, from 1 in units of the budget, and `loss` of the run's first trial with the
    least loss; `configuration`, as canonical JSON. Runs without configurations (imported ones) have no row. With a
    ladder of fidelities they are of the last incumbent, and `evaluation` is the cost from which on it was that.
    """
    losses, bests = (curves.losses(reading.results.trials[name]) for name in ("loss", "best_loss"))
    rows = []
    for run, row in zip(identities.run_ids(comparison.runs), comparison.runs.to_dict("records"), strict=True):
        configuration = reading.proposals[run].incumbent
        if configuration is None or configuration == "{}":
            continue
        where = slice(row["first"], row["first"] + row["trials"])
        if run in comparison.ladders:
            own = bests[where]
            other = np.flatnonzero(own != own[-1])
            best = int(other[-1]) + 1 if len(other) else 0
            if not np.isfinite(own[-1]):
                continue
        else:
            own = losses[where]
            best = int(own.argmin())
        rows.append((row["label"], row["seed"], best // row["factor"] + 1, float(own[best]), configuration))
    return pd.DataFrame(rows, columns=list(COLUMNS))
