"""Numbers and lists in few words, text that others wrote on one line, and commands as they are typed."""

import re
import shlex
from collections.abc import Iterable, Sequence

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_NO_TEXT = ("null", "true", "false", "nan", "inf")
"""Words that Hydra takes for something else than text where they are not in quotes."""
_MARKS = re.compile(r"`|\*{2,}")


PARTS = {"function": ("", "without noise"), "recorded": ("", "over all repetitions")}
"""By task what the loss and the test loss of a run are called, where they are not those of validation and test data."""


def one_line(text: object) -> str:
    r"""Text that others wrote (a folder's name, a setting, an error) without what ends a line or drives a terminal.

    Whatever is not printable is written as Python writes it; the rest stays as it is.

    >>> print(one_line("a\nb"), one_line("\x1b[31m"), one_line("gr\u00fcn"))
    a\nb \x1b[31m grün
    """
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else _written(c) for c in plain)


def unmarked(text: object) -> str:
    r"""As `one_line`, and without what a sentence of a report marks `code` and **bold** by.

    >>> print(unmarked("a`b"), unmarked("**c**"), unmarked("2*3"))
    a\x60b \x2a\x2ac\x2a\x2a 2*3
    """
    return _MARKS.sub(lambda match: "".join(map(_written, match[0])), one_line(text))


def _written(letter: str) -> str:
    code = ord(letter)
    if code < 0x100:
        return _SHORT.get(letter, rf"\x{code:02x}")
    return rf"\u{code:04x}" if code < 0x10000 else rf"\U{code:08x}"


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


def command(*words: str) -> str:
    r"""A command as a shell takes it, each word in the quotes that read best.

    >>> print(command("bench", "fit", "mine", "--data", "my file.csv", "a='b'"))
    bench fit mine --data 'my file.csv' "a='b'"
    >>> print(command("a\tb's", "it's $HOME"))
    $'a\tb\'s' 'it'"'"'s $HOME'
    """
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if not word.isprintable():  # as bash, zsh and the shell of POSIX 2024 write it
        escaped = word.replace("\\", "\\\\").replace("'", "\\'")
        return "$'" + "".join(each if each.isprintable() else _escape(each) for each in escaped) + "'"
    return f'"{word}"' if "'" in word and not re.search(r'["$`\\!]', word) else shlex.quote(word)


def _escape(letter: str) -> str:
    r"""A letter that is not printable, within `$'...'`, where \xff is a byte."""
    return _written(letter) if ord(letter) < 0x80 or ord(letter) > 0xFF else rf"\u{ord(letter):04x}"


def as_value(text: str) -> str:
    r"""A text as Hydra takes it for a value.

    >>> print(as_value("my.csv"), as_value("a b's"), as_value("${x}"))
    my.csv 'a b\'s' '\${x}'
    """
    if re.fullmatch(r"([A-Za-z_/?*%@]|\.{1,2}/)[\w./?*%@-]*", text, re.ASCII) and text.lower() not in _NO_TEXT:
        return text
    return in_quotes(text)


def in_quotes(text: str) -> str:
    r"""A text in the quotes in which Hydra takes anything for text.

    >>> print(in_quotes("NA"), in_quotes("b\\"))
    'NA' 'b\\'
    """
    marks = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # or OmegaConf would look something up
    return "'" + re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), marks) + "'"


def measured(amount: str, unit: str) -> str:
    """So much of a ladder of fidelities; that of a function has no unit.

    >>> measured("33 of 100", "rounds"), measured("33 of 100", "fidelity")
    ('33 of 100 rounds', 'fidelity 33 of 100')
    """
    return f"fidelity {amount}" if unit == "fidelity" else f"{amount} {unit}"


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
