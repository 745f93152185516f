"""Texts of others: cleaned, cut, once; and what was raised, whatever its message does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import texts

ACTING = set(
    map(chr, [*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0xD800, 0xE000), *range(0x202A, 0x202F)])
)


@given(st.text(st.characters(), max_size=300), st.integers(60, 400))
def test_a_text_is_cleaned_once_and_within_its_bytes(text, most):
    for shorten in (texts.stored, texts.line):
        kept = shorten(text, most)
        assert shorten(kept, most) == kept
        assert len(kept.encode()) <= most
        assert not set(kept) & ACTING
    assert not set(texts.line(text)) & set("\r\n\x85\u2028")


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=300))
def test_a_text_that_does_nothing_stays_as_it_is(text):
    assert texts.stored(text) == texts.line(text) == text


@pytest.mark.parametrize(
    ("text", "stored", "line"),
    [
        ("\x1b[1;31mred\x1b[0m", "red", r"\x1b[1;31mred\x1b[0m"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", r"\x1b]8;;http://x\x1b\link\x1b]8;;\x1b" + "\\", None),
        ("\x9b2J\x90q\x9c", r"\x9b2J\x90q\x9c", None),
        ("one\r\n  two\rthree\u2028four", "one\n  two\nthree\\u2028four", "one two three four"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066", None),
        ("two  blanks\tand a tab, \u00e4\u00f6 \U0001f469\u200d\U0001f680", None, None),
    ],
)
def test_what_acts_is_written_out(text, stored, line):
    assert texts.stored(text) == (text if stored is None else stored)
    assert texts.line(text) == (texts.stored(text) if line is None else line)


class Deep(Exception):
    def __str__(self):
        return str(self)


def test_what_was_raised_is_one_line_with_its_place_and_what_it_was_raised_from():
    def fail():
        try:
            raise KeyError("first\nsecond \x1b[2J")
        except KeyError as error:
            raise Deep from error

    with pytest.raises(Deep) as raised:
        fail()
    assert texts.of_error(raised.value) == "Deep: (its message cannot be read: RecursionError)"
    lines = texts.of_traceback(raised.value).splitlines()
    assert lines[-1] == r"KeyError: 'first\nsecond \x1b[2J'"
    assert "which was raised from" in lines
    assert sum("test_texts.py" in line for line in lines) == 3


def test_a_traceback_of_any_depth_is_bounded():
    def down(left):
        if left:
            down(left - 1)
        raise ValueError("y" * 5_000_000)

    with pytest.raises(ValueError, match="y") as raised:
        down(300)
    assert len(texts.of_traceback(raised.value).encode()) <= texts.TRACEBACK
