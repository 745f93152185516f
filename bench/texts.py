"""Texts that others wrote (errors, details, names), as they are stored and shown: cut, and without what acts.

What a terminal, a database or a reader's eye would act upon (controls, escapes, bidirectional overrides, bytes that
were no text) is written out as Python writes it, with a backslash. What is stored loses its colours without a trace.
"""

import re
import traceback

STORED = 4096
"""The most bytes of UTF-8 that are stored of one message."""

SHOWN = 1000
"""The most bytes of somebody else's message that are shown in a line."""

TRACEBACK = 16384
"""The most bytes that are stored of a traceback."""

_PASSWORDS = ((re.compile(r"(//[^:/@\s]*):\S*@"), r"\1:***@"), (re.compile(r"(?i)(password=)[^&\s]*"), r"\1***"))
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_BREAKS = re.compile("[ \t]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\\s*")
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    r"""The text without what acts on whoever shows or stores it; its line breaks and tabs stay.

    >>> print(clean("\x1b[31mred\x1b[0m \x1b]0;title\x07 \udc80 \x00"))
    red \x1b]0;title\x07 \udc80 \x00
    """
    if text.isprintable():
        return text
    return _escaped(_COLOURS.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def stored(text: object, most: int = STORED) -> str:
    """What is stored of a text: cleaned, and at most `most` bytes, with an end that says how much was cut.

    >>> stored("x" * 5000)[-42:]
    'xxxxxxx ... (cut; 5,000 characters in all)'
    """
    plain = _plain(text)
    return _cut(clean(plain[: most + 1]), len(plain), most)


def line(text: object, most: int = STORED) -> str:
    r"""A text as one line, as it is shown: what acts is written out, colours too; line breaks are blanks.

    >>> print(line("one\n  \x1b[31mtwo\x07"))
    one \x1b[31mtwo\x07
    """
    plain = _plain(text)
    return _cut(_escaped(_BREAKS.sub(" ", plain[: most + 1])), len(plain), most)


def without_passwords(text: str) -> str:
    """A message with the password of each URL in it hidden, whatever else of the URL cannot be read.

    >>> without_passwords("store=postgresql://me:secret@[::1/x: cannot be read")
    'store=postgresql://me:***@[::1/x: cannot be read'
    """
    for password, hidden in _PASSWORDS:
        text = password.sub(hidden, text)
    return text


def of_error(error: BaseException) -> str:
    """What was raised, in one line that can be stored: its type and the first line of its message."""
    name = _plain(type(error).__name__)
    try:
        message = _plain(error)
    except KeyboardInterrupt:
        raise
    except BaseException as another:  # noqa: BLE001 - somebody's __str__
        message = f"(its message cannot be read: {type(another).__name__})"
    start = message.lstrip()
    first = next(iter(start[: STORED + 1].splitlines()), "")
    length = len(start) if len(first) > STORED else len(first)
    head = f"{name}: {first}" if first else name
    return _cut(clean(head.rstrip()), length + len(name) + 2, STORED)


def of_traceback(error: BaseException) -> str:
    """Where something was raised, with what it was raised from: frames and messages, the innermost last, bounded."""
    parts: list[str] = []
    each: BaseException | None = error
    while each is not None and len(parts) < 5:
        frames = traceback.format_tb(each.__traceback__, limit=-20)
        parts.append("".join(stored(frame, 1000) for frame in frames) + of_error(each))
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return stored("\nwhich was raised from\n".join(parts), TRACEBACK)


def _escaped(text: str) -> str:
    return _ACTING.sub(lambda letter: letter[0].encode("unicode_escape").decode(), text)


def _plain(text: object) -> str:
    """The text as a `str` and none of somebody's subclasses."""
    return str.__getitem__(str(text), slice(None)) if type(text) is not str else text


def _cut(text: str, length: int, most: int) -> str:
    """The start of a cleaned text that has `length` characters in all, where its bytes are too many."""
    content = text.encode()
    if len(content) <= most and length <= most:
        return text
    end = f" ... (cut; {length:,} characters in all)"
    return content[: most - len(end)].decode(errors="ignore") + end
