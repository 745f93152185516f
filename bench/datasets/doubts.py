"""Text that is no category: numbers with something among them, dates, identifiers; what it is and what to do."""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.datasets import cells, forms
from bench.datasets.forms import NEARLY
from bench.wording import as_value, command, in_quotes, listed, plural, shortened

FEW = 20
"""At most so many distinct values may be categories, or classes, whatever they look like."""
_SEEN = 2000
"""About so many of a column's levels are looked at, evenly spread."""
_ODD = 5
"""At most so many other values among numbers make a column of numbers where half of its rows are numbers."""
UNKNOWN = frozenset(
    {
        "?",
        "-",
        "NA",
        "N/A",
        "n/a",
        "na",
        "#N/A",
        "NaN",
        "nan",
        "NULL",
        "null",
        "None",
        "none",
        "unknown",
        "Unknown",
        r"\N",
    }
)
"""What programs write for a missing value; here it is a category, unless `dataset.missing` names it."""


def key(name: str, kind: str) -> str:
    """The key that makes a column one of this kind, as a shell takes it.

    >>> print(key("zip", "category"), key("zip code", "ignore"))
    'dataset.types={zip: category}' "dataset.types=['zip code: ignore']"
    """
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return command(f"dataset.types={{{name}: {kind}}}")
    return command(f"dataset.types=[{in_quotes(f'{name}: {kind}')}]")


def of_text(
    labels: Sequence[str], codes: NDArray[np.int64], rows: NDArray[np.int64], name: str, target: bool = False
) -> str | None:
    """What speaks against taking a column of text for categories, and what to do about it; None: nothing.

    `codes`: (n,) of the known values, places in `labels`. `rows`: (n,) their data rows, as a person counts. Of a target
    leading zeros are not doubtful.
    """
    return next(_of_text(labels, codes, rows, name, target), None)


def _of_text(
    labels: Sequence[str], codes: NDArray[np.int64], rows: NDArray[np.int64], name: str, target: bool
) -> Iterator[str]:
    keep = "dataset.task=classification takes it for classes" if target else _takes(name)
    numbers = cells.is_number(labels)
    yield from _of_form(labels, numbers, keep, target)
    if target and (pair := alike(labels, str.strip)):
        yield f"has {pair[0]!r} and {pair[1]!r}, which differ by blanks around them alone; mend the file; {keep}"
    odd = [label for label, is_number in zip(labels, numbers, strict=True) if not is_number]
    counts = np.bincount(codes, minlength=len(labels))
    share = counts[numbers].sum() / max(1, len(codes))
    known = counts[[label not in UNKNOWN for label in labels]].sum()
    of_known = counts[numbers].sum() / max(1, known)  # most of a column of numbers may be NA
    if odd and (of_known >= NEARLY or (share >= 0.5 and len(odd) <= _ODD)):
        ways = [keep, _leaves(name)]
        if target:
            ways = ["dataset.drop_missing_target=true leaves out rows where it is missing", keep]
        yield ", ".join([_among(labels, codes, numbers, rows), *ways])
    if not odd and not target:
        yield from _of_identifiers(labels, codes, rows, name)
    if len(labels) > FEW and 2 * len(labels) >= len(codes):
        what = f"holds text of {len(labels)} levels in {len(codes)} rows, such as {shortened(labels[0])!r}"
        if target:
            yield f"{what}: as classes they would hardly occur twice; name another column as the target; {keep}"
        yield f"{what}: as categories they would say little of new rows; {keep}, {_leaves(name)}"


def _takes(name: str) -> str:
    return f"{key(name, 'category')} takes it for categories"


def _leaves(name: str) -> str:
    return f"{key(name, 'ignore')} or dataset.drop leaves it out"


