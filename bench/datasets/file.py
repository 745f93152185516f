"""A user's own file: CSV in its dialects, parquet, feather, Excel or JSON lines, packed or not."""

import bz2
import gzip
import io
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from bench.datasets import cells, delimited, doubts, records, remarks
from bench.datasets.columns import kind_of
from bench.datasets.delimited import Dialect
from bench.datasets.download import digest
from bench.datasets.loading import Table, cut
from bench.errors import UserError, allowed, quoted
from bench.files import regular
from bench.wording import shortened

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": ","}
PACKED = (".gz", ".zip", ".bz2", ".xz")
PARQUET = (".parquet", ".pq")
FEATHER = (".feather", ".arrow")
EXCEL = (".xlsx", ".xlsm")
JSON_LINES = (".jsonl", ".ndjson")
KINDS = (*SEPARATORS, *PARQUET, *FEATHER, *EXCEL, *JSON_LINES)
EXACT: dict[str, Any] = {"float_precision": "round_trip"} if pd.__version__.startswith("3.0.") else {}
"""For a file of numbers that pandas reads: every float as written; from pandas 3.1 always."""
DIALECT = ("separator", "decimal", "thousands", "encoding", "missing")
"""The keys that say how a file is written."""
_UNREADABLE = (
    *(ParserError, ParserWarning, ValueError, OSError, EOFError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(NotImplementedError, RuntimeError),  # what zipfile raises of a way of packing that it lacks, and of a password
)
"""What a damaged file raises where it is read as CSV, packed or not."""
_NO_PARQUET = (pa.ArrowException, OSError)
_NO_PANDAS = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
"""What pandas raises of a description of the columns, in the file's metadata, that it did not write."""
EXAMPLE = "bench run dataset=file dataset.path=my.csv dataset.target=y"


@dataclass(frozen=True)
class Reading:
    """A file's columns, how it was read in a few words, and what a person should know of it."""

    frame: pd.DataFrame
    said: str
    notes: tuple[str, ...] = ()
    dialect: Dialect = field(default_factory=Dialect)
    """How a file of text is written: as keys say, or was found."""


def load(
    *,
    path: str | None,
    target: str | None,
    sha256: str | None = None,
    drop: Sequence[str] = (),
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    missing: Any = None,
) -> Table:
    """The table in a file: `target` is the column to predict, `drop` names columns to leave out.

    `sha256` is what the file was when its runs were planned; a file that changed since is refused, so that one
    experiment cannot mix two versions of the data. A cell is missing where it is empty, or one of `missing`; the other
    keys say how a file of text is written. A column holds numbers where each known cell is one, whatever the kind of
    file, so that the same table is the same dataset from each of them.
    """
    if path is None:
        raise UserError(f"dataset.path: missing; give the path of a CSV or parquet file, as in: {EXAMPLE}")
    place = unchanged(path, sha256)
    dropped = [drop] if isinstance(drop, str) else list(drop)
    keys = {"separator": separator, "decimal": decimal, "thousands": thousands}
    reading = read(place, dropped, keys | {"encoding": encoding, "missing": missing})
    frame = reading.frame
    if target is None:
        names = ", ".join(quoted(shortened(str(name))) for name in frame.columns[-20:])
        raise UserError(f"dataset.target: missing; name the column to predict, as in: {EXAMPLE}; columns: {names}")
    table = cut(frame, target, dropped, str(path))
    return replace(table, said=reading.said, notes=reading.notes)


def unchanged(path: str, sha256: str | None) -> Path:
    """The file's place; raises `UserError` where it is another than that of this SHA-256, if one is given."""
    place = Path(path).expanduser()
    if sha256 is not None and (current := fingerprint(place)) != sha256:
        raise UserError(
            f"dataset.path: {path} has changed since these runs were planned (SHA-256 now {current}, then {sha256}); "
            "put the old file back, or start an experiment of another name"
        )
    return place


def fingerprint(path: str | Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    place = _existing(Path(path).expanduser())
    try:
        return digest(place)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"dataset.path: {_short(path)} cannot be read ({reason}); see who may read it") from None


def read(path: Path, drop: Sequence[str] = (), keys: Mapping[str, Any] | None = None) -> Reading:
    """The whole file, by its suffix, each column with a name of its own; and how it was read.

    `keys` are those of `DIALECT`. Text of any file is read by what it holds: see `bench.datasets.cells`.
    """
    wanted = delimited.dialect(keys or {})
    name = _existing(path).name.lower()
    plain = Path(name).with_suffix("").name if name.endswith(PACKED) else name
    suffix = Path(plain).suffix
    if suffix not in KINDS and not name.endswith(".zip"):
        known = allowed(
            Path(name).suffix, [*SEPARATORS, *PARQUET, *FEATHER, *EXCEL, *JSON_LINES, ".csv.gz", ".csv.zip"]
        )
        raise UserError(f"dataset.path: {path} is of no known kind, by its name; {known}")
    try:
        content, member = _unpacked(path.read_bytes(), name)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"dataset.path: {path} cannot be read as a table ({_cut(reason)}); mend it") from None
    if suffix not in KINDS and (suffix := Path(member.lower()).suffix) not in KINDS:
        raise UserError(f"dataset.path: {path} holds {member!r}, of no known kind; {allowed(suffix, KINDS)}")
    if suffix not in SEPARATORS and wanted.separator is not None:
        raise UserError(f"dataset.separator: {path} is no CSV file; leave the key out")
    return _OF_KIND[suffix](content, path, suffix, drop, wanted)


