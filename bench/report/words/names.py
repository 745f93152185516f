"""How sentences name optimisers, list them, and say who is worse than whom."""

from collections.abc import Iterator, Sequence

from bench.report.look.style import KNOWN
from bench.report.statistics.pairs import Groups
from bench.wording import listed

_NAMES = {label: style.called for label, style in KNOWN.items() if style.called}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def all_of(count: int) -> str:
    """`All six`, `Both`."""
    return "Both" if count == 2 else f"All {_NUMBERS[count] if count < len(_NUMBERS) else count}"


def name(label: str) -> str:
    """An optimiser as a sentence calls it."""
    return _NAMES.get(label, label)


def bold(label: str) -> str:
    """An optimiser, in bold."""
    return f"**{name(label)}**"


def sentence(text: str) -> str:
    """The text as a sentence begins; names of optimisers stay as they are."""
    marks = len(text) - len(text.lstrip("*"))
    known = any(text.startswith(words, marks) for words in _NAMES.values())
    return text[:marks] + text[marks].upper() + text[marks + 1 :] if known else text


def listing(labels: Sequence[str]) -> str:
    """The optimisers by name; of many some."""
    names = [name(label) for label in labels]
    return listed(names, 5) if len(names) > 8 else joined(names)


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def worse(groups: Groups, order: Sequence[str]) -> Iterator[str]:
    """Sentences on those that are worse, and than whom: first than all that are level, then than some."""
    level = set(groups.level)
    of_all = [label for label in order if level <= set(groups.worse.get(label, ()))]
    if of_all:
        whom = "all of them" if len(level) > 1 else "it"
        yield f"{sentence(listing(of_all))} {'is' if len(of_all) == 1 else 'are'} significantly worse than {whom}."
    alike: dict[tuple[str, ...], list[str]] = {}
    for label in order:
        if label in groups.worse and label not in of_all:
            alike.setdefault(groups.worse[label], []).append(label)
    for others, labels in alike.items():
        are = "is" if len(labels) == 1 else "are"
        yield f"{sentence(listing(labels))} {are} significantly worse than {listing(others)}."
