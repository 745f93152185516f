"""The regression example of the LightGBM repository, with the parts that NNI's AutoGBDT example gave it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bench.datasets import download
from bench.datasets.file import EXACT
from bench.datasets.loading import Table

TRAIN, TEST = "regression.train", "regression.test"


def load(*, datasets_dir: Path, address: str, sha256: Mapping[str, str]) -> Table:
    """7,000 and 500 rows: the target, which is 0 or 1, and column_1 .. column_28.

    `address` is that of the folder of both files. The column `part`, which is no feature, says train in the first 90 %
    of the training file, stop in its last 10 %, and valid in the test file.
    """
    folder = Path(datasets_dir) / "lightgbm_regression"
    places = [download.fetch(f"{address.rstrip('/')}/{name}", sha256[name], folder / name) for name in (TRAIN, TEST)]
    train, test = (pd.read_csv(place, sep="\t", header=None, **EXACT) for place in places)
    first = round(0.9 * len(train))
    part = np.repeat(["train", "stop", "valid"], [first, len(train) - first, len(test)])
    both = pd.concat([train, test], ignore_index=True)
    features = both.iloc[:, 1:].rename(columns="column_{}".format)
    return Table(features, both.iloc[:, 0].rename("target"), pd.DataFrame({"part": part}))
