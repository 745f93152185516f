"""What the models of boosted trees have in common: rounds, early stopping among them, and names that are read."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from bench.checks import whole
from bench.errors import UserError, quoted
from bench.space import Space, Value

FIXED, SEARCHED = "model.settings.parameters", "space"
"""Where a parameter stands, as a message names it."""
ROUNDS = "is the suite's to set; set model.settings.rounds"
STOPPING = "is the suite's to set; set model.settings.early_stopping"
SET_HERE = "is set by the suite, and would not be read; remove it"
ONE_FOR_ALL = "is the same for all configurations; remove it, or set it in model.settings.parameters"
UNUSED = "makes no use of it here; remove it"


def check_rounds(rounds: int, early_stopping: int) -> None:
    """Raise a `UserError` for numbers of rounds that cannot be."""
    whole("model.settings.rounds", rounds, 1)
    whole("model.settings.early_stopping", early_stopping, 0, otherwise="; 0 is never")


def check_names(
    library: str, where: str, names: Iterable[str], own_names: Mapping[str, str], refused: Mapping[str, str]
) -> None:
    """Raise a `UserError` for a name that the library does not have or make use of, or that is given twice.

    `own_names` has the library's own name of each name that it knows, `refused` why some of these cannot be given.
    """
    seen: dict[str, str] = {}
    for name in names:
        own = own_names.get(name)
        reason = refused.get(name if own is None else own)
        if reason is not None:
            raise UserError(f"{where}.{name}: {library + ' ' if reason is UNUSED else ''}{reason}")
        if own is None:
            if name.startswith("prepare."):
                raise UserError(f"{where}.{name}: {library} takes numbers and categories as they are; remove it")
            usable = [alias for alias, own in own_names.items() if own not in refused]
            near = [
                *get_close_matches(name, {own_names[alias] for alias in usable}, n=1),
                *get_close_matches(name, usable, n=1),
            ]
            hint = f"did you mean {quoted(near[0])}? " if near else ""
            raise UserError(f"{where}.{quoted(name)}: {library} has no such parameter; {hint}remove or rename it")
        if own in seen:
            raise UserError(f"{where}.{seen[own]}: is another name of {name}, which is given, too; keep one of the two")
        seen[own] = name


def by_own_name(given: Mapping[str, Any], own_names: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that are not null, each by the library's own name, so that an alias replaces what it stands for.

    One that is null is left to what is fixed, else to the library.
    """
    return {own_names.get(name, name): value for name, value in given.items() if value is not None}


def ends(space: Space) -> Iterable[tuple[str, Value]]:
    """Each parameter's name with its choices, or with the ends of its range."""
    for parameter in space.parameters:
        for value in dict.fromkeys(parameter.representatives):
            if value is not None:
                yield parameter.name, value


def check_fixed_values(
    library: str,
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
    own_names: Mapping[str, str],
    refusal: Callable[[Mapping[str, Any]], str | None],
) -> None:
    """Raise a `UserError` where a library has something against the values of fixed parameters (`refusal`).

    It names the first that is refused beside the `usual` ones alone.
    """
    together = refusal({**usual, **{own_names[name]: value for name, value in given.items()}})
    if together is None:
        return
    for name, value in given.items():
        reason = refusal({**usual, own_names[name]: value})
        if reason is not None:
            raise refused_value(library, FIXED, name, value, reason)
    raise UserError(f"{FIXED}: {library} does not take these values together ({together}); change one of them")


def refused_value(library: str, where: str, name: str, value: object, reason: str) -> UserError:
    """That the library does not take a value."""
    return UserError(f"{where}.{name}: {library} does not take {value!r} ({reason}); change it")


def has_categories(features: pd.DataFrame | None) -> bool | None:
    """Whether there are category columns; None where there are no features to look at."""
    if features is None:
        return None
    return any(isinstance(dtype, pd.CategoricalDtype) for dtype in features.dtypes)
