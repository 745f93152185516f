"""Forms of text that is no category: dates, and numbers with marks, units or another notation."""

import re
import unicodedata
from collections.abc import Sequence

from bench.datasets import cells

NEARLY = 0.9
"""The share of a column's levels, or of its rows, that makes it a column of dates, or of numbers."""

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
    rf"{_YEAR}年\d{{1,2}}月(\d{{1,2}}日)?",
    rf"{_YEAR}\d{{4}}T?\d{{4,6}}Z?",
)
_DATE = re.compile(
    rf"{_YEAR}年\d{{1,2}}月(\d{{1,2}}日)?|{_WEEKDAY}({'|'.join(_DAYS)})([T ,]+{_TIME}{_ZONE})?|{_TIME}", re.IGNORECASE
)
_CTIME = re.compile(rf"[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} +\d{{1,2}} {_TIME}( \w+)? \d{{4}}")
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_BETWEEN = re.compile(r"[+-]?\d{1,3}([,.' \u00a0\u202f\u2019]\d{3})+([.,]\d+)?", re.ASCII)
_UNIT = re.compile(
    r"[+-]?[$€£¥]? ?[+-]?([0-9]{1,3}([,.' \u00a0\u202f\u2019][0-9]{3})+|[0-9]+)?([.,][0-9]+)? ?"
    r"([%$€£¥°]|[^\W\d_]{1,4})?"
)
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2012": "-", "\ufe63": "-", "_": None})
_NUMBER = re.compile(cells.NUMBER, re.ASCII)
_ROUND, _BEHIND = re.compile(r"\((.+)\)"), re.compile(r"(\d.*?)-")


def is_date(label: str) -> bool:
    """Whether it is a date or a time of day, in a common form.

    >>> is_date("31.12.2024 14:00"), is_date("3-Mar-21"), is_date("12.5")
    (True, True, False)
    """
    text = label.strip()
    return bool(_DATE.fullmatch(text) or _CTIME.fullmatch(text))


def _has_comma(label: str) -> bool:
    return bool(_COMMA.fullmatch(label.strip())) or _is_digits(label)


def _has_thousands(label: str) -> bool:
    return bool(_BETWEEN.fullmatch(label.strip())) or _is_digits(label)


def _has_unit(label: str) -> bool:
    return bool(_UNIT.fullmatch(label.strip())) and has_digit(label)


def _is_digits(label: str) -> bool:
    return label.strip().isascii() and label.strip().isdigit()


def has_digit(label: str) -> bool:
    """Whether there is a digit in it, of whatever script."""
    return any(letter.isdecimal() for letter in label)


def _is_odd(label: str) -> bool:
    """Whether it is a number with another minus, other digits, brackets for a minus, 1_000 or 1.5D+03."""
    text = "".join(str(unicodedata.decimal(letter, letter)) for letter in unicodedata.normalize("NFKC", label.strip()))
    text = text.translate(_MINUS)
    match = _ROUND.fullmatch(text) or _BEHIND.fullmatch(text)
    text = f"-{match[1]}" if match else text
    return bool(_NUMBER.fullmatch(re.sub(r"(?<=\d)[dD](?=[+-]?\d)", "e", text).strip()))


def looks(labels: Sequence[str]) -> str:
    """What nearly all of a few levels look like that are no plain numbers: dates, say; empty where it is nothing."""
    for what, _, likes in LOOKS:
        if sum(map(likes, labels)) >= NEARLY * len(labels) and any(map(has_digit, labels)):
            return "" if cells.is_number(labels).mean() > NEARLY else what
    return ""


LOOKS = (
    ("dates as text", ("turn it into numbers", "name it as dataset.time (written as 2024-12-31)"), is_date),
    (
        "numbers with thousands separators",
        ("name the mark in dataset.thousands (comma, point, space)",),
        _has_thousands,
    ),
    ("numbers with decimal commas", ("set dataset.decimal=comma", "write them with points"), _has_comma),
    ("numbers with units", ("write them without",), _has_unit),
    ("numbers in another notation", ("write them as -1234.5",), _is_odd),
)
"""What text of many levels may be, what to do (of a target the first alone), and how it is known."""
