"""my_dataset: say here where the data comes from."""

import numpy as np
import pandas as pd

from bench.datasets.loading import Table


def load(noise: float = 0.5) -> Table:
    """A made-up table, for a start: two half moons, and a column of text.

    Its arguments are keys of the YAML. Begin here: read your data with pandas, as it is. Missing values stay missing,
    text stays text, and the runner splits the rows. A file alone needs no Python: `bench run dataset=file --help`.
    """
    rng = np.random.default_rng(0)  # the same table each time: what it holds is part of every result's hash
    angle, upper = rng.uniform(0, np.pi, 300), rng.random(300) < 0.5
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) + noise * rng.normal(size=300)
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) + noise * rng.normal(size=300)
    side = np.where(x > y, "right", "left")
    features = pd.DataFrame({"x": x, "y": y, "side": side})
    return Table(features, pd.Series(np.where(upper, "upper", "lower"), name="moon"))