def _unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """What a packed file holds, and in a zip file its name."""
    if name.endswith(".gz"):
        return gzip.decompress(content), ""
    if name.endswith(".bz2"):
        return bz2.decompress(content), ""
    if name.endswith(".xz"):
        return lzma.decompress(content), ""
    if not name.endswith(".zip"):
        return content, ""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [
            member
            for member in archive.namelist()
            if not member.endswith("/") and not member.startswith("__MACOSX/") and not Path(member).name.startswith(".")
        ]
        if len(members) != 1:
            what = "Multiple files" if members else "No file"
            raise ValueError(f"{what} in the zip file; it must hold one")
        return archive.read(members[0]), members[0]


def _existing(path: Path) -> Path:
    try:
        return regular(path)
    except IsADirectoryError:
        what = "is a folder"
    except FileNotFoundError:
        what = "does not exist"
    except (OSError, ValueError) as error:  # a pipe, a link to itself, no permission, a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        what = f"is no file that can be read ({reason[:1].lower()}{reason[1:]})"
    raise UserError(f"dataset.path: {_short(path)} {what}; give the path of a file, from {Path.cwd()} or absolute")


def _short(path: str | Path) -> str:
    """The path, or the end of a long one."""
    text = str(path)
    return text if len(text) <= 200 else f"...{text[-150:]}"


def _csv(content: bytes, path: Path, suffix: str, drop: Sequence[str], wanted: Dialect) -> Reading:
    text, encoding = delimited.text_of(content, wanted.encoding, path)
    stated = re.match(r"sep=(.)\r?\n", text)  # a line that Excel writes and reads
    text = text[stated.end() :] if stated else text
    separator = wanted.separator or (stated[1] if stated else delimited.separator_of(text, SEPARATORS[suffix]))
    if separator == " ":
        text = delimited.BLANK_ENDS.sub("", text)
    reading: dict[str, Any] = {
        "sep": separator,
        "skipinitialspace": separator == " ",
        "dtype": str,
        "keep_default_na": False,
        "na_filter": False,
    }
    try:
        # pandas renames a repeated or empty name without a word: the first line is read as data to see it.
        first = pd.read_csv(io.StringIO(text, newline=""), header=None, nrows=1, **reading)
        names = [str(name) for name in first.iloc[0]]
        _separated(names, text, path, separator)
        _check_names(names, path, drop)
        frame = delimited.quickly(text, separator, names)
        if frame is None:
            delimited.rows_of_one_length(text, separator, names, path)
            with warnings.catch_warnings():
                warnings.simplefilter("error", ParserWarning)
                frame = pd.read_csv(io.StringIO(text, newline=""), index_col=False, low_memory=False, **reading)
    except EmptyDataError:
        raise UserError(f"dataset.path: {path} is empty; expected column names and rows") from None
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"dataset.path: {path} cannot be read as a table ({_cut(reason)}); mend it") from None
    notation = delimited.notation_of(frame, wanted, separator)
    kind = "TSV" if suffix == ".tsv" else "CSV"
    numbers = [name for name in names if re.fullmatch(r"\s*[+-]?\d+[.,]\d+\s*", name)]
    first_line = "is read as the names of columns; where it is data, put a line of names above it"
    notes = [f"the first line, with {numbers[0]!r} in it, {first_line}"] if numbers else []
    frame = delimited.typed(frame, notation)
    notes += remarks.of_names(frame)
    said = delimited.said(separator, SEPARATORS[suffix], wanted, notation, encoding)
    dialect = Dialect(separator, notation.decimal, notation.thousands, encoding, notation.missing)
    return Reading(frame, f"{kind} {said}", tuple(notes), dialect)


