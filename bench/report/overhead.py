"""What an optimiser takes by itself as its history grows."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report import statistics


def overhead(asking: NDArray[np.float64]) -> pd.DataFrame:
    """Quartiles over runs of the seconds that ask + tell took: `evaluations`, `lower`, `median`, `upper`, `runs`.

    One row a trial.

    `asking` is (runs, trials), NaN beyond a run's end. `evaluations` counts trials from 1, so that the optimiser had
    been told of one less when it was asked; `runs` says how many made that trial, and the quartiles
    (`statistics.quartiles`) are theirs alone: a run that has ended takes no time. Rows end with the longest run.
    """
    made = ~np.isnan(asking)
    end = int(made.any(axis=0).sum())
    rows = [statistics.quartiles(asking[made[:, trial], trial]) for trial in range(end)]
    lines = np.array(rows).reshape(end, len(statistics.QUARTILES)).T
    return pd.DataFrame(
        {
            "evaluations": np.arange(1, end + 1),
            **dict(zip(statistics.QUARTILES, lines, strict=True)),
            "runs": made[:, :end].sum(axis=0),
        }
    )
