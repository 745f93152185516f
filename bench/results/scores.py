"""Scores that an evaluation recorded beside its loss (`metric.scores`), from the details that its table keeps."""

import json
from collections.abc import Mapping

from bench.checks import is_number

KEY = "scores"
"""Of the details: from each metric's name to its score on valid and on test, null without a test part."""


def of(details: object) -> dict[str, tuple[float, float | None]]:
    """From each name to the scores on valid and on test; nothing of what is damaged or was not recorded.

    >>> of({"scores": {"recall": [0.5, None], "auc": "damaged"}})
    {'recall': (0.5, None)}
    """
    entries = details.get(KEY) if isinstance(details, Mapping) else None
    pairs = entries.items() if isinstance(entries, Mapping) else ()
    return {str(name): (float(pair[0]), pair[1]) for name, pair in pairs if _is_pair(pair)}


def of_text(details: object) -> dict[str, tuple[float, float | None]]:
    """The same of the column `details` of a trial table."""
    try:
        return of(json.loads(details)) if isinstance(details, str) else {}
    except (ValueError, RecursionError):
        return {}


def _is_pair(pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    return is_number(pair[0]) and (pair[1] is None or is_number(pair[1]))
