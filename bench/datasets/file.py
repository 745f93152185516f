"""A user's own CSV or parquet file."""

import lzma
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from bench.datasets.download import digest
from bench.datasets.loading import Table, cut
from bench.errors import UserError, allowed
from bench.files import regular

SEPARATORS = {".csv": ",", ".tsv": "\t"}
PACKED = (".gz", ".zip", ".bz2", ".xz")
PARQUET = (".parquet", ".pq")
EXACT: dict[str, Any] = {"float_precision": "round_trip"} if pd.__version__.startswith("3.0.") else {}
"""Every float as written, so that a CSV and a parquet file of the same numbers are the same; from pandas 3.1 always."""
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


def load(*, path: str | None, target: str | None, sha256: str | None = None, drop: Sequence[str] = ()) -> Table:
    """The table in a file: `target` is the column to predict, `drop` names columns to leave out.

    `sha256` is what the file was when its runs were planned; a file that changed since is refused, so that one
    experiment cannot mix two versions of the data.
    """
    if path is None:
        raise UserError(f"dataset.path: missing; give the path of a CSV or parquet file, as in: {EXAMPLE}")
    place = Path(path).expanduser()
    if sha256 is not None and (current := fingerprint(place)) != sha256:
        raise UserError(
            f"dataset.path: {path} has changed since these runs were planned (SHA-256 now {current}, then {sha256}); "
            "put the old file back, or start an experiment of another name"
        )
    dropped = [drop] if isinstance(drop, str) else list(drop)
    frame = read(place, dropped)
    if target is None:
        names = ", ".join(frame.columns[-20:])
        raise UserError(f"dataset.target: missing; name the column to predict, as in: {EXAMPLE}; columns: {names}")
    return cut(frame, target, dropped, str(path))


def fingerprint(path: str | Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    place = _existing(Path(path).expanduser())
    try:
        return digest(place)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"dataset.path: {_short(path)} cannot be read ({reason}); see who may read it") from None


def read(path: Path, drop: Sequence[str] = ()) -> pd.DataFrame:
    """The whole file, by its suffix; each column has a name of its own."""
    name = _existing(path).name.lower()
    plain = Path(name).with_suffix("").name if name.endswith(PACKED) else name
    suffix = Path(plain).suffix
    if suffix in PARQUET and plain == name:
        return _parquet(path)
    if suffix not in SEPARATORS:
        known = allowed(Path(name).suffix, [*SEPARATORS, *PARQUET, ".csv.gz", ".csv.zip"])
        raise UserError(f"dataset.path: {path} is of no known kind, by its name; {known}")
    return _csv(path, SEPARATORS[suffix], drop)


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


def _csv(path: Path, separator: str, drop: Sequence[str]) -> pd.DataFrame:
    try:
        # pandas renames a repeated or empty name without a word: the first line is read as data to see it.
        first = pd.read_csv(
            path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
        names = [str(name) for name in first.iloc[0]]
        _separated(names, path, separator)
        _check_names(names, path, drop)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ParserWarning)
            frame: pd.DataFrame = pd.read_csv(
                path, sep=separator, index_col=False, low_memory=False, encoding="utf-8-sig", **EXACT
            )
    except EmptyDataError:
        raise UserError(f"dataset.path: {path} is empty; expected column names and rows") from None
    except UnicodeDecodeError as error:
        raise UserError(f"dataset.path: {path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"dataset.path: {path} cannot be read as a table ({_cut(reason)}); mend it") from None
    return frame


def _separated(names: Sequence[str], path: Path, separator: str) -> None:
    """Refuse a file of one column whose name holds what other programs separate columns with."""
    for other, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        if len(names) == 1 and other in names[0] and other != separator:
            expected = {",": "commas (or with tabs, as .tsv)", "\t": "tabs"}[separator]
            raise UserError(
                f"dataset.path: {path} has one column, {names[0]!r}: it looks separated by {word}; save it with "
                f"{expected}, and numbers with decimal points"
            )


def _check_names(names: Sequence[str], path: Path, drop: Sequence[str]) -> None:
    """Refuse a column without a name (an index that pandas wrote, as a rule) or with that of another."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(f"dataset.path: {path} has {names.count(name)} columns {name!r}; give each its own name")
        if not name and f"Unnamed: {place}" not in drop:
            raise UserError(
                f"dataset.path: {path} has no name for column {place + 1}; name it in the first line, or leave it out: "
                f"'dataset.drop=[\"Unnamed: {place}\"]'"
            )


def _parquet(path: Path) -> pd.DataFrame:
    try:
        _check_names(pq.read_schema(path).names, path, ())
        frame: pd.DataFrame = pd.read_parquet(path)
    except (*_NO_PARQUET, *_NO_PANDAS) as error:
        kind = "parquet" if isinstance(error, _NO_PARQUET) else "parquet: its description of the columns is damaged"
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"dataset.path: {path} cannot be read as {kind} ({_cut(reason)}); write it again") from None
    return frame


def _cut(reason: str) -> str:
    return reason if len(reason) <= 200 else f"{reason[:197]}..."
