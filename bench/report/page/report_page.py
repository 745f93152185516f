"""The page `report.html` of a report: its contents as a document for `page`."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from bench.report import page
from bench.report.analysis.comparison import Analysis
from bench.report.audit import Finding
from bench.report.contents import Contents, Part, Problem
from bench.report.figures.catalogue import Picture, Styles
from bench.report.look.style import BASELINE
from bench.report.page import Axis, Chart, Curve, Document, Download, Fact, Figure, Section, Series
from bench.report.statistics.quartiles import QUARTILES
from bench.report.words import notes, verdict

_MIMES = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "md": "text/markdown",
    "tex": "application/x-tex",
}
_FEW = 6
"""Of how many problems the page says something at its head."""


def render(contents: Contents) -> str:
    """The page as one HTML file."""
    return page.render(document(contents))


def document(contents: Contents) -> Document:
    """What the page shows."""
    problems = [_problem(problem, contents) for problem in contents.problems]
    shared = _shared([list(section.facts) for section in problems])
    single = len(contents.problems) == 1
    return Document(
        title=contents.wanted.experiments[0],
        command=contents.wanted.command,
        verdict=(*_verdict(contents), *_warned(contents)),
        problems=tuple(
            replace(
                section,
                verdict=() if single else section.verdict,
                facts=tuple(fact for fact in section.facts if fact not in shared),
            )
            for section in problems
        ),
        overall=tuple(replace(_section(part), verdict=()) for part in [contents.overall] if part),
        facts=tuple(shared),
        findings=tuple(_findings(contents)),
    )


def _verdict(contents: Contents) -> Iterator[str]:
    """That of the only problem; of several what they say together, and in short what each says, of a few."""
    if len(contents.problems) == 1:
        yield from contents.problems[0].part.verdict
        return
    if contents.overall is not None:
        yield from contents.overall.verdict
    for problem in contents.problems[:_FEW]:
        yield f"{problem.part.title}: {verdict.short(problem.analysis)}"
    if len(contents.problems) > _FEW:
        yield f"What {len(contents.problems) - _FEW} more problems say stands with each of them."


def _problem(problem: Problem, contents: Contents) -> Section:
    comparison, results = problem.comparison, contents.results
    declared = [
        Fact(f"{label} declares", "; ".join(lines)) for label, lines in notes.declarations(comparison, results).items()
    ]
    return replace(
        _section(problem.part),
        chart=_chart(problem.analysis, contents.styles),
        notes=(*notes.notes(comparison, results), *problem.against_published),
        facts=(*notes.facts(comparison, results), *declared),
    )


def _section(part: Part) -> Section:
    files = [*part.tables[0].files(part.stem).items(), *part.data.items()]
    return Section(
        part.title,
        part.verdict,
        tables=tuple(table.shown for table in part.tables),
        figures=tuple(_figure(part.stem, picture) for picture in part.pictures),
        downloads=tuple(_download(name, content) for name, content in files if not name.endswith(".html")),
    )


def _figure(stem: str, picture: Picture) -> Figure:
    shown, *others = (_download(f"{stem}-{picture.name}.{ending}", picture.files[ending]) for ending in ("svg", "pdf"))
    return Figure(picture.title, picture.alt, shown, tuple(others))


def _download(name: str, content: bytes) -> Download:
    return Download(name, content, _MIMES[name.rpartition(".")[2]])


def _chart(analysis: Analysis, styles: Styles) -> Chart | None:
    """The interactive chart: every curve that the figures show."""
    if not analysis.kinds:
        return None
    comparison = analysis.comparison
    metric = comparison.metric.replace("_", " ")
    names = (
        {"validation": "value", "test": "value without noise"}
        if comparison.without_data
        else {"validation": "validation loss", "test": "test loss"}
    )
    titles = {"validation": f"best {names['validation']}", "test": f"{names['test']} of the incumbent"}
    y = [Axis(kind, names[kind], f"{titles[kind]} ({metric})") for kind in analysis.kinds]
    if len(analysis.regret):
        y.append(Axis("regret", "regret", "loss above the best known", log=True))
    x = [Axis("evaluations", "evaluations", "evaluations")]
    if any(len(frame) for frame in analysis.seconds.values()):
        x.append(Axis("seconds", "charged seconds", "charged seconds of optimiser and evaluations"))
    counts = comparison.final.set_index("label")["runs"]
    series = [
        Series(label, styles[label], dict(_curves(analysis, label)), f"{counts[label]} runs")
        for label in analysis.samples
    ]
    return Chart((*series, *_baseline(analysis)), tuple(x), tuple(y))


def _curves(analysis: Analysis, label: str) -> Iterator[tuple[tuple[str, str], Curve]]:
    frame = _of(analysis.comparison.curves, label)
    several = int(frame["runs"].max()) > 1 if len(frame) else False
    for kind in analysis.kinds:
        yield ("evaluations", kind), Curve.of(_banded(frame, several, f"{kind}_"), "evaluations", kind)
        timed = _of(analysis.seconds[kind], label)
        if len(timed):
            yield ("seconds", kind), Curve.of(_banded(timed, several), "seconds")
    above = _of(analysis.regret, label)
    if len(above):
        yield ("evaluations", "regret"), Curve.of(_banded(above, several), "evaluations")


def _of(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    return frame[frame["label"] == label]


def _banded(frame: pd.DataFrame, several: bool, prefix: str = "") -> pd.DataFrame:
    """The frame without its quartiles where there is but one run."""
    return frame if several else frame.drop(columns=[f"{prefix}{name}" for name in QUARTILES if name != "median"])


def _baseline(analysis: Analysis) -> Iterator[Series]:
    frame = analysis.baseline
    if len(frame):
        curve = Curve.of(frame[["evaluations", "median"]], "evaluations")
        yield Series("random, exact median", BASELINE, {("evaluations", "validation"): curve})


def _shared(facts: list[list[Fact]]) -> list[Fact]:
    """Those that all problems have in common, in their order."""
    return [fact for fact in facts[0] if all(fact in others for others in facts[1:])]


def _findings(contents: Contents) -> Iterator[Finding]:
    """The audits of all problems; what each of them found alike stands once."""
    every: dict[Finding, list[str]] = {}
    for problem in contents.problems:
        for finding in problem.findings:
            every.setdefault(finding, []).append(problem.part.title)
    for finding, titles in every.items():
        all_of_them = len(titles) == len(contents.problems)
        subject = finding.subject if all_of_them else f"{', '.join(titles)}: {finding.subject}"
        yield replace(finding, subject=subject)


def _warned(contents: Contents) -> Iterator[str]:
    left_out = [line for line in contents.warnings if line.startswith("left out")]
    if left_out:
        yield f"**{len(left_out)} of the runs could not be read and are left out**; the audit names them."
    yield from (f"{line[:1].upper()}{line[1:]}." for line in contents.undrawn)
