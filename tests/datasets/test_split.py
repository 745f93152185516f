"""Splits: every row in one part, every class in every part, sizes as asked, and nothing but data and seed decides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import ROOT
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets import Dataset, Split, split
from bench.errors import UserError

HOLDOUT = yaml.safe_load((ROOT / "conf" / "resampling" / "holdout.yaml").read_text())


def dataset(target: Any, *, regression: bool = False, name: str = "made") -> Dataset:
    target = np.asarray(target, dtype=np.float64 if regression else np.int64)
    classes = () if regression else tuple(f"c{code}" for code in range(target.max() + 1))
    task = "regression" if regression else "binary" if len(classes) == 2 else "multiclass"
    return Dataset(name, pd.DataFrame({"x": np.zeros(len(target))}), target, task, classes, "")


def parts(done: Split) -> dict[str, np.ndarray]:
    """The parts of a single fold that share no row; stop is one of them only where it is not valid itself."""
    (fold,) = done.folds
    by_name = {"train": fold.train, "valid": fold.valid}
    if done.test is not None:
        by_name["test"] = done.test
    return by_name if np.array_equal(fold.stop, fold.valid) else {**by_name, "stop": fold.stop}


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Fractions in hundredths, so that they sum to 1 but for rounding."""
    valid = draw(st.integers(1, 60))
    test = draw(st.integers(0, min(38, 98 - valid)))
    stop = draw(st.sampled_from(["valid", "inner"]))
    inner = draw(st.integers(1, 99)) / 100
    fractions = {"train": (100 - valid - test) / 100, "valid": valid / 100, "test": test / 100}
    return {"method": "holdout", "stop": stop, "inner": inner, **fractions}


@examples(300)
@given(
    sizes=st.lists(st.integers(4, 60), min_size=2, max_size=12),
    regression=st.booleans(),
    config=configs(),
    seed=st.integers(0, 2**32),
)
def test_every_row_is_in_one_part_and_every_class_in_every_part(
    sizes: list[int], regression: bool, config: Mapping[str, Any], seed: int
) -> None:
    target = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    done = split(dataset(target, regression=regression), config, seed)
    by_name = parts(done)
    assert (done.test is None) == (config["test"] == 0)
    assert ("stop" in by_name) == (config["stop"] == "inner")
    np.testing.assert_array_equal(np.sort(np.concatenate(list(by_name.values()))), np.arange(len(target)))
    for rows in by_name.values():
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()
        if not regression:
            assert len(np.unique(target[rows])) == len(sizes)


@examples(200)
@given(sizes=st.lists(st.integers(50, 400), min_size=2, max_size=30), seed=st.integers(0, 99))
def test_sizes_are_the_fractions_rounded_in_each_class_and_in_all(sizes: list[int], seed: int) -> None:
    target = np.repeat(np.arange(len(sizes)), sizes)
    done = split(dataset(target), HOLDOUT, seed)
    for part, rows in parts(done).items():
        exact = HOLDOUT[part] * np.asarray([*sizes, sum(sizes)])
        got = np.asarray([*np.bincount(target[rows]), len(rows)])
        assert (np.abs(got - exact) < 1 + 1e-9).all(), (part, exact, got)


def test_sizes_of_otto() -> None:
    counts = [1929, 16122, 8004, 2691, 2739, 14135, 2839, 8464, 4955]
    done = split(dataset(np.repeat(np.arange(9), counts)), HOLDOUT, 0)
    assert sum(counts) == 61878
    assert {part: len(rows) for part, rows in parts(done).items()} == {"train": 37127, "valid": 12376, "test": 12375}


def test_many_small_classes_do_not_all_give_their_odd_row_to_one_part() -> None:
    done = split(dataset(np.repeat(np.arange(100), 7)), HOLDOUT, 0)
    assert {part: len(rows) for part, rows in parts(done).items()} == {"train": 420, "valid": 140, "test": 140}


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("stop", ["valid", "inner"])
def test_seed_and_data_decide_and_nothing_else(regression: bool, stop: str) -> None:
    config = {**HOLDOUT, "stop": stop}
    target = np.arange(300) % 3
    first = dataset(target, regression=regression)
    contents = [split(first, config, seed).content for seed in range(50)]
    assert len(set(contents)) == 50
    np.random.seed(7)  # noqa: NPY002 - the global state must not matter
    assert [split(first, config, seed).content for seed in range(50)] == contents
    # The same name and another order of rows is another dataset: nothing is remembered by name.
    other = split(dataset(target[::-1], regression=regression), config, 0)
    if not regression:
        assert other.content != contents[0]
    longer = split(dataset(np.arange(303) % 3, regression=regression), config, 0)
    assert sum(map(len, parts(longer).values())) == 303


