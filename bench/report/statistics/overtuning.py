"""What going on to select by validation loss cost on test data."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]


def overtuning(best: Values, test: Values) -> pd.DataFrame:
    """One row a run: `overtuning`, `relative` and `gap`.

    `best` and `test`, (runs, evaluations), are the best validation loss so far and the incumbent's test loss, +inf (or
    NaN) before a run's first success. With M(t) the test loss after t evaluations, t_0 the first success, T the last:

        overtuning = M(T) - min over t <= T of M(t)                 >= 0; 0 where the last incumbent is the best on test
        relative   = overtuning / (M(t_0) - min over t <= T of M(t))
        gap        = M(T) - best(T)                                 the validation loss's optimism, if positive

    `relative` is 0 where nothing was lost, below 1 where the last incumbent is still better than the first, above where
    it is worse: tuning did harm; +inf where no incumbent was ever better than the first and something was lost. All are
    NaN for a run without any success, or whose incumbents' test losses are not all known. Source: Schneider, Bischl and
    Feurer (2025), Overtuning in Hyperparameter Optimization, AutoML 2025, arXiv:2506.19540, whose definitions these are
    with the first success in the place of the default configuration.
    """
    runs = len(best)
    if best.shape[1] == 0:
        return pd.DataFrame(np.full((runs, 3), np.nan), columns=["overtuning", "relative", "gap"])
    known = np.isfinite(best)
    whole = known[:, -1] & (np.isfinite(test) | ~known).all(axis=1)
    tested = np.where(known & whole[:, None], test, np.nan)
    first = tested[np.arange(runs), known.argmax(axis=1)]
    least = np.where(np.isnan(tested), np.inf, tested).min(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        lost = tested[:, -1] - least
        relative = np.where(lost == 0, 0.0, lost / (first - least))
        gap = tested[:, -1] - best[:, -1]
    return pd.DataFrame({"overtuning": lost, "relative": relative, "gap": gap})
