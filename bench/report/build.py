"""From results to the report's folder: figures, tables and the page `report.md` that shows them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.errors import UserError
from bench.report import audit, curves, figures, reading, style, tables
from bench.report.curves import Comparison
from bench.report.markdown_page import kinds, page, stems
from bench.report.reading import Selection


def build(results_dir: Path, reports_dir: Path, wanted: Selection | Sequence[str]) -> Path:
    """Write the report of what is wanted (names of experiments: all of them), merged, and return its folder.

    The folder is named by the first experiment. The same results give the same bytes; see `files`. Raises `UserError`
    where runs cannot be compared or the folder not be written.
    """
    wanted = wanted if isinstance(wanted, Selection) else reading.selection(wanted)
    folder = folder_of(reports_dir, wanted)
    for path, content in files(results_dir, wanted):
        _write(folder / path, content)
    return folder


def folder_of(reports_dir: Path, wanted: Selection) -> Path:
    """Where the report is written."""
    return reports_dir / wanted.experiments[0]


def files(results_dir: Path, wanted: Selection) -> Iterator[tuple[str, bytes]]:
    """The files of the report, by their paths in its folder, one after the other.

    `figures/DATASET-MODEL-{validation,test}.{pdf,svg,png}`, `tables/DATASET-MODEL.{csv,md,tex}` and, when all it shows
    is there, `report.md`. What is not finished or damaged is left out, and each curve says how many runs it has.
    Warnings stand in the page and go to stderr.
    """
    found = reading.read(results_dir, wanted)
    comparisons = curves.comparisons(found.results)
    warnings = found.warnings
    for comparison in comparisons:
        warnings += audit.warnings(comparison, found.results)
    reading.warn(warnings)
    yield from _of_comparisons(comparisons)
    yield "report.md", page(comparisons, found.results, wanted, warnings).encode()


def _of_comparisons(comparisons: Sequence[Comparison]) -> Iterator[tuple[str, bytes]]:
    looks = style.styles(label for comparison in comparisons for label in comparison.final["label"])
    for stem, comparison in stems(comparisons).items():
        for kind in kinds(comparison):
            with figures.look():
                rendered = figures.render(figures.draw(figures.view(comparison, kind, looks)))
            for ending, content in rendered.items():
                yield f"figures/{stem}-{kind}.{ending}", content
        yield f"tables/{stem}.csv", tables.csv(comparison).encode()
        yield f"tables/{stem}.md", tables.markdown(comparison).encode()
        yield f"tables/{stem}.tex", tables.latex(comparison).encode()


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
