"""A small table of one's own, with all that makes a table hard: categories, missing values, odd names, weights."""

from pathlib import Path

import numpy as np
import pandas as pd


def table(task: str, path: str = "own.csv") -> pd.DataFrame:
    """Numbers and categories with missing values, a column that is empty for most rows, weights of which some are 0."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size, in {cm}": rng.normal(size=120).round(3),
            "rare": [1.5, 2.5, *[np.nan] * 118],
            "colour": rng.choice(["red", "blue", "green"], 120),
            "of few": [*["seldom"] * 3, *["often"] * 117],
            "w": rng.integers(0, 3, 120),
        }
    )
    signal = frame["size, in {cm}"] + (frame["colour"] == "red")
    frame["y"] = {
        "binary": np.where(signal + rng.normal(size=120) > 0.3, "yes", "no"),
        "regression": (signal + 0.1 * rng.normal(size=120)).round(4),
        "counts": rng.poisson(np.exp(signal / 2)),
    }[task]
    frame.loc[rng.choice(120, 15), "size, in {cm}"] = np.nan
    frame.loc[rng.choice(120, 15), "colour"] = np.nan
    frame.to_csv(path, index=False)
    return frame


SEARCHED = """name: searched
description: a preparation of the configuration's own
class: bench.models.scikit_learn.Estimator
settings:
  estimator: {classification: sklearn.linear_model.LogisticRegression, regression: sklearn.linear_model.Ridge}
  encode: ordinal
space:
  prepare.scale: {type: categorical, choices: [minmax], default: minmax}
  prepare.encode: {type: categorical, choices: [target], default: target}
  prepare.impute: {type: categorical, choices: [mean, most_frequent], default: mean}
"""


def searched() -> list[str]:
    """The overrides of a model whose preparation is searched; its config is written to `mine`."""
    Path("mine/model").mkdir(parents=True, exist_ok=True)
    Path("mine/model/searched.yaml").write_text(SEARCHED)
    return ["--config-dir", "mine", "model=searched"]
