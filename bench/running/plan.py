"""Which runs of a sweep are done, which are to do, and which would contradict what is there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench import results
from bench.config.schema import UNTIL, hashed
from bench.errors import UserError
from bench.results import DamagedTable, RunId
from bench.running.run import RunSpec
from bench.wording import plural


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep: those to do, those that are done, and what was noticed on the way."""

    to_do: list[RunSpec]
    done: list[RunSpec]
    notes: list[str] = field(default_factory=list)


def plan_runs(specs: Iterable[RunSpec], overwrite: bool = False, touch: bool = True) -> Plan:
    """Sort runs into done and to do; refuse those that a finished run of another config stands in the way of.

    A finished run that had fewer trials as its budget, and is else the same, goes on to the new one, or starts anew
    where its optimiser plans with its budget. With `overwrite` finished runs are to do again; their tables stay until
    new ones take their place. A damaged table is set aside where `touch` is set.
    """
    wanted = _unique(specs)
    existing: dict[RunId, Path] = {}
    plan = Plan([], [])
    for folder, experiment in sorted({(spec.results_dir, spec.run.experiment) for spec in wanted}):
        existing |= _existing(Path(folder), experiment, plan.notes, touch)
    conflicts: list[tuple[RunSpec, dict[str, Any]]] = []
    raised: list[tuple[RunSpec, dict[str, Any]]] = []
    kept: list[tuple[RunSpec, Any]] = []
    for spec in wanted:
        there = spec.run in existing and not overwrite
        metadata = _metadata(Path(spec.results_dir), spec.run, plan.notes, touch) if there else None
        if metadata is None:
            plan.to_do.append(replace(spec, overwrite=overwrite))
        elif metadata["config_hash"] == spec.config_hash:
            plan.done.append(spec)
            kept.append((spec, (metadata.get("config") or {}).get(UNTIL)))
        elif _is_raised(spec, metadata):
            raised.append((spec, metadata))
            extends = metadata["config_hash"] if _goes_on(metadata) else None
            plan.to_do.append(replace(spec, extends=extends, overwrite=extends is None))
        else:
            conflicts.append((spec, metadata))
    if conflicts:
        raise UserError(_conflict(*conflicts[0], len(conflicts)))
    plan.notes.extend(_said_of_raised(raised))
    plan.notes.extend(_said_of_looks(kept))
    return plan


def _said_of_looks(done: Sequence[tuple[RunSpec, Any]]) -> Iterator[str]:
    """What becomes of finished runs whose seeds came otherwise than those of this sweep do; refuses a changed plan."""
    for spec, before in done:
        now = spec.config.get(UNTIL)
        if now is not None and before is not None and now != before:
            raise UserError(
                f"{spec.run}: its comparison is looked at with {_looks(before)}, and now with {_looks(now)}; a plan "
                "must not change once it has begun: give the same first seed, seeds.looks and seeds.most, choose "
                "another name=..., or set overwrite=true to begin anew"
            )
    fixed = [spec for spec, before in done if before is None and spec.config.get(UNTIL) is not None]
    if fixed:
        are = "is" if len(fixed) == 1 else "are"
        yield (
            f"{plural(len(fixed), 'finished run')} had a fixed number of seeds and {are} kept; from now on the tests "
            "at looks alone count, whatever an earlier report said"
        )
    added = [spec for spec, before in done if before is not None and spec.config.get(UNTIL) is None]
    if added:
        yield (
            f"{plural(len(added), 'finished run')} had seeds added until decided: seeds given by hand count in their "
            "tests only where they complete a look"
        )


def _looks(until: Mapping[str, Any]) -> str:
    return f"{', '.join(map(str, until['looks']))} seeds from seed {until['first']} on"


def _is_raised(spec: RunSpec, metadata: Mapping[str, Any]) -> bool:
    """Whether a finished run differs in having had fewer trials as its budget, and in nothing else."""
    if metadata.get("imported"):
        return False
    then, now = hashed(metadata["config"]), hashed(spec.config)
    before, after = then["budget"].get("trials"), now["budget"].get("trials")
    known = before is not None and after is not None
    return known and before < after and _differences(then, now) == ["budget.trials"]


def _goes_on(metadata: Mapping[str, Any]) -> bool:
    return (metadata.get("declared") or {}).get("extendable") is not False


def _said_of_raised(raised: Sequence[tuple[RunSpec, Mapping[str, Any]]]) -> Iterator[str]:
    for goes_on, stored, what in (
        (True, True, "go on, and reuse what they have"),
        (True, False, "start anew: what they evaluate is not stored"),
        (False, None, "start anew: they plan with their budget"),
    ):
        runs = [
            (spec, metadata)
            for spec, metadata in raised
            if _goes_on(metadata) is goes_on and stored in (None, spec.stored)
        ]
        if runs:
            before = sorted({metadata["config"]["budget"]["trials"] for _, metadata in runs})
            names = ", ".join(dict.fromkeys(spec.run.optimizer for spec, _ in runs))
            several = f"{len(runs)} finished runs" if len(runs) > 1 else "1 finished run"
            yield f"{several} of {names} had budget.trials={'/'.join(map(str, before))}: {what}"


def _unique(specs: Iterable[RunSpec]) -> list[RunSpec]:
    unique: dict[RunId, RunSpec] = {}
    for spec in specs:
        other = unique.setdefault(spec.run, spec)
        if other.config_hash != spec.config_hash:
            keys = ", ".join(_differences(hashed(other.config), hashed(spec.config)))
            raise UserError(f"two runs are named {spec.run} but differ in {keys}; set optimizer.name (or model.name)")
    return list(unique.values())


def _existing(folder: Path, experiment: str, notes: list[str], touch: bool) -> dict[RunId, Path]:
    """The finished runs of an experiment, without those of damaged packs, which are set aside where `touch` is set."""
    while True:
        try:
            return results.find(folder, experiment)
        except DamagedTable as error:
            if not touch:
                raise
            _set_aside(error.path, notes, touch)


def _metadata(results_dir: Path, run: RunId, notes: list[str], touch: bool) -> dict[str, Any] | None:
    """That of a finished run; None where its table is damaged, which is set aside where it is a file of its own."""
    try:
        return results.read_metadata(results_dir, run)
    except DamagedTable as error:
        if error.path == run.path(results_dir):
            _set_aside(error.path, notes, touch)
        else:
            notes.append(f"{error.path}: what it has of seed {run.seed} is damaged; made again from the store")
        return None


def _set_aside(path: Path, notes: list[str], touch: bool) -> None:
    if touch:
        path.replace(path.with_suffix(".damaged"))
    notes.append(f"{path}: damaged; set aside as {path.with_suffix('.damaged').name} and made again from the store")


def _conflict(spec: RunSpec, metadata: Mapping[str, Any], count: int) -> str:
    more = f" (and {count - 1} more runs)" if count > 1 else ""
    if metadata.get("imported"):
        reason = f"was imported from {metadata['imported']['file']}"
    else:
        keys = ", ".join(_differences(hashed(metadata["config"]), hashed(spec.config))) or "its config"
        reason = f"finished before with another config, which differs in {keys}"
    ways = "choose another name=... or optimizer.name=..., or set overwrite=true to replace it"
    return f"{spec.run}{more}: {reason}; {ways}"


def _differences(a: Any, b: Any, prefix: str = "") -> list[str]:
    """The dotted keys at which two nested mappings differ."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [*a, *(key for key in b if key not in a)]
        return [name for key in keys for name in _differences(a.get(key), b.get(key), f"{prefix}{key}.")]
    return [] if a == b else [prefix.rstrip(".")]
