"""Text that is no category: numbers with something among them, dates, identifiers; what it is and what to do."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.datasets import cells
from bench.wording import listed, shortened

FEW = 20
"""At most so many distinct values may be categories, or classes, whatever they look like."""
NEARLY = 0.9
"""The share of a column's levels, or of its rows, that makes it a column of dates, or of numbers."""
_ODD = 5
"""At most so many other values among numbers make a column of numbers where half of its rows are numbers."""
UNKNOWN = frozenset(
    {"?", "-", "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NULL", "null", "None", "none", "unknown", "Unknown"}
)
"""What programs write for a missing value; here it is a category, unless `dataset.missing` names it."""

_TIME = r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?"
_ZONE = r"( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_MONTH = r"[^\W\d_]{3,10}\.?"
_DAYS = (
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?",  # 2024-12-31, 2024/12
    r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d\d)\.?",  # 31.12.2024, 12/31/24
    rf"\d{{1,2}}(\.|st|nd|rd|th)?[ -]{_MONTH},?[ -](\d{{4}}|\d\d)",  # 31 December 2024, 31-Dec-24
    rf"{_MONTH}[ -]\d{{1,2}}(st|nd|rd|th)?,?[ -]\d{{4}}",  # December 31, 2024
    rf"{_MONTH}[ -](\d{{4}}|\d\d)",  # Dec 2024
    r"\d{1,2}/\d{4}",
    r"\d{4}-?[QqWw]\d{1,2}(-\d)?",  # 2024Q4, 2024-W52
    r"\d{8}T\d{4,6}",
)
_DATE = re.compile(rf"({_MONTH},? )?(({'|'.join(_DAYS)})([T ,]+{_TIME}{_ZONE})?|{_TIME})( \d{{4}})?", re.ASCII)
_CTIME = re.compile(rf"[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} +\d{{1,2}} {_TIME}( \w+)? \d{{4}}")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_BETWEEN = re.compile(r"[+-]?\d{1,3}([,.' \u00a0\u202f\u2019]\d{3})+([.,]\d+)?")
_UNIT = re.compile(r"[+-]?[$€£¥]? ?[+-]?\d[\d.,']* ?([%$€£¥°]|[^\W\d_]{1,4})?")

TO_NUMBERS = "turn it into numbers, or leave it out (dataset.drop)"


def key(name: str, kind: str) -> str:
    """The key that makes a column one of this kind, as a shell takes it.

    >>> print(key("zip", "category"), key("zip code", "ignore"))
    'dataset.types={zip: category}' "dataset.types=['zip code: ignore']"
    """
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return f"'dataset.types={{{name}: {kind}}}'"
    return f"\"dataset.types=['{name}: {kind}']\""


def of_text(
    labels: Sequence[str], codes: NDArray[np.int64], rows: Sequence[int], name: str, target: bool = False
) -> str | None:
    """What speaks against taking a column of text for categories, and what to do about it; None: nothing.

    `codes`: (n,) of the known values, places in `labels`. `rows`: (n,) their data rows, as a person counts. Of a target
    neither leading zeros nor many levels are doubtful.
    """
    keys = (key(name, "category"), key(name, "ignore"))
    keep = f"{keys[0]} takes it for categories" if not target else "dataset.task=classification takes it for classes"
    leave = f"{keys[1]} or dataset.drop leaves it out"
    numbers = cells.is_number(labels)
    if len(labels) > FEW:
        for what, way, likes in _LOOKS:
            marked = np.fromiter((likes(label) for label in labels), dtype=np.bool_, count=len(labels))
            if marked.mean() >= NEARLY and not numbers.mean() > NEARLY:
                shown = labels[int(marked.argmax())]
                other = "" if marked.all() else f" (and {labels[int((~marked).argmax())]!r})"
                return f"holds {what}, such as {shortened(shown)!r}{other}; {way}, or leave it out (dataset.drop)"
    share = np.bincount(codes, minlength=len(labels))[numbers].sum() / max(1, len(codes))
    odd = [label for label, is_number in zip(labels, numbers, strict=True) if not is_number]
    if odd and (share >= NEARLY or (share >= 0.5 and len(odd) <= _ODD)):
        among = ~numbers[codes]
        shown = listed([repr(shortened(label, 40)) for label in odd], 3)
        first = int(among.argmax())
        word = _word(odd)
        return (
            f"holds {len(codes) - among.sum()} numbers, and {among.sum()} times {shown}, the first in data row "
            f"{rows[first]} ({shortened(labels[codes[first]], 40)!r}); {word} reads such as missing, {keep}, {leave}"
        )
    if target:
        return None
    zeros = [label for label in labels if re.fullmatch(cells.LEADING_ZERO, label.strip())]
    if zeros and not odd:
        first = int((codes == list(labels).index(zeros[0])).argmax())
        return (
            f"holds numbers with leading zeros, such as {zeros[0]!r} in data row {rows[first]}, as identifiers have; "
            f"{keep}, {key(name, 'number')} for numbers, {leave}"
        )
    if len(labels) > FEW and 2 * len(labels) >= len(codes):
        return (
            f"holds text of {len(labels)} levels in {len(codes)} rows, such as {shortened(labels[0])!r}: as categories "
            f"they would say little of new rows; {keep}, {leave}"
        )
    return None


def _word(odd: Sequence[str]) -> str:
    """The key that reads some values as missing, quoted for Hydra and a shell."""
    if len(odd) == 1 and re.fullmatch(r"[\w?*.$%@/-]+", odd[0], re.ASCII):
        return f"dataset.missing={odd[0]}" if odd[0] != "?" else "'dataset.missing=?'"
    items = ", ".join("'" + each.replace("'", "\\'") + "'" for each in odd[:3])
    more = ", ..." if len(odd) > 3 else ""
    return f'"dataset.missing=[{items}{more}]"'


def _is_date(label: str) -> bool:
    text = label.strip()
    return bool(_DATE.fullmatch(text) or _CTIME.fullmatch(text))


def _has_comma(label: str) -> bool:
    return bool(_COMMA.fullmatch(label.strip())) or label.strip().isdigit()


def _has_thousands(label: str) -> bool:
    text = label.strip()
    return bool(_BETWEEN.fullmatch(text)) or text.isdigit()


def _has_unit(label: str) -> bool:
    return bool(_UNIT.fullmatch(label.strip()))


_LOOKS = (
    ("dates as text", "turn it into numbers, name it as dataset.time", _is_date),
    ("numbers with thousands separators", "name the mark in dataset.thousands (comma, point, space)", _has_thousands),
    ("numbers with decimal commas", "set dataset.decimal=comma, write them with points", _has_comma),
    ("numbers with units", "write them without", _has_unit),
)
"""What text of many levels may be, what to do, and how it is known."""
