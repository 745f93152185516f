"""From results to the report's folder: figures, tables and the page `report.md` that shows them."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import results
from bench.errors import UserError
from bench.report import curves, figures, statistics, style, tables
from bench.report.curves import Comparison
from bench.results import Results

Metadata = Mapping[str, Any]


def build(results_dir: Path, reports_dir: Path, experiments: Sequence[str]) -> Path:
    """Write the report of the experiments, merged, and return its folder, named by the first of them.

    `figures/DATASET-MODEL-{validation,test}.{pdf,svg,png}`, `tables/DATASET-MODEL.{csv,md,tex}` and `report.md`: the
    same results give the same bytes. What is not finished is left out, and each curve says how many runs it has.
    Warnings stand in the page and go to stderr. Raises `UserError` where runs cannot be compared or the folder not be
    written.
    """
    experiments = list(dict.fromkeys(experiments))
    found = results.read(results_dir, experiments, columns=curves.COLUMNS)
    comparisons = curves.comparisons(found)
    folder = reports_dir / experiments[0]
    warnings = {name: list(_warnings(comparison, found)) for name, comparison in _stems(comparisons).items()}
    for said in warnings.values():
        for line in said:
            sys.stderr.write(f"bench report: warning: {line}\n")
    for path, content in _files(comparisons, found, experiments, warnings):
        _write(folder / path, content)
    return folder


def _files(
    comparisons: Sequence[Comparison],
    found: Results,
    experiments: Sequence[str],
    warnings: Mapping[str, Sequence[str]],
) -> Iterator[tuple[str, bytes]]:
    """The paths in the folder and their bytes; the page comes last, when all it shows is there."""
    looks = style.styles(label for comparison in comparisons for label in comparison.final["label"])
    for stem, comparison in _stems(comparisons).items():
        for kind in _kinds(comparison):
            with figures.look():
                rendered = figures.render(figures.draw(figures.view(comparison, kind, looks)))
            for ending, content in rendered.items():
                yield f"figures/{stem}-{kind}.{ending}", content
        yield f"tables/{stem}.csv", tables.csv(comparison).encode()
        yield f"tables/{stem}.md", tables.markdown(comparison).encode()
        yield f"tables/{stem}.tex", tables.latex(comparison).encode()
    yield "report.md", page(comparisons, found, experiments, warnings).encode()


def page(
    comparisons: Sequence[Comparison],
    found: Results,
    experiments: Sequence[str],
    warnings: Mapping[str, Sequence[str]],
) -> str:
    """The page in Markdown, with links relative to the report's folder."""
    lines = [f"# {experiments[0]}", "", f"Made by `bench report {' '.join(experiments)}`.", ""]
    said = [line for lines in warnings.values() for line in lines]
    if said:
        lines += ["**Warnings**", "", *[f"- {line}" for line in said], ""]
    for stem, comparison in _stems(comparisons).items():
        lines += [*_section(stem, comparison, found), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(stem: str, comparison: Comparison, found: Results) -> Iterator[str]:
    metadata = _metadata(comparison, found)
    yield f"## {comparison.dataset} · {comparison.model}"
    yield ""
    for kind in _kinds(comparison):
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
        f"[{kind} {end.upper()}](figures/{stem}-{kind}.{end})" for kind in _kinds(comparison) for end in ("pdf", "svg")
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
    elif not comparison.has_test and any(entry.get("has_test") for entry in metadata):
        yield "No trial succeeded: there is no loss to show."
    elif not comparison.has_test:
        yield "The problem has no test part, so that only validation losses are shown: the chosen ones are optimistic."
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


def _notes_on_function(metadata: Sequence[Metadata]) -> Iterator[str]:
    minimum, noise = metadata[0].get("known_minimum"), metadata[0].get("noise")
    known = f"its known minimum is {minimum:.6g}" if minimum is not None else "its minimum in this space is not known"
    yield f"The loss is the value of a function: nothing is trained, validated or tested; {known}."
    if noise:
        yield f"Optimisers see normal noise of standard deviation {noise:g}; the test loss is the value without it."


def _setting(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """How the runs were made, from their configs and provenance; where they differ, every value found."""
    runs = comparison.runs
    seeds = {str(label): _ranges(sorted(set(part["seed"]))) for label, part in runs.groupby("label")}
    if len(set(seeds.values())) == 1:
        yield f"seeds: {next(iter(seeds.values()))}"
    else:
        yield "seeds: " + "; ".join(f"{label}: {said}" for label, said in seeds.items())
    for name in ("budget", "seeds", "resampling", "initial_design"):
        values = dict.fromkeys(_plain(entry.get("config", {}).get(name)) for entry in metadata)
        title = "split and model seeds" if name == "seeds" else name.replace("_", " ")
        if list(values) != ["not set"]:
            yield f"{title}: {' | '.join(values)}"
    yield f"problem family: `{runs['family'].iloc[0]}`"
    for name in ("python", "cpu", "threads", "revision", "versions"):
        values = dict.fromkeys(_plain(_provenance(entry).get(name)) for entry in metadata)
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


def _warnings(comparison: Comparison, found: Results) -> Iterator[str]:
    """What makes the comparison less than fair, one line each."""
    metadata = _metadata(comparison, found)
    environments = [
        {key: _provenance(entry).get(key) for key in ("versions", "cpu")} | {"model": entry.get("computed_by") or {}}
        for entry in metadata
    ]
    differ = curves.differences(environments)
    if differ:
        said = "; ".join(f"{name}: {', '.join(dict.fromkeys(map(str, values)))}" for name, values in differ.items())
        yield f"{comparison}: runs come from different environments, which may change losses and seconds ({said})"
    ends = comparison.curves.groupby("label")["evaluations"].max()
    if ends.nunique() > 1:
        said = ", ".join(f"{label}: {end}" for label, end in ends.items())
        yield f"{comparison}: budgets differ ({said}); final losses stand after {comparison.evaluations} evaluations"
    for label, part in comparison.runs[~comparison.runs["exhausted"]].groupby("label"):
        if len(set(part["budget"])) > 1:
            yield f"{comparison}: the runs of {label} have different budgets; its curve ends where the least does"
    counts = comparison.final.set_index("label")["runs"]
    fewer = counts[counts < counts.max()]
    if len(fewer):
        said = ", ".join(f"{label}: {count}" for label, count in fewer.items())
        yield f"{comparison}: fewer runs than the {counts.max()} of others ({said})"
    ids = curves.run_ids(comparison.runs)
    diverged = [run for run, entry in zip(ids, metadata, strict=True) if entry.get("diverged_at") is not None]
    if diverged:
        more = f" and {len(diverged) - 1} more" if len(diverged) > 1 else ""
        yield f"{comparison}: resumed with another sequence than before they were interrupted: {diverged[0]}{more}"


def _kinds(comparison: Comparison) -> tuple[str, ...]:
    if comparison.longest == 0:
        return ()
    return statistics.KINDS if comparison.has_test else statistics.KINDS[:1]


def _stems(comparisons: Sequence[Comparison]) -> dict[str, Comparison]:
    """Names of files; `a-b` + `c` and `a` + `b-c` would have one name, and get another separator."""
    plain = [f"{comparison.dataset}-{comparison.model}" for comparison in comparisons]
    return {
        stem if plain.count(stem) == 1 else f"{comparison.dataset}--{comparison.model}": comparison
        for stem, comparison in zip(plain, comparisons, strict=True)
    }


def _metadata(comparison: Comparison, found: Results) -> list[Metadata]:
    return [found.runs[run] for run in curves.run_ids(comparison.runs)]


def _provenance(metadata: Metadata) -> Metadata:
    provenance: Metadata = metadata.get("provenance") or {}
    return provenance


def _plain(value: Any) -> str:
    """A setting for the page: `trials 20, seconds not set`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in curves.flatten(value)) or "not set"
    return "not set" if value is None else str(value)


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in short.

    >>> _ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in spans)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole, then rename it into place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be written ({reason}); give another folder with --reports-dir") from None
