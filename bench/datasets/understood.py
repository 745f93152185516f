"""What was made of a table: rows, kinds of columns, target, parts; as plain data, and in lines for a person."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.datasets.columns import kind_of
from bench.datasets.loading import Dataset
from bench.datasets.split import Split
from bench.wording import listed, plural, shortened

COLUMNS, CLASSES, NOTES = 60, 20, 20
"""At most so many columns, classes and notes are in the plain data; of the others how many there are."""
_NAME, _NOTE = 60, 400
"""Letters that are kept of a name, or of a note."""


def plain(dataset: Dataset, split: Split | None = None) -> dict[str, Any]:
    """What was made of a table, as values of JSON of some kilobytes at most: without a path, and with no row of it.

    - `rows`, `numbers` and `categories` (features of each kind), `missing` (values of all features); `read_as`, if it
      was a file.
    - `target`: `name`, `task`; of classes how many `classes` there are and the `counts` of the first ones, [name, rows]
      each; of numbers `low`, `median` and `high`.
    - `columns`, the first ones: `name`, `kind`, `missing`, and `levels` of categories, `low` and `high` of numbers.
    - `folds` and `parts` of the first, where `split` gives them: each its `rows`, and `counts` of the same classes.
    - `notes`: the first of what a person should know.
    """
    columns = [dataset.features.iloc[:, place] for place in range(dataset.features.shape[1])]
    categories = sum(isinstance(column.dtype, pd.CategoricalDtype) for column in columns)
    return {
        "rows": len(dataset.target),
        "numbers": len(columns) - categories,
        "categories": categories,
        "missing": int(sum(column.isna().sum() for column in columns)),
        **({"read_as": shortened(dataset.said, _NOTE)} if dataset.said else {}),
        "target": _target(dataset),
        "columns": [_column(column) for column in columns[:COLUMNS]],
        **({} if split is None else {"folds": len(split.folds), "parts": _parts(dataset, split)}),
        "notes": [shortened(note, _NOTE) for note in dataset.notes[:NOTES]],
    }


def _target(dataset: Dataset) -> dict[str, Any]:
    about = {"name": shortened(dataset.target_name, _NAME), "task": dataset.task}
    if not dataset.classes:
        low, median, high = (_short(value) for value in np.quantile(dataset.target, [0, 0.5, 1]))
        return {**about, "low": low, "median": median, "high": high}
    counts = _counts(dataset, np.arange(len(dataset.target)))
    names = [shortened(name, _NAME) for name in dataset.classes[:CLASSES]]
    return {
        **about,
        "classes": len(dataset.classes),
        "counts": [list(each) for each in zip(names, counts, strict=True)],
    }


def _counts(dataset: Dataset, rows: np.ndarray) -> list[int]:
    """How many of the rows are of each of the first classes."""
    every: list[int] = np.bincount(dataset.target[rows], minlength=len(dataset.classes)).tolist()
    return every[:CLASSES]


def _column(values: pd.Series) -> dict[str, Any]:
    about = {"name": shortened(str(values.name), _NAME), "kind": "number", "missing": int(values.isna().sum())}
    known = values.dropna()
    if isinstance(values.dtype, pd.CategoricalDtype):
        return {**about, "kind": "category", "levels": int(known.nunique())}
    return {**about, **({"low": _short(known.min()), "high": _short(known.max())} if len(known) else {})}


def _short(number: float) -> float:
    return float(f"{number:.6g}")


def _parts(dataset: Dataset, split: Split) -> dict[str, Any]:
    """The parts of the first fold; stop is one of them where it is not valid itself."""
    fold = split.folds[0]
    parts = {"train": fold.train, "stop": fold.stop, "valid": fold.valid, "test": split.test}
    if np.array_equal(fold.stop, fold.valid):
        del parts["stop"]
    return {
        name: {"rows": len(rows), **({"counts": _counts(dataset, rows)} if dataset.classes else {})}
        for name, rows in parts.items()
        if rows is not None
    }


def summary(dataset: Dataset, split: Split | None = None) -> Iterator[str]:
    """A dataset in a line or three, its parts where `split` gives them, and a line for each note."""
    data = plain(dataset, split)
    kinds = [f"{data[kind]} {word}" for kind, word in (("numbers", "numeric"), ("categories", "categorical"))]
    features = data["numbers"] + data["categories"]
    parts = [
        plural(data["rows"], "row"),
        f"{plural(features, 'feature')} ({', '.join(count for count in kinds if not count.startswith('0 '))})",
        *([plural(data["missing"], "missing value")] if data["missing"] else []),
    ]
    read = f"; read as {data['read_as']}" if "read_as" in data else ""
    yield f"{dataset.name}: {', '.join(parts)}{read}"
    yield f"target {data['target']['name']!r}: {_of_target(data['target'])}"
    if split is not None:
        yield f"parts: {'; '.join(parted(data))}"
    yield from (f"note: {note}" for note in dataset.notes)


def _of_target(target: Mapping[str, Any]) -> str:
    """The task, with the share of each class, or the range of the numbers."""
    if "classes" not in target:
        return f"{target['task']}, from {target['low']:g} to {target['high']:g}, median {target['median']:g}"
    return (
        f"{target['task']}, {target['classes']} classes: {_classes(target, [rows for _, rows in target['counts']], 8)}"
    )


def parted(data: Mapping[str, Any]) -> Iterator[str]:
    """The sizes of the parts in plain data, and the classes in each; of several folds the first, and how many."""
    several = f" (the first of {data['folds']} folds)" if data["folds"] > 1 else ""
    for name, part in data["parts"].items():
        classes = f": {_classes(data['target'], part['counts'], 4)}" if "counts" in part else ""
        yield f"{name} {plural(part['rows'], 'row')}{several if name != 'test' else ''}{classes}"


def _classes(target: Mapping[str, Any], counts: Sequence[int], most: int) -> str:
    shown = [f"{shortened(name, 30)} {rows}" for (name, _), rows in zip(target["counts"], counts, strict=True)][:most]
    more = target["classes"] - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


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