def test_rows_are_dealt_at_random() -> None:
    """Each row is in test in about a fifth of the splits: 5 sigma around 400 of 2,000."""
    target = dataset(np.arange(60) % 3)
    counts = sum(np.bincount(split(target, HOLDOUT, seed).test, minlength=60) for seed in range(2000))
    assert np.abs(counts - 400).max() < 5 * np.sqrt(2000 * 0.2 * 0.8)


def test_inner_takes_its_rows_from_train_alone() -> None:
    target = dataset(np.arange(1000) % 4)
    outer, inner = (split(target, {**HOLDOUT, "stop": stop}, 5) for stop in ("valid", "inner"))
    (without,), (within,) = outer.folds, inner.folds
    np.testing.assert_array_equal(without.stop, without.valid)
    np.testing.assert_array_equal(within.valid, without.valid)
    np.testing.assert_array_equal(inner.test, outer.test)
    np.testing.assert_array_equal(np.union1d(within.train, within.stop), without.train)
    assert (len(within.train), len(within.stop)) == (510, 90)
    assert inner.content != outer.content


def test_content_sees_which_part_a_row_is_in() -> None:
    target = dataset(np.arange(100) % 2)
    without = {**HOLDOUT, "train": 0.8, "test": 0}
    swapped = {**HOLDOUT, "train": 0.2, "test": 0.6}
    assert len({split(target, config, 1).content for config in (HOLDOUT, without, swapped)}) == 3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"train": 0}, r"^resampling.train: found 0; expected a fraction above 0 and below 1"),
        ({"valid": -0.2}, r"^resampling.valid: found -0.2; expected"),
        ({"test": 1}, r"^resampling.test: found 1; expected 0 \(no test part\) or a fraction below 1"),
        ({"test": None}, r"^resampling.test: missing; expected 0"),
        ({"train": "0.6"}, r"^resampling.train: found '0.6'; expected"),
        ({"train": float("nan")}, r"^resampling.train: found nan; expected"),
        ({"train": 0.7}, r"^resampling: train \+ valid \+ test = 0.7 \+ 0.2 \+ 0.2 = 1.1; they must sum to 1"),
        ({"stop": "inside"}, r"^resampling.stop: 'inside' is not known; allowed: valid, inner"),
        ({"stop": "inner", "inner": 1.0}, r"^resampling.inner: found 1.0; expected a fraction above 0 and below 1"),
        ({"method": "cv"}, r"^resampling.method: 'cv' is not known; allowed: holdout, kfold, .*sklearn, column"),
        ({"trian": 0.6}, r"^resampling.trian: unknown key of method holdout; .*did you mean train\?"),
        ({"k": 5}, r"^resampling.k: unknown key of method holdout; allowed: train, valid, test, stop, inner"),
    ],
)
def test_mistakes_in_the_keys(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        split(dataset(np.arange(100) % 2), {**HOLDOUT, **keys}, 0)


def test_too_few_rows() -> None:
    for stop, least in (("valid", 3), ("inner", 4)):
        config = {**HOLDOUT, "stop": stop}
        rare = [0] * 50 + [1] * (least - 1)
        with pytest.raises(
            UserError, match=rf"^dataset made: class 'c1' has {least - 1} rows, and each of {least} parts"
        ):
            split(dataset(rare), config, 0)
        assert all(
            (np.asarray([*rare, 1])[rows] == 1).any() for rows in parts(split(dataset([*rare, 1]), config, 0)).values()
        )
        with pytest.raises(UserError, match=rf"^dataset made: there are {least - 1} rows, and each of {least} parts"):
            split(dataset(np.arange(least - 1), regression=True), config, 0)
