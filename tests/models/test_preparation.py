"""What turns features into plain numbers: against scikit-learn's pieces used by hand, and blind to all but train."""

import gc
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from bench.errors import UserError
from bench.models import Part
from bench.models.preparation import MOST_CATEGORIES, counting, prepared

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler}


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def table(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Numbers and categories in turn, some missing, names that no library likes."""
    rng = np.random.default_rng(seed)
    size, weight = rng.normal(3, 2, rows), rng.integers(0, 5, rows).astype(float)
    size[rng.random(rows) < 0.2] = np.nan
    return pd.DataFrame(
        {
            'si"ze [m]': size,
            "colour": text(rng.choice(["red", "green", "blue", None], rows), ["blue", "green", "red", "violet"]),
            "weight": weight,
            "": text(rng.choice(["a", "b"], rows), ["a", "b"]),
        }
    )


def text(values, categories) -> pd.Categorical:
    return pd.Categorical(values, categories=pd.Index(categories, dtype="str"))


def part(features: pd.DataFrame, weights=None) -> Part:
    return Part(features, np.zeros(len(features)), weights)


@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent"])
@pytest.mark.parametrize("scale", ["standard", "minmax", None])
def test_it_is_what_the_pieces_give_by_hand(impute, scale):
    train, other = table(), table(30, seed=1)
    imputer = SimpleImputer(strategy=impute).fit(train.iloc[:, [0, 2]].to_numpy())
    scaler = SCALERS[scale]().fit(imputer.transform(train.iloc[:, [0, 2]].to_numpy())) if scale else None
    categories = train.iloc[:, [1, 3]].astype(object).fillna("?")
    one_hot = OneHotEncoder(categories=[["?", "blue", "green", "red"], ["a", "b"]], sparse_output=False).fit(categories)
    for features in (train, other):
        numbers = imputer.transform(features.iloc[:, [0, 2]].to_numpy())
        numbers = scaler.transform(numbers) if scaler else numbers
        by_hand = np.hstack([numbers, one_hot.transform(features.iloc[:, [1, 3]].astype(object).fillna("?"))])
        result = prepared(part(train), impute, scale).transform(features)
        assert result.dtype == np.float64
        np.testing.assert_allclose(result, by_hand, rtol=1e-12, atol=1e-12)


def test_without_imputing_missing_numbers_stay_missing():
    train = table()
    result = prepared(part(train), None, "standard").transform(train)
    np.testing.assert_array_equal(np.isnan(result[:, 0]), train.iloc[:, 0].isna())
    np.testing.assert_allclose([np.nanmean(result[:, 0]), np.nanstd(result[:, 0])], [0, 1], atol=1e-12)
    assert not np.isnan(result[:, 1:]).any()


def test_only_train_decides():
    train, other = table(), table(40, seed=2)
    preparation = prepared(part(train), scale="standard")
    whole = preparation.transform(other)
    strange = other.copy()
    strange.iloc[20:, 0] = 1e9
    np.testing.assert_array_equal(preparation.transform(strange)[:20], whole[:20])
    np.testing.assert_array_equal(preparation.transform(other.iloc[[7, 3]]), whole[[7, 3]])
    again = prepared(part(table()), scale="standard")
    np.testing.assert_array_equal(again.transform(other), whole)


def test_a_category_that_train_does_not_have_is_nowhere():
    train = pd.DataFrame({"c": text(["a", "b", "a"], ["a", "b", "z"])})
    other = pd.DataFrame({"c": text(["z", None, "b"], ["a", "b", "z"])})
    np.testing.assert_array_equal(prepared(part(train)).transform(other), [[0, 0], [0, 0], [0, 1]])
    with_missing = pd.DataFrame({"c": text(["a", None, "a"], ["a", "b", "z"])})
    np.testing.assert_array_equal(prepared(part(with_missing)).transform(other), [[0, 0], [1, 0], [0, 0]])


def test_a_column_of_very_many_categories_keeps_the_frequent_ones():
    names = [f"c{i:04}" for i in range(3000)]
    train = pd.DataFrame({"c": text(names + ["c0007"] * 5, [*names, "new"])})
    preparation = prepared(part(train))
    rows = preparation.transform(pd.DataFrame({"c": text(["c0007", "c0000", "c0001", "new"], [*names, "new"])}))
    assert rows.shape == (4, MOST_CATEGORIES)
    np.testing.assert_array_equal(rows.sum(axis=1), 1)
    assert not (rows[0] == rows[1]).all()
    np.testing.assert_array_equal(rows[1:], rows[[1, 1, 1]])


@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent", None])
@pytest.mark.parametrize("scale", ["standard", "minmax", None])
def test_a_column_that_is_empty_in_train_is_zero_everywhere(impute, scale):
    train = pd.DataFrame({"empty": [np.nan] * 4, "x": [1.0, 2.0, 3.0, 4.0]})
    other = pd.DataFrame({"empty": [7.0, np.nan], "x": [1.0, 2.0]})
    preparation = prepared(part(train), impute, scale)
    for features in (train, other):
        assert preparation.transform(features).shape == (len(features), 2)
        assert (preparation.transform(features)[:, 0] == 0).all()
    np.testing.assert_array_equal(other["empty"], [7.0, np.nan])  # what was given is left as it was


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.0, 0.1, -3e8])
def test_a_constant_column_scales_to_zero(scale, value):
    train = pd.DataFrame({"constant": np.full(1000, value), "x": np.arange(1000.0)})
    np.testing.assert_allclose(prepared(part(train), scale=scale).transform(train)[:, 0], 0, atol=1e-12)


def test_numbers_alone_and_categories_alone():
    train = table()
    numbers, categories = train.iloc[:, [0, 2]], train.iloc[:, [1, 3]]
    assert prepared(part(numbers), scale="standard").transform(numbers).shape == (60, 2)
    alone = prepared(part(categories), scale="standard").transform(categories)
    np.testing.assert_array_equal(alone, prepared(part(train), scale="standard").transform(train)[:, 2:])
    np.testing.assert_array_equal(np.unique(alone), [0, 1])


def test_rows_of_weight_zero_are_not_there():
    train = table()
    weights = np.where(np.arange(60) % 3, 2.0, 0.0)
    kept = part(train.iloc[weights > 0])
    weighted = prepared(part(train, weights), scale="minmax").transform(train)
    np.testing.assert_array_equal(weighted, prepared(kept, scale="minmax").transform(train))
    assert not np.array_equal(weighted, prepared(part(train), scale="minmax").transform(train))
    full = part(train, np.full(60, 0.5))
    assert counting(full) is full
    np.testing.assert_array_equal(counting(part(train, weights)).weights, 2.0)


def test_it_is_fitted_once_for_each_part_and_freed_with_it():
    first, second = part(table()), part(table(seed=1))
    assert prepared(first, "mean", "minmax") is prepared(first, "mean", "minmax")
    assert prepared(first, "mean", "minmax") is not prepared(first, "mean", None)
    assert prepared(first, "mean", "minmax") is not prepared(second, "mean", "minmax")
    preparation = weakref.ref(prepared(first, "mean", "minmax"))
    del first
    gc.collect()
    assert preparation() is None


@pytest.mark.parametrize(("key", "value"), [("impute", "medain"), ("scale", "standrad")])
def test_a_misspelt_way_is_one_line(key, value):
    with pytest.raises(UserError, match=rf"model.settings.{key}='{value}': unknown; .*did you mean"):
        prepared(part(table()), **{key: value})
