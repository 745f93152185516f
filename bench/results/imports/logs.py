"""What every reader of logs gives: plain trials, and what their file says of them; how its values are read."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import files, texts
from bench.errors import UserError
from bench.space import Value
from bench.wording import shortened

NAMES = ("dataset", "model", "optimizer", "seed")
"""What names a run in its experiment."""
LARGEST = 2**30
"""Bytes of a file that is read whole."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NO_NUMBER = {"", "nan", "na", "null", "none"}
INFINITE = {"inf", "+inf", "infinity", "+infinity"}


@dataclass(frozen=True)
class Trial:
    """One trial as its log has it; what the log does not say is None, and seconds are NaN."""

    place: str
    """Where it stands in its file, such as `row 3` or `trial 7`."""
    value: float | None
    """What the optimiser observed, finite: to be minimised, unless its log is of a maximisation."""
    why: str = ""
    """Why there is no value."""
    status: str = ""
    """ok, failed, timeout or crashed; empty where the value alone says it."""
    number: int | None = None
    test: float | None = None
    seconds: float = math.nan
    started_at: datetime | None = None
    configuration: Mapping[str, Value] | None = None
    steps: Mapping[int, float] = field(default_factory=dict)
    """Intermediate values by step, as reported."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """Of `NAMES`, what the file says of this trial."""


@dataclass(frozen=True)
class Asked:
    """What the person who imports says of how files are to be read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Names in the files (of columns, attributes, results), each with ours: `value`, `test_loss`, ..."""
    metric: str | None = None

    def theirs(self, ours: str) -> str | None:
        """What the files call one of our columns, where that was said."""
        return next((theirs for theirs, column in self.columns.items() if column == ours), None)


@dataclass(frozen=True)
class Log:
    """The trials of a file, or of one study in it, in the order of their run."""

    file: str
    """Its name, without the folder."""
    sha256: str
    source: str
    """What wrote it: `Optuna's SQLite storage`."""
    trials: Sequence[Trial]
    title: str = ""
    """What the study, folder or file is called: what a pattern is held against."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """Of `NAMES`, what the file says of all its trials; an option may say otherwise."""
    columns: frozenset[str] = frozenset()
    """Of `NAMES`, what each trial says: no option may say otherwise."""
    space: Mapping[str, Mapping[str, Any]] | None = None
    """The search space that the file records, in the form of a config; None where it records none."""
    indexed: bool = False
    """Whether whole numbers may be the places of choices instead of their values."""
    maximized: bool | None = None
    """Whether larger values are better; None where the file does not say."""
    objectives: int = 1
    metric: str | None = None
    """What the values are called in the file."""
    zoneless: bool = False
    """Whether its times are of the clock of wherever it was written."""
    takes: frozenset[str] = frozenset({"value", "test_loss"})
    """Of our columns, those that `--map` can name another source of; `*` where that is seen to in reading."""
    remarks: tuple[str, ...] = ()
    """What was left out or taken for granted."""
    ignored: tuple[str, ...] = ()
    """Columns that were not read."""

    @property
    def name(self) -> str:
        """The file, and the study in it."""
        return f"{self.file}: {texts.line(shortened(self.title))!r}" if self.title else self.file


def wrong(file: str, place: str, column: str, value: object, expected: str) -> UserError:
    """The one line that says where something else than expected was found."""
    text = repr(value)
    shown = text if len(text) <= 60 else f"{text[:40]}... ({len(text) - 2} characters)"
    return UserError(f"{file}: {place}, column {column}: found {shown}; expected {expected}")


def content(path: Path) -> bytes:
    """A file's bytes; raises `UserError` where it cannot be read or is too large."""
    try:
        if files.regular(path).stat().st_size > LARGEST:
            raise UserError(f"{path}: larger than {LARGEST / 2**30:.0f} GiB; not read")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """A SHA-256 over several files, by their names, with the SHA-256 of each, in order."""
    listing = [f"{sha256}  {name}\n" for name, sha256 in sorted(parts)]
    return hashlib.sha256("".join(listing).encode(errors="surrogateescape")).hexdigest()


def loads(text: str | bytes) -> Any:
    """What a text in JSON holds, NaN and infinities among it; raises `ValueError`, of nesting without end too."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def as_number(value: Any) -> float:
    """A number as others write it, also as text; NaN for nothing; raises `ValueError` for anything else."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in NO_NUMBER:
            return math.nan
        if text.lstrip("+-") in INFINITE:
            return -math.inf if text.startswith("-") else math.inf
        if not NUMBER.fullmatch(text):
            raise ValueError("not a number")
        return float(text)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("not a number") from None


def observed(value: Any) -> tuple[float | None, str]:
    """A finite value, or None and why there is none; raises `ValueError` where it is no number at all."""
    number = as_number(value)
    if math.isfinite(number):
        return number, ""
    return None, "no value" if value is None or value == "" else f"value is {number}"


def finite(value: Any) -> float | None:
    """The number where it is a finite one, else None."""
    try:
        number = as_number(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def plain(value: Any) -> Value:
    """A hyperparameter's value as a configuration has it; what is none, a list say, as its JSON."""
    if isinstance(value, str):
        return texts.stored(value, 200)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:40]
    return texts.stored(json.dumps(value, sort_keys=True, default=str), 200)


def flat(values: Mapping[str, Any], prefix: str = "", depth: int = 8) -> dict[str, Value]:
    """Nested hyperparameters by names such as `net/units`, as Ray Tune names them."""
    named: dict[str, Value] = {}
    for key, value in values.items():
        name = f"{prefix}{texts.line(key)}"
        if isinstance(value, Mapping) and value and depth:
            named |= flat(value, f"{name}/", depth - 1)
        else:
            named[name] = plain(value)
    return named


def moment(value: Any) -> datetime | None:
    """A time in seconds since 1970, or as text; without a zone it is taken for UTC; None where there is none."""
    try:
        if isinstance(value, datetime):
            stamp = value
        elif isinstance(value, str):
            stamp = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            stamp = datetime.fromtimestamp(value, UTC)
        else:
            return None
        stamp = stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return stamp if 1900 <= stamp.year <= 2200 else None


def seconds_between(start: datetime | None, end: datetime | None) -> float:
    """NaN where one of them is missing, or they run backwards."""
    if start is None or end is None or end < start:
        return math.nan
    return (end - start).total_seconds()


def left_out(count: int, what: str) -> tuple[str, ...]:
    """The remark on trials that were not imported; none where there are none."""
    return (f"{count} {'trial' if count == 1 else 'trials'} {what}: left out",) if count else ()


def hashed(part: bytes) -> str:
    """The SHA-256 of a file's bytes."""
    return hashlib.sha256(part).hexdigest()
