"""The page `report.md`: figures, tables and how to read them, with links relative to the report's folder."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report import curves, statistics, tables
from bench.report.audit import Metadata, metadata_of, provenance_of, ranges
from bench.report.curves import Comparison
from bench.report.reading import Selection
from bench.results import Results


def page(
    comparisons: Sequence[Comparison],
    found: Results,
    wanted: Selection,
    warnings: Sequence[str],
) -> str:
    """The page in Markdown."""
    lines = [f"# {wanted.experiments[0]}", "", made_by(wanted), ""]
    if warnings:
        lines += ["**Warnings**", "", *[f"- {line}" for line in warnings], ""]
    for stem, comparison in stems(comparisons).items():
        lines += [*_section(stem, comparison, found), ""]
    return "\n".join(lines).rstrip() + "\n"


def made_by(wanted: Selection) -> str:
    """The line that says which command made the page."""
    return f"Made by `{wanted.command}`."


def _section(stem: str, comparison: Comparison, found: Results) -> Iterator[str]:
    metadata = metadata_of(comparison, found)
    yield f"## {comparison.dataset} · {comparison.model}"
    yield ""
    for kind in kinds(comparison):
        title = {"validation": "Best validation loss", "test": "Test loss of the incumbent"}[kind]
        yield f"![{title} against evaluations](figures/{stem}-{kind}.png)"
        yield ""
    yield (
        f"{comparison.metric} after {comparison.evaluations} evaluations, median [lower quartile, upper quartile] over "
        "runs, least median validation loss first. Trials, failures and seconds are those of whole runs; seconds are "
        "the median over runs of their mean per trial."
    )
    yield ""
    yield tables.markdown(comparison)
    links = [
        f"[{kind} {end.upper()}](figures/{stem}-{kind}.{end})" for kind in kinds(comparison) for end in ("pdf", "svg")
    ]
    links += [f"[table {end}](tables/{stem}.{end})" for end in ("csv", "md", "tex")]
    yield " · ".join(links)
    yield ""
    yield from (f"- {line}" for line in _notes(comparison, metadata))
    yield ""
    yield "**Setting**"
    yield ""
    yield from (f"- {line}" for line in _setting(comparison, metadata))
    declared = list(_declarations(comparison, found))
    if declared:
        yield ""
        yield "**What optimisers declare** (where they cannot do exactly what the space and the contract say)"
        yield ""
        yield from declared


def _notes(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """What a reader must know to read the numbers."""
    yield from _notes_on_imported(comparison, metadata)
    if any(entry.get("stops_on_valid") for entry in metadata):
        yield (
            "A model that stops early does so on the validation part, for every optimiser alike: the validation loss "
            "is therefore optimistic, the test loss is not. `resampling.stop=inner` holds out a part of train instead."
        )
    folds = {entry.get("folds", 1) for entry in metadata} - {1}
    if folds:
        yield (
            f"The validation loss is the mean over {' or '.join(map(str, sorted(folds)))} folds, the test loss that of "
            "the fold models' averaged predictions."
        )
    if comparison.without_data:
        yield from _notes_on_function(metadata)
    elif not comparison.has_test:
        yield _note_on_no_test(metadata)
    for label, factor in comparison.runs.groupby("label")["factor"].max().items():
        if factor > 1:
            yield f"{label} makes {factor} evaluations for each of the budget, as declared; its curve counts those."
    for row in comparison.final.to_dict("records"):
        label = row["label"]
        if row["failed"]:
            barren = f"; {row['without_success']} of its runs had no success" if row["without_success"] else ""
            yield f"{label}: {row['failed']} of {row['trials']} trials failed{barren}."
        if row["exhausted"]:
            yield (
                f"{label}: {row['exhausted']} of {row['runs']} runs had nothing left to ask for before the budget was "
                "spent; their losses are carried on."
            )
        if row["stopped"]:
            yield f"{label}: {row['stopped']} of {row['runs']} runs spent their seconds; their losses are carried on."
    yield (
        "Curves are step functions; nothing is interpolated between evaluations. Before its first success a run "
        "counts as infinite, and no run is left out of a median."
    )


def _note_on_no_test(metadata: Sequence[Metadata]) -> str:
    if any(entry.get("has_test") for entry in metadata):
        return "No trial succeeded: there is no loss to show."
    if all(entry.get("imported") for entry in metadata):
        return (
            "The log has no test losses, so that only the losses that were minimised are shown: these are optimistic."
        )
    return "The problem has no test part, so that only validation losses are shown: the chosen ones are optimistic."


def _notes_on_imported(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """Which runs were not made by this suite, and what is not known of them."""
    labels: dict[tuple[str, ...], list[str]] = {}
    for label, entry in zip(comparison.runs["label"], metadata, strict=True):
        source = curves.imported_from(entry)
        if source:
            labels.setdefault((source, *entry["imported"].get("unknown", ())), []).append(str(label))
    for (source, *unknown), names in labels.items():
        which = "All runs" if len(names) == len(metadata) else f"The runs of {', '.join(dict.fromkeys(names))}"
        said = f" Unknown: {'; '.join(unknown)}." if unknown else ""
        yield f"**{which} were imported** from {source}, not made here.{said}"


def _notes_on_function(metadata: Sequence[Metadata]) -> Iterator[str]:
    minimum, noise = metadata[0].get("known_minimum"), metadata[0].get("noise")
    known = f"its known minimum is {minimum:.6g}" if minimum is not None else "its minimum in this space is not known"
    yield f"The loss is the value of a function: nothing is trained, validated or tested; {known}."
    if noise:
        yield f"Optimisers see normal noise of standard deviation {noise:g}; the test loss is the value without it."


def _setting(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """How the runs were made, from their configs and provenance; where they differ, every value found."""
    runs = comparison.runs
    seeds = {str(label): ranges(sorted(set(part["seed"]))) for label, part in runs.groupby("label")}
    if len(set(seeds.values())) == 1:
        yield f"seeds: {next(iter(seeds.values()))}"
    else:
        yield "seeds: " + "; ".join(f"{label}: {said}" for label, said in seeds.items())
    for name in ("budget", "seeds", "resampling", "initial_design"):
        values = dict.fromkeys(_plain((entry.get("config") or {}).get(name)) for entry in metadata)
        title = "split and model seeds" if name == "seeds" else name.replace("_", " ")
        if name == "budget" and all(entry.get("imported") for entry in metadata):
            title = "length of the runs"
        if list(values) != ["not set"]:
            yield f"{title}: {' | '.join(values)}"
    yield f"problem family: `{runs['family'].iloc[0]}`"
    for name in ("python", "cpu", "threads", "revision", "versions"):
        values = dict.fromkeys(_plain(provenance_of(entry).get(name)) for entry in metadata)
        if list(values) != ["not set"]:
            yield f"{name}: {' | '.join(values)}"


def _declarations(comparison: Comparison, found: Results) -> Iterator[str]:
    for label, part in comparison.runs.groupby("label", sort=True):
        metadata = [found.runs[run] for run in curves.run_ids(part)]
        for said in dict.fromkeys(tuple(_declared(entry.get("declared") or {})) for entry in metadata):
            if said:
                yield f"- {label}"
                yield from (f"  - {line}" for line in said)


def _declared(declared: Metadata) -> Iterator[str]:
    for name, law in (declared.get("laws") or {}).items():
        distance = law.get("total_variation")
        far = "" if distance is None else f", total variation from the reference law {distance:.3g}"
        yield f"`{name}` is drawn by `{law.get('expression')}`{far}"
    if declared.get("inactive", "absent") != "absent":
        yield f"inactive parameters: {declared['inactive']}"
    if declared.get("fallback"):
        yield f"fallback: {declared['fallback']}"
    if declared.get("takes_unasked") is False:
        yield "takes no configurations that it did not ask for"
    if declared.get("extendable") is False:
        yield "plans with its budget: a finished run cannot go on under a larger one"


def kinds(comparison: Comparison) -> tuple[str, ...]:
    """The losses that the comparison has something to show of."""
    if comparison.longest == 0:
        return ()
    return statistics.KINDS if comparison.has_test else statistics.KINDS[:1]


def stems(comparisons: Sequence[Comparison]) -> dict[str, Comparison]:
    """Names of files; `a-b` + `c` and `a` + `b-c` would have one name, and get another separator."""
    plain = [f"{comparison.dataset}-{comparison.model}" for comparison in comparisons]
    return {
        stem if plain.count(stem) == 1 else f"{comparison.dataset}--{comparison.model}": comparison
        for stem, comparison in zip(plain, comparisons, strict=True)
    }


def _plain(value: Any) -> str:
    """A setting for the page: `trials 20, seconds not set`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in curves.flatten(value)) or "not set"
    return "not set" if value is None else str(value)
