"""What a reader of one problem's numbers must know, how its runs were made, and what optimisers declare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.audit import Metadata, metadata_of, provenance_of
from bench.report.runs import identities, mixing
from bench.report.runs.curves import Comparison
from bench.report.words import fidelity, objectives, workers
from bench.results import Results
from bench.wording import ranges, unmarked

SCORE = (
    "Score: 0 is the best loss known of a problem, 1 the median of random search after as many evaluations; above 1 is "
    "worse than random search. Median over runs; - where there is none. A click leads to the problem."
)
"""What the heat map of many problems shows."""
BASELINE = (
    "the median best loss of random search after each number of evaluations, computed from all of its draws together "
    "instead of from single runs"
)
"""What the grey curve of a chart is."""


@dataclass(frozen=True)
class Fact:
    """How the runs were made, in one respect."""

    name: str
    value: str


def notes(comparison: Comparison, results: Results) -> Iterator[str]:
    """What a reader must know to read the numbers, in sentences."""
    metadata = metadata_of(comparison, results)
    yield from _imported(comparison, metadata)
    if any(entry.get("stops_on_valid") for entry in metadata):
        yield (
            "A model that stops early does so on the validation part, for every optimiser alike: the validation loss "
            "is therefore optimistic, the test loss is not. `resampling.stop=inner` holds out a part of train instead."
        )
    folds = {entry.get("folds", 1) for entry in metadata} - {1}
    if folds:
        refits = {bool(entry.get("refit")) for entry in metadata if entry.get("folds", 1) > 1}
        ways = {
            False: "the fold models' averaged predictions",
            True: "a model trained on all rows outside the test part",
        }
        tested = " or of ".join(ways[refit] for refit in sorted(refits))
        yield (
            f"The validation loss is the mean over {' or '.join(map(str, sorted(folds)))} folds, the test loss that of "
            f"{tested}."
        )
    if comparison.without_data:
        yield from _function(metadata)
    elif comparison.recorded:
        yield from _recorded(metadata)
    elif not comparison.has_test:
        yield _no_test(metadata)
    yield from objectives.notes(comparison, metadata)
    yield from fidelity.notes(comparison)
    yield from workers.notes(comparison)
    yield from _of_labels(comparison)
    yield (
        "Curves are step functions; nothing is interpolated between evaluations. Before its first success a run "
        "counts as infinite, and no run is left out of a median."
    )


def facts(comparison: Comparison, results: Results) -> Iterator[Fact]:
    """How the runs were made, from their configs and provenance; where they differ, every value found."""
    metadata, runs = metadata_of(comparison, results), comparison.runs
    seeds = {str(label): ranges(sorted(set(part["seed"]))) for label, part in runs.groupby("label")}
    alike = len(set(seeds.values())) == 1
    spans = next(iter(seeds.values())) if alike else "; ".join(f"{label}: {spans}" for label, spans in seeds.items())
    yield Fact("seeds", spans)
    for name in ("budget", "seeds", "resampling", "initial_design"):
        values = dict.fromkeys(_plain((entry.get("config") or {}).get(name)) for entry in metadata)
        title = "split and model seeds" if name == "seeds" else name.replace("_", " ")
        if name == "budget" and all(entry.get("imported") for entry in metadata):
            title = "length of the runs"
        if list(values) != ["not set"]:
            yield Fact(title, " | ".join(values))
    yield Fact("problem family", f"`{unmarked(runs['family'].iloc[0])}`")
    for name in ("python", "cpu", "threads", "revision", "versions"):
        values = dict.fromkeys(
            _plain(_computing(entry) if name == "versions" else provenance_of(entry).get(name)) for entry in metadata
        )
        if list(values) != ["not set"]:
            yield Fact(name, " | ".join(values))
    more = sorted(_of_optimizers_alone(metadata))
    if more:
        yield Fact("versions, of optimisers", ", ".join(more))


def _computing(entry: Metadata) -> dict[str, str]:
    """The versions of what every run computes with and of what the model of this one does."""
    return dict(sorted(((provenance_of(entry).get("versions") or {}) | (entry.get("computed_by") or {})).items()))


def _of_optimizers_alone(metadata: Sequence[Metadata]) -> set[str]:
    """Libraries of optimisers, with their versions, that stand in no run's list of versions."""
    origins = [provenance_of(entry) for entry in metadata]
    listed = {name for entry in metadata for name in _computing(entry)}
    theirs = {
        (name, version) for origin in origins for name, version in (origin.get("optimizer_versions") or {}).items()
    }
    return {unmarked(f"{name} {version}") for name, version in theirs if name not in listed}


def declarations(comparison: Comparison, results: Results) -> dict[str, list[str]]:
    """What each optimiser declares that it cannot do exactly as the space and the contract say, by label."""
    declared: dict[str, list[str]] = {}
    for label, part in comparison.runs.groupby("label", sort=True):
        metadata = [results.runs[run] for run in identities.run_ids(part)]
        lines = dict.fromkeys(line for entry in metadata for line in _declared(entry.get("declared") or {}))
        if lines:
            declared[str(label)] = list(lines)
    return declared


