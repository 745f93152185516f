"""Text that is no category: numbers with something among them, dates, identifiers; what it is and what to do."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.datasets import cells
from bench.wording import listed, plural, shortened

FEW = 20
"""At most so many distinct values may be categories, or classes, whatever they look like."""
NEARLY = 0.9
"""The share of a column's levels, or of its rows, that makes it a column of dates, or of numbers."""
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

_NO_TEXT = ("null", "true", "false", "nan", "inf")
"""Words that Hydra takes for something else than text where they are not in quotes."""

_TIME = r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?"
_ZONE = r"( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_YEAR = r"(1[5-9]|2[01])\d\d"
_MONTH = (
    "(jan|ene|gen|feb|fev|fév|mar|mär|mrz|apr|avr|abr|may|mai|mag|jun|juin|giu|jul|juil|lug|aug|aou|aoû|ago|sep|set|"
    r"oct|okt|ott|out|nov|dec|dez|déc|dic)[^\W\d_]{0,7}\.?"
)
_WEEKDAY = r"([^\W\d_]{2,10}[.,]? )?"
_DAYS = (
    rf"{_YEAR}[-/.]\d{{1,2}}([-/.]\d{{1,2}})?",  # 2024-12-31, 2024/12
    rf"\d{{1,2}}([-/.])\d{{1,2}}[-/.]({_YEAR}|\d\d)",  # 31.12.2024, 12/31/24
    rf"\d{{1,2}}(\.|st|nd|rd|th|er)?[ -]?{_MONTH},?[ -]?({_YEAR}|\d\d)",  # 31 December 2024, 31-Dec-24
    rf"{_MONTH}[ -]\d{{1,2}}(st|nd|rd|th)?,?[ -]{_YEAR}",  # December 31, 2024
    rf"{_MONTH}[ -]({_YEAR}|\d\d)",  # Dec 2024
    rf"\d{{1,2}}[/.-]{_YEAR}",
    rf"{_YEAR}[- ]?[QW]\d{{1,2}}(-\d)?|Q\d[ -/]{_YEAR}",  # 2024Q4, 2024-W52
    rf"{_YEAR}\d{{4}}T?\d{{4,6}}Z?",
)
_DATE = re.compile(rf"{_WEEKDAY}({'|'.join(_DAYS)})([T ,]+{_TIME}{_ZONE})?|{_TIME}", re.IGNORECASE)
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
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", name)
    return f"\"dataset.types=['{escaped}: {kind}']\""


def of_text(
    labels: Sequence[str], codes: NDArray[np.int64], rows: NDArray[np.int64], name: str, target: bool = False
) -> str | None:
    """What speaks against taking a column of text for categories, and what to do about it; None: nothing.

    `codes`: (n,) of the known values, places in `labels`. `rows`: (n,) their data rows, as a person counts. Of a target
    neither leading zeros nor many levels are doubtful.
    """
    keep = f"{key(name, 'category')} takes it for categories"
    leave = f"{key(name, 'ignore')} or dataset.drop leaves it out"
    if target:
        keep = "dataset.task=classification takes it for classes"
    numbers = cells.is_number(labels)
    if len(labels) > FEW:
        some = labels[:: max(1, len(labels) // _SEEN)]
        for what, way, likes in _LOOKS:
            marked = np.fromiter((likes(label) for label in some), dtype=np.bool_, count=len(some))
            if marked.mean() >= NEARLY and not numbers.mean() > NEARLY:
                shown = shortened(some[int(marked.argmax())])
                other = "" if marked.all() else f" (and {shortened(some[int((~marked).argmax())])!r})"
                ways = f"{way[0]}; {keep}" if target else f"{', '.join(way)}, or leave it out (dataset.drop); {keep}"
                return f"holds {what}, such as {shown!r}{other}; {ways}"
    counts = np.bincount(codes, minlength=len(labels))
    share = counts[numbers].sum() / max(1, len(codes))
    known = counts[[label not in UNKNOWN for label in labels]].sum()
    of_known = counts[numbers].sum() / max(1, known)  # most of a column of numbers may be NA
    odd = [label for label, is_number in zip(labels, numbers, strict=True) if not is_number]
    if odd and (of_known >= NEARLY or (share >= 0.5 and len(odd) <= _ODD)):
        rest = [keep, leave]
        if target:
            rest = ["dataset.drop_missing_target=true leaves out rows where it is missing", keep]
        return ", ".join([_among(labels, codes, numbers, rows), *rest])
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
    if len(words) == 1 and re.fullmatch(r"[A-Za-z?*.$%@/-]+", words[0]) and words[0].lower() not in _NO_TEXT:
        said = f"dataset.missing={words[0]}"
        return f"{said if re.fullmatch(r'[A-Za-z./=-]+', said) else repr(said)} reads it as missing"
    items = ", ".join("'" + each.replace("'", "\\'") + "'" for each in words[:4])
    more = ", ..." if len(words) > 4 else ""
    return f'"dataset.missing=[{items}{more}]" reads such as missing'


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
    ("dates as text", ("turn it into numbers", "name it as dataset.time (written as 2024-12-31)"), _is_date),
    (
        "numbers with thousands separators",
        ("name the mark in dataset.thousands (comma, point, space)",),
        _has_thousands,
    ),
    ("numbers with decimal commas", ("set dataset.decimal=comma", "write them with points"), _has_comma),
    ("numbers with units", ("write them without",), _has_unit),
)
"""What text of many levels may be, what to do (of a target the first alone), and how it is known."""
