"""What a model tells of its training, made values of JSON: whatever it was, it can be stored, and is not large."""

import json
import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from bench import texts

VALUES = 200_000
"""The most values that are kept of one evaluation's details: the curves of ten folds of 20,000 rounds."""

DEPTH = 20
"""How deep they may be nested."""

TEXT = 2**20
"""The most bytes that their texts may have together."""


class _Left:
    """How much may still be kept."""

    def __init__(self) -> None:
        self.values, self.bytes = VALUES, TEXT


def plain(details: object) -> dict[str, Any]:
    """The details as values of JSON; `omitted` says why where they are too many.

    Numbers of NumPy become Python's, what is not finite null, sets and arrays lists; of other objects the start of
    their text is kept.
    """
    if not isinstance(details, Mapping):
        details = {"details": details}
    try:
        kept: dict[str, Any] = _value(details, _Left(), 0)
    except _TooMuch as reason:
        return {"omitted": str(reason)}
    return kept


def curve(points: Iterable[Any]) -> list[float | None]:
    """A learning curve, to six digits; None where it is not finite."""
    values = (float(f"{point:.6g}") for point in islice(points, VALUES))
    return [value if math.isfinite(value) else None for value in values]


class _TooMuch(Exception):
    pass


def _value(value: Any, left: _Left, depth: int) -> Any:
    left.values -= 1
    if left.values < 0:
        raise _TooMuch(f"more than {VALUES:,} values")
    value = _pythons(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        if depth == DEPTH:
            raise _TooMuch(f"nested more than {DEPTH} deep")
        some = islice(value, VALUES + 1)
        if isinstance(value, Mapping):
            return {_text(key, left): _value(value[key], left, depth + 1) for key in some}
        return [_value(each, left, depth + 1) for each in some]
    if type(value) is float:
        return value if math.isfinite(value) else None
    plain = value is None or type(value) is bool or (type(value) is int and abs(value) < 2**63)
    return value if plain else _text(value, left)


def _pythons(value: Any) -> Any:
    """A number or array of NumPy, or a subclass's number, as Python's own."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        if getattr(value, "size", 1) > VALUES:
            raise _TooMuch(f"more than {VALUES:,} values")
        return value.tolist()
    if isinstance(value, float):
        return float(value)
    return int(value) if isinstance(value, int) and type(value) is not bool else value


def _text(value: object, left: _Left) -> str:
    if value is None or type(value) is bool:  # of a key, as JSON has it
        kept = json.dumps(value)
    elif type(value) is int and abs(value) >= 2**63:  # Python writes none of thousands of digits
        kept = f"an integer of {value.bit_length()} bits"
    elif isinstance(value, bytes | bytearray):
        kept = texts.stored(repr(bytes(value[: texts.STORED])))
    else:
        kept = texts.stored(value)
    left.bytes -= len(kept.encode())
    if left.bytes < 0:
        raise _TooMuch(f"more than {TEXT:,} bytes of text")
    return kept
