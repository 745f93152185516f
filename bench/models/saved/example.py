"""A few rows as an example of what a model takes, for a registry of models."""

import pandas as pd

EXAMPLE_ROWS = 3
"""Of the training data, kept with the model as an example of its input."""


def example_of(features: pd.DataFrame) -> pd.DataFrame:
    """The first rows, as a user has them: text in the place of categories, whole numbers without a fraction."""
    few = features.head(EXAMPLE_ROWS)
    columns = {}
    for name in few:
        values = few[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            columns[name] = values.astype(object).where(values.notna(), None)
        else:
            columns[name] = values.astype("int64") if is_whole(features[name]) else values
    return pd.DataFrame(columns, index=range(len(few)))


def is_whole(values: pd.Series) -> bool:
    """Whether a column of numbers holds whole ones alone, so that others may read it as integers."""
    return bool(values.notna().all() and (values % 1 == 0).all() and values.abs().max() < 2**53)
