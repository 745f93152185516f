"""The page `report.md`: words, figures and tables for a repository; of many problems a page each."""

from collections.abc import Iterator

from bench.report.contents import Contents, Part, Problem
from bench.report.figures.catalogue import Picture
from bench.report.page import parts
from bench.report.runs.selection import Selection
from bench.report.tables import escaping, formats
from bench.report.tables.escaping import paragraph
from bench.report.tables.understood import features
from bench.report.words import notes, understood
from bench.wording import unmarked

_SHOWN = ("validation", "test", "attainment", "rank", "critical-difference")
"""The figures that stand in the page; the others are linked."""
_TABLES = ("published", "fronts", "spending", "agreement")
"""The tables that stand in the page beside the first."""


def pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """The pages by their paths in the report's folder."""
    yield "report.md", page(contents)
    for problem in contents.problems if contents.paged else ():
        lines = [*_part(problem.part, "../"), "", *_remarks(problem, contents)]
        lines = [f"[All {len(contents.problems)} problems](../report.md)", "", *lines]
        yield f"problems/{problem.part.stem}.md", "\n".join(lines).rstrip() + "\n"


def page(contents: Contents) -> str:
    """The first page; of many problems, what they say together, and links to the page of each."""
    lines = [f"# {escaping.markdown(contents.wanted.experiments[0])}", "", made_by(contents.wanted), ""]
    of_each = ", and of each problem" if contents.paged else ""
    lines += [
        f"The same as a page{of_each}, with a chart to explore: [report.html](report.html), drawn by that command.",
        "",
    ]
    if contents.warnings:
        lines += ["**Warnings**", "", *[f"- {paragraph(line)}" for line in contents.warnings], ""]
    if contents.overall is not None:
        lines += [*_part(contents.overall), ""]
    if contents.paged:
        lines += [*_scores(contents), ""]
    for problem in () if contents.paged else contents.problems:
        lines += [*_part(problem.part), "", *_remarks(problem, contents), ""]
    return "\n".join(lines).rstrip() + "\n"


def made_by(wanted: Selection) -> str:
    """The line that says which command made the page."""
    return f"Made by `{unmarked(wanted.command)}`."


def _scores(contents: Contents) -> Iterator[str]:
    """The heat map as a table of numbers."""
    scores = contents.scores
    yield "## Scores on each problem"
    yield ""
    yield paragraph(notes.SCORE)
    yield ""
    yield f"| problem | {' | '.join(map(escaping.cell, scores.columns))} |"
    yield f"| :-- | {' | '.join(['--:'] * len(scores.columns))} |"
    for problem, values in zip(contents.problems, scores.to_numpy(dtype=float).tolist(), strict=True):
        stem = problem.part.stem
        link = f"[{escaping.cell(problem.part.title)}](problems/{stem}.md)"
        yield f"| {link} | {' | '.join(parts.score(value) for value in values)} |"


def _part(part: Part, root: str = "") -> Iterator[str]:
    """A problem, or all together; `root` is the way to the report's folder."""
    yield f"## {escaping.markdown(part.title)}"
    yield ""
    yield paragraph(" ".join(part.verdict))
    for picture in part.pictures:
        if picture.name in _SHOWN:
            yield ""
            yield f"![{escaping.markdown(picture.title)}]({root}figures/{_file(part, picture)})"
    for tabled in (*part.tables[:1], *(other for other in part.tables[1:] if other.name in _TABLES)):
        yield ""
        yield paragraph(f"{tabled.shown.caption}.")
        yield ""
        yield formats.markdown(tabled.shown)
        yield paragraph(tabled.shown.note)
    others = [picture for picture in part.pictures if picture.name not in _SHOWN]
    yield ""
    if others:
        links = (f"[{picture.name}]({root}figures/{_file(part, picture)})" for picture in others)
        yield f"More figures: {' · '.join(links)}"
        yield ""
    names = [name for tabled in part.tables for name in tabled.files(part.stem) if name.endswith((".md", ".csv"))]
    links = (f"[{name}]({root}tables/{name})" for name in [*names, *part.data])
    whole = all("pdf" in picture.files for picture in part.pictures)
    figures = "each figure also as PDF and SVG" if whole else "figures as SVG, with `--figures all` also as PDF and PNG"
    yield f"Tables: {' · '.join(links)}; each also as LaTeX and HTML, {figures}."


def _file(part: Part, picture: Picture) -> str:
    """What a page shows of a figure."""
    return f"{part.stem}-{picture.name}.{'png' if 'png' in picture.files else 'svg'}"


def _remarks(problem: Problem, contents: Contents) -> Iterator[str]:
    comparison, results = problem.comparison, contents.results
    yield from (f"- {paragraph(line)}" for line in (*notes.notes(comparison, results), *problem.against_published))
    yield ""
    yield "**Setting**"
    yield ""
    yield from (f"- {paragraph(f'{fact.name}: {fact.value}')}" for fact in contents.facts[problem.part.stem])
    data = list(understood.facts(comparison, results))
    if data:
        yield ""
        yield "**What was understood of the data**"
        yield ""
        yield from (f"- {paragraph(f'{fact.name}: {fact.value}')}" for fact in data)
        table = features(understood.data(comparison, results))
        if table is not None:
            yield ""
            yield formats.markdown(table).rstrip()
        if table is not None and table.note:
            yield ""
            yield paragraph(table.note)
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
