"""How the runs were made: on what, declaring what, under which budget, with which seeds, and which are missing."""

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bench.report.analysis.replay import stated
from bench.report.audit.entries import Finding, Metadata, by_label, config_of, from_values, metadata_of
from bench.report.runs import identities, mixing, plans
from bench.report.runs.curves import Comparison
from bench.report.statistics.sequential import Looks
from bench.results import Results, RunId
from bench.wording import listed, measured, plural, ranges, unmarked

_FAR = 0.01
"""The total variation from which a declared law is worth a reader's attention."""
_UNSPENT = 0.03
"""The share of a budget left unspent that is worth a note."""
_FEW = 6
"""The number of seeds under which a median has no 95 % interval; what tests need, the verdict says."""


def findings(comparison: Comparison, results: Results, left_out: Mapping[RunId, str]) -> Iterator[Finding]:
    """Each check's, in order."""
    metadata = metadata_of(comparison, results)
    yield from origin(comparison, metadata)
    yield from problem(comparison, metadata)
    yield from controls(comparison)
    yield from data(metadata)
    yield from declarations(comparison, metadata)
    yield from budgets(comparison)
    yield from fidelities(comparison)
    yield from repetitions(comparison, metadata)
    yield from designs(metadata)
    yield from seeds(comparison)
    yield from missing(comparison, results)
    yield from unread(comparison, left_out)


