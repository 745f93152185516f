"""The whole page: its order, its scripts and style sheets, and the policy that lets no other run."""

import re
from collections.abc import Iterator
from functools import cache

from plotly.offline import get_plotlyjs

from bench.report.look.style import Style
from bench.report.page import chart, look, parts
from bench.report.page.document import Document
from bench.report.page.markup import data, digest, own, text

_SHEETS = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
"""Sheets that Plotly's script adds unless an element of that name is there: those of maps; the page has none."""

_EMPTY = digest("")
"""Plotly fills a style sheet of its own rule by rule, which starts empty."""


def render(document: Document) -> str:
    """The page as one HTML file; the same document gives the same bytes."""
    names = look.classes(_styles(document))
    sections = {f"section{place}": part for place, part in enumerate((*document.overall, *document.problems))}
    charts = chart.payload(parts.charts(document), names)
    sheet = own("page.css") + look.sheet(names)
    scripts = [_plotly(), own("steps.js") + own("chart.js") + own("page.js")] if charts else [own("page.js")]
    lines = [
        *_head(document, sheet, scripts),
        '<body><a class="skip" href="#main">Skip to the verdict</a>',
        f"<header><h1>{text(document.title)}</h1>",
        f'<p class="quiet">Made by <code>{text(document.command)}</code></p></header>',
        '<main id="main" tabindex="-1">',
        *parts.verdict(document),
        *parts.contents(document, sections),
        *parts.controls(document, names),
        *(line for anchor, part in sections.items() for line in parts.section(part, anchor, names)),
        *_provenance(document),
        *(parts.findings(document.findings) if document.findings else ()),
        "</main>",
        *(f'<template id="{name}"></template>' for name in (_SHEETS.findall(_plotly()) if charts else ())),
        f'<script type="application/json" id="charts">{data(charts)}</script>',
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _head(document: Document, sheet: str, scripts: list[str]) -> Iterator[str]:
    policy = (
        f"default-src 'none'; script-src {' '.join(map(digest, scripts))}; style-src {digest(sheet)} {_EMPTY}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f'<title>{text(document.title)}</title><link rel="icon" href="data:,">'
    yield f"<style>{sheet}</style></head>"


def _provenance(document: Document) -> Iterator[str]:
    if not document.facts and not document.downloads:
        return
    yield '<section id="made" aria-labelledby="made-title"><h2 id="made-title">How the runs were made</h2>'
    if document.facts:
        yield from parts.facts(document.facts)
    if document.downloads:
        yield f'<p class="files">All data: {" · ".join(parts.link(file) for file in document.downloads)}</p>'
    yield "</section>"


def _styles(document: Document) -> Iterator[Style]:
    for section in (*document.problems, *document.overall):
        yield from (series.style for series in (section.chart.series if section.chart else ()))
        for table in section.tables:
            yield from (cell.style for row in table.rows for cell in row if cell.style is not None)


@cache
def _plotly() -> str:
    """Plotly's script; in it, nothing ends the element early, nor is a line end changed under its digest."""
    script: str = get_plotlyjs()
    return script.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")
