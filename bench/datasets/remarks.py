"""What may be meant otherwise than it was taken: each remark names a column, an example and a key."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from pandas.api import types

from bench.datasets import doubts, forms
from bench.datasets.columns import EXACT, kind_of
from bench.datasets.doubts import FEW
from bench.wording import listed, plural

_MARKS = frozenset(-float("9" * digits) for digits in range(2, 8))
_TRUTHS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "1", "0", "on", "off"})
_TIME = re.compile(r"time|date|stamp|epoch|(?:^|[ _.-])(?:ts|at|when)$", re.IGNORECASE)
_CODE = re.compile(r"(?:^|[ _.-])(?:id|uuid|key|code|zip|plz|zipcode|postcode|isbn|ean|sku)$", re.IGNORECASE)
"""How columns of identifiers are called."""


def of(kept: pd.DataFrame, features: pd.DataFrame, wanted: Mapping[str, str]) -> Iterator[str]:
    """Remarks on features, `kept` as they were found and `features` as they were typed; none on those in `wanted`."""
    alone = []
    for place, name in enumerate(features.columns):
        found, values = kept.iloc[:, place], features.iloc[:, place]
        if name in wanted:
            continue
        known = values.dropna()
        if not len(known) or (known == known.iloc[0]).all():
            alone.append(name)
        if isinstance(values.dtype, pd.CategoricalDtype):
            yield from _of_labels(f"column {name!r}", list(values.cat.categories), values.value_counts(), "category")
            form = forms.looks(list(values.cat.categories)) if len(values.cat.categories) <= FEW else ""
            if form:
                yield (
                    f"column {name!r}: {form}, such as {values.cat.categories[0]!r}, are taken for "
                    f"{len(values.cat.categories)} categories; {doubts.key(name, 'ignore')} leaves it out"
                )
            if isinstance(found.dtype, pd.CategoricalDtype) and found.cat.ordered and len(found.cat.categories) > 1:
                first, *_, last = map(str, found.cat.categories)
                yield (
                    f"column {name!r}: the order of its categories, from {first!r} to {last!r}, is not used; "
                    "numbers in their place would keep it"
                )
        elif len(known) > FEW and types.is_numeric_dtype(found) and not types.is_bool_dtype(found):
            yield from _of_numbers(name, found.dropna())
    if alone:
        yield (
            f"{'column' if len(alone) == 1 else plural(len(alone), 'column') + ','} {listed(map(repr, alone), 3)}: one "
            "value in every row, or none, which tells a model nothing; dataset.drop leaves such out"
        )


def _of_labels(where: str, labels: Sequence[str], counts: pd.Series, what: str) -> Iterator[str]:
    """Words for a missing value, and spellings of one word."""
    unsaid = sorted(set(labels) & doubts.UNKNOWN)
    if unsaid:
        rows = plural(int(counts[unsaid[0]]), "row")
        way = "dataset.missing names what is missing"
        if what == "class":
            way = f"{doubts.reads(unsaid)}, and dataset.drop_missing_target=true then leaves such rows out"
        yield f"{where}: {unsaid[0]!r} ({rows}) is a {what}; {way}"
    pair = doubts.alike(labels, str.strip) or doubts.alike(labels, lambda label: label.strip().casefold())
    if pair:
        difference = "blanks around them" if pair[0].strip() == pair[1].strip() else "capital letters"
        yield f"{where}: {pair[0]!r} and {pair[1]!r} differ by {difference} alone; mend the file where one is meant"
    words = {label.strip().casefold() for label in labels}
    if len(words) > 2 and words <= _TRUTHS:
        yield f"{where}: words for true and false in several forms, such as {listed(map(repr, labels), 3)}; write two"


def _of_numbers(name: str, known: pd.Series) -> Iterator[str]:
    """Whole numbers that may be something else: row numbers, identifiers, dates, marks of a missing value."""
    numbers = known.astype("float64") if not types.is_integer_dtype(known) else known
    low, high = numbers.min(), numbers.max()
    if types.is_float_dtype(numbers) and (not np.isfinite(high) or (numbers % 1 != 0).any() or abs(high) >= 2.0**64):
        yield from _of_marks(name, numbers)
        return
    low, high = int(low), int(high)
    ignore, category = doubts.key(name, "ignore"), doubts.key(name, "category")
    about = f"column {name!r}: whole numbers"
    if high - low == len(known) - 1 and known.is_unique:
        yield f"{about} from {low} to {high}, each once, as row numbers are; {ignore} leaves it out"
    elif _CODE.search(name):
        yield f"{about} such as {low}, under a name that identifiers have; {category} or {ignore}"
    elif _are_dates(numbers, low, high) or (_TIME.search(name) and _is_epoch(low) and _is_epoch(high)):
        yield f"{about} such as {low}, which read as dates, are taken for numbers; {ignore} leaves it out"
    elif max(abs(low), abs(high)) > EXACT:
        yield f"{about} such as {high}, beyond 2**53, are rounded; where they are identifiers, {category} or {ignore}"
    else:
        yield from _of_marks(name, numbers)


def _are_dates(numbers: pd.Series, low: int, high: int) -> bool:
    """Whether whole numbers read as 20241231, or with a time after it."""
    for digits in (0, 4, 6):
        unit = 10**digits
        if low >= 19000101 * unit and high <= 21001231 * unit + unit - 1:
            days = numbers // unit
            return bool((days % 100).between(1, 31).all() and (days // 100 % 100).between(1, 12).all())
    return False


def _is_epoch(number: int) -> bool:
    """Whether it is a moment from 1990 to 2100, in seconds, milli-, micro- or nanoseconds since 1970."""
    return any(631_152_000 <= number / 1000**power <= 4_102_444_800 for power in range(4))


def _of_marks(name: str, numbers: pd.Series) -> Iterator[str]:
    """-999 and its like among numbers that are not negative else."""
    low = float(numbers.min())
    if low in _MARKS and (numbers == low).sum() > 1 and numbers[numbers != low].min() >= 0:
        rows = plural(int((numbers == low).sum()), "row")
        yield (
            f"column {name!r}: {low:g} ({rows}) is the only negative number; where it stands for a missing value, "
            f"dataset.missing={low:g}"
        )


def of_names(frame: pd.DataFrame) -> list[str]:
    """A note where the first line is likely to be a row: where the name of a column of text is one of its values."""
    for place, name in enumerate(frame.columns):
        values = frame.iloc[:, place]
        if kind_of(values) == "text" and (values == name).any():
            return [f"the first line is read as the names of columns, and {name!r} in it is a value of its column, too"]
    return []


def of_target(values: pd.Series, classes: tuple[str, ...], task: str, stated: bool) -> Iterator[str]:
    """Remarks on a target's classes and, unless a key has `stated` the task, on whole numbers taken for one of two."""
    where = f"target {str(values.name)!r}"
    if classes:
        yield from _of_labels(where, classes, values.astype("str").value_counts(), "class")
    if stated:
        return
    if len(classes) > 2 and all(label.lstrip("-").isdigit() for label in classes):
        others = "regression" if any(label.startswith("-") for label in classes) else "counts or regression"
        yield (
            f"{where}: whole numbers of {len(classes)} values, such as {classes[-1]}, are taken for classes; for "
            f"quantities dataset.task={others}"
        )
    if task == "regression" and values.min() == 0 and not (values % 1).any():
        yield (
            f"{where}: whole numbers from 0 to {values.max():g} are taken for quantities; where they count something, "
            "dataset.task=counts"
        )
