"""CSV in its dialects: what separates columns, how text is encoded and numbers are written, given or guessed."""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from bench.datasets import cells
from bench.datasets.cells import Notation
from bench.errors import UserError

MARKS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "point": ".",
    "space": " ",
    "apostrophe": "'",
}
"""Words for what the keys separator, decimal and thousands name, which a shell and Hydra would want quoted."""
SEPARATORS = (",", ";", "\t", "|")
"""Those that are found without being named."""
_PLURALS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    " ": "spaces",
    ".": "points",
    "'": "apostrophes",
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BLANK_ENDS = re.compile(r"(?m)^[ \t]+|[ \t]+$")
"""What stands around the cells of a line whose columns are separated by spaces, of which several are one."""
_SAMPLE = 50
"""Lines by which a separator is found."""


@dataclass(frozen=True)
class Dialect:
    """The keys of a dataset that say how its file is written; None: it is guessed where that is safe."""

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def notation(self) -> Notation:
        """How its numbers are written, unless the file says otherwise."""
        return Notation(self.decimal or ".", self.thousands, self.missing)


def dialect(keys: Mapping[str, Any]) -> Dialect:
    """The keys separator, decimal, thousands, encoding and missing, checked."""
    marks = {key: _mark(key, keys.get(key)) for key in ("separator", "decimal", "thousands")}
    given = [(key, mark) for key, mark in marks.items() if mark is not None]
    if marks["decimal"] not in (None, ".", ","):
        raise UserError(f"dataset.decimal={keys['decimal']!r}: expected point or comma")
    if marks["thousands"] is not None and marks["thousands"] == (marks["decimal"] or "."):
        raise UserError(f"dataset.thousands={keys['thousands']!r}: is the decimal mark, too; set dataset.decimal")
    for key, mark in given:
        if mark.isalnum() or mark in '"\n\r+-':
            raise UserError(f"dataset.{key}={keys[key]!r}: cannot stand there; expected one of {', '.join(MARKS)}")
    missing = keys.get("missing")
    words = [] if missing is None else list(missing) if isinstance(missing, list | tuple) else [missing]
    for word in words:
        if isinstance(word, bool) or not isinstance(word, str | int | float):
            raise UserError(f"dataset.missing: found {word!r}; expected text or numbers that stand for a missing value")
    return Dialect(**marks, encoding=_encoding(keys.get("encoding")), missing=tuple(map(str, words)))


def _mark(key: str, value: Any) -> str | None:
    if value is None:
        return None
    mark = MARKS.get(value, {r"\t": "\t"}.get(value, value)) if isinstance(value, str) else value
    if not isinstance(mark, str) or len(mark) != 1:
        raise UserError(f"dataset.{key}={value!r}: expected one character, or one of the words {', '.join(MARKS)}")
    return mark


def _encoding(name: Any) -> str | None:
    if name is None:
        return None
    try:
        known = codecs.lookup(name)
        "a".encode(known.name)  # zip, hex and others are codecs of bytes
    except (LookupError, TypeError, ValueError):
        raise UserError(
            f"dataset.encoding={name!r}: not known; expected a name such as utf-8, latin-1, cp1252 or utf-16"
        ) from None
    return str(name)


