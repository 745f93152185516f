"""From results to the report's folder: figures, tables, references and the pages that show them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import files as whole_files
from bench.errors import UserError
from bench.report import audit, checksums, contents, markdown
from bench.report.analysis import published
from bench.report.analysis.across import across
from bench.report.analysis.comparison import analyse
from bench.report.contents import Contents
from bench.report.look import style
from bench.report.look.paper import paper
from bench.report.page import report_page
from bench.report.runs import curves, references, selection, visits
from bench.report.runs.references import References
from bench.report.runs.selection import Selection
from bench.results import refuse_links


def build(
    results_dir: Path, reports_dir: Path, wanted: Selection | Sequence[str], new_references: bool = False
) -> Path:
    """Write the report of what is wanted (names of experiments: all of them), merged, and return its folder.

    The folder is named by the first experiment. The same results give the same bytes; see `files`. Files of an earlier
    report that this one does not have are removed, if nobody has changed them. Scores are measured by the references
    stored in the folder, or `new_references`. Raises `UserError` where runs cannot be compared or the folder not be
    written.
    """
    wanted = wanted if isinstance(wanted, Selection) else selection.selection(wanted)
    folder = folder_of(reports_dir, wanted)
    for inner in ("", "figures", "tables"):
        refuse_links(reports_dir, folder.name, inner, option="--reports-dir")
    stored = {} if new_references else references.read(folder)
    before = checksums.read(folder)
    digests = {}
    for path, content in files(results_dir, wanted, stored):
        _write(folder / path, content)
        digests[path] = checksums.digest(content)
    checksums.clear(folder, before, digests)
    _write(folder / checksums.FILE, checksums.to_text(digests).encode())
    return folder


def folder_of(reports_dir: Path, wanted: Selection) -> Path:
    """Where the report is written."""
    return reports_dir / wanted.experiments[0]


def files(results_dir: Path, wanted: Selection, stored: References) -> Iterator[tuple[str, bytes]]:
    """The files of the report, by their paths in its folder.

    `figures/DATASET-MODEL-KIND.{pdf,svg,png}`, `tables/DATASET-MODEL[-KIND].{csv,md,tex,html}`, of several problems the
    same under `all`, `references.json`, `report.md` and `report.html`. What is not finished or damaged is left out, and
    each curve says how many runs it has. Warnings stand in the page and go to stderr.
    """
    report, used = collect(results_dir, wanted, stored)
    for part in (*(problem.part for problem in report.problems), *([report.overall] if report.overall else [])):
        yield from part.files.items()
    yield references.FILE, references.to_json(used).encode()
    yield "report.md", markdown.page(report).encode()
    yield "report.html", report_page.render(report).encode()


def collect(results_dir: Path, wanted: Selection, stored: References) -> tuple[Contents, References]:
    """All that the report holds, and the references that its scores are measured by."""
    venue = paper(wanted.paper) if wanted.paper else None
    reading = selection.read(results_dir, wanted)
    comparisons = curves.comparisons(reading.results)
    theirs = published.read(results_dir, wanted.experiments)
    warnings = reading.warnings
    looks = style.styles(label for comparison in comparisons for label in comparison.final["label"])
    problems = []
    used: References = {}
    for stem, comparison in contents.stems(comparisons).items():
        analysis = analyse(comparison, reading.results, stored)
        looked = visits.read(results_dir, comparison, reading)
        warnings += audit.warnings(comparison, reading.results)
        warnings += [analysis.outdated] if analysis.outdated else []
        findings = audit.findings(comparison, reading.results, reading.left_out, looked)
        reported = theirs.get(str(comparison))
        others = reported.of(comparison.metric) if reported else None
        problems.append(contents.problem(stem, analysis, looked, findings, looks, venue, others))
        used |= analysis.references
    together = across([problem.analysis for problem in problems])
    selection.warn(warnings)
    report = Contents(
        wanted=wanted,
        results=reading.results,
        styles=looks,
        problems=tuple(problems),
        overall=contents.overall(together, looks, venue) if together else None,
        warnings=tuple(warnings),
    )
    return report, used


def _write(path: Path, content: bytes) -> None:
    try:
        whole_files.write(path, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be written ({reason}); give another folder with --reports-dir") from None
