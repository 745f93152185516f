"""For models that need plain numbers: imputing, scaling and one-hot columns, fitted on the train part only."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from bench.errors import UserError, allowed
from bench.models import Part

IMPUTE = ("median", "mean", "most_frequent")
SCALE = ("standard", "minmax")
MOST_CATEGORIES = 256
"""The columns that one category column may become; beyond it the rarest of train share one."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """What `prepared` has learnt from a train part."""

    numbers: NDArray[np.int64]
    """The places of the number columns."""
    categories: NDArray[np.int64]
    """The places of the category columns."""
    empty: NDArray[np.bool_]
    """For each number column, whether train has no value in it."""
    transformer: Any
    """A fitted `ColumnTransformer` of numbers, then codes."""

    def transform(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Dense, shape (rows, columns), rows in order: the numbers, then each category column's one-hot columns.

        A missing category has a column of its own where train has such rows. A category that train does not have is 0
        in all columns (where the rarest share a column, 1 in that one). A number column without any value in train is
        0 everywhere. With impute=None numbers that are missing stay NaN.
        """
        plain = _plain(features, self.numbers, self.categories)
        plain[:, np.flatnonzero(self.empty)] = 0.0
        return np.asarray(self.transformer.transform(plain), dtype=np.float64)


def prepared(train: Part, impute: str | None = "median", scale: str | None = None) -> Preparation:
    """What turns features into numbers, fitted on `train.features` (its rows of weight 0 left out), once for each part.

    `impute` fills missing numbers with train's median, mean or most frequent value; `scale` then makes numbers of mean
    0 and variance 1 ("standard"), or of train's range 0 to 1 ("minmax"); a constant column becomes 0.
    """
    for key, value, choices in (("impute", impute, IMPUTE), ("scale", scale, SCALE)):
        if value is not None and value not in choices:
            raise UserError(f"model.settings.{key}={value!r}: unknown; {allowed(value, choices)}, or null for none")
    of_train = _PREPARED.setdefault(train, {})
    if (impute, scale) not in of_train:
        of_train[impute, scale] = _fit(counting(train).features, impute, scale)
    return of_train[impute, scale]


_PREPARED: WeakKeyDictionary[Part, dict[tuple[str | None, str | None], Preparation]] = WeakKeyDictionary()


def counting(part: Part) -> Part:
    """The rows of a weight above 0; the part itself where these are all.

    What is learnt from rows of weight 0 would otherwise depend on the method: a median, a histogram's borders and a
    leaf's least number of rows are blind to weights.
    """
    if part.weights is None or (part.weights > 0).all():
        return part
    rows = np.flatnonzero(part.weights > 0)
    return Part(part.features.iloc[rows], part.target[rows], part.weights[rows])


def _fit(features: pd.DataFrame, impute: str | None, scale: str | None) -> Preparation:
    is_category = np.array([isinstance(dtype, pd.CategoricalDtype) for dtype in features.dtypes], dtype=bool)
    numbers, categories = np.flatnonzero(~is_category), np.flatnonzero(is_category)
    plain = _plain(features, numbers, categories)
    empty = np.asarray(np.isnan(plain[:, : len(numbers)]).all(axis=0))
    plain[:, np.flatnonzero(empty)] = 0.0
    scalers = {"standard": StandardScaler, "minmax": MinMaxScaler}
    steps = [] if impute is None else [SimpleImputer(strategy=impute)]
    steps += [] if scale is None else [scalers[scale]()]
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float64
    )
    parts = [
        ("numbers", make_pipeline(*steps) if steps else "passthrough", slice(0, len(numbers))),
        ("categories", one_hot, slice(len(numbers), None)),
    ]
    kept = [part for part, width in zip(parts, (len(numbers), len(categories)), strict=True) if width]
    return Preparation(numbers, categories, empty, ColumnTransformer(kept, sparse_threshold=0.0).fit(plain))


def _plain(features: pd.DataFrame, numbers: NDArray[np.int64], categories: NDArray[np.int64]) -> NDArray[np.float64]:
    """A new array of the numbers, then of the categories' codes, -1 where missing."""
    plain = np.empty((len(features), len(numbers) + len(categories)))
    plain[:, : len(numbers)] = features.iloc[:, numbers].to_numpy(dtype=np.float64)
    for column, place in enumerate(categories, start=len(numbers)):
        plain[:, column] = features.iloc[:, place].cat.codes
    return plain