def text_of(content: bytes, wanted: str | None, path: object) -> tuple[str, str]:
    """The file's text, and what it was decoded by: the key's encoding, that of a byte-order mark, or UTF-8."""
    mark, found = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), (b"", "utf-8"))
    encoding = wanted or found
    if mark and wanted is not None and codecs.lookup(found).name.startswith(codecs.lookup(wanted).name):
        encoding = found  # without its mark
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, place) + 1
        where = f"byte {place}, line {line}"
        way = "name its encoding, such as dataset.encoding=cp1252 (Windows) or latin-1, or save it as UTF-8"
        if wanted is not None:
            way = "name another in dataset.encoding, or save it as UTF-8"
        shown = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise UserError(f"dataset.path: {path} is not {shown} text ({where}); {way}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        wide = wanted is None and text.count("\0", 0, 1000) > 10
        way = "; where it is UTF-16, set dataset.encoding=utf-16-le or utf-16-be" if wide else "; remove them"
        raise UserError(f"dataset.path: {path} cannot be read as a table (line {line} holds NUL characters){way}")
    return text, wanted or encoding.upper().removesuffix("-SIG")


def separator_of(text: str, usual: str) -> str:
    """What separates the columns of its first lines: the `usual`, unless another alone gives lines of one length."""
    if width(text, usual) > 1:
        return usual
    fitting = [mark for mark in SEPARATORS if mark != usual and width(text, mark) > 1]
    return fitting[0] if len(fitting) == 1 else usual


def width(text: str, separator: str) -> int:
    """How many columns each of the first lines has; 0 where they differ."""
    try:
        start = io.StringIO(text[:1_000_000], newline="")
        rows = list(islice((row for row in csv.reader(start, delimiter=separator) if row), _SAMPLE))
    except csv.Error:
        return 0
    widths = {len(row) for row in rows[: -1 if len(text) > 1_000_000 and len(rows) < _SAMPLE else None]}
    return widths.pop() if len(widths) == 1 else 0


def notation_of(frame: pd.DataFrame, wanted: Dialect, separator: str) -> Notation:
    """How numbers are written: as the keys say.

    Without one, with decimal commas where those do not separate columns, and no number has a decimal point; with points
    between thousands where some number has both (28.740,00).
    """
    if wanted.decimal is not None or separator == ",":
        return wanted.notation
    commas = points = both = 0
    for name in frame.columns:
        trimmed = pc.utf8_trim_whitespace(pa.array(frame[name], type=pa.large_string(), from_pandas=True))
        commas += _count(trimmed, r"[+-]?\d+,\d+")
        both += _count(trimmed, r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")
        points += _count(trimmed, r"[+-]?\d*\.\d+") - _count(trimmed, r"[+-]?[1-9]\d{0,2}\.\d{3}")
    if not commas + both or points:
        return wanted.notation
    if wanted.thousands is None and both:
        return Notation(",", ".", wanted.missing)
    return replace(wanted.notation, decimal=",") if wanted.thousands != "," else wanted.notation


def _count(texts: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(texts, f"^{pattern}$"), min_count=0).as_py())


def typed(frame: pd.DataFrame, notation: Notation) -> pd.DataFrame:
    """Columns of text by what they hold."""
    return pd.DataFrame({name: cells.of_text(frame[name], notation) for name in frame.columns}, copy=False)


def quickly(text: str, separator: str, names: Sequence[str]) -> pd.DataFrame | None:
    """The table as text by Arrow's parser, several times as fast as pandas; None where it is not plainly sound.

    `names` are those of the first line; one that is empty is what pandas calls such a column.
    """
    if separator == " " or text.count('"') % 2:
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, ValueError):
        return None
    if table.column_names != list(names) or {field.type for field in table.schema} != {pa.large_string()}:
        return None
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_axis([name or f"Unnamed: {place}" for place, name in enumerate(names)], axis=1)


def rows_of_one_length(text: str, separator: str, names: Sequence[str], path: object) -> None:
    """Refuse a row with fewer cells than columns, which pandas would fill, or with more."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator == " ")
    row = -1
    try:
        for line in reader:
            row += bool(line)
            if line and len(line) != len(names):
                raise UserError(
                    f"dataset.path: {path} cannot be read as a table (data row {row}, which ends on line "
                    f"{reader.line_num}, has {len(line)} cells; expected {len(names)}, as in the first line); mend it, "
                    "or name what separates columns in dataset.separator"
                )
    except csv.Error as error:
        raise UserError(
            f"dataset.path: {path} cannot be read as a table (line {reader.line_num}: {error}); mend it"
        ) from None


def said(separator: str, usual: str, wanted: Dialect, notation: Notation, encoding: str) -> str:
    """How the file was read, and what of it no key says and is not usual."""
    parts = [f"separated by {_plural(separator)}{'' if wanted.separator or separator == usual else ' (found)'}"]
    if notation.decimal != ".":
        parts.append(f"decimal {_plural(notation.decimal)}{'' if wanted.decimal else ' (found)'}")
    if notation.thousands is not None:
        parts.append(f"{_plural(notation.thousands)} between thousands{'' if wanted.thousands else ' (found)'}")
    return ", ".join([*parts, encoding])


def _plural(mark: str) -> str:
    return _PLURALS.get(mark, repr(mark))


def word(mark: str) -> str:
    """The word of a mark, for a key's value.

    >>> word(";")
    'semicolon'
    """
    return next((name for name, each in MARKS.items() if each == mark), f"'{mark}'")
