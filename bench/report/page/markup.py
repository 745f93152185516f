"""Text into HTML and data into scripts, so that no name, message or file can become markup."""

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from bench.report.page.document import Download

_SPANS = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")


def text(words: str) -> str:
    """As it is, in an element or an attribute.

    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(words, quote=True)


def prose(sentence: str) -> str:
    """A sentence with its `code` and **bold**.

    >>> prose("made by `a < b`, **twice**")
    'made by <code>a &lt; b</code>, <strong>twice</strong>'
    """

    def marked(span: re.Match[str]) -> str:
        code, bold = span.groups()
        return f"<code>{code}</code>" if code is not None else f"<strong>{bold}</strong>"

    return _SPANS.sub(marked, text(sentence))


def data(value: Any) -> str:
    """JSON for a script element: no `<` ends it, no line separator ends a line, and NaN is refused."""
    plain = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def url(file: Download) -> str:
    """The file itself, as an address."""
    return f"data:{text(file.mime)};base64,{base64.b64encode(file.content).decode()}"


@cache
def own(name: str) -> str:
    """A file of the package, as it stands in the page."""
    return files("bench.report.page").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def digest(content: str) -> str:
    """The source of a script or a style sheet, as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