def _of_form(labels: Sequence[str], numbers: NDArray[np.bool_], keep: str, target: bool) -> Iterator[str]:
    """Dates, numbers with marks or units, of many levels."""
    if len(labels) <= FEW or numbers.mean() > NEARLY:
        return
    step = max(1, len(labels) // _SEEN)
    some, plain = labels[::step], numbers[::step]
    for what, ways, likes in forms.LOOKS:
        marked = np.fromiter((likes(label) for label in some), dtype=np.bool_, count=len(some))
        if marked.mean() >= NEARLY and any(map(forms.has_digit, some)):
            shown = shortened(some[int((marked & ~plain).argmax())])
            other = "" if marked.all() else f" (and {shortened(some[int((~marked).argmax())])!r})"
            way = ways[0] if target else f"{', '.join(ways)}, or leave it out (dataset.drop)"
            yield f"holds {what}, such as {shown!r}{other}; {way}; {keep}"


def _of_identifiers(
    labels: Sequence[str], codes: NDArray[np.int64], rows: NDArray[np.int64], name: str
) -> Iterator[str]:
    """Numbers that stayed text: with leading zeros, or of too many digits."""
    for what, pattern in (("leading zeros", cells.LEADING_ZERO), ("more digits than are kept", cells.TOO_LONG)):
        place = next((i for i, label in enumerate(labels) if re.fullmatch(pattern, label.strip())), None)
        if place is not None:
            row = rows[int((codes == place).argmax())]
            yield (
                f"holds numbers with {what}, such as {shortened(labels[place])!r} in data row {row}, as identifiers "
                f"have; {_takes(name)}, {key(name, 'number')} for numbers, {_leaves(name)}"
            )


def alike(labels: Sequence[str], plain: Callable[[str], str]) -> tuple[str, str] | None:
    """The first two labels that `plain` makes one of."""
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(plain(label), label)
        if other != label:
            return other, label
    return None


def of_values(values: pd.Series, kind: str, name: str) -> str:
    """What is said of a column of dates, of lists and the like, which are neither numbers nor text."""
    known = values.dropna()
    first = known.iloc[0] if len(known) else None
    shown = f", such as {shortened(str(first), 40)!r}"
    leave = f"or leave it out ({key(name, 'ignore')} or dataset.drop)"
    if kind in ("datetime", "datetime64", "date"):
        return f"holds dates{shown}; turn it into numbers, name it as dataset.time, {leave}"
    if kind.startswith("mixed"):
        kinds = sorted({type(value).__name__ for value in known[:1000]})
        return f"holds values of type {listed(kinds)}{shown}; turn it into numbers, {leave}"
    return f"holds {kind} values{shown}; turn it into numbers, {leave}"


def _among(labels: Sequence[str], codes: NDArray[np.int64], numbers: NDArray[np.bool_], rows: NDArray[np.int64]) -> str:
    """What stands among numbers, the first with its row, and the key that reads it as missing."""
    places = np.flatnonzero(~numbers[codes])
    odd = list(dict.fromkeys(labels[codes[place]] for place in places))
    first = f"{shortened(odd[0], 40)!r} in data row {rows[places[0]]}"
    shown = listed([first, *(repr(shortened(each, 40)) for each in odd[1:])], 4)
    count = f"{len(codes) - len(places)} numbers and {plural(len(places), 'other value')}"
    words = [each for each in odd if not re.search(r"\d", each)]
    mend = f"mend {odd[0]!r}" if not words else "mend the others" if len(words) < len(odd) else ""
    return f"holds {count}: {shown}; " + "; ".join(filter(None, [reads(words), mend]))


def reads(words: Sequence[str]) -> str:
    """The key that reads some values as missing, quoted for Hydra and a shell."""
    if not words:
        return ""
    if len(words) == 1 and as_value(words[0]) == words[0]:
        return f"{command(f'dataset.missing={words[0]}')} reads it as missing"
    items = ", ".join(map(in_quotes, words[:4]))
    more = ", ..." if len(words) > 4 else ""
    return f"{command(f'dataset.missing=[{items}{more}]')} reads such as missing"
