"""What the models of boosted trees have in common: rounds, early stopping among them, and names that are read."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from bench.checks import whole
from bench.errors import UserError

FIXED, SEARCHED = "model.settings.parameters", "space"
"""Where a parameter stands, as a message names it."""


def check_rounds(rounds: int, early_stopping: int) -> None:
    """Raise a `UserError` for numbers of rounds that cannot be."""
    whole("model.settings.rounds", rounds, 1)
    whole("model.settings.early_stopping", early_stopping, 0, otherwise="; 0 is never")


def check_names(
    where: str, names: Iterable[str], own_names: Mapping[str, str], set_here: Collection[str], beside: Iterable[str]
) -> None:
    """Raise a `UserError` for a parameter that the suite sets, or that is lost beside another name of the same.

    `own_names` has the library's own name of each alias; `beside` are the names that are given elsewhere.
    """
    given = list(names)
    for name in given:
        own = own_names.get(name, name)
        if own in set_here:
            raise UserError(f"{where}.{name}: is set by the suite, and would not be read; remove it")
        others = [other for other in [*given, *beside] if other != name and own_names.get(other, other) == own]
        if others:
            raise UserError(f"{where}.{name}: is another name of {others[0]}, which is given, too; keep one of the two")


def check_known(library: str, where: str, names: Iterable[str], own_names: Mapping[str, str]) -> None:
    """Raise a `UserError` for a parameter that the library does not have."""
    for name in names:
        if name not in own_names:
            near = get_close_matches(name, dict.fromkeys(own_names.values()), n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UserError(f"{where}.{name}: {library} has no such parameter; {hint}remove or rename it")
