"""What may be meant otherwise than it was taken: each remark names a column, an example and a key."""

import re
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd
from pandas.api import types

from bench.datasets import doubts
from bench.datasets.columns import EXACT
from bench.datasets.doubts import FEW
from bench.wording import plural

_CODE = re.compile(r"(?:^|[ _.-])(?:id|uuid|key|code|zip|plz|zipcode|postcode|isbn|ean|sku)$", re.IGNORECASE)
"""How columns of identifiers are called."""


def of(kept: pd.DataFrame, features: pd.DataFrame, wanted: Mapping[str, str]) -> Iterator[str]:
    """Remarks on features, `kept` as they were found and `features` as they were typed; none on those in `wanted`."""
    for place, name in enumerate(features.columns):
        found, values = kept.iloc[:, place], features.iloc[:, place]
        if name in wanted:
            continue
        if isinstance(values.dtype, pd.CategoricalDtype):
            labels = set(values.cat.categories)
            unsaid = sorted(labels & doubts.UNKNOWN)
            if unsaid:
                count = int((values == unsaid[0]).sum())
                yield (
                    f"column {name!r}: {unsaid[0]!r} ({plural(count, 'row')}) is a category; dataset.missing names "
                    "what is missing"
                )
            if isinstance(found.dtype, pd.CategoricalDtype) and found.cat.ordered and len(found.cat.categories) > 1:
                first, *_, last = map(str, found.cat.categories)
                yield (
                    f"column {name!r}: the order of its categories, from {first!r} to {last!r}, is not used; "
                    "numbers in their place would keep it"
                )
            alike = _alike(values.cat.categories)
            if alike is not None:
                yield f"column {name!r}: {alike} are two categories; where they are one, write them alike"
        elif types.is_integer_dtype(found) and len(found) > FEW:
            low, high = int(found.min()), int(found.max())
            if high - low == len(found) - 1 and found.is_unique:
                yield (
                    f"column {name!r}: whole numbers from {low} to {high}, each once, as row numbers are; "
                    f"{doubts.key(name, 'ignore')} leaves it out"
                )
            elif _CODE.search(name):
                yield (
                    f"column {name!r}: whole numbers such as {low}, under a name that identifiers have; "
                    f"{doubts.key(name, 'category')} or {doubts.key(name, 'ignore')}"
                )
            elif low >= 19000101 and high <= 21001231 and found.mod(10000).between(101, 1231).all():
                yield (
                    f"column {name!r}: whole numbers such as {low}, which read as dates, are taken for numbers; "
                    f"{doubts.key(name, 'ignore')} leaves it out"
                )
            elif max(abs(low), abs(high)) > EXACT:
                yield (
                    f"column {name!r}: whole numbers such as {high}, beyond 2**53, are rounded; where they are "
                    f"identifiers, {doubts.key(name, 'category')} or {doubts.key(name, 'ignore')}"
                )


def of_target(values: pd.Series, classes: tuple[str, ...], task: str, stated: bool) -> Iterator[str]:
    """Remarks on a target's classes and, unless a key has `stated` the task, on whole numbers taken for one of two."""
    where = f"target {str(values.name)!r}"
    whole = classes and all(label.lstrip("-").isdigit() for label in classes)
    if not stated and len(classes) > 2 and whole:
        others = "regression" if any(label.startswith("-") for label in classes) else "counts or regression"
        yield (
            f"{where}: whole numbers of {len(classes)} values, such as {classes[-1]}, are taken for classes; for "
            f"quantities dataset.task={others}"
        )
    if not stated and task == "regression" and values.min() == 0 and not (values % 1).any():
        yield (
            f"{where}: whole numbers from 0 to {values.max():g} are taken for quantities; where they count something, "
            "dataset.task=counts"
        )
    unsaid = [label for label in classes if label in doubts.UNKNOWN]
    if unsaid:
        count = int((values.astype("str") == unsaid[0]).sum())
        yield (
            f"{where}: {unsaid[0]!r} ({plural(count, 'row')}) is a class; {doubts.reads(unsaid)}, and "
            "dataset.drop_missing_target=true then leaves such rows out"
        )
    alike = _alike(classes)
    if alike is not None:
        yield f"{where}: {alike} are two classes; where they are one, write them alike"


def _alike(labels: Iterable[str]) -> str | None:
    """The first two labels that differ in blanks, or in the case of words, alone."""
    seen: dict[str, str] = {}
    for label in labels:
        words = " ".join(label.split())
        other = seen.setdefault(words.casefold() if len(words) > 1 else words, label)
        if other is not label:
            return f"{other!r} and {label!r}"
    return None
