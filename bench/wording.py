"""Numbers and lists in few words."""

from collections.abc import Iterable, Sequence


def listed(items: Iterable[str], limit: int = 6, between: str = ", ") -> str:
    """Some of many, and how many more.

    >>> listed("abcde", 3)
    'a, b, c and 2 more'
    """
    every = list(items)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return between.join(every[:limit]) + more


def shortened(text: str, most: int = 80) -> str:
    """A text, without its middle where it is long.

    >>> shortened("a" * 50 + "b" * 50, 9)
    'aaa...bbb'
    """
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def printable(text: str) -> str:
    r"""A text as one line that a terminal shows as it is: line ends, escapes and the like written out.

    >>> printable("a" + chr(10) + chr(27) + "[31mb")
    'a\\n\\x1b[31mb'
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def plural(count: int, noun: str) -> str:
    """A number of things.

    >>> plural(1, "run"), plural(2, "run")
    ('1 run', '2 runs')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in short.

    >>> ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in spans)


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would use.

    >>> duration(8), duration(100), duration(8000)
    ('8 s', '2 min', '2.2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
