"""What was made of a table, in lines for a person: rows, kinds of columns, target, parts."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bench.datasets.columns import kind_of
from bench.datasets.loading import Dataset
from bench.datasets.split import Split
from bench.wording import listed, plural, shortened


def summary(dataset: Dataset, split: Split | None = None) -> Iterator[str]:
    """A dataset in a line or three, its parts where `split` gives them, and a line for each note."""
    kinds = [isinstance(kind, pd.CategoricalDtype) for kind in dataset.features.dtypes]
    counts = [f"{len(kinds) - sum(kinds)} numeric", f"{sum(kinds)} categorical"]
    missing = int(dataset.features.isna().to_numpy().sum())
    parts = [
        plural(len(dataset.target), "row"),
        f"{plural(len(kinds), 'feature')} ({', '.join(count for count in counts if not count.startswith('0 '))})",
        *([f"{missing} missing {'value' if missing == 1 else 'values'}"] if missing else []),
    ]
    read = f"; read as {dataset.said}" if dataset.said else ""
    yield f"{dataset.name}: {', '.join(parts)}{read}"
    yield f"target {dataset.target_name!r}: {target(dataset)}"
    if split is not None:
        yield f"parts: {'; '.join(parted(dataset, split))}"
    for note in dataset.notes:
        yield f"note: {note}"


def target(dataset: Dataset) -> str:
    """The task, with the share of each class, or the range of the numbers."""
    if not dataset.classes:
        low, middle, high = (float(value) for value in np.quantile(dataset.target, [0, 0.5, 1]))
        return f"{dataset.task}, from {low:g} to {high:g}, median {middle:g}"
    return f"{dataset.task}, {len(dataset.classes)} classes: {_classes(dataset, np.arange(len(dataset.target)), 8)}"


def parted(dataset: Dataset, split: Split) -> Iterator[str]:
    """The sizes of a split's parts, and the classes in each; of several folds the first, and how many there are."""
    fold = split.folds[0]
    parts = {"train": fold.train, "stop": fold.stop, "valid": fold.valid, "test": split.test}
    if np.array_equal(fold.stop, fold.valid):
        del parts["stop"]
    several = f" (the first of {len(split.folds)} folds)" if len(split.folds) > 1 else ""
    for name, rows in parts.items():
        if rows is not None:
            classes = f": {_classes(dataset, rows, 4)}" if dataset.classes else ""
            yield f"{name} {plural(len(rows), 'row')}{several if name != 'test' else ''}{classes}"


def _classes(dataset: Dataset, rows: np.ndarray, most: int) -> str:
    counts = np.bincount(dataset.target[rows], minlength=len(dataset.classes))
    return listed(
        [f"{shortened(label, 30)} {count}" for label, count in zip(dataset.classes, counts, strict=True)], most
    )


def columns(frame: pd.DataFrame, uses: Sequence[str]) -> Iterator[str]:
    """A table of columns as a file's reading found them: name, use, kind, levels, missing values, examples.

    `uses`: for each column what it is used as, such as feature or target.
    """
    rows = [("column", "used as", "kind", "levels", "missing", "values")]
    for place, use in enumerate(uses):
        values = frame.iloc[:, place]
        kind, known = kind_of(values), values.dropna()
        boolean = pd.api.types.is_bool_dtype(values)
        kind = "boolean" if boolean else {"text": "category"}.get(kind, kind)
        levels = known.astype("str").nunique() if kind not in ("number", "boolean", "category") else known.nunique()
        if kind == "number" and len(known):
            shown = f"{known.min():g} to {known.max():g}"
        else:
            common = known.astype("str").value_counts(sort=True)
            shown = listed([f"{shortened(str(label), 24)} ({count})" for label, count in common.items()], 3)
        name = shortened(str(frame.columns[place]), 40)
        rows.append((name, use, kind, str(levels), str(int(values.isna().sum())), shown))
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    for row in rows:
        cells = [
            cell.rjust(width) if place in (3, 4) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row[:5], widths, strict=True))
        ]
        yield "  ".join([*cells, row[5]]).rstrip()
