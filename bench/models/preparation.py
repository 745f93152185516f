"""For models that need plain numbers: imputing, scaling and encoded columns, fitted on the train part only."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from bench.errors import UserError, allowed
from bench.models import Part

IMPUTE = ("median", "mean", "most_frequent")
SCALE = ("standard", "minmax")
ENCODE = ("one_hot", "ordinal", "target")
MOST_CATEGORIES = 256
"""The columns that one category column may become; beyond it the rarest of train share one."""
_Kept = TypeVar("_Kept")
MOST_KEPT = 8
"""The preparations kept for each part: where they are searched there may be many, each with a table."""
_CHOICES = {"impute": (*IMPUTE, None), "scale": (*SCALE, None), "encode": ENCODE}


@dataclass(frozen=True)
class Choices:
    """How features become numbers; the same for equal choices."""

    impute: str | None = "median"
    """What fills missing numbers: train's median, mean or most_frequent value; None: they stay missing."""
    scale: str | None = None
    """What is made of numbers then: mean 0 and variance 1 (standard), train's range 0 to 1 (minmax), or nothing."""
    encode: str = "one_hot"
    """What a category column becomes: a column of 0 and 1 for each category; its place among the sorted categories of
    train (ordinal); or the mean of the target in it, shrunk to that of all rows (target: scikit-learn's
    `TargetEncoder`, cross-fitted on train, in which rows weigh the same; a column a class where these are more than
    two)."""


def check_choice(where: str, key: str, value: object) -> None:
    """Raise a `UserError` where `value` is none of the choices of a field of `Choices`; `where` names its key."""
    choices = _CHOICES[key]
    if value not in choices:
        none = ", or null for none" if None in choices else ""
        raise UserError(f"{where}={value!r}: unknown; {allowed(value, [name for name in choices if name])}{none}")


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
    of_train: NDArray[np.float64] | None = None
    """The rows that it was fitted on, where `transform` would not give what a model is to be trained on."""

    def transform(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Dense, shape (rows, columns), rows in order: the numbers, then what each category column was encoded as.

        A missing category is a category of its own where train has such rows, the first in order. One that train does
        not have is 0 in all one-hot columns (where the rarest share a column, 1 in that one), ordinal -1, and of the
        mean target of all rows. A number column without any value in train is 0 everywhere. With impute=None numbers
        that are missing stay NaN.
        """
        plain = _plain(features, self.numbers, self.categories)
        plain[:, np.flatnonzero(self.empty)] = 0.0
        return np.asarray(self.transformer.transform(plain), dtype=np.float64)


def prepared(
    train: Part,
    impute: str | None = "median",
    scale: str | None = None,
    encode: str = "one_hot",
    target_type: str = "continuous",
    seed: int = 0,
) -> Preparation:
    """What turns features into numbers, fitted on `train.features` (its rows of weight 0 left out), once for each part.

    `impute`, `scale` and `encode` are those of `Choices`; `target_type` (binary, multiclass or continuous) and `seed`,
    which shuffles the rows for cross-fitting, matter to encode="target" alone.
    """
    for key, value in (("impute", impute), ("scale", scale), ("encode", encode)):
        check_choice(f"model.settings.{key}", key, value)
    choices = (impute, scale, encode, *((target_type, seed) if encode == "target" else ()))
    encoder = _encoder(encode, target_type, seed)
    return kept(_PREPARED.setdefault(train, {}), choices, lambda: _fit(counting(train), impute, scale, encoder))


def kept(of_part: dict[Any, _Kept], key: Any, make: Callable[[], _Kept]) -> _Kept:
    """`of_part[key]`, made where it is not there, in the place of the one that was longest without use."""
    value = of_part.pop(key) if key in of_part else make()
    of_part[key] = value
    while len(of_part) > MOST_KEPT:
        del of_part[next(iter(of_part))]
    return value


_PREPARED: WeakKeyDictionary[Part, dict[Any, Preparation]] = WeakKeyDictionary()


def counting(part: Part) -> Part:
    """The rows of a weight above 0; the part itself where these are all.

    What is learnt from rows of weight 0 would otherwise depend on the method: a median, a histogram's borders and a
    leaf's least number of rows are blind to weights.
    """
    if part.weights is None or (part.weights > 0).all():
        return part
    rows = np.flatnonzero(part.weights > 0)
    return Part(part.features.iloc[rows], part.target[rows], part.weights[rows])


def _encoder(encode: str, target_type: str, seed: int) -> Any:
    if encode == "ordinal":
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    if encode == "target":
        if TargetEncoder().get_params().get("random_state", "deprecated") != "deprecated":  # scikit-learn before 1.9
            return TargetEncoder(target_type=target_type, random_state=seed)
        folds = KFold if target_type == "continuous" else StratifiedKFold
        return TargetEncoder(target_type=target_type, cv=folds(5, shuffle=True, random_state=seed))
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES, sparse_output=False, dtype=np.float64
    )


def _fit(train: Part, impute: str | None, scale: str | None, encoder: Any) -> Preparation:
    features = train.features
    is_category = np.array([isinstance(dtype, pd.CategoricalDtype) for dtype in features.dtypes], dtype=bool)
    numbers, categories = np.flatnonzero(~is_category), np.flatnonzero(is_category)
    plain = _plain(features, numbers, categories)
    empty = np.asarray(np.isnan(plain[:, : len(numbers)]).all(axis=0))
    plain[:, np.flatnonzero(empty)] = 0.0
    scalers = {"standard": StandardScaler, "minmax": MinMaxScaler}
    steps = [] if impute is None else [SimpleImputer(strategy=impute)]
    steps += [] if scale is None else [scalers[scale]()]
    parts = [
        ("numbers", make_pipeline(*steps) if steps else "passthrough", slice(0, len(numbers))),
        ("categories", encoder, slice(len(numbers), None)),
    ]
    parts = [part for part, width in zip(parts, (len(numbers), len(categories)), strict=True) if width]
    transformer = ColumnTransformer(parts, sparse_threshold=0.0)
    if isinstance(encoder, TargetEncoder) and len(categories):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a class with fewer rows than folds
            table = np.asarray(transformer.fit_transform(plain, train.target), dtype=np.float64)
        return Preparation(numbers, categories, empty, transformer, table)
    return Preparation(numbers, categories, empty, transformer.fit(plain))


def _plain(features: pd.DataFrame, numbers: NDArray[np.int64], categories: NDArray[np.int64]) -> NDArray[np.float64]:
    """A new array of the numbers, then of the categories' codes, -1 where missing."""
    plain = np.empty((len(features), len(numbers) + len(categories)))
    plain[:, : len(numbers)] = features.iloc[:, numbers].to_numpy(dtype=np.float64)
    for column, place in enumerate(categories, start=len(numbers)):
        plain[:, column] = features.iloc[:, place].cat.codes
    return plain
