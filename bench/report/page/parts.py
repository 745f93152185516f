"""The pieces of the page in HTML: sections, tables, figures, files, facts, findings."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from string import Template

from bench.report.audit import Finding
from bench.report.look.style import Style
from bench.report.page.document import Document, Download, Figure, Section, Series
from bench.report.page.look import swatch
from bench.report.page.markup import own, prose, text, url
from bench.report.tables.table import Cell, Table
from bench.report.words.notes import Fact

Names = Mapping[Style, str]

OPEN_TABLES, OPEN_FIGURES = 1, 2
"""How many of a section are not folded."""

_LEVELS = {
    "error": ("✕", "Error", "errors"),
    "warning": ("!", "Warning", "warnings"),
    "note": ("i", "Note", "notes"),
    "ok": ("✓", "In order", "in order"),
}


def verdict(document: Document) -> Iterator[str]:
    """What the numbers support, in words, and what speaks against trusting them."""
    yield '<section class="verdict" id="verdict" aria-label="Verdict">'
    if document.verdict:
        first, *rest = document.verdict
        yield f'<p class="lead">{prose(first)}</p>'
        yield from (f"<p>{prose(sentence)}</p>" for sentence in rest)
    if document.findings:
        counts = [
            f"{count} {name.lower() if count == 1 else plural}"
            for level, (_, name, plural) in _LEVELS.items()
            if (count := sum(finding.level == level for finding in document.findings))
        ]
        yield f'<p class="quiet"><a href="#audit">Audit</a>: {", ".join(counts)}.</p>'
    yield "</section>"


def contents(document: Document, anchors: Mapping[str, Section]) -> Iterator[str]:
    """Links to the sections."""
    yield '<nav aria-label="Contents"><ul>'
    if charts(document):
        yield '<li class="scripted"><a href="#curves">Curves</a></li>'
    for anchor, part in anchors.items():
        yield f'<li><a href="#{anchor}">{text(part.title)}</a></li>'
    if document.facts:
        yield '<li><a href="#made">How the runs were made</a></li>'
    if document.findings:
        yield '<li><a href="#audit">Audit</a></li>'
    yield "</ul></nav>"


def charts(document: Document) -> list[Section]:
    """The sections that have a chart with something in it."""
    return [
        section
        for section in (*document.problems, *document.overall)
        if section.chart and any(len(curve.x) for series in section.chart.series for curve in series.curves.values())
    ]


def controls(document: Document, names: Names) -> Iterator[str]:
    """The interactive chart, before its script has filled it; hidden where no script runs."""
    sections = charts(document)
    if not sections:
        return
    options = [f'<option value="{place}">{text(part.title)}</option>' for place, part in enumerate(sections)]
    entries = [
        f'<li data-label="{text(series.label)}"><label><input type="checkbox" checked id="on{place}"> '
        f"{swatch(series.style, names[series.style])} <span>{text(series.label)} <small></small></span></label>"
        "<output></output></li>"
        for place, series in enumerate(_labels(sections))
    ]
    yield Template(own("chart.html")).substitute(
        one="hidden" if len(sections) == 1 else "", options="".join(options), entries="\n".join(entries)
    )


def _labels(sections: Sequence[Section]) -> list[Series]:
    """The series of all charts, each label once."""
    series_by_label: dict[str, Series] = {}
    for section in sections:
        for series in section.chart.series if section.chart else ():
            series_by_label.setdefault(series.label, series)
    return list(series_by_label.values())


def section(part: Section, anchor: str, names: Names) -> Iterator[str]:
    """One problem, or what is said across problems: what most came for in the open, the rest folded."""
    yield f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">{text(part.title)}</h2>'
    yield from (f"<p>{prose(sentence)}</p>" for sentence in part.verdict)
    tables = [list(table(entry, f"{anchor}-table{place}", names)) for place, entry in enumerate(part.tables)]
    figures = [list(figure(entry)) for entry in part.figures]
    yield from chain(*tables[:OPEN_TABLES], *figures[:OPEN_FIGURES])
    if part.notes:
        yield '<ul class="notes">'
        yield from (f"<li>{prose(note)}</li>" for note in part.notes)
        yield "</ul>"
    yield from _folded("table", [entry.caption for entry in part.tables[OPEN_TABLES:]], tables[OPEN_TABLES:])
    yield from _folded("figure", [entry.title for entry in part.figures[OPEN_FIGURES:]], figures[OPEN_FIGURES:])
    if part.facts:
        yield from _folded("fact", [], [list(facts(part.facts))], "How these runs were made")
    if part.downloads:
        yield f'<p class="files">Data: {" · ".join(link(file) for file in part.downloads)}</p>'
    yield "</section>"


def _folded(kind: str, titles: Sequence[str], pieces: Sequence[Sequence[str]], title: str = "") -> Iterator[str]:
    """What the reader unfolds, under its number and its titles; paper has it unfolded."""
    if not pieces:
        return
    many = f"{len(pieces)} more {kind}{'s' if len(pieces) > 1 else ''}"
    yield f'<details class="{kind}"><summary>{title or many}'
    if titles:
        yield f'<span class="quiet">{" · ".join(map(prose, titles))}</span>'
    yield "</summary>"
    yield from chain(*pieces)
    yield "</details>"


def table(part: Table, anchor: str, names: Names) -> Iterator[str]:
    """A table that scrolls inside its own frame where it is too wide."""
    yield f'<p class="caption" id="{anchor}">{prose(part.caption)}</p>'
    yield f'<div class="frame" role="region" tabindex="0" aria-labelledby="{anchor}">'
    yield f'<table aria-labelledby="{anchor}"><thead><tr>'
    for head in part.heads:
        kind = ' class="number"' if head.numeric else ""
        about = f' title="{text(head.help)}"' if head.help else ""
        yield f'<th scope="col"{kind}{about}>{text(head.text)}</th>'
    yield "</tr></thead><tbody>"
    for row in part.rows:
        cells = [
            _cell(cell, "th" if place == 0 else "td", part.heads[place].numeric, names)
            for place, cell in enumerate(row)
        ]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if part.note:
        yield f'<p class="quiet">{prose(part.note)}</p>'


def _cell(cell: Cell, tag: str, numeric: bool, names: Names) -> str:
    content = text(cell.text)
    if cell.mark:
        content = {"best": "<strong>{}</strong>", "tied": '<span class="tied">{}</span>'}[cell.mark].format(content)
    if cell.style is not None:
        content = f"{swatch(cell.style, names[cell.style])} {content}"
    scope = ' scope="row"' if tag == "th" else ""
    kind = ' class="number"' if numeric else ""
    return f'<{tag}{scope}{kind} data-sort="{text(_key(cell))}">{content}</{tag}>'


def _key(cell: Cell) -> str:
    """What the script sorts by: a number's shortest form, `inf` after all others, nothing where a value is missing."""
    if cell.sort is None:
        return cell.text
    if isinstance(cell.sort, str):
        return cell.sort
    return (
        ""
        if math.isnan(cell.sort)
        else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(cell.sort, repr(float(cell.sort)))
    )


