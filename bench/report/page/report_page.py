"""The page `report.html` of a report: its contents as a document for `page`."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bench.report import page
from bench.report.analysis.comparison import Analysis
from bench.report.audit import Finding
from bench.report.contents import FEW, Contents, Part, Problem
from bench.report.figures.catalogue import Picture, Styles
from bench.report.look.style import BASELINE
from bench.report.page import (
    Axis,
    Chart,
    Curve,
    Document,
    Download,
    Fact,
    Figure,
    Incumbent,
    Link,
    Matrix,
    Scores,
    Section,
    Series,
    Way,
)
from bench.report.runs.curves import Comparison
from bench.report.statistics.quartiles import QUARTILES
from bench.report.tables.understood import features
from bench.report.words import notes, understood, verdict
from bench.wording import plural

_MIMES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "md": "text/markdown",
    "tex": "application/x-tex",
}
NOTHING_ACROSS = "Nothing is said across problems: fewer than two optimisers compete."
PLOTLY = "plotly.min.js"
"""The chart's script beside the pages of many problems: in each of them it would be 5 megabytes more."""


@dataclass(frozen=True)
class Place:
    """Where a page stands that shows files of the folder."""

    root: str
    """The way to the report's folder: `.` or `..`."""

    def path(self, file: str) -> str:
        return file if self.root == "." else f"{self.root}/{file}"


def pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """The pages by their paths in the report's folder: one that holds all it shows, or of many problems an overview,

    the page of each, and the chart's script, which they share.
    """
    if not contents.paged:
        yield "report.html", page.render(document(contents))
        return
    yield "report.html", page.render(overview(contents))
    for place in range(len(contents.problems)):
        yield f"problems/{contents.problems[place].part.stem}.html", page.render(of_problem(contents, place))
    yield f"problems/{PLOTLY}", page.plotly()


def document(contents: Contents) -> Document:
    """What the page of few problems shows."""
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


def overview(contents: Contents) -> Document:
    """The first page of many problems: their scores, and what they say together."""
    overall = replace(_section(contents.overall, Place(".")), verdict=()) if contents.overall else None
    return Document(
        title=contents.wanted.experiments[0],
        command=contents.wanted.command,
        verdict=(*(contents.overall.verdict if contents.overall else (NOTHING_ACROSS,)), *_warned(contents)),
        problems=(),
        overall=(overall,) if overall else (),
        facts=tuple(_shared([list(_facts(problem, contents)) for problem in contents.problems])),
        findings=tuple(_common(contents)),
        matrix=matrix(contents),
    )


def of_problem(contents: Contents, place: int) -> Document:
    """The page of one of many problems."""
    problem = contents.problems[place]
    section = _problem(problem, contents, Place(".."))
    neighbours = [
        _link(contents.problems[other].part) if 0 <= other < len(contents.problems) else None
        for other in (place - 1, place + 1)
    ]
    return Document(
        title=problem.part.title,
        command=contents.wanted.command,
        verdict=problem.part.verdict,
        problems=(replace(section, title="Results", verdict=(), facts=()),),
        facts=section.facts,
        findings=problem.findings,
        way=Way(Link(f"All {len(contents.problems)} problems", "../report.html"), *neighbours),
        plotly=PLOTLY,
    )


def matrix(contents: Contents) -> Matrix:
    """The median score of every optimiser that competes on every problem, the best optimiser first."""
    scores = contents.scores
    return Matrix(
        "Scores on each problem",
        tuple(scores.columns),
        tuple(
            Scores(_link(problem.part, "problems/"), tuple(values))
            for problem, values in zip(contents.problems, scores.to_numpy(dtype=float).tolist(), strict=True)
        ),
        notes.SCORE,
    )


def _link(part: Part, folder: str = "") -> Link:
    return Link(part.title, f"{folder}{part.stem}.html")


def _verdict(contents: Contents) -> Iterator[str]:
    """That of the only problem; of several what they say together, and in short what each says, of a few."""
    if len(contents.problems) == 1:
        yield from contents.problems[0].part.verdict
        return
    if contents.overall is not None:
        yield from contents.overall.verdict
    for problem in contents.problems:
        yield f"{problem.part.title}: {verdict.short(problem.analysis)}"


def _problem(problem: Problem, contents: Contents, place: Place | None = None) -> Section:
    return replace(
        _section(problem.part, place),
        chart=_chart(problem, contents.styles),
        notes=(*notes.notes(problem.comparison, contents.results), *problem.against_published),
        facts=tuple(_facts(problem, contents)),
        data=tuple(understood.facts(problem.comparison, contents.results)),
        features=features(understood.data(problem.comparison, contents.results)),
    )


def _facts(problem: Problem, contents: Contents) -> Iterator[Fact]:
    yield from contents.facts[problem.part.stem]
    for label, lines in notes.declarations(problem.comparison, contents.results).items():
        yield Fact(f"{label} declares", "; ".join(lines))


def _section(part: Part, place: Place | None = None) -> Section:
    """A part with its files inside the page or, where a place is given, beside it."""
    files = [*part.tables[0].files(part.stem).items(), *part.data.items()]
    return Section(
        part.title,
        part.verdict,
        tables=tuple(table.shown for table in part.tables),
        figures=tuple(_figure(part.stem, picture, place) for picture in part.pictures),
        downloads=tuple(
            _download(name, content, place.path(f"tables/{name}") if place else None)
            for name, content in files
            if not name.endswith(".html")
        ),
    )


def _figure(stem: str, picture: Picture, place: Place | None) -> Figure:
    """A figure as SVG; a PDF is never in the page, but beside it."""
    files = {ending: f"{stem}-{picture.name}.{ending}" for ending in ("svg", "pdf") if ending in picture.files}
    beside = place or Place(".")
    shown, *others = (
        _download(name, picture.files[ending], beside.path(f"figures/{name}") if place or ending == "pdf" else None)
        for ending, name in files.items()
    )
    return Figure(picture.title, picture.alt, shown, tuple(others), _size(picture.files["svg"]))


