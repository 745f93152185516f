"""A page of the report: one file that needs no network, from a `Document` of plain data.

Of few problems it holds all that it shows. Of many, each has a page, which shows files beside it in the folder.

`document` says what a page shows; `look` translates styles, `chart` makes what the script draws, `parts` and `markup`
what the templates ask for, `rendering` the whole. The templates are `page.html`, with `chart.html` and `matrix.html`,
and `parts.html`; `page.css`, `steps.js`, `chart.js` and `page.js` stand in it as they are, beside Plotly's own script.
"""

from bench.report.audit import Finding
from bench.report.page.document import (
    Axis,
    Chart,
    Curve,
    Document,
    Download,
    Figure,
    Incumbent,
    Link,
    Matrix,
    Scores,
    Section,
    Series,
    Way,
)
from bench.report.page.rendering import plotly, render
from bench.report.tables.table import Cell, Head, Table
from bench.report.words.notes import Fact

__all__ = [
    "Axis",
    "Cell",
    "Chart",
    "Curve",
    "Document",
    "Download",
    "Fact",
    "Figure",
    "Finding",
    "Head",
    "Incumbent",
    "Link",
    "Matrix",
    "Scores",
    "Section",
    "Series",
    "Table",
    "Way",
    "plotly",
    "render",
]
