"""Runs that cannot stand beside each other, and what it is in which they differ."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.report.runs.identities import imported_from, run_ids
from bench.results import RunId

_OF_PROBLEM = ("dataset", "resampling", "model", "space", "metric", "seeds")
"""Keys of a run's config that may decide about its problem; they name the difference where two problems meet."""


def refuse_mixed_settings(runs: pd.DataFrame) -> None:
    """Raise `UserError` where runs of a label on one problem have not the same settings: they make no one curve."""
    for (dataset, model, label), part in runs.groupby(["dataset", "model", "label"]):
        if len(set(part["settings"])) > 1:
            groups = part.drop_duplicates("settings")
            differ = _listed(differences([json.loads(settings) for settings in groups["settings"]]))
            raise UserError(
                f"{dataset}/{model}: the runs of {label} have different settings ({differ}) and cannot share a curve: "
                f"{_named(part, 'settings')}; run one of them again under another optimizer.name"
            )


def refuse_mixed_families(part: pd.DataFrame, metadata: Mapping[RunId, Mapping[str, Any]]) -> None:
    """Raise `UserError` where runs are not on one family of problems: their losses cannot be compared."""
    if len(set(part["family"])) == 1:
        return
    first = [metadata[run] for run in run_ids(part.drop_duplicates("family"))]
    differ = differences([{"imported from": imported_from(entry)} for entry in first]) or differences(
        [
            {key: config[key] for key in _OF_PROBLEM if key in config}
            for config in (e.get("config") or {} for e in first)
        ]
    )
    reason = _listed(differ) or "their configs agree: the data, the space or a revision changed"
    dataset, model = part["dataset"].iloc[0], part["model"].iloc[0]
    way = "run one side again so that both have the same problem"
    if any(imported_from(entry) for entry in first):
        way = "import logs of one problem in one command; 'bench import --same-problem-as' vouches for it"
    raise UserError(
        f"{dataset}/{model}: runs on different problems cannot share a figure: {_named(part, 'family')} ({reason}); "
        f"report their experiments apart, or {way}"
    )


def refuse_mixed_losses(part: pd.DataFrame) -> None:
    """Raise `UserError` where runs are judged by one loss and by several, by other losses, or in other boxes."""
    if len(set(part["judged"])) == 1:
        return
    groups = [f"{run_ids(own.iloc[:1])[0]} ({str(by) or 'one loss'})" for by, own in part.groupby("judged")]
    raise UserError(
        f"{part['dataset'].iloc[0]}/{part['model'].iloc[0]}: runs that are judged by other losses cannot share a "
        f"figure: {', '.join(groups)}; report their experiments apart, or run one side again with the same objectives "
        "and the same store"
    )


def _named(part: pd.DataFrame, column: str) -> str:
    """The groups of runs that `column` makes, by one run each and the number of the others."""
    groups = []
    for value, group in part.groupby(column, sort=False):
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        problem = f" on problem {str(value)[:8]}" if column == "family" else ""
        groups.append(f"{run_ids(group.iloc[:1])[0]}{others}{problem}")
    return ", ".join(groups)


def _listed(differ: Mapping[str, Sequence[Any]], limit: int = 4) -> str:
    """Names with the values found, such as 'seeds.split: 0, 1'."""
    parts = [
        f"{name}: {', '.join(str(value) for value in dict.fromkeys(map(str, values)))}"
        for name, values in differ.items()
    ]
    return "; ".join(parts[:limit]) + (f"; and {len(parts) - limit} more" if len(parts) > limit else "")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a nested mapping, under dotted names."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def differences(trees: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The dotted names whose values are not the same in all of the mappings, with the values (None where missing)."""
    if all(tree == trees[0] for tree in trees):  # far sooner than leaf by leaf, and mostly so
        return {}
    leaves = [dict(flatten(tree)) for tree in trees]
    names = dict.fromkeys(name for leaf in leaves for name in leaf)
    values = {name: [leaf.get(name) for leaf in leaves] for name in names}
    return {name: of_each for name, of_each in values.items() if any(value != of_each[0] for value in of_each)}
