"""Folds: k-fold, by groups, along time, by a column of one's own; no row is trained on and judged with."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawing import examples
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from bench.config.catalogue import conf_dir
from bench.datasets import Dataset, Split, split
from bench.errors import UserError


def config(name: str, **keys: Any) -> dict[str, Any]:
    loaded = OmegaConf.to_container(OmegaConf.load(conf_dir() / "resampling" / f"{name}.yaml"))
    return {**loaded, **keys}


def dataset(target: Any, *, regression: bool = False, **roles: Any) -> Dataset:
    target = np.asarray(target, dtype=np.float64 if regression else np.int64)
    classes = () if regression else tuple(f"c{code}" for code in range(target.max() + 1))
    task = "regression" if regression else "binary" if len(classes) == 2 else "multiclass"
    features = pd.DataFrame({"x": np.zeros(len(target))})
    return Dataset("made", features, target, task, classes, "", **roles)


def parts_of(done: Split) -> list[dict[str, set[int]]]:
    """Each fold's parts as sets, checked: ascending, no row in two, nor in test."""
    folds = []
    test = set() if done.test is None else set(done.test.tolist())
    for fold in done.folds:
        for rows in (fold.train, fold.stop, fold.valid):
            assert len(rows)
            assert (np.diff(rows) > 0).all()
        parts = {name: set(rows.tolist()) for name, rows in vars(fold).items()}
        assert not parts["train"] & parts["valid"]
        assert not parts["train"] & parts["stop"]
        assert parts["stop"] == parts["valid"] or not parts["stop"] & parts["valid"]
        assert not test & set.union(*parts.values())
        folds.append(parts)
    return folds


stops = st.sampled_from(["valid", "inner"])


@examples(150)
@given(
    sizes=st.lists(st.integers(12, 60), min_size=2, max_size=6),
    regression=st.booleans(),
    k=st.integers(2, 7),
    repeats=st.integers(1, 3),
    test=st.sampled_from([0, 0.2, 0.4]),
    stop=stops,
    seed=st.integers(0, 2**31),
)
def test_kfold_judges_each_row_once_a_repeat_and_keeps_the_shares(sizes, regression, k, repeats, test, stop, seed):
    target = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    done = split(
        dataset(target, regression=regression), config("kfold", k=k, repeats=repeats, test=test, stop=stop), seed
    )
    folds = parts_of(done)
    assert len(folds) == k * repeats
    tested = [] if done.test is None else done.test.tolist()
    assert len(tested) == pytest.approx(test * len(target), abs=1)
    left = sorted(set(range(len(target))) - set(tested))
    for repeat in range(repeats):
        own = folds[repeat * k : (repeat + 1) * k]
        assert sorted(row for fold in own for row in fold["valid"]) == left
        for fold in own:
            assert len(fold["valid"]) == pytest.approx(len(left) / k, abs=1)
            assert fold["train"] | fold["stop"] | fold["valid"] == set(left)
            for code in range(0 if regression else len(sizes)):
                assert sum(target[list(fold["valid"])] == code) == pytest.approx(sum(target[left] == code) / k, abs=1)
                assert (target[list(fold["train"])] == code).any()
                assert (target[list(fold["stop"])] == code).any() or stop == "valid"
    if repeats > 1:
        assert folds[0]["valid"] != folds[k]["valid"]


@examples(100)
@given(
    members=st.lists(st.integers(1, 8), min_size=25, max_size=60),
    classes=st.sampled_from([0, 2, 4]),
    k=st.integers(2, 5),
    repeats=st.integers(1, 2),
    test=st.sampled_from([0, 0.2, 0.35]),
    stop=stops,
    seed=st.integers(0, 2**31),
)
def test_a_group_is_in_one_part_alone(members, classes, k, repeats, test, stop, seed):
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(len(members)), members))
    target = rng.permutation(np.arange(len(groups)) % (classes or len(groups)))
    data = dataset(target, regression=not classes, groups=groups)
    done = split(data, config("group", k=k, repeats=repeats, test=test, stop=stop), seed)
    folds = parts_of(done)
    assert len(folds) == k * repeats
    assert (done.test is None) == (test == 0)
    in_test = set() if done.test is None else set(groups[done.test].tolist())
    for fold in folds:
        own = {name: set(groups[list(rows)].tolist()) for name, rows in fold.items()}
        assert not own["train"] & own["valid"]
        assert not own["train"] & own["stop"]
        assert not in_test & set.union(*own.values())
    for repeat in range(repeats):
        judged = [row for fold in folds[repeat * k : (repeat + 1) * k] for row in fold["valid"]]
        assert len(judged) == len(set(judged)) == len(groups) - (0 if done.test is None else len(done.test))


