"""Which groups a run's config has, and what of it decides its results."""

from collections.abc import Mapping
from typing import Any

GROUPS = ("dataset", "resampling", "model", "metric", "optimizer", "seeds", "initial_design", "budget")
"""The groups that a result depends on, in the order in which they are recorded."""

FOR_READERS = ("description", "look")
"""Keys of any config that say what it is and how it is drawn: no part of what is recorded with a result."""

ABOUT = (*FOR_READERS, "source", "licence", "citation")
"""Keys of any config that say what it is, and change nothing."""

_SINCE: dict[str, dict[str, tuple[Any, ...]]] = {
    "budget": {"cost": (None,)},
    "optimizer": {"multi_fidelity": (None, False)},
    "resampling": {"refit": (None, False)},
    "dataset": {
        **dict.fromkeys(("separator", "decimal", "thousands", "encoding"), (None,)),
        "missing": (None, []),
        "types": (None, {}, []),
        "drop_missing_target": (None, False),
        "rare_classes": (None, "error"),
    },
}
"""Keys that came later, by group, with the values that change nothing: so set, they are no part of a hash."""

UNTIL = "until"
"""The plan by which seeds were added to a comparison: recorded with each run, whose result does not depend on it."""

_NOT_HASHED = {"name", *ABOUT, "path"}


def hashed(groups: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's config decides its results: no names, no descriptions, no places."""
    decisive: dict[str, Any] = {
        group: {
            key: value
            for key, value in entries.items()
            if key not in _NOT_HASHED and value not in _SINCE.get(group, {}).get(key, ())
        }
        for group, entries in groups.items()
        if isinstance(entries, Mapping) and group not in ("metric", UNTIL)
    }
    if groups.get("objectives") is not None:
        decisive["objectives"] = groups["objectives"]
    if groups.get("control") is not None:
        decisive["control"] = groups["control"]
    if "path" in groups["dataset"] and not groups["dataset"].get("sha256"):
        decisive["dataset"]["path"] = groups["dataset"]["path"]  # of another source's file nothing else is known
    if groups["metric"].get("scores"):
        decisive["scores"] = sorted(groups["metric"]["scores"])
    for key in ("minimum", "traits", "stored"):  # what is known of a function, and where its values are kept
        decisive["model"].pop(key, None)
    ladder = decisive["model"].pop("fidelity", None)  # full evaluations do not depend on it
    if ladder is not None and groups["optimizer"].get("multi_fidelity"):
        decisive["model"]["fidelity"] = ladder
    elif ladder is not None and "function" in groups["model"]:
        decisive["model"]["fidelity"] = {"high": ladder.get("high")}  # what it is called with
    return decisive | {"metric": groups["metric"]["name"]}
