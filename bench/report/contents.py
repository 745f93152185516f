"""All that a report shows, rendered once: what its pages and its folder hold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from bench.provenance import digest
from bench.report.analysis import published, renamed
from bench.report.analysis.across import Across
from bench.report.analysis.comparison import Analysis
from bench.report.analysis.importance import importance
from bench.report.analysis.published import Published
from bench.report.audit import Finding
from bench.report.figures import catalogue as pictures
from bench.report.figures.catalogue import Picture, Styles
from bench.report.look.paper import Paper
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Selection
from bench.report.runs.visits import Visits
from bench.report.tables import across as tables_across
from bench.report.tables import escaping, tables
from bench.report.tables.formats import Tabled, csv
from bench.report.words import across as together
from bench.report.words import notes, verdict
from bench.report.words.notes import Fact
from bench.results import Results

FEW = 6
"""Of at most so many problems, a report is one page: with six optimisers and all figures it is of some 10 megabytes,
which can still be mailed, and its list of contents of one line. Of more, each problem has its page."""

_USUAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

_RAISED, _LOWERED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+"), str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

ACROSS = "all"
"""The stem of what is said of all problems together."""


@dataclass(frozen=True)
class Part:
    """One problem, or all together: its words, figures and tables, and the stem of their files."""

    stem: str
    title: str
    verdict: tuple[str, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[Tabled, ...]
    data: Mapping[str, bytes] = field(default_factory=dict)
    """Files of data by name, beside those of the tables."""
    paper: Paper | None = None
    """What its figures and its LaTeX are made for; None for a screen."""

    @property
    def files(self) -> dict[str, bytes]:
        """Its files, by their paths in the folder of the report."""
        files = {
            f"figures/{self.stem}-{picture.name}.{ending}": content
            for picture in self.pictures
            for ending, content in picture.files.items()
        }
        if self.paper is not None:
            files[f"figures/{self.stem}-captions.tex"] = _captions(self).encode()
        for table in self.tables:
            files |= {f"tables/{name}": content for name, content in table.files(self.stem, self.paper).items()}
        return files | {f"tables/{name}": content for name, content in self.data.items()}


@dataclass(frozen=True)
class Problem:
    """What the report says of one problem."""

    part: Part
    analysis: Analysis
    findings: tuple[Finding, ...]
    published: Published | None = None
    incumbents: pd.DataFrame = field(default_factory=pd.DataFrame)
    """See `runs.incumbents`."""

    @property
    def comparison(self) -> Comparison:
        return self.analysis.comparison

    @property
    def against_published(self) -> tuple[str, ...]:
        """A sentence on each optimiser that others have published a loss of."""
        return tuple(published.sentences(self.published, self.analysis)) if self.published else ()


@dataclass(frozen=True)
class Contents:
    """The whole report before it is laid out."""

    wanted: Selection
    results: Results
    styles: Styles
    problems: tuple[Problem, ...]
    overall: Part | None
    """None for one problem."""
    warnings: tuple[str, ...]
    undrawn: tuple[str, ...] = ()
    """A line for each problem that is not drawn, as its losses are beyond what figures hold; also in `warnings`."""

    @cached_property
    def facts(self) -> Mapping[str, tuple[Fact, ...]]:
        """How the runs of each problem were made, by its stem; see `notes.facts`."""
        return {problem.part.stem: tuple(notes.facts(problem.comparison, self.results)) for problem in self.problems}

    @property
    def paged(self) -> bool:
        """Whether each problem has a page of its own."""
        return len(self.problems) > FEW

    @property
    def scores(self) -> pd.DataFrame:
        """Median scores, a row a problem by its stem, a column an optimiser that competes on any of them.

        Columns are in the order of their median over problems, ties by name; NaN where there is no run or no score.
        """
        rows = {
            problem.part.stem: problem.analysis.final.set_index("label")["score_median"].reindex(
                problem.analysis.competitors
            )
            for problem in self.problems
        }
        frame = pd.DataFrame(rows).T.sort_index(axis="columns")
        return frame[frame.median().sort_values(kind="stable").index]


def problem(
    stem: str,
    analysis: Analysis,
    visits: Visits | None,
    findings: Sequence[Finding],
    styles: Styles,
    paper: Paper | None,
    theirs: Published | None = None,
    names: Mapping[str, str] | None = None,
    best: pd.DataFrame | None = None,
    main_only: bool = False,
) -> Problem:
    """One problem's words, figures (all, or the main ones alone) and tables, with what others have published of it.

    Figures and tables have the display `names` of optimisers, of which `styles` has the looks too; words their labels.
    """
    comparison = analysis.comparison
    shown, looked = renamed.renamed(analysis, names or {}), renamed.visits(visits, names or {})
    part = Part(
        stem,
        comparison.title,
        tuple(verdict.verdict(analysis)),
        tuple(
            pictures.main_pictures(shown, styles, paper)
            if main_only
            else pictures.pictures(shown, looked, importance(looked) if looked else None, styles, paper)
        ),
        tuple(tables.tables(shown, styles, renamed.published(theirs, analysis, names or {}))),
        {
            f"{stem}-curves.csv": csv(tables.curves(shown)).encode(),
            f"{stem}-runs.csv": csv(tables.runs(shown)).encode(),
            **({} if shown.fronts is None else {f"{stem}-points.csv": csv(tables.points(shown)).encode()}),
        },
        paper,
    )
    return Problem(part, analysis, tuple(findings), theirs, pd.DataFrame() if best is None else best)


def overall(across: Across, styles: Styles, paper: Paper | None) -> Part:
    """What is said of all problems together."""
    return Part(
        ACROSS,
        f"All {len(across.problems)} problems",
        tuple(together.verdict(across)),
        tuple(pictures.pictures_across(across, styles, paper)),
        tuple(tables_across.tables(across, styles)),
        {f"{ACROSS}-{name}.csv": csv(frame).encode() for name, frame in tables_across.frames(across).items()},
        paper,
    )


def _captions(part: Part) -> str:
    """What the figures of a paper do not say themselves, one LaTeX caption each."""
    lines = ["% Captions of the figures, which carry neither title nor remark."]
    for picture in part.pictures:
        words = escaping.latex(f"{part.title}: {picture.title}. {picture.caption}".strip())
        words = _RAISED.sub(lambda digits: f"$^{{{digits[0].translate(_LOWERED)}}}$", words)
        lines += [f"% {part.stem}-{picture.name}", rf"\caption{{{words}}}"]
    return "\n".join(lines) + "\n"


def stems(comparisons: Sequence[Comparison]) -> dict[str, Comparison]:
    """Names of files; `a-b` + `c` and `a` + `b-c` would have one name, and get another separator.

    Where a name is none that the suite gives (`results.check_name`), or a long one, its letters that cannot stand in a
    file's name or a link are left out and a digest of it is added.
    """
    names = [(_in_files(comparison.dataset), _in_files(comparison.model)) for comparison in comparisons]
    plain = ["-".join(pair) for pair in names]
    return {
        stem if plain.count(stem) == 1 else "--".join(pair): comparison
        for stem, pair, comparison in zip(plain, names, comparisons, strict=True)
    }


def _in_files(name: str) -> str:
    if _USUAL.fullmatch(name):
        return name
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-")[:40]
    return f"{kept or 'name'}-{digest(name)[:8]}"
