"""A user's own source of data, which returns or raises what it is told to."""

import numpy as np
import pandas as pd

from bench.datasets import Table

CHANCE = np.random.default_rng(0)
FEATURES = pd.DataFrame({"a": CHANCE.normal(size=60), "b": CHANCE.choice(["r", "g"], 60), "when": range(60)})
TARGET = pd.Series(CHANCE.choice(["p", "q"], 60), name="y")
NUMBER = 5


def _raises(error):
    raise error


WAYS = (
    lambda: Table(FEATURES, TARGET),
    lambda: Table(FEATURES, TARGET, FEATURES[["b"]].rename(columns={"b": "group"})),
    lambda: (FEATURES, TARGET),
    lambda: None,
    lambda: Table(FEATURES.to_numpy(), TARGET),
    lambda: Table(FEATURES, TARGET.to_numpy()),
    lambda: Table(FEATURES, TARGET.to_frame()),
    lambda: Table(FEATURES, TARGET[:-1]),
    lambda: Table(FEATURES.iloc[:0], TARGET[:0]),
    lambda: Table(FEATURES[[]], TARGET),
    lambda: Table(FEATURES.set_axis(["a", "a", "b"], axis=1), TARGET),
    lambda: Table(FEATURES.set_axis([1, None, ("x", 2)], axis=1), TARGET),
    lambda: Table(FEATURES.set_axis(pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)]), axis=1), TARGET),
    lambda: Table(FEATURES, TARGET.rename(None)),
    lambda: Table(FEATURES, TARGET.rename("a")),
    lambda: Table(FEATURES.set_axis(range(100, 160)), TARGET.set_axis([0] * 60)),
    lambda: Table(FEATURES.assign(c=[[1, 2]] * 60), TARGET),
    lambda: Table(FEATURES.assign(c=[{"x": 1}, None] * 30), TARGET),
    lambda: Table(FEATURES.assign(c=[b"\xff", b"x"] * 30), TARGET),
    lambda: Table(FEATURES.assign(c=[1, "1"] * 30), TARGET),
    lambda: Table(FEATURES.assign(c=FEATURES["a"] + 1j), TARGET),
    lambda: Table(FEATURES.assign(c=pd.to_timedelta(range(60), unit="s")), TARGET),
    lambda: Table(FEATURES.assign(c=pd.period_range("2024-01", periods=60, freq="M")), TARGET),
    lambda: Table(FEATURES.assign(c=pd.arrays.SparseArray([0.0, 1.0] * 30)), TARGET),
    lambda: Table(FEATURES.assign(c=pd.interval_range(0, 60)), TARGET),
    lambda: Table(FEATURES.assign(c=pd.array([1, None] * 30, dtype="Int64")), TARGET),
    lambda: Table(FEATURES.assign(c=pd.Categorical([2, 10] * 30, categories=[10, 2, 3], ordered=True)), TARGET),
    lambda: Table(FEATURES, TARGET.astype("category").cat.set_categories(["q", "p", "unused"])),
    lambda: Table(FEATURES, TARGET.astype("string[python]")),
    lambda: Table(FEATURES, pd.Series([True, None] * 30, dtype="boolean")),
    lambda: Table(FEATURES, pd.Series([1.5, np.inf] * 30)),
    lambda: Table(FEATURES, pd.Series([2**60 + i for i in range(60)])),
    lambda: _raises(ValueError("two\nlines \x1b[31mred")),
    lambda: _raises(OSError(28, "No space left on device")),
    lambda: _raises(ModuleNotFoundError("No module named 'nope'", name="nope")),
    lambda: _raises(SystemExit(3)),
    lambda: _raises(MemoryError()),
    lambda: _raises(RecursionError("x" * 9000)),
)


def odd(way=0):
    return WAYS[way]()


def needs(datasets_dir, rows):
    return Table(FEATURES[:rows], TARGET[:rows])


def takes_all(**keys):
    return Table(FEATURES.assign(**{name: [float(value)] * 60 for name, value in keys.items() if name == "c"}), TARGET)