def _of_labels(comparison: Comparison) -> Iterator[str]:
    for label, budget in comparison.yardsticks.items():
        yield (
            f"{label} has {budget}, as declared: it is a yardstick, tested apart from the optimisers, and has no rank "
            "over problems."
        )
    for row in comparison.final.to_dict("records"):
        label = row["label"]
        if row["failed"]:
            barren = f"; {row['without_success']} of its runs had no success" if row["without_success"] else ""
            yield f"{label}: {row['failed']} of {row['trials']} trials failed{barren}."
        if row["exhausted"]:
            yield (
                f"{label}: {row['exhausted']} of {row['runs']} runs had exhausted the search space before the budget "
                "was spent; their losses are carried on."
            )
        if row["stopped"]:
            yield f"{label}: {row['stopped']} of {row['runs']} runs spent their seconds; their losses are carried on."


def _no_test(metadata: Sequence[Metadata]) -> str:
    if any(entry.get("has_test") for entry in metadata):
        return "No trial succeeded: there is no loss to show."
    if all(entry.get("imported") for entry in metadata):
        return (
            "The log has no test losses, so that only the losses that were minimised are shown: these are optimistic."
        )
    return "The problem has no test part, so that only validation losses are shown: the chosen ones are optimistic."


def _imported(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """Which runs were not made by this suite, and what is not known of them."""
    labels: dict[tuple[str, str, str], list[str]] = {}
    remarks: dict[tuple[str, str, str], dict[str, None]] = {}
    for label, entry in zip(comparison.runs["label"], metadata, strict=True):
        source, imported = identities.imported_from(entry), entry.get("imported") or {}
        if source:
            group = source, "; ".join(imported.get("unknown") or ()), imported.get("same_problem_as") or ""
            labels.setdefault(group, []).append(str(label))
            remarks.setdefault(group, {}).update(dict.fromkeys(imported.get("remarks") or ()))
    for group, names in labels.items():
        source, unknown, other = group
        which = "All runs" if len(names) == len(metadata) else f"The runs of {', '.join(dict.fromkeys(names))}"
        said = f" Unknown: {unmarked(unknown)}." if unknown else ""
        said += f" Remarks: {unmarked('; '.join(remarks[group]))}." if remarks[group] else ""
        if other:
            said += (
                f" That they are on the problem of {unmarked(other)} is vouched for by the person who imported them."
            )
        yield f"**{which} were imported** from {source}, not made here.{said}"


def _function(metadata: Sequence[Metadata]) -> Iterator[str]:
    minimum, noise = metadata[0].get("known_minimum"), metadata[0].get("noise")
    if metadata[0].get("objectives"):
        yield "The losses are the values of a function: nothing is trained, validated or tested."
        if noise:
            yield f"Optimisers see normal noise of standard deviation {noise:g}; test losses are the values without it."
        return
    known = f"its known minimum is {minimum:.6g}" if minimum is not None else "its minimum in this space is not known"
    yield f"The loss is the value of a function: nothing is trained, validated or tested; {known}."
    if noise:
        yield f"Optimisers see normal noise of standard deviation {noise:g}; the test loss is the value without it."


def _recorded(metadata: Sequence[Metadata]) -> Iterator[str]:
    tables = {str(entry.get("table")): entry for entry in (each.get("recorded") or {} for each in metadata)}
    for name, entry in tables.items():
        yield (
            f"Nothing was trained: losses and seconds were looked up in the recorded table {unmarked(name)}, whose "
            f"{int(entry.get('configurations') or 0):,} configurations were evaluated up to {entry.get('repetitions')} "
            "times. A run sees one of these repetitions; the test loss is the mean over all, not a loss on test data."
        )


def _declared(declared: Metadata) -> Iterator[str]:
    for name, law in (declared.get("laws") or {}).items():
        distance = law.get("total_variation")
        far = "" if distance is None else f", total variation from the reference distribution {distance:.3g}"
        yield f"`{unmarked(name)}` is drawn by `{unmarked(law.get('expression'))}`{far}"
    if declared.get("inactive", "absent") != "absent":
        yield f"inactive parameters: {unmarked(declared['inactive'])}"
    if declared.get("fallback"):
        yield f"fallback: {unmarked(declared['fallback'])}"
    if declared.get("takes_unasked") is False:
        yield "takes no configurations that it did not propose"
    if declared.get("extendable") is False:
        yield "plans with its budget: a finished run cannot go on under a larger one"


def _plain(value: Any) -> str:
    """A setting in words: `trials 20, seconds not set`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{unmarked(name)} {_plain(part)}" for name, part in mixing.flatten(value)) or "not set"
    return "not set" if value is None else unmarked(value)