def _separated(names: Sequence[str], text: str, path: Path, separator: str) -> None:
    """Refuse a file of one column whose name holds what other programs separate columns with, or is no name."""
    if len(names) == 1 and (width := delimited.width(text.partition("\n")[2], separator)) > 1:
        raise UserError(
            f"dataset.path: {path} has {shortened(names[0])!r} in its first line, and {width} columns below it; the "
            "first line must hold the names of the columns: remove what stands above them"
        )
    marks = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
    for other, word in marks.items():
        if len(names) == 1 and other in names[0].strip() and other != separator:
            raise UserError(
                f"dataset.path: {path} has one column, {shortened(names[0])!r}: it looks separated by {word}; "
                f"set dataset.separator={delimited.word(other)}"
            )


def _check_names(names: Sequence[str], path: Path, drop: Sequence[str]) -> None:
    """Refuse a column without a name (an index that pandas wrote, as a rule) or with that of another."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(
                f"dataset.path: {path} has {names.count(name)} columns {shortened(name)!r}; give each its own name, "
                "or, where the first line is data, put a line of names above it"
            )
        if not name and f"Unnamed: {place}" not in drop:
            raise UserError(
                f"dataset.path: {path} has no name for column {place + 1}; name it in the first line, or leave it out: "
                f"'dataset.drop=[\"Unnamed: {place}\"]'"
            )


def _parquet(content: bytes, path: Path, _: str, drop: Sequence[str], wanted: Dialect) -> Reading:
    try:
        table = pq.read_table(pa.BufferReader(content))
        return _of_arrow(table, path, drop, wanted, "parquet")
    except (*_NO_PARQUET, *_NO_PANDAS) as error:
        raise _damaged(error, path, "parquet") from None


def _feather(content: bytes, path: Path, _: str, drop: Sequence[str], wanted: Dialect) -> Reading:
    try:
        with pa.ipc.open_file(pa.BufferReader(content)) as reader:
            return _of_arrow(reader.read_all(), path, drop, wanted, "feather")
    except (*_NO_PARQUET, *_NO_PANDAS) as error:
        raise _damaged(error, path, "feather") from None


def _of_arrow(table: pa.Table, path: Path, drop: Sequence[str], wanted: Dialect, kind: str) -> Reading:
    _check_names(table.schema.names, path, drop)
    table.validate(full=True)  # a reader takes a file's word for its texts being such, and what follows may crash
    frame: pd.DataFrame = table.to_pandas()
    return _typed(*records.without_index(frame), wanted, kind)


def _excel(content: bytes, path: Path, _: str, drop: Sequence[str], wanted: Dialect) -> Reading:
    frame, said = records.excel(content, wanted.notation, path)
    _check_names(list(frame.columns), path, drop)
    return Reading(frame.set_axis(_named(list(frame.columns)), axis=1), said)


def _json_lines(content: bytes, path: Path, _: str, drop: Sequence[str], wanted: Dialect) -> Reading:
    text, encoding = delimited.text_of(content, wanted.encoding, path)
    frame = records.json_lines(text, wanted.notation, path)
    _check_names(list(frame.columns), path, drop)
    return Reading(frame.set_axis(_named(list(frame.columns)), axis=1), f"JSON lines, {encoding}")


def _named(names: Sequence[str]) -> list[str]:
    """The names, and for an empty one what pandas calls such a column of a CSV file."""
    return [name or f"Unnamed: {place}" for place, name in enumerate(names)]


def _typed(frame: pd.DataFrame, notes: list[str], wanted: Dialect, said: str) -> Reading:
    """The columns of a file that states types; text that holds nothing but numbers is numbers, as it is in CSV."""
    series: list[pd.Series] = []
    for place, name in enumerate(frame.columns):
        stated = frame.iloc[:, place].reset_index(drop=True)
        found = cells.of_typed(stated, wanted.notation)
        series.append(found)
        if kind_of(stated) == "text" and kind_of(found) == "number" and found.notna().any():
            first = stated[found.notna()].iloc[0]
            notes.append(
                f"column {str(name)!r}: text such as {first!r} was read as numbers, as all of it is; "
                f"{doubts.key(str(name), 'category')} makes categories of it"
            )
    columns = pd.DataFrame(dict(enumerate(series)), index=range(len(frame)), copy=False)
    return Reading(columns.set_axis(frame.columns, axis=1), said, tuple(notes))


def _damaged(error: Exception, path: Path, kind: str) -> UserError:
    what = kind if isinstance(error, _NO_PARQUET) else f"{kind}: its description of the columns is damaged"
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"dataset.path: {path} cannot be read as {what} ({_cut(reason)}); write it again")


def _cut(reason: str) -> str:
    return reason if len(reason) <= 200 else f"{reason[:197]}..."


_OF_KIND = {
    **dict.fromkeys(SEPARATORS, _csv),
    **dict.fromkeys(PARQUET, _parquet),
    **dict.fromkeys(FEATHER, _feather),
    **dict.fromkeys(EXCEL, _excel),
    **dict.fromkeys(JSON_LINES, _json_lines),
}
"""What reads a file of each suffix."""
