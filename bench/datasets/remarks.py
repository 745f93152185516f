"""What may be meant otherwise than it was taken: each remark names a column, an example and a key."""

import re
from collections.abc import Iterator, Mapping

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


def of_target(values: pd.Series, classes: tuple[str, ...], task: str | None) -> Iterator[str]:
    """A remark on a target of whole numbers that was taken for more than two classes, where no `task` says so."""
    if task is None and len(classes) > 2 and all(label.lstrip("-").isdigit() for label in classes):
        others = "regression" if any(label.startswith("-") for label in classes) else "counts or regression"
        yield (
            f"target {str(values.name)!r}: whole numbers of {len(classes)} values, such as {classes[-1]}, are taken "
            f"for classes; for quantities dataset.task={others}"
        )