def origin(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether this suite made the runs; silent where it made them all."""
    files = by_label(comparison, (identities.imported_from(entry) for entry in metadata))
    imported = [label for label, sources in files.items() if sources]
    if imported:
        text = f"not made by this suite, so that little of how they were made can be checked: {listed(imported)}"
        yield Finding("warning", "origin", text)
    vouched = by_label(comparison, ((entry.get("imported") or {}).get("same_problem_as") for entry in metadata))
    words = [f"{label} (as {unmarked(', '.join(names))})" for label, names in vouched.items() if names]
    if words:
        text = f"on the same problem as the others only as vouched for by the person who imported it: {listed(words)}"
        yield Finding("warning", "same problem", text)


def problem(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether all runs searched one space on one problem.

    Runs of different problem families are refused before any audit; their recorded spaces are compared once more,
    with their order, on which the sequences of some optimisers depend.
    """
    spaces = [(config_of(entry).get("model") or {}).get("space") for entry in metadata]
    recorded = {json.dumps(space, default=str) for space in spaces if space}
    if len(recorded) > 1:
        differ = mixing.differences([json.loads(space) for space in recorded])
        text = f"runs searched different spaces ({listed(map(unmarked, differ)) or 'the order of the parameters'})"
        yield Finding("error", "space", text)
    elif not all(spaces):
        which = "no run records" if not any(spaces) else f"{sum(not space for space in spaces)} runs do not record"
        yield Finding("note", "space", f"{which} the search space: whether it was the same cannot be checked")
    elif from_values(metadata):
        text = "the search space of imported runs is not recorded, and taken from the values that they tried"
        yield Finding("note", "space", f"{text}: whether it was the same cannot be checked")
    else:
        count = len(json.loads(recorded.pop()))
        text = f"all runs searched the same space of {plural(count, 'parameter')}, on problem family "
        yield Finding("ok", "space", f"{text}{str(comparison.runs['family'].iloc[0])[:12]}")


def controls(comparison: Comparison) -> Iterator[Finding]:
    """Whether the problem is a control, or replayed; silent where it is neither."""
    if comparison.control:
        text = f"control={comparison.control}: losses stand in the places of others, and no method should win"
        yield Finding("warning", "control", text)
    if comparison.replay is not None:
        forced = "refused for its error and forced: " if comparison.replay.get("forced") else ""
        yield Finding(
            "warning", "replay", f"nothing was trained, losses are replayed: {forced}{stated(comparison.replay)}"
        )


def data(metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """What was remarked where the data were read; silent where no run records what was understood of them."""
    recorded = [entry["data"] for entry in metadata if entry.get("data")]
    remarks = dict.fromkeys(note for entry in recorded for note in entry.get("notes") or ())
    yield from (Finding("note", "data", unmarked(remark)) for remark in remarks)
    if recorded and not remarks:
        yield Finding("ok", "data", "where they were read, nothing of doubtful meaning was noticed")


def declarations(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether the runs of an optimiser declare the same, and which laws are far from that of the space."""

    def declared(entry: Metadata) -> str | None:
        return json.dumps(entry["declared"], sort_keys=True) if entry.get("declared") else None

    variants = by_label(comparison, map(declared, metadata))
    several = [label for label, different in variants.items() if len(different) > 1]
    if several:
        text = f"runs of one optimiser declare different things of it: {listed(several)}"
        yield Finding("warning", "declarations", text)
    far = [
        f"{label} draws {unmarked(name)} at a total variation of {law['total_variation']:.2g}"
        for label, different in variants.items()
        for name, law in ((json.loads(different[0]).get("laws") or {}) if different else {}).items()
        if (law.get("total_variation") or 0) > _FAR
    ]
    if far:
        yield Finding("note", "declarations", f"first draws that do not follow the space's distribution: {listed(far)}")
    silent = [label for label, different in variants.items() if not different]
    if silent:
        yield Finding("note", "declarations", f"declares nothing of how it follows the space: {listed(silent)}")
    if not (several or far or silent):
        text = "every optimiser declares the same in all of its runs, and no distribution further than "
        text += f"{_FAR} from the space's"
        yield Finding("ok", "declarations", text)


def budgets(comparison: Comparison) -> Iterator[Finding]:
    """Whether all runs had the same budget, and which could not spend it."""
    unequal = False
    ends = comparison.curves.groupby("label")["evaluations"].max()
    if len(set(ends)) > 1:
        lengths = ", ".join(f"{label}: {end}" for label, end in ends.items())
        unequal = True
        after = comparison.spent(comparison.evaluations)
        after = after if comparison.in_cost else f"{comparison.evaluations} evaluations"
        text = f"budgets differ ({lengths}); final losses stand after {after}"
        yield Finding("warning", "budgets", text)
    for label, part in comparison.runs[~comparison.runs["exhausted"]].groupby("label"):
        if len(set(part["budget"])) > 1:
            unequal = True
            text = f"the runs of {label} have different budgets; its curve ends where the smallest does"
            yield Finding("warning", "budgets", text)
    for reason, why in (("exhausted", "had exhausted the search space"), ("stopped", "had spent their seconds")):
        early = comparison.final[comparison.final[reason] > 0]
        early_ones = [f"{row['label']} ({row[reason]} of {row['runs']})" for row in early.to_dict("records")]
        if early_ones:
            yield Finding(
                "note", "budgets", f"runs that {why} before the end, their last loss carried on: {listed(early_ones)}"
            )
    if not unequal:
        yield Finding("ok", "budgets", f"every optimiser had {comparison.spent(comparison.evaluations)}")
    others = [f"{label} ({budget})" for label, budget in comparison.yardsticks.items()]
    if others:
        yield Finding("note", "budgets", f"spends another budget, as its name says: {listed(others)}")


def fidelities(comparison: Comparison) -> Iterator[Finding]:
    """Whether runs had one ladder of fidelities, and spent what they might; silent where none had any."""
    if not comparison.in_cost:
        return
    known = {
        str(label): [comparison.ladders[run] for run in identities.run_ids(part) if run in comparison.ladders]
        for label, part in comparison.runs.groupby("label")
    }
    kinds = {label: {(ladder.unit, ladder.rungs) for ladder in own} for label, own in known.items() if own}
    different = dict.fromkeys(kind for own in kinds.values() for kind in own)
    if len(different) > 1:
        words = (f"{label} ({' and '.join(_rungs(*kind) for kind in sorted(own))})" for label, own in kinds.items())
        text = (
            f"optimisers had different ladders of fidelities, each with a full evaluation as its unit: {listed(words)}"
        )
        yield Finding("warning", "fidelities", text)
    else:
        plain = [label for label, own in known.items() if not own]
        others = f"; at full fidelity alone: {listed(plain)}" if plain else ""
        text = f"one ladder of fidelities, {_rungs(*next(iter(different)))}{others}"
        yield Finding("ok", "fidelities", text)
    yield from _unspent(comparison)


def _rungs(unit: str, rungs: tuple[int, ...]) -> str:
    return measured(", ".join(map(str, rungs)), unit)


def _unspent(comparison: Comparison) -> Iterator[Finding]:
    """Whose runs left much of the cost unspent, as nothing that they proposed would have fitted in."""
    runs = comparison.runs[np.isfinite(comparison.runs["budget"]) & ~comparison.runs["exhausted"]]
    left = 1 - runs["cost"] / (runs["budget"] * runs["factor"])
    much = left.groupby(runs["label"]).mean()
    much = much[much > _UNSPENT]
    if len(much):
        words = (f"{label} ({share:.0%})".replace("%", " %") for label, share in much.items())
        text = f"left some of the cost of their budget unspent, in the mean over runs: {listed(words)}"
        yield Finding("note", "fidelities", text)


def repetitions(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether repetitions share a split and a model seed, and whether optimisers with the same seed do."""
    problems: dict[int, set[str]] = {}
    for seed, entry in zip(comparison.runs["seed"].tolist(), metadata, strict=True):
        problems.setdefault(seed, set()).add(str(entry.get("problem")))
    odd = sorted(seed for seed, ids in problems.items() if len(ids) > 1)
    if any(config_of(entry).get("seeds") is None for entry in metadata):
        yield Finding("note", "repetitions", "which splits and model seeds they share is not recorded of every run")
    elif odd:
        yield Finding("warning", "repetitions", f"optimisers had different splits or models with seed {ranges(odd)}")
    elif len(set().union(*problems.values())) > 1:
        text = "split and model seed follow the seed: what one optimiser had with a seed, every other had too"
        yield Finding("ok", "repetitions", text)
    elif comparison.without_data:
        yield Finding("ok", "repetitions", "all are on one function, and differ by the optimiser's seed alone")
    elif comparison.replay is not None:
        yield Finding("ok", "repetitions", "one surrogate answers all, and they differ by the optimiser's seed alone")
    elif comparison.recorded:
        text = "all see one repetition of the table, and speak of it alone; seeds=paired lets each seed see the next"
        yield Finding("note", "repetitions", text)
    else:
        text = "all have one split and one model seed: they differ by the optimiser's seed, and speak of this split"
        yield Finding("note", "repetitions", f"{text} alone")


def designs(metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether all runs began alike: each as its library does, or with one design drawn from the seed."""
    recorded = [config_of(entry).get("initial_design") for entry in metadata]
    if None in recorded:
        yield Finding("note", "initial design", "how they began is not recorded of every run")
        return
    sizes = {design.get("size", 0) if isinstance(design, Mapping) else 0 for design in recorded}
    if len({json.dumps(design, sort_keys=True) for design in recorded}) > 1:
        yield Finding("warning", "initial design", "runs began with different initial designs")
    elif sizes == {0}:
        text = "every optimiser began as its library does, with first trials of its own"
        yield Finding("note", "initial design", text)
    else:
        text = f"every optimiser began with the same {max(sizes)} configurations, drawn from the seed"
        yield Finding("ok", "initial design", text)


def seeds(comparison: Comparison) -> Iterator[Finding]:
    """Whether there are enough repetitions for an interval of a median."""
    counts = comparison.final.set_index("label")["runs"]
    few = counts[counts < _FEW]
    if len(few):
        least, most = int(few.min()), int(few.max())
        span = f"{least}" if least == most else f"{least} to {most}"
        which = "every optimiser" if len(few) == len(counts) else listed(map(str, few.index))
        text = f"fewer than {_FEW} seeds ({which}: {span}): a median has no interval"
        yield Finding("warning", "seeds", text)
    else:
        yield Finding("ok", "seeds", f"every optimiser has at least {_FEW} seeds")


def missing(comparison: Comparison, results: Results) -> Iterator[Finding]:
    """Whether an optimiser has fewer runs than others, or, with seeds until decided, than looks ask for."""
    looks = plans.looks(comparison, results)
    if looks is not None:
        yield _of_looks(comparison, looks)
        return
    counts = comparison.final.set_index("label")["runs"]
    fewer = counts[counts < counts.max()]
    if len(fewer):
        numbers = ", ".join(f"{label}: {count}" for label, count in fewer.items())
        lacking = _lacking(comparison.runs)
        which = f"; seeds that others have: {lacking}" if lacking else ""
        text = f"fewer runs than the {counts.max()} of others ({numbers}){which}"
        yield Finding("warning", "missing runs", text)
        return
    lacking = _lacking(comparison.runs)
    if lacking:
        yield Finding("note", "missing runs", f"as many runs each, but of different seeds; others have {lacking}")
    else:
        text = f"every optimiser has the same {plural(int(counts.max()), 'seed')}: "
        yield Finding("ok", "missing runs", text + ranges(sorted(set(comparison.runs["seed"]))))


def _of_looks(comparison: Comparison, looks: Looks) -> Finding:
    """Whether each optimiser has the seeds of a look, and no others."""
    seeds = {str(label): set(part["seed"]) for label, part in comparison.runs.groupby("label")}
    ends = [{*looks.seeds(look)} for look in range(len(looks.counts))]
    odd = [f"{label}: {ranges(sorted(own))}" for label, own in seeds.items() if own not in ends]
    if odd:
        text = f"seeds were added at looks ({plans.described(looks)}), and some are missing or beside them"
        return Finding("warning", "missing runs", f"{text} ({listed(odd)})")
    each = listed([f"{label}: {len(own)}" for label, own in seeds.items()])
    return Finding(
        "ok", "missing runs", f"seeds were added until decided, at looks with {plans.described(looks)} ({each})"
    )


def unread(comparison: Comparison, left_out: Mapping[RunId, str]) -> Iterator[Finding]:
    """Which runs of the comparison are there and could not be read; silent where there is none."""
    here = {
        run: reason
        for run, reason in left_out.items()
        if (run.dataset, run.model) == (comparison.dataset, comparison.model)
    }
    for run, reason in here.items():
        yield Finding("error", "unreadable runs", unmarked(f"{run} is left out: {reason}"))


def _lacking(runs: pd.DataFrame) -> str:
    """The seeds that a label lacks, of those that any label has: `grid: 3, 5`."""
    every = set(runs["seed"])
    lacking = {str(label): sorted(every - set(part["seed"])) for label, part in runs.groupby("label")}
    return "; ".join(f"{label}: {ranges(numbers)}" for label, numbers in lacking.items() if numbers)