def _size(svg: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, of which there are 4 for each 3 points."""
    opening = svg[: svg.find(b">", svg.find(b"<svg")) + 1]
    found = {name: re.search(rb' %s="([0-9.]+)pt"' % name, opening) for name in (b"width", b"height")}
    width, height = (round(float(match[1]) * 4 / 3) if match else 0 for match in found.values())
    return (width, height) if width and height else None


def _download(name: str, content: bytes, path: str | None = None) -> Download:
    return Download(name, content, _MIMES[name.rpartition(".")[2]], path or "")


def _chart(problem: Problem, styles: Styles) -> Chart | None:
    """The interactive chart: every curve that the figures show, and the best trial of every run."""
    analysis = problem.analysis
    if not analysis.kinds or analysis.drift is not None:
        return None
    comparison = analysis.comparison
    metric = comparison.metric.replace("_", " ")
    names = (
        {"validation": "value", "test": "value without noise"}
        if comparison.without_data
        else {"validation": "validation loss", "test": "test loss"}
    )
    titles = {"validation": f"best {names['validation']}", "test": f"{names['test']} of the incumbent"}
    titles = {kind: f"{title} ({metric})" for kind, title in titles.items()}
    if comparison.objectives is not None:
        names = titles = {kind: comparison.named(kind) for kind in analysis.kinds}
    y = [
        Axis(kind, names[kind], titles[kind], log=_decades(comparison.curves[f"{kind}_median"]))
        for kind in analysis.kinds
    ]
    if len(analysis.regret):
        y.append(Axis("regret", "regret", "loss above the best known", log=True))
    x = [Axis("evaluations", "full evaluations" if comparison.in_cost else "evaluations", comparison.against)]
    if any(len(frame) for frame in analysis.seconds.values()):
        x.append(Axis("seconds", "charged seconds", "charged seconds of optimiser and evaluations"))
    counts = comparison.final.set_index("label")["runs"]
    series = [
        Series(
            label,
            styles[label],
            dict(_curves(analysis, label)),
            f"{plural(counts[label], 'run')}{_paid(comparison, label)}",
            incumbents=tuple(_incumbents(problem.incumbents, label)),
        )
        for label in analysis.samples
    ]
    return Chart((*series, *_baseline(analysis)), tuple(x), tuple(y))


def _paid(comparison: Comparison, label: str) -> str:
    """From where on most runs have evaluated something fully, where that is not from the first on."""
    paid = comparison.paid(label)
    if paid <= 1:
        return ""
    return ", nothing evaluated fully" if np.isinf(paid) else f", evaluated fully from cost {paid:.0f}"


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


def _decades(losses: pd.Series) -> bool:
    """Whether losses span two decades or more, all above 0: a linear axis would show the first steps alone."""
    finite = losses[losses < np.inf]
    return bool(len(finite)) and bool(finite.min() > 0) and bool(finite.max() >= 100 * finite.min())


def _incumbents(frame: pd.DataFrame, label: str) -> Iterator[Incumbent]:
    for row in _of(frame, label).to_dict("records") if len(frame) else ():
        yield Incumbent(row["evaluation"], row["loss"], row["seed"], row["configuration"])


def _of(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    return frame[frame["label"] == label]


def _banded(frame: pd.DataFrame, several: bool, prefix: str = "") -> pd.DataFrame:
    """The frame without its quartiles where there is but one run."""
    return frame if several else frame.drop(columns=[f"{prefix}{name}" for name in QUARTILES if name != "median"])


def _baseline(analysis: Analysis) -> Iterator[Series]:
    frame = analysis.baseline
    if len(frame):
        curve = Curve.of(frame[["evaluations", "median"]], "evaluations")
        yield Series("random, exact median", BASELINE, {("evaluations", "validation"): curve}, help=notes.BASELINE)


def _shared(facts: list[list[Fact]]) -> list[Fact]:
    """Those that all problems have in common, in their order."""
    return [fact for fact in facts[0] if all(fact in others for others in facts[1:])]


def _common(contents: Contents) -> Iterator[Finding]:
    """Of the audits of many problems: what is wrong, and what several found alike; notes on one stand on its page."""
    counts = Counter(finding for problem in contents.problems for finding in set(problem.findings))
    kept = {finding for finding, count in counts.items() if count > 1 or finding.level in ("error", "warning")}
    yield from _findings(contents, kept)
    alone = len(counts) - len(kept)
    if alone:
        yield Finding("note", "single problems", f"{plural(alone, 'finding')} more: on the pages of their problems")


def _findings(contents: Contents, kept: Collection[Finding] | None = None) -> Iterator[Finding]:
    """The audits of all problems, or those of them that are `kept`; what each of them found alike stands once."""
    every: dict[Finding, list[str]] = {}
    for problem in contents.problems:
        for finding in problem.findings:
            every.setdefault(finding, []).append(problem.part.title)
    for finding, titles in every.items():
        if kept is not None and finding not in kept:
            continue
        if len(titles) < len(contents.problems):
            where = f"{len(titles)} problems" if len(titles) > FEW else ", ".join(titles)
            finding = replace(finding, subject=f"{where}: {finding.subject}")  # noqa: PLW2901
        yield finding


def _warned(contents: Contents) -> Iterator[str]:
    left_out = [line for line in contents.warnings if line.startswith("left out")]
    if left_out:
        yield f"**{len(left_out)} of the runs could not be read and are left out**; the audit names them."
    yield from (f"{line[:1].upper()}{line[1:]}." for line in contents.undrawn)