def figure(part: Figure) -> Iterator[str]:
    """A figure as it is printed, and its files; the bytes of the one that is shown are those of the picture."""
    yield f'<figure><img src="{url(part.shown)}" alt="{text(part.alt)}">'
    name = text(part.shown.name)
    shown = f'<a class="file scripted" data-shown download="{name}" href="#" title="{name}">{_ending(part.shown)}</a>'
    files = " · ".join([shown, *(link(file, _ending(file)) for file in part.files)])
    yield f'<figcaption>{prose(part.title)} <span class="files">{files}</span></figcaption></figure>'


def _ending(file: Download) -> str:
    return text(file.name.rpartition(".")[2].upper())


def link(file: Download, shown: str = "") -> str:
    """A link that saves a file, by its name or as it is `shown`."""
    name = text(file.name)
    return f'<a class="file" download="{name}" href="{url(file)}" title="{name}">{shown or name}</a>'


def facts(parts: Sequence[Fact]) -> Iterator[str]:
    """Names and values."""
    yield "<dl>"
    yield from (f"<div><dt>{prose(fact.name)}</dt><dd>{prose(fact.value)}</dd></div>" for fact in parts)
    yield "</dl>"


def findings(parts: Sequence[Finding]) -> Iterator[str]:
    """The audit: what is worst comes first, in the order given otherwise."""
    yield '<section id="audit" aria-labelledby="audit-title"><h2 id="audit-title">Audit</h2><ul class="audit">'
    order = list(_LEVELS)
    for finding in sorted(parts, key=lambda finding: order.index(finding.level)):
        sign, name, _ = _LEVELS[finding.level]
        subject = f"<strong>{prose(finding.subject)}</strong>: " if finding.subject else ""
        yield (
            f'<li class="{finding.level}"><span class="sign" aria-hidden="true">{sign}</span>'
            f'<span class="level">{name}</span><span>{subject}{prose(finding.text)}</span></li>'
        )
    yield "</ul></section>"
