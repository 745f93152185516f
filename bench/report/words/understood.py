"""What was understood of a problem's data, from the metadata of its runs alone; nothing of runs that record none."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report.audit import metadata_of
from bench.report.runs.curves import Comparison
from bench.report.words.notes import Fact
from bench.results import Results
from bench.wording import plural, unmarked

_CLASSES = 8
"""Of more classes the rest is counted."""


def data(comparison: Comparison, results: Results) -> Mapping[str, Any]:
    """What the first run that records it understood: all are of one data, and only parts may differ between seeds."""
    found = (entry.get("data") for entry in metadata_of(comparison, results))
    return next((entry for entry in found if entry), {})


def facts(comparison: Comparison, results: Results) -> Iterator[Fact]:
    """Rows, features, target, parts, how a file was read, and what was remarked."""
    entry = data(comparison, results)
    if not entry:
        return
    if entry.get("read_as"):
        yield Fact("read as", unmarked(entry["read_as"]))
    missing = entry.get("missing") or 0
    lacking = f", {plural(missing, 'value')} of the features missing" if missing else ", no value of a feature missing"
    yield Fact("rows", f"{entry.get('rows') or 0:,}{lacking}")
    kinds = [f"{entry.get(key) or 0} {word}" for key, word in (("numbers", "numeric"), ("categories", "categorical"))]
    yield Fact("features", ", ".join(kind for kind in kinds if not kind.startswith("0 ")))
    target = entry.get("target") or {}
    if target:
        yield Fact("target", _target(target))
    parts = [_part(name, part, target) for name, part in (entry.get("parts") or {}).items()]
    if parts:
        folds = entry.get("folds") or 1
        several = f" (of {folds} folds the first)" if folds > 1 else ""
        seeds = (
            "; each seed has a split of its own, of which this is the first"
            if len(set(comparison.runs["problem"])) > 1
            else ""
        )
        yield Fact("parts", f"{'; '.join(parts)}{several}{seeds}")
    for note in entry.get("notes") or ():
        yield Fact("remark", unmarked(note))


def _target(target: Mapping[str, Any]) -> str:
    name, task = unmarked(target.get("name") or "not named"), unmarked(target.get("task") or "task not recorded")
    counts = target.get("counts") or []
    if counts:
        rows = [rows for _, rows in counts]
        return f"{name}, {task}, {target.get('classes') or len(counts)} classes: {_shares(target, rows)}"
    known = [target[key] for key in ("low", "high", "median") if target.get(key) is not None]
    return f"{name}, {task}" + (", from {:g} to {:g}, median {:g}".format(*known) if len(known) == 3 else "")


def _part(name: str, part: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    counts = part.get("counts") or []
    classes = f": {_shares(target, counts)}" if counts else ""
    return f"{unmarked(name)} {plural(part.get('rows') or 0, 'row')}{classes}"


def _shares(target: Mapping[str, Any], rows: Sequence[int]) -> str:
    """The rows of each class, `rows` in the order of the target's."""
    names = [unmarked(name) for name, _ in target.get("counts") or []]
    shown = [f"{name} {count}" for name, count in zip(names, rows, strict=False)][:_CLASSES]
    more = (target.get("classes") or len(names)) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
