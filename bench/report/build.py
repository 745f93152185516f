"""From results to the report's folder: figures, tables, references and the pages that show them."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench import files as whole_files
from bench.errors import UserError
from bench.report import audit, checksums, contents, markdown
from bench.report.analysis import controls, published, renamed
from bench.report.analysis.across import across
from bench.report.analysis.comparison import analyse
from bench.report.contents import Contents, Problem
from bench.report.look import style
from bench.report.look.paper import paper
from bench.report.page import report_page
from bench.report.runs import curves, extremes, incumbents, naming, references, selection, traits, visits
from bench.report.runs.curves import Comparison
from bench.report.runs.references import References
from bench.report.runs.selection import Reading, Selection
from bench.results import RunId, UnreadableTable, refuse_links


def build(
    results_dir: Path, reports_dir: Path, wanted: Selection | Sequence[str], new_references: bool = False
) -> Path:
    """Write the report of what is wanted (names of experiments: all of them), merged, and return its folder.

    The folder is named by the first experiment. The same results give the same bytes; see `files`. Files of an earlier
    report that this one does not have are removed, if nobody has changed them. Scores are measured by the references
    stored in the folder, or `new_references`. Raises `UserError` where runs cannot be compared or the folder not be
    written.
    """
    return write(results_dir, reports_dir, wanted, new_references)[0]


def write(
    results_dir: Path, reports_dir: Path, wanted: Selection | Sequence[str], new_references: bool = False
) -> tuple[Path, bool]:
    """As `build`; returns also whether every problem was drawn."""
    wanted = wanted if isinstance(wanted, Selection) else selection.selection(wanted)
    folder = folder_of(reports_dir, wanted)
    for inner in ("", "figures", "tables", "problems"):
        refuse_links(reports_dir, folder.name, inner, option="--reports-dir")
    stored = {} if new_references else references.read(folder)
    before = checksums.read(folder)
    digests = {}
    report, used = collect(results_dir, wanted, stored)
    for path, content in rendered(report, used):
        _write(folder / path, content)
        digests[path] = checksums.digest(content)
    checksums.clear(folder, before, digests)
    _write(folder / checksums.FILE, checksums.to_text(digests).encode())
    return folder, not report.undrawn


def folder_of(reports_dir: Path, wanted: Selection) -> Path:
    """Where the report is written."""
    return reports_dir / wanted.experiments[0]


def files(results_dir: Path, wanted: Selection, stored: References) -> Iterator[tuple[str, bytes]]:
    """The files of the report, by their paths in its folder.

    `figures/DATASET-MODEL-KIND.{pdf,svg,png}`, `tables/DATASET-MODEL[-KIND].{csv,md,tex,html}`, of several problems the
    same under `all`, `references.json`, `report.md` and `report.html`; of more than `contents.FEW` problems a page
    each, `problems/DATASET-MODEL.{html,md}`, and the chart's script. What is not finished or damaged is left out, and
    each curve says how many runs it has. Warnings stand in the page and go to stderr.
    """
    yield from rendered(*collect(results_dir, wanted, stored))


def rendered(report: Contents, used: References) -> Iterator[tuple[str, bytes]]:
    """The files of a report that was collected, as `files` gives them."""
    for part in (*(problem.part for problem in report.problems), *([report.overall] if report.overall else [])):
        yield from part.files.items()
    yield references.FILE, references.to_json(used).encode()
    for pages in (markdown.pages(report), report_page.pages(report)):
        for path, page in pages:
            yield path, page.encode()


def collect(results_dir: Path, wanted: Selection, stored: References) -> tuple[Contents, References]:
    """All that the report holds, and the references that its scores are measured by.

    Raises `UserError` where runs cannot be compared, or nothing is left to report.
    """
    left_out: dict[RunId, str] = {}
    while True:
        reading = selection.read(results_dir, wanted, left_out)
        try:
            return _collected(results_dir, wanted, stored, reading)
        except UnreadableTable as error:  # what is read only after a table was taken for sound
            if error.run not in reading.results.runs:
                raise
            left_out[error.run] = error.reason


def _collected(
    results_dir: Path, wanted: Selection, stored: References, reading: Reading
) -> tuple[Contents, References]:
    venue = paper(wanted.paper) if wanted.paper else None
    comparisons = sorted(curves.comparisons(reading.results), key=lambda comparison: _natural(comparison.title))
    theirs = published.read(results_dir, wanted.experiments)
    checked = dict(controls.read(results_dir, wanted.experiments))
    warnings = reading.warnings
    main_only = wanted.main_figures_only(many=len(comparisons) > contents.FEW)
    looks = style.styles(label for comparison in comparisons for label in comparison.final["label"])
    names = {label: name for label, name in wanted.names.items() if label in looks}
    naming.refuse_clashes(names, looks)
    looks |= {name: looks[label] for label, name in names.items()}

    def drawn(stem: str, comparison: Comparison) -> tuple[Problem, list[str]]:
        analysis = analyse(comparison, reading, stored)
        looked = visits.read(results_dir, comparison, reading)
        warned = [*audit.warnings(comparison, reading.results), *([analysis.outdated] if analysis.outdated else [])]
        outcome = checked.get(str(comparison))
        findings = audit.findings(comparison, reading.results, reading.left_out, looked, outcome)
        reported = theirs.get(f"{comparison.dataset}/{comparison.model}")
        others = reported.of(comparison.metric) if reported else None
        best = incumbents.incumbents(comparison, reading)
        problem = contents.problem(stem, analysis, looked, findings, looks, venue, others, names, best, main_only)
        return problem, warned

    problems, undrawn = [], []
    used: References = {}
    for stem, comparison in contents.stems(comparisons).items():
        outcome = extremes.guarded(partial(drawn, stem, comparison), comparison, reading.results)
        if isinstance(outcome, str):
            undrawn.append(f"not drawn: {comparison}: {outcome}")
            continue
        problem, warned = outcome
        problems.append(problem)
        warnings += warned
        used |= problem.analysis.references
    if not problems:
        raise UserError(f"nothing is left to report: {undrawn[0]}")
    together = across(
        [renamed.renamed(problem.analysis, names) for problem in problems],
        [traits.traits(problem.comparison, reading) for problem in problems],
    )
    warnings += undrawn
    selection.warn(warnings)
    report = Contents(
        wanted=wanted,
        results=reading.results,
        styles=looks,
        problems=tuple(problems),
        overall=contents.overall(together, looks, venue) if together else None,
        warnings=tuple(warnings),
        undrawn=tuple(undrawn),
    )
    return report, used


def _natural(title: str) -> list[str | int]:
    """A key of order in which `f2` comes before `f10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", title)]


def _write(path: Path, content: bytes) -> None:
    try:
        whole_files.write(path, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be written ({reason}); give another folder with --reports-dir") from None
