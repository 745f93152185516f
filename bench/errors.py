"""The one kind of error that is a user's to mend, and how a message names what is allowed."""

from bisect import bisect_right
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path

from bench import texts


class UserError(Exception):
    """A mistake that the user can mend: shown as one line, without a traceback; the command exits with status 2."""

    def __init__(self, *lines: str) -> None:
        """A line for each cause: whatever names it quotes from files of others, it stays one, and acts on nobody."""
        super().__init__(*map(texts.line, lines))

    def __str__(self) -> str:
        return "\n".join(self.args)


class DataOptionError(UserError):
    """A dataset is a file of the user's, and --data, which has to name it, is missing or names another."""

    def __init__(self, message: str, file: Path | None = None) -> None:
        super().__init__(message)
        self.file = file
        """What --data is to be, where it is missing and that is known."""


_LONGEST_NAME, _LONGEST_LIST = 160, 2000
"""Characters that are shown of a name, and of all of them: a file of somebody's may call its columns anything."""


def allowed(value: object, choices: Iterable[object]) -> str:
    """The end of a message about an unknown `value`: what is allowed, and the nearest of it.

    Of long names the start is shown, and of very many as many as fit.

    >>> allowed("opttuna_tpe", ["grid", "optuna_tpe"])
    'allowed: grid, optuna_tpe (did you mean optuna_tpe?)'
    >>> allowed("y", ["x", " y"])
    "allowed: x, ' y' (did you mean ' y'?)"
    """
    names = [_cut(str(choice)) for choice in choices]
    near = get_close_matches(str(value), [name for name in names if name != str(value)], n=1)
    hint = f" (did you mean {quoted(near[0])}?)" if near else ""
    shown = list(map(quoted, names))
    ends = list(accumulate(len(name) + 2 for name in shown))
    fitting = bisect_right(ends, _LONGEST_LIST)
    more = f" and {len(shown) - fitting} more" if fitting < len(shown) else ""
    return f"allowed: {', '.join(shown[:fitting])}{more}{hint}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def quoted(name: str) -> str:
    """A name as it is, in quotes where one would not see where it begins and ends."""
    return repr(name) if not name or not name.isprintable() or name.strip() != name or "," in name else name