def test_groups_keep_sizes_and_shares_of_classes_where_they_can():
    groups = np.repeat(np.arange(200), 5)
    target = (np.arange(200) % 4 == 0).repeat(5).astype(int)  # whole groups of one class
    done = split(dataset(target, groups=groups), config("group", k=4, test=0.2), 3)
    for rows in (done.test, *(fold.valid for fold in done.folds)):
        assert len(rows) == pytest.approx(200, abs=10)
        assert target[rows].mean() == pytest.approx(0.25, abs=0.03)


@examples(100)
@given(
    rows=st.integers(150, 250),
    different=st.sampled_from([40, 100, 10_000]),
    seed=st.integers(0, 999),
    k=st.integers(1, 5),
    test=st.sampled_from([0, 0.2]),
    stop=stops,
)
@example(rows=150, different=40, seed=150, k=4, test=0.2, stop="inner")  # its last time has a third of train
def test_time_trains_on_the_past_alone(rows, different, seed, k, test, stop):
    times = np.random.default_rng(seed).integers(0, different, rows)
    data = dataset(np.arange(len(times)) % 2, times=times)
    done = split(data, config("time", k=k, test=test, stop=stop), 0)
    assert split(data, config("time", k=k, test=test, stop=stop), 1).content == done.content
    folds = parts_of(done)
    assert len(folds) == k
    for fold in folds:
        latest = {name: times[list(rows)].max() for name, rows in fold.items()}
        first = {name: times[list(rows)].min() for name, rows in fold.items()}
        assert latest["train"] < first["valid"]
        assert latest["train"] < first["stop"]
        assert stop == "valid" or latest["stop"] < first["valid"]
        if done.test is not None:
            assert latest["valid"] < times[done.test].min()
        trained = fold["train"] | (fold["stop"] if stop == "inner" else set())
        assert trained == set(np.flatnonzero(times < first["valid"]).tolist())


def test_time_cuts_equal_parts_where_times_differ():
    times = np.random.default_rng(0).permutation(1000)
    done = split(dataset(np.arange(1000) % 2, times=times), config("time", k=4, test=0.2), 0)
    assert len(done.test) == 200
    assert [len(fold.valid) for fold in done.folds] == [160] * 4
    assert [len(fold.train) for fold in done.folds] == [160, 320, 480, 640]
    assert sorted(times[done.test]) == list(range(800, 1000))


@pytest.mark.parametrize("stop", ["valid", "inner"])
def test_a_column_of_ones_own_is_obeyed(stop):
    marks = np.repeat(["train", "stop", "valid", "test"], [60, 10, 20, 10])
    marks = np.random.default_rng(1).permutation(marks)
    target = np.arange(100) % 2
    done = split(dataset(target, parts=marks), config("column", stop=stop), 0)
    (fold,) = done.folds
    for name, rows in (*vars(fold).items(), ("test", done.test)):
        assert (marks[rows] == name).all()
        assert len(rows) == (marks == name).sum()
    unmarked = np.where(marks == "stop", "train", marks)
    (fold,) = split(dataset(target, parts=unmarked), config("column", stop=stop), 0).folds
    assert np.array_equal(fold.stop, fold.valid) == (stop == "valid")
    assert set(unmarked[np.union1d(fold.train, fold.stop)]) == ({"train"} if stop == "inner" else {"train", "valid"})
    without = np.where(marks == "test", "train", marks)
    assert split(dataset(target, parts=without), config("column"), 0).test is None


def test_seed_and_method_decide():
    groups, times = np.arange(300) // 3, np.arange(300)
    data = dataset(np.arange(300) % 3, groups=groups, times=times)
    contents = [split(data, config(name), seed).content for name in ("holdout", "kfold", "group") for seed in range(10)]
    contents.append(split(data, config("time"), 0).content)
    assert len(set(contents)) == 31
    np.random.seed(7)  # noqa: NPY002 - the global state must not matter
    again = [split(data, config(name), seed).content for name in ("holdout", "kfold", "group") for seed in range(10)]
    assert again == contents[:-1]


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("kfold", {"k": 1}, r"^resampling.k=1: expected a whole number from 2"),
        ("kfold", {"k": 2.5}, r"^resampling.k=2.5: expected"),
        ("kfold", {"repeats": 0}, r"^resampling.repeats=0: expected a whole number from 1"),
        ("kfold", {"test": 1.0}, r"^resampling.test: found 1.0; expected 0"),
        ("kfold", {"train": 0.5}, r"^resampling.train: unknown key of method kfold"),
        ("time", {"repeats": 2}, r"^resampling.repeats: unknown key of method time"),
        (
            "group",
            {},
            r"^resampling.method: group needs a column that dataset.group names, and dataset made names",
        ),
        ("time", {}, r"^resampling.method: time needs a column that dataset.time names"),
        ("column", {}, r"^resampling.method: column needs a column that dataset.split names"),
    ],
)
def test_mistakes_in_the_keys(name, keys, message):
    with pytest.raises(UserError, match=message):
        split(dataset(np.arange(100) % 2), config(name, **keys), 0)


