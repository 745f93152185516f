"""The one kind of error that is a user's to mend, and how a message names what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can mend: shown as one line, without a traceback; the command exits with status 2."""


class DataOptionError(UserError):
    """A dataset is a file of the user's, and --data, which has to name it, is missing or names another."""

    def __init__(self, message: str, file: Path | None = None) -> None:
        super().__init__(message)
        self.file = file
        """What --data is to be, where it is missing and that is known."""


def allowed(value: object, choices: Iterable[object]) -> str:
    """The end of a message about an unknown `value`: what is allowed, and the nearest of it.

    >>> allowed("opttuna_tpe", ["grid", "optuna_tpe"])
    'allowed: grid, optuna_tpe (did you mean optuna_tpe?)'
    >>> allowed("y", ["x", " y"])
    "allowed: x, ' y' (did you mean ' y'?)"
    """
    names = [str(choice) for choice in choices]
    near = get_close_matches(str(value), [name for name in names if name != str(value)], n=1)
    hint = f" (did you mean {quoted(near[0])}?)" if near else ""
    return f"allowed: {', '.join(map(quoted, names))}{hint}"


def quoted(name: str) -> str:
    """A name as it is, in quotes where one would not see where it begins and ends."""
    return repr(name) if not name or not name.isprintable() or name.strip() != name or "," in name else name
