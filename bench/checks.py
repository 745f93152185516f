"""Checks of values that come from a config or a command: each raises `UserError` with one line that names the key."""

import errno
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from bench.errors import UserError
from bench.wording import shortened


def is_whole(value: object, least: int | None = None, most: int | None = None) -> TypeGuard[int]:
    """Whether it is an `int` (no boolean) from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite `int` or `float` (no boolean)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(key: str, value: Any, least: int, most: int | None = None, otherwise: str = "") -> int:
    """The value where it is a whole number from `least` to `most`.

    `otherwise` ends the message with what else is allowed, such as ", or null for all rows".
    """
    if not is_whole(value, least, most):
        upto = "" if most is None else f" to {most}"
        raise UserError(f"{key}={value!r}: expected a whole number from {least}{upto}{otherwise}")
    return int(value)


def positive(key: str, value: Any) -> float:
    """The value where it is a finite number greater than 0."""
    if not is_number(value) or value <= 0:
        raise UserError(f"{key}={value!r}: expected a number greater than 0")
    return float(value)


def mapping(key: str, value: Any) -> dict[str, Any]:
    """The value where it is a mapping; an empty one for None."""
    if value is not None and not isinstance(value, Mapping):
        raise UserError(f"{key}={value!r}: expected a mapping from names to values")
    return dict(value or {})


def usable(key: str, path: Path) -> Path:
    """The path where the system can hold a file of this name, whether it is there or not."""
    try:
        str(path).encode()  # what is no UTF-8 stands in no URL and in no table
        path.expanduser().stat()
    except (ValueError, RuntimeError) as error:  # such as a NUL
        raise _unusable(key, path, str(error)) from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise _unusable(key, path, str(error.strerror)) from None
    return path


def _unusable(key: str, path: Path, reason: str) -> UserError:
    return UserError(f"{key}={shortened(str(path))}: no usable path ({reason.lower()}); choose another")
