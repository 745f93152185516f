"""The table that a source returns, and which of its rows and columns are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.datasets import columns
from bench.errors import UserError, allowed
from bench.wording import listed, plural

OF_COLUMNS = ("types", "drop_missing_target", "rare_classes")
"""Keys that any dataset may have besides: what is made of the columns and rows that its source returned."""
RARE = 4
"""A class with fewer rows is rare: train, stop, valid and test each need one."""


@dataclass(frozen=True)
class Table:
    """What a source returns: features and target as it found them, row by row."""

    features: pd.DataFrame
    target: pd.Series
    others: pd.DataFrame | None = None
    """Columns that are not features, and that a role's key may name."""
    said: str = ""
    """How the source read its file, in a few words."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it read it."""


def counted(table: Table) -> Table:
    """The table on rows 0..n-1, so that a row keeps its number when others are left out."""
    rows = pd.RangeIndex(len(table.target))
    others = None if table.others is None else table.others.set_axis(rows, axis=0)
    return replace(
        table, features=table.features.set_axis(rows, axis=0), target=table.target.set_axis(rows, axis=0), others=others
    )


def without_ignored(table: Table, wanted: Mapping[str, str], where: str) -> Table:
    """The table without the features that `types` ignores; it may name columns of the table alone."""
    names = [str(name) for name in table.features.columns]
    others = [] if table.others is None else [str(name) for name in table.others.columns]
    for name, kind in wanted.items():
        if name not in (*names, *others, str(table.target.name)):
            near = [*get_close_matches(name, names, n=3), *names]
            raise UserError(f"dataset.types: no column {name!r} in {where}; {allowed(name, dict.fromkeys(near[:30]))}")
        if kind == "ignore" and name == str(table.target.name):
            raise UserError(f"dataset.types: ignores the target {name!r}; name another column")
    kept = [wanted.get(name) != "ignore" for name in names]
    return table if all(kept) else replace(table, features=table.features.loc[:, kept])


def kept_rows(
    table: Table, config: Mapping[str, Any], task: str | None, wanted: Mapping[str, str], where: str
) -> tuple[Table, list[str]]:
    """The table without rows that have no target, or whose class is rare, where keys say so, and notes of both."""
    flag, rare = config.get("drop_missing_target"), config.get("rare_classes")
    if flag not in (None, True, False):
        raise UserError(f"dataset.drop_missing_target={flag!r}: expected true or false")
    if rare not in (None, "drop", "error"):
        raise UserError(f"dataset.rare_classes={rare!r}: {allowed(rare, ('drop', 'error'))}")
    notes = list(table.notes)
    missing = table.target.isna().to_numpy()
    if flag and missing.any():
        if missing.all():
            raise UserError(f"{where}: target {str(table.target.name)!r} is missing in every row")
        notes.append(f"{plural(int(missing.sum()), 'row')} without a target left out (dataset.drop_missing_target)")
        table = _rows(table, ~missing)
    if rare == "drop" and len(table.target):
        target, _, classes = columns.encoded_target(table.target, task, where, wanted.get(str(table.target.name)))
        counts = np.bincount(target, minlength=len(classes)) if classes else np.full(1, RARE)
        few = [place for place, count in enumerate(counts) if count < RARE]
        if len(counts) - len(few) < 2 and few:
            raise UserError(f"{where}: dataset.rare_classes=drop leaves fewer than two classes; add rows")
        if few:
            marked = np.isin(target, few)
            shown = listed([f"{classes[place]!r} ({counts[place]})" for place in few])
            notes.append(
                f"{plural(int(marked.sum()), 'row')} of classes with fewer than {RARE} rows left out "
                f"(dataset.rare_classes): {shown}"
            )
            table = _rows(table, ~marked)
    return table, notes


def _rows(table: Table, chosen: NDArray[np.bool_]) -> Table:
    others = None if table.others is None else table.others.loc[chosen]
    return replace(table, features=table.features.loc[chosen], target=table.target.loc[chosen], others=others)
