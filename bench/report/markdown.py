"""The page `report.md`: words, figures and tables with links relative to the report's folder, for a repository."""

from collections.abc import Iterator

from bench.report.contents import Contents, Part, Problem
from bench.report.runs.selection import Selection
from bench.report.tables import escaping, formats
from bench.report.tables.escaping import paragraph
from bench.report.words import notes
from bench.wording import unmarked

_SHOWN = ("validation", "test", "rank", "critical-difference")
"""The figures that stand in the page; the others are linked."""
_TABLES = ("published",)
"""The tables that stand in the page beside the first."""


def page(contents: Contents) -> str:
    """The page in Markdown."""
    lines = [f"# {escaping.markdown(contents.wanted.experiments[0])}", "", made_by(contents.wanted), ""]
    lines += ["The same as one page, with a chart to explore: [report.html](report.html), drawn by that command.", ""]
    if contents.warnings:
        lines += ["**Warnings**", "", *[f"- {paragraph(line)}" for line in contents.warnings], ""]
    if contents.overall is not None:
        lines += [*_part(contents.overall), ""]
    for problem in contents.problems:
        lines += [*_part(problem.part), "", *_remarks(problem, contents), ""]
    return "\n".join(lines).rstrip() + "\n"


def made_by(wanted: Selection) -> str:
    """The line that says which command made the page."""
    return f"Made by `{unmarked(wanted.command)}`."


def _part(part: Part) -> Iterator[str]:
    yield f"## {escaping.markdown(part.title)}"
    yield ""
    yield paragraph(" ".join(part.verdict))
    for picture in part.pictures:
        if picture.name in _SHOWN:
            yield ""
            yield f"![{escaping.markdown(picture.title)}](figures/{part.stem}-{picture.name}.png)"
    for tabled in (*part.tables[:1], *(other for other in part.tables[1:] if other.name in _TABLES)):
        yield ""
        yield paragraph(f"{tabled.shown.caption}.")
        yield ""
        yield formats.markdown(tabled.shown)
        yield paragraph(tabled.shown.note)
    others = [picture for picture in part.pictures if picture.name not in _SHOWN]
    yield ""
    if others:
        links = (f"[{picture.name}](figures/{part.stem}-{picture.name}.png)" for picture in others)
        yield f"More figures: {' · '.join(links)}"
        yield ""
    names = [name for tabled in part.tables for name in tabled.files(part.stem) if name.endswith((".md", ".csv"))]
    links = (f"[{name}](tables/{name})" for name in [*names, *part.data])
    yield f"Tables: {' · '.join(links)}; each also as LaTeX and HTML, each figure also as PDF and SVG."


def _remarks(problem: Problem, contents: Contents) -> Iterator[str]:
    comparison, results = problem.comparison, contents.results
    yield from (f"- {paragraph(line)}" for line in (*notes.notes(comparison, results), *problem.against_published))
    yield ""
    yield "**Setting**"
    yield ""
    yield from (f"- {paragraph(f'{fact.name}: {fact.value}')}" for fact in notes.facts(comparison, results))
    declared = notes.declarations(comparison, results)
    if declared:
        yield ""
        yield "**What optimisers declare** (where they cannot do exactly what the space and the contract say)"
        yield ""
        for label, lines in declared.items():
            yield f"- {paragraph(label)}"
            yield from (f"  - {paragraph(line)}" for line in lines)
    yield ""
    yield "**Audit**"
    yield ""
    yield from (f"- {paragraph(f'{finding.level}: {finding.subject}: {finding.text}')}" for finding in problem.findings)
