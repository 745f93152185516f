"""The whole page: its templates, its scripts and style sheets, and the policy that lets no other run."""

import re
from functools import cache
from types import CodeType
from urllib.parse import quote

from jinja2 import BytecodeCache, Environment, FunctionLoader, StrictUndefined
from jinja2.bccache import Bucket
from plotly.offline import get_plotlyjs

from bench.report.page import chart, look, parts
from bench.report.page.document import Document
from bench.report.page.markup import data, digest, own, prose, url

_SHEETS = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
"""Sheets that Plotly's script adds unless an element of that name is there: those of maps; the page has none."""

_EMPTY = digest("")
"""Plotly fills a style sheet of its own rule by rule, which starts empty."""


def render(document: Document) -> str:
    """The page as one HTML file; the same document gives the same bytes."""
    names = look.classes(parts.styles(document))
    charted = parts.charted(document)
    sheet = own("page.css") + look.sheet(names) + (look.shades() if document.matrix else "")
    scripts = [own("steps.js") + own("chart.js") + own("page.js")] if charted else [own("page.js")]
    linked = bool(charted and document.plotly)
    if charted and not linked:
        scripts.insert(0, plotly())
    environment = _environment()
    environment.filters["swatch"] = lambda style: look.swatch(style, names[style])
    return environment.get_template("page.html").render(
        document=document,
        sections=(*document.overall, *document.problems),
        charted=charted,
        labels=parts.labels(charted),
        charts=chart.payload(charted, names),
        counts=parts.counts(document.findings),
        findings=parts.worst_first(document.findings),
        levels=parts.LEVELS,
        policy=_policy(sheet, scripts, linked),
        linked=document.plotly if linked else "",
        sheet=sheet,
        scripts=scripts,
        unused=_sheets() if charted else [],
    )


class _Compiled(BytecodeCache):
    """Compiled templates, in memory: a report of many problems renders as many pages."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self.kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def _environment() -> Environment:
    """A template escapes all that it shows, but what is the page's own and called `safe`; it must know every name."""
    environment = Environment(
        loader=FunctionLoader(own),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_COMPILED,
    )
    environment.filters |= {"data": data, "ending": parts.ending, "key": parts.key, "prose": prose, "url": url}
    environment.filters |= {
        "best": parts.best,
        "score": parts.score,
        "shade": look.shade,
        "sortable": parts.sortable,
        "quote": quote,
    }
    return environment


def _policy(sheet: str, scripts: list[str], linked: bool) -> str:
    """What may run: the page's own scripts and, where it stands beside the page, the chart's; figures of the folder."""
    sources = [*map(digest, scripts), *(["'self'"] if linked else [])]
    return (
        f"default-src 'none'; script-src {' '.join(sources)}; style-src {digest(sheet)} {_EMPTY}; "
        "img-src data: blob: 'self'; base-uri 'none'; form-action 'none'"
    )


@cache
def _sheets() -> list[str]:
    return _SHEETS.findall(plotly())


@cache
def plotly() -> str:
    """Plotly's script, which draws the chart.

    In it, nothing ends the element early, nor is a line end changed under its digest.
    """
    script: str = get_plotlyjs()
    return script.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")