def test_too_few():
    rare = [0] * 50 + [1] * 2
    with pytest.raises(UserError, match=r"^dataset made: class 'c1' has 2 rows, and each of 3 parts of it needs one"):
        split(dataset(rare), config("kfold"), 0)
    with pytest.raises(UserError, match=r"^dataset made: class 'c1' has 1 row, and they are all in one fold"):
        split(dataset([0] * 50 + [1]), config("kfold", test=0), 0)
    assert len(split(dataset(rare), config("kfold", test=0), 0).folds) == 5
    with pytest.raises(UserError, match=r"^dataset made: 4 groups are left to be dealt into 5 parts, .* a smaller"):
        split(dataset(np.arange(40) % 2, groups=np.arange(40) % 4), config("group", test=0), 0)
    with pytest.raises(UserError, match=r"^dataset made: fold \d's \w+ part has no rows; there are too few different"):
        split(dataset(np.arange(40) % 2, times=np.arange(40) % 3), config("time", test=0), 0)
    nothing = np.where(np.arange(40) < 30, 0.0, 1.0)
    marks = np.where(np.arange(40) < 20, "train", "valid")
    marks[30:] = "test"
    with pytest.raises(UserError, match=r"^dataset made: fold 0's train part has rows of weight 0 alone"):
        split(dataset(np.arange(40) % 2, parts=marks, weights=nothing), config("column"), 0)


def test_no_method_trains_without_a_class():
    late = np.r_[np.zeros(60, int), np.arange(40) % 2]
    once = np.r_[np.zeros(90, int), np.ones(10, int)]
    groups = np.where(once == 1, 0, 1 + np.arange(100) % 9)
    marks = np.where(once == 1, "valid", "train")
    for name, made, message in (
        ("time", dataset(late, times=np.arange(100)), r"fold 0's train part; a smaller resampling.k"),
        ("group", dataset(once, groups=groups), r"fold \d's train part; its rows are in too few groups"),
        ("column", dataset(once, parts=marks), r"fold 0's train part; mend the column that dataset.split names"),
    ):
        with pytest.raises(UserError, match=rf"^dataset made: class 'c1' has no row in {message}"):
            split(made, config(name, test=0) if name != "column" else config(name), 0)
    late = np.r_[np.arange(38) % 2 * 0, 1, 1, np.arange(60) % 2]  # what the first fold would stop on has its class 1
    with pytest.raises(UserError, match=r"^dataset made: class 'c1' has no row in fold 0's train part"):
        split(dataset(late, times=np.arange(100)), config("time", k=1, test=0.6, stop="inner", inner=0.5), 0)
    weights = np.where(once == 1, 0.0, 1.0)
    weights[-1], marks[-4:-1] = 1.0, "train"
    with pytest.raises(UserError, match=r"^dataset made: class 'c1' has rows of weight 0 alone in fold 0's train part"):
        split(dataset(once, parts=marks, weights=weights), config("column"), 0)
    with pytest.raises(UserError, match=r"or leave this rare class out \(dataset.rare_classes=drop\)"):
        split(dataset(np.r_[np.zeros(97, int), 1, 1, 1], times=np.arange(100)), config("time"), 0)


@examples(150)
@given(st.data())
def test_every_train_part_has_rows_that_weigh_of_every_class_or_the_split_is_refused(data: st.DataObject):
    rows = data.draw(st.integers(8, 60))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    target = np.minimum(rng.geometric(0.5, rows) - 1, data.draw(st.integers(1, 4)))
    target = np.unique(target, return_inverse=True)[1]
    if target.max() == 0:
        target[0] = 1
    if data.draw(st.booleans()):
        target = np.sort(target)
    roles = {
        "weights": rng.integers(0, 3, rows).astype(float) if data.draw(st.booleans()) else None,
        "groups": rng.integers(0, max(2, rows // 3), rows),
        "times": np.arange(rows) // data.draw(st.integers(1, 3)),
        "parts": rng.choice(["train", "train", "stop", "valid", "test"], rows),
    }
    name = data.draw(st.sampled_from(["holdout", "kfold", "group", "time", "column"]))
    stop = {"stop": data.draw(st.sampled_from(["valid", "inner"]))}
    try:
        done = split(dataset(target, **roles), config(name, **stop), int(rng.integers(99)))
    except UserError:
        return
    for fold in done.folds:
        weigh = fold.train if roles["weights"] is None else fold.train[roles["weights"][fold.train] > 0]
        assert set(target[weigh]) == set(target)
